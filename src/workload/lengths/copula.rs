//! Answers that are long where their prompts are.

use crate::kernel::normal_quantile;
use crate::spec::Correlation;

/// A Gaussian copula: two uniform variates whose normal scores have a given
/// correlation, whatever the distributions that they then pick from (Nelsen, "An
/// Introduction to Copulas", 2006, section 2.3).
#[derive(Clone, Copy, Debug)]
pub(in crate::workload) struct Copula {
    rho: f64,
    rest: f64,
}

impl Copula {
    /// The copula of this correlation; `None` where there is none to speak of.
    pub fn new(correlation: Option<Correlation>) -> Option<Self> {
        let rho = correlation?.get();
        (rho != 0.0).then(|| Copula { rho, rest: libm::sqrt(1.0 - rho * rho) })
    }

    /// Makes of the independent variate `own` one that goes with `other`; both
    /// are in (0, 1).
    #[inline]
    pub fn join(self, other: f64, own: f64) -> f64 {
        let score = self.rho * normal_quantile(other) + self.rest * normal_quantile(own);
        // The normal distribution function; far out it would round to 0 or 1.
        let u = 0.5 * libm::erfc(-score / std::f64::consts::SQRT_2);
        u.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0)
    }
}
