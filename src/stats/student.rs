//! Student's t distribution.

use crate::kernel::normal_quantile;

/// From here on the expansion in 1/df is the more precise.
const MANY: f64 = 1000.0;

/// The `t` below which Student's variate with `df` degrees of freedom falls with
/// probability `p`: absolute error under 1e-10 times its size for `p` from 1e-9
/// to 1 - 1e-9. `df` need not be whole. Infinite at 0 and 1; NaN for what is no
/// probability, and for `df <= 0`.
///
/// ```
/// use windtunnel::stats::student_t_quantile;
///
/// assert!((student_t_quantile(0.975, 9.0) - 2.262_157_162_798).abs() < 1e-11);
/// ```
pub fn student_t_quantile(p: f64, df: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if p < 0.5 {
        return -upper(p, df);
    }
    upper(1.0 - p, df)
}

/// The probability that Student's variate with `df` degrees of freedom is further from 0
/// than `t`, on either side; NaN where one of them is none.
///
/// ```
/// use windtunnel::stats::student_t_two_sided;
///
/// assert!((student_t_two_sided(-2.262_157_162_798, 9.0) - 0.05).abs() < 1e-12);
/// ```
pub fn student_t_two_sided(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    match t.abs() {
        0.0 => 1.0,
        t if t.is_infinite() => 0.0,
        t => (2.0 * exceedance(t, df)).clamp(0.0, 1.0),
    }
}

/// The `t >= 0` exceeded with probability `tail <= 0.5`.
fn upper(tail: f64, df: f64) -> f64 {
    if tail <= 0.0 {
        return f64::INFINITY;
    }
    if df >= MANY {
        return expansion(-normal_quantile(tail), df);
    }
    // A bracket, then bisection: this is called once per interval.
    let mut low = 0.0;
    let mut high = 1.0;
    while exceedance(high, df) > tail && high < 1e300 {
        low = high;
        high *= 2.0;
    }
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if exceedance(middle, df) > tail {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// Abramowitz and Stegun 26.7.5: the quantile as a series in 1/df around the
/// normal quantile `x`.
fn expansion(x: f64, df: f64) -> f64 {
    let x2 = x * x;
    let terms = [
        x,
        x * (x2 + 1.0) / 4.0,
        x * ((5.0 * x2 + 16.0) * x2 + 3.0) / 96.0,
        x * (((3.0 * x2 + 19.0) * x2 + 17.0) * x2 - 15.0) / 384.0,
        x * ((((79.0 * x2 + 776.0) * x2 + 1482.0) * x2 - 1920.0) * x2 - 945.0) / 92_160.0,
    ];
    terms.iter().rev().fold(0.0, |sum, term| sum / df + term)
}

/// The probability of more than `t >= 0`: half the regularized incomplete beta
/// function of `df / (df + t^2)` at `df / 2, 1 / 2` (26.7.1).
fn exceedance(t: f64, df: f64) -> f64 {
    let (a, b) = (0.5 * df, 0.5);
    let x = 1.0 / (1.0 + t * t / df);
    let rest = 1.0 / (1.0 + df / (t * t));
    let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let front = libm::exp(a * libm::log(x) + b * libm::log(rest) - log_beta);
    // The continued fraction converges fast on its own side of the mean.
    if x < (a + 1.0) / (a + b + 2.0) {
        0.5 * front * beta_fraction(x, a, b) / a
    } else {
        0.5 * (1.0 - front * beta_fraction(rest, b, a) / b)
    }
}

/// The continued fraction of the incomplete beta function (26.5.8), by Lentz's
/// method.
#[allow(clippy::many_single_char_names)] // as in the source
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    /// Keeps a denominator from being zero.
    fn guard(value: f64) -> f64 {
        if value.abs() < 1e-300 { 1e-300 } else { value }
    }
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (p, df, t): the incomplete beta function inverted with 30 digits, which
    /// agrees with printed tables to their end.
    const TABLE: [(f64, f64, f64); 19] = [
        (0.75, 0.5, 1.553_773_974_03),
        (0.975, 0.5, 164.557_673_480_49),
        (0.9995, 0.5, 411_396.462_526_17),
        (0.975, 1.0, 12.706_204_736_175),
        (0.975, 2.0, 4.302_652_729_749_5),
        (0.75, 2.5, 0.785_013_682_992_3),
        (0.9995, 2.5, 18.277_893_528_131),
        (0.975, 4.0, 2.776_445_105_197_8),
        (0.75, 9.0, 0.702_722_146_751_33),
        (0.975, 9.0, 2.262_157_162_798_2),
        (0.9995, 9.0, 4.780_912_585_931_1),
        (0.975, 19.0, 2.093_024_054_408_3),
        (0.9995, 19.0, 3.883_405_852_592_1),
        (0.975, 29.0, 2.045_229_642_132_7),
        (0.975, 100.0, 1.983_971_518_523_6),
        (0.9995, 999.0, 3.300_292_440_398_7),
        (0.9995, 1000.0, 3.300_282_648_423_9),
        (0.975, 100_000.0, 1.959_987_707_534_6),
        (0.9995, 100_000.0, 3.290_624_031_411_9),
    ];

    #[test]
    fn quantiles_match_published_values() {
        for (p, df, t) in TABLE {
            let error = (student_t_quantile(p, df) - t).abs();
            assert!(error < 1e-10 * t, "t({p}, {df}) = {} is not {t}", student_t_quantile(p, df));
        }
    }

    #[test]
    fn one_and_two_degrees_match_their_closed_forms() {
        for p in [0.5001, 0.6, 0.9, 0.999, 0.999_999] {
            let cauchy = libm::tan(std::f64::consts::PI * (p - 0.5));
            assert!((student_t_quantile(p, 1.0) / cauchy - 1.0).abs() < 1e-10);
            let two = (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt();
            assert!((student_t_quantile(p, 2.0) / two - 1.0).abs() < 1e-10);
        }
    }

    #[test]
    fn the_two_methods_agree_where_they_meet() {
        for p in [0.6, 0.975, 0.999_999] {
            let (below, above) =
                (student_t_quantile(p, 999.999_999), student_t_quantile(p, 1000.0));
            assert!((below - above).abs() < 1e-10, "{p}: {below} {above}");
        }
    }

    #[test]
    fn quantiles_are_symmetric_and_what_is_no_probability_is_nan() {
        assert!(student_t_quantile(0.5, 3.0).abs() < 1e-12);
        assert!((student_t_quantile(0.1, 3.0) + student_t_quantile(0.9, 3.0)).abs() < 1e-12);
        assert!(student_t_quantile(1.0, 3.0) == f64::INFINITY);
        assert!(student_t_quantile(0.0, 3.0) == f64::NEG_INFINITY);
        for (p, df) in [(-0.1, 3.0), (1.1, 3.0), (f64::NAN, 3.0), (0.9, 0.0), (0.9, f64::NAN)] {
            assert!(student_t_quantile(p, df).is_nan());
        }
    }
}
