//! Eviction policies: what goes when a cache is full. One file each.
//!
//! To add one: write its file, implementing [`Policy`] on a [`Table`], and give
//! it a line in the list below: its name in experiments, its type, its parameters
//! if it has any, and what makes it. What all share is in `eviction`, below them.
//!
//! [`Belady`] is not in the list: it must know the whole trace beforehand.

#[macro_use]
mod choice;
#[macro_use]
mod kept;

mod arc;
mod belady;
mod clock;
mod eviction;
mod fifo;
mod gdsf;
mod lfu;
mod lirs;
mod lru;
mod lru_k;
mod random;
mod s3_fifo;
mod sieve;
mod slru;
mod two_q;
mod w_tinylfu;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Item, Key, Slot, Table};
use crate::kernel::Stream;
use crate::spec::{Capacity, Problems};

pub use arc::Arc;
pub use belady::Belady;
pub use clock::{Clock, ClockSpec};
pub use eviction::Policy;
pub use fifo::Fifo;
pub use gdsf::Gdsf;
pub use lfu::Lfu;
pub use lirs::{Lirs, LirsSpec};
pub use lru::Lru;
pub use lru_k::{LruK, LruKSpec};
pub use random::Random;
pub use s3_fifo::{S3Fifo, S3FifoSpec};
pub use sieve::Sieve;
pub use slru::{Slru, SlruSpec};
pub use two_q::{TwoQ, TwoQSpec};
pub use w_tinylfu::{WTinylfu, WTinylfuSpec};

policies! { capacity, stream;
    /// Least recently used: a hit makes an entry the last to go.
    #[default]
    "lru": Lru => Lru::new(capacity);
    /// First in, first out: hits do not matter.
    "fifo": Fifo => Fifo::new(capacity);
    /// Every entry is as likely to go as any other.
    "random": Random => Random::new(capacity, stream);
    /// The least frequently used goes; of equals, the first to get there.
    "lfu": Lfu => Lfu::new(capacity);
    /// First in, first out, but what was hit gets another round.
    "clock": Clock(spec: ClockSpec) => Clock::new(capacity, spec);
    /// A hand that evicts what was not hit since it last passed.
    "sieve": Sieve => Sieve::new(capacity);
    /// Newcomers prove themselves in a small queue before the main one.
    "s3_fifo": S3Fifo(spec: S3FifoSpec) => S3Fifo::new(capacity, spec);
    /// A small LRU window, then admission to the rest by frequency.
    "w_tinylfu": WTinylfu(spec: WTinylfuSpec) => WTinylfu::new(capacity, spec);
    /// LRU of what was asked for once and more often, in proportions that adapt.
    "arc": Arc => Arc::new(capacity);
    /// A queue of newcomers, and LRU of what was asked for after it had gone.
    "two_q": TwoQ(spec: TwoQSpec) => TwoQ::new(capacity, spec);
    /// LRU in segments; each hit lifts an entry by one.
    "slru": Slru(spec: SlruSpec) => Slru::new(capacity, spec);
    /// What was not asked for twice within a short while goes first.
    "lirs": Lirs(spec: LirsSpec) => Lirs::new(capacity, spec);
    /// The entry goes whose k-th last use is the longest ago.
    "lru_k": LruK(spec: LruKSpec) => LruK::new(capacity, spec);
    /// By frequency, cost and weight: what is cheap to make again goes first.
    "gdsf": Gdsf => Gdsf::new(capacity);
}

impl AnyPolicy {
    /// See [`Table::number_keys`].
    pub fn number_keys(&mut self, keys: usize) {
        dispatch!(self, policy => policy.table_mut().number_keys(keys));
    }

    /// The slot of `key`.
    #[inline]
    pub fn find(&self, key: Key) -> Option<Slot> {
        self.table().find(key)
    }

    /// The entries.
    #[inline]
    pub fn table(&self) -> &Table {
        dispatch!(self, policy => policy.table())
    }

    /// See [`Policy::bytes`].
    pub fn bytes(&self) -> usize {
        dispatch!(self, policy => policy.bytes())
    }

    /// See [`Policy::hit`].
    #[inline]
    pub fn hit(&mut self, slot: Slot) {
        dispatch!(self, policy => policy.hit(slot));
    }

    /// See [`Policy::admit`].
    pub fn admit(&mut self, item: Item, evicted: impl FnMut(Slot)) -> Option<Slot> {
        dispatch!(self, policy => policy.admit(item, evicted))
    }

    /// See [`Policy::rewrite`].
    pub fn rewrite(&mut self, slot: Slot, item: Item, evicted: impl FnMut(Slot)) -> bool {
        dispatch!(self, policy => policy.rewrite(slot, item, evicted))
    }

    /// See [`Policy::remove`].
    pub fn remove(&mut self, slot: Slot) {
        dispatch!(self, policy => policy.remove(slot));
    }

    /// Takes out the entry that goes next.
    pub fn pop(&mut self) -> Option<Slot> {
        dispatch!(self, policy => {
            let victim = policy.victim()?;
            policy.evict(victim);
            Some(victim)
        })
    }

    /// See [`Policy::request`].
    #[inline]
    pub fn request(&mut self, item: Item) -> bool {
        dispatch!(self, policy => policy.request(item))
    }

    /// Replays a trace, choosing the policy's code once. Returns the number of
    /// hits.
    pub fn replay(&mut self, trace: impl IntoIterator<Item = Item>) -> u64 {
        dispatch!(self, policy => {
            trace.into_iter().map(|item| u64::from(policy.request(item))).sum()
        })
    }

    /// As [`AnyPolicy::replay`], but tells `seen` of each item whether it was a
    /// hit.
    pub fn replay_each(
        &mut self,
        trace: impl IntoIterator<Item = Item>,
        mut seen: impl FnMut(Item, bool),
    ) {
        dispatch!(self, policy => {
            for item in trace {
                seen(item, policy.request(item));
            }
        });
    }
}
