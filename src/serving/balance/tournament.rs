//! Who is least, kept up to date rather than looked for.

/// Keys of replicas in a binary tree, each node of which has the least key below it
/// (Knuth, "The Art of Computer Programming" 3, 5.2.3: tree selection). A change and a
/// question take some log2(n) steps.
#[derive(Clone, Debug)]
pub struct Tournament {
    /// The root is at 1, the children of a node at twice its place, and the leaves,
    /// as many as a power of two, are the second half.
    nodes: Vec<u64>,
}

impl Tournament {
    /// The key of who does not take part.
    pub const AWAY: u64 = u64::MAX;

    /// `replicas` that do not take part.
    pub fn new(replicas: u32) -> Self {
        let leaves = (replicas as usize).next_power_of_two();
        Tournament { nodes: vec![Self::AWAY; 2 * leaves] }
    }

    const fn leaves(&self) -> usize {
        self.nodes.len() / 2
    }

    /// The key of a replica.
    #[inline]
    pub fn key(&self, replica: u32) -> u64 {
        self.nodes[self.leaves() + replica as usize]
    }

    /// A replica has another key.
    #[inline]
    pub fn set(&mut self, replica: u32, key: u64) {
        let mut node = self.leaves() + replica as usize;
        self.nodes[node] = key;
        while node > 1 {
            let least = self.nodes[node].min(self.nodes[node ^ 1]);
            node /= 2;
            if self.nodes[node] == least {
                return;
            }
            self.nodes[node] = least;
        }
    }

    /// The least key of replicas `from` to `until`, that one excluded.
    #[inline]
    pub fn least(&self, from: u32, until: u32) -> u64 {
        let (mut from, mut until) = (self.leaves() + from as usize, self.leaves() + until as usize);
        let mut least = Self::AWAY;
        while from < until {
            if from % 2 == 1 {
                least = least.min(self.nodes[from]);
                from += 1;
            }
            if until % 2 == 1 {
                until -= 1;
                least = least.min(self.nodes[until]);
            }
            (from, until) = (from / 2, until / 2);
        }
        least
    }

    /// The first replica from `from` on, and before `until`, whose key is at most `bound`.
    #[inline]
    pub fn first_at_most(&self, bound: u64, from: u32, until: u32) -> Option<u32> {
        debug_assert!(bound < Self::AWAY, "nobody who is away is found");
        if from >= until {
            return None;
        }
        let leaves = self.leaves();
        let mut node = leaves + from as usize;
        while self.nodes[node] > bound {
            // On to the right: the first node there that has none of those before.
            node += 1;
            if node.is_power_of_two() {
                return None;
            }
            node >>= node.trailing_zeros();
        }
        while node < leaves {
            node *= 2;
            node += usize::from(self.nodes[node] > bound);
        }
        Some((node - leaves) as u32).filter(|replica| *replica < until)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_a_scan_finds(
            keys in prop::collection::vec((0_u32..19, 0_u64..6), 0..60),
            asks in prop::collection::vec((0_u32..20, 0_u32..20, 0_u64..7), 20),
        ) {
            let mut plain = [Tournament::AWAY; 19];
            let mut tournament = Tournament::new(19);
            for (replica, key) in keys {
                let key = if key == 5 { Tournament::AWAY } else { key };
                plain[replica as usize] = key;
                tournament.set(replica, key);
                prop_assert_eq!(tournament.key(replica), key);
            }
            for (from, until, bound) in asks {
                let (low, high) = (from.min(until), from.max(until));
                let part = &plain[low as usize..high as usize];
                let least = part.iter().copied().min().unwrap_or(Tournament::AWAY);
                prop_assert_eq!(tournament.least(low, high), least);
                let first = part.iter().position(|key| *key <= bound);
                let first = first.map(|place| low + place as u32);
                prop_assert_eq!(tournament.first_at_most(bound, low, high), first);
            }
        }
    }

    #[test]
    fn one_replica_is_a_tournament_too() {
        let mut tournament = Tournament::new(1);
        assert_eq!(tournament.first_at_most(7, 0, 1), None);
        tournament.set(0, 7);
        assert_eq!((tournament.least(0, 1), tournament.first_at_most(7, 0, 1)), (7, Some(0)));
    }
}
