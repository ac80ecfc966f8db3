//! What kinds of failures a gateway tells apart, and numbers for each of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why an attempt came to nothing, as far as a gateway learns of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Too many requests (429): its provider's limits, or those of the gateway for it.
    RateLimit,
    /// It took too long (408).
    Timeout,
    /// The model answered with an error (500).
    InternalServerError,
    /// Its queue was full, or no replica was up (503).
    ServiceUnavailable,
    /// The connection broke: its replica crashed.
    Connection,
    /// The request is too long for it (400).
    ContextWindow,
}

/// A number for each kind of failure that a gateway tells apart. `LiteLLM`'s names are
/// taken, too, such as `TimeoutErrorRetries`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PerFailureSpec {
    /// Too many requests (429).
    #[serde(
        alias = "RateLimitErrorRetries",
        alias = "RateLimitErrorAllowedFails",
        skip_serializing_if = "Option::is_none"
    )]
    pub rate_limit: Option<u32>,
    /// Attempts that took too long (408).
    #[serde(
        alias = "TimeoutErrorRetries",
        alias = "TimeoutErrorAllowedFails",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout: Option<u32>,
    /// Errors of the model's server (500).
    #[serde(
        alias = "InternalServerErrorRetries",
        alias = "InternalServerErrorAllowedFails",
        skip_serializing_if = "Option::is_none"
    )]
    pub internal_server_error: Option<u32>,
    /// Full queues, and models of which no replica is up (503).
    #[serde(
        alias = "ServiceUnavailableErrorRetries",
        alias = "ServiceUnavailableErrorAllowedFails",
        skip_serializing_if = "Option::is_none"
    )]
    pub service_unavailable: Option<u32>,
    /// Requests that are too long for the model (400).
    #[serde(
        alias = "BadRequestErrorRetries",
        alias = "BadRequestErrorAllowedFails",
        skip_serializing_if = "Option::is_none"
    )]
    pub bad_request: Option<u32>,
}

impl PerFailureSpec {
    /// The number for a kind of failure, if there is one.
    pub const fn of(&self, failure: Failure) -> Option<u32> {
        match failure {
            Failure::RateLimit => self.rate_limit,
            Failure::Timeout => self.timeout,
            Failure::InternalServerError => self.internal_server_error,
            Failure::ServiceUnavailable => self.service_unavailable,
            Failure::ContextWindow => self.bad_request,
            Failure::Connection => None,
        }
    }
}
