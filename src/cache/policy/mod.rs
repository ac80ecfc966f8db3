//! Eviction policies: what goes when a cache is full. One file each.
//!
//! To add one: write its file, implementing [`Policy`] on a [`Table`], and give
//! it a line in the list below: its name in experiments, its type, its parameters
//! if it has any, and what makes it.
//!
//! [`Belady`] is not in the list: it must know the whole trace beforehand.

#[macro_use]
mod choice;
#[macro_use]
mod kept;

mod arc;
mod belady;
mod clock;
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

use super::{Key, Slot, Table};
use crate::kernel::Stream;
use crate::spec::{Capacity, Problems};

pub use arc::Arc;
pub use belady::Belady;
pub use clock::{Clock, ClockSpec};
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

/// What is asked for and stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Its id.
    pub key: Key,
    /// What it takes, in the unit of the capacity. Where entries are counted,
    /// and under an unbounded capacity, it is taken to be 1.
    pub weight: u32,
    /// What it costs to make again, US dollars; 1 where unknown.
    pub cost: f32,
}

impl Item {
    /// An item of which nothing matters but its id: of weight and cost 1.
    pub const fn unit(key: Key) -> Self {
        Item::new(key, 1)
    }

    /// An item of unknown cost.
    pub const fn new(key: Key, weight: u32) -> Self {
        Item { key, weight, cost: 1.0 }
    }
}

/// An eviction policy together with the entries it looks after.
///
/// A policy says how entries are ordered ([`hit`](Policy::hit),
/// [`place`](Policy::place), [`victim`](Policy::victim)); the rest follows, and
/// may be replaced by one that does more, such as remembering what it evicted.
pub trait Policy {
    /// The entries.
    fn table(&self) -> &Table;

    /// The entries, to change.
    fn table_mut(&mut self) -> &mut Table;

    /// Notes that the entry in `slot` was asked for, or written anew.
    fn hit(&mut self, slot: Slot);

    /// Notes that `item`, which is not there, is about to come in; nothing has
    /// gone for it yet.
    #[inline]
    fn miss(&mut self, _item: Item) {}

    /// Puts an entry that is not there yet into the table. `item.weight` is what
    /// it [counts](Table::counted) for.
    fn place(&mut self, item: Item) -> Slot;

    /// The entry that goes next; `None` only where there is no entry.
    fn victim(&mut self) -> Option<Slot>;

    /// Takes out the entry that [`victim`](Policy::victim) named.
    #[inline]
    fn evict(&mut self, slot: Slot) {
        self.remove(slot);
    }

    /// Takes an entry out that did not have to go, such as an expired one.
    #[inline]
    fn remove(&mut self, slot: Slot) {
        self.table_mut().remove(slot);
    }

    /// Notes that the entry in `slot` was written anew, and that `item.weight` is
    /// what it counts for now.
    #[inline]
    fn renew(&mut self, slot: Slot, item: Item) {
        self.hit(slot);
        self.table_mut().reweigh(slot, item.weight);
    }

    /// Bytes of memory held.
    fn bytes(&self) -> usize {
        self.table().bytes()
    }

    /// Adds an entry that is not there yet, and tells `evicted` of each entry
    /// that had to go (its slot may be used again at once). `None` if it is not
    /// stored: alone it weighs more than the capacity.
    #[inline]
    fn admit(&mut self, item: Item, mut evicted: impl FnMut(Slot)) -> Option<Slot> {
        let item = self.table().counted(item);
        if u64::from(item.weight) > self.table().capacity() {
            return None;
        }
        self.miss(item);
        while !self.table().has_room(item.weight) {
            let victim = self.victim()?;
            evicted(victim);
            self.evict(victim);
        }
        Some(self.place(item))
    }

    /// Notes that the entry in `slot` was written anew and is `item` now, and
    /// tells `evicted` of each entry that had to go for it. False if it went
    /// itself: it outgrew the capacity, or its turn came.
    fn rewrite(&mut self, slot: Slot, item: Item, mut evicted: impl FnMut(Slot)) -> bool {
        debug_assert_eq!(self.table().key(slot), item.key, "an entry keeps its key");
        let item = self.table().counted(item);
        if u64::from(item.weight) > self.table().capacity() {
            evicted(slot);
            self.remove(slot);
            return false;
        }
        self.renew(slot, item);
        while !self.table().has_room(0) {
            let Some(victim) = self.victim() else { break };
            evicted(victim);
            self.evict(victim);
            if victim == slot {
                return false;
            }
        }
        true
    }

    /// One request of a trace: a hit, or a miss that is stored. True if a hit.
    #[inline]
    fn request(&mut self, item: Item) -> bool {
        let found = self.table().find(item.key);
        if let Some(slot) = found {
            self.hit(slot);
        } else {
            self.admit(item, |_| {});
        }
        found.is_some()
    }
}

impl AnyPolicy {
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
