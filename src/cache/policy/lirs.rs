//! LIRS: low inter-reference recency set.
//!
//! S. Jiang, X. Zhang: LIRS: an efficient low inter-reference recency set
//! replacement policy to improve buffer cache performance. SIGMETRICS 2002.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::cache::{Item, List, Past, PerSlot, Segments, Slot, Table, share};
use crate::spec::{Capacity, Fraction, Problems};

/// Parameters of [`Lirs`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LirsSpec {
    /// What entries that were not asked for again soon (resident HIR blocks) may
    /// have of the capacity, from 0 to 1. Default: 0.01.
    pub hir: Fraction,
}

impl Default for LirsSpec {
    fn default() -> Self {
        LirsSpec { hir: Fraction::percent(1) }
    }
}

impl LirsSpec {
    /// Reports what cannot be simulated: nothing, as yet.
    pub fn check(&self, _: &mut Problems) {}
}

/// Most of the cache is for keys that were asked for twice within a short while
/// ("LIR"); the rest pass through a small queue ("HIR").
///
/// The paper's stack `S` orders all by last use and ends with an LIR entry, so
/// that a key is on it exactly if it was used after the last of the LIR: times
/// take the place of the stack. Keys that went are remembered while they are on
/// it, but no more of them than there are entries.
#[derive(Clone, Debug)]
pub struct Lirs {
    segments: Segments,
    /// When each entry was last used.
    used: PerSlot<u32>,
    /// When keys that went were last used.
    past: Past,
    now: u32,
    /// What LIR entries may weigh.
    limit: u64,
    /// Whether the item that comes in is on the stack.
    known: bool,
}

/// Low inter-reference recency, in the order of last use.
const LIR: List = List::nth(0);
/// High inter-reference recency: the queue `Q`, which ends at the back.
const HIR: List = List::nth(1);
/// Keys that are remembered at least.
const LEAST: usize = 64;

impl Lirs {
    /// An empty cache.
    pub fn new(capacity: Capacity, spec: &LirsSpec) -> Self {
        let segments = Segments::new(capacity, 2);
        let capacity = segments.table().capacity();
        let limit = capacity - share(capacity, spec.hir.get()).max(1).min(capacity);
        Lirs {
            segments,
            used: PerSlot::default(),
            past: Past::default(),
            now: 0,
            limit,
            known: false,
        }
    }

    /// The last use of the last of the stack; without LIR entries there is none.
    #[inline]
    fn bottom(&self) -> u32 {
        self.segments.back(LIR).map_or(self.now, |slot| self.used[slot])
    }

    /// The next instant, and what is off the stack is forgotten.
    #[inline]
    fn tick(&mut self) -> u32 {
        if self.now == u32::MAX {
            self.grow_younger();
        }
        self.now += 1;
        self.past.forget_before(self.bottom().saturating_add(1));
        self.now
    }

    /// All times become half of the range earlier. Of what was used before that,
    /// all counts as equally old.
    #[cold]
    fn grow_younger(&mut self) {
        let half = u32::MAX / 2;
        self.now -= half;
        self.used.for_each(|time| *time = time.saturating_sub(half));
        self.past.clear_out(self.remembered(), half);
    }

    #[inline]
    fn remembered(&self) -> usize {
        self.table().len().max(LEAST)
    }

    /// Makes LIR entries HIR until the others fit.
    #[inline]
    fn demote(&mut self) {
        while self.segments.weight(LIR) > self.limit
            && let Some(last) = self.segments.back(LIR)
        {
            self.segments.move_to(HIR, last);
        }
    }
}

impl Policy for Lirs {
    kept_in_segments!();

    fn bytes(&self) -> usize {
        self.segments.bytes() + self.used.bytes() + self.past.bytes()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        let now = self.tick();
        let on_stack = self.used[slot] > self.bottom();
        let low = self.segments.list_of(slot) == LIR;
        self.used[slot] = now;
        self.segments.move_to(if low || on_stack { LIR } else { HIR }, slot);
        self.demote();
    }

    #[inline]
    fn miss(&mut self, item: Item) {
        self.tick();
        self.known = self.past.take(item.key).is_some();
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let room = self.segments.weight(LIR) + u64::from(item.weight) <= self.limit;
        let slot = self.segments.insert(item, if self.known || room { LIR } else { HIR });
        self.used.set(self.segments.table(), slot, self.now);
        self.demote();
        slot
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        self.segments.back(HIR).or_else(|| self.segments.back(LIR))
    }

    #[inline]
    fn evict(&mut self, slot: Slot) {
        let used = self.used[slot];
        if used > self.bottom() {
            self.past.put(self.table().key(slot), used, self.remembered());
        }
        self.segments.remove(slot);
    }

    fn renew(&mut self, slot: Slot, item: Item) {
        self.segments.reweigh(slot, item.weight);
        self.hit(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Key;
    use crate::kernel::Streams;

    #[test]
    fn nothing_changes_when_the_clock_starts_anew() {
        let mut cache = Lirs::new(Capacity::Entries(20), &LirsSpec::default());
        let mut late = cache.clone();
        late.now = u32::MAX - 2000;
        let mut stream = Streams::new(1, 0).stream("keys");
        for number in 0..5000 {
            let most = 1 + stream.below(60);
            let key = stream.below(most);
            let hits = [&mut cache, &mut late].map(|cache| cache.request(Item::unit(Key(key))));
            assert_eq!(hits[0], hits[1], "request {number}");
        }
        assert!(late.now < u32::MAX / 2 + 5000 && cache.now == 5000);
    }
}
