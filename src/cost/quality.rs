//! How often models are right.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ModelId;
use crate::kernel::Keyed;
use crate::kernel::Streams;
use crate::spec::{Fraction, Problems};

/// How often models are right, by the difficulty of the prompt: a table such as
/// benchmarks publish. Each answer is right (quality 1) or wrong (0), and a
/// model's mean over all difficulties takes the place of its `quality` when one
/// is chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QualitySpec {
    /// Kinds of prompts from easy to hard, and the share of prompts of each: they
    /// add up to 1. A prompt is of the same kind each time it is asked.
    pub difficulties: IndexMap<String, Fraction>,
    /// For each model, how often it answers prompts of each kind rightly.
    pub accuracy: IndexMap<String, IndexMap<String, Fraction>>,
}

impl QualitySpec {
    /// The kinds of prompts.
    pub fn names(&self) -> Vec<&str> {
        self.difficulties.keys().map(String::as_str).collect()
    }

    /// Checks that the table is whole.
    pub fn check(&self, models: &[&str], problems: &mut Problems) {
        let sum: f64 = self.difficulties.values().map(|share| share.get()).sum();
        if (sum - 1.0).abs() > 1e-6 {
            problems
                .at("difficulties", |p| p.error(format!("the shares add up to {sum}, not to 1")));
        }
        problems.at("accuracy", |p| {
            for name in self.accuracy.keys().filter(|name| !models.contains(&name.as_str())) {
                p.at(name.as_str(), |p| p.unknown("model", name, models.iter().copied()));
            }
            for model in models {
                let Some(row) = self.accuracy.get(*model) else {
                    p.error(format!("there is no row for the model `{model}`"));
                    continue;
                };
                p.at(*model, |p| {
                    for name in row.keys().filter(|name| !self.difficulties.contains_key(*name)) {
                        p.at(name.as_str(), |p| p.unknown("difficulty", name, self.names()));
                    }
                    for name in self.difficulties.keys().filter(|name| !row.contains_key(*name)) {
                        p.error(format!("it lacks the difficulty `{name}`"));
                    }
                });
            }
        });
    }
}

/// The truth about answers, which no selector sees before they are there.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    /// Up to each difficulty, the share of prompts.
    shares: Vec<f64>,
    /// Model by model.
    accuracy: Vec<f64>,
    prompts: Keyed,
    answers: Keyed,
}

impl Truth {
    /// The table of a checked spec for `models`, and for `groups` of them, whose names come
    /// after those of all models: a group is as often right as its worst deployment.
    pub fn new(
        spec: &QualitySpec,
        names: &[&str],
        groups: &[Vec<ModelId>],
        streams: &Streams,
    ) -> Self {
        let mut sum = 0.0;
        let mut add = |share: &Fraction| {
            sum += share.get();
            sum
        };
        let accuracy = |model: &&str| {
            let row = spec.accuracy.get(*model);
            let cell = |name: &String| row.and_then(|row| row.get(name)).map_or(0.0, |it| it.get());
            spec.difficulties.keys().map(cell).collect::<Vec<_>>()
        };
        let models = &names[..names.len() - groups.len()];
        let mut rows: Vec<f64> = models.iter().flat_map(accuracy).collect();
        let kinds = spec.difficulties.len();
        for group in groups {
            for kind in 0..kinds {
                let of = |model: &ModelId| rows[model.0 as usize * kinds + kind];
                let worst = group.iter().map(of).fold(1.0, f64::min);
                rows.push(worst);
            }
        }
        Truth {
            shares: spec.difficulties.values().map(&mut add).collect(),
            accuracy: rows,
            prompts: Keyed::new(&mut streams.stream("cost.difficulty")),
            answers: Keyed::new(&mut streams.stream("cost.answers")),
        }
    }

    /// How difficult a prompt is: the index of its kind.
    #[inline]
    pub fn difficulty(&self, prompt: u64) -> usize {
        let u = self.prompts.uniform_of_two(prompt, 0);
        let last = self.shares.len().saturating_sub(1);
        self.shares.iter().position(|share| u < *share).unwrap_or(last).min(last)
    }

    /// The share of prompts of a kind.
    pub fn share(&self, difficulty: usize) -> f64 {
        let before = difficulty.checked_sub(1).map_or(0.0, |before| self.shares[before]);
        self.shares[difficulty] - before
    }

    /// A model's mean accuracy over all prompts.
    pub fn mean(&self, model: usize) -> f64 {
        (0..self.shares.len()).map(|kind| self.share(kind) * self.accuracy(model, kind)).sum()
    }

    /// How often a model is right about prompts of a kind.
    #[inline]
    pub fn accuracy(&self, model: usize, difficulty: usize) -> f64 {
        self.accuracy[model * self.shares.len() + difficulty]
    }

    /// Whether a model answers a request rightly; `factor` is what is left of its
    /// accuracy.
    #[inline]
    pub fn is_right(&self, model: ModelId, request: u64, prompt: u64, factor: f64) -> bool {
        let accuracy = self.accuracy(model.0 as usize, self.difficulty(prompt));
        self.answers.uniform_of_two(request, u64::from(model.0)) < accuracy * factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "{ difficulties: { easy: 0.6, hard: 0.4 },
        accuracy: { small: { easy: 0.9, hard: 0.3 }, large: { easy: 0.95, hard: 0.8 } } }";

    fn spec(yaml: &str) -> QualitySpec {
        serde_yaml::from_str(yaml).unwrap()
    }

    #[test]
    fn answers_are_right_as_often_as_the_table_says() {
        let truth = Truth::new(&spec(TABLE), &["small", "large"], &[], &Streams::new(1, 0));
        assert!((truth.mean(0) - 0.66).abs() < 1e-12 && (truth.mean(1) - 0.89).abs() < 1e-12);
        for (model, kind, expected) in [(0, 0, 0.9), (0, 1, 0.3), (1, 0, 0.95), (1, 1, 0.8)] {
            let asked: Vec<u64> = (0..40_000).filter(|p| truth.difficulty(*p) == kind).collect();
            let right = |p: &&u64| truth.is_right(ModelId(model), **p, **p, 1.0);
            let share = asked.iter().filter(right).count() as f64 / asked.len() as f64;
            let sd = libm::sqrt(expected * (1.0 - expected) / asked.len() as f64);
            assert!((share - expected).abs() < 3.3 * sd, "{model} {kind}: {share}");
        }
    }

    #[test]
    fn a_table_with_holes_is_refused() {
        let mut problems = Problems::default();
        let holes = "{ difficulties: { easy: 0.6, hard: 0.3 },
            accuracy: { small: { easy: 1, hrad: 1 }, lage: {} } }";
        spec(holes).check(&["small", "large"], &mut problems);
        let found: Vec<String> =
            problems.list().iter().map(|it| format!("{}: {}", it.path, it.message)).collect();
        assert!(found[0].starts_with("difficulties: the shares add up to 0.89"), "{found:?}");
        assert_eq!(
            found[1..],
            [
                "accuracy.lage: unknown model `lage`",
                "accuracy.small.hrad: unknown difficulty `hrad`",
                "accuracy.small: it lacks the difficulty `hard`",
                "accuracy: there is no row for the model `large`",
            ]
        );
    }
}
