//! A rule at work: its windows, and whether it waits, is pending or fires.

use super::alert::Alert;
use super::metric::{Seen, Statistic, Totals, Watched};
use super::spec::{BadSpec, MonitorSpec, NoDataSpec, ObjectiveSpec, common_step};
use super::window::{Pair, Sums, Times};
use crate::kernel::{Duration, Time};

/// What a rule holds against its bound.
#[derive(Clone, Debug)]
enum Value {
    /// A metric that is a quotient of sums.
    Sums(Watched),
    /// A metric of the times themselves.
    Times(Watched, Statistic, Box<Times>),
    /// How many times too fast an error budget burns: over the long and the short window,
    /// whichever is less.
    Burn { bad: BadSpec, budget: f64, short: usize },
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
pub(in crate::system) enum Change {
    /// Nothing that anyone is told.
    None,
    /// An alert fires whose condition has held since then.
    Fired { pending: Time, value: Option<f64>, peak: Option<f64> },
    /// The alert goes on firing, with this value.
    Goes(Option<f64>),
    /// The alert is over.
    Resolved,
}

/// A rule at work.
#[derive(Clone, Debug)]
pub(in crate::system) struct Rule {
    /// What its alerts are called.
    pub name: String,
    /// What it watches, in words.
    pub watches: String,
    /// `>` or `<`.
    above: bool,
    /// What the value is held against.
    pub bound: f64,
    /// The window in which what is seen must have happened lately: of a burn rate, the
    /// short one.
    pub reach: Duration,
    value: Value,
    /// The rule's own sums since the start of the run.
    own: Pair,
    sums: Sums,
    /// Steps of the window.
    steps: usize,
    step: Duration,
    every: Duration,
    hold: Duration,
    keep: Duration,
    fires_without_data: bool,
    class: Option<u16>,
    /// When the present step ends.
    pub next: Time,
    state: State,
}

impl Rule {
    /// The rules of monitors; `classes` are the SLO classes of requests.
    pub fn all(monitors: &[MonitorSpec], has_slo: bool, classes: &[String]) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        for monitor in monitors {
            let mut made = match &monitor.slo {
                Some(slo) => Rule::of_slo(monitor, slo, has_slo),
                None => Rule::of_metric(monitor).into_iter().collect(),
            };
            for rule in &mut made {
                rule.class = monitor
                    .class
                    .as_ref()
                    .and_then(|name| classes.iter().position(|class| class == name))
                    .map(|class| class as u16);
                let is_twin = |other: &&Rule| other.name.split('#').next() == Some(&rule.name);
                let twins = rules.iter().filter(is_twin).count();
                if twins > 0 {
                    rule.name = format!("{}#{}", rule.name, twins + 1);
                }
            }
            rules.append(&mut made);
        }
        rules
    }

    fn of_metric(monitor: &MonitorSpec) -> Option<Rule> {
        let name = monitor.metric.clone()?;
        let metric = Watched::named(&name)?;
        let bound = monitor.above.as_ref().or(monitor.below.as_ref())?.value();
        let window = monitor.window();
        let step = common_step(&[monitor.every, window]);
        let steps = (window.0 / step.0) as usize;
        let value = match metric {
            Watched::Times(_, statistic @ (Statistic::Max | Statistic::Quantile(_))) => {
                Value::Times(metric, statistic, Box::new(Times::new(steps)))
            }
            _ => Value::Sums(metric),
        };
        let above = monitor.above.is_some();
        Some(Rule {
            watches: name.clone(),
            above,
            reach: window,
            sums: Sums::new(if matches!(value, Value::Times(..)) { 0 } else { steps }),
            ..Rule::new(monitor, name, (value, bound), (steps, step))
        })
    }

    fn of_slo(monitor: &MonitorSpec, slo: &ObjectiveSpec, has_slo: bool) -> Vec<Rule> {
        let by_default = if has_slo { BadSpec::Slow } else { BadSpec::Errors };
        let bad = slo.bad.unwrap_or(by_default);
        let burns = monitor.burns();
        let several = burns.len() > 1;
        let rule = |(rate, long, short): (f64, Duration, Duration)| {
            let step = common_step(&[monitor.every, long, short]);
            let (steps, of_short) = ((long.0 / step.0) as usize, (short.0 / step.0) as usize);
            let value = Value::Burn { bad, budget: slo.objective.budget(), short: of_short };
            let mut made = Rule {
                reach: short,
                watches: "burn_rate".to_owned(),
                ..Rule::new(monitor, format!("slo-{rate}x"), (value, rate), (steps, step))
            };
            if let Some(name) = monitor.name.as_ref().filter(|_| several) {
                made.name = format!("{name}-{rate}x");
            }
            made
        };
        burns.into_iter().map(rule).collect()
    }

    fn new(
        monitor: &MonitorSpec,
        by_default: String,
        (value, bound): (Value, f64),
        (steps, step): (usize, Duration),
    ) -> Rule {
        Rule {
            name: monitor.name.clone().unwrap_or(by_default),
            watches: String::new(),
            above: true,
            bound,
            reach: Duration::ZERO,
            value,
            own: Pair::default(),
            sums: Sums::new(steps),
            steps,
            step,
            every: monitor.every,
            hold: monitor.hold,
            keep: monitor.keep_firing_for,
            fires_without_data: monitor.no_data == NoDataSpec::Fire,
            class: None,
            next: Time::ZERO + step,
            state: State::Quiet,
        }
    }

    /// On which side of its bound the value is an alert.
    pub fn condition(&self) -> &'static str {
        if self.above { "above" } else { "below" }
    }

    /// A request ended.
    pub fn count(&mut self, seen: &Seen) {
        if self.class.is_some_and(|class| class != seen.class) {
            return;
        }
        match &mut self.value {
            Value::Sums(metric) => metric.count(&mut self.own, seen),
            Value::Times(Watched::Times(span, _), _, times) => {
                if let Some(time) = seen.time(*span) {
                    times.record(time);
                }
            }
            Value::Times(..) => {}
            Value::Burn { bad, .. } => {
                let is_bad = if *bad == BadSpec::Slow { !seen.good } else { seen.failed };
                self.own.part += i128::from(is_bad);
                self.own.whole += 1;
            }
        }
    }

    /// The present step ends; if it is time, the rule is evaluated. `totals` are those of
    /// the timeline until then.
    pub fn step(&mut self, totals: &Totals) -> Change {
        let now = self.next;
        self.next = now.saturating_add(self.step);
        match &mut self.value {
            Value::Sums(metric) => self.sums.push(metric.until(now, self.own, totals)),
            Value::Times(_, _, times) => times.close(),
            Value::Burn { .. } => self.sums.push(self.own),
        }
        if now.0.is_multiple_of(self.every.0) { self.evaluate(now) } else { Change::None }
    }

    /// The value of the windows that end now; none where there was nothing to measure.
    fn value(&self) -> Option<f64> {
        match &self.value {
            Value::Sums(metric) => metric.of(self.sums.over(self.steps)),
            Value::Times(_, Statistic::Quantile(q), times) => times.quantile(*q),
            Value::Times(_, _, times) => times.longest(),
            Value::Burn { budget, short, .. } => {
                let burn = |steps| {
                    let Pair { part, whole } = self.sums.over(steps);
                    (whole > 0).then(|| part as f64 / whole as f64 / budget)
                };
                Some(burn(self.steps)?.min(burn(*short)?))
            }
        }
    }

    fn evaluate(&mut self, now: Time) -> Change {
        let value = self.value();
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
                let peak = self.farther(peak, value);
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

    /// Of two values the one that is farther beyond the bound.
    fn farther(&self, a: Option<f64>, b: Option<f64>) -> Option<f64> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if self.above { a.max(b) } else { a.min(b) }),
            (a, b) => a.or(b),
        }
    }

    /// The alert of this rule has another value.
    pub fn note(&self, alert: &mut Alert, value: Option<f64>) {
        alert.peak = self.farther(alert.peak, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(rest: &str) -> Rule {
        let yaml = format!("[{{ metric: errors_rps, above: 1, window: 10s, every: 10s, {rest} }}]");
        let monitors: Vec<MonitorSpec> = serde_yaml::from_str(&yaml).unwrap();
        Rule::all(&monitors, false, &[]).remove(0)
    }

    /// Evaluates the rule at 10 s, 20 s ... with so many failures in each window. Returns
    /// what anyone is told, by the second.
    fn told(rule: &mut Rule, failures: &[u32]) -> Vec<(u64, &'static str)> {
        let failed = Seen { class: 0, failed: true, good: false, quality: 0.0, times: [None; 5] };
        let mut told = Vec::new();
        for count in failures {
            (0..*count).for_each(|_| rule.count(&failed));
            let now = rule.next.0 / 1_000_000_000;
            match rule.step(&Totals::default()) {
                Change::Fired { .. } => told.push((now, "fired")),
                Change::Resolved => told.push((now, "resolved")),
                Change::None | Change::Goes(_) => {}
            }
        }
        told
    }

    #[test]
    fn an_alert_fires_at_once_where_nothing_is_to_hold() {
        // 10 failures in 10 s are not more than 1 a second.
        let script = [0, 10, 11, 11, 0];
        assert_eq!(told(&mut rule(""), &script), [(30, "fired"), (50, "resolved")]);
    }

    #[test]
    fn a_blip_shorter_than_for_does_not_fire() {
        let script = [0, 50, 50, 0, 50, 50, 50, 50, 0];
        assert_eq!(told(&mut rule("for: 20s"), &script), [(70, "fired"), (90, "resolved")]);
        assert_eq!(told(&mut rule("for: 30s"), &script), [(80, "fired"), (90, "resolved")]);
        assert_eq!(told(&mut rule("for: 40s"), &script), []);
    }

    #[test]
    fn an_alert_that_is_kept_outlives_a_gap() {
        let script = [50, 0, 50, 0, 0, 0, 0];
        let kept = told(&mut rule("keep_firing_for: 20s"), &script);
        assert_eq!(kept, [(10, "fired"), (60, "resolved")]);
        let flapping = told(&mut rule(""), &script);
        assert_eq!(flapping, [(10, "fired"), (20, "resolved"), (30, "fired"), (40, "resolved")]);
    }

    #[test]
    fn what_was_not_measured_fires_only_if_asked() {
        let idle = |rest: &str| {
            let yaml = format!("[{{ metric: error_rate, above: 1%, every: 10s, {rest} }}]");
            let monitors: Vec<MonitorSpec> = serde_yaml::from_str(&yaml).unwrap();
            told(&mut Rule::all(&monitors, false, &[]).remove(0), &[0, 0])
        };
        assert_eq!(idle(""), []);
        assert_eq!(idle("no_data: fire"), [(10, "fired")]);
    }

    #[test]
    fn a_budget_burns_too_fast_only_if_both_windows_say_so() {
        let yaml = "[{ slo: { objective: 90% }, burn_rate: 2, long: 40s, short: 10s, every: 10s }]";
        let monitors: Vec<MonitorSpec> = serde_yaml::from_str(yaml).unwrap();
        let mut rule = Rule::all(&monitors, false, &[]).remove(0);
        let mut told = Vec::new();
        // Of ten requests in each 10 s so many fail. A burn rate of 2 is a fifth of them.
        for failures in [0, 0, 0, 5, 4, 3, 2, 1, 9, 0] {
            for request in 0..10 {
                let failed = request < failures;
                let (good, quality, times) = (!failed, 1.0, [None; 5]);
                rule.count(&Seen { class: 0, failed, good, quality, times });
            }
            told.push(match rule.step(&Totals::default()) {
                Change::Fired { value, .. } => ("fired", value),
                Change::Goes(value) => ("fires", value),
                Change::Resolved => ("resolved", None),
                Change::None => ("quiet", None),
            });
        }
        // Long windows: 0, 0, 0, 5/40, 9/40, 12/40, 14/40, 10/40, 15/40, 12/40.
        let states: Vec<&str> = told.iter().map(|(state, _)| *state).collect();
        assert_eq!(
            states,
            [
                "quiet", "quiet", "quiet", "quiet", "fired", "fires", "resolved", "quiet", "fired",
                "resolved"
            ]
        );
        let values: Vec<f64> = told.iter().filter_map(|(_, value)| *value).collect();
        for (value, expected) in values.iter().zip([2.25, 3.0, 3.75]) {
            assert!((value - expected).abs() < 1e-12, "{values:?}");
        }
    }

    #[test]
    fn rules_without_a_name_are_told_apart() {
        let yaml = "[{ metric: queue, above: 1 }, { metric: queue, above: 5 }, { name: big, slo: { objective: 99% } }, { slo: { objective: 99.9% }, burn_rate: 6 }]";
        let monitors: Vec<MonitorSpec> = serde_yaml::from_str(yaml).unwrap();
        let rules = Rule::all(&monitors, false, &[]);
        let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["queue", "queue#2", "big-14.4x", "big-6x", "big-1x", "slo-6x"]);
    }
}
