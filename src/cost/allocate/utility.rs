//! Shares by marginal utility.

use super::{Claim, by_weight};

/// Halvings of the price of a unit: more than a double's digits.
const HALVINGS: u32 = 200;

/// The division with the greatest total utility, where `x` units are worth
/// `weight x wanted x ln(1 + x / wanted)` to one who wants `wanted`, and more than
/// that nothing: the first unit is worth its weight and the last half of it.
///
/// At the best division the next unit is worth the same everywhere (or there is
/// no room): a price is found by bisection at which the units that are worth it
/// add up to the total. What nobody wants is given by weight.
pub fn divide(total: f64, claims: &[Claim]) -> Vec<f64> {
    let at = |price: f64| -> Vec<f64> {
        // Clamped first: at a price of next to nothing, 0 x infinity is no number.
        let part = |claim: &Claim| claim.wanted * (claim.weight / price - 1.0).clamp(0.0, 1.0);
        claims.iter().map(part).collect()
    };
    let dearest = claims.iter().map(|claim| claim.weight).fold(0.0, f64::max);
    if dearest <= 0.0 {
        let mut parts = vec![0.0; claims.len()];
        by_weight(&mut parts, claims, total);
        return parts;
    }
    let (mut low, mut high) = (0.0, dearest);
    for _ in 0..HALVINGS {
        let price = f64::midpoint(low, high);
        if price <= low || price >= high {
            break;
        }
        if at(price).iter().sum::<f64>() > total { low = price } else { high = price }
    }
    let mut parts = at(high);
    let left = (total - parts.iter().sum::<f64>()).max(0.0);
    // Whoever is at the price takes what rounding, or a jump there, has left.
    let room: Vec<f64> =
        at(low.max(f64::MIN_POSITIVE)).iter().zip(&parts).map(|(a, b)| a - b).collect();
    let sum: f64 = room.iter().sum();
    let take = left.min(sum);
    if take > 0.0 {
        parts.iter_mut().zip(&room).for_each(|(part, room)| *part += take * room / sum);
    }
    by_weight(&mut parts, claims, left - take.max(0.0));
    parts
}
