//! Which metrics a system can have: some are of a part that not every system has.

use std::collections::BTreeSet;

use super::{MetricId, SloSpec};
use crate::cache::CacheSpec;
use crate::spec::{Problems, suggestion};

/// What some metrics are of, besides requests and models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Workflows.
    Workflows,
    /// Caches of answers.
    Cache,
    /// The semantic one.
    Semantic,
    /// Requests that wait for the answer to another.
    SingleFlight,
    /// A queue at the gateway.
    Gateway,
    /// Tenants that are told apart.
    Tenants,
    /// Failures that are kept.
    Negative,
    /// What answers are held against.
    Slo,
    /// Who looks on.
    Monitors,
    /// What providers keep of prompts, or which model a conversation is with.
    Prompts,
}

impl Part {
    /// That there is none of it, and how to have it.
    const fn missing(self) -> (&'static str, &'static str) {
        match self {
            Part::Workflows => ("there are no workflows", "`orchestration`, or a trace of jobs"),
            Part::Cache => ("there is no cache", "`cache`"),
            Part::Semantic => ("there is no semantic cache", "`cache.semantic`"),
            Part::SingleFlight => {
                ("no request waits for another's answer", "`cache.single_flight`")
            }
            Part::Gateway => ("the gateway has no queue", "`gateway.queue`"),
            Part::Tenants => ("no tenants are told apart", "`cache.tenants`"),
            Part::Negative => ("no failure is kept", "`cache.negative_ttl`"),
            Part::Slo => ("there is no SLO", "`slo`"),
            Part::Monitors => ("there are no monitors", "`monitors`"),
            Part::Prompts => (
                "no provider keeps prompts, and no conversation its model",
                "`prompt_cache` of a model, or `cost.sticky`",
            ),
        }
    }

    /// What a metric is of; `None` for those that every system has.
    pub fn of_metric(name: &str) -> Option<Part> {
        let begins = |all: &[&str]| all.iter().any(|start| name.starts_with(start));
        Some(match name {
            "called_off" | "cost_per_job_usd" | "jobs_per_gpu_hour" => Part::Workflows,
            "negative_hits" => Part::Negative,
            "cross_tenant_hits" => Part::Tenants,
            "model_switches" => Part::Prompts,
            "slo_attainment" | "class_fairness" | "user_fairness" => Part::Slo,
            "false_alarms" | "faults_missed" | "time_to_detect_mean_s" => Part::Monitors,
            _ if name.contains("workflow") || name.contains("makespan") => Part::Workflows,
            _ if begins(&["gateway_"]) => Part::Gateway,
            _ if begins(&["prompt_cache_", "keep_alive", "sticky_"]) => Part::Prompts,
            _ if begins(&["critical_", "blocked_"]) => Part::Workflows,
            _ if begins(&["semantic_"]) => Part::Semantic,
            _ if begins(&["coalesced"]) => Part::SingleFlight,
            _ if begins(&["cache_", "stale_"]) => Part::Cache,
            _ if begins(&["alert"]) => Part::Monitors,
            _ => return None,
        })
    }
}

/// The parts that a system has, or some point of a sweep.
#[derive(Clone, Debug, Default)]
pub struct Parts(BTreeSet<Part>);

impl Parts {
    /// Adds a part if it is there.
    pub fn add(&mut self, part: Part, there: bool) {
        if there {
            self.0.insert(part);
        }
    }

    /// Adds what a cache can do.
    pub fn add_cache(&mut self, cache: Option<&CacheSpec>) {
        let Some(cache) = cache else { return };
        self.add(Part::Cache, true);
        self.add(Part::Semantic, cache.semantic.is_some());
        self.add(Part::SingleFlight, cache.single_flight);
        self.add(Part::Tenants, cache.tenants.is_some());
        self.add(Part::Negative, cache.negative_ttl.is_some());
    }

    /// Adds an SLO, or classes that are told apart as by one.
    pub fn add_slo(&mut self, slo: Option<&SloSpec>, classes: usize) {
        self.add(Part::Slo, slo.is_some() || classes > 1);
    }

    /// Whether it is there.
    pub fn has(&self, part: Part) -> bool {
        self.0.contains(&part)
    }

    /// Adds whatever a change of `section` may bring.
    pub fn add_section(&mut self, section: &str) {
        let parts: &[Part] = match section {
            "orchestration" => &[Part::Workflows],
            "cache" => {
                &[Part::Cache, Part::Semantic, Part::SingleFlight, Part::Tenants, Part::Negative]
            }
            "slo" => &[Part::Slo],
            "gateway" => &[Part::Gateway],
            "workload" => &[Part::Slo, Part::Workflows],
            "monitors" => &[Part::Monitors],
            "models" | "cost" => &[Part::Prompts],
            _ => &[],
        };
        self.0.extend(parts);
    }
}

/// The metrics that a file may name.
#[derive(Clone, Debug)]
pub struct Possible {
    names: Vec<&'static str>,
    parts: Option<Parts>,
}

impl Possible {
    /// All that there are.
    pub fn all() -> Self {
        Possible { names: MetricId::names().collect(), parts: None }
    }

    /// Those of a system with these parts.
    pub fn with(parts: Parts) -> Self {
        let there = |name: &&str| Part::of_metric(name).is_none_or(|part| parts.has(part));
        let names = MetricId::names().filter(there).collect();
        Possible { names, parts: Some(parts) }
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied()
    }

    /// Whether `name` is one of them.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// Whether the system has a part; where that is not known yet, it has.
    pub fn has_part(&self, part: Part) -> bool {
        self.parts.as_ref().is_none_or(|parts| parts.has(part))
    }

    /// Reports `name` if it is none of them: that there is no such metric, or not in this
    /// system, and the nearest that there are.
    pub fn check(&self, name: &str, problems: &mut Problems) {
        if self.has(name) {
            return;
        }
        let missing = Part::of_metric(name).filter(|part| !self.has_part(*part));
        match missing.filter(|_| MetricId::named(name).is_some()) {
            Some(part) => self.lacks(part, name, problems),
            None => problems.unknown("metric", name, self.names()),
        }
    }

    /// Reports that there is no `name` without a part.
    fn lacks(&self, part: Part, name: &str, problems: &mut Problems) {
        let (none, remedy) = part.missing();
        let nearest = suggestion(name, &self.names);
        problems.error_help(
            format!("no `{name}` in this system: {none}"),
            format!("add {remedy}, or take another metric: {nearest}"),
        );
    }

    /// Reports what a table has a row for each of, if there is none of it.
    pub fn check_rows(&self, entity: &str, problems: &mut Problems) {
        let part = match entity {
            "level" => Part::Cache,
            "workflow" | "step" => Part::Workflows,
            "monitor" => Part::Monitors,
            _ => return,
        };
        if !self.has_part(part) {
            let (none, remedy) = part.missing();
            problems.error_help(
                format!("no `{entity}` in this system: {none}"),
                format!("add {remedy}, or name a swept path, `model`, `user` or `stage`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(possible: &Possible, name: &str) -> Vec<String> {
        let mut problems = Problems::default();
        possible.check(name, &mut problems);
        problems.list().iter().map(|problem| problem.message.clone()).collect()
    }

    #[test]
    fn a_system_has_the_metrics_of_its_parts() {
        let plain = Possible::with(Parts::default());
        assert_eq!(
            found(&plain, "makespan_p99_s"),
            ["no `makespan_p99_s` in this system: there are no workflows"]
        );
        assert_eq!(
            found(&plain, "semantic_precision"),
            ["no `semantic_precision` in this system: there is no semantic cache"]
        );
        assert_eq!(found(&plain, "e2e_p98_s"), ["unknown metric `e2e_p98_s`"]);
        for name in ["e2e_p99_s", "cost_usd", "prefix_hit_rate", "cached_input_tokens"] {
            assert_eq!(found(&plain, name), [""; 0], "{name}");
        }
        let mut parts = Parts::default();
        parts.add_cache(Some(&CacheSpec::default()));
        let cached = Possible::with(parts);
        assert_eq!(found(&cached, "cache_hit_rate"), [""; 0]);
        assert_eq!(found(&cached, "coalesced").len(), 1);
    }

    #[test]
    fn every_metric_of_workflows_is_known_as_one() {
        let of_flows = |metric: &&crate::system::Metric| metric.meaning.contains("workflow's");
        for metric in crate::system::METRICS.iter().filter(of_flows) {
            assert_eq!(Part::of_metric(metric.name), Some(Part::Workflows), "{}", metric.name);
        }
        assert!(MetricId::names().all(|name| Possible::all().has(name)));
    }
}
