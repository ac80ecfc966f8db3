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

/// One time of one request that the fit looks at.
struct Target {
    /// The request's number among those that were completed.
    row: usize,
    /// Which of [`TIMES`].
    time: usize,
    measured: f64,
    /// An error of as much counts 1.
    unit: f64,
}

/// All times that the fit looks at, request by request.
pub(super) struct Targets(Vec<Target>);

impl Targets {
    /// Of the requests that are fitted.
    ///
    /// An error counts as a share of the geometric mean of its own time and of the mean of
    /// all: short times do not drown long ones, whose errors are what means and tails are
    /// made of, nor the other way round. TTFT, TPOT and E2E count alike.
    pub(super) fn new(rows: &[&Measured], fitted: &[bool]) -> Self {
        let mut all = Vec::new();
        let mine: Vec<usize> = (0..rows.len()).filter(|row| fitted[*row]).collect();
        let means: Vec<f64> = TIMES
            .iter()
            .map(|time| {
                let values: Vec<f64> = mine.iter().filter_map(|row| time(rows[*row])).collect();
                values.iter().sum::<f64>() / values.len() as f64
            })
            .collect();
        for row in mine {
            for (time, of) in TIMES.iter().enumerate() {
                let Some(measured) = of(rows[row]).filter(|it| *it > 0.0) else { continue };
                all.push(Target { row, time, measured, unit: (measured * means[time]).sqrt() });
            }
        }
        Targets(all)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The request that each is of.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|it| it.row)
    }

    /// How far a run is off, one by one.
    pub(super) fn errors(&self, outcome: &Outcome) -> DVector<f64> {
        let error = |target: &Target| {
            let predicted = outcome[target.row].as_ref().and_then(PREDICTED[target.time]);
            predicted.map_or(UNANSWERED, |it| (it - target.measured) / target.unit)
        };
        DVector::from_iterator(self.0.len(), self.0.iter().map(error))
    }
}
