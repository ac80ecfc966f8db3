//! A step that waits for a human.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::judge::JudgeSpec;
use super::known::Known;
use super::lengths::{check_lengths, lengths};
use crate::kernel::Duration;
use crate::orchestration::plan::{Body, Calls, Kind, Site, Tool};
use crate::spec::Problems;
use crate::workload::SpanSpec;
use crate::workload::lengths::LengthsSpec;

/// Waits for a human: an approval, a correction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HumanSpec {
    /// How long the human takes. Default: `30s`.
    pub think_time: SpanSpec,
    /// How many humans there are. Default: as many as are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<u32>,
    /// How often the human rejects what is right, and accepts what is wrong. Default:
    /// never asked to judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeSpec>,
    /// Tokens of what the human writes. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<LengthsSpec>,
}

impl Default for HumanSpec {
    fn default() -> Self {
        HumanSpec {
            think_time: SpanSpec::Constant(Duration::from_secs(30)),
            people: None,
            judge: None,
            output: None,
        }
    }
}

impl HumanSpec {
    pub(super) fn check(&self, _: &Known<'_>, problems: &mut Problems) {
        problems.at("think_time", |p| self.think_time.check(p));
        if self.people == Some(0) {
            problems.at("people", |p| p.error("nobody would ever answer"));
        }
        if let Some(output) = &self.output {
            problems.at("output", |p| check_lengths(output, p));
        }
    }

    /// Makes it ready.
    pub(super) fn body(&self, _: &Site<'_>, calls: &mut Calls<'_>) -> Body {
        let tool = Tool {
            kind: Kind::Human,
            latency: self.think_time.distribution(),
            failure: 0.0,
            station: calls.station(self.people),
            cost: None,
            output: self.output.as_ref().map(|output| (1, lengths(output))),
            right: 1.0,
            judge: self.judge.map(JudgeSpec::errors),
        };
        Body::Tool(calls.tool(tool))
    }
}
