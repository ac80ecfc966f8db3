//! What a balancer is asked.

use std::ops::Range;

use super::loads::{Loads, Order, room_for};

/// A request that needs a replica.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Stands for the beginning of the prompt.
    pub affinity: u64,
    /// By replica.
    pub loads: &'a Loads,
    /// The replicas that may be chosen; at least one.
    pub among: Among<'a>,
}

/// Replicas that may be chosen, in rising order.
#[derive(Clone, Copy, Debug)]
pub enum Among<'a> {
    /// The available ones of a side, but perhaps one.
    Side {
        /// All of them.
        available: &'a [u32],
        /// Which side.
        side: usize,
        /// The place of the one that may not.
        without: Option<usize>,
    },
    /// The available ones of a side that have room for a prompt, and perhaps another than
    /// one of them.
    WithRoom {
        /// Which side.
        side: usize,
        /// What stands for the room.
        room: u64,
        /// The one that may not if another may.
        not: Option<u32>,
    },
    /// These.
    List(&'a [u32]),
}

impl<'a> Among<'a> {
    /// All `available` replicas of a side, other than `not` if there is another.
    pub fn side(available: &'a [u32], side: usize, not: Option<u32>) -> Self {
        let without = not.filter(|_| available.len() > 1);
        let without = without.and_then(|not| available.binary_search(&not).ok());
        Among::Side { available, side, without }
    }

    /// All available replicas of a side that have room for a prompt of `tokens`, other than
    /// `not` if there is another.
    pub fn with_room(side: usize, tokens: u64, not: Option<u32>) -> Self {
        Among::WithRoom { side, room: room_for(tokens), not }
    }

    /// How many there are.
    #[inline]
    pub fn count(&self) -> usize {
        match self {
            Among::Side { available, without, .. } => {
                available.len() - usize::from(without.is_some())
            }
            Among::List(list) => list.len(),
            Among::WithRoom { .. } => {
                debug_assert!(false, "a balancer that counts replicas needs more than the next");
                0
            }
        }
    }

    /// The one at a place.
    #[inline]
    pub fn nth(&self, place: usize) -> u32 {
        match self {
            Among::Side { available, without, .. } => {
                available[place + usize::from(without.is_some_and(|without| place >= without))]
            }
            Among::List(list) => list[place],
            Among::WithRoom { .. } => {
                debug_assert!(false, "a balancer that counts replicas needs more than the next");
                0
            }
        }
    }

    /// All of them in order, from the one at a place on.
    fn all_from(&self, place: usize) -> impl Iterator<Item = u32> {
        (place..self.count()).map(|place| self.nth(place))
    }

    /// All of them in order.
    pub fn all(&self) -> impl Iterator<Item = u32> + Clone {
        let these = *self;
        (0..self.count()).map(move |place| these.nth(place))
    }

    /// From the first to the last, if they are neighbours.
    pub fn neighbours(&self) -> Option<Range<usize>> {
        let (first, last) = (self.nth(0) as usize, self.nth(self.count() - 1) as usize);
        (last - first + 1 == self.count()).then_some(first..last + 1)
    }
}

impl Ask<'_> {
    /// The first of the least in an order, counting from the replica at the place `from` on
    /// and around, so that ties do not all fall to the same one.
    pub fn least(&self, from: usize, order: Order) -> u32 {
        let (Among::Side { available, side, without }, Some(tournament)) =
            (self.among, self.loads.in_order(order))
        else {
            return self.least_by(from, |replica| self.loads.key(order, replica));
        };
        let Range { start, end } = self.loads.side(side);
        let first = self.among.nth(from);
        // The one that may not be chosen parts the side in two.
        let parts = match without.map(|place| available[place]) {
            None => [start..end, end..end],
            Some(not) => [start..not, not + 1..end],
        };
        let least = parts.iter().map(|part| tournament.least(part.start, part.end));
        let least = least.min().unwrap_or(u64::MAX);
        let find = |part: &Range<u32>, from: u32| {
            tournament.first_at_most(least, part.start.max(from), part.end)
        };
        let found = parts.iter().find_map(|part| find(part, first));
        found.or_else(|| parts.iter().find_map(|part| find(part, start))).unwrap_or(first)
    }

    /// The same by any measure, looking at each.
    pub fn least_by<K: PartialOrd>(&self, from: usize, key: impl Fn(u32) -> K) -> u32 {
        let mut best = self.among.nth(from);
        let mut lowest = key(best);
        let before = (0..from).map(|place| self.among.nth(place));
        for replica in self.among.all_from(from + 1).chain(before) {
            let value = key(replica);
            if value < lowest {
                (best, lowest) = (replica, value);
            }
        }
        best
    }

    /// The first replica from `from` on, and around.
    pub fn next(&self, from: u32) -> u32 {
        let Among::WithRoom { side, room, not } = self.among else {
            let count = self.among.count();
            let (mut low, mut high) = (0, count);
            while low < high {
                let middle = usize::midpoint(low, high);
                if self.among.nth(middle) < from { low = middle + 1 } else { high = middle }
            }
            return self.among.nth(low % count);
        };
        let Some(tournament) = self.loads.by_room() else { return from };
        let Range { start, end } = self.loads.side(side);
        let find = |from: u32, until: u32| tournament.first_at_most(room, from.max(start), until);
        let next = |from: u32| find(from, end).or_else(|| find(start, end));
        let found = next(from).unwrap_or(from);
        if Some(found) == not { next(found + 1).unwrap_or(found) } else { found }
    }

    /// Whether a replica may be chosen.
    #[inline]
    pub fn may(&self, replica: u32) -> bool {
        match &self.among {
            Among::Side { available, side, without } => {
                self.loads.is_available(replica)
                    && self.loads.side(*side).contains(&replica)
                    && without.is_none_or(|without| available[without] != replica)
            }
            Among::List(list) => list.binary_search(&replica).is_ok(),
            Among::WithRoom { .. } => false,
        }
    }

    /// Requests under way at all that may be chosen.
    pub fn outstanding(&self) -> u64 {
        let of = |replica: u32| u64::from(self.loads.outstanding(replica));
        match &self.among {
            Among::Side { available, side, without } => {
                let left_out = without.map_or(0, |without| of(available[without]));
                self.loads.side_outstanding(*side) - left_out
            }
            _ => self.among.all().map(of).sum(),
        }
    }
}
