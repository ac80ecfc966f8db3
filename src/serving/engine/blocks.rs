//! Memory for keys and values: blocks that are in use, and a queue of free ones,
//! some of which still hold a known prefix.
//!
//! As in vLLM (`BlockPool`, `FreeKVCacheBlockQueue`) a freed block goes to the end of
//! the queue and a new one is taken from its front, so that what was not used for
//! longest is overwritten first; a prefix that is asked for again is taken out of
//! the queue, wherever it is. Blocks that hold no known prefix are all alike: a run of
//! them is one entry of the queue, with a count.

use crate::cache::{Key, KeyMap};

const NONE: u32 = u32::MAX;

/// The blocks behind one id of a chain of blocks: a prefix that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit(u32);

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Of a unit.
    id: u64,
    /// Whether it is a unit, or a run of blocks that hold nothing known.
    known: bool,
    /// Sequences that use the unit; with none, it is in the queue.
    users: u32,
    blocks: u32,
    /// Neighbours in the queue of what is free.
    before: u32,
    after: u32,
}

/// All blocks.
#[derive(Clone, Debug)]
pub struct Blocks {
    total: u32,
    /// In the queue.
    free: u32,
    /// Of a unit.
    per_unit: u32,
    units: KeyMap<u32>,
    entries: Vec<Entry>,
    /// Entries that can be used again.
    spare: Vec<u32>,
    front: u32,
    back: u32,
    /// Ids that have become known, and those that are known no more, with `false`; where
    /// somebody wants to hear of them.
    noted: Option<Vec<(u64, bool)>>,
}

/// How much of a chain of blocks is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Units, from the first on.
    pub units: u32,
    /// Blocks of those among them that nobody uses.
    pub free_blocks: u32,
}

impl Blocks {
    /// `total` free blocks that hold nothing, `per_unit` of which make a unit.
    pub fn new(total: u32, per_unit: u32) -> Self {
        let mut blocks = Blocks {
            total,
            free: 0,
            per_unit,
            units: KeyMap::default(),
            entries: Vec::new(),
            spare: Vec::new(),
            front: NONE,
            back: NONE,
            noted: None,
        };
        blocks.give(total);
        blocks
    }

    /// Forgets all prefixes; nobody uses any block.
    pub fn clear(&mut self) {
        let noted = self.noted.take().map(|mut noted| {
            let known = self.entries.iter().filter(|entry| entry.known);
            noted.extend(known.map(|entry| (entry.id, false)));
            noted
        });
        *self = Blocks { noted, ..Blocks::new(self.total, self.per_unit) };
    }

    /// From now on it is noted which ids become known and which are forgotten.
    pub fn note(&mut self) {
        self.noted.get_or_insert_default();
    }

    /// Takes what was noted, in its order.
    pub fn take_noted(&mut self) -> impl Iterator<Item = (u64, bool)> + '_ {
        self.noted.iter_mut().flat_map(|noted| noted.drain(..))
    }

    /// How many blocks there are.
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// How many of them nobody uses.
    #[inline]
    pub const fn free(&self) -> u32 {
        self.free
    }

    /// How many can be taken before one that holds a known prefix is.
    pub fn free_before_known(&self) -> u32 {
        self.entries.get(self.front as usize).filter(|entry| !entry.known).map_or(0, |e| e.blocks)
    }

    /// How many are in use.
    #[inline]
    pub const fn used(&self) -> u32 {
        self.total - self.free
    }

    /// Blocks of a unit.
    pub const fn per_unit(&self) -> u32 {
        self.per_unit
    }

    /// How much of `chain` is known, from its beginning on.
    pub fn known(&self, chain: &[u64]) -> Known {
        let mut known = Known::default();
        for id in chain {
            let Some(&entry) = self.units.get(Key(*id)) else { break };
            known.units += 1;
            if self.entries[entry as usize].users == 0 {
                known.free_blocks += self.per_unit;
            }
        }
        known
    }

    /// One more sequence uses the unit `id`, which is known.
    pub fn hold(&mut self, id: u64) -> Unit {
        let entry = *self.units.get(Key(id)).expect("only what is known is held");
        if self.entries[entry as usize].users == 0 {
            self.unlink(entry);
            self.free -= self.per_unit;
        }
        self.entries[entry as usize].users += 1;
        Unit(entry)
    }

    /// Takes `count` free blocks, overwriting what they hold.
    #[inline]
    pub fn take(&mut self, count: u32) {
        debug_assert!(count <= self.free, "only free blocks are taken");
        self.free -= count;
        let mut missing = count;
        while missing > 0 {
            let front = self.front;
            let entry = &mut self.entries[front as usize];
            if entry.known {
                entry.known = false;
                self.units.remove(Key(entry.id));
                self.noted.iter_mut().for_each(|noted| noted.push((entry.id, false)));
            }
            if entry.blocks > missing {
                entry.blocks -= missing;
                return;
            }
            missing -= entry.blocks;
            self.unlink(front);
            self.spare.push(front);
        }
    }

    /// Frees `count` blocks that hold nothing known.
    pub fn give(&mut self, count: u32) {
        if count == 0 {
            return;
        }
        self.free += count;
        if let Some(back) = self.entries.get_mut(self.back as usize)
            && !back.known
        {
            back.blocks += count;
            return;
        }
        let entry = self.entry(0, false, count);
        self.push_back(entry);
    }

    /// A sequence no longer uses a unit, which stays known until its blocks are
    /// taken.
    pub fn release(&mut self, unit: Unit) {
        let entry = &mut self.entries[unit.0 as usize];
        entry.users -= 1;
        if entry.users == 0 {
            self.free += self.per_unit;
            self.push_back(unit.0);
        }
    }

    /// A sequence has filled blocks of its own with the prefix `id`. `None` if the
    /// prefix is known already: the blocks stay nameless.
    pub fn name(&mut self, id: u64) -> Option<Unit> {
        if self.units.get(Key(id)).is_some() {
            return None;
        }
        let entry = self.entry(id, true, self.per_unit);
        self.entries[entry as usize].users = 1;
        self.units.insert(Key(id), entry);
        self.noted.iter_mut().for_each(|noted| noted.push((id, true)));
        Some(Unit(entry))
    }

    fn entry(&mut self, id: u64, known: bool, blocks: u32) -> u32 {
        let new = Entry { id, known, users: 0, blocks, before: NONE, after: NONE };
        if let Some(entry) = self.spare.pop() {
            self.entries[entry as usize] = new;
            return entry;
        }
        self.entries.push(new);
        self.entries.len() as u32 - 1
    }

    fn push_back(&mut self, entry: u32) {
        let back = std::mem::replace(&mut self.back, entry);
        self.entries[entry as usize].before = back;
        self.entries[entry as usize].after = NONE;
        match self.entries.get_mut(back as usize) {
            Some(last) => last.after = entry,
            None => self.front = entry,
        }
    }

    fn unlink(&mut self, entry: u32) {
        let Entry { before, after, .. } = self.entries[entry as usize];
        match self.entries.get_mut(before as usize) {
            Some(neighbour) => neighbour.after = after,
            None => self.front = after,
        }
        match self.entries.get_mut(after as usize) {
            Some(neighbour) => neighbour.before = before,
            None => self.back = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_freed_first_is_overwritten_first() {
        let mut blocks = Blocks::new(6, 1);
        blocks.take(4);
        let units: Vec<Unit> = (0..4).map(|id| blocks.name(id).unwrap()).collect();
        assert_eq!(blocks.name(2), None, "one prefix has one unit");
        assert_eq!((blocks.free(), blocks.used()), (2, 4));
        // The last of a chain goes before its first.
        units.iter().rev().for_each(|unit| blocks.release(*unit));
        assert_eq!(blocks.known(&[0, 1, 2, 3, 9]), Known { units: 4, free_blocks: 4 });
        blocks.take(3);
        assert_eq!(blocks.known(&[0, 1, 2, 3]).units, 3, "two held nothing, one the last");
        assert_eq!(blocks.hold(1), units[1]);
        assert_eq!(blocks.known(&[0, 1, 2]), Known { units: 3, free_blocks: 2 });
        blocks.take(1);
        assert_eq!(blocks.known(&[0, 1, 2]).units, 2);
        blocks.take(1);
        assert_eq!((blocks.free(), blocks.known(&[0]).units, blocks.known(&[1]).units), (0, 0, 1));
    }

    #[test]
    fn a_unit_that_loses_a_block_is_no_longer_known() {
        let mut blocks = Blocks::new(8, 4);
        blocks.take(8);
        for id in [7, 8] {
            let unit = blocks.name(id).unwrap();
            blocks.release(unit);
        }
        blocks.take(1);
        assert_eq!((blocks.known(&[7]).units, blocks.known(&[8]).units, blocks.free()), (0, 1, 7));
        blocks.hold(8);
        blocks.take(3);
        blocks.give(3);
        assert_eq!((blocks.free(), blocks.used()), (3, 5));
    }
}
