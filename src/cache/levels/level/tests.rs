use proptest::prelude::*;

use super::*;
use crate::cache::{PolicySpec, Size};
use crate::kernel::Streams;

const SMALL: Size = Size { bytes: 10, tokens: 1, cost: 1.0 };

const RULES: Rules = Rules {
    ttl: None,
    idle_ttl: None,
    timer: false,
    purge: false,
    pass_on: PassOn::None,
    detailed: true,
};

/// A level of `u64`s and its clock.
struct Bench(Level<u64>);

impl Bench {
    fn of(spec: &LevelSpec, rules: &Rules) -> Self {
        Bench(Level::new(spec, 0, rules, Streams::new(1, 0).stream("policy")))
    }

    fn new(capacity: Capacity, ttl: Option<u64>) -> Self {
        let ttl = ttl.map(Duration);
        Bench::of(&LevelSpec { capacity, ttl, ..LevelSpec::default() }, &RULES)
    }

    fn store(&mut self, key: u64, size: Size, value: u64, now: u64) {
        self.write(entry(key, size, value, now), now);
    }

    fn write(&mut self, entry: Entry<u64>, now: u64) {
        self.0.write(entry, Moment { now: Time(now), changes: 0 });
    }

    fn lookup(&mut self, key: u64, now: u64) -> Option<u64> {
        self.0.lookup(Key(key), Moment { now: Time(now), changes: 0 }).map(|hit| hit.value)
    }

    fn entries_at(&mut self, now: u64) -> usize {
        self.0.advance(Moment { now: Time(now), changes: 0 });
        self.0.len()
    }
}

fn entry(key: u64, size: Size, value: u64, now: u64) -> Entry<u64> {
    Entry {
        key: Key(key),
        value,
        size,
        written: now,
        life: Duration::MAX,
        expires: Time::MAX,
        idle: Time::MAX,
        stale_from: u64::MAX,
        mark: 0,
        dirty: false,
    }
}

#[test]
fn an_entry_lives_for_its_ttl_after_the_last_write_and_no_longer() {
    let mut level = Bench::new(Capacity::Entries(10), Some(100));
    level.store(1, SMALL, 7, 0);
    assert_eq!(level.lookup(1, 99), Some(7), "a look does not prolong it");
    assert_eq!(level.lookup(1, 100), None);
    assert_eq!((level.0.len(), level.0.stats().expirations, level.0.stats().misses), (0, 1, 1));

    level.store(1, SMALL, 8, 200);
    level.store(1, SMALL, 9, 250);
    assert_eq!(level.lookup(1, 349), Some(9), "a write does");
    assert_eq!(level.lookup(1, 350), None);
    assert_eq!((level.0.stats().insertions, level.0.stats().overwrites), (2, 1));
}

#[test]
fn without_a_ttl_nothing_expires() {
    let mut level = Bench::new(Capacity::Entries(10), None);
    level.store(1, SMALL, 7, 5);
    assert_eq!(level.lookup(1, u64::MAX - 1), Some(7));
}

#[test]
fn a_store_over_an_expired_entry_counts_as_a_new_one() {
    let mut level = Bench::new(Capacity::Entries(10), Some(100));
    level.store(1, SMALL, 7, 0);
    level.store(1, SMALL, 8, 100);
    let stats = level.0.stats();
    assert_eq!((stats.insertions, stats.expirations, stats.overwrites), (2, 1, 0));
}

#[test]
fn capacity_is_in_bytes_or_tokens_where_it_says_so() {
    let size = |bytes, tokens| Size { bytes, tokens, cost: 1.0 };
    for (capacity, held) in [
        (Capacity::Entries(2), 2),
        (Capacity::Bytes(100), 1),
        (Capacity::Tokens(7), 3),
        (Capacity::Unbounded, 4),
    ] {
        let mut level = Bench::new(capacity, None);
        for key in 0..4 {
            level.store(key, size(60, 2), 0, 0);
        }
        assert_eq!(level.0.len(), held, "{capacity}");
    }
}

#[test]
fn what_is_larger_than_the_level_is_rejected_and_replaces_nothing_but_itself() {
    let mut level = Bench::new(Capacity::Bytes(100), None);
    let size = |bytes| Size { bytes, tokens: 0, cost: 1.0 };
    level.store(1, size(60), 1, 0);
    level.store(2, size(101), 2, 0);
    level.store(3, size(u64::MAX), 3, 0);
    assert_eq!((level.0.len(), level.0.weight(), level.0.stats().rejected), (1, 60, 2));
    level.store(1, size(101), 1, 0);
    assert_eq!(level.lookup(1, 0), None, "the old answer is out of date");
    assert_eq!((level.0.stats().rejected, level.0.stats().evictions), (3, 1));
}

#[test]
fn entries_of_no_size_still_take_room() {
    let mut level = Bench::new(Capacity::Tokens(3), None);
    for key in 0..10 {
        level.store(key, Size::default(), 0, 0);
    }
    assert_eq!((level.0.len(), level.0.weight()), (3, 3));
}

#[test]
fn an_idle_entry_goes_and_one_in_use_lives_until_its_ttl() {
    for timer in [false, true] {
        let spec = LevelSpec {
            ttl: Some(Duration(100)),
            idle_ttl: Some(Duration(30)),
            ..LevelSpec::default()
        };
        let mut level = Bench::of(&spec, &Rules { timer, ..RULES });
        for key in [1, 2] {
            level.store(key, SMALL, key, 0);
        }
        for now in [29, 58, 87] {
            assert_eq!(level.lookup(1, now), Some(1), "at {now}");
        }
        assert_eq!(level.lookup(2, 30), None);
        assert_eq!(level.lookup(1, 99), Some(1));
        assert_eq!(level.lookup(1, 100), None, "uses do not prolong the ttl");
        assert_eq!(level.0.stats().expirations, 2);
    }
}

#[test]
fn a_timer_removes_at_the_instant_what_laziness_keeps_until_it_is_asked_for() {
    let spec = LevelSpec {
        capacity: Capacity::Entries(3),
        ttl: Some(Duration(100)),
        ..LevelSpec::default()
    };
    let held = |timer| {
        let mut level = Bench::of(&spec, &Rules { timer, ..RULES });
        for (key, now) in [(1, 0), (2, 10), (1, 50), (3, 60)] {
            level.store(key, SMALL, key, now);
        }
        let held = [109, 110, 149, 150, 160].map(|now| level.entries_at(now));
        (held, level.0.stats().expirations)
    };
    assert_eq!(held(true), ([3, 2, 2, 1, 0], 3));
    assert_eq!(held(false), ([3; 5], 0));
}

#[test]
fn a_timer_leaves_room_that_laziness_does_not() {
    for (timer, evictions) in [(true, 0), (false, 1)] {
        let spec = LevelSpec { capacity: Capacity::Entries(2), ..LevelSpec::default() };
        let mut level = Bench::of(&spec, &Rules { timer, ..RULES });
        level.store(1, SMALL, 1, 0);
        let short = Entry { life: Duration(10), ..entry(2, SMALL, 2, 0) };
        level.write(short, 0);
        level.store(3, SMALL, 3, 10);
        assert_eq!(level.0.stats().evictions, evictions);
        assert_eq!(level.lookup(1, 10).is_some(), timer, "it was the least recently used");
    }
}

#[test]
fn memory_of_the_timer_follows_the_entries() {
    let spec = LevelSpec {
        capacity: Capacity::Entries(10),
        ttl: Some(Duration(1 << 40)),
        ..LevelSpec::default()
    };
    let mut level = Bench::of(&spec, &Rules { timer: true, ..RULES });
    for now in 0..100_000 {
        level.store(now, SMALL, now, now);
    }
    assert!(level.0.timer.unwrap().len() < 200);
}

#[test]
fn a_class_of_its_own_takes_the_place_of_the_caches_ttl_but_not_of_the_levels() {
    for (own, cache, life, lives) in [
        (None, Some(50), 80, 80),
        (None, Some(50), 20, 20),
        (Some(30), Some(50), 80, 30),
        (Some(30), Some(50), 20, 20),
        (None, None, 20, 20),
    ] {
        let spec = LevelSpec { ttl: own.map(Duration), ..LevelSpec::default() };
        let mut level = Bench::of(&spec, &Rules { ttl: cache.map(Duration), ..RULES });
        level.write(Entry { life: Duration(life), ..entry(1, SMALL, 1, 0) }, 0);
        assert_eq!(level.lookup(1, lives - 1), Some(1));
        assert_eq!(level.lookup(1, lives), None);
    }
}

proptest! {
    #[test]
    fn levels_stay_within_capacity_and_their_books_balance(
        capacity in prop_oneof![
            (1u64..20).prop_map(Capacity::Entries),
            (1u64..200).prop_map(Capacity::Bytes),
            (1u64..50).prop_map(Capacity::Tokens),
        ],
        policy in prop::sample::select(PolicySpec::all()),
        timer in any::<bool>(),
        idle in prop::option::of(1u64..60),
        ops in prop::collection::vec((0u64..30, 0u64..60, any::<bool>()), 1..300),
    ) {
        let spec = LevelSpec {
            capacity,
            policy,
            ttl: Some(Duration(40)),
            idle_ttl: idle.map(Duration),
            ..LevelSpec::default()
        };
        let mut level = Bench::of(&spec, &Rules { timer, ..RULES });
        let most = match capacity {
            Capacity::Entries(n) | Capacity::Bytes(n) | Capacity::Tokens(n) => n,
            Capacity::Unbounded => u64::MAX,
        };
        let (mut written, mut used) = (std::collections::BTreeMap::new(), [0; 30]);
        for (now, (key, size, store)) in ops.into_iter().enumerate() {
            let now = now as u64;
            if store {
                level.store(key, Size { bytes: size, tokens: size / 4, cost: 1.0 }, now, now);
                written.insert(key, now);
                used[key as usize] = now;
            } else if let Some(value) = level.lookup(key, now) {
                prop_assert_eq!(Some(&value), written.get(&key), "the last value written");
                prop_assert!(now - value < 40);
                prop_assert!(now - used[key as usize] < idle.unwrap_or(u64::MAX));
                used[key as usize] = now;
            }
            let stats = *level.0.stats();
            prop_assert!(level.0.weight() <= most);
            prop_assert_eq!(stats.lookups, stats.hits + stats.misses);
            prop_assert_eq!(
                stats.insertions,
                stats.evictions + stats.expirations + level.0.len() as u64
            );
            if timer {
                let oldest = written.values().filter(|at| now - **at < 40).count();
                prop_assert!(level.0.len() <= oldest, "nothing that expired is held");
            }
        }
    }
}

#[test]
fn a_level_takes_only_what_is_admitted_and_replaces_what_is_there() {
    let spec: LevelSpec =
        serde_yaml::from_str("admission: {max_size: 100B, doorkeeper: {}}").unwrap();
    let mut level = Bench::of(&spec, &RULES);
    let size = |bytes| Size { bytes, tokens: 1, cost: 1.0 };
    level.store(1, size(100), 1, 0);
    assert_eq!((level.lookup(1, 0), level.0.stats().rejected), (None, 1), "asked for once");
    level.store(1, size(100), 2, 0);
    assert_eq!(level.lookup(1, 0), Some(2));
    for now in [1, 2] {
        level.store(2, size(101), 3, now);
    }
    assert_eq!((level.lookup(2, 3), level.0.stats().rejected), (None, 3), "too large");
    level.store(1, size(101), 4, 4);
    assert_eq!(level.lookup(1, 4), Some(4), "what is there is always replaced");
}
