//! Each policy does what its plain model does, request by request, with weights,
//! writes and removals in between.

use proptest::prelude::*;
use windtunnel::cache::{AnyPolicy, Item, Key, PolicySpec, Sketch, policy};
use windtunnel::spec::{Capacity, NonNegative};

use super::lots;
use super::models::{self, Gone, Model, Sizes};

#[derive(Clone, Copy, Debug)]
enum Op {
    Request(u64, u32, f32),
    Rewrite(u64, u32, f32),
    Remove(u64),
}

const KEYS: u64 = 24;

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let weight = prop_oneof![4 => 1u32..4, 1 => 1u32..30];
    let cost = (0u16..9_000).prop_map(|thousandths| f32::from(thousandths) / 1000.0);
    let cost = prop_oneof![Just(0.0f32), Just(1.0), Just(2.5), cost];
    let entry = (0..KEYS, weight, cost);
    let op = prop_oneof![
        12 => entry.clone().prop_map(|(key, weight, cost)| Op::Request(key, weight, cost)),
        2 => entry.prop_map(|(key, weight, cost)| Op::Rewrite(key, weight, cost)),
        1 => (0..KEYS).prop_map(Op::Remove),
    ];
    prop::collection::vec(op, 1..400)
}

fn agree(mut cache: AnyPolicy, mut model: impl Model, ops: &[Op]) -> Result<(), TestCaseError> {
    let weighted = cache.table().is_weighted();
    let counted = |weight| if weighted { weight } else { 1 };
    for op in ops {
        model.slots(cache.table().slots());
        match *op {
            Op::Request(key, weight, cost) => {
                let hit = cache.request(Item { key: Key(key), weight, cost });
                prop_assert_eq!(hit, model.request(key, counted(weight), cost));
            }
            Op::Rewrite(key, weight, cost) => {
                if let Some(slot) = cache.find(Key(key)) {
                    let stays = cache.rewrite(slot, Item { key: Key(key), weight, cost }, |_| {});
                    prop_assert_eq!(stays, model.rewrite(key, counted(weight), cost));
                }
            }
            Op::Remove(key) => {
                if let Some(slot) = cache.find(Key(key)) {
                    cache.remove(slot);
                }
                model.take_out(key);
            }
        }
        for key in 0..KEYS {
            prop_assert_eq!(cache.find(Key(key)).is_some(), model.has(key), "key {}", key);
        }
        let sizes = model.sizes();
        prop_assert_eq!(cache.table().weight(), u64::from(sizes.total()));
        prop_assert_eq!(cache.table().len(), sizes.of.len());
        prop_assert!(cache.table().weight() <= cache.table().capacity());
    }
    Ok(())
}

/// Compares the policy of a spec with a model, given the model's sizes.
macro_rules! agreement {
    ($($test:ident, $spec:expr, |$sizes:ident| $model:expr;)+) => {
        proptest! {
            $(
                #[test]
                fn $test(capacity in 1u32..100, weighted in any::<bool>(), ops in ops()) {
                    let entries = 1 + capacity % 20;
                    let (unit, most) = if weighted {
                        (Capacity::Tokens(capacity.into()), capacity)
                    } else {
                        (Capacity::Entries(entries.into()), entries)
                    };
                    let $sizes = Sizes::new(most);
                    agree($spec.build(unit, lots()), $model, &ops)?;
                }
            )+
        }
    };
}

agreement! {
    lru_agrees, PolicySpec::Lru, |sizes| {
        models::Queue { sizes, order: vec![], refresh: true }
    };
    fifo_agrees, PolicySpec::Fifo, |sizes| {
        models::Queue { sizes, order: vec![], refresh: false }
    };
    random_agrees, PolicySpec::Random, |sizes| {
        models::Random { sizes, places: vec![], left: vec![], stream: lots() }
    };
    lfu_agrees, PolicySpec::Lfu, |sizes| {
        models::Lfu { sizes, used: [].into(), now: 0 }
    };
    clock_agrees, PolicySpec::Clock(policy::ClockSpec { bits: 1 }), |sizes| {
        models::Clock { sizes, order: vec![], count: [].into(), most: 1 }
    };
    clock_of_three_bits_agrees, PolicySpec::Clock(policy::ClockSpec { bits: 3 }), |sizes| {
        models::Clock { sizes, order: vec![], count: [].into(), most: 7 }
    };
    sieve_agrees, PolicySpec::Sieve, |sizes| {
        models::Sieve { sizes, order: vec![], visited: [].into(), hand: None }
    };
    s3_fifo_agrees, PolicySpec::S3Fifo(policy::S3FifoSpec::default()), |sizes| {
        models::S3Fifo {
            gone: Gone::new(sizes.share(0.9)),
            sizes,
            small: vec![],
            main: vec![],
            hits: [].into(),
            known: false,
            full: false,
        }
    };
    w_tinylfu_agrees, PolicySpec::WTinylfu(policy::WTinylfuSpec::default()), |sizes| {
        models::WTinylfu {
            sizes,
            window: vec![],
            probation: vec![],
            protected: vec![],
            sketch: Sketch::default(),
            slots: 0,
        }
    };
    arc_agrees, PolicySpec::Arc, |sizes| {
        let gone = [0, 1].map(|_| Gone::new(2 * sizes.capacity));
        models::Arc { sizes, lists: Default::default(), gone, target: 0.0, known: None }
    };
    two_q_agrees, PolicySpec::TwoQ(policy::TwoQSpec::default()), |sizes| {
        let gone = Gone::new(sizes.share(0.5));
        models::TwoQ { sizes, newcomers: vec![], main: vec![], gone, known: false }
    };
    slru_agrees, PolicySpec::Slru(policy::SlruSpec::default()), |sizes| {
        models::Slru { sizes, segments: vec![vec![]; 4] }
    };
    slru_of_two_segments_agrees, PolicySpec::Slru(policy::SlruSpec { segments: 2 }), |sizes| {
        models::Slru { sizes, segments: vec![vec![]; 2] }
    };
    lirs_agrees, PolicySpec::Lirs(policy::LirsSpec::default()), |sizes| {
        models::Lirs { sizes, stack: vec![], queue: vec![], low: vec![], known: false }
    };
    lru_1_agrees_with_lru, lru_k(1), |sizes| {
        models::Queue { sizes, order: vec![], refresh: true }
    };
    lru_2_agrees, lru_k(2), |sizes| lru_k_model(sizes, 2);
    lru_3_agrees, lru_k(3), |sizes| lru_k_model(sizes, 3);
    lru_5_agrees, lru_k(5), |sizes| lru_k_model(sizes, 5);
    gdsf_agrees, PolicySpec::Gdsf, |sizes| {
        models::Gdsf {
            sizes,
            values: [].into(),
            cost: [].into(),
            frequency: [].into(),
            age: 0.0,
            now: 0,
        }
    };
}

fn lru_k(k: u8) -> PolicySpec {
    let history = NonNegative::try_from(1.0).expect("not negative");
    PolicySpec::LruK(policy::LruKSpec { k, history })
}

fn lru_k_model(sizes: Sizes, k: usize) -> models::LruK {
    models::LruK { sizes, used: [].into(), gone: [].into(), k, now: 0, known: None }
}
