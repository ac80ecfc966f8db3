//! How long an answer took, as its client sees it.

use crate::kernel::{Duration, Time};
use crate::serving::Service;
use crate::system::request::Request;
use crate::system::upstream::Inference;

/// Times of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// From arrival to the first token.
    pub ttft: Duration,
    /// Mean time per token after the first; 0 where it did not stream.
    pub tpot: Duration,
    /// From arrival to the whole answer.
    pub e2e: Duration,
}

impl Times {
    /// Those of a request that finishes at `now`. A cached answer, and one that does not
    /// stream, comes all at once.
    #[inline]
    pub fn of(request: &Request, inference: Option<&Inference>, now: Time) -> Self {
        let e2e = now - request.incoming.at;
        let Some(inference) = inference.filter(|_| !request.cached) else {
            return Times { ttft: e2e, tpot: Duration::ZERO, e2e };
        };
        let Service { total, first_token } = inference.service;
        let ttft = if first_token == total {
            e2e
        } else {
            inference.started + first_token - request.incoming.at
        };
        let streamed = total.0.saturating_sub(first_token.0);
        let tokens = request.answer.map_or(0, |answer| answer.output_tokens);
        let gaps = u64::from(tokens.saturating_sub(1));
        let tpot = streamed.checked_div(gaps).unwrap_or(0);
        Times { ttft, tpot: Duration(tpot), e2e }
    }
}
