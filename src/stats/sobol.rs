//! How much of an output's variance each input explains.

use super::scale::Estimate;
use crate::kernel::Stream;

/// Resamples behind an interval: ten are beyond either end.
const RESAMPLES: usize = 400;

/// Of fewer points than this a bootstrap knows nothing: its resamples are nearly alike, and
/// their percentiles look sure of what is chance.
pub const FEWEST_SOBOL_POINTS: usize = 16;

/// Sobol' indices of one input, with their 95 % intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SobolIndices {
    /// The share of the variance that the input explains alone.
    pub first: Estimate,
    /// The share that it has a part in, alone or together with others.
    pub total: Estimate,
}

/// The indices of each input from a function's values at `n` points of a sample `a`, of
/// an independent one `b`, and for each input of `a` with that input taken from `b`.
///
/// First order: `mean(b (mixed - a)) / V` (Saltelli and others, Computer Physics
/// Communications 181(2), 2010, table 2, b). Total: `mean((a - mixed)^2) / 2V` (Jansen,
/// Computer Physics Communications 117, 1999; there f). Outputs are centred first, which
/// leaves less to chance. From few points either sum may be below 0 or above 1, which no
/// index is: the nearest that is possible is taken. The intervals are those between the
/// percentiles of a bootstrap over the points, to whose resamples the same applies (Efron and
/// Tibshirani, An Introduction to the Bootstrap, 1993, 13.7); of fewer points than
/// [`FEWEST_SOBOL_POINTS`] all from 0 to 1, as any of it may be true. NaN where the output does not
/// vary.
pub fn sobol_indices(
    a: &[f64],
    b: &[f64],
    mixed: &[Vec<f64>],
    stream: &mut Stream,
) -> Vec<SobolIndices> {
    let all: Vec<usize> = (0..a.len()).collect();
    let draws: Vec<Vec<usize>> = (0..RESAMPLES)
        .map(|_| all.iter().map(|_| stream.below(a.len() as u64) as usize).collect())
        .collect();
    let of_input = |mixed: &Vec<f64>| {
        let found = indices(a, b, mixed, &all);
        let resampled: Vec<[f64; 2]> =
            draws.iter().map(|rows| indices(a, b, mixed, rows)).collect();
        let estimate = |which: usize| {
            let mean = found[which];
            if a.len() < FEWEST_SOBOL_POINTS && !mean.is_nan() {
                return Estimate { mean, low: 0.0, high: 1.0 };
            }
            percentiles(mean, resampled.iter().map(|it| it[which]).collect())
        };
        SobolIndices { first: estimate(0), total: estimate(1) }
    };
    mixed.iter().map(of_input).collect()
}

/// First-order and total index by the points `rows`.
fn indices(a: &[f64], b: &[f64], mixed: &[f64], rows: &[usize]) -> [f64; 2] {
    let n = rows.len() as f64;
    let both = || rows.iter().flat_map(|row| [a[*row], b[*row]]);
    let mean = both().sum::<f64>() / (2.0 * n);
    let variance = both().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (2.0 * n);
    let (mut alone, mut part) = (0.0, 0.0);
    for &row in rows {
        let moved = mixed[row] - a[row];
        alone += (b[row] - mean) * moved;
        part += moved * moved;
    }
    [alone / n / variance, part / (2.0 * n) / variance].map(|index| index.clamp(0.0, 1.0))
}

/// An index between the percentiles of its resamples, of which some may not vary.
fn percentiles(mean: f64, mut resampled: Vec<f64>) -> Estimate {
    resampled.retain(|index| !index.is_nan());
    resampled.sort_unstable_by(f64::total_cmp);
    if resampled.is_empty() {
        return Estimate { mean, low: f64::NAN, high: f64::NAN };
    }
    let beyond = resampled.len() / 40;
    let (low, high) = (resampled[beyond], resampled[resampled.len() - 1 - beyond]);
    Estimate { mean, low: low.min(mean), high: high.max(mean) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    /// Ishigami and Homma (1990), `sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1`.
    fn ishigami(x: &[f64]) -> f64 {
        let sine = libm::sin(x[1]);
        libm::sin(x[0]) * (1.0 + 0.1 * x[2].powi(4)) + 7.0 * sine * sine
    }

    #[test]
    fn the_indices_of_ishigami_s_function_are_those_of_its_closed_form() {
        let mut stream = Streams::new(1, 0).stream("x");
        let mut draw = || -> Vec<f64> {
            (0..3).map(|_| std::f64::consts::PI * (2.0 * stream.uniform() - 1.0)).collect()
        };
        let n = 20_000;
        let (a, b): (Vec<_>, Vec<_>) = (0..n).map(|_| (draw(), draw())).unzip();
        let mixed: Vec<Vec<f64>> = (0..3)
            .map(|input| {
                let swapped = a.iter().zip(&b).map(|(a, b)| {
                    let mut x = a.clone();
                    x[input] = b[input];
                    ishigami(&x)
                });
                swapped.collect()
            })
            .collect();
        let values = |points: &[Vec<f64>]| points.iter().map(|x| ishigami(x)).collect::<Vec<_>>();
        let mut boot = Streams::new(1, 0).stream("bootstrap");
        let found = sobol_indices(&values(&a), &values(&b), &mixed, &mut boot);
        let truth = [(0.313_905, 0.557_589), (0.442_411, 0.442_411), (0.0, 0.243_684)];
        for (found, (first, total)) in found.iter().zip(truth) {
            assert!((found.first.mean - first).abs() < 0.02, "{found:?} {first}");
            assert!((found.total.mean - total).abs() < 0.015, "{found:?} {total}");
            let wide = found.first.half_width();
            assert!((found.first.mean - first).abs() < 2.0 * wide.max(0.01), "{found:?} {first}");
            assert!(wide < 0.04 && found.total.half_width() < 0.03, "{found:?}");
        }
    }

    #[test]
    fn a_constant_has_no_indices() {
        let mut stream = Streams::new(1, 0).stream("x");
        let found = sobol_indices(&[2.0; 8], &[2.0; 8], &[vec![2.0; 8]], &mut stream);
        assert!(found[0].first.mean.is_nan() && found[0].total.mean.is_nan());
    }

    #[test]
    fn a_few_points_tell_nothing() {
        let mut stream = Streams::new(1, 0).stream("x");
        // That mixed is a, or b, would be certain.
        let (a, b) = ([1.0, 3.0], [2.0, 5.0]);
        for found in sobol_indices(&a, &b, &[a.to_vec(), b.to_vec()], &mut stream) {
            for Estimate { mean, low, high } in [found.first, found.total] {
                assert!(!mean.is_nan() && low == 0.0 && high == 1.0, "{found:?}");
            }
        }
    }

    #[test]
    fn no_index_and_no_interval_is_beyond_what_a_share_can_be() {
        let mut stream = Streams::new(3, 0).stream("x");
        for _ in 0..50 {
            let mut draw = || -> Vec<f64> { (0..16).map(|_| stream.uniform().powi(9)).collect() };
            let (a, b, mixed) = (draw(), draw(), [draw(), draw()]);
            let mut boot = Streams::new(1, 0).stream("bootstrap");
            for found in sobol_indices(&a, &b, &mixed, &mut boot) {
                for Estimate { mean, low, high } in [found.first, found.total] {
                    assert!(0.0 <= low && low <= mean && mean <= high && high <= 1.0, "{found:?}");
                }
            }
        }
    }
}
