use super::*;

#[test]
fn order_survives_its_wrap() {
    let mut list = EventList { order: LATE - 50, ..EventList::default() };
    // Half of the events at one instant, some cancelled, some popped.
    let ids: Vec<EventId> = (0..40).map(|i| list.push(Time(7 + i % 2), i)).collect();
    assert_eq!(list.pop(), Some((Time(7), 0)));
    assert_eq!(list.cancel(ids[2]), Some(2));
    let late: Vec<EventId> = (40..80).map(|i| list.push(Time(7 + i % 2), i)).collect();
    assert!(list.order < 1000, "the keys were numbered anew");
    assert_eq!(list.cancel(late[0]), Some(40));
    assert_eq!(list.cancel(ids[0]), None);
    let even = (4..80).step_by(2).filter(|&i| i != 40);
    let expected: Vec<u64> = even.chain((1..80).step_by(2)).collect();
    let popped: Vec<u64> = std::iter::from_fn(|| list.pop()).map(|(_, i)| i).collect();
    assert_eq!(popped, expected);
}

/// A list as slow and plain as can be: the least of (time, late, number).
#[derive(Default)]
struct Plain {
    events: Vec<(Time, bool, u64)>,
}

impl Plain {
    fn pop(&mut self) -> Option<(Time, u64)> {
        let least = self.events.iter().copied().min()?;
        self.events.retain(|&event| event != least);
        Some((least.0, least.2))
    }
}

#[test]
fn late_events_come_after_the_ordinary_of_their_instant_across_renumbering() {
    let mut list = EventList { order: LATE - 700, ..EventList::default() };
    let mut plain = Plain::default();
    let mut ids = Vec::new();
    let mut seed = 7u64;
    for number in 0..3_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (dice, time) = (seed >> 33, Time((seed >> 50) % 5));
        match dice % 8 {
            0..=2 => {
                ids.push((number, list.push(time, number)));
                plain.events.push((time, false, number));
            }
            3..=4 => {
                ids.push((number, list.push_late(time, number)));
                plain.events.push((time, true, number));
            }
            5 if !ids.is_empty() => {
                let (gone, id) = ids.swap_remove(dice as usize / 8 % ids.len());
                let there = plain.events.iter().any(|event| event.2 == gone);
                plain.events.retain(|event| event.2 != gone);
                assert_eq!(list.cancel(id), there.then_some(gone));
            }
            _ => assert_eq!(list.pop(), plain.pop()),
        }
        if number % 97 == 0 {
            // Now and then it is empty, and asked again.
            while let Some(event) = plain.pop() {
                assert_eq!(list.pop(), Some(event));
            }
            assert_eq!((list.peek(), list.pop(), list.peek()), (None, None, None));
        }
        let next = plain.events.iter().min().map(|&(time, late, _)| (time, late));
        assert_eq!(list.first().copied(), plain.events.iter().min().map(|event| event.2));
        assert_eq!(list.peek(), next, "after {number} steps");
        assert_eq!(list.len(), plain.events.len());
    }
    assert!(list.order < LATE - 700, "the keys were numbered anew");
    while let Some(event) = plain.pop() {
        assert_eq!(list.pop(), Some(event));
    }
    assert_eq!(list.pop(), None);
}

#[test]
fn cancelled_timeouts_do_not_pile_up() {
    let mut list = EventList::default();
    for now in 0..100_000 {
        let timeout = list.push(Time(now + 1_000_000), "timeout");
        list.push(Time(now), "answer");
        assert_eq!(list.pop(), Some((Time(now), "answer")));
        assert_eq!(list.cancel(timeout), Some("timeout"));
    }
    assert_eq!(list.len(), 0);
    assert!(list.slots.len() <= 2 * FEW + 2, "{} slots", list.slots.len());
    assert_eq!(list.pop(), None);
}
