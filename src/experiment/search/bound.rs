//! What a metric is to be at most or at least, and on which side of that a system is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use crate::experiment::sweep::quantity::{Kind, quantity};
use crate::spec::{Problems, per_cent};
use crate::stats::Estimate;
use crate::system::{MetricId, Possible};

/// The bound of a metric: `{ below: 2s }`, or `{ above: 0.9 }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BoundSpec {
    /// The metric is to be at most that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub below: Option<Value>,
    /// The metric is to be at least that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub above: Option<Value>,
}

impl BoundSpec {
    /// The bound of a metric; `None` where there is no such metric.
    pub(super) fn of(&self, name: &str) -> Option<Bound> {
        let number = |value: &Option<Value>| number_of(name, value.as_ref()?).ok();
        let (below, above) = (number(&self.below), number(&self.above));
        Some(Bound { metric: MetricId::named(name)?, below, above })
    }

    pub(super) fn check(&self, name: &str, metrics: &Possible, problems: &mut Problems) {
        metrics.check(name, problems);
        if self.below.is_none() && self.above.is_none() {
            problems.error("expected `below`, `above`, or both");
        }
        for (side, value) in [("below", &self.below), ("above", &self.above)] {
            if let Some(Err(wrong)) = value.as_ref().map(|value| number_of(name, value)) {
                problems.at(side, |p| p.error(wrong));
            }
        }
    }
}

/// What a metric is held against, as a number in the metric's unit.
///
/// # Errors
/// If it is none, or is of another kind than the metric by its name.
fn number_of(metric: &str, value: &Value) -> Result<f64, String> {
    let expected = || Err("expected a quantity, such as 2s, 0.95, 95% or $10".to_owned());
    let percent = value.as_str().and_then(|text| text.strip_suffix('%'));
    let share = percent.and_then(per_cent);
    let found = share.map(|share| (Kind::Number, share)).or_else(|| quantity(value));
    let Some((kind, number)) = found else { return expected() };
    let is_rate = metric.contains("_per_s");
    let (fits, unit) = match kind {
        Kind::Number => (true, ""),
        Kind::Seconds => (metric.ends_with("_s") && !is_rate, "seconds"),
        Kind::Usd => (metric.contains("usd"), "dollars"),
        Kind::PerSecond => (metric.ends_with("_rps") || is_rate, "a rate"),
        Kind::Bytes => (metric.contains("bytes"), "bytes"),
        Kind::Tokens => (metric.contains("tokens"), "tokens"),
    };
    if fits { Ok(number) } else { Err(format!("`{metric}` is not measured in {unit}")) }
}

/// A metric and what it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The metric.
    pub metric: MetricId,
    /// At most that.
    pub below: Option<f64>,
    /// At least that.
    pub above: Option<f64>,
}

/// On which side of a bound an estimate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All of its interval holds the bound.
    Holds,
    /// None of its interval does, or it was not measured.
    Fails,
    /// The interval has the bound in it.
    Open,
}

impl Bound {
    /// On which side an estimate is.
    pub fn standing(&self, estimate: &Estimate) -> Standing {
        let Estimate { mean, low, high } = *estimate;
        if mean.is_nan() {
            return Standing::Fails;
        }
        // One value says nothing of its spread.
        let low = if low.is_nan() { f64::NEG_INFINITY } else { low };
        let high = if high.is_nan() { f64::INFINITY } else { high };
        let above_all = self.below.is_some_and(|most| low > most);
        let below_all = self.above.is_some_and(|least| high < least);
        if above_all || below_all {
            return Standing::Fails;
        }
        let within = self.below.is_none_or(|most| high <= most)
            && self.above.is_none_or(|least| low >= least);
        if within { Standing::Holds } else { Standing::Open }
    }

    /// By which share of the bound a value is beyond it; 0 if it holds.
    pub fn excess(&self, value: f64) -> f64 {
        if value.is_nan() {
            return f64::INFINITY;
        }
        let share = |by: f64, bound: f64| by.max(0.0) / bound.abs().max(1e-12);
        let above = self.below.map_or(0.0, |most| share(value - most, most));
        let below = self.above.map_or(0.0, |least| share(least - value, least));
        above.max(below)
    }

    /// In words: `e2e_p99_s <= 2`.
    pub fn words(&self) -> String {
        let side = |sign: &str, bound: Option<f64>| {
            bound.map(|it| format!("{} {sign} {it}", self.metric.name()))
        };
        let sides = [side("<=", self.below), side(">=", self.above)];
        sides.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_with_the_bound_in_it_is_open() {
        let bound = Bound { metric: MetricId::E2E_P99_S, below: Some(2.0), above: None };
        let estimate =
            |mean: f64, half: f64| Estimate { mean, low: mean - half, high: mean + half };
        let at = |mean, half| bound.standing(&estimate(mean, half));
        assert_eq!(at(1.0, 0.5), Standing::Holds);
        assert_eq!(at(1.8, 0.5), Standing::Open);
        assert_eq!(at(2.2, 0.5), Standing::Open);
        assert_eq!(at(2.6, 0.5), Standing::Fails);
        assert_eq!(at(f64::NAN, 0.5), Standing::Fails);
        assert_eq!(at(1.0, f64::NAN), Standing::Open);
        let floor = Bound { below: None, above: Some(0.9), ..bound };
        assert_eq!(floor.standing(&estimate(0.95, 0.01)), Standing::Holds);
        assert!((floor.excess(0.81) - 0.1).abs() < 1e-12);
        assert_eq!(floor.words(), "e2e_p99_s >= 0.9");
        let band = Bound { below: Some(0.6), ..Bound { above: Some(0.3), ..floor } };
        let at = |mean, half| band.standing(&estimate(mean, half));
        assert_eq!(at(0.45, 0.1), Standing::Holds);
        assert_eq!(at(0.607, 0.77), Standing::Open, "all of the band is in the interval");
        assert_eq!((at(0.7, 0.05), at(0.2, 0.05)), (Standing::Fails, Standing::Fails));
    }
}
