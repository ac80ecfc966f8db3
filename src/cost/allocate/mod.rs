//! A fixed amount of something divided among those who want it: a budget, a
//! quota of tokens, or servers.
//!
//! | rule | gives |
//! |---|---|
//! | [`fixed`](fixed::divide) | to each a share that was set, whatever is wanted |
//! | [`proportional`](proportional::divide) | to each in proportion to what it wants |
//! | [`max_min`](max_min::divide) | as much as possible to who has least, and nobody more than it wants while others lack |
//! | [`utility`](utility::divide) | where the next unit is worth most |
//!
//! Each is a function of the total and the claims; [`Allocation`] (of money or
//! tokens) and [`Places`] (of servers) apply one again and again during a run.

mod allocation;
pub mod fixed;
pub mod max_min;
mod part;
mod places;
pub mod proportional;
mod spec;
mod tenants;
pub mod utility;

pub use allocation::Allocation;
pub use part::{Part, fairness, utility_had};
pub use places::{Places, Seated, Tenant};
pub use spec::{AllocateSpec, AmongSpec, RuleSpec};

/// What somebody wants of the total.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// Units wanted.
    pub wanted: f64,
    /// A weight, share or value, of 0 or more.
    pub weight: f64,
}

/// Gives `rest` in proportion to weights, or evenly where all are 0.
fn by_weight(parts: &mut [f64], claims: &[Claim], rest: f64) {
    let sum: f64 = claims.iter().map(|claim| claim.weight).sum();
    for (part, claim) in parts.iter_mut().zip(claims) {
        let share = if sum > 0.0 { claim.weight / sum } else { 1.0 / claims.len() as f64 };
        *part += rest * share;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claims(claims: &[(f64, f64)]) -> Vec<Claim> {
        claims.iter().map(|&(wanted, weight)| Claim { wanted, weight }).collect()
    }

    fn close(parts: &[f64], expected: &[f64]) {
        assert!(
            parts.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6),
            "{parts:?} {expected:?}"
        );
    }

    #[test]
    fn shares_are_as_set_and_as_wanted() {
        let three = claims(&[(10.0, 1.0), (30.0, 2.0), (0.0, 1.0)]);
        close(&fixed::divide(100.0, &three), &[25.0, 50.0, 25.0]);
        close(&proportional::divide(100.0, &three), &[25.0, 75.0, 0.0]);
        close(&proportional::divide(9.0, &claims(&[(0.0, 1.0), (0.0, 2.0)])), &[3.0, 6.0]);
    }

    /// The example of Bertsekas and Gallager, Data Networks, section 6.5: who wants
    /// little gets it, the others share what is left.
    #[test]
    fn water_fills_the_small_claims_first() {
        let four = claims(&[(2.0, 1.0), (2.6, 1.0), (4.0, 1.0), (5.0, 1.0)]);
        close(&max_min::divide(10.0, &four), &[2.0, 2.6, 2.7, 2.7]);
        let weighted = claims(&[(4.0, 2.5), (2.0, 4.0), (10.0, 0.5), (4.0, 1.0)]);
        close(&max_min::divide(16.0, &weighted), &[4.0, 2.0, 6.0, 4.0]);
        // What nobody wants is given by weight.
        close(&max_min::divide(10.0, &claims(&[(1.0, 1.0), (3.0, 2.0)])), &[3.0, 7.0]);
    }

    #[test]
    fn the_next_unit_goes_where_it_is_worth_most() {
        // Marginal values v / (1 + x/d): equal at x = (8, 3) for d = 10 and v = (1.8, 1.3).
        close(&utility::divide(11.0, &claims(&[(10.0, 1.8), (10.0, 1.3)])), &[8.0, 3.0]);
        // Of no use beyond what is wanted.
        close(&utility::divide(5.0, &claims(&[(2.0, 9.0), (10.0, 1.0)])), &[2.0, 3.0]);
        close(&utility::divide(2.0, &claims(&[(10.0, 9.0), (10.0, 1.0)])), &[2.0, 0.0]);
    }

    proptest! {
        /// Everything is given, nothing twice, and by water-filling nobody can have
        /// more but at the cost of one who has no more.
        #[test]
        fn a_division_is_whole_and_max_min_fair(
            claims in prop::collection::vec((0_u32..100, 1_u32..5), 1..8),
            total in 1_u32..400,
        ) {
            let claims: Vec<Claim> = claims
                .iter()
                .map(|&(wanted, weight)| Claim { wanted: wanted.into(), weight: weight.into() })
                .collect();
            let total = f64::from(total);
            for divide in [fixed::divide, proportional::divide, max_min::divide, utility::divide] {
                let parts = divide(total, &claims);
                prop_assert!((parts.iter().sum::<f64>() - total).abs() < 1e-6 * total);
                prop_assert!(parts.iter().all(|part| *part >= 0.0));
            }
            let wanted: f64 = claims.iter().map(|claim| claim.wanted).sum();
            if wanted > total {
                let parts = max_min::divide(total, &claims);
                let level = |i: usize| parts[i] / claims[i].weight;
                let highest = (0..claims.len()).map(level).fold(0.0, f64::max);
                for (i, claim) in claims.iter().enumerate() {
                    prop_assert!(parts[i] <= claim.wanted + 1e-6);
                    let full = parts[i] >= claim.wanted - 1e-6;
                    prop_assert!(full || level(i) >= highest - 1e-6);
                }
            }
        }
    }
}
