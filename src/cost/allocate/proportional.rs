//! Shares in proportion to what is wanted.

use super::{Claim, by_weight};

/// To each in proportion to what it wants; by weight where nobody wants anything.
pub fn divide(total: f64, claims: &[Claim]) -> Vec<f64> {
    let wanted: f64 = claims.iter().map(|claim| claim.wanted).sum();
    if wanted > 0.0 {
        return claims.iter().map(|claim| total * claim.wanted / wanted).collect();
    }
    let mut parts = vec![0.0; claims.len()];
    by_weight(&mut parts, claims, total);
    parts
}
