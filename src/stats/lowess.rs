//! A smooth curve through scattered points: locally weighted regression.

/// The share of the points that each place looks at.
const SPAN: f64 = 2.0 / 3.0;
/// Passes in which points far from the curve lose their weight.
const PASSES: usize = 2;

/// The trend of `points` at each place of `at`: LOWESS (Cleveland, "Robust locally weighted
/// regression and smoothing scatterplots", JASA 74, 1979), a straight line fitted to the
/// nearest two thirds of the points, the nearer the heavier, with outliers set aside in two
/// further passes. Exact where all points are on a line; empty for fewer than four points, or
/// where all have one `x`.
pub fn lowess(points: &[(f64, f64)], at: &[f64]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<(f64, f64)> = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    if sorted.len() < 4 || first.0 >= last.0 {
        return Vec::new();
    }
    let near = (libm::ceil(SPAN * sorted.len() as f64) as usize).clamp(3, sorted.len());
    let mut trust = vec![1.0; sorted.len()];
    for _ in 0..PASSES {
        let off = |(x, y): &(f64, f64)| (y - local_line(&sorted, &trust, near, *x)).abs();
        let residuals: Vec<f64> = sorted.iter().map(off).collect();
        let scale = 6.0 * median(&residuals);
        let largest = sorted.iter().map(|(_, y)| y.abs()).fold(0.0, f64::max);
        if scale <= 1e-12 * largest {
            break;
        }
        trust = residuals.iter().map(|residual| bisquare(residual / scale)).collect();
    }
    at.iter().map(|x| (*x, local_line(&sorted, &trust, near, *x))).collect()
}

/// The line fitted around `x`, at `x`; `points` are in rising order.
fn local_line(points: &[(f64, f64)], trust: &[f64], near: usize, x: f64) -> f64 {
    let mut distances: Vec<f64> = points.iter().map(|(at, _)| (at - x).abs()).collect();
    distances.sort_by(f64::total_cmp);
    // What lies right at the edge still counts; equal places must not divide by zero.
    let reach = distances[near - 1].max(f64::MIN_POSITIVE) * 1.001;
    let weights = || {
        points
            .iter()
            .zip(trust)
            .map(move |((at, y), trust)| (trust * tricube((at - x) / reach), at - x, *y))
    };
    let total: f64 = weights().map(|(w, ..)| w).sum();
    if total <= 0.0 {
        return nearest(points, x);
    }
    let mean_x = weights().map(|(w, at, _)| w * at).sum::<f64>() / total;
    let mean_y = weights().map(|(w, _, y)| w * y).sum::<f64>() / total;
    let spread: f64 = weights().map(|(w, at, _)| w * (at - mean_x) * (at - mean_x)).sum();
    // One place alone has no slope.
    if spread <= 1e-12 * total * reach * reach {
        return mean_y;
    }
    let with: f64 = weights().map(|(w, at, y)| w * (at - mean_x) * (y - mean_y)).sum();
    mean_y - with / spread * mean_x
}

fn nearest(points: &[(f64, f64)], x: f64) -> f64 {
    let by_distance =
        |a: &&(f64, f64), b: &&(f64, f64)| (a.0 - x).abs().total_cmp(&(b.0 - x).abs());
    points.iter().min_by(by_distance).map_or(f64::NAN, |(_, y)| *y)
}

fn tricube(u: f64) -> f64 {
    let rest = 1.0 - u.abs() * u.abs() * u.abs();
    if rest > 0.0 { rest * rest * rest } else { 0.0 }
}

fn bisquare(u: f64) -> f64 {
    let rest = 1.0 - u * u;
    if rest > 0.0 && u < 1.0 { rest * rest } else { 0.0 }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        sorted[middle - 1].midpoint(sorted[middle])
    } else {
        sorted[middle]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(x: f64) -> f64 {
        3.0 + 2.0 * x
    }

    #[test]
    fn points_on_a_line_have_that_line_as_their_trend() {
        let points: Vec<(f64, f64)> = [5.0, 1.0, 2.5, 9.0, 7.0].map(|x| (x, line(x))).to_vec();
        for (x, y) in lowess(&points, &[1.0, 3.3, 9.0]) {
            assert!((y - line(x)).abs() < 1e-9, "{x}: {y}");
        }
    }

    #[test]
    fn one_outlier_does_not_bend_the_trend() {
        let mut points: Vec<(f64, f64)> = (0..21)
            .map(|i| (f64::from(i), line(f64::from(i)) + if i % 2 == 0 { 0.1 } else { -0.1 }))
            .collect();
        points[10].1 = 500.0;
        let (_, y) = lowess(&points, &[10.0])[0];
        assert!((y - line(10.0)).abs() < 1.0, "{y}");
    }

    #[test]
    fn the_trend_follows_a_bend_that_a_line_would_miss() {
        let points: Vec<(f64, f64)> =
            (0..41).map(|i| f64::from(i) / 4.0).map(|x| (x, (x - 5.0).abs())).collect();
        let trend = lowess(&points, &[0.5, 5.0, 9.5]);
        assert!(trend[1].1 + 1.0 < trend[0].1 && trend[1].1 + 1.0 < trend[2].1, "{trend:?}");
    }

    #[test]
    fn too_little_has_no_trend() {
        assert!(lowess(&[], &[1.0]).is_empty());
        assert!(lowess(&[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)], &[1.0]).is_empty());
        assert!(lowess(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0), (1.0, 4.0)], &[1.0]).is_empty());
        let tied = [(0.0, 1.0), (0.0, 2.0), (0.0, 3.0), (0.0, 2.0), (1.0, 9.0), (1.0, 9.0)];
        assert!(lowess(&tied, &[0.0, 1.0]).iter().all(|(_, y)| y.is_finite()));
    }
}
