//! On which side of all its bounds a system is.

use super::bound::{Bound, Standing};
use crate::experiment::spec::replications::Replications;
use crate::stats::Estimate;
use crate::system::MetricId;

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

impl Judgement {
    /// Whether it cannot keep up with its load.
    pub fn is_overloaded(&self) -> bool {
        self.binds == OVERLOADED.name()
    }
}

/// The bound that nobody has to set: a system that cannot keep up holds no
/// load, whatever its times are in a run that ends before the queue is long.
const OVERLOADED: MetricId = MetricId::OVERLOADED;

/// The chance that a system is put on the wrong side of its bounds, at most.
const RISK: f64 = 0.05;

/// Judges a system by the values of each metric over its runs.
///
/// It may be looked at `looks` times, whenever more runs are done, and the first look
/// that is sure ends it: each look at each bound gets its part of the risk (Bonferroni),
/// so that all of them together keep to it.
pub(super) fn judge(
    values: impl Fn(MetricId) -> Vec<f64>,
    bounds: &[Bound],
    replications: &Replications,
    looks: usize,
) -> Judgement {
    let share = replications.estimate(&values(OVERLOADED)).mean;
    let level = 1.0 - RISK / (looks * bounds.len()).max(1) as f64;
    let of = |bound: &Bound| {
        let estimate = replications.estimate_at(level, &values(bound.metric));
        let estimate = estimate.on(bound.metric.scale());
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
        let binds = OVERLOADED.name().to_owned();
        return Judgement { holds: false, sure: share > 0.9, binds, excess };
    }
    let binds =
        nearest.map_or_else(String::new, |(index, _)| bounds[index].metric.name().to_owned());
    Judgement { holds: excess == 0.0 && !fails, sure: fails || !open, binds, excess }
}

/// How near an estimate that holds is to its bound: 1 at it, 0 far away.
fn closeness(bound: &Bound, estimate: &Estimate) -> f64 {
    let above = bound.below.map_or(0.0, |most| estimate.mean / most);
    let below = bound.above.map_or(0.0, |least| least / estimate.mean);
    above.max(below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn stopping_at_the_first_sure_look_is_wrong_in_at_most_a_twentieth_of_cases() {
        // The truth is at the bound: whatever is sure is wrong by a hair.
        let replications = Replications::new(4, false, None);
        let bound = Bound { metric: MetricId::E2E_P99_S, below: Some(7.0), above: None };
        let mut stream = Streams::new(3, 0).stream("normal");
        let mut wrong = |looks: usize| {
            let cases = 2000;
            let sure = (0..cases).filter(|_| {
                let all: Vec<f64> = (0..40).map(|_| 7.0 + stream.normal()).collect();
                (1..=10).any(|look| {
                    let known = |metric| match metric {
                        MetricId::E2E_P99_S => all[..look * 4].to_vec(),
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
