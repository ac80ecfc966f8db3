//! S3-FIFO.
//!
//! J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi: FIFO queues are all you need
//! for cache eviction. SOSP 2023, algorithm 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::cache::{Ghosts, Item, List, PerSlot, Segments, Slot, Table, share};
use crate::spec::{Capacity, Fraction, Problems};

/// Parameters of [`S3Fifo`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct S3FifoSpec {
    /// What the small queue has of the capacity, from 0 to 1. Default: 0.1.
    pub small: Fraction,
    /// How many keys that went are remembered, as a share of the capacity, from
    /// 0 to 1. Default: 0.9.
    pub ghosts: Fraction,
    /// Hits in the small queue that take an entry into the main one, from 1 to
    /// 255. Default: 2.
    pub threshold: u8,
}

impl Default for S3FifoSpec {
    fn default() -> Self {
        S3FifoSpec { small: Fraction::percent(10), ghosts: Fraction::percent(90), threshold: 2 }
    }
}

impl S3FifoSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if self.threshold == 0 {
            problems.at("threshold", |p| {
                p.error_help(
                    "nothing would ever leave the small queue",
                    "`threshold: 1` spares what was asked for once more",
                );
            });
        }
    }
}

/// Newcomers go through a small queue; those asked for again there, or soon
/// after they went, come into the main one, which is a CLOCK with two bits.
#[derive(Clone, Debug)]
pub struct S3Fifo {
    segments: Segments,
    hits: PerSlot<u8>,
    ghosts: Ghosts,
    small: u64,
    main: u64,
    threshold: u8,
    /// Whether the item that comes in is a ghost.
    known: bool,
    /// Whether anything ever had to go. Until then, what does not fit the small
    /// queue goes to the main one, which nobody else fills.
    full: bool,
}

const SMALL: List = List::nth(0);
const MAIN: List = List::nth(1);
/// Hits that count in the main queue.
const MOST: u8 = 3;

impl S3Fifo {
    /// An empty cache.
    pub fn new(capacity: Capacity, spec: &S3FifoSpec) -> Self {
        let segments = Segments::new(capacity, 2);
        let table = segments.table();
        let small = share(table.capacity(), spec.small.get()).max(1);
        S3Fifo {
            hits: PerSlot::default(),
            ghosts: Ghosts::new(share(table.capacity(), spec.ghosts.get()), table.is_weighted()),
            small,
            main: table.capacity() - small,
            threshold: spec.threshold,
            known: false,
            full: false,
            segments,
        }
    }

    /// Goes through the small queue until it finds one to evict.
    #[inline]
    fn small_victim(&mut self) -> Option<Slot> {
        loop {
            let slot = self.segments.back(SMALL)?;
            if self.hits[slot] < self.threshold {
                return Some(slot);
            }
            self.hits[slot] = 0;
            self.segments.move_to(MAIN, slot);
        }
    }

    /// Goes through the main queue until it finds one to evict.
    #[inline]
    fn main_victim(&mut self) -> Option<Slot> {
        loop {
            let slot = self.segments.back(MAIN)?;
            let hits = self.hits[slot].min(MOST);
            if hits == 0 {
                return Some(slot);
            }
            self.hits[slot] = hits - 1;
            self.segments.move_to(MAIN, slot);
        }
    }
}

impl Policy for S3Fifo {
    kept_in_segments!();

    fn bytes(&self) -> usize {
        self.segments.bytes() + self.hits.bytes() + self.ghosts.bytes()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        self.hits[slot] = self.hits[slot].saturating_add(1);
    }

    #[inline]
    fn miss(&mut self, item: Item) {
        self.known = self.ghosts.take(item.key);
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let crowded = !self.full && self.segments.weight(SMALL) >= self.small;
        let large = u64::from(item.weight) > self.small;
        let list = if self.known || crowded || large { MAIN } else { SMALL };
        let slot = self.segments.insert(item, list);
        self.hits.set(self.segments.table(), slot, 0);
        slot
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        self.full = true;
        if self.segments.weight(MAIN) <= self.main
            && let Some(slot) = self.small_victim()
        {
            return Some(slot);
        }
        self.main_victim().or_else(|| self.small_victim())
    }

    #[inline]
    fn evict(&mut self, slot: Slot) {
        if self.segments.list_of(slot) == SMALL {
            self.ghosts.push(self.table().item(slot));
        }
        self.segments.remove(slot);
    }

    fn renew(&mut self, slot: Slot, item: Item) {
        self.segments.reweigh(slot, item.weight);
        self.hit(slot);
    }
}
