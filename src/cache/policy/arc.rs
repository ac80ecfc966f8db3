//! Adaptive replacement cache.
//!
//! N. Megiddo, D. S. Modha: ARC: a self-tuning, low overhead replacement cache.
//! FAST 2003, figure 4.

use super::Policy;
use crate::cache::{Ghosts, Item, List, Segments, Slot, Table};
use crate::spec::Capacity;

/// What was asked for once and what was asked for again, each in the order of
/// last use. A hit on a key that went lately from either makes its part larger.
#[derive(Clone, Debug)]
pub struct Arc {
    segments: Segments,
    /// What went from [`ONCE`] (`B1` in the paper) and from [`AGAIN`] (`B2`).
    ghosts: [Ghosts; 2],
    /// What [`ONCE`] should weigh: `p` in the paper.
    target: f64,
    known: Known,
}

/// Which ghost the item that comes in is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    No,
    Once,
    Again,
}

/// `T1` in the paper.
const ONCE: List = List::nth(0);
/// `T2` in the paper.
const AGAIN: List = List::nth(1);

impl Arc {
    /// An empty cache.
    pub fn new(capacity: Capacity) -> Self {
        let segments = Segments::new(capacity, 2);
        let table = segments.table();
        let ghosts = || Ghosts::new(table.capacity().saturating_mul(2), table.is_weighted());
        Arc { ghosts: [ghosts(), ghosts()], target: 0.0, known: Known::No, segments }
    }

    /// The lists and ghosts hold no more than the paper's directory: those of
    /// [`ONCE`] as much as the cache, all together twice as much.
    #[inline]
    fn trim(&mut self) {
        let capacity = self.table().capacity();
        let [once, again] = &mut self.ghosts;
        while once.weight() > 0 && self.segments.weight(ONCE) + once.weight() > capacity {
            once.drop_oldest();
        }
        let others = self.segments.table().weight() + once.weight();
        while again.weight() > 0 && others + again.weight() > capacity.saturating_mul(2) {
            again.drop_oldest();
        }
    }
}

impl Policy for Arc {
    kept_in_segments!();

    fn bytes(&self) -> usize {
        self.segments.bytes() + self.ghosts.iter().map(Ghosts::bytes).sum::<usize>()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        self.segments.move_to(AGAIN, slot);
    }

    #[inline]
    fn miss(&mut self, item: Item) {
        let [once, again] = [0, 1].map(|which: usize| self.ghosts[which].weight() as f64);
        self.known = if self.ghosts[0].take(item.key) {
            let most = self.table().capacity() as f64;
            let step = (again / once).max(1.0) * f64::from(item.weight);
            self.target = (self.target + step).min(most);
            Known::Once
        } else if self.ghosts[1].take(item.key) {
            let step = (once / again).max(1.0) * f64::from(item.weight);
            self.target = (self.target - step).max(0.0);
            Known::Again
        } else {
            Known::No
        };
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let list = if self.known == Known::No { ONCE } else { AGAIN };
        let slot = self.segments.insert(item, list);
        self.trim();
        slot
    }

    /// `REPLACE` in the paper.
    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        let once = self.segments.weight(ONCE) as f64;
        let shrink = once > self.target || once == self.target && self.known == Known::Again;
        let (first, second) = if shrink { (ONCE, AGAIN) } else { (AGAIN, ONCE) };
        self.segments.back(first).or_else(|| self.segments.back(second))
    }

    #[inline]
    fn evict(&mut self, slot: Slot) {
        let ghosts = &mut self.ghosts[self.segments.list_of(slot).index()];
        ghosts.push(self.segments.table().item(slot));
        self.segments.remove(slot);
    }

    fn renew(&mut self, slot: Slot, item: Item) {
        self.segments.reweigh(slot, item.weight);
        self.hit(slot);
    }
}
