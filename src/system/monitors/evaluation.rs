//! Monitors at work beside the system: they see what happens and change nothing.
//!
//! Like the timeline they need no events of their own. Between two events nothing
//! happens, so that whatever was due since the last event is evaluated just before the
//! next one: a window that ends at an instant holds all that happened until then. Where
//! two events are far apart, what would be evaluated again and again to the same is
//! skipped: work between two events is bounded by the steps of the windows.

use super::alert::{Alert, Alerts, Cause, Peak};
use super::condition::Change;
use super::gap::Gap;
use super::rule::Rule;
use super::sources::Sources;
use super::tally::Seen;
use crate::kernel::{Duration, Time};
use crate::pipeline::RequestError;
use crate::serving::fleet::Phase;
use crate::system::measure::{TargetsSpec, Timeline, Times};
use crate::system::request::Request;
use crate::system::setup::Setup;
use crate::system::upstream::Inference;

/// All monitors of a run.
pub(in crate::system) struct Monitors {
    pub(super) rules: Vec<Rule>,
    pub(super) alerts: Alerts,
    sources: Sources,
    /// By SLO class.
    targets: Vec<TargetsSpec>,
    /// When a rule or what it reads is due next; never, once requests no longer arrive.
    next: Time,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub(in crate::system) struct Progress {
    /// The instant of the event that is about to happen.
    pub now: Time,
    /// Rules are evaluated until requests no longer arrive.
    pub last_arrival: Time,
    /// When the last request or attempt ended, so far: the run is over then unless there
    /// is to be more.
    pub worked: Time,
}

impl Monitors {
    /// `None` where there are no monitors.
    pub fn new(setup: &Setup, classes: &[String]) -> Option<Box<Monitors>> {
        if setup.monitors.is_empty() {
            return None;
        }
        let (rules, sources) = Rule::all(&setup.monitors, setup.slo.is_some(), classes);
        let slo = setup.slo.clone().unwrap_or_default();
        let mut alerts = Alerts::new(rules.len());
        for (model, (_, spec)) in setup.models.iter().enumerate() {
            let Some(faults) = &spec.server.faults else { continue };
            alerts.has_faults |= faults.mtbf.is_some() || !faults.brown_outs.is_empty();
            for brown_out in &faults.brown_outs {
                let at = |span| Time::ZERO.saturating_add(span);
                alerts.faults.plan(model as u32, at(brown_out.from), at(brown_out.until));
            }
        }
        let targets = classes.iter().map(|class| slo.targets(class)).collect();
        Some(Box::new(Monitors::of(rules, sources, alerts, targets)))
    }

    pub(super) fn of(
        rules: Vec<Rule>,
        sources: Sources,
        alerts: Alerts,
        targets: Vec<TargetsSpec>,
    ) -> Self {
        let next = sources.next();
        Monitors { rules, alerts, sources, targets, next }
    }

    /// A replica goes from one phase into another.
    pub fn enter(&mut self, now: Time, (model, replica): (u32, u32), was: Phase, phase: Phase) {
        if was == Phase::Down {
            self.alerts.faults.repair(model, replica, now);
        }
        if phase == Phase::Down {
            self.alerts.faults.crash(model, replica, now);
        }
    }

    /// A request ended. Those that a workflow called off do not count.
    #[inline]
    pub fn finish(&mut self, request: &Request, inference: Option<&Inference>, times: &Times) {
        if request.error != Some(RequestError::CalledOff) {
            let wanted = self.sources.wanted();
            self.see(&Seen::of(request, inference, times, &self.targets, wanted));
        }
    }

    /// The same, of its facts.
    #[inline]
    pub(super) fn see(&mut self, seen: &Seen) {
        self.sources.count(seen);
    }

    /// Whether something is due before `now`.
    #[inline]
    pub fn is_due(&self, now: Time) -> bool {
        self.next < now
    }

    /// Evaluates the rules at all instants before an event at which one is due.
    #[cold]
    pub fn advance(&mut self, progress: Progress, timeline: &mut Timeline) {
        let Progress { now, last_arrival, worked } = progress;
        let until = now.min(last_arrival.saturating_add(Duration(1)));
        let gap = Gap { from: self.next, until };
        while self.next < until {
            let at = self.next;
            self.sources.step(at, &gap, &timeline.totals(at));
            self.evaluate(at, &gap, worked);
            let due = self.rules.iter().map(|rule| rule.next);
            self.next = due.chain([self.sources.next()]).min().unwrap_or(Time::MAX);
        }
        if now > last_arrival {
            self.next = Time::MAX;
        }
    }

    /// Evaluates the rules that are due at `now`.
    fn evaluate(&mut self, now: Time, gap: &Gap, worked: Time) {
        let due = self.rules.iter_mut().enumerate().filter(|(_, rule)| rule.next == now);
        for (index, rule) in due {
            match rule.evaluate(gap, &self.sources) {
                Change::None => {}
                Change::Fired { pending, value, peak } => {
                    let alert = Alert {
                        rule: index,
                        pending,
                        fired: now,
                        resolved: None,
                        value,
                        peak: Peak::new(rule.condition.above, peak),
                        cause: Cause::Unknown,
                        onset: pending,
                    };
                    self.alerts.fire(alert, rule.reach);
                }
                Change::Goes(value) => {
                    if let Some(alert) = self.alerts.present(index) {
                        alert.peak.note(now, value, worked);
                    }
                }
                Change::Resolved => self.alerts.resolve(index, now),
            }
        }
    }

    /// The run is over at `end`: evaluates what is due until then.
    pub fn close(&mut self, end: Time, last_arrival: Time, timeline: &mut Timeline) {
        let progress = Progress { now: end.saturating_add(Duration(1)), last_arrival, worked: end };
        self.advance(progress, timeline);
        self.alerts.close(end);
    }
}
