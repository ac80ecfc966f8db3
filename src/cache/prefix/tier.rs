//! One tier: blocks under a policy, and the link over which they are loaded.

use super::spec::TierSpec;
use crate::cache::{AnyPolicy, Item, Key, Slot};
use crate::kernel::{Duration, Stream, Time};
use crate::spec::Capacity;

/// What happened in a tier, in blocks. As long as statistics are not reset,
/// `insertions = evictions + promotions + blocks held`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TierStats {
    /// Blocks of prompts that were in this tier, and in none before it.
    pub found: u64,
    /// Of these, those that were used: part of a prompt's beginning, and worth
    /// loading.
    pub used: u64,
    /// Blocks that came in.
    pub insertions: u64,
    /// Blocks that left for the first tier, where they were found again.
    pub promotions: u64,
    /// Blocks that had to go.
    pub evictions: u64,
    /// Nanoseconds that requests waited for its link and its blocks.
    pub loading_ns: u128,
}

impl TierStats {
    pub(super) fn add(&mut self, other: &TierStats) {
        self.found += other.found;
        self.used += other.used;
        self.insertions += other.insertions;
        self.promotions += other.promotions;
        self.evictions += other.evictions;
        self.loading_ns += other.loading_ns;
    }
}

/// A tier of one server, or one that all share.
#[derive(Clone, Debug)]
pub struct Tier {
    policy: AnyPolicy,
    /// By slot, the block in it, where evicted blocks have somewhere to go.
    blocks: Option<Vec<Key>>,
    latency: Duration,
    nanos_per_block: f64,
    /// Loads follow each other: when the link is done with those before.
    link_free: Time,
    pub(super) stats: TierStats,
}

impl Tier {
    /// An empty tier of a capacity in blocks. `last`: what it evicts is lost.
    pub(super) fn new(
        spec: &TierSpec,
        capacity: Capacity,
        block_bytes: u64,
        last: bool,
        stream: Stream,
    ) -> Self {
        let seconds = spec.bandwidth.map(|width| block_bytes as f64 / width.bytes_per_sec());
        Tier {
            policy: spec.policy.build(capacity, stream),
            blocks: (!last).then(Vec::new),
            latency: spec.latency,
            nanos_per_block: seconds.unwrap_or(0.0) * 1e9,
            link_free: Time::ZERO,
            stats: TierStats::default(),
        }
    }

    /// Blocks held.
    pub fn len(&self) -> usize {
        self.policy.table().len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.policy.table().is_empty()
    }

    /// Whether `block` is held.
    pub fn holds(&self, block: u64) -> bool {
        self.policy.find(Key(block)).is_some()
    }

    #[inline]
    pub(super) fn find(&self, block: Key) -> Option<Slot> {
        self.policy.find(block)
    }

    /// Notes that a block was asked for.
    #[inline]
    pub(super) fn touch(&mut self, slot: Slot) {
        self.policy.hit(slot);
    }

    /// Takes a block out, for the first tier.
    pub(super) fn promote(&mut self, slot: Slot) {
        self.policy.remove(slot);
        self.stats.promotions += 1;
    }

    /// Loses all blocks, and is as `blank` is; its counts go on.
    pub(super) fn empty(&mut self, blank: &Tier) {
        let mut stats = self.stats;
        stats.evictions += self.len() as u64;
        *self = Tier { stats, ..blank.clone() };
    }

    /// Puts in a block that is not there; those that had to go for it (itself, if
    /// it was not taken) are added to `gone`.
    #[inline]
    pub(super) fn insert(&mut self, block: Key, gone: &mut Vec<Key>) {
        let Tier { policy, blocks, stats, .. } = self;
        let slot = policy.admit(Item::unit(block), |slot| {
            stats.evictions += 1;
            if let Some(blocks) = blocks {
                gone.push(blocks[slot.index()]);
            }
        });
        match (slot, blocks) {
            (Some(slot), Some(blocks)) => {
                if slot.index() >= blocks.len() {
                    blocks.resize(slot.index() + 1, block);
                }
                blocks[slot.index()] = block;
                stats.insertions += 1;
            }
            (Some(_), None) => stats.insertions += 1,
            (None, Some(_)) => gone.push(block),
            (None, None) => {}
        }
    }

    /// How long it takes from `now` until `blocks` are loaded.
    #[inline]
    pub(super) fn time_to_load(&self, blocks: u64, now: Time) -> Duration {
        if blocks == 0 {
            return Duration::ZERO;
        }
        let begins = self.link_free.max(now).saturating_add(self.latency);
        begins.saturating_add(self.span(blocks)).since(now)
    }

    /// Loads `blocks`: the link is busy with them.
    pub(super) fn load(&mut self, blocks: u64, now: Time) -> Duration {
        let time = self.time_to_load(blocks, now);
        self.stats.used += blocks;
        self.stats.loading_ns += u128::from(time.as_nanos());
        if blocks > 0 {
            self.link_free = self.link_free.max(now).saturating_add(self.span(blocks));
        }
        time
    }

    /// How long `blocks` take on the link.
    #[inline]
    fn span(&self, blocks: u64) -> Duration {
        // The cast saturates.
        Duration((blocks as f64 * self.nanos_per_block + 0.5) as u64)
    }
}
