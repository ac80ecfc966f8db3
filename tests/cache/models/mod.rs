//! The policies as anyone would write them down from the papers, with vectors
//! that are searched from end to end.

use std::collections::BTreeMap;

mod adaptive;
mod queues;
mod ranked;

pub use adaptive::{Arc, Lirs, WTinylfu};
pub use queues::{Clock, Queue, Random, S3Fifo, Sieve, Slru, TwoQ};
pub use ranked::{Gdsf, Lfu, LruK};

/// What entries weigh, and what they may weigh together.
pub struct Sizes {
    pub of: BTreeMap<u64, u32>,
    pub capacity: u32,
}

impl Sizes {
    pub fn new(capacity: u32) -> Self {
        Sizes { of: BTreeMap::new(), capacity }
    }

    pub fn total(&self) -> u32 {
        self.of.values().sum()
    }

    pub fn sum<'a>(&self, keys: impl IntoIterator<Item = &'a u64>) -> u32 {
        keys.into_iter().map(|key| self.of[key]).sum()
    }

    pub fn share(&self, share: f64) -> u32 {
        (f64::from(self.capacity) * share) as u32
    }
}

/// A policy's rules; keys are in `sizes` while they are in the cache.
pub trait Model {
    fn sizes(&mut self) -> &mut Sizes;
    fn hit(&mut self, key: u64);
    fn miss(&mut self, _key: u64, _weight: u32) {}
    fn insert(&mut self, key: u64, cost: f32);
    fn victim(&mut self) -> u64;
    /// The victim goes; it still has its size.
    fn evict(&mut self, key: u64) {
        self.remove(key);
    }
    fn remove(&mut self, key: u64);
    fn renew(&mut self, key: u64, _cost: f32) {
        self.hit(key);
    }
    /// For how many entries the policy has taken memory.
    fn slots(&mut self, _slots: usize) {}

    fn has(&mut self, key: u64) -> bool {
        self.sizes().of.contains_key(&key)
    }

    fn take_out(&mut self, key: u64) {
        if self.has(key) {
            self.remove(key);
            self.sizes().of.remove(&key);
        }
    }

    fn shrink(&mut self, room: u32) {
        while self.sizes().total() + room > self.sizes().capacity {
            let victim = self.victim();
            self.evict(victim);
            self.sizes().of.remove(&victim);
        }
    }

    fn request(&mut self, key: u64, weight: u32, cost: f32) -> bool {
        if self.has(key) {
            self.hit(key);
            return true;
        }
        if weight <= self.sizes().capacity {
            self.miss(key, weight);
            self.shrink(weight);
            self.sizes().of.insert(key, weight);
            self.insert(key, cost);
        }
        false
    }

    fn rewrite(&mut self, key: u64, weight: u32, cost: f32) -> bool {
        if weight > self.sizes().capacity {
            self.take_out(key);
            return false;
        }
        self.sizes().of.insert(key, weight);
        self.renew(key, cost);
        self.shrink(0);
        self.has(key)
    }
}

/// Takes a key out of a list. True if it was there.
pub fn drop_from(list: &mut Vec<u64>, key: u64) -> bool {
    let at = list.iter().position(|k| *k == key);
    at.map(|at| list.remove(at)).is_some()
}

/// Moves or puts a key to the front of a list.
pub fn to_front(list: &mut Vec<u64>, key: u64) {
    drop_from(list, key);
    list.insert(0, key);
}

/// Keys that went, the latest first, of limited weight.
pub struct Gone {
    pub keys: Vec<(u64, u32)>,
    most: u32,
}

impl Gone {
    pub fn new(most: u32) -> Self {
        Gone { keys: Vec::new(), most }
    }

    pub fn total(&self) -> u32 {
        self.keys.iter().map(|(_, weight)| weight).sum()
    }

    pub fn take(&mut self, key: u64) -> bool {
        let at = self.keys.iter().position(|(k, _)| *k == key);
        at.map(|at| self.keys.remove(at)).is_some()
    }

    pub fn push(&mut self, key: u64, weight: u32) {
        if weight <= self.most {
            self.keys.insert(0, (key, weight));
        }
        while self.total() > self.most {
            self.keys.pop();
        }
    }
}
