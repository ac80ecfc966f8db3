//! How long a failed request waits before it is tried again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Duration, Stream};
use crate::spec::{Positive, Problems};

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
}

impl Default for BackoffSpec {
    fn default() -> Self {
        BackoffSpec {
            base: Duration::from_millis(500),
            factor: Positive::try_from(2.0).expect("2 is greater than 0"),
            max: Duration::from_secs(8),
            jitter: true,
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
        if self.spec.jitter {
            Duration::from_secs_f64(longest * self.stream.uniform())
        } else {
            Duration::from_secs_f64(longest)
        }
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
    fn full_jitter_is_uniform_from_nothing_to_the_longest() {
        let waits = waits("{ base: 100ms, max: 1s }", 2);
        assert!(waits.iter().all(|wait| (0.0..=0.4).contains(wait)));
        let mean = waits.iter().sum::<f64>() / waits.len() as f64;
        // Standard error: 0.4 / sqrt(12 x 10,000).
        assert!((mean - 0.2).abs() < 4.0 * 0.4 / 120_000_f64.sqrt(), "{mean}");
    }
}
