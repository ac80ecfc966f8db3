//! LRU stack distances.
//!
//! The distance of an access is how much was used since the last access to the
//! same object, that object included: LRU hits exactly if its capacity is at
//! least that (R. L. Mattson et al.: Evaluation techniques for storage
//! hierarchies. IBM Systems Journal 9(2), 1970). Summing over the objects used
//! since takes O(log n) with a tree of partial sums over the times of last
//! access (B. T. Bennett, V. J. Kruskal: LRU stack processing. IBM Journal of
//! Research and Development 19(4), 1975; the tree as P. M. Fenwick laid it out,
//! 1994).

/// Times of last access in one leaf of the tree: 16 fit a cache line, and
/// adding up a few lines is cheaper than more levels of the tree.
const LEAF: usize = 64;
const NEVER: u32 = u32::MAX;

/// Stack distances of one access after another.
///
/// Times are renumbered when they run out, so that memory goes with the number
/// of objects, not of accesses: about 20 bytes each.
#[derive(Clone, Debug)]
pub struct Distances {
    /// By time: the size of the object whose last access that was, else 0.
    sizes: Vec<u32>,
    /// By time: that object.
    objects: Vec<u32>,
    /// A Fenwick tree of the sums of leaves; the first is unused.
    tree: Vec<u64>,
    /// By object: the time of its last access.
    last: Vec<u32>,
    now: usize,
    total: u64,
    live: usize,
}

impl Distances {
    /// Before any access.
    pub fn new() -> Self {
        let mut distances = Distances {
            sizes: Vec::new(),
            objects: Vec::new(),
            tree: Vec::new(),
            last: Vec::new(),
            now: 0,
            total: 0,
            live: 0,
        };
        distances.make_room();
        distances
    }

    /// Notes an access to an object of this size. Returns its distance, the
    /// object's own size included; `None` if it is the first to this object.
    #[inline]
    pub fn access(&mut self, object: u32, size: u32) -> Option<u64> {
        if self.now == self.sizes.len() {
            self.make_room();
        }
        let at = object as usize;
        if at >= self.last.len() {
            self.last.resize((at + 1).max(2 * self.last.len()), NEVER);
        }
        let now = self.now as u32;
        let before = std::mem::replace(&mut self.last[at], now);
        let distance = (before != NEVER).then(|| {
            let before = before as usize;
            let old = u64::from(std::mem::take(&mut self.sizes[before]));
            let since = self.total - self.up_to(before) - old;
            self.total -= old;
            self.add(before, old.wrapping_neg());
            self.objects[before] = NEVER;
            since + u64::from(size)
        });
        self.live += usize::from(distance.is_none());
        self.sizes[self.now] = size;
        self.objects[self.now] = object;
        self.add(self.now, u64::from(size));
        self.total += u64::from(size);
        self.now += 1;
        distance
    }

    /// The sizes at all times before this one.
    #[inline]
    fn up_to(&self, time: usize) -> u64 {
        let leaf = time / LEAF;
        let within = &self.sizes[leaf * LEAF..time];
        let mut sum: u64 = within.iter().map(|size| u64::from(*size)).sum();
        let mut node = leaf;
        while node > 0 {
            sum = sum.wrapping_add(self.tree[node]);
            node &= node - 1;
        }
        sum
    }

    #[inline]
    fn add(&mut self, time: usize, size: u64) {
        let mut node = time / LEAF + 1;
        while node < self.tree.len() {
            self.tree[node] = self.tree[node].wrapping_add(size);
            node += node & node.wrapping_neg();
        }
    }

    /// Renumbers the times of last access from 0, in their order, and makes at
    /// least as many again free: each access pays for a constant share of it.
    #[cold]
    fn make_room(&mut self) {
        let mut to = 0;
        for from in 0..self.now {
            let object = self.objects[from];
            if object != NEVER {
                self.sizes[to] = self.sizes[from];
                self.objects[to] = object;
                self.last[object as usize] = to as u32;
                to += 1;
            }
        }
        debug_assert_eq!(to, self.live, "an object has one last access");
        let times = (2 * to).max(self.sizes.len()).max(16 * LEAF).next_multiple_of(LEAF);
        assert!(times < NEVER as usize, "fewer than 2^31 objects");
        self.sizes[to..].fill(0);
        self.sizes.resize(times, 0);
        self.objects.truncate(to);
        self.objects.resize(times, NEVER);
        self.now = to;
        self.tree = vec![0; times / LEAF + 1];
        for (leaf, sizes) in self.sizes.chunks(LEAF).enumerate() {
            self.tree[leaf + 1] = sizes.iter().map(|size| u64::from(*size)).sum();
        }
        for node in 1..self.tree.len() {
            let parent = node + (node & node.wrapping_neg());
            if parent < self.tree.len() {
                self.tree[parent] += self.tree[node];
            }
        }
    }
}

impl Default for Distances {
    fn default() -> Self {
        Distances::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The distance by walking a list, most recent first.
    fn walk(stack: &mut Vec<(u32, u32)>, object: u32, size: u32) -> Option<u64> {
        let found = stack.iter().position(|(other, _)| *other == object);
        let distance = found.map(|place| {
            let above: u64 = stack[..place].iter().map(|(_, size)| u64::from(*size)).sum();
            stack.remove(place);
            above + u64::from(size)
        });
        stack.insert(0, (object, size));
        distance
    }

    proptest! {
        #[test]
        fn distances_are_those_of_the_stack(
            accesses in prop::collection::vec((0u32..90, 0u32..5), 0..1000),
            repeats in 1usize..8,
        ) {
            let (mut distances, mut stack) = (Distances::new(), Vec::new());
            for (object, size) in accesses.iter().cycle().take(accesses.len() * repeats) {
                let expected = walk(&mut stack, *object, *size);
                prop_assert_eq!(distances.access(*object, *size), expected);
            }
        }
    }

    #[test]
    fn memory_follows_the_objects_and_not_the_accesses() {
        let mut distances = Distances::new();
        for round in 0..100 {
            for object in 0..5000 {
                let expected = (round > 0).then_some(5000 * 3);
                assert_eq!(distances.access(object, 3), expected);
            }
        }
        assert!(distances.sizes.len() <= 3 * 5000, "{} times", distances.sizes.len());
    }
}
