//! 2Q, full version.
//!
//! T. Johnson, D. Shasha: 2Q: a low overhead high performance buffer management
//! replacement algorithm. VLDB 1994, figure 2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::cache::{Ghosts, Item, List, Segments, Slot, Table, share};
use crate::spec::{Capacity, Fraction, Problems};

/// Parameters of [`TwoQ`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TwoQSpec {
    /// What newcomers (`A1in`) may keep of the capacity, from 0 to 1. Default:
    /// 0.25.
    #[serde(rename = "in")]
    pub newcomers: Fraction,
    /// How many keys that went are remembered (`A1out`), as a share of the
    /// capacity, from 0 to 1. Default: 0.5.
    #[serde(rename = "out")]
    pub ghosts: Fraction,
}

impl Default for TwoQSpec {
    fn default() -> Self {
        TwoQSpec { newcomers: Fraction::percent(25), ghosts: Fraction::percent(50) }
    }
}

impl TwoQSpec {
    /// Reports what cannot be simulated: nothing, as yet.
    pub fn check(&self, _: &mut Problems) {}
}

/// A queue of newcomers, in which hits do not matter, and the order of last use
/// of those that were asked for again after they had gone.
#[derive(Clone, Debug)]
pub struct TwoQ {
    segments: Segments,
    ghosts: Ghosts,
    newcomers: u64,
    known: bool,
}

/// `A1in` in the paper.
const NEW: List = List::nth(0);
/// `Am` in the paper.
const MAIN: List = List::nth(1);

impl TwoQ {
    /// An empty cache.
    pub fn new(capacity: Capacity, spec: &TwoQSpec) -> Self {
        let segments = Segments::new(capacity, 2);
        let table = segments.table();
        let ghosts = share(table.capacity(), spec.ghosts.get());
        let ghosts = Ghosts::new(ghosts, table.is_weighted());
        let newcomers = share(table.capacity(), spec.newcomers.get()).max(1);
        TwoQ { segments, ghosts, newcomers, known: false }
    }
}

impl Policy for TwoQ {
    kept_in_segments!();

    fn bytes(&self) -> usize {
        self.segments.bytes() + self.ghosts.bytes()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        if self.segments.list_of(slot) == MAIN {
            self.segments.move_to(MAIN, slot);
        }
    }

    #[inline]
    fn miss(&mut self, item: Item) {
        self.known = self.ghosts.take(item.key);
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        self.segments.insert(item, if self.known { MAIN } else { NEW })
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        let (first, second) =
            if self.segments.weight(NEW) > self.newcomers { (NEW, MAIN) } else { (MAIN, NEW) };
        self.segments.back(first).or_else(|| self.segments.back(second))
    }

    #[inline]
    fn evict(&mut self, slot: Slot) {
        if self.segments.list_of(slot) == NEW {
            self.ghosts.push(self.table().item(slot));
        }
        self.segments.remove(slot);
    }

    fn renew(&mut self, slot: Slot, item: Item) {
        self.segments.reweigh(slot, item.weight);
        self.hit(slot);
    }
}
