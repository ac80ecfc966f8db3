//! Draws that belong to a thing, not to the moment at which they are made.
//!
//! Two systems are compared on the same luck: what a session does, or a model answers to a
//! request, is the same in both, whatever else is drawn, in whichever order.

use super::random::Stream;

/// 2^64 over the golden ratio, odd: what `SplitMix64` counts by.
pub const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014; variant 13 of
/// Stafford): it takes no two values to the same, and each bit of the result depends on all
/// bits of `bits`.
#[inline]
pub const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// 64 random bits, a function of `key` and `id` alone: output number `id` of the
/// generator `SplitMix64` seeded by `key`.
#[inline]
pub const fn keyed_bits(key: u64, id: u64) -> u64 {
    mix(key.wrapping_add(id.wrapping_add(1).wrapping_mul(GOLDEN)))
}

/// Uniform on (0, 1), of [`keyed_bits`].
#[inline]
pub fn keyed_uniform(key: u64, id: u64) -> f64 {
    uniform_of(keyed_bits(key, id))
}

/// Uniform on the open interval (0, 1) of 64 random bits: the middle of one of 2^52 cells,
/// so that neither `ln(u)` nor `ln(1 - u)` is ever infinite.
#[inline]
pub fn uniform_of(bits: u64) -> f64 {
    const CELL: f64 = 1.0 / (1u64 << 53) as f64;
    // With one more bit the largest value, 1 - 2^-54, would round to 1.
    ((bits >> 12) as f64 * 2.0 + 1.0) * CELL
}

/// Random bits and uniform variates by number, keyed by a word of a random stream, that is
/// by seed and replication: the same whenever and in whatever order they are asked for.
///
/// ```
/// use windtunnel::kernel::{Keyed, Streams};
///
/// let luck = Keyed::new(&mut Streams::new(42, 0).stream("answers"));
/// let (first, second) = (luck.uniform(1), luck.uniform(2));
/// assert_eq!([luck.uniform(2), luck.uniform(1)], [second, first]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Keyed {
    key: u64,
}

impl Keyed {
    /// Draws keyed by the stream's next word.
    pub fn new(stream: &mut Stream) -> Self {
        Keyed { key: stream.bits() }
    }

    /// The bits of thing `id`.
    #[inline]
    pub const fn bits(self, id: u64) -> u64 {
        keyed_bits(self.key, id)
    }

    /// The bits of two things, in either order.
    #[inline]
    pub const fn bits_of_pair(self, a: u64, b: u64) -> u64 {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        keyed_bits(self.bits(low), high)
    }

    /// The variate of thing `id`, uniform on (0, 1).
    #[inline]
    pub fn uniform(self, id: u64) -> f64 {
        keyed_uniform(self.key, id)
    }

    /// Variate `step` of thing `id`, uniform on (0, 1).
    #[inline]
    pub fn uniform_at(self, id: u64, step: u32) -> f64 {
        keyed_uniform(mix(self.key ^ mix(id.wrapping_add(GOLDEN))), u64::from(step))
    }

    /// The variate of `a` and `b`, in this order, uniform on (0, 1).
    #[inline]
    pub fn uniform_of_two(self, a: u64, b: u64) -> f64 {
        keyed_uniform(mix(self.key ^ a), b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chi_square(cell: impl Fn(u64) -> f64) -> f64 {
        let mut cells = [0u32; 100];
        for id in 0..100_000 {
            cells[(cell(id) * 100.0) as usize] += 1;
        }
        cells.iter().map(|&n| (f64::from(n) - 1000.0).powi(2) / 1000.0).sum()
    }

    #[test]
    fn keyed_draws_are_uniform_over_things_and_over_steps() {
        let keyed = Keyed { key: 7 };
        for chi2 in [
            chi_square(|id| keyed.uniform(id)),
            chi_square(|id| keyed.uniform_at(id, 3)),
            chi_square(|id| keyed.uniform_at(3, id as u32)),
            chi_square(|id| keyed.uniform_at(id << 32, 0)),
        ] {
            assert!((54.0..149.0).contains(&chi2), "99.9 % of chi-square(99): {chi2}");
        }
    }

    #[test]
    fn draws_are_what_they_always_were() {
        let keyed = Keyed { key: 7 };
        let bits = [keyed.bits(3), keyed.bits_of_pair(9, 2), keyed.bits_of_pair(2, 9)];
        assert_eq!(bits, [0x953a_eb70_673e_29cb, 0xa1fb_f291_168d_9cc1, 0xa1fb_f291_168d_9cc1]);
        // SplitMix64's published first output for the seed 0.
        assert_eq!(keyed_bits(0, 0), 0xe220_a839_7b1d_cdaf);
        let uniform = [keyed.uniform(3), keyed.uniform_at(3, 1), keyed.uniform_of_two(3, 1)];
        assert_eq!(
            uniform.map(f64::to_bits),
            [0x3fe2_a75d_6e0c_e7c5, 0x3fec_9458_50c9_4057, 0x3fe8_f83b_d73f_760d]
        );
    }

    /// Chi-square of 16 x 16 cells of two neighbouring draws, 255 degrees of
    /// freedom: below 330.5 with probability 99.9 %.
    #[test]
    fn draws_of_neighbours_are_uniform_and_independent() {
        let draws = Keyed::new(&mut crate::kernel::Streams::new(7, 0).stream("dice"));
        for (next_a, next_b) in [(1, 0), (0, 1)] {
            let mut cells = [0_u32; 256];
            for i in 0..100_000 {
                let cell = |a, b| (draws.uniform_of_two(a, b) * 16.0) as usize;
                cells[cell(i, 3) * 16 + cell(i + next_a, 3 + next_b)] += 1;
            }
            let expected = 100_000.0 / 256.0;
            let chi: f64 =
                cells.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum();
            assert!(chi < 330.5, "{chi}");
        }
    }
}
