//! What goes wrong with model servers.
//!
//! | fault | setting |
//! |---|---|
//! | a replica crashes and is repaired | `mtbf`, `mttr` |
//! | some replicas are slow for good | `slow` |
//! | all are slow, or fail, for a while | `brown_outs` |
//! | an answer is an error | `error_rate` |
//! | the provider has too many requests (429) | `throttle_rate` |

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Duration, Stream, Time};
use crate::spec::{Fraction, Positive, Problems};

/// What goes wrong with a model's replicas. All draws are exponential or by lot,
/// from streams of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FaultsSpec {
    /// Mean time between failures: from when a replica comes up until it crashes
    /// and loses all its requests. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtbf: Option<Duration>,
    /// Mean time to repair. Default 1m.
    pub mttr: Duration,
    /// The share of requests whose answer is an error (5xx). Default 0.
    pub error_rate: Fraction,
    /// How long such a request keeps a server busy until it fails. Default: as
    /// long as its answer would have taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_after: Option<Duration>,
    /// The share of requests that are refused at once (429). Default 0.
    pub throttle_rate: Fraction,
    /// Replicas that are slow from the beginning. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow: Option<SlowSpec>,
    /// Times in which every replica is slow or fails more often.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub brown_outs: Vec<BrownOutSpec>,
}

impl Default for FaultsSpec {
    fn default() -> Self {
        FaultsSpec {
            mtbf: None,
            mttr: Duration::from_secs(60),
            error_rate: Fraction::percent(0),
            error_after: None,
            throttle_rate: Fraction::percent(0),
            slow: None,
            brown_outs: Vec::new(),
        }
    }
}

/// Replicas that take longer than the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SlowSpec {
    /// How many: the first ones. Default 1.
    pub replicas: u32,
    /// How many times as long they take. Default 3.
    pub factor: Positive,
}

impl Default for SlowSpec {
    fn default() -> Self {
        SlowSpec { replicas: 1, factor: Positive::try_from(3.0).expect("3 is greater than 0") }
    }
}

/// A time in which every replica is worse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrownOutSpec {
    /// When it begins, from the start of the run. Default 0s.
    #[serde(default)]
    pub from: Duration,
    /// When it ends.
    pub until: Duration,
    /// How many times as long requests take that begin in it. Default 1.
    #[serde(default = "one")]
    pub factor: Positive,
    /// The share of the requests that begin in it whose answer is an error.
    /// Default 0.
    #[serde(default = "none")]
    pub error_rate: Fraction,
}

fn one() -> Positive {
    Positive::try_from(1.0).expect("1 is greater than 0")
}

const fn none() -> Fraction {
    Fraction::percent(0)
}

impl FaultsSpec {
    /// Checks times against each other; `replicas` is how many there may be.
    pub fn check(&self, replicas: u32, problems: &mut Problems) {
        if self.mtbf.is_some_and(Duration::is_zero) {
            problems.at("mtbf", |p| {
                p.error_help("a replica is up for some time", "leave it out for no crashes");
            });
        }
        if let Some(slow) = &self.slow
            && slow.replicas > replicas
        {
            problems.at("slow", |p| {
                p.at("replicas", |p| p.warn(format!("there are only {replicas}")));
            });
        }
        for (index, window) in self.brown_outs.iter().enumerate() {
            if window.from >= window.until {
                problems.at("brown_outs", |p| {
                    p.at(index, |p| p.error("expected `from` before `until`"));
                });
            }
        }
    }
}

/// The faults of one model at work.
#[derive(Clone, Debug)]
pub struct Faults {
    spec: FaultsSpec,
    /// Time to the next crash and repair, for each replica.
    crashes: Vec<Stream>,
    errors: Stream,
    throttles: Stream,
}

impl Faults {
    /// Faults of `replicas` replicas, drawn from streams that `stream` names.
    pub fn new(spec: &FaultsSpec, replicas: u32, stream: impl Fn(&str) -> Stream) -> Self {
        let crashes = if spec.mtbf.is_some() { replicas } else { 0 };
        Faults {
            crashes: (0..crashes).map(|replica| stream(&format!("crash.{replica}"))).collect(),
            errors: stream("errors"),
            throttles: stream("throttles"),
            spec: spec.clone(),
        }
    }

    /// How long `replica`, which is up now, stays so; `None` for ever.
    pub fn until_crash(&mut self, replica: u32) -> Option<Duration> {
        let mtbf = self.spec.mtbf?.as_secs_f64();
        Some(self.crashes[replica as usize].exponential_span(mtbf))
    }

    /// How long `replica`, which has crashed now, is away.
    pub fn until_repair(&mut self, replica: u32) -> Duration {
        let mttr = self.spec.mttr.as_secs_f64();
        self.crashes[replica as usize].exponential_span(mttr)
    }

    /// How many times as long a request takes that `replica` begins at `now`.
    pub fn slowness(&self, replica: u32, now: Time) -> f64 {
        let slow = self.spec.slow.as_ref().filter(|slow| replica < slow.replicas);
        let own = slow.map_or(1.0, |slow| slow.factor.get());
        self.windows(now).fold(own, |product, window| product * window.factor.get())
    }

    /// Whether the answer to a request that begins at `now` is an error.
    pub fn errs(&mut self, now: Time) -> bool {
        let sound = 1.0 - self.spec.error_rate.get();
        let sound = self.windows(now).fold(sound, |sound, it| sound * (1.0 - it.error_rate.get()));
        // The draw is made in any case, so that rates can be compared.
        self.errors.uniform() > sound
    }

    /// How long a request that fails keeps its server busy; `None`: as long as if
    /// it did not.
    pub fn error_after(&self) -> Option<Duration> {
        self.spec.error_after
    }

    /// Whether a request is refused with 429.
    pub fn throttles(&mut self) -> bool {
        self.throttles.uniform() < self.spec.throttle_rate.get()
    }

    /// When brown-outs begin and end.
    pub fn changes(&self) -> impl Iterator<Item = Time> {
        let times = self.spec.brown_outs.iter().flat_map(|it| [it.from, it.until]);
        times.map(|time| Time::ZERO.saturating_add(time))
    }

    fn windows(&self, now: Time) -> impl Iterator<Item = &BrownOutSpec> {
        let since = now.since(Time::ZERO);
        self.spec.brown_outs.iter().filter(move |it| it.from <= since && since < it.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    fn faults(yaml: &str) -> Faults {
        let streams = Streams::new(3, 0);
        Faults::new(&serde_yaml::from_str(yaml).unwrap(), 2, |name| streams.stream(name))
    }

    #[test]
    fn a_brown_out_has_a_beginning_and_an_end() {
        let mut faults = faults(
            "{ slow: { replicas: 1, factor: 4 },
               brown_outs: [{ from: 10s, until: 20s, factor: 2, error_rate: 1 }] }",
        );
        let at = Time::from_secs;
        assert_eq!(faults.slowness(0, at(5)), 4.0);
        assert_eq!(faults.slowness(1, at(5)), 1.0);
        assert_eq!(faults.slowness(0, at(10)), 8.0);
        assert_eq!(faults.slowness(1, at(20)), 1.0);
        assert!(!faults.errs(at(9)) && faults.errs(at(10)) && !faults.errs(at(20)));
    }

    #[test]
    fn shares_and_times_are_as_set() {
        let mut faults = faults("{ mtbf: 10m, mttr: 30s, error_rate: 0.25, throttle_rate: 0.1 }");
        let count = 20_000;
        let share = |hits: usize| hits as f64 / f64::from(count);
        let errors = share((0..count).filter(|_| faults.errs(Time::ZERO)).count());
        let throttled = share((0..count).filter(|_| faults.throttles()).count());
        assert!((errors - 0.25).abs() < 4.0 * (0.25 * 0.75 / f64::from(count)).sqrt(), "{errors}");
        assert!((throttled - 0.1).abs() < 4.0 * (0.1 * 0.9 / f64::from(count)).sqrt());
        let (mut up, mut down) = (0.0, 0.0);
        for _ in 0..count {
            up += faults.until_crash(1).unwrap().as_secs_f64() / f64::from(count);
            down += faults.until_repair(1).as_secs_f64() / f64::from(count);
        }
        assert!((up / 600.0 - 1.0).abs() < 0.03 && (down / 30.0 - 1.0).abs() < 0.03);
    }
}
