//! One agent: reason, act, observe (S. Yao et al.: `ReAct`. ICLR 2023).

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::orchestration::step::{
    Does, LlmSpec, LoopSpec, Names, StepOf, StepsOf, ToolSpec, UntilSpec, UseToolSpec,
};
use crate::spec::{Fraction, Problems};
use crate::workload::SpanSpec;
use crate::workload::lengths::LengthsSpec;

/// One agent: each turn it thinks and calls a tool, and reads the result in the
/// next; the conversation grows until it is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReactSpec {
    /// How it thinks. Default: a system prompt of 1000 tokens, 100 tokens a thought.
    pub think: LlmSpec,
    /// What it calls. Default: a tool of 1 s whose results have 300 tokens.
    pub tool: UseToolSpec,
    /// The chance that a turn is the last. Default: 0.2, which makes 5 turns on
    /// average.
    pub stop: Fraction,
    /// The most turns. Default: 25.
    pub max_turns: u32,
    /// Whether it goes on until it is right, instead of by chance. Default: false.
    pub until_right: bool,
}

impl Default for ReactSpec {
    fn default() -> Self {
        ReactSpec {
            think: LlmSpec {
                system: 1000,
                output: Some(LengthsSpec::Constant(100)),
                ..LlmSpec::default()
            },
            tool: UseToolSpec::Own(Box::new(ToolSpec {
                latency: SpanSpec::Constant(crate::kernel::Duration::from_secs(1)),
                output: Some(LengthsSpec::Constant(300)),
                ..ToolSpec::default()
            })),
            stop: Fraction::percent(20),
            max_turns: 25,
            until_right: false,
        }
    }
}

impl ReactSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.max_turns == 0 {
            problems.at("max_turns", |p| p.error("expected at least 1 turn"));
        }
    }

    /// A loop of turns; a turn is a thought and the call that it asks for.
    pub(super) fn steps<A>(&self) -> StepsOf<A> {
        let think = StepOf::of(Does::Llm(self.think.clone()));
        let act = StepOf::of(Does::Tool(self.tool.clone()));
        let act = StepOf { after: Names::from(["think"]), ..act };
        let turn = IndexMap::from([("think".to_owned(), think), ("act".to_owned(), act)]);
        let repeat = LoopSpec {
            max: self.max_turns,
            stop: self.stop,
            until: self.until_right.then_some(UntilSpec::Right),
            ..LoopSpec::default()
        };
        let turns = StepOf { repeat: Some(repeat), ..StepOf::of(Does::Steps(turn)) };
        IndexMap::from([("turns".to_owned(), turns)])
    }
}
