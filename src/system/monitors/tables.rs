//! What monitors found: `alerts.csv`, `monitors.csv`, `faults.csv` and the metrics.

use super::alert::{Alert, Alerts, Cause};
use super::alert_sums::AlertSums;
use super::evaluation::Monitors;
use super::fault::{Fault, FaultId};
use crate::kernel::{Duration, Time};
use crate::stats::{Cell, Moments, Table};
use crate::system::setup::Setup;

/// The columns of `monitors.csv`.
pub(in crate::system) const MONITORS: [&str; 12] = [
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
];

/// The window that is measured.
#[derive(Clone, Copy, Debug)]
pub(in crate::system) struct Measured {
    pub from: Time,
    pub end: Time,
}

impl Measured {
    /// Where the warm-up took the whole run, nothing was measured.
    fn is_empty(self) -> bool {
        self.from >= self.end
    }
}

/// The sums over all rules of what is in the measured window.
pub(in crate::system) fn sums(monitors: &Monitors, window: Measured) -> AlertSums {
    let all = || fired(monitors, window);
    let of_faults = |count: usize| {
        if monitors.alerts.has_faults { count as f64 } else { f64::NAN }
    };
    let rules = 0..monitors.rules.len();
    let was_told = |fault| rules.clone().any(|rule| monitors.alerts.faults.was_told(fault, rule));
    AlertSums {
        fired: all().count() as u64,
        firing_s: firing_s(monitors, window, |_| true),
        false_alarms: of_faults(all().filter(|alert| alert.cause == Cause::Nothing).count()),
        missed: of_faults(faults(monitors, window).filter(|fault| !was_told(*fault)).count()),
        detect_mean_s: times_to_detect(all()).mean(),
    }
}

/// Alerts that fired in the measured window.
fn fired(monitors: &Monitors, window: Measured) -> impl Iterator<Item = &Alert> {
    let is_within = move |alert: &&Alert| !window.is_empty() && alert.fired >= window.from;
    monitors.alerts.list.iter().filter(is_within)
}

/// Faults that were there in the measured window.
fn faults(monitors: &Monitors, window: Measured) -> impl Iterator<Item = FaultId> {
    let lasts = move |fault: &Fault| fault.until.is_none_or(|until| until > window.from);
    let all = monitors.alerts.faults.all();
    all.filter(move |(_, fault)| !window.is_empty() && lasts(fault)).map(|(id, _)| id)
}

fn firing_s(monitors: &Monitors, window: Measured, wanted: impl Fn(&Alert) -> bool) -> f64 {
    let alerts = monitors.alerts.list.iter().filter(|alert| wanted(alert));
    let firing = |alert: &Alert| u128::from(alert.firing(window.from, window.end).0);
    alerts.map(firing).sum::<u128>() as f64 / 1e9
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

/// A row for each alert.
pub(in crate::system) fn alerts(monitors: Option<&Monitors>, setup: &Setup) -> Table {
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
    let Some(monitors) = monitors else { return table };
    let name = |fault| name_of(&monitors.alerts.faults[fault], setup);
    for alert in &monitors.alerts.list {
        let rule = &monitors.rules[alert.rule];
        table.push(vec![
            rule.name.as_str().into(),
            rule.watches.as_str().into(),
            rule.side().into(),
            Cell::from(rule.condition.bound),
            alert.pending.into(),
            alert.fired.into(),
            alert.resolved.into(),
            alert.value.into(),
            alert.peak.value().into(),
            match alert.cause {
                Cause::Unknown => Cell::Empty,
                Cause::Nothing => "none".into(),
                Cause::News(fault) | Cause::Again(fault) => name(fault).into(),
            },
            alert.onset.into(),
            alert.time_to_detect().into(),
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
pub(in crate::system) fn faults_table(monitors: Option<&Monitors>, setup: &Setup) -> Table {
    let mut table = Table::new(["fault", "from_s", "until_s"]);
    for (_, fault) in monitors.iter().flat_map(|monitors| monitors.alerts.faults.all()) {
        let until = fault.until.into();
        table.push(vec![name_of(fault, setup).into(), fault.from.into(), until]);
    }
    table
}

/// A row for each rule.
pub(in crate::system) fn monitors(monitors: Option<&Monitors>, window: Measured) -> Table {
    let mut table = Table::new(MONITORS);
    let Some(monitors) = monitors else { return table };
    let Alerts { faults: known, has_faults, .. } = &monitors.alerts;
    for (index, rule) in monitors.rules.iter().enumerate() {
        let mine = || fired(monitors, window).filter(|alert| alert.rule == index);
        let faults = || faults(monitors, window);
        let of_faults = |count: usize| Cell::from(has_faults.then_some(count as u64));
        let times = times_to_detect(mine());
        table.push(vec![
            rule.name.as_str().into(),
            rule.watches.as_str().into(),
            rule.side().into(),
            Cell::from(rule.condition.bound),
            (mine().count() as u64).into(),
            (mine().filter(|alert| alert.resolved.is_some()).count() as u64).into(),
            Cell::Num(firing_s(monitors, window, |alert| alert.rule == index)),
            of_faults(mine().filter(|alert| alert.cause == Cause::Nothing).count()),
            of_faults(faults().count()),
            of_faults(faults().filter(|fault| !known.was_told(*fault, index)).count()),
            times.mean().into(),
            mine()
                .filter(|alert| alert.cause != Cause::Nothing)
                .filter_map(Alert::time_to_detect)
                .max()
                .map(Duration::as_secs_f64)
                .into(),
        ]);
    }
    table
}
