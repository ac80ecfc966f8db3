//! Randomness that belongs to things: the same draw whenever it is asked for.

use crate::kernel::Stream;

/// The finalizer of `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): each bit of
/// the result depends on all bits of `bits`.
#[inline]
pub(super) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Gives 64 random bits to each thing and to each pair of things, keyed by a
/// stream, that is by seed and replication.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keyed(u64);

impl Keyed {
    /// The next key of a stream.
    pub fn new(stream: &mut Stream) -> Self {
        Keyed(stream.bits())
    }

    /// The bits of one thing.
    #[inline]
    pub const fn of(self, id: u64) -> u64 {
        mix(self.0.wrapping_add(id.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// The bits of two things, in either order.
    #[inline]
    pub const fn of_pair(self, a: u64, b: u64) -> u64 {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        Keyed(self.of(low)).of(high)
    }
}

/// Uniform on (0, 1) of 64 bits: the middle of one of 2^52 cells.
#[inline]
pub(super) fn uniform(bits: u64) -> f64 {
    ((bits >> 12) as f64 * 2.0 + 1.0) * (1.0 / (1u64 << 53) as f64)
}
