//! Lots that are drawn for something by name: the same for the same thing,
//! whatever else is drawn, in whichever order.
//!
//! Two ways of choosing models are compared on the same luck: a request that one
//! of them sends to a model gets the same answer there as from the other.

use crate::kernel::Stream;

/// Lots of one kind, keyed by a word of its random stream.
#[derive(Clone, Copy, Debug)]
pub struct Dice {
    key: u64,
}

impl Dice {
    /// Lots keyed by the stream's next word.
    pub fn new(stream: &mut Stream) -> Self {
        Dice { key: stream.bits() }
    }

    /// Uniform on the open interval (0, 1), for the pair of `a` and `b`.
    #[inline]
    pub fn uniform(self, a: u64, b: u64) -> f64 {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        const CELL: f64 = 1.0 / (1u64 << 53) as f64;
        let bits = mix(mix(self.key ^ a).wrapping_add(b.wrapping_mul(GOLDEN)).wrapping_add(GOLDEN));
        ((bits >> 12) as f64 * 2.0 + 1.0) * CELL
    }
}

/// The finalizer of `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014; variant 13
/// of Stafford).
#[inline]
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    /// Chi-square of 16 x 16 cells of two neighbouring lots, 255 degrees of
    /// freedom: below 330.5 with probability 99.9 %.
    #[test]
    fn lots_of_neighbours_are_uniform_and_independent() {
        let dice = Dice::new(&mut Streams::new(7, 0).stream("dice"));
        for (next_a, next_b) in [(1, 0), (0, 1)] {
            let mut cells = [0_u32; 256];
            for i in 0..100_000 {
                let cell = |a, b| (dice.uniform(a, b) * 16.0) as usize;
                cells[cell(i, 3) * 16 + cell(i + next_a, 3 + next_b)] += 1;
            }
            let expected = 100_000.0 / 256.0;
            let chi: f64 =
                cells.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum();
            assert!(chi < 330.5, "{chi}");
        }
    }
}
