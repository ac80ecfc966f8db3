//! Memory for keys and values: blocks that are in use, and a queue of free ones,
//! some of which still hold a known prefix.
//!
//! As in vLLM (`BlockPool`, `FreeKVCacheBlockQueue`) a freed block that is full goes to
//! the end of the queue, one that is not to its front, and a new one is taken from its
//! front, so that what is of no use is overwritten first, and then what was not used for
//! longest; a prefix that is asked for again is taken out of the queue, wherever it is.
//! Blocks that hold no known prefix are all alike: a run of them is one entry of the
//! queue, with a count. Equal blocks that two sequences computed are both known, and the
//! one that was first is found.

use hashbrown::HashTable;

use crate::cache::Key;

const NONE: u32 = u32::MAX;

/// The blocks behind one id of a chain of blocks: a prefix that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit(u32);

/// Free blocks, full of what one sequence alone can use again: it was preempted. They
/// are one entry of the queue, of which those at the end of the sequence go first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// Nothing known: so many blocks, all of them free.
    Nothing(u32),
    /// What a preempted sequence kept: so many free blocks, perhaps none any more.
    Kept(u32),
    /// The prefix `id`: a unit, and how many sequences use it. With none, it is in the queue.
    Prefix { id: u64, users: u32 },
}

/// 24 bytes: there is one for each known prefix of each replica.
#[derive(Clone, Copy, Debug)]
struct Entry {
    holds: Holds,
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
    /// The entries of known prefixes, by id.
    units: HashTable<u32>,
    entries: Vec<Entry>,
    /// By entry: the others that hold the same prefix. Empty while there never were any.
    twins: Vec<Twins>,
    /// Entries that can be used again.
    spare: Vec<u32>,
    front: u32,
    back: u32,
    /// Ids that have become known, and those that are known no more, with `false`; where
    /// somebody wants to hear of them.
    noted: Option<Vec<(u64, bool)>>,
}

/// Entries of one prefix, in the order in which they became known; the first is found.
#[derive(Clone, Copy, Debug)]
struct Twins {
    next: u32,
    /// Of the first: the last.
    last: u32,
}

fn hash(id: u64) -> u64 {
    Key(id).mix(0)
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
            units: HashTable::new(),
            entries: Vec::new(),
            twins: Vec::new(),
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
            noted.extend((0..self.entries.len() as u32).filter_map(|entry| {
                let Holds::Prefix { id, .. } = self.entries[entry as usize].holds else {
                    return None;
                };
                let is_first = self.find(id).is_some_and(|(first, _)| first == entry);
                is_first.then_some((id, false))
            }));
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
        match self.entries.get(self.front as usize).map(|entry| entry.holds) {
            Some(Holds::Nothing(blocks)) => blocks,
            _ => 0,
        }
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

    /// The first entry of a known prefix, and how many use it.
    fn find(&self, id: u64) -> Option<(u32, u32)> {
        let users = |entry: u32| match self.entries[entry as usize].holds {
            Holds::Prefix { id: other, users } if other == id => Some(users),
            _ => None,
        };
        let entry = *self.units.find(hash(id), |entry| users(*entry).is_some())?;
        Some((entry, users(entry)?))
    }

    /// How much of `chain` is known, from its beginning on.
    pub fn known(&self, chain: &[u64]) -> Known {
        let mut known = Known::default();
        for id in chain {
            let Some((_, users)) = self.find(*id) else { break };
            known.units += 1;
            if users == 0 {
                known.free_blocks += self.per_unit;
            }
        }
        known
    }

    /// One more sequence uses the unit `id`, which is known.
    pub fn hold(&mut self, id: u64) -> Unit {
        let (entry, users) = self.find(id).expect("only what is known is held");
        if users == 0 {
            self.unlink(entry);
            self.free -= self.per_unit;
        }
        self.entries[entry as usize].holds = Holds::Prefix { id, users: users + 1 };
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
            let holds = self.entries[front as usize].holds;
            let there = match holds {
                Holds::Nothing(blocks) | Holds::Kept(blocks) => blocks,
                Holds::Prefix { id, .. } => {
                    self.forget(id, front);
                    self.per_unit
                }
            };
            let left = there.saturating_sub(missing);
            missing = missing.saturating_sub(there);
            let is_kept = matches!(holds, Holds::Kept(_));
            self.entries[front as usize].holds =
                if is_kept { Holds::Kept(left) } else { Holds::Nothing(left) };
            if left == 0 {
                self.unlink(front);
                // What was kept is spare when its sequence knows.
                if !is_kept {
                    self.spare.push(front);
                }
            }
        }
    }

    /// What `entry` holds of the prefix `id` is overwritten.
    fn forget(&mut self, id: u64, entry: u32) {
        let Some((first, _)) = self.find(id) else { return };
        let next = self.twins.get(entry as usize).map_or(NONE, |twins| twins.next);
        if first != entry {
            let mut before = first;
            while self.twins[before as usize].next != entry {
                before = self.twins[before as usize].next;
            }
            self.twins[before as usize].next = next;
            if next == NONE {
                self.twins[first as usize].last = before;
            }
        } else if next == NONE {
            if let Ok(found) = self.units.find_entry(hash(id), |other| *other == entry) {
                found.remove();
            }
            self.noted.iter_mut().for_each(|noted| noted.push((id, false)));
        } else {
            self.twins[next as usize].last = self.twins[entry as usize].last;
            if let Some(found) = self.units.find_mut(hash(id), |other| *other == entry) {
                *found = next;
            }
        }
        if let Some(twins) = self.twins.get_mut(entry as usize) {
            *twins = Twins { next: NONE, last: entry };
        }
    }

    /// Whether two sequences ever computed equal blocks.
    pub const fn has_twins(&self) -> bool {
        !self.twins.is_empty()
    }

    /// Another entry of the prefix whose first is `first`.
    fn twin(&mut self, first: u32, entry: u32) {
        let known = self.twins.len() as u32;
        let entries = self.entries.len() as u32;
        self.twins.extend((known..entries).map(|entry| Twins { next: NONE, last: entry }));
        let last = std::mem::replace(&mut self.twins[first as usize].last, entry);
        self.twins[last as usize].next = entry;
        self.twins[entry as usize] = Twins { next: NONE, last: entry };
    }

    /// Frees `count` full blocks that nobody can find again.
    pub fn give(&mut self, count: u32) {
        self.give_at(count, self.back, Blocks::push_back);
    }

    /// Frees `count` blocks that are not full.
    pub fn give_first(&mut self, count: u32) {
        self.give_at(count, self.front, Blocks::push_front);
    }

    fn give_at(&mut self, count: u32, neighbour: u32, push: fn(&mut Blocks, u32)) {
        if count == 0 {
            return;
        }
        self.free += count;
        if let Some(neighbour) = self.entries.get_mut(neighbour as usize)
            && let Holds::Nothing(blocks) = &mut neighbour.holds
        {
            *blocks += count;
            return;
        }
        let entry = self.entry(Holds::Nothing(count));
        push(self, entry);
    }

    /// Frees `count` full blocks at the end of a sequence, which may find them again.
    pub fn keep(&mut self, count: u32) -> Kept {
        debug_assert!(count > 0, "what is in the queue has blocks");
        self.free += count;
        let entry = self.entry(Holds::Kept(count));
        self.push_back(entry);
        Kept(entry)
    }

    fn kept_blocks(&self, kept: &Kept) -> u32 {
        match self.entries[kept.0 as usize].holds {
            Holds::Kept(blocks) => blocks,
            Holds::Nothing(_) | Holds::Prefix { .. } => 0,
        }
    }

    /// How many whole units of what was kept are still there, from its beginning on.
    pub fn kept_units(&self, kept: &Kept) -> u32 {
        self.kept_blocks(kept) / self.per_unit
    }

    /// A sequence uses the first `units` units that it kept, and can find the others no
    /// more.
    #[expect(clippy::needless_pass_by_value, reason = "it is not to be used again")]
    pub fn reclaim(&mut self, kept: Kept, units: u32) {
        let taken = units * self.per_unit;
        let there = self.kept_blocks(&kept);
        self.free -= taken;
        self.entries[kept.0 as usize].holds = Holds::Nothing(there - taken);
        if there == taken {
            if there > 0 {
                self.unlink(kept.0);
            }
            self.spare.push(kept.0);
        }
    }

    /// A sequence no longer uses a unit, which stays known until its blocks are
    /// taken.
    pub fn release(&mut self, unit: Unit) {
        let Holds::Prefix { users, .. } = &mut self.entries[unit.0 as usize].holds else {
            debug_assert!(false, "what is in use is known");
            return;
        };
        *users -= 1;
        if *users == 0 {
            self.free += self.per_unit;
            self.push_back(unit.0);
        }
    }

    /// A sequence has filled blocks of its own with the prefix `id`.
    pub fn name(&mut self, id: u64) -> Unit {
        let first = self.find(id);
        let entry = self.entry(Holds::Prefix { id, users: 1 });
        if let Some((first, _)) = first {
            self.twin(first, entry);
            return Unit(entry);
        }
        let entries = &self.entries;
        self.units.insert_unique(hash(id), entry, |other| match entries[*other as usize].holds {
            Holds::Prefix { id, .. } => hash(id),
            Holds::Nothing(_) | Holds::Kept(_) => 0,
        });
        self.noted.iter_mut().for_each(|noted| noted.push((id, true)));
        Unit(entry)
    }

    fn entry(&mut self, holds: Holds) -> u32 {
        let new = Entry { holds, before: NONE, after: NONE };
        if let Some(entry) = self.spare.pop() {
            self.entries[entry as usize] = new;
            return entry;
        }
        if self.entries.len() == self.entries.capacity() {
            // By a quarter and not by as much again: thousands of replicas hold such a table.
            self.entries.reserve_exact(self.entries.len() / 4 + 8);
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

    fn push_front(&mut self, entry: u32) {
        let front = std::mem::replace(&mut self.front, entry);
        self.entries[entry as usize].before = NONE;
        self.entries[entry as usize].after = front;
        match self.entries.get_mut(front as usize) {
            Some(first) => first.before = entry,
            None => self.back = entry,
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
mod tests;
