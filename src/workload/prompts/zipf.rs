//! Zipf's law of popularity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::{NonNegative, Problems};

/// The largest population: its table takes 8 bytes a prompt, twice that while
/// it is built.
pub(super) const MAX_COUNT: u32 = 100_000_000;

/// Prompts of which the one of rank r is asked in proportion to r^-exponent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ZipfSpec {
    /// How many different prompts there are. Default: 10000.
    pub count: u32,
    /// How unequal they are: 0 makes all equally likely, 1 the first twice as
    /// likely as the second. Default: 0.9.
    pub exponent: NonNegative,
}

impl Default for ZipfSpec {
    fn default() -> Self {
        let exponent = NonNegative::try_from(0.9).expect("0.9 is not negative");
        ZipfSpec { count: 10_000, exponent }
    }
}

impl ZipfSpec {
    /// Reports a population that is empty or would not fit into memory.
    pub fn check(&self, problems: &mut Problems) {
        problems.at("count", |p| check_count(self.count, MAX_COUNT, "prompt", p));
    }
}

/// A population has at least one member, and no more than `most`.
pub(in crate::workload) fn check_count(count: u32, most: u32, what: &str, p: &mut Problems) {
    if count == 0 {
        p.error_help(format!("there must be at least one {what}"), "expected 1 or more");
    } else if count > most {
        let megabytes = u64::from(count) * 16 / 1_000_000;
        p.error_help(
            format!("a population of {count} {what}s would take {megabytes} MB or more"),
            format!("expected at most {most}; beyond that hardly any {what} is seen twice"),
        );
    }
}
