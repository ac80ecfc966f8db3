//! Whether a rule waits, is pending or fires.

use super::spec::{MonitorSpec, NoDataSpec};
use crate::kernel::{Duration, Time};

/// What must hold, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition {
    /// `>` or `<`.
    pub above: bool,
    /// What the value is held against.
    pub bound: f64,
    hold: Duration,
    keep: Duration,
    fires_without_data: bool,
    state: State,
}

/// How a rule stands, as in Prometheus.
#[derive(Clone, Copy, Debug)]
enum State {
    Quiet,
    /// The condition has held since then; the value farthest beyond the bound so far.
    Pending {
        since: Time,
        peak: Option<f64>,
    },
    /// Its alert fires; since when the condition has not held, if it does not.
    Firing {
        lapsed: Option<Time>,
    },
}

/// What an evaluation brought about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    /// Nothing that anyone is told.
    None,
    /// An alert fires whose condition has held since then.
    Fired { pending: Time, value: Option<f64>, peak: Option<f64> },
    /// The alert goes on firing, with this value.
    Goes(Option<f64>),
    /// The alert is over.
    Resolved,
}

impl Condition {
    /// That of a monitor.
    pub fn new(monitor: &MonitorSpec, above: bool, bound: f64) -> Self {
        Condition {
            above,
            bound,
            hold: monitor.hold,
            keep: monitor.keep_firing_for,
            fires_without_data: monitor.no_data == NoDataSpec::Fire,
            state: State::Quiet,
        }
    }

    /// Takes the value of now; none where there was nothing to measure.
    pub fn evaluate(&mut self, now: Time, value: Option<f64>) -> Change {
        let holds = match value {
            Some(value) if self.above => value > self.bound,
            Some(value) => value < self.bound,
            None => self.fires_without_data,
        };
        // Prometheus, rules/alerting.go, `AlertingRule.Eval`.
        match (self.state, holds) {
            (State::Quiet, false) => Change::None,
            (State::Quiet, true) => self.wait(now, now, value, value),
            (State::Pending { .. }, false) => {
                self.state = State::Quiet;
                Change::None
            }
            (State::Pending { since, peak }, true) => {
                let peak = farther(self.above, peak, value);
                self.wait(now, since, value, peak)
            }
            (State::Firing { .. }, true) => {
                self.state = State::Firing { lapsed: None };
                Change::Goes(value)
            }
            (State::Firing { lapsed }, false) => {
                let lapsed = lapsed.unwrap_or(now);
                if now - lapsed < self.keep {
                    self.state = State::Firing { lapsed: Some(lapsed) };
                    return Change::Goes(value);
                }
                self.state = State::Quiet;
                Change::Resolved
            }
        }
    }

    /// The condition has held since `since`: the alert fires if that is long enough.
    fn wait(&mut self, now: Time, since: Time, value: Option<f64>, peak: Option<f64>) -> Change {
        if now - since >= self.hold {
            self.state = State::Firing { lapsed: None };
            return Change::Fired { pending: since, value, peak };
        }
        self.state = State::Pending { since, peak };
        Change::None
    }

    /// From when on an evaluation brings about another change, if the value stays as it
    /// is; never, if none does.
    pub fn changes_at(&self) -> Time {
        match self.state {
            State::Pending { since, .. } => since.saturating_add(self.hold),
            State::Firing { lapsed: Some(lapsed) } => lapsed.saturating_add(self.keep),
            State::Quiet | State::Firing { lapsed: None } => Time::MAX,
        }
    }
}

/// Of two values the one that is farther beyond a bound.
pub(super) fn farther(above: bool, a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if above { a.max(b) } else { a.min(b) }),
        (a, b) => a.or(b),
    }
}
