//! A rule at work: what it reads of the sources, and when.

use super::condition::{Change, Condition};
use super::gap::Gap;
use super::metric::{Statistic, Summed, Watched};
use super::sources::{Scope, SeriesId, Sources, WindowId};
use super::spec::{BadSpec, MonitorSpec, ObjectiveSpec, common_step};
use super::times::step_after;
use crate::kernel::{Duration, Time};

/// What a rule holds against its bound.
#[derive(Clone, Copy, Debug)]
enum Value {
    /// A metric that is a quotient of sums.
    Sums { metric: Watched, series: SeriesId, steps: usize },
    /// A statistic of the times themselves.
    Times { statistic: Statistic, window: WindowId },
    /// How many times too fast an error budget burns: over the long and the short window,
    /// whichever is less.
    Burn { budget: f64, series: SeriesId, steps: [usize; 2] },
}

/// A rule at work.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// What its alerts are called.
    pub name: String,
    /// What it watches, in words.
    pub watches: String,
    /// The window in which what is seen must have happened lately: of a burn rate, the
    /// short one.
    pub reach: Duration,
    pub condition: Condition,
    value: Value,
    every: Duration,
    /// When it is evaluated next.
    pub next: Time,
}

impl Rule {
    /// The rules of monitors, and what they read; `classes` are the SLO classes of requests.
    pub fn all(
        monitors: &[MonitorSpec],
        has_slo: bool,
        classes: &[String],
    ) -> (Vec<Rule>, Sources) {
        let mut sources = Sources::new(classes.len());
        let mut rules: Vec<Rule> = Vec::new();
        for monitor in monitors {
            let of_class = |name: &String| classes.iter().position(|class| class == name);
            let class = monitor.class.as_ref().and_then(of_class).map(|class| class as u16);
            let made = match &monitor.slo {
                Some(slo) => Rule::of_slo(monitor, slo, has_slo, class, &mut sources),
                None => Rule::of_metric(monitor, class, &mut sources).into_iter().collect(),
            };
            // Those of one monitor have names of their own.
            let first = rules.len();
            for mut rule in made {
                let is_twin = |other: &&Rule| other.name.split('#').next() == Some(&rule.name);
                let twins = rules[..first].iter().filter(is_twin).count();
                if twins > 0 {
                    rule.name = format!("{}#{}", rule.name, twins + 1);
                }
                rules.push(rule);
            }
        }
        (rules, sources)
    }

    fn of_metric(monitor: &MonitorSpec, class: Option<u16>, sources: &mut Sources) -> Option<Rule> {
        let name = monitor.metric.clone()?;
        let metric = Watched::named(&name)?;
        let bound = monitor.above.as_ref().or(monitor.below.as_ref())?.value();
        let window = monitor.window();
        let step = common_step(&[monitor.every, window]);
        let scope = Scope { class, step };
        let value = if let Watched::Times(span, statistic) = metric
            && statistic != Statistic::Mean
        {
            let has_quantiles = matches!(statistic, Statistic::Quantile(_));
            let window = sources.times(span, scope, window, has_quantiles);
            Value::Times { statistic, window }
        } else {
            let steps = steps(window, step);
            let series = sources.series(Summed::Metric(metric), scope, steps);
            Value::Sums { metric, series, steps }
        };
        let condition = Condition::new(monitor, monitor.above.is_some(), bound);
        Some(Rule {
            watches: name.clone(),
            reach: window,
            ..Rule::new(monitor, name, condition, value)
        })
    }

    fn of_slo(
        monitor: &MonitorSpec,
        slo: &ObjectiveSpec,
        has_slo: bool,
        class: Option<u16>,
        sources: &mut Sources,
    ) -> Vec<Rule> {
        let by_default = if has_slo { BadSpec::Slow } else { BadSpec::Errors };
        let bad = slo.bad.unwrap_or(by_default);
        let burns = monitor.burns();
        let several = burns.len() > 1;
        let rule = |(rate, long, short): (f64, Duration, Duration)| {
            let step = common_step(&[monitor.every, long, short]);
            let of_long = steps(long, step);
            let series = sources.series(Summed::Bad(bad), Scope { class, step }, of_long);
            let budget = slo.objective.budget();
            let value = Value::Burn { budget, series, steps: [of_long, steps(short, step)] };
            let condition = Condition::new(monitor, true, rate);
            let mut made = Rule {
                reach: short,
                watches: "burn_rate".to_owned(),
                ..Rule::new(monitor, format!("slo-{rate}x"), condition, value)
            };
            if let Some(name) = monitor.name.as_ref().filter(|_| several) {
                made.name = format!("{name}-{rate}x");
            }
            made
        };
        burns.into_iter().map(rule).collect()
    }

    fn new(monitor: &MonitorSpec, by_default: String, condition: Condition, value: Value) -> Rule {
        Rule {
            name: monitor.name.clone().unwrap_or(by_default),
            watches: String::new(),
            reach: Duration::ZERO,
            condition,
            value,
            every: monitor.every,
            next: Time::ZERO.saturating_add(monitor.every),
        }
    }

    /// On which side of its bound the value is an alert.
    pub fn side(&self) -> &'static str {
        if self.condition.above { "above" } else { "below" }
    }

    /// It is evaluated, as it is time. In a gap it is next when its value or its state can
    /// be another.
    pub fn evaluate(&mut self, gap: &Gap, sources: &Sources) -> Change {
        let now = self.next;
        let (value, stays_until) = self.value(sources);
        let change = self.condition.evaluate(now, value);
        let mut skipped = 0;
        if stays_until >= gap.until {
            let until = self.condition.changes_at().min(gap.until);
            skipped = Gap { until, ..*gap }.steps_after(now, self.every);
        }
        self.next = step_after(now, self.every, skipped);
        change
    }

    /// The value of the windows that end now; none where there was nothing to measure. And
    /// when it may be another.
    fn value(&self, sources: &Sources) -> (Option<f64>, Time) {
        match self.value {
            Value::Sums { metric, series, steps } => {
                let (sums, next) = sources.over(series, steps);
                (metric.of(sums), next)
            }
            Value::Times { statistic, window } => {
                let Some(window) = sources.read(window) else { return (None, Time::MAX) };
                let value = match statistic {
                    Statistic::Quantile(q) => window.quantile(q),
                    _ => window.longest(),
                };
                (value, window.next())
            }
            Value::Burn { budget, series, steps } => {
                let burn = |steps| {
                    let (sums, next) = sources.over(series, steps);
                    let (part, whole) = (sums.part as f64, sums.whole as f64);
                    ((sums.whole > 0).then(|| part / whole / budget), next)
                };
                let [(long, next), (short, _)] = steps.map(burn);
                (long.zip(short).map(|(long, short)| long.min(short)), next)
            }
        }
    }
}

fn steps(window: Duration, step: Duration) -> usize {
    (window.0 / step.0) as usize
}
