//! The tables of `docs/validation.md`: miss ratios beside libCacheSim's.

use windtunnel::spec::Capacity;

use super::{mooncake, policy};

#[test]
fn lru_hit_ratios_of_the_mooncake_traces_are_the_published_ones() {
    let capacities = [1000, 10_000, 30_000, 50_000, 100_000].map(Capacity::Entries);
    let capacities = [&capacities[..], &[Capacity::Unbounded]].concat();
    for (file, accesses, published) in [
        ("conversation", 288_500, [0.0445, 0.2112, 0.3257, 0.3546, 0.3637, 0.3664]),
        ("synthetic", 0, [0.0825, 0.4235, 0.6242, 0.6396, 0.6396, 0.6396]),
    ] {
        let Some(trace) = mooncake(file) else { return };
        assert!(accesses == 0 || trace.len() == accesses);
        for (capacity, published) in capacities.iter().zip(published) {
            let hits = policy("lru", *capacity).replay(trace.iter().copied());
            let ratio = hits as f64 / trace.len() as f64;
            assert_eq!(format!("{ratio:.4}"), format!("{published:.4}"), "{file}, {capacity}");
        }
    }
}
