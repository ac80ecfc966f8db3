//! Weighted max-min fairness, by water-filling.

use super::{Claim, by_weight};

/// Raises the level of all alike, each by its weight, until it has what it wants
/// or nothing is left (Bertsekas and Gallager, Data Networks, section 6.5.2). What
/// nobody wants is given by weight.
pub fn divide(total: f64, claims: &[Claim]) -> Vec<f64> {
    let mut parts = vec![0.0; claims.len()];
    // From the claim that is met at the lowest level up.
    let level = |i: &usize| claims[*i].wanted / claims[*i].weight;
    let mut order: Vec<usize> = (0..claims.len()).filter(|i| claims[*i].weight > 0.0).collect();
    order.sort_by(|a, b| level(a).total_cmp(&level(b)).then(a.cmp(b)));
    let mut left = total;
    let mut weights: f64 = order.iter().map(|i| claims[*i].weight).sum();
    for (met, &i) in order.iter().enumerate() {
        if level(&i) * weights > left {
            for &rest in &order[met..] {
                parts[rest] = left * claims[rest].weight / weights;
            }
            return parts;
        }
        parts[i] = claims[i].wanted;
        left -= claims[i].wanted;
        weights -= claims[i].weight;
    }
    by_weight(&mut parts, claims, left.max(0.0));
    parts
}
