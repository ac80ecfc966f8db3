use windtunnel::cache::{Key, Sketch};

use super::{Gone, Model, Sizes, drop_from, to_front};

/// Figure 4 of the paper: `[T1, T2]` and `[B1, B2]`.
pub struct Arc {
    pub sizes: Sizes,
    pub lists: [Vec<u64>; 2],
    pub gone: [Gone; 2],
    pub target: f64,
    pub known: Option<usize>,
}

impl Arc {
    fn weights(&self) -> [u32; 2] {
        [0, 1].map(|which: usize| self.sizes.sum(&self.lists[which]))
    }

    /// `L1` holds as much as the cache, `L1` and `L2` twice as much.
    fn trim(&mut self) {
        let capacity = self.sizes.capacity;
        while self.weights()[0] + self.gone[0].total() > capacity && self.gone[0].total() > 0 {
            self.gone[0].keys.pop();
        }
        let all = |arc: &Arc| arc.weights().iter().sum::<u32>() + arc.gone[0].total();
        while all(self) + self.gone[1].total() > 2 * capacity && self.gone[1].total() > 0 {
            self.gone[1].keys.pop();
        }
    }
}

impl Model for Arc {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        drop_from(&mut self.lists[0], key);
        to_front(&mut self.lists[1], key);
    }
    fn miss(&mut self, key: u64, weight: u32) {
        let [first, second] = [0, 1].map(|which: usize| f64::from(self.gone[which].total()));
        let (capacity, weight) = (f64::from(self.sizes.capacity), f64::from(weight));
        self.known = None;
        if self.gone[0].take(key) {
            self.target = capacity.min(self.target + (second / first).max(1.0) * weight);
            self.known = Some(0);
        } else if self.gone[1].take(key) {
            self.target = (self.target - (first / second).max(1.0) * weight).max(0.0);
            self.known = Some(1);
        }
    }
    fn insert(&mut self, key: u64, _: f32) {
        self.lists[usize::from(self.known.is_some())].insert(0, key);
        self.trim();
    }
    fn victim(&mut self) -> u64 {
        let first = f64::from(self.weights()[0]);
        let replace = first > self.target || first == self.target && self.known == Some(1);
        let from = usize::from(!replace);
        *self.lists[from].last().or(self.lists[1 - from].last()).unwrap()
    }
    fn evict(&mut self, key: u64) {
        let from = usize::from(self.lists[1].contains(&key));
        let weight = self.sizes.of.remove(&key).unwrap();
        drop_from(&mut self.lists[from], key);
        self.gone[from].push(key, weight);
    }
    fn remove(&mut self, key: u64) {
        self.lists.iter_mut().for_each(|list| _ = drop_from(list, key));
    }
}

/// The paper's stack `S`, its top first, and queue `Q`, its end first.
pub struct Lirs {
    pub sizes: Sizes,
    pub stack: Vec<u64>,
    pub queue: Vec<u64>,
    pub low: Vec<u64>,
    pub known: bool,
}

impl Lirs {
    fn limit(&self) -> u32 {
        self.sizes.capacity - self.sizes.share(0.01).max(1).min(self.sizes.capacity)
    }

    fn prune(&mut self) {
        while self.stack.last().is_some_and(|key| !self.low.contains(key)) {
            self.stack.pop();
        }
    }

    fn demote(&mut self) {
        while self.sizes.sum(&self.low) > self.limit() {
            let bottom = self.stack.pop().unwrap();
            drop_from(&mut self.low, bottom);
            self.queue.insert(0, bottom);
            self.prune();
        }
        self.prune();
    }
}

impl Model for Lirs {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        if self.low.contains(&key) {
            to_front(&mut self.stack, key);
        } else if self.stack.contains(&key) {
            to_front(&mut self.stack, key);
            drop_from(&mut self.queue, key);
            self.low.push(key);
        } else {
            self.stack.insert(0, key);
            to_front(&mut self.queue, key);
        }
        self.demote();
    }
    fn miss(&mut self, key: u64, _: u32) {
        self.known = drop_from(&mut self.stack, key);
    }
    fn insert(&mut self, key: u64, _: f32) {
        let room = self.sizes.sum(&self.low) + self.sizes.of[&key] <= self.limit();
        self.stack.insert(0, key);
        if self.known || room { &mut self.low } else { &mut self.queue }.insert(0, key);
        self.demote();
    }
    fn victim(&mut self) -> u64 {
        *self.queue.last().or(self.stack.last()).unwrap()
    }
    fn evict(&mut self, key: u64) {
        drop_from(&mut self.queue, key);
        if drop_from(&mut self.low, key) {
            drop_from(&mut self.stack, key);
        }
        self.prune();
    }
    fn remove(&mut self, key: u64) {
        for list in [&mut self.stack, &mut self.queue, &mut self.low] {
            drop_from(list, key);
        }
        self.prune();
    }
}

pub struct WTinylfu {
    pub sizes: Sizes,
    pub window: Vec<u64>,
    pub probation: Vec<u64>,
    pub protected: Vec<u64>,
    pub sketch: Sketch,
    pub slots: usize,
}

impl WTinylfu {
    fn window_size(&self) -> u32 {
        self.sizes.share(0.01).max(1)
    }

    fn main_size(&self) -> u32 {
        self.sizes.capacity - self.window_size()
    }

    fn main(&self) -> u32 {
        self.sizes.sum(&self.probation) + self.sizes.sum(&self.protected)
    }

    fn window_gives(&mut self) -> bool {
        let Some(last) = self.window.last().copied() else { return false };
        let fits = self.main() + self.sizes.of[&last] <= self.main_size();
        if fits {
            self.window.pop();
            self.probation.insert(0, last);
        }
        fits
    }
}

impl Model for WTinylfu {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn slots(&mut self, slots: usize) {
        self.slots = slots;
    }
    fn hit(&mut self, key: u64) {
        self.sketch.count(Key(key));
        if self.window.contains(&key) {
            return to_front(&mut self.window, key);
        }
        drop_from(&mut self.probation, key);
        to_front(&mut self.protected, key);
        let limit = (f64::from(self.main_size()) * 0.8) as u32;
        while self.sizes.sum(&self.protected) > limit {
            self.probation.insert(0, self.protected.pop().unwrap());
        }
    }
    fn miss(&mut self, key: u64, _: u32) {
        self.sketch.fit(self.slots);
        self.sketch.count(Key(key));
    }
    fn insert(&mut self, key: u64, _: f32) {
        self.window.insert(0, key);
        while self.sizes.sum(&self.window) > self.window_size() && self.window_gives() {}
    }
    fn victim(&mut self) -> u64 {
        let main = |m: &Self| m.probation.last().or(m.protected.last()).copied();
        if self.main() > self.main_size() {
            return main(self).unwrap();
        }
        while self.window_gives() {}
        match (self.window.last().copied(), main(self)) {
            (Some(window), Some(main)) => {
                let asked = |key| self.sketch.estimate(Key(key));
                if asked(window) > asked(main) { main } else { window }
            }
            (window, main) => window.or(main).unwrap(),
        }
    }
    fn remove(&mut self, key: u64) {
        for list in [&mut self.window, &mut self.probation, &mut self.protected] {
            drop_from(list, key);
        }
    }
}
