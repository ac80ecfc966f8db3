//! Turning away the less urgent first.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::{Fraction, Problems};

/// A request is turned away (shed) where its model has as many requests under way
/// for each replica as its class may fill: the less urgent a class is, the smaller
/// its share, so that it goes first (criticality in "Handling Overload", Google's
/// SRE book, ch. 21).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdmissionSpec {
    /// Requests under way for each replica that is up. Default 64.
    pub max_outstanding: u32,
    /// What share of that a class may fill, by name: `batch: 0.5`. Classes that
    /// are not named may fill it all.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub classes: IndexMap<String, Fraction>,
}

impl Default for AdmissionSpec {
    fn default() -> Self {
        AdmissionSpec { max_outstanding: 64, classes: IndexMap::new() }
    }
}

impl AdmissionSpec {
    /// Reports a limit that lets nothing through.
    pub fn check(&self, problems: &mut Problems) {
        if self.max_outstanding == 0 {
            problems.at("max_outstanding", |p| p.error("nothing would ever get through"));
        }
    }

    /// Reports classes that no request is of.
    pub fn check_classes(&self, classes: &[String], problems: &mut Problems) {
        let known: BTreeSet<&String> = classes.iter().collect();
        problems.at("classes", |p| {
            for class in self.classes.keys().filter(|class| !known.contains(class)) {
                p.unknown("SLO class", class, classes.iter().map(String::as_str));
            }
        });
    }

    /// By class: how many requests under way for each replica it may find.
    pub fn thresholds(&self, classes: &[String]) -> Vec<f64> {
        let share = |class: &String| self.classes.get(class).map_or(1.0, |share| share.get());
        classes.iter().map(|class| f64::from(self.max_outstanding) * share(class)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_fills_its_share_and_one_without_a_share_fills_all() {
        let spec: AdmissionSpec =
            serde_yaml::from_str("{ max_outstanding: 10, classes: { batch: 0.5 } }").unwrap();
        let classes = ["interactive", "batch"].map(str::to_owned);
        assert_eq!(spec.thresholds(&classes), [10.0, 5.0]);
    }
}
