//! Whether several do their work at once or one after another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::orchestration::spec::{LoopSpec, MapSpec, StepSpec};
use crate::spec::Problems;
use crate::workload::lengths::LengthsSpec;

/// The order of several pieces of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderSpec {
    /// All at once; none reads the others.
    #[default]
    Parallel,
    /// One after another; each reads all that were done before it.
    InTurn,
}

impl OrderSpec {
    /// Reports a number, called `name`, that this order cannot have.
    pub(super) fn check(self, name: &str, count: &LengthsSpec, problems: &mut Problems) {
        if self == OrderSpec::InTurn && !matches!(count, LengthsSpec::Constant(_)) {
            problems.at(name, |p| {
                p.error_help(
                    "one after another, the number is the same each time",
                    "expected such as `constant: 4`; or `order: parallel`",
                );
            });
        }
    }

    /// The step, done so many times: items of a map, or rounds of a loop.
    pub(super) fn times(self, count: &LengthsSpec, step: StepSpec) -> StepSpec {
        match (self, count) {
            (OrderSpec::InTurn, LengthsSpec::Constant(max)) => {
                let repeat = LoopSpec { max: *max, ..LoopSpec::default() };
                StepSpec { repeat: Some(repeat), ..step }
            }
            _ => {
                let map = MapSpec { items: count.clone(), ..MapSpec::default() };
                StepSpec { map: Some(map), ..step }
            }
        }
    }
}
