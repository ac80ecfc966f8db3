//! Least frequently used, in constant time.
//!
//! K. Shah, A. Mitra, D. Matani: An O(1) algorithm for implementing the LFU
//! cache eviction scheme, 2010. Frequencies are of entries, not of keys: one
//! that went starts anew ("in-cache LFU").

use super::Policy;
use crate::cache::{Item, List, PerSlot, Slot, Table};
use crate::spec::Capacity;

/// Entries in the order of how often they were asked for; of those asked for
/// equally often, the first to get there goes first.
#[derive(Clone, Debug)]
pub struct Lfu {
    table: Table,
    /// Each entry's group.
    group: PerSlot<u32>,
    groups: Vec<Group>,
    /// Groups out of use.
    spare: Vec<u32>,
    /// The group of the least frequency; [`NONE`] where there are no entries.
    least: u32,
}

/// The entries of one frequency, which are neighbours on the list.
#[derive(Clone, Copy, Debug)]
struct Group {
    frequency: u64,
    /// Its entry nearest to the front.
    head: Slot,
    entries: u32,
    /// The groups next to it.
    less: u32,
    more: u32,
}

/// The most frequent first.
const ORDER: List = List::nth(0);
const NONE: u32 = u32::MAX;

impl Lfu {
    /// An empty cache.
    pub fn new(capacity: Capacity) -> Self {
        Lfu {
            table: Table::new(capacity, 1),
            group: PerSlot::default(),
            groups: Vec::new(),
            spare: Vec::new(),
            least: NONE,
        }
    }

    /// Makes a group of `slot`, which is where it belongs, next to group `less`.
    fn open(&mut self, frequency: u64, slot: Slot, less: u32) -> u32 {
        let more = if less == NONE { self.least } else { self.groups[less as usize].more };
        let group = Group { frequency, head: slot, entries: 1, less, more };
        let id = if let Some(id) = self.spare.pop() {
            self.groups[id as usize] = group;
            id
        } else {
            self.groups.push(group);
            self.groups.len() as u32 - 1
        };
        if less == NONE {
            self.least = id;
        } else {
            self.groups[less as usize].more = id;
        }
        if more != NONE {
            self.groups[more as usize].less = id;
        }
        id
    }

    /// Takes `slot`, which is still in its place on the list, out of its group.
    #[inline]
    fn leave(&mut self, slot: Slot) {
        let id = self.group[slot];
        let group = &mut self.groups[id as usize];
        group.entries -= 1;
        if group.entries == 0 {
            let Group { less, more, .. } = *group;
            self.spare.push(id);
            if less == NONE {
                self.least = more;
            } else {
                self.groups[less as usize].more = more;
            }
            if more != NONE {
                self.groups[more as usize].less = less;
            }
        } else if group.head == slot
            && let Some(next) = self.table.after(slot)
        {
            group.head = next;
        }
    }
}

impl Policy for Lfu {
    kept_in_table!();

    fn bytes(&self) -> usize {
        self.table.bytes()
            + self.group.bytes()
            + self.groups.capacity() * size_of::<Group>()
            + self.spare.capacity() * size_of::<u32>()
    }

    #[inline]
    fn hit(&mut self, slot: Slot) {
        let from = self.group[slot];
        let Group { frequency, head, entries, more, .. } = self.groups[from as usize];
        let next = frequency + 1;
        if more != NONE && self.groups[more as usize].frequency == next {
            let front = self.groups[more as usize].head;
            self.leave(slot);
            self.table.move_before(slot, front);
            self.groups[more as usize].head = slot;
            self.groups[more as usize].entries += 1;
            self.group[slot] = more;
        } else if entries == 1 {
            self.groups[from as usize].frequency = next;
        } else {
            if head != slot {
                self.table.move_before(slot, head);
            }
            let group = &mut self.groups[from as usize];
            group.entries -= 1;
            if head == slot
                && let Some(second) = self.table.after(slot)
            {
                group.head = second;
            }
            self.group[slot] = self.open(next, slot, from);
        }
    }

    #[inline]
    fn place(&mut self, item: Item) -> Slot {
        let slot = self.table.insert(item.key, item.weight, ORDER);
        let least = self.least;
        if least != NONE && self.groups[least as usize].frequency == 1 {
            let head = self.groups[least as usize].head;
            self.table.move_before(slot, head);
            let group = &mut self.groups[least as usize];
            group.head = slot;
            group.entries += 1;
            self.group.set(&self.table, slot, least);
        } else {
            self.table.move_to_back(ORDER, slot);
            let group = self.open(1, slot, NONE);
            self.group.set(&self.table, slot, group);
        }
        slot
    }

    #[inline]
    fn victim(&mut self) -> Option<Slot> {
        self.table.back(ORDER)
    }

    #[inline]
    fn remove(&mut self, slot: Slot) {
        self.leave(slot);
        self.table.remove(slot);
    }
}
