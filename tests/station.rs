//! What a station does with each arrival, one case at a time.

use windtunnel::kernel::{Admission, Discipline, Station, StationConfig, Time};

#[test]
fn a_full_station_refuses_and_counts() {
    let mut station = Station::new(StationConfig { capacity: Some(2), ..StationConfig::new(1) });
    assert_eq!(station.arrive(Time(0), 'a', 0), Admission::Start);
    assert!(matches!(station.arrive(Time(0), 'b', 0), Admission::Queued(_)));
    assert_eq!(station.arrive(Time(1), 'c', 0), Admission::Refused);
    assert_eq!(station.finish(Time(2)), Some('b'));
    assert!(matches!(station.arrive(Time(2), 'd', 0), Admission::Queued(_)));
    assert_eq!(station.counts().refused, 1);
    assert!((station.counts().refused_share() - 0.25).abs() < 1e-15);
}

#[test]
fn unlimited_servers_never_queue() {
    let mut station = Station::new(StationConfig { servers: None, ..StationConfig::new(1) });
    for job in 0..1000 {
        assert_eq!(station.arrive(Time(job), job, 0), Admission::Start);
    }
    assert_eq!(station.busy().max(), 1000);
    assert!(station.utilization(Time(2000)).is_nan());
}

#[test]
fn no_servers_at_all_only_queue() {
    let mut station = Station::new(StationConfig::new(0));
    assert!(matches!(station.arrive(Time(0), 1, 0), Admission::Queued(_)));
    assert_eq!(station.in_system(), 1);
}

#[test]
fn lower_priorities_go_first_and_equals_in_order_of_arrival() {
    let config = StationConfig { discipline: Discipline::Priority, ..StationConfig::new(1) };
    let mut station = Station::new(config);
    station.arrive(Time(0), "first", 9);
    for (job, priority) in [("c", 2), ("a", 1), ("d", 2), ("b", 1)] {
        station.arrive(Time(1), job, priority);
    }
    let order: Vec<_> = (2..6).map(|now| station.finish(Time(now)).unwrap()).collect();
    assert_eq!(order, ["a", "b", "c", "d"]);
}

#[test]
fn a_removed_job_is_neither_served_nor_removed_twice() {
    for discipline in [Discipline::Fifo, Discipline::Priority] {
        let mut station = Station::new(StationConfig { discipline, ..StationConfig::new(1) });
        station.arrive(Time(0), 0, 0);
        let Admission::Queued(ticket) = station.arrive(Time(1), 1, 0) else { panic!() };
        station.arrive(Time(2), 2, 0);
        assert_eq!(station.remove(Time(3), ticket), Some(1));
        assert_eq!(station.remove(Time(3), ticket), None);
        assert_eq!(station.waiting().level(), 1);
        assert_eq!(station.finish(Time(4)), Some(2));
        assert_eq!(station.finish(Time(5)), None);
        assert_eq!((station.counts().removed, station.counts().wait_nanos), (1, 2));
    }
}

#[test]
fn a_reset_forgets_the_past_and_keeps_the_jobs() {
    let mut station = Station::new(StationConfig::new(1));
    station.arrive(Time(0), 'a', 0);
    station.arrive(Time(0), 'b', 0);
    station.reset(Time(100));
    assert_eq!(station.counts().arrivals, 0);
    assert_eq!(station.finish(Time(110)), Some('b'));
    assert!((station.waiting().mean(Time(120)) - 0.5).abs() < 1e-15);
    assert!((station.utilization(Time(120)) - 1.0).abs() < 1e-15);
    assert_eq!(station.counts().wait_nanos, 110);
}
