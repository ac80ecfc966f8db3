//! Entries by value, the least first.

use super::Slot;

/// A binary heap of entries that can be found in it: `moved` is told the place
/// of each entry that gets another, for the owner to note.
#[derive(Clone, Debug)]
pub struct Heap<K> {
    ranked: Vec<(K, Slot)>,
}

impl<K> Default for Heap<K> {
    fn default() -> Self {
        Heap { ranked: Vec::new() }
    }
}

impl<K: Copy + PartialOrd> Heap<K> {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.ranked.capacity() * size_of::<(K, Slot)>()
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (K, Slot)> {
        self.ranked.iter().copied()
    }

    /// The least.
    #[inline]
    pub fn first(&self) -> Option<(K, Slot)> {
        self.ranked.first().copied()
    }

    /// The value at a place.
    #[inline]
    pub fn value(&self, place: u32) -> K {
        self.ranked[place as usize].0
    }

    /// Puts an entry in. `most` says for how many entries there may be memory.
    #[inline]
    pub fn push(&mut self, value: K, slot: Slot, most: usize, moved: impl FnMut(Slot, u32)) {
        let len = self.ranked.len();
        if len == self.ranked.capacity() {
            self.ranked.reserve_exact(most.min(2 * len).max(len + 8) - len);
        }
        self.ranked.push((value, slot));
        self.settle(len, (value, slot), moved);
    }

    /// Gives the entry at a place another value.
    #[inline]
    pub fn change(&mut self, place: u32, value: K, moved: impl FnMut(Slot, u32)) {
        let slot = self.ranked[place as usize].1;
        self.settle(place as usize, (value, slot), moved);
    }

    /// Takes the entry at a place out.
    #[inline]
    pub fn remove(&mut self, place: u32, moved: impl FnMut(Slot, u32)) {
        if let Some(last) = self.ranked.pop()
            && (place as usize) < self.ranked.len()
        {
            self.settle(place as usize, last, moved);
        }
    }

    /// Changes every value in a way that keeps their order.
    pub fn for_each(&mut self, mut change: impl FnMut(&mut K)) {
        self.ranked.iter_mut().for_each(|(value, _)| change(value));
    }

    /// Puts an entry where it belongs, given a place that is free.
    #[inline]
    fn settle(&mut self, mut place: usize, entry: (K, Slot), mut moved: impl FnMut(Slot, u32)) {
        let mut put = |ranked: &mut Vec<(K, Slot)>, place: usize, entry: (K, Slot)| {
            ranked[place] = entry;
            moved(entry.1, place as u32);
        };
        let ranked = &mut self.ranked;
        while place > 0 && entry.0 < ranked[(place - 1) / 2].0 {
            let parent = ranked[(place - 1) / 2];
            put(ranked, place, parent);
            place = (place - 1) / 2;
        }
        loop {
            let left = 2 * place + 1;
            if left >= ranked.len() {
                break;
            }
            let right = (left + 1).min(ranked.len() - 1);
            let child = if ranked[right].0 < ranked[left].0 { right } else { left };
            let least = ranked[child];
            if least.0 >= entry.0 {
                break;
            }
            put(ranked, place, least);
            place = child;
        }
        put(ranked, place, entry);
    }
}
