//! On which side of its bounds a system is.

use super::super::replications::Replications;
use crate::stats::MeanCi;
use crate::system::METRICS;

/// A metric and what it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The metric's name.
    pub name: String,
    /// Its index in [`METRICS`].
    pub metric: usize,
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
    pub fn standing(&self, estimate: &MeanCi) -> Standing {
        let MeanCi { mean, half_width } = *estimate;
        if mean.is_nan() {
            return Standing::Fails;
        }
        // One value says nothing of its spread.
        let half = if half_width.is_nan() { f64::INFINITY } else { half_width };
        let (low, high) = (mean - half, mean + half);
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
        let side =
            |sign: &str, bound: Option<f64>| bound.map(|it| format!("{} {sign} {it}", self.name));
        let sides = [side("<=", self.below), side(">=", self.above)];
        sides.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }
}

/// What a trial was judged to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Whether it holds every bound, by its intervals or else by its means.
    pub holds: bool,
    /// Whether the intervals say so.
    pub sure: bool,
    /// The bound that it breaks most, or is nearest to breaking.
    pub binds: String,
    /// By which share the worst bound is broken; 0 if none is.
    pub excess: f64,
}

/// The name of the bound that nobody has to set: a system that cannot keep up holds no
/// load, whatever its times are in a run that ends before the queue is long.
pub(super) const OVERLOADED: &str = "overloaded";

/// The chance that a system is put on the wrong side of its bounds, at most.
const RISK: f64 = 0.05;

/// Judges a system by the values of each metric, by its index, over its runs.
///
/// It may be looked at `looks` times, whenever more runs are done, and the first look
/// that is sure ends it: each look at each bound gets its part of the risk (Bonferroni),
/// so that all of them together keep to it.
pub(super) fn judge(
    values: impl Fn(usize) -> Vec<f64>,
    bounds: &[Bound],
    replications: &Replications,
    looks: usize,
) -> Judgement {
    let overloaded = METRICS.iter().position(|metric| metric.name == OVERLOADED);
    let share = overloaded.map_or(0.0, |metric| replications.estimate(&values(metric)).mean);
    let level = 1.0 - RISK / (looks * bounds.len()).max(1) as f64;
    let of = |bound: &Bound| {
        let estimate = replications.estimate_at(level, &values(bound.metric));
        (bound.standing(&estimate), bound.excess(estimate.mean), closeness(bound, &estimate))
    };
    let found: Vec<_> = bounds.iter().map(of).collect();
    let excess = found.iter().map(|(_, excess, _)| *excess).fold(0.0, f64::max);
    let fails = found.iter().any(|(standing, ..)| *standing == Standing::Fails);
    let open = found.iter().any(|(standing, ..)| *standing == Standing::Open);
    let nearest = found
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| a.1.total_cmp(&b.1).then(a.2.total_cmp(&b.2)));
    if share > 0.5 {
        let binds = OVERLOADED.to_owned();
        return Judgement { holds: false, sure: share > 0.9, binds, excess };
    }
    let binds = nearest.map_or_else(String::new, |(index, _)| bounds[index].name.clone());
    Judgement { holds: excess == 0.0 && !fails, sure: fails || !open, binds, excess }
}

/// How near an estimate that holds is to its bound: 1 at it, 0 far away.
fn closeness(bound: &Bound, estimate: &MeanCi) -> f64 {
    let above = bound.below.map_or(0.0, |most| estimate.mean / most);
    let below = bound.above.map_or(0.0, |least| least / estimate.mean);
    above.max(below)
}

#[cfg(test)]
mod tests {
    use super::super::super::spec::Experiment;
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn an_interval_with_the_bound_in_it_is_open() {
        let bound = Bound { name: "x".into(), metric: 0, below: Some(2.0), above: None };
        let at = |mean, half_width| bound.standing(&MeanCi { mean, half_width });
        assert_eq!(at(1.0, 0.5), Standing::Holds);
        assert_eq!(at(1.8, 0.5), Standing::Open);
        assert_eq!(at(2.2, 0.5), Standing::Open);
        assert_eq!(at(2.6, 0.5), Standing::Fails);
        assert_eq!(at(f64::NAN, 0.5), Standing::Fails);
        assert_eq!(at(1.0, f64::NAN), Standing::Open);
        let floor = Bound { below: None, above: Some(0.9), ..bound };
        assert_eq!(floor.standing(&MeanCi { mean: 0.95, half_width: 0.01 }), Standing::Holds);
        assert!((floor.excess(0.81) - 0.1).abs() < 1e-12);
        assert_eq!(floor.words(), "x >= 0.9");
        let band = Bound { below: Some(0.6), ..Bound { above: Some(0.3), ..floor } };
        let at = |mean, half_width| band.standing(&MeanCi { mean, half_width });
        assert_eq!(at(0.45, 0.1), Standing::Holds);
        assert_eq!(at(0.607, 0.77), Standing::Open, "all of the band is in the interval");
        assert_eq!((at(0.7, 0.05), at(0.2, 0.05)), (Standing::Fails, Standing::Fails));
    }

    #[test]
    fn stopping_at_the_first_sure_look_is_wrong_in_at_most_a_twentieth_of_cases() {
        // The truth is at the bound: whatever is sure is wrong by a hair.
        let experiment: Experiment = serde_yaml::from_str("replications: 4").expect("YAML");
        let replications = Replications::of(&experiment);
        let bound = Bound { name: "x".into(), metric: 0, below: Some(7.0), above: None };
        let mut stream = Streams::new(3, 0).stream("normal");
        let mut wrong = |looks: usize| {
            let cases = 2000;
            let sure = (0..cases).filter(|_| {
                let all: Vec<f64> = (0..40).map(|_| 7.0 + stream.normal()).collect();
                (1..=10).any(|look| {
                    let known = |metric| match metric {
                        0 => all[..look * 4].to_vec(),
                        _ => vec![0.0; look * 4],
                    };
                    judge(known, std::slice::from_ref(&bound), &replications, looks).sure
                })
            });
            sure.count() as f64 / f64::from(cases)
        };
        let (corrected, naive) = (wrong(10), wrong(1));
        assert!(corrected <= 0.05, "{corrected}");
        assert!(naive > 0.10, "{naive}");
    }
}
