//! Intervals that stay within what a quantity can be.

use super::interval::MeanCi;

/// Which values a quantity can have, and so what its interval may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Any number.
    Any,
    /// Nothing below 0: times, money, counts.
    Amount,
    /// From 0 to 1: rates of errors, quality, attainment.
    Share,
}

/// A mean and the ends of its interval, which need not be as far from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean; NaN where nothing was measured.
    pub mean: f64,
    /// The lower end; NaN where too few values tell.
    pub low: f64,
    /// The upper end; NaN as the lower.
    pub high: f64,
}

impl Estimate {
    /// A value that is known without an interval.
    pub const fn exact(value: f64) -> Self {
        Estimate { mean: value, low: value, high: value }
    }

    /// Half the width of the interval; NaN where there is none.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// The same in another unit, `factor` of which are one.
    #[must_use]
    pub fn per(self, factor: f64) -> Self {
        let Estimate { mean, low, high } = self;
        Estimate { mean: mean / factor, low: low / factor, high: high / factor }
    }
}

impl MeanCi {
    /// The mean with an interval that holds only what the quantity can be.
    ///
    /// That of an amount is cut at 0: what is cut off holds no possible value, so that
    /// what is left is right as often. That of a share is Wilson's score interval (J. of the
    /// American Statistical Association 22, 1927) for as many independent trials as would
    /// have a mean as uncertain as this one (Dean and Pagano, J. of Survey Statistics and
    /// Methodology 3(4), 2015): the shares `p` for which `(p - mean)^2 <= h^2 p (1 - p) /
    /// (mean (1 - mean))`, where `h` is half the width of Student's interval. Far from 0 and
    /// 1, or where `h` is small, it is Student's.
    ///
    /// ```
    /// use windtunnel::stats::{Scale, mean_ci95};
    ///
    /// let quality = mean_ci95(&[0.9, 1.0, 1.0]);
    /// assert!(quality.mean + quality.half_width > 1.1, "beyond the possible");
    /// let quality = quality.on(Scale::Share);
    /// assert!(quality.low > 0.5 && quality.high < 1.0);
    /// ```
    pub fn on(self, scale: Scale) -> Estimate {
        let MeanCi { mean, half_width: half } = self;
        let plain = Estimate { mean, low: mean - half, high: mean + half };
        match scale {
            Scale::Amount if plain.low < 0.0 && mean >= 0.0 => Estimate { low: 0.0, ..plain },
            Scale::Share if half > 0.0 && (0.0..=1.0).contains(&mean) => within(mean, half),
            _ => plain,
        }
    }
}

/// Wilson's interval around a share between 0 and 1.
fn within(mean: f64, half: f64) -> Estimate {
    let spread = mean * (1.0 - mean);
    if spread <= 0.0 {
        return Estimate::exact(mean);
    }
    let doubt = half * half / spread;
    let middle = (mean + doubt / 2.0) / (1.0 + doubt);
    let wide = (half * half + doubt * doubt / 4.0).sqrt() / (1.0 + doubt);
    // Rounding must not push the ends past what they are made of.
    let low = (middle - wide).clamp(0.0, mean);
    Estimate { mean, low, high: (middle + wide).clamp(mean, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;
    use crate::stats::mean_ci95;

    #[test]
    fn a_share_has_wilson_s_interval() {
        // 4 of 5 trials: n = 5, t = 2.776; t^2 / n_eff with n_eff = n - 1 = 4.
        let found = mean_ci95(&[1.0, 1.0, 0.0, 1.0, 1.0]).on(Scale::Share);
        let a = 2.776_445_f64.powi(2) / 4.0;
        let middle = (0.8 + a / 2.0) / (1.0 + a);
        let wide = 2.776_445 * (0.16_f64 / 4.0 + a / 16.0).sqrt() / (1.0 + a);
        assert!((found.low - (middle - wide)).abs() < 1e-6, "{found:?}");
        assert!((found.high - (middle + wide)).abs() < 1e-6, "{found:?}");
        assert!(found.low > 0.2 && found.high < 1.0, "{found:?}");
    }

    #[test]
    fn far_from_the_ends_a_share_s_interval_is_student_s() {
        let ci = mean_ci95(&[0.50, 0.501, 0.499, 0.5005]);
        let found = ci.on(Scale::Share);
        assert!((found.half_width() / ci.half_width - 1.0).abs() < 1e-4, "{found:?} {ci:?}");
    }

    #[test]
    fn what_does_not_vary_or_is_not_known_stays_so() {
        assert_eq!(mean_ci95(&[1.0; 5]).on(Scale::Share), Estimate::exact(1.0));
        let one = mean_ci95(&[0.4]).on(Scale::Share);
        assert!(one.mean > 0.0 && one.low.is_nan() && one.high.is_nan());
        let amount = mean_ci95(&[1.0, 9.0]).on(Scale::Amount);
        assert!(amount.low == 0.0 && amount.high > 50.0, "{amount:?}");
        assert!(mean_ci95(&[1.0, 9.0]).on(Scale::Any).low < -40.0);
        assert!(mean_ci95(&[-1.0, -9.0]).on(Scale::Amount).low < -40.0, "it is none");
    }

    #[test]
    fn nineteen_of_twenty_intervals_of_shares_hold_the_truth_and_none_leaves_the_possible() {
        let mut stream = Streams::new(2, 0).stream("shares");
        for (share, requests, runs) in [(0.5, 50, 5), (0.95, 50, 5), (0.02, 100, 8), (0.9, 10, 4)] {
            let (mut held, trials) = (0, 2000);
            for _ in 0..trials {
                let mut run = || {
                    let hits = (0..requests).filter(|_| stream.uniform() < share).count();
                    hits as f64 / f64::from(requests)
                };
                let values: Vec<f64> = (0..runs).map(|_| run()).collect();
                let found = mean_ci95(&values).on(Scale::Share);
                assert!(found.low >= 0.0 && found.high <= 1.0, "{values:?} {found:?}");
                held += u32::from((found.low..=found.high).contains(&share));
            }
            let rate = f64::from(held) / f64::from(trials);
            assert!((0.92..0.985).contains(&rate), "{share}: {rate}");
        }
    }
}
