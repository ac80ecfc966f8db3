//! Rules over scripts of requests, and over spans in which nothing happens.

use super::alert::{Alerts, Cause};
use super::evaluation::{Monitors, Progress};
use super::gap::Gap;
use super::rule::Rule;
use super::spec::MonitorSpec;
use super::tally::Seen;
use crate::kernel::{Duration, Time};
use crate::serving::fleet::Phase;
use crate::system::measure::{Serving, Timeline};

const FAILED: Seen = Seen { class: 0, failed: true, good: false, quality: 0.0, times: [None; 5] };
const ANSWERED: Seen = Seen { failed: false, good: true, quality: 1.0, ..FAILED };

/// Monitors, the timeline of what they watch, and how far it is.
struct Bench {
    monitors: Monitors,
    timeline: Timeline,
    now: Time,
}

impl Bench {
    fn new(yaml: &str) -> Self {
        let specs: Vec<MonitorSpec> = serde_yaml::from_str(yaml).unwrap();
        let (rules, sources) = Rule::all(&specs, false, &[]);
        let mut alerts = Alerts::new(rules.len());
        alerts.has_faults = true;
        let monitors = Monitors::of(rules, sources, alerts, Vec::new());
        let timeline = Timeline::new(None, Serving::default());
        Bench { monitors, timeline, now: Time::ZERO }
    }

    /// The next event is then.
    fn go_to(&mut self, now: Time) {
        self.now = now;
        if self.monitors.is_due(now) {
            let progress = Progress { now, last_arrival: Time::MAX, worked: now };
            self.monitors.advance(progress, &mut self.timeline);
        }
    }

    /// Evaluates at every 10 s, after so many failures in each.
    fn told(mut self, failures: &[u32]) -> Vec<(u64, &'static str)> {
        for (index, count) in failures.iter().enumerate() {
            (0..*count).for_each(|_| self.monitors.see(&FAILED));
            self.go_to(Time::from_secs(10 * (index as u64 + 1)) + Duration(1));
        }
        self.changes()
    }

    fn changes(&self) -> Vec<(u64, &'static str)> {
        let secs = |time: Time| time.0 / 1_000_000_000;
        let mut all = Vec::new();
        for alert in &self.monitors.alerts.list {
            all.push((secs(alert.fired), "fired"));
            all.extend(alert.resolved.map(|resolved| (secs(resolved), "resolved")));
        }
        all
    }
}

fn rule(rest: &str) -> Bench {
    Bench::new(&format!("[{{ metric: errors_rps, above: 1, window: 10s, every: 10s, {rest} }}]"))
}

#[test]
fn an_alert_fires_at_once_where_nothing_is_to_hold() {
    // 10 failures in 10 s are not more than 1 a second.
    let script = [0, 10, 11, 11, 0];
    assert_eq!(rule("").told(&script), [(30, "fired"), (50, "resolved")]);
}

#[test]
fn a_blip_shorter_than_for_does_not_fire() {
    let script = [0, 50, 50, 0, 50, 50, 50, 50, 0];
    assert_eq!(rule("for: 20s").told(&script), [(70, "fired"), (90, "resolved")]);
    assert_eq!(rule("for: 30s").told(&script), [(80, "fired"), (90, "resolved")]);
    assert_eq!(rule("for: 40s").told(&script), []);
}

#[test]
fn an_alert_that_is_kept_outlives_a_gap() {
    let script = [50, 0, 50, 0, 0, 0, 0];
    let kept = rule("keep_firing_for: 20s").told(&script);
    assert_eq!(kept, [(10, "fired"), (60, "resolved")]);
    let flapping = rule("").told(&script);
    assert_eq!(flapping, [(10, "fired"), (20, "resolved"), (30, "fired"), (40, "resolved")]);
}

#[test]
fn what_was_not_measured_fires_only_if_asked() {
    let idle = |rest: &str| {
        Bench::new(&format!("[{{ metric: error_rate, above: 1%, every: 10s, {rest} }}]"))
            .told(&[0, 0])
    };
    assert_eq!(idle(""), []);
    assert_eq!(idle("no_data: fire"), [(10, "fired")]);
}

#[test]
fn a_budget_burns_too_fast_only_if_both_windows_say_so() {
    let mut bench = Bench::new(
        "[{ slo: { objective: 90% }, burn_rate: 2, long: 40s, short: 10s, every: 10s }]",
    );
    // Of ten requests in each 10 s so many fail. A burn rate of 2 is a fifth of them.
    for (index, failures) in [0, 0, 0, 5, 4, 3, 2, 1, 9, 0].into_iter().enumerate() {
        for request in 0..10 {
            bench.monitors.see(if request < failures { &FAILED } else { &ANSWERED });
        }
        bench.go_to(Time::from_secs(10 * (index as u64 + 1)) + Duration(1));
    }
    // Long windows: 0, 0, 0, 5/40, 9/40, 12/40, 14/40, 10/40, 15/40, 12/40.
    assert_eq!(
        bench.changes(),
        [(50, "fired"), (70, "resolved"), (90, "fired"), (100, "resolved")]
    );
    bench.monitors.close(bench.now, Time::MAX, &mut bench.timeline);
    let list = &bench.monitors.alerts.list;
    let values = [list[0].value, list[0].peak.value(), list[1].value];
    for (value, expected) in values.into_iter().zip([2.25, 3.0, 3.75]) {
        assert!((value.unwrap() - expected).abs() < 1e-12, "{values:?}");
    }
}

#[test]
fn rules_without_a_name_are_told_apart() {
    let yaml = "[{ metric: queue, above: 1 }, { metric: queue, above: 5 }, { name: big, slo: { objective: 99% } }, { slo: { objective: 99.9% }, burn_rate: 6 }]";
    let monitors: Vec<MonitorSpec> = serde_yaml::from_str(yaml).unwrap();
    let (rules, _) = Rule::all(&monitors, false, &[]);
    let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["queue", "queue#2", "big-14.4x", "big-6x", "big-1x", "slo-6x"]);
}

/// Rules of every kind, the finest that is allowed.
const FINE: &str = "[
  { name: quiet, metric: throughput_rps, below: 1, window: 1s, every: 1ms, for: 30d },
  { name: level, metric: in_flight, above: 2, window: 2s, every: 1ms, for: 20d, keep_firing_for: 100d },
  { name: times, metric: e2e_p99_s, above: 1s, window: 1s, every: 1ms, no_data: fire, for: 40d },
  { name: burn, slo: { objective: 99% }, burn_rate: 1, long: 1h, every: 100ms },
]";

#[test]
fn a_century_in_which_nothing_happens_is_skipped_and_alerts_fire_in_time() {
    let mut bench = Bench::new(FINE);
    bench.go_to(Time::from_secs(5));
    bench.monitors.see(&FAILED);
    bench.timeline.in_flight(Time::from_secs(5), 3);
    let day = 86_400;
    bench.go_to(Time::from_secs(36_500 * day));
    bench.timeline.in_flight(Time::from_secs(36_500 * day), -3);
    bench.go_to(Time::from_secs(2 * 36_500 * day));
    let fired = |name: &str| {
        let rule = bench.monitors.rules.iter().position(|rule| rule.name == name);
        let alert = bench.monitors.alerts.list.iter().find(|alert| Some(alert.rule) == rule)?;
        Some((alert.pending.0, alert.fired.0, alert.resolved.map(|it| it.0)))
    };
    let millis = |millis: u64| millis * 1_000_000;
    let days = |days: u64| millis(days * day * 1000);
    assert_eq!(fired("quiet"), Some((millis(1), millis(1) + days(30), None)));
    // Three are in the system for more than two thirds of 2 s first at 5 s + 1.334 s.
    let held = millis(5000 + 1334);
    let lapsed = days(36_500) + millis(667);
    assert_eq!(fired("level"), Some((held, held + days(20), Some(lapsed + days(100)))));
    assert_eq!(fired("times"), Some((millis(1), millis(1) + days(40), None)));
    assert_eq!(fired("burn"), Some((millis(5000), millis(5000), Some(millis(305_000)))));
}

#[test]
fn a_rule_is_evaluated_in_order_with_others_though_it_skips() {
    let mut bench = Bench::new(FINE);
    bench.go_to(Time::from_secs(400 * 86_400));
    let fired: Vec<Time> = bench.monitors.alerts.list.iter().map(|alert| alert.fired).collect();
    assert!(fired.len() == 2 && fired.is_sorted(), "{fired:?}");
}

#[test]
fn nothing_is_evaluated_once_requests_no_longer_arrive() {
    let mut bench = Bench::new("[{ metric: throughput_rps, below: 1, every: 1s, for: 7s }]");
    let last_arrival = Time::from_secs(6);
    let progress = Progress { now: Time::from_secs(100), last_arrival, worked: Time::MAX };
    bench.monitors.advance(progress, &mut bench.timeline);
    assert!(bench.monitors.alerts.list.is_empty() && !bench.monitors.is_due(Time::MAX));
    let gap = Gap { from: Time(10), until: Time(31) };
    assert_eq!(gap.steps_after(Time(10), Duration(10)), 2, "20 and 30");
}

#[test]
fn what_came_after_the_last_work_does_not_count() {
    let mut bench = Bench::new("[{ metric: in_flight, above: 1, window: 10s, every: 1s }]");
    bench.timeline.in_flight(Time::ZERO, 2);
    let end = Time::from_secs(3);
    bench.go_to(end);
    bench.monitors.enter(end, (0, 0), Phase::Up, Phase::Down);
    bench.timeline.in_flight(end, 7);
    // A timer is all that is to come.
    let now = Time::from_secs(100);
    let progress = Progress { now, last_arrival: Time::MAX, worked: end };
    bench.monitors.advance(progress, &mut bench.timeline);
    bench.monitors.enter(now, (0, 0), Phase::Down, Phase::Up);
    bench.monitors.enter(now, (0, 1), Phase::Up, Phase::Down);
    bench.monitors.close(end, Time::MAX, &mut bench.timeline);
    let alerts = &bench.monitors.alerts;
    assert_eq!(alerts.list[0].peak.value(), Some(2.0), "not 9");
    let faults: Vec<_> = alerts.faults.all().map(|(_, fault)| (fault.from, fault.until)).collect();
    assert_eq!(faults, [(end, None)]);
}

#[test]
fn crashes_at_one_instant_are_told_together_and_the_first_is_named() {
    let mut bench = Bench::new("[{ metric: errors_rps, above: 0, window: 10s, every: 10s }]");
    let at = Time::from_secs(12);
    bench.go_to(at);
    for replica in [2, 0, 1] {
        bench.monitors.enter(at, (0, replica), Phase::Up, Phase::Down);
    }
    // One is repaired at the same instant, and crashes again.
    bench.monitors.enter(at, (0, 0), Phase::Down, Phase::Up);
    bench.monitors.enter(at, (0, 0), Phase::Up, Phase::Down);
    bench.monitors.see(&FAILED);
    bench.monitors.close(Time::from_secs(100), Time::MAX, &mut bench.timeline);
    let alerts = &bench.monitors.alerts;
    let all: Vec<_> = alerts.faults.all().collect();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|(id, _)| alerts.faults.was_told(*id, 0)));
    assert_eq!(alerts.list[0].cause, Cause::News(all[0].0));
    assert_eq!(all[0].1.replica, Some(2));
    let repaired: Vec<_> = all.iter().map(|(_, fault)| fault.until.is_some()).collect();
    assert_eq!(repaired, [false, true, false, false]);
}
