//! Entries by value, the least first.

use crate::cache::Slot;

/// An entry and its value: what a [`Heap`] orders.
pub trait Ranked: Copy {
    /// The entry.
    fn slot(&self) -> Slot;
    /// Whether it comes before another.
    fn is_before(&self, other: &Self) -> bool;
}

/// An entry by a number.
#[derive(Clone, Copy, Debug)]
pub struct ByNumber(pub u32, pub Slot);

impl Ranked for ByNumber {
    #[inline]
    fn slot(&self) -> Slot {
        self.1
    }

    #[inline]
    fn is_before(&self, other: &Self) -> bool {
        self.0 < other.0
    }
}

/// A binary heap of entries that can be found in it: `moved` is told the place
/// of each entry that gets another, for the owner to note.
#[derive(Clone, Debug)]
pub struct Heap<R> {
    ranked: Vec<R>,
}

impl<R> Default for Heap<R> {
    fn default() -> Self {
        Heap { ranked: Vec::new() }
    }
}

impl<R: Ranked> Heap<R> {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.ranked.capacity() * size_of::<R>()
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = R> {
        self.ranked.iter().copied()
    }

    /// The least.
    #[inline]
    pub fn first(&self) -> Option<R> {
        self.ranked.first().copied()
    }

    /// The entry at a place.
    #[inline]
    pub fn at(&self, place: u32) -> R {
        self.ranked[place as usize]
    }

    /// Puts an entry in; takes memory for a quarter more, but not for more than
    /// `most`.
    #[inline]
    pub fn push(&mut self, entry: R, most: usize, moved: impl FnMut(Slot, u32)) {
        let len = self.ranked.len();
        if len == self.ranked.capacity() {
            self.ranked.reserve_exact((len + len / 4 + 8).min(most).max(len + 1) - len);
        }
        self.ranked.push(entry);
        self.settle(len, entry, moved);
    }

    /// Gives the entry at a place another value.
    #[inline]
    pub fn change(&mut self, place: u32, entry: R, moved: impl FnMut(Slot, u32)) {
        self.settle(place as usize, entry, moved);
    }

    /// Takes the entry at a place out.
    #[inline]
    pub fn remove(&mut self, place: u32, moved: impl FnMut(Slot, u32)) {
        if let Some(last) = self.ranked.pop()
            && (place as usize) < self.ranked.len()
        {
            self.settle(place as usize, last, moved);
        }
        if self.ranked.len() < self.ranked.capacity() / 2 {
            self.shrink();
        }
    }

    #[cold]
    fn shrink(&mut self) {
        self.ranked.shrink_to(self.ranked.len() + self.ranked.len() / 4 + 8);
    }

    /// Changes every entry in a way that keeps their order.
    pub fn for_each(&mut self, change: impl FnMut(&mut R)) {
        self.ranked.iter_mut().for_each(change);
    }

    /// Puts an entry where it belongs, given a place that is free.
    #[inline]
    fn settle(&mut self, mut place: usize, entry: R, mut moved: impl FnMut(Slot, u32)) {
        let mut put = |ranked: &mut Vec<R>, place: usize, entry: R| {
            ranked[place] = entry;
            moved(entry.slot(), place as u32);
        };
        let ranked = &mut self.ranked;
        while place > 0 && entry.is_before(&ranked[(place - 1) / 2]) {
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
            let child = if ranked[right].is_before(&ranked[left]) { right } else { left };
            let least = ranked[child];
            if !least.is_before(&entry) {
                break;
            }
            put(ranked, place, least);
            place = child;
        }
        put(ranked, place, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_heap_gives_the_least_and_tells_every_place(
            ops in prop::collection::vec((0u32..40, 0u32..1000, any::<bool>()), 1..300),
        ) {
            let mut heap = Heap::default();
            let (mut places, mut plain) = ([u32::MAX; 40], [None; 40]);
            for (id, number, take) in ops {
                let entry = ByNumber(number, Slot(id));
                let mut moved = |slot: Slot, place| places[slot.index()] = place;
                let here = plain[id as usize].is_some();
                let place = if here { moved_place(&heap, id) } else { 0 };
                match (here, take) {
                    (true, true) => heap.remove(place, moved),
                    (true, false) => heap.change(place, entry, moved),
                    (false, _) => heap.push(entry, 40, &mut moved),
                }
                plain[id as usize] = (!here || !take).then_some(number);
                let least = plain.iter().flatten().min();
                prop_assert_eq!(heap.first().map(|entry| entry.0), least.copied());
                for entry in heap.iter() {
                    prop_assert_eq!(heap.at(places[entry.1.index()]).1, entry.1);
                }
            }
        }
    }

    fn moved_place(heap: &Heap<ByNumber>, id: u32) -> u32 {
        heap.iter().position(|entry| entry.1 == Slot(id)).expect("it is there") as u32
    }
}
