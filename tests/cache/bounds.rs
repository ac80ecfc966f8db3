//! What holds for every policy.

use proptest::prelude::*;
use windtunnel::cache::policy::{Belady, Lru};
use windtunnel::cache::{Item, Key, Policy, PolicySpec};
use windtunnel::spec::Capacity;

use super::{lots, zipf_trace};

proptest! {
    #[test]
    fn belady_is_never_beaten(
        capacity in 1u64..30,
        trace in prop::collection::vec(prop_oneof![3 => 0u64..12, 2 => 0u64..60], 1..600),
    ) {
        let trace: Vec<Item> = trace.into_iter().map(|key| Item::unit(Key(key))).collect();
        let most = Belady::replay(Capacity::Entries(capacity), &trace);
        for policy in PolicySpec::all() {
            let mut cache = policy.build(Capacity::Entries(capacity), lots());
            let hits = cache.replay(trace.iter().copied());
            prop_assert!(hits <= most, "{} had {} hits of {}", policy.name(), hits, most);
        }
    }

    #[test]
    fn belady_has_as_many_hits_as_any_choice_of_entries(
        capacity in 1u64..4,
        trace in prop::collection::vec(0u64..5, 1..12),
    ) {
        let items: Vec<Item> = trace.iter().map(|key| Item::unit(Key(*key))).collect();
        let belady = Belady::replay(Capacity::Entries(capacity), &items);
        prop_assert_eq!(belady, best(&trace, &[], capacity as usize));
    }
}

/// The most hits by trying every way to store and evict.
fn best(trace: &[u64], held: &[u64], capacity: usize) -> u64 {
    let Some((key, rest)) = trace.split_first() else { return 0 };
    if held.contains(key) {
        return 1 + best(rest, held, capacity);
    }
    let with: Vec<u64> = held.iter().chain([key]).copied().collect();
    if with.len() <= capacity {
        return best(rest, &with, capacity);
    }
    let without = |at: usize| {
        let kept: Vec<u64> =
            with.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, key)| *key).collect();
        best(rest, &kept, capacity)
    };
    (0..with.len()).map(without).max().unwrap_or(0)
}

#[test]
fn an_unbounded_cache_has_only_cold_misses() {
    let trace = zipf_trace(5000, 0.9, 50_000);
    for policy in PolicySpec::all() {
        let mut cache = policy.build(Capacity::Unbounded, lots());
        let hits = cache.replay(trace.iter().copied());
        assert_eq!(50_000 - hits, cache.table().len() as u64, "{}", policy.name());
    }
    let cold = 50_000 - Belady::replay(Capacity::Unbounded, &trace);
    let mut keys: Vec<Key> = trace.iter().map(|item| item.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(cold, keys.len() as u64);
}

#[test]
fn a_larger_lru_cache_holds_all_that_a_smaller_one_does() {
    let mut caches: Vec<Lru> = [1, 2, 5, 20, 50, 200].map(Capacity::Entries).map(Lru::new).into();
    for item in zipf_trace(300, 0.8, 3000) {
        for cache in &mut caches {
            cache.request(item);
        }
        for pair in caches.windows(2) {
            let holds = |cache: &Lru, key| cache.table().find(Key(key)).is_some();
            assert!((0..300).all(|key| !holds(&pair[0], key) || holds(&pair[1], key)));
        }
    }
}

/// Bytes per entry of a full cache after Zipf requests, and after as many
/// requests for keys of which each is asked for once.
fn bytes_per_entry(policy: &PolicySpec, capacity: u64) -> [f64; 2] {
    let mut cache = policy.build(Capacity::Entries(capacity), lots());
    let mut each = |trace: Vec<Item>| {
        cache.replay(trace);
        assert_eq!(cache.table().len() as u64, capacity, "{}", policy.name());
        cache.bytes() as f64 / capacity as f64
    };
    let zipf = each(zipf_trace(200_000, 1.0, 400_000));
    [zipf, each((1 << 32..(1 << 32) + 400_000).map(|key| Item::unit(Key(key))).collect())]
}

#[test]
fn an_entry_needs_at_most_some_41_bytes_with_its_ghosts() {
    for policy in PolicySpec::all() {
        for capacity in [10_000, 16_384, 20_000] {
            let [zipf, scan] = bytes_per_entry(&policy, capacity);
            // LRU-K's past is of requests: where all miss, each leaves a ghost.
            let most = if policy.name() == "lru_k" { 52.0 } else { 41.5 };
            println!("{} of {capacity}: {zipf:.1} bytes, {scan:.1} in a scan", policy.name());
            assert!(zipf < 41.5, "{} of {capacity}: {zipf} bytes", policy.name());
            assert!(scan < most, "{} of {capacity}: {scan} bytes in a scan", policy.name());
        }
    }
}

#[test]
fn memory_follows_the_capacity_and_not_the_keys_seen() {
    for policy in PolicySpec::all() {
        let mut cache = policy.build(Capacity::Entries(1000), lots());
        let mut replay = |keys: std::ops::Range<u64>| {
            cache.replay(keys.map(|key| Item::unit(Key(key))));
            cache.bytes()
        };
        let (before, after) = (replay(0..20_000), replay(20_000..1_000_000));
        assert!(after <= before + before / 20, "{}: {before}, then {after}", policy.name());
    }
}
