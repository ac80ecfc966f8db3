//! W-TinyLFU.
//!
//! G. Einziger, R. Friedman, B. Manes: `TinyLFU`: a highly efficient cache
//! admission policy. ACM Transactions on Storage 13(4), 2017, section 4.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::cache::{Item, List, Segments, Sketch, Slot, Table, share};
use crate::spec::{Capacity, Fraction, Problems};

/// Parameters of [`WTinylfu`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WTinylfuSpec {
    /// What the window has of the capacity, from 0 to 1. Default: 0.01.
    pub window: Fraction,
    /// What the protected segment has of the rest, from 0 to 1. Default: 0.8.
    pub protected: Fraction,
}

impl Default for WTinylfuSpec {
    fn default() -> Self {
        WTinylfuSpec { window: Fraction::percent(1), protected: Fraction::percent(80) }
    }
}

impl WTinylfuSpec {
    /// Reports what cannot be simulated: nothing, as yet.
    pub fn check(&self, _: &mut Problems) {}
}

/// Newcomers go through a small LRU window. What falls off it comes into the
/// main part, a segmented LRU, only if it was asked for more often than what
/// would have to go there.
#[derive(Clone, Debug)]
pub struct WTinylfu {
    segments: Segments,
    sketch: Sketch,
    window: u64,
    main: u64,
    protected: u64,
}

const WINDOW: List = List::nth(0);
const PROBATION: List = List::nth(1);
const PROTECTED: List = List::nth(2);

impl WTinylfu {
    /// An empty cache.
    pub fn new(capacity: Capacity, spec: &WTinylfuSpec) -> Self {
        let segments = Segments::new(capacity, 3);
        let capacity = segments.table().capacity();
        let window = share(capacity, spec.window.get()).max(1);
        let main = capacity - window;
        let protected = share(main, spec.protected.get());
        WTinylfu { segments, sketch: Sketch::default(), window, main, protected }
    }

    #[inline]
    fn main_weight(&self) -> u64 {
        self.segments.weight(PROBATION) + self.segments.weight(PROTECTED)
    }

    #[inline]
    fn main_victim(&self) -> Option<Slot> {
        self.segments.back(PROBATION).or_else(|| self.segments.back(PROTECTED))
    }

    #[inline]
    fn main_has_room(&self, slot: Slot) -> bool {
        self.main_weight() + u64::from(self.table().weight_of(slot)) <= self.main
    }
}

impl Policy for WTinylfu {
    kept_in_segments!();

    fn bytes(&self) -> usize {
        self.segments.bytes() + self.sketch.bytes()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        self.sketch.count(self.table().key(slot));
        if self.segments.list_of(slot) == WINDOW {
            self.segments.move_to(WINDOW, slot);
            return;
        }
        self.segments.move_to(PROTECTED, slot);
        while self.segments.weight(PROTECTED) > self.protected
            && let Some(last) = self.segments.back(PROTECTED)
        {
            self.segments.move_to(PROBATION, last);
        }
    }

    #[inline]
    fn miss(&mut self, item: Item) {
        self.sketch.fit(self.table().slots());
        self.sketch.count(item.key);
    }

    /// What falls off the window goes on where there is room.
    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let slot = self.segments.insert(item, WINDOW);
        while self.segments.weight(WINDOW) > self.window
            && let Some(last) = self.segments.back(WINDOW)
            && self.main_has_room(last)
        {
            self.segments.move_to(PROBATION, last);
        }
        slot
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        if self.main_weight() > self.main {
            return self.main_victim();
        }
        while let Some(candidate) = self.segments.back(WINDOW) {
            if self.main_has_room(candidate) {
                self.segments.move_to(PROBATION, candidate);
                continue;
            }
            let Some(victim) = self.main_victim() else { return Some(candidate) };
            let asked = |slot| self.sketch.estimate(self.table().key(slot));
            return Some(if asked(candidate) > asked(victim) { victim } else { candidate });
        }
        self.main_victim()
    }

    fn renew(&mut self, slot: Slot, item: Item) {
        self.segments.reweigh(slot, item.weight);
        self.hit(slot);
    }
}
