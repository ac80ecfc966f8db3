//! Shares that were set.

use super::{Claim, by_weight};

/// To each its weight's share of the total, whatever it wants.
pub fn divide(total: f64, claims: &[Claim]) -> Vec<f64> {
    let mut parts = vec![0.0; claims.len()];
    by_weight(&mut parts, claims, total);
    parts
}
