use proptest::prelude::*;

use super::*;
use crate::cache::PolicySpec;

const SIZE: Size = Size { bytes: 1, tokens: 1, cost: 1.0 };

fn cache(yaml: &str) -> Hierarchy<u64> {
    Hierarchy::new(&serde_yaml::from_str(yaml).unwrap(), &Streams::new(1, 0))
}

fn value(hit: Option<Hit<u64>>) -> Option<u64> {
    hit.map(|hit| hit.value)
}

/// Asks level by level; promotes what is found. The level, from 1.
fn ask(cache: &mut Hierarchy<u64>, key: u64, now: Time) -> Option<usize> {
    let found = (0..cache.levels()).find(|l| cache.lookup(*l, Key(key), now).is_some())?;
    cache.promote(found, Key(key), now);
    Some(found + 1)
}

const DEMO: &str =
    "levels: [{capacity: 5}, {capacity: 10, policy: fifo}, {capacity: 20, policy: fifo}]";

#[test]
fn the_notebooks_demo_gives_its_figures() {
    let mut cache = cache(DEMO);
    for q in 0..15 {
        cache.store(Key(q), SIZE, q, None, Time::ZERO);
    }
    assert_eq!([0, 1, 2].map(|level| cache.entries(level)), [5, 10, 15]);
    let found = [14, 13, 9, 8, 7, 99].map(|q| ask(&mut cache, q, Time::ZERO));
    assert_eq!(found, [Some(1), Some(1), Some(2), Some(2), Some(2), None]);
    assert_eq!([0, 1, 2].map(|level| cache.stats(level).hits), [2, 3, 0]);
    assert_eq!([0, 1, 2].map(|level| cache.stats(level).lookups), [6, 4, 1]);
    assert_eq!(cache.stats(0).promotions, 3);
}

#[test]
fn a_hit_is_promoted_to_every_faster_level_and_to_no_other() {
    let mut cache = cache(DEMO);
    for q in 0..15 {
        cache.store(Key(q), SIZE, q, None, Time::ZERO);
    }
    assert_eq!(ask(&mut cache, 0, Time::ZERO), Some(3));
    assert_eq!([0, 1, 2].map(|level| cache.stats(level).promotions), [1, 1, 0]);
    assert_eq!(ask(&mut cache, 0, Time::ZERO), Some(1));
    assert_eq!(ask(&mut cache, 5, Time::ZERO), Some(3), "the promoted one took its place");
}

#[test]
fn fifo_levels_do_not_refresh_on_a_hit_and_lru_levels_do() {
    for (policy, expected) in [("fifo", None), ("lru", Some(7))] {
        let mut cache = cache(&format!("levels: [{{capacity: 2, policy: {policy}}}]"));
        for key in [7, 8] {
            cache.store(Key(key), SIZE, key, None, Time::ZERO);
        }
        cache.lookup(0, Key(7), Time::ZERO);
        cache.store(Key(9), SIZE, 9, None, Time::ZERO);
        assert_eq!(value(cache.lookup(0, Key(7), Time::ZERO)), expected, "{policy}");
    }
}

#[test]
fn a_promoted_copy_lives_no_longer_than_its_original_nor_than_its_level_allows() {
    let mut cache = cache("{ttl: 100ns, levels: [{capacity: 1, ttl: 30ns}, {capacity: 9}]}");
    cache.store(Key(1), SIZE, 1, None, Time(0));
    cache.store(Key(2), SIZE, 2, None, Time(0));
    assert_eq!(ask(&mut cache, 1, Time(50)), Some(2));
    assert_eq!(ask(&mut cache, 1, Time(79)), Some(1));
    assert_eq!(ask(&mut cache, 1, Time(80)), Some(2), "30 ns after the promotion");
    assert_eq!(ask(&mut cache, 1, Time(99)), Some(1));
    assert_eq!(ask(&mut cache, 1, Time(100)), None, "100 ns after the store");
    assert_eq!(cache.stats(0).expirations, 2);
}

#[test]
fn a_promotion_that_comes_late_does_no_harm() {
    let mut cache = cache("{ttl: 100ns, levels: [{capacity: 1}, {capacity: 2}]}");
    cache.store(Key(1), SIZE, 1, None, Time(0));
    cache.store(Key(2), SIZE, 2, None, Time(50));
    assert_eq!(value(cache.lookup(1, Key(1), Time(99))), Some(1));
    cache.promote(1, Key(1), Time(100));
    assert_eq!(cache.stats(0).promotions, 0, "expired on the way");
    assert_eq!(value(cache.lookup(1, Key(2), Time(100))), Some(2));
    cache.store(Key(3), SIZE, 3, None, Time(101));
    cache.store(Key(4), SIZE, 4, None, Time(102));
    cache.promote(1, Key(2), Time(103));
    assert_eq!(cache.stats(0).promotions, 0, "evicted on the way");
    assert_eq!(value(cache.lookup(0, Key(4), Time(103))), Some(4));
}

#[test]
fn resetting_statistics_keeps_the_contents() {
    let mut cache = cache(DEMO);
    cache.store(Key(1), SIZE, 1, None, Time::ZERO);
    ask(&mut cache, 1, Time::ZERO);
    cache.reset_stats(Time::ZERO);
    assert_eq!(*cache.stats(0), LevelStats::default());
    assert_eq!(ask(&mut cache, 1, Time::ZERO), Some(1));
}

#[test]
fn the_default_is_the_notebooks_cache() {
    let mut cache = cache("{}");
    let latencies = [0, 1, 2].map(|level| cache.enter(level, 0, Time::ZERO));
    assert_eq!(latencies, [0, 10, 50].map(|millis| Some(Duration::from_millis(millis))));
    assert_eq!(cache.levels(), 3);
}

/// A request of a trace: a hit, or a miss that is stored.
fn request(cache: &mut Hierarchy<u64>, key: u64, now: Time) -> Option<usize> {
    let found = ask(cache, key, now);
    if found.is_none() {
        cache.store(Key(key), SIZE, now.0, None, now);
    }
    found
}

proptest! {
    #[test]
    fn exclusive_lru_levels_are_one_lru_of_their_sum(
        capacities in prop::collection::vec(1u64..8, 1..5),
        keys in prop::collection::vec(0u64..40, 1..400),
    ) {
        let levels: Vec<String> =
            capacities.iter().map(|capacity| format!("{{capacity: {capacity}}}")).collect();
        let mut many = cache(&format!("{{mode: exclusive, levels: [{}]}}", levels.join(", ")));
        let sum: u64 = capacities.iter().sum();
        let mut one = cache(&format!("levels: [{{capacity: {sum}}}]"));
        for (now, key) in keys.into_iter().enumerate() {
            let now = Time(now as u64);
            prop_assert_eq!(
                request(&mut many, key, now).is_some(),
                request(&mut one, key, now).is_some()
            );
        }
        let held: usize = (0..many.levels()).map(|level| many.entries(level)).sum();
        prop_assert_eq!(held, one.entries(0));
    }

    #[test]
    fn whatever_the_mode_values_are_fresh_and_every_levels_books_balance(
        mode in prop::sample::select(vec!["inclusive", "exclusive"]),
        back in any::<bool>(),
        policies in prop::collection::vec(prop::sample::select(PolicySpec::all()), 3),
        probability in prop::sample::select(vec![0.0, 0.5, 1.0]),
        to in prop::sample::select(vec!["all", "next"]),
        expiry in prop::sample::select(vec!["lazy", "timer"]),
        purge in any::<bool>(),
        keys in prop::collection::vec((0u64..40, any::<bool>()), 1..400),
    ) {
        let write = if back && mode == "inclusive" { "back" } else { "through" };
        let mut spec: CacheSpec = serde_yaml::from_str(&format!(
            "{{mode: {mode}, write: {write}, expiry: {expiry}, ttl: 60ns,
               invalidation: {{every: 17ns, share: 0.2, purge: {purge}}},
               levels: [{{capacity: 3}},
                 {{capacity: 40B, promote: {{probability: {probability}, to: {to}}}}},
                 {{capacity: 9, idle_ttl: 25ns, promote: {{probability: {probability}, to: {to}}}}}]}}",
        )).unwrap();
        for (level, policy) in spec.levels.iter_mut().zip(policies) {
            level.policy = policy;
        }
        let mut cache = Hierarchy::new(&spec, &Streams::new(1, 0));
        let mut written = std::collections::BTreeMap::new();
        for (now, (key, store)) in keys.into_iter().enumerate() {
            let now = Time(now as u64);
            if store {
                let size = Size { bytes: key, tokens: key, cost: 1.0 };
                cache.store(Key(key), size, now.0, None, now);
                written.insert(key, now.0);
            } else if let Some(level) =
                (0..3).find(|level| cache.lookup(*level, Key(key), now).is_some())
            {
                let found = cache.lookup(level, Key(key), now).unwrap();
                prop_assert!(now.0 - found.value < 60);
                prop_assert!(!(purge && found.stale));
                if write == "through" {
                    prop_assert_eq!(Some(&found.value), written.get(&key), "the last one written");
                }
                cache.promote(level, Key(key), now);
            }
            cache.advance(now);
            if mode == "exclusive" {
                let copies =
                    (0..3).filter(|level| cache.lookup(*level, Key(key), now).is_some()).count();
                prop_assert!(copies <= 1, "{} copies", copies);
            }
            for (level, most) in [3, 40, 9].into_iter().enumerate() {
                let stats = *cache.stats(level);
                prop_assert!(cache.weight(level) <= most);
                prop_assert_eq!(stats.lookups, stats.hits + stats.misses);
                prop_assert!(stats.stale_hits <= stats.hits);
                prop_assert_eq!(
                    stats.insertions,
                    stats.evictions + stats.expirations + stats.invalidations + stats.moved
                        + cache.entries(level) as u64
                );
            }
        }
    }
}

#[test]
fn an_exclusive_hit_moves_up_and_what_makes_room_for_it_moves_down() {
    let mut cache = cache("{mode: exclusive, levels: [{capacity: 1}, {capacity: 2}]}");
    for key in 1..=3 {
        cache.store(Key(key), SIZE, key, None, Time::ZERO);
    }
    assert_eq!([0, 1].map(|level| cache.entries(level)), [1, 2]);
    assert_eq!(ask(&mut cache, 1, Time::ZERO), Some(2));
    assert_eq!(ask(&mut cache, 1, Time::ZERO), Some(1));
    assert_eq!(ask(&mut cache, 3, Time::ZERO), Some(2), "it made room");
    let (first, second) = (*cache.stats(0), *cache.stats(1));
    assert_eq!((first.demotions, first.promotions, second.moved), (4, 2, 2));
    cache.store(Key(2), SIZE, 20, None, Time::ZERO);
    assert_eq!(value(cache.lookup(0, Key(2), Time::ZERO)), Some(20));
    assert_eq!(cache.lookup(1, Key(2), Time::ZERO), None, "the old answer is gone below");
}

#[test]
fn what_is_too_large_for_an_exclusive_level_goes_to_the_next() {
    let mut cache = cache("{mode: exclusive, levels: [{capacity: 5B}, {capacity: 50B}]}");
    let size = |bytes| Size { bytes, tokens: 1, cost: 1.0 };
    cache.store(Key(1), size(20), 1, None, Time::ZERO);
    for _ in 0..2 {
        assert_eq!(ask(&mut cache, 1, Time::ZERO), Some(2), "a promotion does not lose it");
    }
    assert_eq!([0, 1].map(|level| cache.entries(level)), [0, 1]);
}

#[test]
fn written_back_is_what_is_evicted_unless_the_next_level_has_it() {
    let mut cache = cache("{write: back, levels: [{capacity: 2}, {capacity: 9}, {capacity: 99}]}");
    for key in 1..=5 {
        cache.store(Key(key), SIZE, key, None, Time::ZERO);
    }
    assert_eq!([0, 1, 2].map(|level| cache.entries(level)), [2, 3, 0]);
    assert_eq!([0, 1, 2].map(|level| cache.stats(level).write_backs), [3, 0, 0]);
    assert_eq!(ask(&mut cache, 1, Time::ZERO), Some(2), "copied up, and clean there");
    assert_eq!(cache.stats(0).write_backs, 4, "for which a dirty one made room");
    for key in [2, 3] {
        ask(&mut cache, key, Time::ZERO);
    }
    assert_eq!(cache.stats(0).write_backs, 5, "the clean one was dropped");
    // An answer that is written anew is dirty again.
    cache.store(Key(3), SIZE, 30, None, Time::ZERO);
    for key in 6..=7 {
        cache.store(Key(key), SIZE, key, None, Time::ZERO);
    }
    assert_eq!(value(cache.lookup(1, Key(3), Time::ZERO)), Some(30));
    for key in 8..=19 {
        cache.store(Key(key), SIZE, key, None, Time::ZERO);
    }
    assert!(cache.entries(2) > 0, "dirty in the second level too");
}

#[test]
fn a_level_keeps_what_is_written_back_as_long_as_its_own_ttl_says() {
    let mut cache =
        cache("{write: back, levels: [{capacity: 1, ttl: 30ns}, {capacity: 9, ttl: 100ns}]}");
    cache.store(Key(1), SIZE, 1, None, Time(0));
    cache.store(Key(2), SIZE, 2, None, Time(20));
    assert_eq!(value(cache.lookup(1, Key(1), Time(99))), Some(1));
    assert_eq!(cache.lookup(1, Key(1), Time(100)), None, "counted from when it was made");
    cache.store(Key(3), SIZE, 3, None, Time(150));
    assert_eq!(cache.lookup(1, Key(2), Time(150)), None, "what has expired is not written back");
}

#[test]
fn hits_are_promoted_as_often_and_as_far_as_the_level_says() {
    let mut cache = cache(
        "levels: [{capacity: 1}, {capacity: 2},
                  {capacity: 99, promote: {probability: 0.25, to: next}}]",
    );
    for key in 0..50 {
        cache.store(Key(key), SIZE, key, None, Time::ZERO);
    }
    for round in 0..4000 {
        let key = Key(round % 47);
        assert!(cache.lookup(2, key, Time::ZERO).is_some());
        cache.promote(2, key, Time::ZERO);
    }
    assert_eq!(cache.stats(0).promotions, 0, "no further than the next");
    let promoted = cache.stats(1).promotions as f64;
    assert!((promoted - 1000.0).abs() < 120.0, "{promoted}");
}

#[test]
fn changes_make_entries_stale_until_they_are_written_anew_and_a_purge_removes_them() {
    for (purge, held) in [(false, 2), (true, 0)] {
        let mut cache = cache(&format!(
            "{{invalidation: {{every: 10ns, share: 1, purge: {purge}}}, levels: [{{}}]}}"
        ));
        for key in [1, 2] {
            cache.store(Key(key), SIZE, key, None, Time(5));
        }
        let hit = cache.lookup(0, Key(1), Time(9)).unwrap();
        assert!(!hit.stale);
        cache.advance(Time(10));
        assert_eq!(cache.entries(0), held);
        assert_eq!(cache.lookup(0, Key(1), Time(10)).is_some_and(|hit| hit.stale), !purge);
        cache.store(Key(1), SIZE, 1, None, Time(10));
        assert!(!cache.lookup(0, Key(1), Time(19)).unwrap().stale);
        let stats = cache.stats(0);
        assert_eq!((stats.stale_hits, stats.invalidations), if purge { (0, 2) } else { (1, 0) });
    }
}

#[test]
fn a_copy_in_another_level_is_as_stale_as_its_original() {
    let mut cache =
        cache("{invalidation: {every: 10ns, share: 1}, levels: [{capacity: 1}, {capacity: 9}]}");
    cache.store(Key(1), SIZE, 1, None, Time(5));
    cache.store(Key(2), SIZE, 2, None, Time(5));
    assert_eq!(ask(&mut cache, 1, Time(15)), Some(2));
    assert!(cache.lookup(0, Key(1), Time(16)).unwrap().stale);
}

#[test]
fn an_entry_that_was_there_from_the_start_has_its_age() {
    let mut cache = cache("{ttl: 100ns, levels: [{name: a}, {name: b}]}");
    cache.warm(None, Key(1), SIZE, 1, Duration(40));
    cache.warm(Some(1), Key(2), SIZE, 2, Duration(0));
    cache.warm(None, Key(3), SIZE, 3, Duration(100));
    assert_eq!([0, 1].map(|level| cache.entries(level)), [1, 2], "what is too old is left out");
    assert_eq!(value(cache.lookup(0, Key(1), Time(59))), Some(1));
    assert_eq!(cache.lookup(0, Key(1), Time(60)), None);
    assert_eq!(value(cache.lookup(1, Key(2), Time(99))), Some(2));
}

#[test]
fn a_level_that_serves_one_at_a_time_has_a_queue_and_reads_at_its_bandwidth() {
    let mut cache = cache("levels: [{latency: 10ns, concurrency: 1, bandwidth: 1GB/s}]");
    assert_eq!(cache.enter(0, 7, Time(0)), Some(Duration(10)));
    assert_eq!(cache.enter(0, 8, Time(4)), None);
    assert_eq!(cache.transfer(0, 30), Duration(30));
    assert_eq!(cache.leave(0, Time(40)), Some((8, Duration(10))));
    assert_eq!(cache.leave(0, Time(50)), None);
    assert!((cache.wait_mean_s(0) - 18e-9).abs() < 1e-15);
    assert!((cache.latency_mean_s(0) - 25e-9).abs() < 1e-15);
    assert_eq!(cache.utilization(0, Time(100)), 0.5);
}
