//! Which trials no other beats.

/// Whether each row is on the Pareto front: no other is at least as small in every
/// number and smaller in one. A number that was not measured counts for nothing.
pub(super) fn pareto(rows: &[Vec<f64>]) -> Vec<bool> {
    let beats = |a: &[f64], b: &[f64]| {
        let pairs = || a.iter().zip(b).filter(|(a, b)| !a.is_nan() && !b.is_nan());
        pairs().all(|(a, b)| a <= b) && pairs().any(|(a, b)| a < b)
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
    }
}
