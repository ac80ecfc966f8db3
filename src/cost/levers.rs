//! Ways of paying less for the same request: shorter prompts, shorter answers,
//! later answers.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budget::check_name;
use super::{ModelId, UserId};
use crate::kernel::Keyed;
use crate::kernel::{Duration, Streams};
use crate::spec::{Fraction, Problems};

/// Levers on what requests cost. What each saves is told apart: from the list
/// price (what the `baseline` would have cost at full length, at once and with
/// nothing cached) to the bill, every dollar belongs to one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LeversSpec {
    /// The model that would have answered everything without a choice of models.
    /// Default: the model that was chosen, so that the choice saves nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Long prompts are made shorter. Default: not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<CompressionSpec>,
    /// Answers may be no longer than this. Default: as long as was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim: Option<TrimSpec>,
    /// Requests that can wait go to the batch API. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<DeferSpec>,
}

/// Prompt compression, as by `LLMLingua` (Jiang et al., EMNLP 2023).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CompressionSpec {
    /// The share of the tokens that is kept. Default 0.5.
    pub keep: Fraction,
    /// Prompts of fewer tokens are left as they are. Default 500.
    pub min_tokens: u32,
    /// The share of a model's quality that is left with a compressed prompt.
    /// Default 0.98.
    pub quality: Fraction,
    /// How long it takes. Default: no time.
    pub latency: Duration,
}

impl Default for CompressionSpec {
    fn default() -> Self {
        CompressionSpec {
            keep: Fraction::percent(50),
            min_tokens: 500,
            quality: Fraction::percent(98),
            latency: Duration::ZERO,
        }
    }
}

/// A tighter limit on answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrimSpec {
    /// The most tokens of an answer, whatever was asked for.
    pub max_tokens: u32,
    /// The share of a model's quality that an answer has which is cut short.
    /// Default 0.7.
    #[serde(default = "cut_quality")]
    pub quality: Fraction,
}

fn cut_quality() -> Fraction {
    Fraction::percent(70)
}

/// Deferral to the batch API, where answers cost less and come later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeferSpec {
    /// Classes of users whose requests can wait. Default: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// The share of these users' requests that can wait. Default 1.
    pub share: Fraction,
    /// The soonest that an answer comes. Default 10m.
    pub soonest: Duration,
    /// The latest; between both, all times are equally likely. Default 24h.
    pub latest: Duration,
}

impl Default for DeferSpec {
    fn default() -> Self {
        DeferSpec {
            classes: Vec::new(),
            share: Fraction::percent(100),
            soonest: Duration::from_secs(600),
            latest: Duration::from_secs(86_400),
        }
    }
}

impl DeferSpec {
    /// Warns of classes that nobody is in.
    pub fn check_classes(&self, names: Option<&BTreeSet<&str>>, problems: &mut Problems) {
        problems.at("classes", |p| {
            for (index, class) in self.classes.iter().enumerate() {
                p.at(index, |p| check_name(class, names, &[], p));
            }
        });
    }
}

impl LeversSpec {
    /// Checks that the baseline exists and that the limits make sense.
    pub fn check(&self, models: &[&str], problems: &mut Problems) {
        if let Some(baseline) = self.baseline.as_deref().filter(|it| !models.contains(it)) {
            problems.at("baseline", |p| p.unknown("model", baseline, models.iter().copied()));
        }
        if let Some(batch) = self.batch.as_ref().filter(|batch| batch.latest < batch.soonest) {
            problems.at("batch", |p| {
                p.at("latest", |p| p.error(format!("it is sooner than {}", batch.soonest)));
            });
        }
        if self.trim.as_ref().is_some_and(|trim| trim.max_tokens == 0) {
            problems.at("trim", |p| p.at("max_tokens", |p| p.error("expected at least 1 token")));
        }
    }
}

/// Levers at work.
#[derive(Clone, Debug)]
pub struct Levers {
    spec: LeversSpec,
    baseline: Option<ModelId>,
    /// By user: whether requests can wait.
    patient: Vec<bool>,
    dice: Keyed,
}

/// What becomes of a prompt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compressed {
    /// Tenths of a token that are left.
    pub input_decitokens: u64,
    /// The share of quality that is left.
    pub quality: f64,
    /// How long it takes.
    pub latency: Duration,
}

impl Levers {
    /// The levers of a checked spec, for users (name and class).
    pub fn new(
        spec: &LeversSpec,
        models: &[&str],
        users: &[(String, Option<String>)],
        streams: &Streams,
    ) -> Self {
        let classes: Option<BTreeSet<&str>> =
            spec.batch.as_ref().map(|batch| batch.classes.iter().map(String::as_str).collect());
        let waits = |class: Option<&str>| {
            classes.as_ref().is_some_and(|classes| {
                classes.is_empty() || class.is_some_and(|class| classes.contains(class))
            })
        };
        let index = |name: &String| models.iter().position(|model| model == name);
        Levers {
            baseline: spec.baseline.as_ref().and_then(index).map(|index| ModelId(index as u32)),
            patient: users.iter().map(|(_, class)| waits(class.as_deref())).collect(),
            spec: spec.clone(),
            dice: Keyed::new(&mut streams.stream("cost.batch")),
        }
    }

    /// The model that the list price is of.
    pub fn baseline(&self) -> Option<ModelId> {
        self.baseline
    }

    /// What is left of a prompt, if it is compressed.
    pub fn compress(&self, input_decitokens: u64) -> Option<Compressed> {
        let spec = self.spec.compression.as_ref()?;
        if input_decitokens < 10 * u64::from(spec.min_tokens) {
            return None;
        }
        let kept = libm::ceil(input_decitokens as f64 * spec.keep.get()) as u64;
        Some(Compressed {
            input_decitokens: kept.min(input_decitokens),
            quality: spec.quality.get(),
            latency: spec.latency,
        })
    }

    /// The most tokens of an answer for which `asked` were asked.
    pub fn most_tokens(&self, asked: u32) -> u32 {
        self.spec.trim.as_ref().map_or(asked, |trim| asked.min(trim.max_tokens))
    }

    /// The share of quality of an answer that was cut.
    pub fn cut_quality(&self) -> f64 {
        self.spec.trim.as_ref().map_or(1.0, |trim| trim.quality.get())
    }

    /// When the batch API will have answered, if the request goes there.
    pub fn turnaround(&self, user: UserId, request: u64) -> Option<Duration> {
        let spec = self.spec.batch.as_ref()?;
        if !self.patient.get(user.0 as usize).copied().unwrap_or(spec.classes.is_empty()) {
            return None;
        }
        if self.dice.uniform_of_two(request, 0) >= spec.share.get() {
            return None;
        }
        let range = spec.latest.saturating_sub(spec.soonest);
        let more = self.dice.uniform_of_two(request, 1) * range.as_nanos() as f64;
        Some(spec.soonest + Duration::from_nanos(more as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levers(yaml: &str) -> Levers {
        let users = [("ann".to_owned(), Some("offline".to_owned())), ("bob".to_owned(), None)];
        Levers::new(&serde_yaml::from_str(yaml).unwrap(), &["a", "b"], &users, &Streams::new(1, 0))
    }

    #[test]
    fn long_prompts_are_halved_and_short_ones_left() {
        let levers = levers("{ baseline: b, compression: { keep: 0.5, min_tokens: 100 } }");
        assert_eq!(levers.baseline(), Some(ModelId(1)));
        assert_eq!(levers.compress(999), None);
        let left = levers.compress(1001).unwrap();
        assert_eq!((left.input_decitokens, left.quality), (501, 0.98));
    }

    #[test]
    fn patient_classes_wait_within_the_range() {
        let levers =
            levers("{ batch: { classes: [offline], share: 0.25, soonest: 1h, latest: 2h } }");
        let waits: Vec<Duration> =
            (0..40_000).filter_map(|request| levers.turnaround(UserId(0), request)).collect();
        // 10000 within 3.3 standard deviations of 87.
        assert!((9_714..10_286).contains(&waits.len()), "{}", waits.len());
        assert!(
            waits.iter().all(|wait| (3600..=7200).contains(&(wait.as_nanos() / 1_000_000_000)))
        );
        let mean = waits.iter().map(|wait| wait.as_secs_f64()).sum::<f64>() / waits.len() as f64;
        assert!((mean - 5400.0).abs() < 35.0, "{mean}");
        assert_eq!((0..1000).find_map(|request| levers.turnaround(UserId(1), request)), None);
    }

    #[test]
    fn answers_are_asked_shorter_but_never_longer() {
        let levers = levers("{ trim: { max_tokens: 200 } }");
        assert_eq!((levers.most_tokens(500), levers.most_tokens(50)), (200, 50));
    }

    #[test]
    fn strange_levers_are_refused() {
        let spec: LeversSpec = serde_yaml::from_str(
            "{ baseline: c, trim: { max_tokens: 0 }, batch: { soonest: 2h, latest: 1h } }",
        )
        .unwrap();
        let mut problems = Problems::default();
        spec.check(&["a", "b"], &mut problems);
        let paths: Vec<String> = problems.list().iter().map(|it| it.path.to_string()).collect();
        assert_eq!(paths, ["baseline", "batch.latest", "trim.max_tokens"]);
    }
}
