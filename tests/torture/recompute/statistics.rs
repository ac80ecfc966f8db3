//! Sums, means and quantiles of what rows say.

/// The sum.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().sum()
}

/// The mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    sum(values.iter().copied()) / values.len() as f64
}

/// The least value that a share `q` of all does not exceed; NaN of nothing.
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let weighted: Vec<(f64, f64)> = values.iter().map(|value| (*value, 1.0)).collect();
    weighted_quantile(&weighted, q)
}

/// The same where each value stands for so many.
pub fn weighted_quantile(values: &[(f64, f64)], q: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all = sum(values.iter().map(|(_, weight)| *weight));
    let rank = (q * all).ceil().max(1.0);
    let mut seen = 0.0;
    let found = values.iter().find(|(_, weight)| {
        seen += weight;
        seen >= rank
    });
    found.map_or(f64::NAN, |(value, _)| *value)
}

/// Jain's index; NaN where all are nothing.
pub fn jain(values: &[f64]) -> f64 {
    let total = sum(values.iter().copied());
    total * total / (values.len() as f64 * sum(values.iter().map(|value| value * value)))
}
