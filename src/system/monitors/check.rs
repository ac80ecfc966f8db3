//! What is wrong with a `monitors:` block.

use std::collections::BTreeSet;

use super::metric::{Watched, watched_names};
use super::spec::{BadSpec, MonitorSpec, ObjectiveSpec, common_step};
use crate::kernel::Duration;
use crate::spec::Problems;

/// Finer steps would evaluate for ever.
const FINEST: Duration = Duration::from_millis(1);
/// The most steps of a window.
const MOST_STEPS: u64 = 100_000;

impl MonitorSpec {
    fn check(&self, has_slo: bool, problems: &mut Problems) {
        match (&self.metric, &self.slo) {
            (Some(name), None) => self.check_metric(name, has_slo, problems),
            (None, Some(slo)) => self.check_slo(slo, has_slo, problems),
            _ => problems.error_help(
                "expected either a `metric` or an `slo`",
                "such as `{ metric: e2e_p99_s, above: 2s, for: 5m }` or `{ slo: { objective: 99.9% } }`",
            ),
        }
        if self.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            problems.at("name", |p| p.error("expected a name"));
        }
        self.check_spans(problems);
    }

    fn check_metric(&self, name: &str, has_slo: bool, problems: &mut Problems) {
        for (field, there) in [
            ("burn_rate", self.burn_rate.is_some()),
            ("long", self.long.is_some()),
            ("short", self.short.is_some()),
        ] {
            if there {
                problems.at(field, |p| p.error("it goes with `slo`, not with `metric`"));
            }
        }
        if self.above.is_some() == self.below.is_some() {
            problems.error("expected either `above` or `below`");
        }
        let Some(metric) = Watched::named(name) else {
            let names = watched_names();
            problems.at("metric", |p| {
                p.unknown("metric of a monitor", name, names.iter().map(String::as_str));
            });
            return;
        };
        if metric == Watched::Attainment && !has_slo {
            problems.at("metric", |p| {
                p.error_help("there is no `slo` to attain", "such as `slo: { e2e: 2s }`");
            });
        }
        if self.class.is_some() && !metric.has_classes() {
            problems.at("class", |p| p.error(format!("`{name}` is not kept by class")));
        }
        let unit = metric.unit();
        for (field, bound) in [("above", &self.above), ("below", &self.below)] {
            let Some(bound) = bound else { continue };
            let expected = format!("expected {} for `{name}`", unit.example());
            if !bound.fits(unit) || unit == super::threshold::Unit::Share && bound.value() > 1.0 {
                problems.at(field, |p| p.error(expected));
            }
        }
    }

    fn check_slo(&self, slo: &ObjectiveSpec, has_slo: bool, problems: &mut Problems) {
        for (field, there) in [
            ("above", self.above.is_some()),
            ("below", self.below.is_some()),
            ("window", self.window.is_some()),
        ] {
            if there {
                let help = "an `slo` has a `burn_rate` over a `long` and a `short` window";
                problems.at(field, |p| p.error_help("it goes with `metric`, not with `slo`", help));
            }
        }
        if slo.bad == Some(BadSpec::Slow) && !has_slo {
            problems.within("slo.bad", |p| {
                p.error_help("no answer is slow without an `slo`", "such as `slo: { e2e: 2s }`");
            });
        }
        if self.burns().iter().any(|(_, long, short)| short > long) {
            let field = if self.short.is_some() { "short" } else { "long" };
            problems.at(field, |p| p.error("expected a `short` window within the `long` one"));
        }
    }

    fn check_spans(&self, problems: &mut Problems) {
        if self.every < FINEST {
            problems.at("every", |p| p.error(format!("expected {FINEST} or more")));
            return;
        }
        let mut spans = vec![self.every];
        for (field, window) in self.windows() {
            if window.is_zero() {
                problems.at(field, |p| p.error("expected a span longer than 0"));
                return;
            }
            spans.push(window);
        }
        let step = common_step(&spans);
        if let Some((field, window)) = self.windows().last().filter(|_| step < FINEST) {
            problems.at(*field, |p| {
                p.error_help(
                    format!("{window} and `every: {}` have steps of {step} in common", self.every),
                    format!(
                        "choose a multiple of `every`, at least one of {FINEST}{}",
                        if *field == "long" { ", for `long` and for `short`" } else { "" }
                    ),
                );
            });
            return;
        }
        let most = |(_, window): &&(&'static str, Duration)| window.0 / step.0 > MOST_STEPS;
        let windows = self.windows();
        if let Some((field, window)) = windows.iter().find(most) {
            problems.at(*field, |p| {
                p.error_help(
                    format!("{window} falls into too many steps beside `every: {}`", self.every),
                    format!(
                        "there are {} steps of {step}, of at most {MOST_STEPS}: choose a window \
                         that is a multiple of `every`, a shorter one, or a longer `every`",
                        window.0 / step.0
                    ),
                );
            });
        }
    }
}

/// Checks all monitors of an experiment, which may have an `slo`.
pub fn check(monitors: &[MonitorSpec], has_slo: bool, problems: &mut Problems) {
    let mut names = BTreeSet::new();
    for (index, monitor) in monitors.iter().enumerate() {
        problems.at(index, |p| {
            monitor.check(has_slo, p);
            if let Some(name) = monitor.name.as_ref().filter(|name| !names.insert(name.as_str())) {
                p.at("name", |p| p.error(format!("there are two monitors named `{name}`")));
            }
        });
    }
}

/// Reports classes that no request is of.
pub fn check_classes(monitors: &[MonitorSpec], classes: &[String], problems: &mut Problems) {
    for (index, monitor) in monitors.iter().enumerate() {
        let Some(class) = monitor.class.as_ref().filter(|class| !classes.contains(class)) else {
            continue;
        };
        problems.at(index, |p| {
            p.at("class", |p| p.unknown("SLO class", class, classes.iter().map(String::as_str)));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(yaml: &str, has_slo: bool) -> Vec<String> {
        let monitors: Vec<MonitorSpec> = serde_yaml::from_str(yaml).unwrap();
        let mut problems = Problems::default();
        check(&monitors, has_slo, &mut problems);
        problems.list().iter().map(|it| format!("{}: {}", it.path, it.message)).collect()
    }

    #[test]
    fn what_does_not_fit_together_is_found() {
        for (yaml, message) in [
            ("[{}]", "0: expected either a `metric` or an `slo`"),
            ("[{ metric: queue }]", "0: expected either `above` or `below`"),
            ("[{ metric: queue, above: 1, below: 2 }]", "0: expected either `above` or `below`"),
            ("[{ metric: quue, above: 1 }]", "0.metric: unknown metric of a monitor `quue`"),
            (
                "[{ metric: e2e_p99_s, above: 20/s }]",
                "0.above: expected a duration such as 2s for `e2e_p99_s`",
            ),
            (
                "[{ metric: error_rate, above: 5 }]",
                "0.above: expected a share such as 5% or 0.05 for `error_rate`",
            ),
            (
                "[{ metric: queue, above: 1, long: 1h }]",
                "0.long: it goes with `slo`, not with `metric`",
            ),
            ("[{ metric: queue, above: 1, class: a }]", "0.class: `queue` is not kept by class"),
            ("[{ metric: slo_attainment, below: 99% }]", "0.metric: there is no `slo` to attain"),
            (
                "[{ slo: { objective: 99%, bad: slow } }]",
                "0.slo.bad: no answer is slow without an `slo`",
            ),
            (
                "[{ slo: { objective: 99% }, window: 1m }]",
                "0.window: it goes with `metric`, not with `slo`",
            ),
            (
                "[{ slo: { objective: 99% }, long: 1m, short: 2m }]",
                "0.short: expected a `short` window within the `long` one",
            ),
            ("[{ metric: queue, above: 1, every: 1us }]", "0.every: expected 0.001s or more"),
            (
                "[{ metric: queue, above: 1, window: 0s }]",
                "0.window: expected a span longer than 0",
            ),
            (
                "[{ metric: queue, above: 1, window: 60.000001s }]",
                "0.window: 60.000001s and `every: 15s` have steps of 0.000001s in common",
            ),
            (
                "[{ metric: queue, above: 1, window: 1d, every: 1.001s }]",
                "0.window: 86400s falls into too many steps beside `every: 1.001s`",
            ),
            (
                "[{ name: a, metric: queue, above: 1 }, { name: a, metric: queue, above: 2 }]",
                "1.name: there are two monitors named `a`",
            ),
        ] {
            assert_eq!(found(yaml, false), [message], "{yaml}");
        }
        let sound = "[{ metric: slo_attainment, below: 99%, class: chat, window: 7s, every: 3s },
            { metric: cost_per_hour_usd, above: $3 }, { metric: e2e_p99_s, above: 2 },
            { slo: { objective: 99.9% } }]";
        assert_eq!(found(sound, true), [""; 0]);
    }
}
