//! The bare eviction policies against theory, plain models and a real trace.

use std::collections::VecDeque;

use proptest::prelude::*;
use windtunnel::cache::policy::{Fifo, Lru};
use windtunnel::cache::{AnyPolicy, Item, Key, Policy, PolicySpec};
use windtunnel::kernel::{Stream, Streams};
use windtunnel::spec::Capacity;

#[path = "support/data.rs"]
mod data;
#[path = "support/zipf.rs"]
mod zipf;

const POLICIES: [PolicySpec; 2] = [PolicySpec::Lru, PolicySpec::Fifo];

/// What a policy draws lots from.
fn lots() -> Stream {
    Streams::new(1, 0).stream("policy")
}

/// Hit ratio over Zipf requests, after a warm-up of a quarter as many.
fn measured(policy: &PolicySpec, zipf: &zipf::Zipf, capacity: u64, requests: usize) -> f64 {
    let mut stream = Streams::new(3, 0).stream("zipf");
    let mut cache = policy.build(Capacity::Entries(capacity), lots());
    let mut replay = |requests| {
        cache.replay((0..requests).map(|_| Item::unit(Key(zipf.rank(&mut stream) as u64))))
    };
    replay(requests / 4);
    replay(requests) as f64 / requests as f64
}

/// Hit ratio by Che's approximation: an object of popularity p is present with
/// probability `present(p T)`, where the characteristic time T is such that
/// `capacity` objects are present on average.
fn che(zipf: &zipf::Zipf, capacity: f64, present: impl Fn(f64) -> f64) -> f64 {
    let held = |t: f64| zipf.probabilities().map(|p| present(p * t)).sum::<f64>();
    let (mut low, mut high) = (0.0, 1e9);
    for _ in 0..60 {
        let t = f64::midpoint(low, high);
        *(if held(t) < capacity { &mut low } else { &mut high }) = t;
    }
    zipf.probabilities().map(|p| p * present(p * low)).sum()
}

#[test]
fn hit_ratios_match_ches_approximation_within_half_a_percent() {
    // LRU: H. Che, Y. Tung, Z. Wang: Hierarchical web caching systems. IEEE JSAC
    // 20(7), 2002. FIFO: V. Martina, M. Garetto, E. Leonardi: A unified approach
    // to the performance analysis of caching systems. INFOCOM 2014.
    for exponent in [0.7, 1.0] {
        let zipf = zipf::Zipf::new(10_000, exponent);
        for capacity in [200, 2000] {
            let lru = che(&zipf, capacity as f64, |x| 1.0 - libm::exp(-x));
            let fifo = che(&zipf, capacity as f64, |x| x / (1.0 + x));
            for (policy, expected) in POLICIES.iter().zip([lru, fifo]) {
                let measured = measured(policy, &zipf, capacity, 1_000_000);
                assert!(
                    (measured - expected).abs() < 0.005 * expected,
                    "{policy:?} of {capacity}, Zipf({exponent}): {measured}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn a_larger_lru_cache_holds_all_that_a_smaller_one_does() {
    let zipf = zipf::Zipf::new(300, 0.8);
    let mut stream = Streams::new(4, 0).stream("zipf");
    let mut caches: Vec<Lru> = [1, 2, 5, 20, 50, 200].map(Capacity::Entries).map(Lru::new).into();
    for _ in 0..3000 {
        let key = Key(zipf.rank(&mut stream) as u64);
        for cache in &mut caches {
            cache.request(Item::unit(key));
        }
        for pair in caches.windows(2) {
            let holds = |cache: &Lru, key| cache.table().find(Key(key)).is_some();
            assert!((0..300).all(|key| !holds(&pair[0], key) || holds(&pair[1], key)));
        }
    }
}

#[test]
fn an_unbounded_cache_has_only_cold_misses() {
    let zipf = zipf::Zipf::new(5000, 0.9);
    for policy in &POLICIES {
        let mut stream = Streams::new(5, 0).stream("zipf");
        let mut cache = policy.build(Capacity::Unbounded, lots());
        let hits =
            cache.replay((0..50_000).map(|_| Item::new(Key(zipf.rank(&mut stream) as u64), 9)));
        assert_eq!(50_000 - hits, cache.table().len() as u64, "{policy:?}");
    }
}

#[test]
fn memory_follows_the_capacity_and_not_the_keys_seen() {
    for policy in &POLICIES {
        let mut cache = policy.build(Capacity::Entries(1000), lots());
        let mut replay = |keys: std::ops::Range<u64>| {
            cache.replay(keys.map(|key| Item::unit(Key(key))));
            cache.table().bytes()
        };
        assert_eq!(replay(0..10_000), replay(10_000..1_000_000), "{policy:?}");
    }
}

/// The policies as anyone would write them: front of the queue first.
struct Plain {
    entries: VecDeque<(u64, u32)>,
    capacity: u32,
    refresh: bool,
}

impl Plain {
    fn weight(&self) -> u32 {
        self.entries.iter().map(|(_, weight)| weight).sum()
    }

    fn position(&self, key: u64) -> Option<usize> {
        self.entries.iter().position(|(k, _)| *k == key)
    }

    fn shrink(&mut self, room: u32) {
        while self.weight() + room > self.capacity {
            self.entries.pop_back();
        }
    }

    fn request(&mut self, key: u64, weight: u32) -> bool {
        let found = self.position(key);
        match found {
            Some(at) if self.refresh => {
                let entry = self.entries.remove(at).unwrap();
                self.entries.push_front(entry);
            }
            Some(_) => {}
            None if weight > self.capacity => {}
            None => {
                self.shrink(weight);
                self.entries.push_front((key, weight));
            }
        }
        found.is_some()
    }

    fn rewrite(&mut self, key: u64, weight: u32) -> bool {
        if weight > self.capacity {
            self.remove(key);
            return false;
        }
        self.request(key, weight);
        let at = self.position(key).unwrap();
        self.entries[at].1 = weight;
        self.shrink(0);
        self.position(key).is_some()
    }

    fn remove(&mut self, key: u64) {
        self.entries.retain(|(k, _)| *k != key);
    }
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Request(u64, u32),
    Rewrite(u64, u32),
    Remove(u64),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => (0u64..24, 1u32..30).prop_map(|(key, weight)| Op::Request(key, weight)),
        2 => (0u64..24, 1u32..30).prop_map(|(key, weight)| Op::Rewrite(key, weight)),
        1 => (0u64..24).prop_map(Op::Remove),
    ];
    prop::collection::vec(op, 1..400)
}

fn agree(mut policy: impl Policy, mut plain: Plain, ops: &[Op]) -> Result<(), TestCaseError> {
    for op in ops {
        match *op {
            Op::Request(key, weight) => {
                prop_assert_eq!(
                    policy.request(Item::new(Key(key), weight)),
                    plain.request(key, weight)
                );
            }
            Op::Rewrite(key, weight) => {
                if let Some(slot) = policy.table().find(Key(key)) {
                    let stays = policy.rewrite(slot, Item::new(Key(key), weight), |_| {});
                    prop_assert_eq!(stays, plain.rewrite(key, weight));
                }
            }
            Op::Remove(key) => {
                if let Some(slot) = policy.table().find(Key(key)) {
                    policy.remove(slot);
                }
                plain.remove(key);
            }
        }
        prop_assert!(policy.table().weight() <= u64::from(plain.capacity));
        prop_assert_eq!(policy.table().weight(), u64::from(plain.weight()));
        prop_assert_eq!(policy.table().len(), plain.entries.len());
        for key in 0..24 {
            let here = policy.table().find(Key(key)).is_some();
            prop_assert_eq!(here, plain.position(key).is_some(), "key {}", key);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn lru_does_what_a_plain_list_does(capacity in 1u32..150, ops in ops()) {
        let plain = Plain { entries: VecDeque::new(), capacity, refresh: true };
        agree(Lru::new(Capacity::Bytes(capacity.into())), plain, &ops)?;
    }

    #[test]
    fn fifo_does_what_a_plain_list_does(capacity in 1u32..150, ops in ops()) {
        let plain = Plain { entries: VecDeque::new(), capacity, refresh: false };
        agree(Fifo::new(Capacity::Tokens(capacity.into())), plain, &ops)?;
    }
}

#[test]
fn lru_hit_ratios_of_the_mooncake_traces_are_the_published_ones() {
    let capacities = [1000, 10_000, 30_000, 50_000, 100_000].map(Capacity::Entries);
    let capacities = [&capacities[..], &[Capacity::Unbounded]].concat();
    for (file, accesses, published) in [
        ("conversation", 288_500, [0.0445, 0.2112, 0.3257, 0.3546, 0.3637, 0.3664]),
        ("synthetic", 0, [0.0825, 0.4235, 0.6242, 0.6396, 0.6396, 0.6396]),
    ] {
        let Some(text) = data::gunzip(&format!("mooncake/{file}_trace.jsonl.gz")) else { return };
        let blocks = blocks(&text);
        assert!(accesses == 0 || blocks.len() == accesses);
        for (capacity, published) in capacities.iter().zip(published) {
            let mut lru: AnyPolicy = PolicySpec::Lru.build(*capacity, lots());
            let hits = lru.replay(blocks.iter().map(|block| Item::unit(*block)));
            let ratio = hits as f64 / blocks.len() as f64;
            assert_eq!(format!("{ratio:.4}"), format!("{published:.4}"), "{file}, {capacity}");
        }
    }
}

/// The blocks that a Mooncake trace reads, in its order.
fn blocks(jsonl: &str) -> Vec<Key> {
    #[derive(serde::Deserialize)]
    struct Request {
        hash_ids: Vec<u64>,
    }
    let requests = jsonl.lines().map(|line| serde_json::from_str::<Request>(line).unwrap());
    requests.flat_map(|request| request.hash_ids).map(Key).collect()
}
