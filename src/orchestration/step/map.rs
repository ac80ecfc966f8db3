//! A step that is done for several items at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::conditions::JoinSpec;
use super::lengths::check_lengths;
use crate::spec::{Fraction, Problems};
use crate::workload::lengths::LengthsSpec;

/// The most items of a `map`: each has a place in memory while its step is under way.
pub const MOST_ITEMS: u32 = 10_000;

/// A step that is done for several items at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MapSpec {
    /// How many items there are, at most 10,000; a distribution draws them, and what it
    /// draws beyond is 10,000. Default: `constant: 3`.
    pub items: LengthsSpec,
    /// How many are done at a time. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// How many must succeed; the step ends with them. Default: `all`.
    pub join: JoinSpec,
    /// Whether those that the step did not wait for are called off. Default: true.
    pub cancel: bool,
    /// What of the items' results is the step's. Default: `all`.
    pub pick: PickSpec,
    /// The chance of each item that it is done at all. Default: 1.
    pub chance: Fraction,
    /// How many wrong answers there are to choose from: with one, all who are wrong
    /// agree. Default: 4.
    pub alternatives: u32,
    /// In a loop, how often an item takes over what most said the last time, instead
    /// of answering anew. Default: 0.
    pub conformity: Fraction,
}

impl Default for MapSpec {
    fn default() -> Self {
        MapSpec {
            items: LengthsSpec::Constant(3),
            concurrency: None,
            join: JoinSpec::All,
            cancel: true,
            pick: PickSpec::All,
            chance: Fraction::percent(100),
            alternatives: 4,
            conformity: Fraction::percent(0),
        }
    }
}

/// What of several results is a step's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PickSpec {
    /// All of them: right if all are.
    #[default]
    All,
    /// What most of them say; of those that as many say, the one said by the first
    /// item (self-consistency; X. Wang et al. ICLR 2023).
    Vote,
    /// Any right one: who chooses can tell.
    Best,
    /// That of the item which was done first.
    First,
}

impl MapSpec {
    pub(in crate::orchestration) fn check(&self, problems: &mut Problems) {
        problems.at("items", |p| check_items(&self.items, p));
        if self.concurrency == Some(0) {
            problems.at("concurrency", |p| {
                p.error_help("no item would ever begin", "leave it out for no limit");
            });
        }
        if self.alternatives == 0 {
            problems.at("alternatives", |p| p.error("expected at least 1 wrong answer"));
        }
    }
}

/// A distribution with a tail may well draw too many, which are cut; one that always does
/// is a mistake.
fn check_items(items: &LengthsSpec, problems: &mut Problems) {
    check_lengths(items, problems);
    let ends = matches!(
        items,
        LengthsSpec::Constant(_) | LengthsSpec::Uniform(_) | LengthsSpec::Histogram(_)
    );
    let Some(lengths) = items.distribution() else { return };
    let typical = lengths.pick(if ends { 1.0 - f64::EPSILON } else { 0.5 });
    if typical > MOST_ITEMS {
        problems.error_help(
            format!("expected at most {MOST_ITEMS} items"),
            "let a loop do a map of fewer several times",
        );
    }
}
