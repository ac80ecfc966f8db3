//! What monitors found: `alerts.csv`, `monitors.csv` and the metrics.

use super::measure::Measures;
use super::model::System;
use super::monitors::{Alert, Cause, Fault};
use super::setup::Setup;
use super::watch::{Watch, WatchSums};
use crate::kernel::Time;
use crate::stats::{Cell, Moments, Table};

/// The sums over all rules of what is in the measured window.
pub fn sums(watch: &Watch, measures: &Measures) -> WatchSums {
    let all = || measured(watch, measures);
    let of_faults = |count: usize| {
        if watch.alerts.has_faults { count as f64 } else { f64::NAN }
    };
    let rules = 0..watch.rules.len();
    let missed = faults(watch, measures);
    let missed = missed.filter(|fault| !rules.clone().any(|rule| fault.was_told(rule))).count();
    WatchSums {
        fired: all().count() as u64,
        firing_s: firing_s(watch, measures, |_| true),
        false_alarms: of_faults(all().filter(|alert| alert.cause == Cause::Nothing).count()),
        missed: of_faults(missed),
        detect_mean_s: times_to_detect(all()).mean(),
    }
}

/// Alerts that fired in the measured window.
fn measured<'w>(watch: &'w Watch, measures: &Measures) -> impl Iterator<Item = &'w Alert> {
    let from = measures.window_start;
    watch.alerts.list.iter().filter(move |alert| alert.fired >= from)
}

/// Faults that were there in the measured window.
fn faults<'w>(watch: &'w Watch, measures: &Measures) -> impl Iterator<Item = &'w Fault> {
    let from = measures.window_start;
    let lasts = move |fault: &&Fault| fault.until.is_none_or(|until| until > from);
    watch.alerts.faults.iter().filter(lasts)
}

fn firing_s(watch: &Watch, measures: &Measures, wanted: impl Fn(&Alert) -> bool) -> f64 {
    let (from, end) = (measures.window_start, measures.window_end);
    let alerts = watch.alerts.list.iter().filter(|alert| wanted(alert));
    let nanos: u128 = alerts.map(|alert| u128::from(alert.firing(from, end).0)).sum();
    nanos as f64 / 1e9
}

/// From a fault to the alert that told of it; where no faults are injected, from the
/// condition to the alert.
fn times_to_detect<'a>(alerts: impl Iterator<Item = &'a Alert>) -> Moments {
    let mut times = Moments::default();
    for alert in alerts.filter(|alert| alert.cause != Cause::Nothing) {
        if let Some(time) = alert.time_to_detect() {
            times.push(time.as_secs_f64());
        }
    }
    times
}

/// To the nanosecond: a real cell keeps nine digits only.
fn seconds(at: Time) -> Cell {
    Cell::Text(at.to_string().trim_end_matches('s').to_owned())
}

/// A row for each alert.
pub fn alerts(system: &System<'_>, setup: &Setup) -> Table {
    let mut table = Table::new([
        "monitor",
        "metric",
        "condition",
        "threshold",
        "pending_s",
        "fired_s",
        "resolved_s",
        "value",
        "peak",
        "fault",
        "onset_s",
        "time_to_detect_s",
    ]);
    let Some(watch) = &system.observers.watch else { return table };
    let name = |fault: usize| name_of(&watch.alerts.faults[fault], setup);
    for alert in &watch.alerts.list {
        let rule = &watch.rules[alert.rule];
        table.push(vec![
            rule.name.as_str().into(),
            rule.watches.as_str().into(),
            rule.condition().into(),
            Cell::from(rule.bound),
            seconds(alert.pending),
            seconds(alert.fired),
            alert.resolved.map_or(Cell::Empty, seconds),
            alert.value.into(),
            alert.peak.into(),
            match alert.cause {
                Cause::Unknown => Cell::Empty,
                Cause::Nothing => "none".into(),
                Cause::News(fault) | Cause::Again(fault) => name(fault).into(),
            },
            seconds(alert.onset),
            alert.time_to_detect().map_or(Cell::Empty, |time| seconds(Time(time.0))),
        ]);
    }
    table
}

/// `brown-out of large`, `crash of large 2`.
fn name_of(fault: &Fault, setup: &Setup) -> String {
    let model = &setup.models[fault.model as usize].0;
    match fault.replica {
        Some(replica) => format!("crash of {model} {replica}"),
        None => format!("brown-out of {model}"),
    }
}

/// A row for each fault of which an alert may tell.
pub fn faults_table(system: &System<'_>, setup: &Setup) -> Table {
    let mut table = Table::new(["fault", "from_s", "until_s"]);
    let faults = system.observers.watch.iter().flat_map(|watch| &watch.alerts.faults);
    for fault in faults {
        let until = fault.until.map_or(Cell::Empty, seconds);
        table.push(vec![name_of(fault, setup).into(), seconds(fault.from), until]);
    }
    table
}

/// A row for each rule.
pub fn monitors(system: &System<'_>) -> Table {
    let mut table = Table::new([
        "monitor",
        "metric",
        "condition",
        "threshold",
        "fired",
        "resolved",
        "firing_s",
        "false_alarms",
        "faults",
        "missed",
        "time_to_detect_mean_s",
        "time_to_detect_max_s",
    ]);
    let Some(watch) = &system.observers.watch else { return table };
    let measures = &system.observers.measures;
    for (index, rule) in watch.rules.iter().enumerate() {
        let mine = || measured(watch, measures).filter(|alert| alert.rule == index);
        let faults = || faults(watch, measures);
        let of_faults = |count: usize| Cell::from(watch.alerts.has_faults.then_some(count as u64));
        let times = times_to_detect(mine());
        table.push(vec![
            rule.name.as_str().into(),
            rule.watches.as_str().into(),
            rule.condition().into(),
            Cell::from(rule.bound),
            (mine().count() as u64).into(),
            (mine().filter(|alert| alert.resolved.is_some()).count() as u64).into(),
            Cell::Num(firing_s(watch, measures, |alert| alert.rule == index)),
            of_faults(mine().filter(|alert| alert.cause == Cause::Nothing).count()),
            of_faults(faults().count()),
            of_faults(faults().filter(|fault| !fault.was_told(index)).count()),
            times.mean().into(),
            mine()
                .filter(|alert| alert.cause != Cause::Nothing)
                .filter_map(Alert::time_to_detect)
                .max()
                .map(crate::kernel::Duration::as_secs_f64)
                .into(),
        ]);
    }
    table
}
