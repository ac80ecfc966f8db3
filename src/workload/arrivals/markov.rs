//! Markov-modulated Poisson arrivals: calm and bursts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clock::time_of;
use super::process::ProcessSpec;
use super::rate::check_peak_rate;
use crate::kernel::{Duration, Stream, Time};
use crate::spec::{Problems, Rate};

/// A Poisson process whose rate jumps between states: it stays in each for an
/// exponential time, then goes on to one of the others, all equally likely
/// (Fischer and Meier-Hellstern, "The Markov-modulated Poisson process cookbook",
/// Performance Evaluation 18, 1993). Begins in the first state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MarkovSpec {
    /// The states, at least two. Default: 10/s for a minute, and bursts of 60/s
    /// for ten seconds.
    pub states: Vec<MarkovState>,
}

/// One state of a Markov-modulated process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkovState {
    /// Rate of requests while in it; may be 0.
    pub rate: Rate,
    /// How long it lasts, on average.
    pub mean: Duration,
}

impl Default for MarkovSpec {
    fn default() -> Self {
        let state = |rate: &str, secs| MarkovState {
            rate: rate.parse().expect("a rate"),
            mean: Duration::from_secs(secs),
        };
        MarkovSpec { states: vec![state("10/s", 60), state("60/s", 10)] }
    }
}

impl ProcessSpec for MarkovSpec {
    fn check(&self, problems: &mut Problems) {
        problems.at("states", |p| {
            if self.states.len() < 2 {
                p.error_help(
                    "a Markov-modulated process needs two states or more",
                    "`poisson` has one rate",
                );
            }
            for (i, state) in self.states.iter().enumerate() {
                p.at(i, |p| {
                    p.at("rate", |p| check_peak_rate(state.rate, p));
                    if state.mean.is_zero() {
                        p.at("mean", |p| p.error("expected a duration longer than 0"));
                    }
                });
            }
            if self.states.iter().all(|state| state.rate.per_sec() == 0.0) {
                p.error("no state has a rate above 0: nothing would ever arrive");
            }
        });
    }
}

impl MarkovSpec {
    /// The mean rate over all time, per second: the states weighted by how long
    /// they last.
    pub fn mean_rate(&self) -> f64 {
        let weigh = |value: fn(&MarkovState) -> f64| self.states.iter().map(value).sum::<f64>();
        weigh(|state| state.rate.per_sec() * state.mean.as_secs_f64())
            / weigh(|state| state.mean.as_secs_f64())
    }
}

/// A Markov-modulated Poisson process.
#[derive(Clone, Debug)]
pub struct Markov {
    /// Rate in requests per nanosecond, and mean sojourn in nanoseconds.
    states: Box<[(f64, f64)]>,
    state: usize,
    /// When the present state ends, in nanoseconds; NaN before the first draw.
    until: f64,
    now: f64,
}

impl Markov {
    /// The process of a checked spec.
    pub fn new(spec: &MarkovSpec) -> Self {
        let states = spec.states.iter();
        let states = states
            .map(|state| (state.rate.per_sec() / 1e9, state.mean.as_nanos() as f64))
            .collect();
        Markov { states, state: 0, until: f64::NAN, now: 0.0 }
    }

    /// The next arrival; [`Time::MAX`] when virtual time is at its end.
    #[inline]
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        if self.until.is_nan() {
            self.until = stream.exponential(self.states[0].1);
        }
        // One unit of the exponential is used up at the rate of each state that
        // is passed through.
        let mut work = stream.exponential(1.0);
        loop {
            let rate = self.states[self.state].0;
            let room = (self.until - self.now) * rate;
            if work < room {
                self.now += work / rate;
                return Some(time_of(self.now));
            }
            work -= room;
            self.now = self.until;
            let others = self.states.len() as u64 - 1;
            let step = if others == 1 { 0 } else { stream.below(others) };
            self.state = (self.state + 1 + step as usize) % self.states.len();
            self.until += stream.exponential(self.states[self.state].1);
            if time_of(self.now) == Time::MAX {
                return Some(Time::MAX);
            }
        }
    }
}
