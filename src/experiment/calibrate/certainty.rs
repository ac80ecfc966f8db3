//! How sure the fitted values are, and what the data cannot tell.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::error::CalibrateError;
use super::parameter::Parameter;
use super::residuals::Targets;
use super::solve::Fit;
use crate::stats::student_t_quantile;

/// Slopes are taken over such steps as change the errors by so many spreads, in the mean of
/// squares: wide enough that jumps of single requests even out.
const CHANGE: f64 = 1.0;
/// The widest step, on the fit's own scale, and how often it is halved to find the one.
const WIDEST: f64 = 1.0;
const HALVINGS: i32 = 9;
/// No interval is narrower than this share of its value to both sides: how far the best places
/// are searched for.
const FINEST: f64 = 1e-3;
/// Requests are taken together in so many lots, one after another: those of a lot may depend
/// on each other, as those that wait in one queue do.
const LOTS: usize = 20;
/// A parameter that changes the times by less than this, in the mean of squares and in spreads,
/// when it is changed by its own size has no effect.
const EFFECT: f64 = 1e-2;
/// An eigenvalue of the correlation of slopes below this is none: along it nothing changes.
const NOTHING: f64 = 2e-3;
/// Estimates that are correlated more than this can hardly be told apart.
const HARDLY: f64 = 0.95;

/// What is known of a fitted parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Certainty {
    /// The 95 % interval, if the data gives one.
    pub interval: Option<(f64, f64)>,
    /// What to beware of.
    pub beware: Option<String>,
}

/// What was found out around the best places.
pub(super) struct Slopes<'s> {
    /// The errors there.
    pub errors: &'s DVector<f64>,
    /// How they answer to the parameters.
    pub jacobian: &'s DMatrix<f64>,
    /// Of each parameter the places that were looked at, and the sum of squares there.
    pub profiles: &'s [Vec<(f64, f64)>],
}

/// How each parameter is known at `places`, and what is to be said of several together.
///
/// An interval is the wider of two. One is what is left open by slopes and errors: the covariance is that of clustered errors (Liang and Zeger, Biometrika 73, 1986): the
/// requests of each of [`LOTS`] lots may depend on each other in any way. Intervals are
/// Student's on the fit's own scale, with as many degrees of freedom as there are lots beyond
/// the parameters. The other is the profile's: all places at which the sum of squares is no
/// larger than so many independent lots allow. It is the wider one where single requests that
/// are scheduled otherwise make the sum jump, so that slopes say little.
pub(super) fn certainty(
    parameters: &[Parameter],
    places: &[f64],
    slopes: &Slopes<'_>,
    targets: &Targets,
) -> (Vec<Certainty>, Vec<String>) {
    let Slopes { errors, jacobian, profiles } = slopes;
    let figures: Vec<f64> = parameters.iter().zip(places).map(|(it, at)| it.at(*at)).collect();
    let root = (targets.len() as f64).sqrt();
    let mut said: Vec<Option<String>> = Vec::new();
    for (nth, it) in parameters.iter().enumerate() {
        let effect = jacobian.column(nth).norm() / root;
        said.push(match it.bound_at(figures[nth]) {
            _ if effect < EFFECT => Some("it has no effect on the times measured".to_owned()),
            Some(which) => Some(format!("it is at the {which} value that it may have")),
            None => None,
        });
    }
    let open: Vec<usize> = (0..parameters.len()).filter(|nth| said[*nth].is_none()).collect();
    let mut notes = Vec::new();
    let mut intervals = vec![None; parameters.len()];
    if let Some(spread) = Spread::of(&jacobian.select_columns(&open), errors, targets) {
        for group in &spread.alike {
            let names: Vec<&str> =
                group.iter().map(|nth| parameters[open[*nth]].name.as_str()).collect();
            notes.push(format!(
                "the data cannot tell {} apart: other values of them give the same times; fit one \
                 of them and leave the others as they are",
                listed(&names)
            ));
        }
        for (a, b, correlation) in &spread.close {
            let [a, b] = [a, b].map(|nth| parameters[open[*nth]].name.as_str());
            notes.push(format!(
                "the data can hardly tell {a} and {b} apart: their estimates are correlated by \
                 {correlation:.2}"
            ));
        }
        for (at, nth) in open.iter().enumerate() {
            let (it, place) = (&parameters[*nth], places[*nth]);
            if spread.alike.iter().any(|group| group.contains(&at)) {
                said[*nth] = Some("the data cannot tell it from others".to_owned());
                continue;
            }
            intervals[*nth] = spread.half_widths[at].map(|half| {
                let most = errors.norm_squared() * spread.open;
                let fine = profiles[*nth].iter().filter(|(_, sum)| *sum <= most);
                let fine = fine.map(|(place, _)| *place);
                let ends = |(low, high): (f64, f64), at: f64| (low.min(at), high.max(at));
                let (low, high) = fine.fold((place - half, place + half), ends);
                let grain = it.quantity.grain().max(FINEST * figures[*nth].abs());
                let low = it.at(low).min(figures[*nth] - grain).max(it.low);
                (low, it.at(high).max(figures[*nth] + grain).min(it.high))
            });
        }
    }
    let known = said.into_iter().zip(intervals);
    let known = known.map(|(beware, interval)| Certainty { interval, beware }).collect();
    (known, notes)
}

/// The slopes at `places` that [`certainty`] is given. Steps are powers of two, the shortest that
/// changes enough: the same for two parameters that come to the same, whose slopes are then
/// the same, too.
pub(super) fn jacobian(
    fit: &mut Fit<'_, '_>,
    places: &[f64],
) -> Result<DMatrix<f64>, CalibrateError> {
    let widest = |(it, place): (&Parameter, &f64)| {
        let step = it.at(place + WIDEST) - it.at(*place);
        let step = if step > 0.0 { step } else { it.at(*place) - it.at(place - WIDEST) };
        libm::exp2(libm::floor(libm::log2(step.max(1e-9))))
    };
    let widest: Vec<f64> = fit.parameters.iter().zip(places).map(widest).collect();
    let mut chosen: Option<DMatrix<f64>> = None;
    for halving in 0..HALVINGS {
        let moves: Vec<f64> =
            widest.iter().map(|it| it * libm::exp2(-f64::from(halving))).collect();
        let slopes = fit.jacobian_by(places, &moves)?;
        let Some(chosen) = &mut chosen else {
            chosen = Some(slopes);
            continue;
        };
        for (nth, it) in fit.parameters.iter().enumerate() {
            let figure = it.at(places[nth]);
            let (low, high) =
                ((figure - moves[nth]).max(it.low), (figure + moves[nth]).min(it.high));
            let half = 0.5 * (it.place(high) - it.place(low));
            let change = slopes.column(nth).norm() * half / (slopes.nrows() as f64).sqrt();
            if change >= CHANGE {
                chosen.set_column(nth, &slopes.column(nth));
            }
        }
    }
    Ok(chosen.unwrap_or_else(|| DMatrix::zeros(0, places.len())))
}

/// How the estimates spread together.
struct Spread {
    /// Half the width of each 95 % interval, if there are lots enough.
    half_widths: Vec<Option<f64>>,
    /// By which factor the sum of squares may be larger than the least.
    open: f64,
    /// Estimates that no data of this kind tells apart.
    alike: Vec<Vec<usize>>,
    /// Pairs that are hardly told apart, and their correlation.
    close: Vec<(usize, usize, f64)>,
}

impl Spread {
    fn of(jacobian: &DMatrix<f64>, errors: &DVector<f64>, targets: &Targets) -> Option<Self> {
        let count = jacobian.ncols();
        if count == 0 {
            return None;
        }
        let norms: Vec<f64> = jacobian.column_iter().map(|column| column.norm()).collect();
        let mut scaled = jacobian.clone();
        for (mut column, norm) in scaled.column_iter_mut().zip(&norms) {
            column /= *norm;
        }
        let eigen = SymmetricEigen::new(scaled.transpose() * &scaled);
        let mut alike: Vec<Vec<usize>> = Vec::new();
        let mut inverse = DMatrix::zeros(count, count);
        for (value, vector) in eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter()) {
            if *value > NOTHING {
                inverse += vector * vector.transpose() / *value;
            } else {
                let most = vector.amax();
                alike.push((0..count).filter(|at| vector[*at].abs() > 0.2 * most).collect());
            }
        }
        let correlation =
            |a: usize, b: usize| inverse[(a, b)] / (inverse[(a, a)] * inverse[(b, b)]).sqrt();
        let told = |at: usize| !alike.iter().any(|group| group.contains(&at));
        let pairs = (0..count).flat_map(|b| (0..b).map(move |a| (a, b)));
        let close = pairs
            .filter(|(a, b)| told(*a) && told(*b))
            .map(|(a, b)| (a, b, correlation(a, b)))
            .filter(|(.., correlation)| correlation.abs() > HARDLY)
            .collect();
        let (meat, lots) = meat(&scaled, errors, targets);
        let freedom = lots as f64 - count as f64;
        let covariance = &inverse * meat * &inverse;
        let correction = lots as f64 / (lots as f64 - 1.0);
        let t = student_t_quantile(0.975, freedom);
        let half_width = |at: usize| {
            let clustered = covariance[(at, at)] * correction;
            // As if each time were off by its spread, on its own.
            let variance = clustered.max(inverse[(at, at)]);
            (freedom >= 2.0).then(|| t * variance.sqrt() / norms[at])
        };
        let half_widths = (0..count).map(half_width).collect();
        let open = 1.0 + if freedom >= 2.0 { t * t / freedom } else { 0.0 };
        Some(Spread { half_widths, open, alike, close })
    }
}

/// The sum over the lots of what each says of the slopes, squared; and how many lots there are.
fn meat(scaled: &DMatrix<f64>, errors: &DVector<f64>, targets: &Targets) -> (DMatrix<f64>, usize) {
    let rows: Vec<usize> = targets.rows().collect();
    let mut own = rows.clone();
    own.dedup();
    let lots = LOTS.min(own.len() / 2).max(1);
    let count = scaled.ncols();
    let mut sums = vec![DVector::zeros(count); lots];
    let mut nth = 0;
    for (target, row) in rows.iter().enumerate() {
        while own[nth] != *row {
            nth += 1;
        }
        sums[nth * lots / own.len()] += scaled.row(target).transpose() * errors[target];
    }
    let meat =
        sums.iter().fold(DMatrix::zeros(count, count), |sum, lot| sum + lot * lot.transpose());
    (meat, lots)
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
