//! The end of the fit, where slopes lead no further: how a request's time answers to a small
//! change is a staircase, and the best places lie in a notch that only trying finds.

use nalgebra::{DMatrix, SymmetricEigen};

use super::error::CalibrateError;
use super::solve::Fit;

/// Half the width of the steps over which slopes are taken to choose directions.
const WIDTH: f64 = 0.1;
/// The first step, as a share of what all errors come to, and the last.
const FIRST: f64 = 0.5;
const LAST: f64 = 1e-4;
/// No step moves a parameter further than this, on the fit's own scale.
const FURTHEST: f64 = 0.7;
/// Steps and halvings, at most.
const ROUNDS: usize = 60;
/// How far from the best place a parameter's profile is looked at, to both sides.
const PROFILE: [f64; 9] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6];
/// How often a better place on a profile is gone on from.
const TURNS: usize = 3;
/// What is better by less than this share is the same.
const SAME: f64 = 1e-6;

/// Of each parameter the places that were looked at, and the sum of squares there.
pub(super) type Profiles = Vec<Vec<(f64, f64)>>;

/// The best places, from `places` on, and the profiles around them.
pub(super) fn best(
    fit: &mut Fit<'_, '_>,
    mut places: Vec<f64>,
) -> Result<(Vec<f64>, Profiles), CalibrateError> {
    // Twice: how near the model comes to each time shows when it is fitted.
    for _ in 0..2 {
        fit.weigh(&places)?;
        places = fit.solve(places)?;
        places = compass(fit, places)?;
    }
    for _ in 0..TURNS {
        let least = fit.squares(std::slice::from_ref(&places))?[0];
        let profiles = profiles(fit, &places)?;
        let all = profiles.iter().enumerate();
        let all = all.flat_map(|(nth, spots)| spots.iter().map(move |spot| (nth, *spot)));
        match all.min_by(|a, b| a.1.1.total_cmp(&b.1.1)) {
            Some((nth, (place, sum))) if sum < least * (1.0 - SAME) => {
                places[nth] = place;
                places = compass(fit, places)?;
            }
            _ => return Ok((places, profiles)),
        }
    }
    let profiles = profiles(fit, &places)?;
    Ok((places, profiles))
}

/// Tries a step to both sides in each direction, goes where the sum of squares is least, and
/// halves the step where it is nowhere less (Hooke and Jeeves, Journal of the ACM 8, 1961).
/// Directions are those in which the errors change independently, each step by as much.
fn compass(fit: &mut Fit<'_, '_>, mut places: Vec<f64>) -> Result<Vec<f64>, CalibrateError> {
    let mut least = fit.squares(std::slice::from_ref(&places))?[0];
    let directions = directions(&fit.jacobian(&places, WIDTH)?);
    let whole = least.sqrt();
    let mut step = FIRST * whole;
    for _ in 0..ROUNDS {
        if step < LAST * whole || step == 0.0 {
            break;
        }
        let mut tried = Vec::new();
        for direction in &directions {
            let most = direction.iter().fold(0.0_f64, |most, it| most.max(it.abs()));
            let length = step.min(FURTHEST / most);
            for side in [-length, length] {
                let moved = places.iter().zip(direction).map(|(at, it)| at + side * it);
                tried.push(fit.within(&moved.collect::<Vec<f64>>()));
            }
        }
        let sums = fit.squares(&tried)?;
        let found = sums.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
        match found {
            Some((nth, sum)) if *sum < least * (1.0 - SAME) => {
                (places, least) = (tried.swap_remove(nth), *sum);
            }
            _ => step *= 0.5,
        }
    }
    Ok(places)
}

/// The eigenvectors of the errors' changes, each as long as changes all errors by 1.
fn directions(jacobian: &DMatrix<f64>) -> Vec<Vec<f64>> {
    let eigen = SymmetricEigen::new(jacobian.transpose() * jacobian);
    let all = eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter());
    let long = |(value, vector): (&f64, nalgebra::DVectorView<'_, f64>)| {
        let length = 1.0 / value.max(1e-12).sqrt();
        vector.iter().map(|it| it * length).collect()
    };
    all.map(long).collect()
}

/// The sum of squares along each parameter, the others as they are.
fn profiles(fit: &mut Fit<'_, '_>, places: &[f64]) -> Result<Profiles, CalibrateError> {
    let (mut sets, mut of) = (Vec::new(), Vec::new());
    for nth in 0..places.len() {
        for offset in PROFILE.iter().flat_map(|offset| [-offset, *offset]) {
            let mut set = places.to_vec();
            set[nth] += offset;
            let set = fit.within(&set);
            of.push((nth, set[nth]));
            sets.push(set);
        }
    }
    let sums = fit.squares(&sets)?;
    let mut profiles = vec![Vec::new(); places.len()];
    for ((nth, place), sum) in of.into_iter().zip(sums) {
        profiles[nth].push((place, sum));
    }
    Ok(profiles)
}
