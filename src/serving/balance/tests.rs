//! What balancers do with loads that are kept in order is what they would do if they
//! looked at each replica.

use proptest::prelude::*;

use super::definition::Definition;
use super::*;
use crate::kernel::Streams;

fn stream() -> Stream {
    Streams::new(1, 0).stream("balance")
}

fn spec(yaml: &str) -> BalanceSpec {
    let value = serde_yaml::from_str(yaml).unwrap();
    let spec: BalanceSpec =
        serde_yaml::with::singleton_map_recursive::deserialize::<_, serde_yaml::Value>(value)
            .unwrap();
    let mut problems = Problems::default();
    spec.check(&mut problems);
    assert_eq!(problems.list(), [], "{yaml}");
    spec
}

/// Every balancer as it comes, and some with other settings.
fn all() -> Vec<BalanceSpec> {
    let more = [
        "power_of_two: { choices: 3 }",
        "prefix_affinity: { bound: 1 }",
        "scores: { outstanding: 0.3, kv: 2, prefix: 0 }",
        "scores: { outstanding: 0, kv: 0, prefix: 1 }",
    ];
    BalanceSpec::all().into_iter().chain(more.map(spec)).collect()
}

/// Replicas and who of them may be chosen, kept as plainly as can be.
struct Plain {
    loads: Vec<Load>,
    room: Vec<Option<u64>>,
    available: Vec<bool>,
}

impl Plain {
    fn among(&self, side: std::ops::Range<u32>, room: Option<u64>, not: Option<u32>) -> Vec<u32> {
        let has_room = |replica: u32| {
            room.is_none_or(|tokens| self.room[replica as usize].is_some_and(|it| tokens <= it))
        };
        let mut list: Vec<u32> =
            side.filter(|it| self.available[*it as usize] && has_room(*it)).collect();
        if list.len() > 1 {
            list.retain(|replica| Some(*replica) != not);
        }
        list
    }
}

/// What can happen between two choices, to a replica.
#[derive(Clone, Copy, Debug)]
enum Change {
    Join,
    Leave,
    Tokens(u64),
    Room(Option<u64>),
    Available(bool),
    Prefix(u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => Just(Change::Join),
        3 => Just(Change::Leave),
        3 => (0_u64..5).prop_map(|tokens| Change::Tokens(tokens * 100)),
        2 => prop::option::of(0_u64..4).prop_map(Change::Room),
        1 => Just(Change::Room(Some(u64::MAX))),
        2 => any::<bool>().prop_map(Change::Available),
        1 => (0_u8..4).prop_map(Change::Prefix),
    ]
}

fn apply(loads: &mut Loads, plain: &mut Plain, replica: u32, change: Change) {
    let load = &mut plain.loads[replica as usize];
    match change {
        Change::Join => {
            loads.join(replica);
            load.outstanding += 1;
        }
        Change::Leave if load.outstanding > 0 => {
            loads.leave(replica);
            load.outstanding -= 1;
        }
        Change::Leave => {}
        Change::Tokens(tokens) => {
            loads.set_kv_tokens(replica, tokens);
            load.kv_tokens = tokens;
        }
        Change::Room(room) => {
            loads.set_room(replica, room);
            plain.room[replica as usize] = room;
        }
        Change::Available(available) => {
            loads.set_available(replica, available);
            plain.available[replica as usize] = available;
        }
        Change::Prefix(quarters) => {
            // There is one prompt at a time.
            loads.clear_matched();
            plain.loads.iter_mut().for_each(|load| load.matched = 0.0);
            plain.loads[replica as usize].matched = f32::from(quarters) / 4.0;
            loads.set_matched(replica, f32::from(quarters) / 4.0);
        }
    }
}

/// Changes of replicas, and the draws of the choice that comes after them.
type Round = (Vec<(u32, Change)>, u64, u32);

/// Random changes and choices among 23 replicas, those from `split` on being the second
/// side; each choice must be that of the definition.
fn agree(
    spec: &BalanceSpec,
    split: u32,
    shared: bool,
    rounds: &[Round],
) -> Result<(), TestCaseError> {
    const REPLICAS: u32 = 23;
    let needs = spec.needs();
    let mut loads = Loads::new(REPLICAS, split, needs, shared);
    let mut plain = Plain {
        loads: vec![Load::default(); REPLICAS as usize],
        room: vec![None; REPLICAS as usize],
        available: vec![false; REPLICAS as usize],
    };
    for replica in 0..REPLICAS {
        apply(&mut loads, &mut plain, replica, Change::Available(replica % 7 > 0));
        apply(&mut loads, &mut plain, replica, Change::Room(Some(2)));
    }
    let mut balancers = [0, 1].map(|_| Balancer::new(spec, REPLICAS, stream()));
    let mut definitions = [0, 1].map(|_| Definition::new(spec, REPLICAS, stream()));
    for (changes, affinity, not) in rounds {
        for (replica, change) in changes {
            apply(&mut loads, &mut plain, *replica, *change);
        }
        for side in 0..2 {
            let room = (shared && side == 0).then_some(affinity % 4);
            let not = Some(*not).filter(|not| *not < REPLICAS);
            let expected = plain.among(loads.side(side), room, not);
            if expected.is_empty() {
                continue;
            }
            let available = plain.among(loads.side(side), None, None);
            let among = match room {
                None => Among::side(&available, side, not),
                Some(tokens) if needs.only_next => Among::with_room(side, tokens, not),
                Some(_) => Among::List(&expected),
            };
            let chosen = balancers[side].pick(&Ask { affinity: *affinity, loads: &loads, among });
            let right = definitions[side].pick(*affinity, &plain.loads, &expected);
            prop_assert_eq!(chosen, right, "{:?} of {:?}", spec, expected);
        }
        let all = plain.loads.iter().map(|load| u64::from(load.outstanding)).sum::<u64>();
        prop_assert_eq!(loads.all_outstanding(), all);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_kept_in_order_gives_the_choice_of_a_scan(
        split in prop_oneof![Just(23_u32), 1_u32..23],
        shared in any::<bool>(),
        rounds in prop::collection::vec(
            (prop::collection::vec((0_u32..23, change()), 0..8), any::<u64>(), 0_u32..40),
            1..60,
        ),
    ) {
        for spec in all() {
            agree(&spec, split, shared, &rounds)?;
        }
    }
}

#[test]
fn every_balancer_chooses_an_available_replica_and_uses_all_of_them() {
    for spec in BalanceSpec::all() {
        let mut balancer = Balancer::new(&spec, 8, stream());
        let mut loads = Loads::new(8, 8, spec.needs(), false);
        let available = [1, 2, 5, 7];
        for replica in available {
            loads.set_available(replica, true);
        }
        let mut chosen = [0_u32; 8];
        for affinity in 0..400_u64 {
            let affinity = affinity.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let among = Among::side(&available, 0, None);
            let replica = balancer.pick(&Ask { affinity, loads: &loads, among });
            chosen[replica as usize] += 1;
            loads.join(replica);
            loads.set_kv_tokens(replica, loads.get(replica).kv_tokens + 100);
        }
        for (replica, count) in chosen.into_iter().enumerate() {
            let expected = available.contains(&(replica as u32));
            assert_eq!(count > 0, expected, "{spec:?}: {chosen:?}");
            assert!(count < 200, "{spec:?} sends half of all to one of four: {chosen:?}");
        }
    }
}

#[test]
fn ties_of_the_least_loaded_do_not_all_fall_to_the_first() {
    for yaml in ["least_outstanding", "least_kv", "scores: {}"] {
        let spec = spec(yaml);
        let mut balancer = Balancer::new(&spec, 3, stream());
        let mut loads = Loads::new(3, 3, spec.needs(), false);
        (0..3).for_each(|replica| loads.set_available(replica, true));
        let ask = Ask { affinity: 0, loads: &loads, among: Among::side(&[0, 1, 2], 0, None) };
        let mut chosen = [0; 3];
        (0..9).for_each(|_| chosen[balancer.pick(&ask) as usize] += 1);
        assert_eq!(chosen, [3, 3, 3], "{yaml}");
    }
}

#[test]
fn a_balancer_is_called_what_an_experiment_calls_it() {
    for written in BalanceSpec::all() {
        let yaml = serde_yaml::to_string(&written).unwrap();
        assert!(yaml.contains(written.name()), "{yaml}");
    }
}
