//! Belady's MIN: what no policy can beat.
//!
//! L. A. Belady: A study of replacement algorithms for a virtual-storage
//! computer. IBM Systems Journal 5(2), 1966.

use crate::cache::{ByNumber, Heap, Item, Key, PerSlot, Slot, Table};
use crate::spec::Capacity;

/// A cache that knows the whole trace beforehand, so it can be a level of no
/// running system: it replays a trace, and the hits are the most that any policy
/// could have had.
///
/// The entry goes whose next use is the farthest off; what comes in is not stored
/// at all if its own is. Where entries weigh the
/// same this is optimal; where they do not, finding the optimum is NP-hard, and
/// this is the usual rule of thumb, no bound.
///
/// ```
/// use windtunnel::cache::policy::Belady;
/// use windtunnel::cache::{Item, Key};
/// use windtunnel::spec::Capacity;
///
/// let trace = [1, 2, 3, 1, 2, 4, 1].map(|id| Item::unit(Key(id)));
/// assert_eq!(Belady::replay(Capacity::Entries(2), &trace), 3);
/// ```
#[derive(Debug)]
pub struct Belady {
    table: Table,
    place: PerSlot<u32>,
    /// The farthest next use first: values are counted down from the end of time.
    heap: Heap<ByNumber>,
}

impl Belady {
    /// An empty cache.
    pub fn new(capacity: Capacity) -> Self {
        Belady { table: Table::new(capacity, 0), place: PerSlot::default(), heap: Heap::default() }
    }

    /// The number of hits in a whole trace.
    ///
    /// # Panics
    /// If there are 2^32 requests.
    pub fn replay(capacity: Capacity, trace: &[Item]) -> u64 {
        let mut cache = Belady::new(capacity);
        let next = Self::next_uses(trace.iter().map(|item| item.key));
        let uses = trace.iter().zip(next);
        uses.map(|(item, next)| u64::from(cache.request(*item, next))).sum()
    }

    /// For each request of a trace: the number, from 0, of the next for its key.
    ///
    /// # Panics
    /// If there are 2^32 requests.
    pub fn next_uses(trace: impl ExactSizeIterator<Item = Key>) -> Vec<Option<u32>> {
        let mut next = vec![None; trace.len()];
        let mut last = Table::new(Capacity::Unbounded, 0);
        let mut number = PerSlot::<u32>::default();
        for (at, key) in trace.enumerate() {
            let at = u32::try_from(at).expect("a trace has less than 2^32 requests");
            if let Some(slot) = last.find(key) {
                next[number[slot] as usize] = Some(at);
                number[slot] = at;
            } else {
                let slot = last.insert_loose(key, 1);
                number.set(&last, slot, at);
            }
        }
        next
    }

    /// One request of a trace: a hit, or a miss that is stored if it pays. `next`
    /// is the number of the next request for the same key, from
    /// [`Belady::next_uses`]. True if a hit.
    #[inline]
    pub fn request(&mut self, item: Item, next: Option<u32>) -> bool {
        let value = u32::MAX - next.unwrap_or(u32::MAX);
        let place = &mut self.place;
        let found = self.table.find(item.key);
        if let Some(slot) = found {
            self.heap.change(place[slot], ByNumber(value, slot), |slot, at| place[slot] = at);
        } else {
            self.admit(self.table.counted(item), value);
        }
        found.is_some()
    }

    /// Stores an item, unless it is itself the farthest off.
    fn admit(&mut self, item: Item, value: u32) {
        if u64::from(item.weight) > self.table.capacity() {
            return;
        }
        while !self.table.has_room(item.weight) {
            match self.heap.first() {
                Some(ByNumber(farthest, slot)) if farthest < value => self.remove(slot),
                _ => return,
            }
        }
        let slot = self.table.insert_loose(item.key, item.weight);
        self.place.set(&self.table, slot, 0);
        let place = &mut self.place;
        self.heap.push(ByNumber(value, slot), self.table.slots(), |slot, at| place[slot] = at);
    }

    fn remove(&mut self, slot: Slot) {
        let place = &mut self.place;
        self.heap.remove(place[slot], |slot, at| place[slot] = at);
        self.table.remove(slot);
    }
}
