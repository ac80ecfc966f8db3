//! The prefix cache against a plain one, against the published hit ratios, and on
//! figures computed by hand.

use std::collections::VecDeque;

use proptest::prelude::*;
use windtunnel::cache::prefix::{PrefixCacheSpec, Stored, TierSpec};
use windtunnel::cache::{PolicySpec, PrefixCache};
use windtunnel::kernel::{Duration, Streams, Time};
use windtunnel::spec::Capacity;
use windtunnel::workload::trace::MooncakeReader;

#[path = "support/data.rs"]
#[allow(dead_code)] // Whole texts are for others.
mod data;

fn read(yaml: &str) -> PrefixCacheSpec {
    let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
    serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap()
}

fn cache(spec: &PrefixCacheSpec, servers: usize) -> PrefixCache {
    PrefixCache::new(spec, servers, "m", &Streams::new(1, 0))
}

fn spec(capacities: &[u64], policy: &PolicySpec, stored: Stored) -> PrefixCacheSpec {
    let tier = |(capacity, place): (&u64, usize)| TierSpec {
        name: Some(format!("t{place}")),
        capacity: Capacity::Entries(*capacity),
        policy: policy.clone(),
        ..TierSpec::default()
    };
    let tiers = capacities.iter().zip(0..).map(tier).collect();
    PrefixCacheSpec { tiers, stored, ..PrefixCacheSpec::default() }
}

/// Looks a prompt up and stores it, as if it took no time: found and used blocks.
fn serve(cache: &mut PrefixCache, server: usize, prompt: &[u64]) -> (u32, u32) {
    let found = cache.match_prefix(server, prompt, Time::ZERO, Duration::ZERO);
    cache.commit(server, prompt);
    (found.found, found.used)
}

/// The prompts of a published trace, if it is there.
fn prompts(name: &str) -> Option<Vec<Vec<u64>>> {
    let path = data::folder().join(format!("mooncake/{name}_trace.jsonl.gz"));
    let Ok(mut rows) = MooncakeReader::open(&path) else {
        println!("SKIPPED: {} is not there (set WINDTUNNEL_DATA)", path.display());
        return None;
    };
    let mut prompts = vec![];
    while rows.next_row().unwrap().is_some() {
        prompts.push(rows.blocks().to_vec());
    }
    Some(prompts)
}

#[test]
fn block_by_block_lru_hit_ratios_are_the_published_ones() {
    let sizes = ["1000", "10000", "30000", "50000", "100000", "unbounded"];
    for (name, published) in [
        ("conversation", [0.0445, 0.2112, 0.3257, 0.3546, 0.3637, 0.3664]),
        ("synthetic", [0.0825, 0.4235, 0.6242, 0.6396, 0.6396, 0.6396]),
    ] {
        let Some(prompts) = prompts(name) else { return };
        for (size, published) in sizes.iter().zip(published) {
            let spec = read(&format!("{{ capacity: {size}, stored: at_lookup }}"));
            let mut cache = cache(&spec, 1);
            for prompt in &prompts {
                cache.match_prefix(0, prompt, Time::ZERO, Duration::ZERO);
            }
            let ratio = cache.stats(0).0.found as f64 / cache.asked() as f64;
            assert_eq!(format!("{ratio:.4}"), format!("{published:.4}"), "{name}, {size}");
        }
    }
}

#[test]
fn beginnings_that_go_last_are_worth_more_than_blocks_in_the_order_of_the_prompt() {
    let Some(prompts) = prompts("conversation") else { return };
    let [whole, by_block] = [Stored::AfterPrefill, Stored::AtLookup].map(|stored| {
        let mut cache = cache(&spec(&[10_000], &PolicySpec::Lru, stored), 1);
        prompts.iter().map(|prompt| u64::from(serve(&mut cache, 0, prompt).1)).sum::<u64>()
    });
    assert!(whole > by_block, "{whole} blocks used, {by_block} in the order of the prompt");
}

/// Tiers of plain lists, the latest used first.
struct Plain {
    tiers: Vec<VecDeque<u64>>,
    capacities: Vec<u64>,
}

impl Plain {
    fn tier_of(&self, block: u64) -> Option<usize> {
        self.tiers.iter().position(|tier| tier.contains(&block))
    }

    fn ask(&mut self, block: u64) {
        for tier in &mut self.tiers {
            tier.retain(|held| *held != block);
        }
        let mut going = Some(block);
        for (tier, capacity) in self.tiers.iter_mut().zip(&self.capacities) {
            let Some(block) = going else { return };
            tier.push_front(block);
            going = (tier.len() as u64 > *capacity).then(|| tier.pop_back().unwrap());
        }
    }

    fn serve(&mut self, prompt: &[u64], stored: Stored) -> (u32, u32) {
        let (mut found, mut used) = (0, 0);
        for (place, block) in (0u32..).zip(prompt) {
            if self.tier_of(*block).is_some() {
                found += 1;
                used += u32::from(used == place);
            }
            if stored == Stored::AtLookup {
                self.ask(*block);
            }
        }
        if stored == Stored::AfterPrefill {
            prompt.iter().rev().for_each(|block| self.ask(*block));
        }
        (found, used)
    }
}

/// A prompt is a way through a tree: its blocks are named by the way to them.
fn prompt() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(1u64..4, 1..8).prop_map(|steps| {
        let mut node = 0;
        steps.iter().map(|step| (node = node * 4 + step, node).1).collect()
    })
}

fn stored() -> impl Strategy<Value = Stored> {
    prop_oneof![Just(Stored::AfterPrefill), Just(Stored::AtLookup)]
}

proptest! {
    #[test]
    fn tiers_do_what_plain_lists_do(
        capacities in prop::collection::vec(1u64..30, 1..4),
        stored in stored(),
        prompts in prop::collection::vec(prompt(), 1..60),
    ) {
        let mut cache = cache(&spec(&capacities, &PolicySpec::Lru, stored), 1);
        let tiers = vec![VecDeque::new(); capacities.len()];
        let mut plain = Plain { tiers, capacities };
        for prompt in &prompts {
            prop_assert_eq!(serve(&mut cache, 0, prompt), plain.serve(prompt, stored));
            for (depth, tier) in plain.tiers.iter().enumerate() {
                prop_assert_eq!(cache.tier(0, depth).len(), tier.len());
                prop_assert!(tier.iter().all(|block| cache.tier(0, depth).holds(*block)));
            }
        }
    }

    #[test]
    fn under_every_policy_tiers_keep_within_capacity_and_a_block_is_in_one_of_them(
        capacities in prop::collection::vec(1u64..20, 1..4),
        shared in any::<bool>(),
        stored in stored(),
        which in any::<prop::sample::Index>(),
        prompts in prop::collection::vec((0usize..2, prompt()), 1..60),
    ) {
        let policies = PolicySpec::all();
        let policy = &policies[which.index(policies.len())];
        let mut spec = spec(&capacities, policy, stored);
        let last = capacities.len() - 1;
        spec.tiers[last].shared = shared && last > 0;
        let own = if shared && last > 0 { last } else { last + 1 };
        let mut cache = cache(&spec, 2);
        for (server, prompt) in &prompts {
            let before: Vec<bool> = prompt
                .iter()
                .map(|block| (0..=last).any(|depth| cache.tier(*server, depth).holds(*block)))
                .collect();
            let (found, used) = serve(&mut cache, *server, prompt);
            if stored == Stored::AfterPrefill {
                let run = before.iter().take_while(|held| **held).count();
                prop_assert_eq!(used as usize, run, "the longest run from the first on");
                prop_assert_eq!(found as usize, before.iter().filter(|held| **held).count());
            }
            for (depth, capacity) in capacities.iter().enumerate() {
                prop_assert!(cache.tier(*server, depth).len() as u64 <= *capacity);
                let (stats, held) = cache.stats(depth);
                let left = stats.evictions + stats.promotions + held;
                prop_assert_eq!(stats.insertions, left, "{:?}, tier {}", policy, depth);
            }
            for block in prompts.iter().flat_map(|(_, prompt)| prompt) {
                let held = (0..own).filter(|depth| cache.tier(*server, *depth).holds(*block));
                prop_assert!(held.count() <= 1, "{:?}: block {} twice", policy, block);
            }
        }
    }

    #[test]
    fn the_best_cut_is_found(
        tiers in prop::collection::vec(0usize..4, 1..12),
        speeds in prop::collection::vec((1u64..50, 0u64..40), 3),
        per_token in 0u64..4,
    ) {
        // Ten tokens a block, a byte a token, nanoseconds: tier t moves a block in
        // `speeds[t].0` ns after `speeds[t].1` ns. Tier 3 stands for a block that is
        // nowhere.
        let tier = |(nanos, latency): &(u64, u64)| format!(
            "{{ capacity: 100, bandwidth: {}B/s, latency: {latency}ns }}",
            10e9 / *nanos as f64
        );
        let text: Vec<String> = speeds.iter().map(tier).collect();
        let mut spec = read(&format!(
            "{{ block_tokens: 10, kv_bytes_per_token: 1, load: if_faster, tiers: [{}] }}",
            text.join(", ")
        ));
        // Blocks are brought to a tier by servers that have no room above it.
        let mut cache = place(&mut spec, &tiers);
        let prompt: Vec<u64> = (0..tiers.len() as u64).collect();
        let found = cache.match_prefix(0, &prompt, Time::ZERO, Duration(per_token));
        let run = tiers.iter().take_while(|tier| **tier < 3).count();
        let loading = |cut: usize| (0..3)
            .map(|tier| {
                let blocks = tiers[..cut].iter().filter(|at| **at == tier).count() as u64;
                if blocks == 0 { 0 } else { speeds[tier].1 + blocks * speeds[tier].0 }
            })
            .max()
            .unwrap();
        let total = |cut: usize| loading(cut) + (tiers.len() - cut) as u64 * 10 * per_token;
        let best = (0..=run).map(total).min().unwrap();
        prop_assert_eq!(total(found.used as usize), best);
        prop_assert_eq!(found.loading.as_nanos(), loading(found.used as usize));
    }
}

/// A cache whose tiers hold these blocks: block `i` that at `tiers[i]`.
fn place(spec: &mut PrefixCacheSpec, tiers: &[usize]) -> PrefixCache {
    // From the lowest tier up: what is in the way is pushed down by blocks that are
    // asked for no more, as many as the tiers above hold.
    let room: Vec<u64> =
        (0..3).map(|depth| tiers.iter().filter(|at| **at == depth).count() as u64).collect();
    for (tier, room) in spec.tiers.iter_mut().zip(&room) {
        tier.capacity = Capacity::Entries((*room).max(1));
    }
    let mut cache = cache(spec, 1);
    for depth in (0..3).rev() {
        let mut blocks: Vec<u64> =
            (0..tiers.len()).filter(|i| tiers[*i] == depth).map(|i| i as u64).collect();
        // A tier that is to hold nothing has room for one block, which is filler.
        if blocks.is_empty() {
            blocks.push(1000 + depth as u64);
        }
        cache.commit(0, &blocks);
    }
    cache
}

#[test]
fn blocks_go_down_tier_by_tier_and_come_up_again() {
    let mut cache = cache(&spec(&[2, 3], &PolicySpec::Lru, Stored::AfterPrefill), 1);
    assert_eq!(serve(&mut cache, 0, &[1, 2]), (0, 0));
    assert_eq!(serve(&mut cache, 0, &[3, 4]), (0, 0));
    let held = |cache: &PrefixCache| {
        [0, 1].map(|depth| (1..=4).filter(|b| cache.tier(0, depth).holds(*b)).collect::<Vec<_>>())
    };
    assert_eq!(held(&cache), [vec![3, 4], vec![1, 2]]);
    assert_eq!(serve(&mut cache, 0, &[1, 9]), (1, 1));
    // 9 came in and pushed 4 out, then 1 pushed 3 out.
    assert_eq!(held(&cache), [vec![1], vec![2, 3, 4]]);
    let (gpu, host) = (cache.stats(0).0, cache.stats(1).0);
    assert_eq!((gpu.insertions, gpu.evictions, gpu.found), (6, 4, 0));
    assert_eq!((host.insertions, host.promotions, host.evictions, host.found), (4, 1, 0, 1));
}

#[test]
fn servers_share_the_tiers_that_are_shared_and_no_others() {
    let spec = read(
        "{ tiers: [ { capacity: 2 }, { name: store, capacity: 4, shared: true, latency: 1ms } ] }",
    );
    let mut cache = cache(&spec, 2);
    serve(&mut cache, 0, &[1, 2]);
    assert_eq!(serve(&mut cache, 1, &[1, 2]), (0, 0), "the other's GPU is out of reach");
    serve(&mut cache, 0, &[3, 4]);
    // Both servers put 1 and 2 into the store; once each is enough.
    serve(&mut cache, 1, &[5, 6]);
    let store = cache.stats(1);
    assert_eq!((store.0.insertions, store.1), (2, 2));
    let found = cache.match_prefix(1, &[1, 2, 3], Time::ZERO, Duration::ZERO);
    assert_eq!((found.found, found.used, found.loading.as_nanos()), (2, 2, 1_000_000));
    cache.commit(1, &[1, 2]);
    assert!(cache.tier(0, 1).holds(1), "what is copied from the store stays in it");
    assert_eq!(cache.stats(1).0.promotions, 0);
}

#[test]
fn loads_of_one_tier_follow_each_other_and_those_of_two_overlap() {
    // A block is 100 bytes: 10 ms from the host, 20 ms from the store.
    let spec = read(
        "{ block_tokens: 100, kv_bytes_per_token: 1, tiers: [
             { capacity: 1 },
             { capacity: 2, bandwidth: 10kB/s, latency: 1ms },
             { capacity: 100, bandwidth: 5kB/s, latency: 3ms } ] }",
    );
    let mut cache = cache(&spec, 1);
    // What comes in last, the first block, is in the GPU's memory: 9; 2 and 1 in the
    // host's; 4 and 3 below.
    serve(&mut cache, 0, &[9, 1, 2, 3, 4]);
    let at = |millis| Time::ZERO + Duration::from_millis(millis);
    let mut look = |prompt: &[u64], millis: u64| {
        let found = cache.match_prefix(0, prompt, at(millis), Duration::ZERO);
        (found.used, found.loading.as_nanos() / 1_000_000)
    };
    assert_eq!(look(&[9, 8], 0), (1, 0), "what is there costs nothing");
    assert_eq!(look(&[9, 1, 2, 7], 0), (3, 21), "1 + 2 x 10");
    assert_eq!(look(&[3, 4, 1], 5), (3, 43), "3 + 2 x 20, and meanwhile 15 + 1 + 10");
    assert_eq!(look(&[1], 100), (1, 11), "the link is idle again");
    assert_eq!(look(&[1], 100), (1, 21), "and now it is not");
}

#[test]
fn the_last_token_is_always_computed() {
    let mut cache = cache(&read("{ block_tokens: 100, capacity: 10 }"), 1);
    serve(&mut cache, 0, &[1, 2]);
    let found = cache.match_prefix(0, &[1, 2], Time::ZERO, Duration::ZERO);
    assert_eq!(cache.decitokens(&found, 2000), 1990, "two full blocks");
    assert_eq!(cache.decitokens(&found, 1500), 1490, "the second half full");
    let found = cache.match_prefix(0, &[1, 7], Time::ZERO, Duration::ZERO);
    assert_eq!(cache.decitokens(&found, 2000), 1000);
    assert_eq!(cache.decitokens(&found, 0), 0);
}

#[test]
fn without_room_for_the_whole_its_beginning_is_kept() {
    let mut cache = cache(&spec(&[3], &PolicySpec::Lru, Stored::AfterPrefill), 1);
    serve(&mut cache, 0, &[1, 2, 3, 4, 5, 6]);
    assert_eq!(serve(&mut cache, 0, &[1, 2, 3, 4, 5, 6]), (3, 3));
}
