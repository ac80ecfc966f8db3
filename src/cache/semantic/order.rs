//! Slots in the order in which they were written.

const NONE: u32 = u32::MAX;

/// A doubly linked list threaded through slots, so that its memory is bounded by
/// their number however often they are written.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Previous and next, by slot.
    links: Vec<(u32, u32)>,
    first: u32,
    last: u32,
}

impl Default for Order {
    fn default() -> Self {
        Order { links: Vec::new(), first: NONE, last: NONE }
    }
}

impl Order {
    /// The slot that was written the longest ago.
    #[inline]
    pub fn first(&self) -> Option<usize> {
        (self.first != NONE).then_some(self.first as usize)
    }

    /// Adds a slot that is not on the list, as the latest.
    pub fn push(&mut self, slot: usize) {
        if slot >= self.links.len() {
            self.links.resize(slot + 1, (NONE, NONE));
        }
        let slot = slot as u32;
        self.links[slot as usize] = (self.last, NONE);
        match self.last {
            NONE => self.first = slot,
            last => self.links[last as usize].1 = slot,
        }
        self.last = slot;
    }

    /// Takes a slot off the list.
    pub fn remove(&mut self, slot: usize) {
        let (previous, next) = self.links[slot];
        match previous {
            NONE => self.first = next,
            previous => self.links[previous as usize].1 = next,
        }
        match next {
            NONE => self.last = previous,
            next => self.links[next as usize].0 = previous,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_leave_in_the_order_of_their_writing() {
        let mut order = Order::default();
        for slot in [4, 0, 7, 2] {
            order.push(slot);
        }
        order.remove(7);
        order.remove(4);
        order.push(4);
        let mut slots = Vec::new();
        while let Some(slot) = order.first() {
            order.remove(slot);
            slots.push(slot);
        }
        assert_eq!(slots, [0, 2, 4]);
    }
}
