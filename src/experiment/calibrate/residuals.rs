//! How far predictions are off, as the fit weighs it.

use nalgebra::DVector;

use super::replay::{Outcome, Predicted};
use crate::workload::measured::Measured;

/// The times that are fitted.
const TIMES: [fn(&Measured) -> Option<f64>; 3] = [|it| it.ttft_s, |it| it.tpot_s, |it| it.e2e_s];
const PREDICTED: [fn(&Predicted) -> Option<f64>; 3] =
    [|it| Some(it.ttft_s), |it| it.tpot_s, |it| Some(it.e2e_s)];
/// An error where a request was measured and is not answered in the simulation.
const UNANSWERED: f64 = 1.0;
/// A nanosecond: what is simulated takes at least as long.
const LEAST: f64 = 1e-9;

/// By which share a time is off as a rule, before that is known; and the least that it may be:
/// nobody measures better.
const USUAL: f64 = 0.1;
const LEAST_SPREAD: f64 = 0.005;
/// Errors of more than so many spreads count by their size rather than by their square: single
/// requests that are scheduled otherwise must not decide.
const FAR: f64 = 2.0;

/// One time of one request that the fit looks at.
struct Target {
    /// The request's number among those that were completed.
    row: usize,
    /// Which of [`TIMES`].
    time: usize,
    measured: f64,
}

/// All times that the fit looks at, request by request.
pub(super) struct Targets {
    all: Vec<Target>,
    /// By which share each of [`TIMES`] is off as a rule.
    spreads: [f64; 3],
}

impl Targets {
    /// Of the requests that are fitted.
    ///
    /// An error is the logarithm of predicted over measured: a share for small errors, and
    /// the same for half as much as for twice as much.
    pub(super) fn new(rows: &[&Measured], fitted: &[bool]) -> Self {
        let mut all = Vec::new();
        for row in (0..rows.len()).filter(|row| fitted[*row]) {
            for (time, of) in TIMES.iter().enumerate() {
                let measured = of(rows[row]).filter(|it| *it > 0.0);
                all.extend(measured.map(|measured| Target { row, time, measured }));
            }
        }
        Targets { all, spreads: [USUAL; 3] }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The request that each is of.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        self.all.iter().map(|it| it.row)
    }

    /// Lets each time count by how near the model comes to it: a TPOT that is off by 2 % as a rule
    /// tells more than a TTFT that is off by 20 %. The rule is the median of `outcome`'s.
    pub(super) fn weigh(&mut self, outcome: &Outcome) {
        for time in 0..TIMES.len() {
            let mine = self.all.iter().filter(|target| target.time == time);
            let mut errors: Vec<f64> = mine.map(|target| error(target, outcome).abs()).collect();
            errors.sort_by(f64::total_cmp);
            if let Some(median) = errors.get(errors.len() / 2) {
                // The standard deviation of a normal distribution with that median.
                self.spreads[time] = (median / 0.6745).clamp(LEAST_SPREAD, 1.0);
            }
        }
    }

    /// How far a run is off, one by one, in spreads. The sum of their squares is that of
    /// Charbonnier's pseudo-Huber loss.
    pub(super) fn errors(&self, outcome: &Outcome) -> DVector<f64> {
        let weighed = |target: &Target| {
            let off = error(target, outcome) / self.spreads[target.time] / FAR;
            FAR * off * (2.0 / ((1.0 + off * off).sqrt() + 1.0)).sqrt()
        };
        DVector::from_iterator(self.all.len(), self.all.iter().map(weighed))
    }
}

/// The logarithm of predicted over measured.
fn error(target: &Target, outcome: &Outcome) -> f64 {
    let predicted = outcome[target.row].as_ref().and_then(PREDICTED[target.time]);
    predicted.map_or(UNANSWERED, |it| libm::log(it.max(LEAST) / target.measured))
}
