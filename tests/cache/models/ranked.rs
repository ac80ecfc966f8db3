use std::collections::BTreeMap;

use super::{Model, Sizes};

/// The key of the least value.
fn least<V: PartialOrd>(values: impl Iterator<Item = (u64, V)>) -> u64 {
    let less = |a: (u64, V), b: (u64, V)| if b.1 < a.1 { b } else { a };
    values.reduce(less).unwrap().0
}

/// Frequency, and when it was reached.
pub struct Lfu {
    pub sizes: Sizes,
    pub used: BTreeMap<u64, (u32, u32)>,
    pub now: u32,
}

impl Model for Lfu {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        self.now += 1;
        self.used.insert(key, (self.used[&key].0 + 1, self.now));
    }
    fn insert(&mut self, key: u64, _: f32) {
        self.now += 1;
        self.used.insert(key, (1, self.now));
    }
    fn victim(&mut self) -> u64 {
        least(self.used.iter().map(|(key, used)| (*key, *used)))
    }
    fn remove(&mut self, key: u64) {
        self.used.remove(&key);
    }
}

/// Times of reference, the latest last.
pub struct LruK {
    pub sizes: Sizes,
    pub used: BTreeMap<u64, Vec<u32>>,
    pub gone: BTreeMap<u64, u32>,
    pub k: usize,
    pub now: u32,
    pub known: Option<u32>,
}

impl Model for LruK {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        self.now += 1;
        self.used.get_mut(&key).unwrap().push(self.now);
    }
    fn miss(&mut self, key: u64, _: u32) {
        self.now += 1;
        let held = self.sizes.of.len() as u32;
        self.known = self.gone.remove(&key).filter(|time| *time + held >= self.now);
    }
    fn insert(&mut self, key: u64, _: f32) {
        self.used.insert(key, self.known.into_iter().chain([self.now]).collect());
    }
    fn victim(&mut self) -> u64 {
        least(self.used.iter().map(|(key, times)| {
            let kth = times.len().checked_sub(self.k).map_or(0, |at| times[at]);
            (*key, (kth, times[times.len() - 1]))
        }))
    }
    fn evict(&mut self, key: u64) {
        self.gone.insert(key, *self.used[&key].last().unwrap());
        self.used.remove(&key);
    }
    fn remove(&mut self, key: u64) {
        self.used.remove(&key);
    }
}

/// Value, and when it was given.
pub struct Gdsf {
    pub sizes: Sizes,
    pub values: BTreeMap<u64, (f64, u32)>,
    pub cost: BTreeMap<u64, f32>,
    pub frequency: BTreeMap<u64, u32>,
    pub age: f64,
    pub now: u32,
}

impl Model for Gdsf {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        self.now += 1;
        let frequency = self.frequency.get_mut(&key).unwrap();
        *frequency += 1;
        let worth = f64::from(*frequency) * f64::from(self.cost[&key]);
        let value = self.age + worth / f64::from(self.sizes.of[&key]);
        self.values.insert(key, (value, self.now));
    }
    fn insert(&mut self, key: u64, cost: f32) {
        self.frequency.insert(key, 0);
        self.cost.insert(key, cost);
        self.hit(key);
    }
    fn victim(&mut self) -> u64 {
        least(self.values.iter().map(|(key, value)| (*key, *value)))
    }
    fn evict(&mut self, key: u64) {
        self.age = self.values[&key].0;
        self.values.remove(&key);
    }
    fn remove(&mut self, key: u64) {
        self.values.remove(&key);
    }
    fn renew(&mut self, key: u64, cost: f32) {
        self.cost.insert(key, cost);
        self.hit(key);
    }
}
