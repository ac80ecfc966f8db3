//! How much of what was found is worth loading.

use super::tier::Tier;
use crate::kernel::{Duration, Time};

/// Adds up the run of blocks found from the first on, and remembers where it is
/// best cut off: the time until all before the cut are loaded (links of different
/// tiers work at the same time) and all behind it are computed is least there.
#[derive(Clone, Debug)]
pub(super) struct Loading {
    /// Blocks by tier, of the run, and up to the cut where that is shorter.
    run: Vec<u64>,
    cut: Vec<u64>,
    /// Blocks of the run and up to the cut.
    length: u32,
    kept: u32,
    /// Until the run is loaded.
    time: Duration,
    /// By how much the run up to the cut is faster than to compute it.
    gain: i128,
}

impl Loading {
    pub fn new(tiers: usize) -> Self {
        Loading {
            run: vec![0; tiers],
            cut: vec![0; tiers],
            length: 0,
            kept: 0,
            time: Duration::ZERO,
            gain: 0,
        }
    }

    pub fn begin(&mut self) {
        self.run.fill(0);
        (self.length, self.kept, self.time, self.gain) = (0, 0, Duration::ZERO, 0);
    }

    /// The next block is in the tier at `depth`. To compute it takes `compute`;
    /// `None`: whatever is found is loaded.
    #[inline]
    pub fn add(&mut self, depth: usize, tier: &Tier, now: Time, compute: Option<Duration>) {
        let blocks = self.run[depth] + 1;
        if let Some(compute) = compute {
            self.time = self.time.max(tier.time_to_load(blocks, now));
            let computed = i128::from(compute.as_nanos()) * i128::from(self.length + 1);
            let gain = computed - i128::from(self.time.as_nanos());
            if gain < self.gain {
                if self.kept == self.length {
                    self.cut.copy_from_slice(&self.run);
                }
                self.run[depth] = blocks;
                self.length += 1;
                return;
            }
            self.gain = gain;
        }
        self.run[depth] = blocks;
        self.length += 1;
        self.kept = self.length;
    }

    /// Blocks up to the cut.
    pub fn kept(&self) -> u32 {
        self.kept
    }

    /// Of these, those in the tier at `depth`.
    pub fn kept_of(&self, depth: usize) -> u64 {
        if self.kept == self.length { self.run[depth] } else { self.cut[depth] }
    }
}
