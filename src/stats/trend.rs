//! Whether a series rises or falls.

/// The Mann-Kendall statistic, standardized (Mann, Econometrica 13, 1945; Kendall,
/// Rank Correlation Methods, 1975): near a standard normal variate if the values are
/// independent and alike, above 0 if later ones tend to be larger. NaN for fewer than
/// eight values.
///
/// `S = sum over i < j of sign(x(j) - x(i))`, of variance `n (n - 1) (2n + 5) / 18`, less
/// what ties take; one is taken off `|S|` as it is whole.
pub fn mann_kendall(values: &[f64]) -> f64 {
    const FEWEST: usize = 8;
    if values.len() < FEWEST {
        return f64::NAN;
    }
    let mut score = 0i64;
    for (index, early) in values.iter().enumerate() {
        for late in &values[index + 1..] {
            score += i64::from(late > early) - i64::from(late < early);
        }
    }
    let weight = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|tied| weight(tied.len() as f64)).sum();
    let variance = (weight(values.len() as f64) - ties) / 18.0;
    if score == 0 || variance <= 0.0 {
        return 0.0;
    }
    (score - score.signum()) as f64 / variance.sqrt()
}

/// How much the least-squares line through equally spaced `values` rises from the first
/// to the end of the last; NaN for fewer than two.
pub fn rise(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let products = values.iter().enumerate().map(|(i, value)| (i as f64 - middle) * value);
    let slope = products.sum::<f64>() * 12.0 / (n * (n * n - 1.0));
    if values.len() < 2 { f64::NAN } else { slope * n }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    #[test]
    fn the_statistic_matches_a_worked_example() {
        // S = 28 - 2 x 3 = 22 of n = 8 values, variance 8 x 7 x 21 / 18.
        let values = [1.0, 3.0, 2.0, 5.0, 4.0, 7.0, 6.0, 8.0];
        let expected = 21.0 / (8.0f64 * 7.0 * 21.0 / 18.0).sqrt();
        assert!((mann_kendall(&values) - expected).abs() < 1e-12);
        let falling: Vec<f64> = values.iter().rev().copied().collect();
        assert!((mann_kendall(&falling) + expected).abs() < 1e-12);
        assert_eq!(mann_kendall(&[5.0; 10]), 0.0);
        assert!(mann_kendall(&values[..7]).is_nan());
    }

    #[test]
    fn independent_values_exceed_the_normal_bound_as_often_as_they_should() {
        let mut stream = Streams::new(9, 0).stream("x");
        let mut above = 0;
        for _ in 0..4000 {
            let values: Vec<f64> = (0..20).map(|_| stream.uniform()).collect();
            above += u32::from(mann_kendall(&values) > 1.645);
        }
        // 5 %, within four standard deviations.
        assert!((f64::from(above) / 4000.0 - 0.05).abs() < 0.014, "{above}");
    }

    #[test]
    fn a_line_rises_by_its_slope() {
        let line: Vec<f64> = (0..10).map(|i| 3.0 + 2.0 * f64::from(i)).collect();
        assert!((rise(&line) - 20.0).abs() < 1e-12);
        assert!(rise(&[1.0]).is_nan());
    }
}
