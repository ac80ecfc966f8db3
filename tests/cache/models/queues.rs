use std::collections::BTreeMap;

use windtunnel::kernel::Stream;

use super::{Gone, Model, Sizes, drop_from, to_front};

/// LRU, or FIFO, which does not refresh on a hit. The front is the newest.
pub struct Queue {
    pub sizes: Sizes,
    pub order: Vec<u64>,
    pub refresh: bool,
}

impl Model for Queue {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        if self.refresh {
            to_front(&mut self.order, key);
        }
    }
    fn insert(&mut self, key: u64, _: f32) {
        self.order.insert(0, key);
    }
    fn victim(&mut self) -> u64 {
        *self.order.last().unwrap()
    }
    fn remove(&mut self, key: u64) {
        drop_from(&mut self.order, key);
    }
}

/// Entries are in places; the place left last is filled first.
pub struct Random {
    pub sizes: Sizes,
    pub places: Vec<Option<u64>>,
    pub left: Vec<usize>,
    pub stream: Stream,
}

impl Model for Random {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, _: u64) {}
    fn insert(&mut self, key: u64, _: f32) {
        match self.left.pop() {
            Some(place) => self.places[place] = Some(key),
            None => self.places.push(Some(key)),
        }
    }
    fn victim(&mut self) -> u64 {
        loop {
            let drawn = self.stream.below(self.places.len() as u64);
            if let Some(key) = self.places[drawn as usize] {
                return key;
            }
        }
    }
    fn remove(&mut self, key: u64) {
        let place = self.places.iter().position(|k| *k == Some(key)).unwrap();
        self.places[place] = None;
        self.left.push(place);
    }
}

/// The hand is at the end.
pub struct Clock {
    pub sizes: Sizes,
    pub order: Vec<u64>,
    pub count: BTreeMap<u64, u32>,
    pub most: u32,
}

impl Model for Clock {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        let count = self.count.get_mut(&key).unwrap();
        *count = (*count + 1).min(self.most);
    }
    fn insert(&mut self, key: u64, _: f32) {
        self.order.insert(0, key);
        self.count.insert(key, 0);
    }
    fn victim(&mut self) -> u64 {
        loop {
            let key = *self.order.last().unwrap();
            let count = self.count.get_mut(&key).unwrap();
            if *count == 0 {
                return key;
            }
            *count -= 1;
            to_front(&mut self.order, key);
        }
    }
    fn remove(&mut self, key: u64) {
        drop_from(&mut self.order, key);
        self.count.remove(&key);
    }
}

/// The hand goes from the end to the front.
pub struct Sieve {
    pub sizes: Sizes,
    pub order: Vec<u64>,
    pub visited: BTreeMap<u64, bool>,
    pub hand: Option<u64>,
}

impl Sieve {
    fn before(&self, key: u64) -> Option<u64> {
        let at = self.order.iter().position(|k| *k == key).unwrap();
        (at > 0).then(|| self.order[at - 1])
    }
}

impl Model for Sieve {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        self.visited.insert(key, true);
    }
    fn insert(&mut self, key: u64, _: f32) {
        self.order.insert(0, key);
        self.visited.insert(key, false);
    }
    fn victim(&mut self) -> u64 {
        let mut at = self.hand.unwrap_or(*self.order.last().unwrap());
        while self.visited[&at] {
            self.visited.insert(at, false);
            at = self.before(at).unwrap_or(*self.order.last().unwrap());
        }
        self.hand = Some(at);
        at
    }
    fn remove(&mut self, key: u64) {
        if self.hand == Some(key) {
            self.hand = self.before(key);
        }
        drop_from(&mut self.order, key);
    }
}

pub struct Slru {
    pub sizes: Sizes,
    /// The lowest first; in each the latest used first.
    pub segments: Vec<Vec<u64>>,
}

impl Slru {
    fn limit(&self) -> u32 {
        self.sizes.share(1.0 / self.segments.len() as f64).max(1)
    }

    fn cool(&mut self) {
        for at in (1..self.segments.len()).rev() {
            while self.sizes.sum(&self.segments[at]) > self.limit() {
                let last = self.segments[at].pop().unwrap();
                self.segments[at - 1].insert(0, last);
            }
        }
    }
}

impl Model for Slru {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        let at = self.segments.iter().position(|s| s.contains(&key)).unwrap();
        let higher = if self.sizes.of[&key] <= self.limit() { at + 1 } else { at };
        drop_from(&mut self.segments[at], key);
        let top = self.segments.len() - 1;
        self.segments[higher.min(top)].insert(0, key);
        self.cool();
    }
    fn insert(&mut self, key: u64, _: f32) {
        self.segments[0].insert(0, key);
    }
    fn victim(&mut self) -> u64 {
        *self.segments.iter().find_map(|segment| segment.last()).unwrap()
    }
    fn remove(&mut self, key: u64) {
        self.segments.iter_mut().for_each(|segment| _ = drop_from(segment, key));
    }
}

pub struct TwoQ {
    pub sizes: Sizes,
    pub newcomers: Vec<u64>,
    pub main: Vec<u64>,
    pub gone: Gone,
    pub known: bool,
}

impl Model for TwoQ {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        if self.main.contains(&key) {
            to_front(&mut self.main, key);
        }
    }
    fn miss(&mut self, key: u64, _: u32) {
        self.known = self.gone.take(key);
    }
    fn insert(&mut self, key: u64, _: f32) {
        if self.known { &mut self.main } else { &mut self.newcomers }.insert(0, key);
    }
    fn victim(&mut self) -> u64 {
        let many = self.sizes.sum(&self.newcomers) > self.sizes.share(0.25).max(1);
        if many || self.main.is_empty() {
            *self.newcomers.last().unwrap()
        } else {
            *self.main.last().unwrap()
        }
    }
    fn evict(&mut self, key: u64) {
        if self.newcomers.contains(&key) {
            self.gone.push(key, self.sizes.of[&key]);
        }
        self.remove(key);
    }
    fn remove(&mut self, key: u64) {
        drop_from(&mut self.newcomers, key);
        drop_from(&mut self.main, key);
    }
}

pub struct S3Fifo {
    pub sizes: Sizes,
    pub small: Vec<u64>,
    pub main: Vec<u64>,
    pub hits: BTreeMap<u64, u32>,
    pub gone: Gone,
    pub known: bool,
    pub full: bool,
}

impl S3Fifo {
    fn small_size(&self) -> u32 {
        self.sizes.share(0.1).max(1)
    }

    fn small_victim(&mut self) -> Option<u64> {
        while let Some(key) = self.small.last().copied() {
            if self.hits[&key] < 2 {
                return Some(key);
            }
            self.small.pop();
            self.main.insert(0, key);
            self.hits.insert(key, 0);
        }
        None
    }

    fn main_victim(&mut self) -> Option<u64> {
        while let Some(key) = self.main.last().copied() {
            let hits = self.hits[&key].min(3);
            if hits == 0 {
                return Some(key);
            }
            to_front(&mut self.main, key);
            self.hits.insert(key, hits - 1);
        }
        None
    }
}

impl Model for S3Fifo {
    fn sizes(&mut self) -> &mut Sizes {
        &mut self.sizes
    }
    fn hit(&mut self, key: u64) {
        *self.hits.get_mut(&key).unwrap() += 1;
    }
    fn miss(&mut self, key: u64, _: u32) {
        self.known = self.gone.take(key);
    }
    fn insert(&mut self, key: u64, _: f32) {
        let crowded = !self.full && self.sizes.sum(&self.small) >= self.small_size();
        let large = self.sizes.of[&key] > self.small_size();
        let main = self.known || crowded || large;
        if main { &mut self.main } else { &mut self.small }.insert(0, key);
        self.hits.insert(key, 0);
    }
    fn victim(&mut self) -> u64 {
        self.full = true;
        let crowded = self.sizes.sum(&self.main) > self.sizes.capacity - self.small_size();
        let small = if crowded { None } else { self.small_victim() };
        small.or_else(|| self.main_victim()).or_else(|| self.small_victim()).unwrap()
    }
    fn evict(&mut self, key: u64) {
        if self.small.contains(&key) {
            self.gone.push(key, self.sizes.of[&key]);
        }
        self.remove(key);
    }
    fn remove(&mut self, key: u64) {
        drop_from(&mut self.small, key);
        drop_from(&mut self.main, key);
    }
}
