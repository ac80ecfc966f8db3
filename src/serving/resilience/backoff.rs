//! How long a failed request waits before it is tried again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Duration, Stream};
use crate::spec::{Positive, Problems, is_default};

/// Exponential backoff with full jitter: any time up to `base` x `factor`^n after
/// failure n, at most `max` (Brooker, "Exponential Backoff And Jitter", AWS
/// Architecture Blog, 2015).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackoffSpec {
    /// The longest wait after the first failure. Default 500ms.
    pub base: Duration,
    /// How much longer it may be after each further one. Default 2.
    pub factor: Positive,
    /// The longest wait of all. Default 8s.
    pub max: Duration,
    /// Whether the wait is drawn between 0 and its longest, so that those who
    /// failed together do not come back together. Default true.
    pub jitter: bool,
    /// Who waits, and how long. Default: `full_jitter`.
    #[serde(skip_serializing_if = "is_default")]
    pub rule: BackoffRule,
}

/// Who waits before a retry, and how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BackoffRule {
    /// Any time up to the longest wait, before each retry; none where a group has a
    /// deployment that has not failed the request.
    #[default]
    FullJitter,
    /// `LiteLLM`'s: the longest wait and up to 0.75 s more, after the last failure as well;
    /// none where a group of several has one left that may be asked. Where none is left, and
    /// for requests that are too long, there are no retries at all.
    Litellm,
}

/// What is added by lot, at most, in seconds (`litellm.utils._calculate_retry_after`).
const LITELLM_JITTER_S: f64 = 0.75;

impl Default for BackoffSpec {
    fn default() -> Self {
        BackoffSpec {
            base: Duration::from_millis(500),
            factor: Positive::try_from(2.0).expect("2 is greater than 0"),
            max: Duration::from_secs(8),
            jitter: true,
            rule: BackoffRule::FullJitter,
        }
    }
}

impl BackoffSpec {
    /// The longest wait before retry `number`, from 0, in seconds.
    pub fn longest_s(&self, number: u32) -> f64 {
        let grown = libm::pow(self.factor.get(), f64::from(number));
        (self.base.as_secs_f64() * grown).min(self.max.as_secs_f64())
    }

    /// Reports waits that shrink.
    pub fn check(&self, problems: &mut Problems) {
        if self.max < self.base {
            problems.at("max", |p| {
                p.warn(format!("no wait is longer than it, though `base` is {}", self.base));
            });
        }
        if self.factor.get() < 1.0 {
            problems.at("factor", |p| p.warn("each wait is shorter than the one before"));
        }
    }
}

/// Draws the waits.
#[derive(Clone, Debug)]
pub struct Backoff {
    spec: BackoffSpec,
    stream: Stream,
}

impl Backoff {
    /// Waits by `spec`, drawn from `stream`.
    pub fn new(spec: &BackoffSpec, stream: Stream) -> Self {
        Backoff { spec: spec.clone(), stream }
    }

    /// The wait before retry `number`, from 0.
    pub fn wait(&mut self, number: u32) -> Duration {
        let longest = self.spec.longest_s(number);
        let wait = match (self.spec.jitter, self.spec.rule) {
            (false, _) => longest,
            (true, BackoffRule::FullJitter) => longest * self.stream.uniform(),
            (true, BackoffRule::Litellm) => longest + LITELLM_JITTER_S * self.stream.uniform(),
        };
        Duration::from_secs_f64(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    fn waits(yaml: &str, number: u32) -> Vec<f64> {
        let spec = serde_yaml::from_str(yaml).unwrap();
        let mut backoff = Backoff::new(&spec, Streams::new(1, 0).stream("backoff"));
        (0..10_000).map(|_| backoff.wait(number).as_secs_f64()).collect()
    }

    #[test]
    fn without_jitter_waits_double_up_to_the_longest() {
        let of = |number| waits("{ base: 100ms, max: 1s, jitter: false }", number)[0];
        assert_eq!([of(0), of(1), of(2), of(3), of(4), of(99)], [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]);
    }

    #[test]
    fn litellm_s_jitter_comes_on_top() {
        let waits = waits("{ rule: litellm }", 1);
        assert!(waits.iter().all(|wait| (1.0..=1.75).contains(wait)));
        let mean = waits.iter().sum::<f64>() / waits.len() as f64;
        assert!((mean - 1.375).abs() < 4.0 * 0.75 / 120_000_f64.sqrt(), "{mean}");
    }

    #[test]
    fn full_jitter_is_uniform_from_nothing_to_the_longest() {
        let waits = waits("{ base: 100ms, max: 1s }", 2);
        assert!(waits.iter().all(|wait| (0.0..=0.4).contains(wait)));
        let mean = waits.iter().sum::<f64>() / waits.len() as f64;
        // Standard error: 0.4 / sqrt(12 x 10,000).
        assert!((mean - 0.2).abs() < 4.0 * 0.4 / 120_000_f64.sqrt(), "{mean}");
    }
}
