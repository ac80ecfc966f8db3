//! Whether several do their work at once or one after another.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::orchestration::step::{Does, MapSpec, Names, StepOf};
use crate::spec::{Fraction, Problems};
use crate::workload::lengths::{Lengths, LengthsSpec};

/// The most that there may be one after another: each is a step of its own.
pub(super) const MOST_IN_TURN: u32 = 100;
/// Numbers of pieces that are drawn more seldom than this are cut to the largest that
/// is not.
const SELDOM: f64 = 1e-6;

/// The order of several pieces of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderSpec {
    /// All at once; none reads the others.
    #[default]
    Parallel,
    /// One after another; each reads all that were done before it, and is wrong if one
    /// of them is, unless it `recovers`.
    InTurn,
}

impl OrderSpec {
    /// Reports a number of pieces, called `name`, that this order cannot have.
    pub(super) fn check(self, name: &str, count: &LengthsSpec, problems: &mut Problems) {
        let most = count.distribution().map_or(0, |count| longest(&count));
        if self == OrderSpec::InTurn && most > MOST_IN_TURN {
            problems.at(name, |p| {
                p.error_help(
                    format!("{most} one after another are too many"),
                    format!("expected at most {MOST_IN_TURN}; or `order: parallel`"),
                );
            });
        }
    }

    /// The step, done so many times: items of a map, or steps one after another.
    pub(super) fn times<A: Clone>(self, count: &LengthsSpec, step: StepOf<A>) -> StepOf<A> {
        match count.distribution() {
            Some(count) if self == OrderSpec::InTurn => in_turn(&count, step),
            // A number that is none is told by the check of the map.
            _ => {
                let map = MapSpec { items: count.clone(), ..MapSpec::default() };
                StepOf { map: Some(map), ..step }
            }
        }
    }
}

/// Steps `1`, `2` and so on: after each there is one more with the chance that as many
/// are drawn at least, given that there were so many. `all` puts out what they did.
fn in_turn<A: Clone>(count: &Lengths, step: StepOf<A>) -> StepOf<A> {
    let mut work = step;
    let after = std::mem::take(&mut work.after);
    let most = longest(count).clamp(1, MOST_IN_TURN);
    let names: Vec<String> = (1..=most).map(|number| number.to_string()).collect();
    let mut steps = IndexMap::new();
    let mut so_far = 1.0;
    for (before, number) in (1..=most).enumerate() {
        let share = at_least(count, number);
        let chance = Fraction::try_from((share / so_far).clamp(0.0, 1.0));
        so_far = share;
        let step = StepOf {
            after: Names(names[before.saturating_sub(1)..before].to_vec()),
            reads: Some(Names(names[..before].to_vec())),
            chance: chance.unwrap_or(Fraction::percent(100)),
            ..work.clone()
        };
        steps.insert(names[before].clone(), step);
    }
    let all = StepOf { after: Names(names), ..StepOf::default() };
    steps.insert("all".to_owned(), all);
    StepOf { after, ..StepOf::of(Does::Steps(steps)) }
}

/// The largest number that is not too seldom.
fn longest(count: &Lengths) -> u32 {
    count.pick(1.0 - SELDOM)
}

/// The chance that the number is `number` or more, which is at most the longest: what is
/// left of the first variate that picks it.
fn at_least(count: &Lengths, number: u32) -> f64 {
    let (mut below, mut picks) = (0.0, 1.0 - SELDOM);
    for _ in 0..50 {
        let middle = f64::midpoint(below, picks);
        if count.pick(middle) >= number {
            picks = middle;
        } else {
            below = middle;
        }
    }
    // Halved to nothing: every variate picks it.
    if below == 0.0 { 1.0 } else { 1.0 - picks }
}
