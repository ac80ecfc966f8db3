//! The fit: Levenberg and Marquardt's method on the times of single requests.
//!
//! The sum of squares of many times is what the method is for: from one set of runs it
//! learns how each time answers to each parameter, needs few rounds, and leaves the
//! Jacobian of which intervals are made. A simulation is not smooth: a request that
//! is scheduled one step earlier makes a small jump. So slopes are taken over wide steps;
//! where they lead no further, `polish` goes on without any. A parameter that is pushed against a bound
//! is left there while the others are fitted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::{DMatrix, DVector, Dyn, Owned};
use serde_yaml::Value;

use super::error::CalibrateError;
use super::parameter::Parameter;
use super::replay::{Outcome, Replay};
use super::residuals::Targets;
use crate::spec::Path;

/// Half the width of the steps over which slopes are taken, on the fit's own scale: some
/// 30 % and 10 % of a parameter.
const WIDTHS: [f64; 2] = [0.3, 0.1];
/// Rounds with steps of one width, at most.
const ROUNDS: usize = 4;
/// A round that makes the sum of squares smaller by less than this share is the last.
const ENOUGH: f64 = 1e-4;
/// Places that are nearer to each other than this are one.
const SAME: f64 = 1e-12;
/// A change of the errors, in the mean of squares and in spreads, that is well above what a
/// single request scheduled otherwise makes.
const VISIBLE: f64 = 0.2;

/// A figure of a parameter as the experiment has it.
fn value(it: &Parameter, figure: f64) -> (&Path, Value) {
    (&it.path, it.quantity.write(figure))
}

/// Runs with known parameters.
pub(super) struct Fit<'f, 'r> {
    replay: &'f mut Replay<'r>,
    pub targets: Targets,
    pub parameters: Vec<Parameter>,
    known: BTreeMap<Vec<u64>, Arc<Outcome>>,
}

impl<'f, 'r> Fit<'f, 'r> {
    pub(super) fn new(
        replay: &'f mut Replay<'r>,
        targets: Targets,
        parameters: Vec<Parameter>,
    ) -> Self {
        Fit { replay, targets, parameters, known: BTreeMap::new() }
    }

    /// How many runs were done.
    pub(super) fn runs(&self) -> usize {
        self.known.len()
    }

    /// What the simulation says with each of these sets of figures.
    pub(super) fn outcomes(
        &mut self,
        sets: &[Vec<f64>],
    ) -> Result<Vec<Arc<Outcome>>, CalibrateError> {
        let key = |set: &Vec<f64>| set.iter().map(|it| it.to_bits()).collect::<Vec<u64>>();
        let mut missing: Vec<&Vec<f64>> = Vec::new();
        for set in sets {
            if !self.known.contains_key(&key(set)) && !missing.contains(&set) {
                missing.push(set);
            }
        }
        let parameters = &self.parameters;
        let values = |set: &&Vec<f64>| -> Vec<(&Path, Value)> {
            let one = |(it, figure): (_, &f64)| value(it, *figure);
            parameters.iter().zip(set.iter()).map(one).collect()
        };
        let found = self.replay.run(&missing.iter().map(values).collect::<Vec<_>>())?;
        for (set, outcome) in missing.into_iter().zip(found) {
            self.known.insert(key(set), outcome);
        }
        Ok(sets.iter().map(|set| Arc::clone(&self.known[&key(set)])).collect())
    }

    fn errors(&mut self, sets: &[Vec<f64>]) -> Result<Vec<DVector<f64>>, CalibrateError> {
        let outcomes = self.outcomes(sets)?;
        Ok(outcomes.iter().map(|outcome| self.targets.errors(outcome)).collect())
    }

    fn figures(&self, places: &[f64]) -> Vec<f64> {
        self.parameters.iter().zip(places).map(|(it, place)| it.at(*place)).collect()
    }

    /// Counts each time by how near the model comes to it at `places`.
    pub(super) fn weigh(&mut self, places: &[f64]) -> Result<(), CalibrateError> {
        let figures = self.figures(places);
        let outcome = self.outcomes(&[figures])?.remove(0);
        self.targets.weigh(&outcome);
        Ok(())
    }

    /// The places of the figures that are simulated at these.
    pub(super) fn within(&self, places: &[f64]) -> Vec<f64> {
        let back = |(it, place): (&Parameter, &f64)| it.place(it.at(*place));
        self.parameters.iter().zip(places).map(back).collect()
    }

    /// The sum of squares at each of these sets of places.
    pub(super) fn squares(&mut self, sets: &[Vec<f64>]) -> Result<Vec<f64>, CalibrateError> {
        let figures: Vec<Vec<f64>> = sets.iter().map(|places| self.figures(places)).collect();
        Ok(self.errors(&figures)?.iter().map(DVector::norm_squared).collect())
    }

    /// How the errors at `places` answer to the parameters, each moved by `width` to both
    /// sides as far as its bounds let it.
    pub(super) fn jacobian(
        &mut self,
        places: &[f64],
        width: f64,
    ) -> Result<DMatrix<f64>, CalibrateError> {
        self.slopes(places, |_, it, place, side| it.at(place + side * width))
    }

    /// The same, each moved by a figure of its own.
    pub(super) fn jacobian_by(
        &mut self,
        places: &[f64],
        moves: &[f64],
    ) -> Result<DMatrix<f64>, CalibrateError> {
        self.slopes(places, |nth, it, place, side| it.at(place) + side * moves[nth])
    }

    /// The slopes between the figures that `moved` gives to both sides of `places`.
    fn slopes(
        &mut self,
        places: &[f64],
        moved: impl Fn(usize, &Parameter, f64, f64) -> f64,
    ) -> Result<DMatrix<f64>, CalibrateError> {
        let middle = self.figures(places);
        let mut sets = Vec::new();
        let mut spans = Vec::new();
        for (nth, it) in self.parameters.iter().enumerate() {
            let place = it.place(middle[nth]);
            let ends = [-1.0, 1.0].map(|side| {
                let moved = it.quantity.rounded(moved(nth, it, place, side));
                // Of what is whole at least one further.
                let least = middle[nth] + side * it.quantity.grain();
                let figure = if side < 0.0 { moved.min(least) } else { moved.max(least) };
                figure.clamp(it.low, it.high)
            });
            spans.push(it.place(ends[1]) - it.place(ends[0]));
            sets.extend(ends.map(|figure| {
                let mut set = middle.clone();
                set[nth] = figure;
                set
            }));
        }
        let errors = self.errors(&sets)?;
        let slope = |(pair, span): (&[DVector<f64>], f64)| {
            if span > SAME { (&pair[1] - &pair[0]) / span } else { &pair[0] * 0.0 }
        };
        let columns: Vec<DVector<f64>> = errors.chunks(2).zip(spans).map(slope).collect();
        Ok(DMatrix::from_columns(&columns))
    }

    /// Chooses the scale of each parameter that begins at 0: the least power of ten that
    /// changes the times visibly.
    pub(super) fn scale(&mut self) -> Result<(), CalibrateError> {
        let start: Vec<f64> =
            self.parameters.iter().map(|it| it.start.clamp(it.low, it.high)).collect();
        let base = self.errors(std::slice::from_ref(&start))?.remove(0);
        for nth in 0..start.len() {
            let it = &self.parameters[nth];
            if it.start != 0.0 {
                continue;
            }
            let figures: Vec<f64> = (-8..=2)
                .map(|decade| it.quantity.rounded(libm::exp10(f64::from(decade))))
                .filter(|figure| *figure > 0.0 && (it.low..=it.high).contains(figure))
                .collect();
            let sets = figures.iter().map(|figure| {
                let mut set = start.clone();
                set[nth] = *figure;
                set
            });
            let errors = self.errors(&sets.collect::<Vec<_>>())?;
            let change =
                |errors: &DVector<f64>| (errors - &base).norm() / (base.len() as f64).sqrt();
            let visible = errors.iter().position(|errors| change(errors) >= VISIBLE);
            let scale = figures.get(visible.unwrap_or(figures.len().saturating_sub(1)));
            self.parameters[nth].scale = scale.copied().unwrap_or(1.0);
        }
        Ok(())
    }

    /// Begins each parameter where a rough look along it finds the errors smallest, one
    /// after another; returns the places.
    pub(super) fn rough(&mut self) -> Result<Vec<f64>, CalibrateError> {
        let start = |it: &Parameter| it.place(it.start.clamp(it.low, it.high));
        let mut best: Vec<f64> = self.parameters.iter().map(start).collect();
        let mut least = self.squares(std::slice::from_ref(&best))?[0];
        for nth in 0..best.len() {
            let it = &self.parameters[nth];
            let decades = if it.start == 0.0 { -8..=2 } else { -2..=2 };
            let size = if it.start == 0.0 { 1.0 } else { it.start };
            let tried: Vec<Vec<f64>> = decades
                .map(|decade| it.quantity.rounded(size * libm::exp10(f64::from(decade))))
                .filter(|figure| (it.low..=it.high).contains(figure))
                .map(|figure| {
                    let mut places = best.clone();
                    places[nth] = it.place(figure);
                    places
                })
                .collect();
            let found = self.squares(&tried)?;
            for (places, squares) in tried.into_iter().zip(found) {
                if squares < least {
                    (best, least) = (places, squares);
                }
            }
            // From here on it is told apart by ratios above what was found.
            let it = &mut self.parameters[nth];
            let figure = it.at(best[nth]);
            if it.start == 0.0 && figure > 0.0 {
                it.scale = figure;
                best[nth] = it.place(figure);
            }
        }
        Ok(best)
    }

    /// The places at which the sum of squares is least, from `places` on, as far as slopes lead.
    pub(super) fn solve(&mut self, mut places: Vec<f64>) -> Result<Vec<f64>, CalibrateError> {
        let mut least = self.squares(std::slice::from_ref(&places))?[0];
        for width in WIDTHS {
            for _ in 0..ROUNDS {
                let free = self.free(&places, width)?;
                if free.is_empty() {
                    break;
                }
                let step = Step::new(self, &places, &free, width);
                let (step, _) = LevenbergMarquardt::new()
                    .with_ftol(1e-8)
                    .with_xtol(1e-8)
                    .with_stepbound(1.0)
                    .with_patience(8)
                    .minimize(step);
                let (found, failure) = (step.best, step.failure);
                if let Some(failure) = failure.into_inner() {
                    return Err(failure);
                }
                let squares = self.squares(std::slice::from_ref(&found))?[0];
                let better = squares < least * (1.0 - ENOUGH);
                if squares < least {
                    places = self.within(&found);
                    least = squares;
                }
                if !better {
                    break;
                }
            }
        }
        Ok(places)
    }

    /// The parameters that may move: not those at a bound that the slope pushes beyond it.
    fn free(&mut self, places: &[f64], width: f64) -> Result<Vec<usize>, CalibrateError> {
        let figures = self.figures(places);
        let at_bound = |nth: &usize| self.parameters[*nth].bound_at(figures[*nth]);
        if (0..figures.len()).all(|nth| at_bound(&nth).is_none()) {
            return Ok((0..figures.len()).collect());
        }
        let bounds: Vec<Option<&str>> = (0..figures.len()).map(|nth| at_bound(&nth)).collect();
        let errors = self.errors(&[figures])?.remove(0);
        let slope = self.jacobian(places, width)?.transpose() * errors;
        let pushed = |nth: usize| match bounds[nth] {
            Some("lowest") => slope[nth] >= 0.0,
            Some(_) => slope[nth] <= 0.0,
            None => false,
        };
        Ok((0..places.len()).filter(|nth| !pushed(*nth)).collect())
    }
}

/// One minimisation over the free parameters.
struct Step<'s, 'f, 'r> {
    fit: RefCell<&'s mut Fit<'f, 'r>>,
    places: Vec<f64>,
    free: Vec<usize>,
    width: f64,
    /// The best places so far, and their sum of squares.
    best: Vec<f64>,
    least: f64,
    errors: Option<DVector<f64>>,
    failure: RefCell<Option<CalibrateError>>,
}

impl<'s, 'f, 'r> Step<'s, 'f, 'r> {
    fn new(fit: &'s mut Fit<'f, 'r>, places: &[f64], free: &[usize], width: f64) -> Self {
        let mut step = Step {
            fit: RefCell::new(fit),
            places: places.to_vec(),
            free: free.to_vec(),
            width,
            best: places.to_vec(),
            least: f64::INFINITY,
            errors: None,
            failure: RefCell::new(None),
        };
        step.look();
        step
    }

    /// Simulates at the present places.
    fn look(&mut self) {
        let fit = self.fit.get_mut();
        let figures = fit.figures(&self.places);
        self.errors = match fit.errors(&[figures]) {
            Ok(mut errors) => errors.pop(),
            Err(failure) => {
                self.failure.get_mut().get_or_insert(failure);
                None
            }
        };
        if let Some(squares) = self.errors.as_ref().map(DVector::norm_squared)
            && squares < self.least
        {
            (self.best, self.least) = (self.places.clone(), squares);
        }
    }
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Step<'_, '_, '_> {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, free: &DVector<f64>) {
        for (nth, place) in self.free.iter().zip(free.iter()) {
            self.places[*nth] = *place;
        }
        self.look();
    }

    fn params(&self) -> DVector<f64> {
        DVector::from_iterator(self.free.len(), self.free.iter().map(|nth| self.places[*nth]))
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        self.errors.clone()
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        match self.fit.borrow_mut().jacobian(&self.places, self.width) {
            Ok(whole) => Some(whole.select_columns(&self.free)),
            Err(failure) => {
                self.failure.borrow_mut().get_or_insert(failure);
                None
            }
        }
    }
}
