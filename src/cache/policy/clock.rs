//! CLOCK, or second chance, with counters.
//!
//! F. J. Corbató: A paging experiment with the Multics system. MIT Project MAC
//! Report MAC-M-384, 1968. With counters: A. J. Smith: Sequentiality and
//! prefetching in database systems. ACM TODS 3(3), 1978.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Policy;
use crate::cache::{Item, List, PerSlot, Slot, Table};
use crate::spec::{Capacity, Problems};

/// Parameters of [`Clock`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClockSpec {
    /// Width of the counter that each entry has, from 1 to 8 bits: it is spared
    /// up to `2^bits - 1` times for as many hits. Default: 1.
    pub bits: u8,
}

impl Default for ClockSpec {
    fn default() -> Self {
        ClockSpec { bits: 1 }
    }
}

impl ClockSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if !(1..=8).contains(&self.bits) {
            problems.at("bits", |p| {
                p.error_help("a counter has 1 to 8 bits", "`bits: 1` is the classic CLOCK");
            });
        }
    }
}

/// Entries in the order in which they came; one that was hit since is let off,
/// and counts as a newcomer.
#[derive(Clone, Debug)]
pub struct Clock {
    table: Table,
    hits: PerSlot<u8>,
    most: u8,
}

/// The latest arrival first; the hand is at its back.
const ORDER: List = List::nth(0);

impl Clock {
    /// An empty cache.
    pub fn new(capacity: Capacity, spec: &ClockSpec) -> Self {
        let most = u8::MAX >> (8 - spec.bits.clamp(1, 8));
        Clock { table: Table::new(capacity, 1), hits: PerSlot::default(), most }
    }
}

impl Policy for Clock {
    kept_in_table!();

    fn bytes(&self) -> usize {
        self.table.bytes() + self.hits.bytes()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        let hits = &mut self.hits[slot];
        *hits += u8::from(*hits < self.most);
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let slot = self.table.insert(item.key, item.weight, ORDER);
        self.hits.set(&self.table, slot, 0);
        slot
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        loop {
            let slot = self.table.back(ORDER)?;
            if self.hits[slot] == 0 {
                return Some(slot);
            }
            self.hits[slot] -= 1;
            self.table.move_to_front(ORDER, slot);
        }
    }
}
