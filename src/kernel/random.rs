//! Named random streams.
//!
//! Every source of randomness draws from a stream of its own, keyed by (seed,
//! replication, component name). Changing or removing one component leaves the
//! draws of all others as they were: common random numbers across sweep points
//! come for free. Values are made by inversion, one 64-bit word each, so that
//! streams stay in step when a parameter changes.

use md5::{Digest, Md5};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::keyed_uniform::uniform_of;
use super::normal::normal_quantile;
use super::time::Duration;

/// The streams of one run.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
    replication: u64,
    /// All ones where every draw is mirrored.
    mirror: u64,
}

impl Streams {
    /// The streams of replication `replication` of an experiment with `seed`.
    pub const fn new(seed: u64, replication: u64) -> Self {
        Streams { seed, replication, mirror: 0 }
    }

    /// The same streams mirrored: where they draw `u` from (0, 1), these draw `1 - u`.
    /// A run on each makes an antithetic pair (Hammersley and Morton, 1956): where one
    /// is lucky the other is not, and their mean varies less.
    ///
    /// ```
    /// use windtunnel::kernel::Streams;
    ///
    /// let streams = Streams::new(42, 0);
    /// let (mut one, mut other) = (streams.stream("x"), streams.mirrored().stream("x"));
    /// assert_eq!(one.uniform() + other.uniform(), 1.0);
    /// ```
    #[must_use]
    pub const fn mirrored(self) -> Self {
        Streams { mirror: !self.mirror, ..self }
    }

    /// The stream of the component called `name`, from its beginning.
    pub fn stream(&self, name: &str) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&self.replication.to_le_bytes());
        key[16..].copy_from_slice(&Md5::digest(name.as_bytes()));
        let mut source = ChaCha8Rng::from_seed(key);
        let mirror = self.mirror;
        Stream { next: source.next_u64() ^ mirror, log: None, mirror, source }
    }
}

/// A stream of random numbers (`ChaCha8`: within 6 % of `ChaCha12`'s cost here, and
/// far beyond what a simulation can tell from true randomness).
#[derive(Clone, Debug)]
pub struct Stream {
    source: ChaCha8Rng,
    /// What every word is combined with: nothing, or all ones for the mirrored stream.
    mirror: u64,
    /// The word to give next.
    next: u64,
    /// The logarithm of the uniform in `next`, on a stream of exponentials. It is
    /// taken one draw ahead, while the processor does other things: waiting for
    /// it when an event is scheduled took a quarter of the time of M/M/1.
    log: Option<f64>,
}

impl Stream {
    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.log = None;
        std::mem::replace(&mut self.next, self.source.next_u64() ^ self.mirror)
    }

    /// Uniform on the open interval (0, 1): the middle of one of 2^52 cells, so
    /// that neither `ln(u)` nor `ln(1 - u)` is ever infinite.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        uniform_of(self.bits())
    }

    /// Uniform on `0..bound` (Lemire's multiplication; its bias is under
    /// bound / 2^64).
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// Exponential with the given mean, by inversion.
    #[inline]
    pub fn exponential(&mut self, mean: f64) -> f64 {
        let log = self.log.unwrap_or_else(|| libm::log(uniform_of(self.next)));
        self.next = self.source.next_u64() ^ self.mirror;
        self.log = Some(libm::log(uniform_of(self.next)));
        -mean * log
    }

    /// Exponential with a mean of `mean` seconds, as a span of time: the gaps of
    /// a Poisson process.
    #[inline]
    pub fn exponential_span(&mut self, mean: f64) -> Duration {
        Duration::from_secs_f64(self.exponential(mean))
    }

    /// Standard normal, by inversion.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }
}
