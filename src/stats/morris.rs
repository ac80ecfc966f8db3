//! Which inputs matter at all, from few points.

use super::interval::{MeanCi, mean_ci95};
use super::moments::Moments;

/// What the elementary effects of one input say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Screening {
    /// Their mean.
    pub mu: f64,
    /// The mean of their sizes, with its 95 % interval: how much the input matters.
    pub mu_star: MeanCi,
    /// Their standard deviation: how much that depends on the other inputs, or is not
    /// linear.
    pub sigma: f64,
}

/// Screening by elementary effects (Morris, Technometrics 33(2), 1991): each is what a
/// step of the input changes in the output, divided by the step as a share of the
/// input's range. The mean of the sizes is that of Campolongo, Cariboni and Saltelli
/// (Environmental Modelling and Software 22(10), 2007), which effects of both signs do
/// not cancel in. Trajectories are independent, hence the t interval.
///
/// ```
/// use windtunnel::stats::screening;
///
/// let found = screening(&[2.0, -2.0, 2.0, -2.0]);
/// assert_eq!((found.mu, found.mu_star.mean), (0.0, 2.0));
/// ```
pub fn screening(effects: &[f64]) -> Screening {
    let moments: Moments = effects.iter().copied().collect();
    let sizes: Vec<f64> = effects.iter().map(|effect| effect.abs()).collect();
    Screening { mu: moments.mean(), mu_star: mean_ci95(&sizes), sigma: moments.std_dev() }
}
