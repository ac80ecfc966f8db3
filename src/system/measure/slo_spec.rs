//! The `slo:` block: what an answer must meet to be good.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::times::Times;
use crate::kernel::Duration;
use crate::spec::Problems;

/// What an answer must meet to be good. Targets that are left out are met.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SloSpec {
    /// From arrival to the first token, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttft: Option<Duration>,
    /// Mean time per token after the first, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpot: Option<Duration>,
    /// From arrival to the whole answer, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e2e: Option<Duration>,
    /// Targets of single classes, in place of these:
    /// `classes: { batch: { e2e: 1h } }`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub classes: IndexMap<String, TargetsSpec>,
}

/// What an answer of a class must meet to be good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetsSpec {
    /// From arrival to the first token, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttft: Option<Duration>,
    /// Mean time per token after the first, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpot: Option<Duration>,
    /// From arrival to the whole answer, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e2e: Option<Duration>,
}

impl SloSpec {
    /// Reports classes that no request is of.
    pub fn check(&self, classes: &[String], problems: &mut Problems) {
        let known: BTreeSet<&String> = classes.iter().collect();
        problems.at("classes", |p| {
            for class in self.classes.keys().filter(|class| !known.contains(class)) {
                p.unknown("SLO class", class, classes.iter().map(String::as_str));
            }
        });
    }

    /// The targets of a class.
    pub fn targets(&self, class: &str) -> TargetsSpec {
        let own = TargetsSpec { ttft: self.ttft, tpot: self.tpot, e2e: self.e2e };
        self.classes.get(class).copied().unwrap_or(own)
    }
}

impl TargetsSpec {
    /// Whether an answer with these times is good.
    pub fn met(&self, times: &Times) -> bool {
        self.ttft.is_none_or(|most| times.ttft <= most)
            && self.tpot.is_none_or(|most| times.tpot <= most)
            && self.e2e.is_none_or(|most| times.e2e <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_its_own_targets_or_those_of_all() {
        let spec: SloSpec =
            serde_yaml::from_str("{ ttft: 500ms, tpot: 50ms, classes: { batch: { e2e: 1h } } }")
                .unwrap();
        let slow = Times {
            ttft: Duration::from_secs(9),
            e2e: Duration::from_secs(99),
            ..Times::default()
        };
        assert!(!spec.targets("standard").met(&slow) && spec.targets("batch").met(&slow));
        let mut problems = Problems::default();
        spec.check(&["standard".to_owned()], &mut problems);
        assert_eq!(problems.list()[0].path.to_string(), "classes");
    }
}
