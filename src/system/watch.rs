//! Monitors at work beside the system: they see what happens and change nothing.
//!
//! Like the timeline they need no events of their own. Between two events nothing
//! happens, so that whatever was due since the last event is evaluated just before the
//! next one: a window that ends at an instant holds all that happened until then.

use super::measure::{Observers, TargetsSpec, Timeline, Times};
use super::monitors::{Alert, Alerts, Cause, Change, Rule, Seen, Totals};
use super::request::Request;
use super::setup::Setup;
use super::upstream::Inference;
use crate::kernel::{Duration, Time};
use crate::pipeline::RequestError;
use crate::serving::fleet::Phase;

/// All monitors of a run.
pub struct Watch {
    pub rules: Vec<Rule>,
    pub alerts: Alerts,
    /// By SLO class.
    targets: Vec<TargetsSpec>,
    /// When the first step of a rule ends; never, once requests no longer arrive.
    pub next: Time,
}

impl Watch {
    /// `None` where there are no monitors.
    pub fn new(setup: &Setup, classes: &[String]) -> Option<Box<Watch>> {
        let rules = Rule::all(&setup.monitors, setup.slo.is_some(), classes);
        let slo = setup.slo.clone().unwrap_or_default();
        let mut alerts = Alerts::new(rules.len());
        for (model, (_, spec)) in setup.models.iter().enumerate() {
            let Some(faults) = &spec.server.faults else { continue };
            alerts.has_faults |= faults.mtbf.is_some() || !faults.brown_outs.is_empty();
            for brown_out in &faults.brown_outs {
                let at = |span| Time::ZERO.saturating_add(span);
                let until = Some(at(brown_out.until));
                alerts.begin(model as u32, None, at(brown_out.from), until);
            }
        }
        let next = rules.iter().map(|rule| rule.next).min()?;
        let targets = classes.iter().map(|class| slo.targets(class)).collect();
        Some(Box::new(Watch { rules, alerts, targets, next }))
    }

    /// A replica goes from one phase into another.
    pub fn enter(&mut self, now: Time, (model, replica): (u32, u32), was: Phase, phase: Phase) {
        if was == Phase::Down {
            self.alerts.repair(model, replica, now);
        }
        if phase == Phase::Down {
            self.alerts.begin(model, Some(replica), now, None);
        }
    }

    /// The step that is due ends; `totals` are those of the timeline until then.
    fn step(&mut self, totals: &Totals) {
        let now = self.next;
        let due = self.rules.iter_mut().enumerate().filter(|(_, rule)| rule.next == now);
        for (index, rule) in due {
            match rule.step(totals) {
                Change::None => {}
                Change::Fired { pending, value, peak } => {
                    let alert = Alert {
                        rule: index,
                        pending,
                        fired: now,
                        resolved: None,
                        value,
                        peak,
                        cause: Cause::Unknown,
                        onset: pending,
                    };
                    self.alerts.fire(alert, rule.reach);
                }
                Change::Goes(value) => {
                    if let Some(alert) = self.alerts.present(index) {
                        rule.note(alert, value);
                    }
                }
                Change::Resolved => self.alerts.resolve(index, now),
            }
        }
        self.next = self.rules.iter().map(|rule| rule.next).min().unwrap_or(Time::MAX);
    }
}

/// What monitors found in the measured window.
#[derive(Clone, Copy, Debug, Default)]
pub struct WatchSums {
    /// Alerts that fired.
    pub fired: u64,
    /// Seconds that they fired, added up.
    pub firing_s: f64,
    /// Alerts that fired without a fault; NaN where none is injected.
    pub false_alarms: f64,
    /// Faults that no alert told of; NaN where none is injected.
    pub missed: f64,
    /// Mean time from the onset to the alert.
    pub detect_mean_s: f64,
}

impl Watch {
    /// Evaluates the rules at all instants before `now` at which one is due, until the
    /// window closes.
    #[cold]
    pub fn evaluate_until(&mut self, now: Time, closes: Time, timeline: &mut Timeline) {
        while self.next < now {
            if self.next > closes {
                self.next = Time::MAX;
                break;
            }
            let totals = timeline.totals(self.next);
            self.step(&totals);
        }
    }

    /// A request is finished.
    pub fn request(&mut self, request: &Request, inference: Option<&Inference>, times: &Times) {
        if request.error == Some(RequestError::CalledOff) {
            return;
        }
        let class = request.incoming.slo_class.0;
        let answer = request.answer.filter(|_| request.error.is_none());
        let of_model = inference.filter(|_| answer.is_some() && !request.cached);
        let targets = self.targets.get(usize::from(class));
        let in_time = targets.is_none_or(|targets| targets.met(times));
        let seen = Seen {
            class,
            failed: answer.is_none(),
            good: answer.is_some() && in_time,
            quality: answer.map_or(0.0, |answer| answer.quality),
            times: [
                answer.map(|_| times.e2e),
                answer.map(|_| times.ttft),
                of_model.map(|_| times.tpot).filter(|tpot| !tpot.is_zero()),
                of_model.map(|it| it.started.since(it.queued) + it.spend.seated_after),
                of_model.map(|it| it.service.total),
            ],
        };
        self.rules.iter_mut().for_each(|rule| rule.count(&seen));
    }
}

impl Observers<'_> {
    /// The run is over: evaluates what is due until its end.
    pub fn end_monitors(&mut self, end: Time) {
        let Observers { watch, timeline, closes, measures, .. } = self;
        let Some(watch) = watch else { return };
        watch.evaluate_until(end.saturating_add(Duration(1)), *closes, timeline);
        watch.alerts.close(end);
        measures.watch = Some(super::watch_tables::sums(watch, measures));
    }
}
