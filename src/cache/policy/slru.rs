//! Segmented LRU.
//!
//! R. Karedla, J. S. Love, B. G. Wherry: Caching strategies to improve disk
//! system performance. IEEE Computer 27(3), 1994.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::cache::{Item, List, Segments, Slot, Table, share};
use crate::spec::{Capacity, Problems};

/// Parameters of [`Slru`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SlruSpec {
    /// How many segments of equal size, from 2 to 16. Default: 4 (the paper has
    /// two, a probationary and a protected one).
    pub segments: u8,
}

impl Default for SlruSpec {
    fn default() -> Self {
        SlruSpec { segments: 4 }
    }
}

impl SlruSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if !(2..=16).contains(&self.segments) {
            problems.at("segments", |p| {
                p.error_help("there are 2 to 16 segments", "one segment is `policy: lru`");
            });
        }
    }
}

/// Segments, each in the order of last use. A newcomer enters the lowest; a hit
/// lifts an entry into the next one; what falls off a segment goes on in the one
/// below, and what falls off the lowest goes. All but the lowest are limited; it
/// has the room that they leave.
#[derive(Clone, Debug)]
pub struct Slru {
    segments: Segments,
    top: u32,
    limit: u64,
}

impl Slru {
    /// An empty cache.
    pub fn new(capacity: Capacity, spec: &SlruSpec) -> Self {
        let count = spec.segments.clamp(2, 16);
        let segments = Segments::new(capacity, count);
        let limit = share(segments.table().capacity(), 1.0 / f64::from(count)).max(1);
        Slru { segments, top: u32::from(count) - 1, limit }
    }

    /// Moves what is too much in the segments from `from` down into those below.
    #[inline]
    fn cool(&mut self, from: u32) {
        for segment in (1..=from).rev() {
            while self.segments.weight(List::nth(segment)) > self.limit {
                let Some(last) = self.segments.back(List::nth(segment)) else { break };
                self.segments.move_to(List::nth(segment - 1), last);
            }
        }
    }
}

impl Policy for Slru {
    kept_in_segments!();

    fn bytes(&self) -> usize {
        self.segments.bytes()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        let segment = self.segments.list_of(slot).index() as u32;
        let fits = u64::from(self.table().weight_of(slot)) <= self.limit;
        let next = if fits { self.top.min(segment + 1) } else { segment };
        self.segments.move_to(List::nth(next), slot);
        self.cool(next);
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        self.segments.insert(item, List::nth(0))
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        (0..=self.top).find_map(|segment| self.segments.back(List::nth(segment)))
    }

    fn renew(&mut self, slot: Slot, item: Item) {
        self.segments.reweigh(slot, item.weight);
        self.hit(slot);
        self.cool(self.top);
    }
}
