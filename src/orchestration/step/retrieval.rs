//! A step that looks documents up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::known::Known;
use super::lengths::{check_lengths, lengths};
use crate::cost::Money;
use crate::kernel::Duration;
use crate::orchestration::plan::{Body, Calls, Kind, Site, Tool};
use crate::spec::{Fraction, Problems};
use crate::workload::SpanSpec;
use crate::workload::lengths::LengthsSpec;

/// Looks documents up; their text is read by later steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetrievalSpec {
    /// How long a lookup takes. Default: `50ms`.
    pub latency: SpanSpec,
    /// How often it fails. Default: 0.
    pub failure: Fraction,
    /// How many documents are found. Default: 5.
    pub documents: u32,
    /// Tokens of each document. Default: `constant: 200`.
    pub tokens: LengthsSpec,
    /// How often the documents have what was looked for. Default: 1.
    pub recall: Fraction,
    /// Lookups at a time, of all workflows together. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// What a lookup costs. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

impl Default for RetrievalSpec {
    fn default() -> Self {
        RetrievalSpec {
            latency: SpanSpec::Constant(Duration::from_millis(50)),
            failure: Fraction::percent(0),
            documents: 5,
            tokens: LengthsSpec::Constant(200),
            recall: Fraction::percent(100),
            concurrency: None,
            cost: None,
        }
    }
}

impl RetrievalSpec {
    pub(super) fn check(&self, _: &Known<'_>, problems: &mut Problems) {
        problems.at("latency", |p| self.latency.check(p));
        problems.at("tokens", |p| check_lengths(&self.tokens, p));
        if self.concurrency == Some(0) {
            problems.at("concurrency", |p| {
                p.error_help("nothing would ever be looked up", "leave it out for no limit");
            });
        }
    }

    /// Makes it ready.
    pub(super) fn body(&self, _: &Site<'_>, calls: &mut Calls<'_>) -> Body {
        let tool = Tool {
            kind: Kind::Retrieval,
            latency: self.latency.distribution(),
            failure: self.failure.get(),
            station: calls.station(self.concurrency),
            cost: self.cost,
            output: Some((self.documents, lengths(&self.tokens))),
            right: self.recall.get(),
            judge: None,
        };
        Body::Tool(calls.tool(tool))
    }
}
