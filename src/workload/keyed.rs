//! Draws that belong to a thing, not to the moment at which they are made.

use crate::kernel::Stream;

/// Uniform variates by number: the same whenever and in whatever order they are
/// asked for, so that what a session does is the same in every system that answers
/// it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keyed {
    key: u64,
}

impl Keyed {
    /// Variates of a key that `stream` draws.
    pub fn new(stream: &mut Stream) -> Self {
        Keyed { key: stream.bits() }
    }

    /// Variate `id`, uniform on (0, 1).
    #[inline]
    pub fn uniform(self, id: u64) -> f64 {
        keyed_uniform(self.key, id)
    }

    /// Variate `step` of thing `id`, uniform on (0, 1).
    #[inline]
    pub fn uniform_at(self, id: u64, step: u32) -> f64 {
        keyed_uniform(mix(self.key ^ mix(id.wrapping_add(GOLDEN))), u64::from(step))
    }
}

/// 64 random bits, a function of `key` and `id` alone: output number `id` of the
/// generator `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014) seeded by `key`.
#[inline]
pub(crate) const fn keyed_bits(key: u64, id: u64) -> u64 {
    mix(key.wrapping_add(id.wrapping_add(1).wrapping_mul(GOLDEN)))
}

/// Uniform on (0, 1), of [`keyed_bits`]. As `Stream::uniform`: the middle of one of
/// 2^52 cells.
#[inline]
pub(crate) fn keyed_uniform(key: u64, id: u64) -> f64 {
    ((keyed_bits(key, id) >> 12) as f64 * 2.0 + 1.0) * (1.0 / (1u64 << 53) as f64)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// `SplitMix64`'s finalizer, which takes no two values to the same.
#[inline]
pub(crate) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
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
}
