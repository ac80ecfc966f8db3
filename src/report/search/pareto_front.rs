//! Which trials no other beats.

/// Sums of the same numbers in another order differ by less than this share.
const ALIKE: f64 = 1e-9;

/// Whether each row is on the Pareto front: no other is at least as small in every
/// number and smaller in one. A number that was not measured is the worst, and a
/// difference within rounding is none.
pub(super) fn pareto(rows: &[Vec<f64>]) -> Vec<bool> {
    let known = |value: f64| if value.is_nan() { f64::INFINITY } else { value };
    let beats = |a: &[f64], b: &[f64]| {
        let pairs = || a.iter().zip(b).map(|(a, b)| (known(*a), known(*b)));
        let alike = |a: f64, b: f64| a == b || (a - b).abs() <= ALIKE * a.abs().min(b.abs());
        pairs().all(|(a, b)| a <= b || alike(a, b)) && pairs().any(|(a, b)| a < b && !alike(a, b))
    };
    rows.iter().map(|row| !rows.iter().any(|other| beats(other, row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worse_in_everything_is_not_on_the_front() {
        let rows = [vec![1.0, 5.0], vec![2.0, 4.0], vec![2.0, 5.0], vec![1.0, 5.0]];
        assert_eq!(pareto(&rows), [true, true, false, true]);
        assert_eq!(pareto(&[vec![1.0, f64::NAN], vec![2.0, f64::NAN]]), [true, false]);
        assert_eq!(pareto(&[vec![1.0, f64::NAN], vec![1.0, 7.0]]), [false, true]);
        assert_eq!(pareto(&[vec![1.0, -0.9], vec![2.0, -0.9 - 1e-15]]), [true, false]);
    }
}
