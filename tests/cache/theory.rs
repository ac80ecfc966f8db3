//! Hit ratios against Che's approximation.

use windtunnel::cache::{CacheSpec, Hierarchy, Item, Key, LevelSpec, Size};
use windtunnel::kernel::{Duration, Streams, Time};
use windtunnel::spec::Capacity;

use super::{policy, zipf};

/// Hit ratio over Zipf requests, after a warm-up of a quarter as many.
fn measured(name: &str, zipf: &zipf::Zipf, capacity: u64, requests: usize) -> f64 {
    let mut stream = Streams::new(3, 0).stream("zipf");
    let mut cache = policy(name, Capacity::Entries(capacity));
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
    // 20(7), 2002. FIFO and RANDOM, whose hit ratios are the same: V. Martina,
    // M. Garetto, E. Leonardi: A unified approach to the performance analysis of
    // caching systems. INFOCOM 2014.
    for exponent in [0.7, 1.0] {
        let zipf = zipf::Zipf::new(10_000, exponent);
        for capacity in [200, 2000] {
            let lru = che(&zipf, capacity as f64, |x| 1.0 - libm::exp(-x));
            let fifo = che(&zipf, capacity as f64, |x| x / (1.0 + x));
            for (name, expected) in [("lru", lru), ("fifo", fifo), ("random", fifo)] {
                let measured = measured(name, &zipf, capacity, 1_000_000);
                println!(
                    "{name} of {capacity}, Zipf({exponent}): Che {expected:.4}, measured {measured:.4}"
                );
                assert!(
                    (measured - expected).abs() < 0.005 * expected,
                    "{name} of {capacity}, Zipf({exponent}): {measured}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn a_cache_whose_entries_expire_has_the_hit_ratio_of_renewal_theory() {
    // Poisson requests of rate p; an entry lives for T after it was written, and
    // the first request after that writes it again: a cycle lasts T + 1/p and has
    // p T hits and 1 miss (J. Jung, A. W. Berger, H. Balakrishnan: Modeling
    // TTL-based Internet caches. INFOCOM 2003).
    let zipf = zipf::Zipf::new(10_000, 0.9);
    for ttl in [100.0, 2000.0] {
        let expected: f64 = zipf.probabilities().map(|p| p * (p * ttl) / (1.0 + p * ttl)).sum();
        let level = LevelSpec {
            capacity: Capacity::Unbounded,
            ttl: Some(Duration::from_secs_f64(ttl)),
            ..LevelSpec::default()
        };
        let spec = CacheSpec { levels: vec![level], ..CacheSpec::default() };
        let streams = Streams::new(6, 0);
        let mut cache = Hierarchy::new(&spec, &streams);
        let (mut ranks, mut gaps) = (streams.stream("ranks"), streams.stream("gaps"));
        let (mut now, mut hits) = (Time::ZERO, 0);
        for number in 0..1_500_000 {
            now += gaps.exponential_span(1.0);
            let key = Key(zipf.rank(&mut ranks) as u64);
            let hit = cache.lookup(0, key, now).is_some();
            hits += u32::from(hit && number >= 300_000);
            if !hit {
                cache.store(key, Size::default(), (), None, now);
            }
        }
        let measured = f64::from(hits) / 1_200_000.0;
        println!("ttl {ttl}: theory {expected:.4}, measured {measured:.4}");
        assert!(
            (measured - expected).abs() < 0.005 * expected,
            "ttl {ttl}: {measured}, expected {expected}"
        );
    }
}
