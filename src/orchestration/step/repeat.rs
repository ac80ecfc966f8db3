//! A step that is done again and again.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::{Fraction, NonNegative};

/// A step that is done again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoopSpec {
    /// How often at most. Default: 10.
    pub max: u32,
    /// The chance that it ends after each time. Default: 0.
    pub stop: Fraction,
    /// It ends when its result is so. Default: nothing but `stop` and `max` end it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<UntilSpec>,
    /// What becomes of what was said before: `grow` has it in the next prompts,
    /// `fresh` forgets it. Default: `grow`.
    pub context: LoopContext,
    /// What a loop is that did not end by itself: its last result, or a failure
    /// (`runaway`). Default: `keep`.
    pub on_max: OnMax,
    /// In each round one of its steps runs, which hands over to the next by weight;
    /// `end` ends the loop. The first of them begins.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub hand_off: IndexMap<String, IndexMap<String, NonNegative>>,
}

impl Default for LoopSpec {
    fn default() -> Self {
        LoopSpec {
            max: 10,
            stop: Fraction::percent(0),
            until: None,
            context: LoopContext::Grow,
            on_max: OnMax::Keep,
            hand_off: IndexMap::new(),
        }
    }
}

/// What ends a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UntilSpec {
    /// A judge accepts the result.
    Accepted,
    /// The result is right.
    Right,
    /// All items of its `map` say the same.
    Agreed,
}

/// What becomes of what was said in a loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoopContext {
    /// The next prompts have all of it.
    #[default]
    Grow,
    /// Each time begins anew.
    Fresh,
}

/// What a loop is that ran to its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnMax {
    /// The last result stands.
    #[default]
    Keep,
    /// It fails as a runaway.
    Fail,
}
