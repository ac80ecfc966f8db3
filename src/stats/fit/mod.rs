//! Distributions fitted to samples, by maximum likelihood.
//!
//! | law | for |
//! |---|---|
//! | [`Exponential`] | gaps of many independent sources |
//! | [`Gamma`], [`Weibull`] | gaps of a given burstiness |
//! | [`Lognormal`] | sizes with a long tail |
//! | [`Tailed`] | sizes with a lognormal body and a Pareto tail |
//! | [`Zipf`] | popularity |
//! | [`Modulated`], [`Stepped`] | arrivals of a rate that changes |
//!
//! Each says what it was fitted to and gives its distribution function, so that
//! [`Sample::ks`](super::Sample::ks) tells how far it is off.

mod exponential;
mod gamma;
mod lognormal;
mod modulated;
mod search;
pub mod special;
mod stepped;
mod tailed;
mod weibull;
mod zipf;

pub use exponential::Exponential;
pub use gamma::Gamma;
pub use lognormal::Lognormal;
pub use modulated::Modulated;
pub use stepped::Stepped;
pub use tailed::Tailed;
pub use weibull::Weibull;
pub use zipf::Zipf;

/// Akaike's information criterion: what is lost by a model of so many parameters
/// (H. Akaike: A new look at the statistical model identification. IEEE
/// Transactions on Automatic Control 19(6), 1974). The least is best.
pub fn aic(log_likelihood: f64, parameters: u32) -> f64 {
    2.0 * (f64::from(parameters) - log_likelihood)
}

/// The quantile of a distribution of positive values, by halving: `p` from 0 to 1,
/// `scale` any typical value.
pub fn quantile(cdf: impl Fn(f64) -> f64, p: f64, scale: f64) -> f64 {
    let mut high = scale;
    for _ in 0..200 {
        if cdf(high) >= p {
            break;
        }
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        *(if cdf(middle) < p { &mut low } else { &mut high }) = middle;
    }
    f64::midpoint(low, high)
}
