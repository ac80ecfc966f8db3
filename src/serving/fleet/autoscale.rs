//! How many replicas there should be.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::{Duration, Time};
use crate::spec::{Positive, Problems};

/// Replicas by load, as Kubernetes' horizontal pod autoscaler has it: as many as
/// bring the load of each to the target; up at once, down only when nothing more
/// was wanted for `cool_down`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AutoscaleSpec {
    /// The fewest replicas. Default 1.
    pub min: u32,
    /// The most replicas. Default 10.
    pub max: u32,
    /// The load that each replica should have. Default: `utilization: 0.7`.
    pub target: TargetSpec,
    /// How often load is looked at. Default 15s.
    pub interval: Duration,
    /// How long a replica takes from when it is wanted until it serves; it is paid
    /// for from the beginning. Default 1m.
    pub cold_start: Duration,
    /// How long fewer replicas must have been enough before one goes. Default 5m.
    pub cool_down: Duration,
}

impl Default for AutoscaleSpec {
    fn default() -> Self {
        AutoscaleSpec {
            min: 1,
            max: 10,
            target: TargetSpec::default(),
            interval: Duration::from_secs(15),
            cold_start: Duration::from_secs(60),
            cool_down: Duration::from_secs(300),
        }
    }
}

/// The load that a replica should have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetSpec {
    /// The busy share of what it can do at a time.
    Utilization(Positive),
    /// Requests under way, those that wait among them.
    Outstanding(Positive),
}

impl Default for TargetSpec {
    fn default() -> Self {
        TargetSpec::Utilization(Positive::try_from(0.7).expect("0.7 is greater than 0"))
    }
}

impl TargetSpec {
    /// The number.
    pub const fn value(self) -> f64 {
        match self {
            TargetSpec::Utilization(share) => share.get(),
            TargetSpec::Outstanding(requests) => requests.get(),
        }
    }
}

impl AutoscaleSpec {
    /// Reports settings that contradict each other. `bounded` says whether a
    /// replica takes a limited number of requests at a time.
    pub fn check(&self, bounded: bool, problems: &mut Problems) {
        if self.min == 0 {
            problems.at("min", |p| p.error("expected at least 1: who would serve the first?"));
        }
        if self.max < self.min {
            problems.at("max", |p| p.error(format!("expected `min`, {}, or more", self.min)));
        }
        if self.interval.is_zero() {
            problems.at("interval", |p| p.error("expected an interval longer than 0"));
        }
        problems.at("target", |p| match self.target {
            TargetSpec::Utilization(share) if share.get() > 1.0 => {
                p.at("utilization", |p| p.error("expected a share from 0 to 1"));
            }
            TargetSpec::Utilization(_) if !bounded => p.error_help(
                "a server that takes any number of requests is never busy",
                "set `concurrency`, or a target of `outstanding`",
            ),
            _ => {}
        });
    }
}

/// Below this share of change nothing is done: Kubernetes' tolerance.
const TOLERANCE: f64 = 0.1;

/// Decides how many replicas there should be.
#[derive(Clone, Debug)]
pub struct Autoscaler {
    spec: AutoscaleSpec,
    /// What was wanted when, within the last `cool_down`: falling numbers, the
    /// first being the most.
    wanted: VecDeque<(Time, u32)>,
}

impl Autoscaler {
    /// An autoscaler that has seen nothing.
    pub fn new(spec: &AutoscaleSpec) -> Self {
        Autoscaler { spec: spec.clone(), wanted: VecDeque::new() }
    }

    /// Its settings.
    pub const fn spec(&self) -> &AutoscaleSpec {
        &self.spec
    }

    /// How many replicas there should be where `current` have a load of `load` in
    /// all, in units of the target.
    pub fn decide(&mut self, now: Time, current: u32, load: f64) -> u32 {
        let exact = load / self.spec.target.value();
        let change = exact / f64::from(current.max(1));
        // The cast saturates.
        let enough = libm::ceil(exact - 1e-9) as u32;
        let near = (change - 1.0).abs() <= TOLERANCE;
        let wanted = if near { current } else { enough }.clamp(self.spec.min, self.spec.max);
        while self.wanted.back().is_some_and(|(_, before)| *before <= wanted) {
            self.wanted.pop_back();
        }
        self.wanted.push_back((now, wanted));
        while self.wanted.front().is_some_and(|(at, _)| now.since(*at) > self.spec.cool_down) {
            self.wanted.pop_front();
        }
        let most = self.wanted.front().map_or(wanted, |(_, most)| *most);
        if wanted > current { wanted } else { most.min(current).max(self.spec.min) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autoscaler(yaml: &str) -> Autoscaler {
        let value = serde_yaml::from_str(yaml).unwrap();
        Autoscaler::new(
            &serde_yaml::with::singleton_map_recursive::deserialize::<_, serde_yaml::Value>(value)
                .unwrap(),
        )
    }

    #[test]
    fn load_goes_up_at_once_and_down_after_the_cool_down() {
        let mut scaler =
            autoscaler("{ min: 2, max: 8, target: { outstanding: 10 }, cool_down: 1m }");
        let at = Time::from_secs;
        assert_eq!(scaler.decide(at(0), 2, 5.0), 2, "the minimum");
        assert_eq!(scaler.decide(at(15), 2, 41.0), 5);
        assert_eq!(scaler.decide(at(30), 5, 500.0), 8, "the maximum");
        assert_eq!(scaler.decide(at(45), 8, 30.0), 8, "not yet");
        assert_eq!(scaler.decide(at(60), 8, 40.0), 8);
        assert_eq!(scaler.decide(at(91), 8, 20.0), 4, "the most of the last minute");
        assert_eq!(scaler.decide(at(121), 4, 20.0), 2);
    }

    #[test]
    fn small_changes_are_left_alone() {
        let mut scaler = autoscaler("{ target: { utilization: 0.5 }, cool_down: 0s }");
        assert_eq!(scaler.decide(Time::ZERO, 4, 2.15), 4, "54 %");
        assert_eq!(scaler.decide(Time::from_secs(15), 4, 2.3), 5, "58 %");
        assert_eq!(scaler.decide(Time::from_secs(30), 5, 2.3), 5, "46 %");
        assert_eq!(scaler.decide(Time::from_secs(45), 5, 1.9), 4, "38 %");
    }
}
