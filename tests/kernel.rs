//! What the kernel promises: order, cancellation, conservation, known draws.

#![expect(clippy::float_cmp, reason = "exact by contract")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use windtunnel::kernel::{
    Admission, Discipline, Duration, Ended, EventList, Gauge, Model, Scheduler, Simulation,
    Station, StationConfig, Stream, Streams, Time,
};

#[derive(Clone, Debug)]
enum Step {
    Push(u64),
    Pop,
    PopUntil(u64),
    /// Cancel one of the events ever pushed.
    Cancel(prop::sample::Index),
    /// Cancel all events pushed so far but those whose number this divides.
    CancelMost(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let time = prop_oneof![0..20u64, any::<u64>(), Just(u64::MAX)];
    let step = prop_oneof![
        50 => time.clone().prop_map(Step::Push),
        20 => Just(Step::Pop),
        10 => time.prop_map(Step::PopUntil),
        30 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        1 => (2..20usize).prop_map(Step::CancelMost),
    ];
    prop::collection::vec(step, 0..600)
}

proptest! {
    #[test]
    fn the_event_list_is_a_map_ordered_by_time_and_number(steps in steps()) {
        let mut list = EventList::default();
        let mut model = BTreeMap::new();
        let mut pushed = Vec::new();
        for step in steps {
            match step {
                Step::Push(time) => {
                    let number = pushed.len();
                    pushed.push((list.push(Time(time), number), time));
                    model.insert((time, number), number);
                }
                Step::Pop => {
                    let expected = model.pop_first().map(|((time, _), event)| (Time(time), event));
                    prop_assert_eq!(list.pop(), expected);
                }
                Step::PopUntil(limit) => {
                    let due = model.first_key_value().is_some_and(|((time, _), _)| *time <= limit);
                    let expected = if due { model.pop_first() } else { None };
                    let expected = expected.map(|((time, _), event)| (Time(time), event));
                    prop_assert_eq!(list.pop_until(Time(limit)), expected);
                }
                Step::Cancel(index) if !pushed.is_empty() => {
                    let number = index.index(pushed.len());
                    let (id, time) = pushed[number];
                    prop_assert_eq!(list.cancel(id), model.remove(&(time, number)));
                }
                Step::Cancel(_) => {}
                Step::CancelMost(spared) => {
                    for (number, &(id, time)) in pushed.iter().enumerate() {
                        if number % spared > 0 {
                            prop_assert_eq!(list.cancel(id), model.remove(&(time, number)));
                        }
                    }
                }
            }
            prop_assert_eq!(list.len(), model.len());
        }
        while let Some(((time, _), event)) = model.pop_first() {
            prop_assert_eq!(list.pop(), Some((Time(time), event)));
        }
        prop_assert_eq!(list.pop(), None);
    }

    /// Against a list of jobs kept by hand: nobody is lost, served twice, or
    /// served out of order, and the counts and gauges add up.
    #[test]
    fn a_station_conserves_its_jobs(
        servers in prop::option::of(0..4u32),
        capacity in prop::option::of(0..8u64),
        priority in any::<bool>(),
        steps in prop::collection::vec((0..4u8, 0..5u64, 0..3u32), 0..300),
    ) {
        let discipline = if priority { Discipline::Priority } else { Discipline::Fifo };
        let mut station = Station::new(StationConfig { servers, capacity, discipline });
        let limit = servers.map_or(u64::MAX, u64::from);
        let mut queue = BTreeMap::new();
        let (mut busy, mut now, mut area) = (0, 0, 0u128);
        for (job, (step, gap, class)) in steps.into_iter().enumerate() {
            area += u128::from(gap) * queue.len() as u128;
            now += gap;
            match step {
                0 | 1 => {
                    let full = capacity.is_some_and(|most| busy + queue.len() as u64 >= most);
                    let rank = if priority { class } else { 0 };
                    match station.arrive(Time(now), job, class) {
                        Admission::Refused => prop_assert!(full),
                        Admission::Start => {
                            prop_assert!(!full && busy < limit);
                            busy += 1;
                        }
                        Admission::Queued(ticket) => {
                            prop_assert!(!full && busy == limit);
                            queue.insert((rank, job), ticket);
                        }
                    }
                }
                2 if busy > 0 => {
                    let next = queue.pop_first().map(|((_, job), _)| job);
                    busy -= u64::from(next.is_none());
                    prop_assert_eq!(station.finish(Time(now)), next);
                }
                3 => {
                    if let Some((key, ticket)) = queue.pop_last() {
                        prop_assert_eq!(station.remove(Time(now), ticket), Some(key.1));
                        prop_assert_eq!(station.remove(Time(now), ticket), None);
                    }
                }
                _ => {}
            }
            let counts = station.counts();
            prop_assert_eq!(station.in_system(), busy + queue.len() as u64);
            prop_assert_eq!(counts.started - counts.finished, busy);
            prop_assert_eq!(
                counts.arrivals,
                counts.refused + counts.removed + counts.started + queue.len() as u64
            );
            prop_assert_eq!(station.waiting().area(Time(now)), area);
        }
    }

    #[test]
    fn a_gauge_is_the_sum_of_its_rectangles(
        changes in prop::collection::vec((0..1000u64, 0..50u64), 0..50),
        reset in 0..50usize,
    ) {
        let mut gauge = Gauge::default();
        let (mut now, mut start, mut level, mut area, mut max) = (0, 0, 0, 0, 0);
        for (step, (gap, next)) in changes.into_iter().enumerate() {
            now += gap;
            area += gap * level;
            gauge.set(Time(now), next);
            level = next;
            max = max.max(level);
            if step == reset {
                gauge.reset(Time(now));
                (start, area, max) = (now, 0, level);
            }
        }
        let end = now + 10;
        area += 10 * level;
        prop_assert_eq!(gauge.area(Time(end)), u128::from(area));
        prop_assert_eq!(gauge.mean(Time(end)), area as f64 / (end - start) as f64);
        prop_assert_eq!((gauge.level(), gauge.max()), (level, max));
    }

    #[test]
    fn a_removed_name_leaves_the_other_streams_alone(
        seed in any::<u64>(), replication in any::<u64>(), name in "[a-z.]{1,20}",
    ) {
        let streams = Streams::new(seed, replication);
        let alone: Vec<u64> = { let mut s = streams.stream(&name); (0..8).map(|_| s.bits()).collect() };
        let longer = format!("{name}2");
        let mut other = streams.stream(&longer);
        let mut again = streams.stream(&name);
        let beside: Vec<u64> = (0..8).map(|_| (other.bits(), again.bits()).1).collect();
        prop_assert_eq!(&alone, &beside);
        let differs = |mut stream: Stream| (0..8).map(|_| stream.bits()).ne(alone.iter().copied());
        prop_assert!(differs(streams.stream(&longer)));
        prop_assert!(differs(Streams::new(seed ^ 1, replication).stream(&name)));
        prop_assert!(differs(Streams::new(seed, replication ^ 1).stream(&name)));
    }
}

/// Known answers, made by another implementation of `ChaCha8` and of the normal
/// quantile: a change of generator, or of the road from bits to variates, would
/// change every published result, and must be seen here.
#[test]
fn streams_draw_what_they_have_always_drawn() {
    let mut stream = Streams::new(42, 3).stream("arrivals");
    assert_eq!(stream.bits(), 14_979_502_831_216_921_311);
    assert!(stream.uniform() == 0.337_673_007_577_576_35);
    assert!(stream.exponential(2.0) == 1.492_045_092_456_727_2);
    assert!((stream.normal() - 2.482_115_362_642_41).abs() < 1e-15);
    assert_eq!(stream.below(1000), 612);
}

#[test]
fn variates_have_the_moments_of_their_distributions() {
    let mut stream = Streams::new(1, 0).stream("moments");
    let mut moments = |mut draw: Box<dyn FnMut(&mut Stream) -> f64>| {
        (0..200_000).map(|_| draw(&mut stream)).collect::<windtunnel::stats::Moments>()
    };
    for (drawn, mean, variance) in [
        (moments(Box::new(Stream::uniform)), 0.5, 1.0 / 12.0),
        (moments(Box::new(|stream| stream.exponential(3.0))), 3.0, 9.0),
        (moments(Box::new(Stream::normal)), 0.0, 1.0),
        (moments(Box::new(|stream| stream.below(7) as f64)), 3.0, 4.0),
    ] {
        let tolerance = 4.0 * (variance / 200_000.0_f64).sqrt();
        assert!((drawn.mean() - mean).abs() < tolerance, "{drawn:?} has not the mean {mean}");
        assert!((drawn.variance() / variance - 1.0).abs() < 0.03, "{drawn:?}: not {variance}");
    }
}

/// Notes what happens; `Stop` stops, `Chain(n)` schedules `n - 1` for the same
/// instant.
#[derive(Default)]
struct Log(Vec<(u64, Note)>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Note {
    Mark(u32),
    Chain(u32),
    Stop,
}

impl Model for Log {
    type Event = Note;
    fn handle(&mut self, note: Note, sim: &mut Scheduler<Note>) {
        self.0.push((sim.now().0, note));
        match note {
            Note::Chain(n) if n > 0 => {
                sim.schedule_in(Duration::ZERO, Note::Chain(n - 1));
            }
            Note::Stop => sim.stop(),
            _ => {}
        }
    }
}

fn log(notes: &[(u64, Note)]) -> Simulation<Log> {
    let mut sim = Simulation::new(Log::default());
    for &(time, note) in notes {
        sim.scheduler_mut().schedule_at(Time(time), note);
    }
    sim
}

#[test]
fn equal_times_keep_the_order_of_scheduling() {
    let mut sim =
        log(&[(5, Note::Mark(1)), (3, Note::Chain(1)), (3, Note::Mark(2)), (5, Note::Mark(3))]);
    assert_eq!(sim.run(), Ended::Drained);
    let expected = [
        (3, Note::Chain(1)),
        (3, Note::Mark(2)),
        (3, Note::Chain(0)),
        (5, Note::Mark(1)),
        (5, Note::Mark(3)),
    ];
    assert_eq!(sim.model.0, expected);
    assert_eq!((sim.now(), sim.events()), (Time(5), 5));
}

#[test]
fn a_run_ends_at_a_time_a_count_or_a_stop_and_goes_on() {
    let mut sim =
        log(&[(1, Note::Mark(1)), (2, Note::Mark(2)), (4, Note::Stop), (6, Note::Mark(3))]);
    assert_eq!(sim.run_events(1), Ended::Reached);
    assert_eq!(sim.now(), Time(1));
    // What is due at the end itself still happens.
    assert_eq!(sim.run_until(Time(2)), Ended::Reached);
    assert_eq!((sim.now(), sim.events()), (Time(2), 2));
    assert_eq!(sim.run_until(Time(3)), Ended::Reached);
    assert_eq!(sim.now(), Time(3));
    // A stop leaves the clock where it happened.
    assert_eq!(sim.run_until(Time(9)), Ended::Stopped);
    assert_eq!((sim.now(), sim.scheduler_mut().pending()), (Time(4), 1));
    assert_eq!(sim.run_until(Time(9)), Ended::Drained);
    assert_eq!((sim.now(), sim.events()), (Time(9), 4));
    assert_eq!(sim.run(), Ended::Drained);
    // An end in the past handles nothing and moves no clock.
    assert_eq!(sim.run_until(Time(1)), Ended::Drained);
    assert_eq!(sim.now(), Time(9));
}

#[test]
fn a_cancelled_event_does_not_happen() {
    let mut sim = log(&[(1, Note::Mark(1))]);
    let timeout = sim.scheduler_mut().schedule_at(Time(2), Note::Mark(2));
    assert_eq!(sim.scheduler_mut().cancel(timeout), Some(Note::Mark(2)));
    assert_eq!(sim.scheduler_mut().pending(), 1);
    assert_eq!(sim.run(), Ended::Drained);
    assert_eq!(sim.model.0, [(1, Note::Mark(1))]);
    assert_eq!(sim.scheduler_mut().cancel(timeout), None);
}

#[test]
fn delays_beyond_the_end_of_time_never_end() {
    let mut sim = log(&[(5, Note::Mark(1))]);
    sim.run();
    sim.scheduler_mut().schedule_in(Duration::MAX, Note::Mark(2));
    assert_eq!(sim.run_until(Time(u64::MAX - 1)), Ended::EndOfTime);
    assert_eq!(sim.run(), Ended::EndOfTime);
    assert_eq!(sim.model.0, [(5, Note::Mark(1))]);
}
