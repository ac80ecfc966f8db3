//! The textbook 4-ary heap of packed keys: `time 64 | order 40 | slot 24`.

use super::Candidate;

/// See the module.
pub struct PackedHeap<E> {
    keys: Vec<u128>,
    slots: Vec<Option<E>>,
    free: Vec<u32>,
    order: u64,
}

impl<E> Default for PackedHeap<E> {
    fn default() -> Self {
        PackedHeap { keys: Vec::new(), slots: Vec::new(), free: Vec::new(), order: 0 }
    }
}

impl<E> Candidate<E> for PackedHeap<E> {
    const NAME: &'static str = "4-ary heap, packed keys";

    fn push(&mut self, time: u64, event: E) {
        self.order += 1;
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(slot as usize) {
            Some(place) => *place = Some(event),
            None => self.slots.push(Some(event)),
        }
        let key = u128::from(time) << 64 | u128::from(self.order << 24 | u64::from(slot));
        let mut node = self.keys.len();
        self.keys.push(key);
        while node > 0 {
            let parent = (node - 1) / 4;
            if self.keys[parent] < key {
                break;
            }
            self.keys[node] = self.keys[parent];
            node = parent;
        }
        self.keys[node] = key;
    }

    fn pop(&mut self) -> Option<(u64, E)> {
        let last = self.keys.pop()?;
        let top = self.keys.first().copied().unwrap_or(last);
        if !self.keys.is_empty() {
            self.sift_down(last);
        }
        let slot = (top as u64) & 0xff_ffff;
        self.free.push(slot as u32);
        self.slots[slot as usize].take().map(|event| ((top >> 64) as u64, event))
    }
}

impl<E> PackedHeap<E> {
    fn sift_down(&mut self, key: u128) {
        let mut node = 0;
        while 4 * node + 1 < self.keys.len() {
            let first = 4 * node + 1;
            let mut least = first;
            for child in first + 1..(first + 4).min(self.keys.len()) {
                if self.keys[child] < self.keys[least] {
                    least = child;
                }
            }
            if key < self.keys[least] {
                break;
            }
            self.keys[node] = self.keys[least];
            node = least;
        }
        self.keys[node] = key;
    }
}
