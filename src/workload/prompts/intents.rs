//! Prompts that mean the same: intents, each of them put in several ways.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zipf::MAX_COUNT;
use crate::spec::{NonNegative, Problems};
use crate::workload::alias::{Alias, zipf_weights};

/// Intents of which the one of rank r is asked in proportion to r^-exponent,
/// each in one of several phrasings. Phrasings are prompts of their own: an
/// exact cache tells them apart, a semantic cache should not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IntentsSpec {
    /// How many different things are asked. Default: 10000.
    pub count: u32,
    /// How unequal they are: 0 makes all equally likely. Default: 0.9.
    pub exponent: NonNegative,
    /// In how many ways each can be asked. Default: 5.
    pub phrasings: u32,
    /// How unequal the phrasings of an intent are, as `exponent` is for
    /// intents. Default: 0, all equally likely.
    pub phrasing_exponent: NonNegative,
}

impl Default for IntentsSpec {
    fn default() -> Self {
        let number = |value| NonNegative::try_from(value).expect("not negative");
        IntentsSpec {
            count: 10_000,
            exponent: number(0.9),
            phrasings: 5,
            phrasing_exponent: number(0.0),
        }
    }
}

impl IntentsSpec {
    /// Reports a population that is empty or would not fit into memory.
    pub fn check(&self, problems: &mut Problems) {
        problems.at("count", |p| super::check_count(self.count, MAX_COUNT, "intent", p));
        problems.at("phrasings", |p| {
            super::check_count(self.phrasings, MAX_COUNT, "phrasing", p);
        });
        let prompts = u64::from(self.count) * u64::from(self.phrasings);
        if self.count <= MAX_COUNT && self.phrasings <= MAX_COUNT && prompts > MAX_COUNT.into() {
            problems.error_help(
                format!("{} intents in {} phrasings are too many", self.count, self.phrasings),
                format!("expected at most {MAX_COUNT} prompts in all"),
            );
        }
    }

    /// The prompts by popularity: id = intent x phrasings + phrasing, so that one
    /// draw chooses both.
    pub(super) fn table(&self) -> Alias {
        let phrasings = zipf_weights(self.phrasings, self.phrasing_exponent.get());
        // An intent's weight must not depend on how many phrasings it has.
        let total: f64 = phrasings.iter().sum();
        let intents = zipf_weights(self.count, self.exponent.get());
        let weights: Vec<f64> = intents
            .iter()
            .flat_map(|intent| phrasings.iter().map(move |phrasing| intent * phrasing / total))
            .collect();
        Alias::new(&weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;
    use crate::workload::prompts::PromptsSpec;

    fn spec(yaml: &str) -> PromptsSpec {
        let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
        serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap()
    }

    #[test]
    fn intents_follow_zipfs_law_and_phrasings_their_own() {
        let spec = spec("intents: {count: 4, exponent: 1, phrasings: 3, phrasing_exponent: 2}");
        let mut prompts = spec.population(&crate::workload::DataPaths::default()).unwrap();
        let mut stream = Streams::new(1, 0).stream("test");
        let draws = 400_000;
        let mut counts = [0u32; 12];
        for _ in 0..draws {
            let prompt = prompts.draw(&mut stream);
            assert_eq!(prompts.intent(prompt).0, prompt.0 / 3);
            counts[prompt.0 as usize] += 1;
        }
        let intents = 1.0 + 1.0 / 2.0 + 1.0 / 3.0 + 1.0 / 4.0;
        let phrasings = 1.0 + 1.0 / 4.0 + 1.0 / 9.0;
        for (id, count) in counts.iter().enumerate() {
            let (rank, phrasing) = ((id / 3 + 1) as f64, (id % 3 + 1) as f64);
            let p = 1.0 / rank / intents / (phrasing * phrasing) / phrasings;
            let expected = p * f64::from(draws);
            let deviation = (f64::from(*count) - expected) / (expected * (1.0 - p)).sqrt();
            assert!(deviation.abs() < 4.0, "prompt {id}: {count}, expected {expected}");
        }
    }

    #[test]
    fn too_many_prompts_are_refused() {
        let mut problems = Problems::default();
        spec("intents: {count: 100000, phrasings: 100000}").check(&mut problems);
        spec("intents: {count: 0, phrasings: 0}").check(&mut problems);
        let paths: Vec<String> = problems.list().iter().map(|p| p.path.to_string()).collect();
        assert_eq!(paths, ["intents", "intents.count", "intents.phrasings"]);
    }
}
