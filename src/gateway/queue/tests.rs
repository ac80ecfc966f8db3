use super::*;
use crate::workload::SloClassId;

fn queue(yaml: &str) -> Queue {
    let spec: QueueSpec = serde_yaml::with::singleton_map_recursive::deserialize(
        serde_yaml::Deserializer::from_str(&format!("{{ by: slo_class, {yaml} }}")),
    )
    .unwrap();
    let classes = ["a", "b", "c"].map(str::to_owned);
    Queue::new(&spec, &CostSpec::default(), &[], &classes)
}

fn request(at_ms: u64, class: u16) -> Incoming {
    Incoming {
        at: Time::ZERO + Duration::from_millis(at_ms),
        slo_class: SloClassId(class),
        ..Incoming::default()
    }
}

/// Asks in this order; who is let through once there is room, one after another.
fn served(queue: &mut Queue, asked: &[(u64, u16)]) -> Vec<u32> {
    for (slot, (at, class)) in (0..).zip(asked) {
        queue.ask(slot, &request(*at, *class), 10, true);
    }
    let mut order = Vec::new();
    loop {
        queue.leave(0, (Duration::ZERO, Time::ZERO), Time::ZERO, false);
        let Some((slot, _)) = queue.pop() else { return order };
        order.push(slot);
    }
}

#[test]
fn who_goes_first_is_as_the_order_says() {
    let asked = [(0, 0), (1, 2), (2, 1), (3, 0), (4, 1), (5, 2)];
    for (order, expected) in [
        ("arrival", [1, 2, 3, 4, 5]),
        ("{ priority: [b, default, c] }", [2, 4, 3, 1, 5]),
        ("{ priority: [c] }", [1, 5, 2, 3, 4]),
        // Due at 101, 12, 13, 14, 105 ms.
        ("{ deadline: { c: 100ms, default: 10ms } }", [2, 3, 4, 1, 5]),
        ("{ deadline: { c: 100ms } }", [1, 5, 2, 3, 4]),
        ("{ deficit_round_robin: { quantum: 10, weights: { c: 2 } } }", [1, 5, 2, 3, 4]),
    ] {
        let mut queue = queue(&format!("concurrency: 1, order: {order}"));
        assert_eq!(served(&mut queue, &asked), expected, "{order}");
        assert!(queue.is_idle());
    }
}

#[test]
fn a_full_queue_refuses_and_who_leaves_makes_room() {
    let mut queue = queue("concurrency: 1, capacity: 3, capacity_per_flow: 2");
    let mut ask = |slot, class| queue.ask(slot, &request(0, class), 1, true);
    assert_eq!(ask(0, 0), Asked::Through(0));
    let Asked::Waits(first) = ask(1, 0) else { panic!() };
    assert!(matches!(ask(2, 0), Asked::Waits(_)));
    assert_eq!(ask(3, 0), Asked::Refused, "two of its flow wait");
    assert!(matches!(ask(4, 1), Asked::Waits(_)));
    assert_eq!(ask(5, 1), Asked::Refused, "three wait");
    queue.remove(first, true);
    assert!(matches!(queue.ask(6, &request(0, 1), 1, true), Asked::Waits(_)));
    assert_eq!(queue.pop(), None, "there is no room yet");
    queue.leave(0, (Duration::ZERO, Time::ZERO), Time(5), true);
    assert_eq!(queue.pop(), Some((2, 0)));
    let [a, b, _] = queue.sums() else { panic!() };
    assert_eq!((a.requests, a.refused, a.expired, a.held_ns), (4, 1, 1, 5));
    assert_eq!((b.requests, b.refused, b.expired), (3, 1, 0));
}

#[test]
fn fairness_is_jains_index_of_speeds() {
    let flow = |waited, held| FlowSums { waited_ns: waited, held_ns: held, ..FlowSums::default() };
    // Slowdowns of 1 and 4: (1 + 1/4)^2 / (2 x (1 + 1/16)).
    let [jain, worst] = fairness(&[flow(0, 10), flow(30, 10), flow(0, 0)]);
    assert!((jain - 1.5625 / 2.125).abs() < 1e-12);
    assert_eq!(worst, 4.0);
    assert!(fairness(&[]).iter().all(|value| value.is_nan()));
}
