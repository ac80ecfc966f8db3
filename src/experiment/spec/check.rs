//! Checks that need more than one part of the file.

use super::experiment::Experiment;
use super::replications;
use crate::cache::prompt::PromptScope;
use crate::cache::{ScopeSpec, TenantsSpec};
use crate::cost::{AllocateSpec, CostSpec};
use crate::experiment::charts::ChartSpec;
use crate::experiment::charts::kind::Recording;
use crate::experiment::search::spec::SearchSpec;
use crate::gateway::queue::FlowSpec;
use crate::kernel::Duration;
use crate::serving::ModelSpec;
use crate::spec::Problems;
use crate::system::{
    MOST_FIXED_INTERVALS, MetricId, Part, Parts, Possible, Warmup, check_monitors,
};
use crate::workload::trace::TraceSpec;

/// The remedy where answers are cut.
const RAISE: &str =
    "set workload.max_tokens, and pipeline.max_tokens_cap where there is a pipeline";

/// File systems allow 255 bytes, some of which the unfinished folder needs.
const LONGEST_NAME: usize = 200;

impl Experiment {
    /// Checks the whole experiment.
    pub fn check(&self, problems: &mut Problems) {
        self.check_name(problems);
        self.check_run_length(problems);
        problems.at("workload", |p| self.workload.check(p));
        if let Some(pipeline) = &self.pipeline {
            problems.at("pipeline", |p| pipeline.check(p));
        }
        self.check_answers_fit(problems);
        if let Some(orchestration) = &self.orchestration {
            // The classes are checked once the workload is ready.
            problems.at("orchestration", |p| orchestration.check(&self.names(), None, p));
        }
        if let Some(cache) = &self.cache {
            problems.at("cache", |p| cache.check(p));
        } else if self.record.cache {
            problems.at("record", |p| {
                p.at("cache", |p| p.warn("there is no cache whose contents could be written"));
            });
        }
        problems.at("models", |p| {
            for (name, model) in &self.models {
                p.at(name.as_str(), |p| model.check(p));
            }
        });
        self.check_groups(problems);
        problems.at("monitors", |p| check_monitors(&self.monitors, self.slo.is_some(), p));
        if let Some(resilience) = &self.resilience {
            problems.at("resilience", |p| resilience.check(&self.names(), p));
        }
        self.check_gateway(problems);
        self.check_tenants(problems);
        self.check_blocks(problems);
        if let Some(trace) = &self.workload.trace {
            let models = self.models.keys().chain(self.groups.keys()).map(String::as_str);
            let models: Vec<&str> = models.collect();
            problems.within("workload.trace", |p| trace.check_models(&models, p));
        }
        if let Some(cost) = &self.cost {
            let models: Vec<&str> = self.models.keys().map(String::as_str).collect();
            // Whose budgets there are is checked once the workload is ready.
            problems.at("cost", |p| cost.check(&models, &self.choices(), None, p));
            self.check_wrong_answer(cost, problems);
        }
        self.check_metrics(&Possible::all(), problems);
    }

    /// Warns where teams or keys are told apart, of which there are none.
    fn check_tenants(&self, problems: &mut Problems) {
        let none = CostSpec::default();
        let cost = self.cost.as_ref().unwrap_or(&none);
        let warn = |teams: bool, keys: bool, problems: &mut Problems| {
            for (told, block, empty) in [
                (teams, "cost.teams", cost.teams.is_empty()),
                (keys, "cost.keys", cost.keys.is_empty()),
            ] {
                if told && empty {
                    problems.warn(format!("there are none in `{block}`: all users are one"));
                }
            }
        };
        if let Some(cache) = &self.cache {
            problems.at("cache", |p| {
                let (team, key) = (ScopeSpec::Team, ScopeSpec::Key);
                p.at("scope", |p| warn(cache.scope == team, cache.scope == key, p));
                let (team, key) = (Some(TenantsSpec::Team), Some(TenantsSpec::Key));
                p.at("tenants", |p| warn(cache.tenants == team, cache.tenants == key, p));
            });
        }
        if let Some(queue) = self.gateway.as_ref().and_then(|gateway| gateway.queue.as_ref()) {
            let (team, key) = (queue.by == FlowSpec::Team, queue.by == FlowSpec::Key);
            problems.at("gateway", |p| p.at("queue", |p| p.at("by", |p| warn(team, key, p))));
        }
    }

    /// Slots at models are divided among tenants, or given by the gateway.
    fn check_gateway(&self, problems: &mut Problems) {
        let copies = self.gateway.as_ref().map_or(1, |gateway| gateway.replicas);
        if let Some(cache) = &self.cache {
            problems.at("cache", |p| cache.check_copies(copies, p));
        }
        if copies > 1 && self.record.cache {
            problems.at("record", |p| {
                p.at("cache", |p| {
                    p.error_help(
                        "a file does not say which copy of the gateway has what",
                        "set `gateway.replicas: 1`, or leave it out",
                    );
                });
            });
        }
        let Some(gateway) = &self.gateway else { return };
        problems.at("gateway", |p| {
            gateway.check(p);
            let allocate = self.cost.as_ref().and_then(|cost| cost.allocate.as_ref());
            if gateway.queue.is_some() && allocate.is_some_and(|it| it.places.is_some()) {
                p.at("queue", |p| {
                    p.error_help(
                        "`cost.allocate.places` has queues of its own before the models",
                        "leave one of the two out",
                    );
                });
            }
        });
    }

    /// Checks whatever names metrics against those that there are.
    pub fn check_metrics(&self, metrics: &Possible, problems: &mut Problems) {
        problems.at("sweep", |p| self.sweep.check(metrics, p));
        if let Some(search) = &self.search {
            problems.at("search", |p| search.check(self.replications, metrics, p));
        }
        let is_metric = |name: &str| MetricId::named(name).is_some();
        // Names that are no metrics at all are told of elsewhere.
        if let Some(precision) = self.precision.as_ref().filter(|it| is_metric(&it.metric)) {
            problems.within("precision.metric", |p| metrics.check(&precision.metric, p));
        }
        problems.at("monitors", |p| {
            for (index, monitor) in self.monitors.iter().enumerate() {
                for name in monitor.metric.iter().filter(|name| is_metric(name)) {
                    p.at(index, |p| p.at("metric", |p| metrics.check(name, p)));
                }
            }
        });
        problems.at("columns", |p| {
            for (index, name) in self.columns.iter().enumerate() {
                if self.columns[..index].contains(name) {
                    p.at(index, |p| p.error(format!("`{name}` is a column already")));
                } else {
                    p.at(index, |p| metrics.check(name, p));
                }
            }
        });
        problems.at("charts", |p| {
            for (index, chart) in self.charts.iter().flatten().enumerate() {
                p.at(index, |p| self.check_chart(chart, metrics, p));
            }
        });
    }

    /// Adds the parts of the system as it stands.
    pub fn add_parts(&self, parts: &mut Parts) {
        parts.add(Part::Workflows, self.orchestration.is_some() || self.workload.has_jobs());
        parts.add(Part::Monitors, !self.monitors.is_empty());
        parts.add(Part::Prompts, self.keeps_conversations());
        parts.add_cache(self.cache.as_ref());
        parts.add(Part::Copies, self.gateway.as_ref().is_some_and(|it| it.replicas > 1));
        parts.add(Part::Gateway, self.gateway.as_ref().is_some_and(|it| it.queue.is_some()));
        parts.add_slo(self.slo.as_ref(), 1);
        for path in self.search.iter().flat_map(SearchSpec::paths) {
            parts.add_section(path.split('.').next().unwrap_or(path));
        }
    }

    /// What a model is chosen among: groups in the place of their deployments.
    fn choices(&self) -> Vec<&str> {
        let is_deployment =
            |name: &&str| self.groups.values().any(|it| it.deployments.contains_key(*name));
        self.names().into_iter().filter(|name| !is_deployment(name)).collect()
    }

    fn check_groups(&self, problems: &mut Problems) {
        let models: Vec<&str> = self.models.keys().map(String::as_str).collect();
        let mut taken: Vec<&str> = Vec::new();
        problems.at("groups", |p| {
            for (name, group) in &self.groups {
                p.at(name.as_str(), |p| {
                    if models.contains(&name.as_str()) {
                        p.error_help("a model is called so", "give the group a name of its own");
                    }
                    group.check(&models, &taken, p);
                });
                taken.extend(group.deployments.keys().map(String::as_str));
            }
        });
        let allocate = self.cost.as_ref().and_then(|cost| cost.allocate.as_ref());
        if !self.groups.is_empty() && allocate.is_some_and(AllocateSpec::is_among_models) {
            problems.within("cost.allocate.among", |p| {
                p.error_help(
                    "what is divided among models cannot be used by groups of them",
                    "divide it among classes, users or teams",
                );
            });
        }
    }

    /// Whether any provider keeps prompts, or any conversation its model.
    pub fn keeps_conversations(&self) -> bool {
        let cost = self.cost.as_ref().is_some_and(CostSpec::knows_conversations);
        cost || self.models.values().any(|model| model.prompt_cache.is_some())
    }

    fn check_name(&self, problems: &mut Problems) {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
        if let Some(name) = &self.name
            && (name.is_empty()
                || name.len() > LONGEST_NAME
                || name.starts_with('.')
                || !name.chars().all(plain))
        {
            problems.at("name", |p| {
                p.error_help(
                    format!("`{name}` cannot name a folder"),
                    "use at most 200 letters, digits, `-`, `_`, `+` and `.`, not beginning with `.`",
                );
            });
        }
    }

    fn check_run_length(&self, problems: &mut Problems) {
        replications::check(self.replications, self.antithetic, self.precision.as_ref(), problems);
        if self.requests == Some(0) {
            problems.at("requests", |p| p.error("expected at least 1 request"));
        }
        let interval = self.record.interval;
        if interval.is_some_and(Duration::is_zero) {
            problems.at("record", |p| {
                p.at("interval", |p| p.error("expected an interval longer than 0"));
            });
        }
        if let (Warmup::Requests(warmup), Some(all)) = (self.warmup, self.requests)
            && warmup >= all
        {
            problems.at("warmup", |p| {
                p.error(format!("the warm-up of {warmup} requests leaves none of {all}"));
            });
        }
        let Some(duration) = self.length() else { return };
        if duration.is_zero() {
            problems.at("duration", |p| p.error("expected a duration longer than 0"));
        }
        if let Warmup::After(warmup) = self.warmup
            && warmup >= duration
        {
            problems.at("warmup", |p| {
                p.error(format!(
                    "the warm-up of {warmup} leaves nothing of the duration of {duration}"
                ));
            });
        }
        if let Some(interval) = interval.filter(|interval| !interval.is_zero()) {
            let finest = Duration(duration.as_nanos() / MOST_FIXED_INTERVALS as u64);
            if interval < finest {
                problems.at("record", |p| {
                    p.at("interval", |p| {
                        p.error(format!(
                            "too fine for a duration of {duration}: expected {finest} or more"
                        ));
                    });
                });
            }
        }
    }

    /// Answers longer than `max_tokens` are cut; a default should not do so
    /// unnoticed.
    fn check_answers_fit(&self, problems: &mut Problems) {
        let defaults = self.pipeline.clone().unwrap_or_default();
        let most = |asked: Option<u32>| {
            let asked = asked.unwrap_or(defaults.defaults.max_tokens);
            if self.pipeline.is_some() { asked.min(defaults.max_tokens_cap) } else { asked }
        };
        for (place, output, asked) in self.workload.answers() {
            let most = most(asked);
            if output.mean().is_some_and(|mean| mean > f64::from(most)) {
                problems.at("workload", |p| {
                    p.within(&place, |p| {
                        p.warn(format!("most answers are cut to {most} tokens; {RAISE}"));
                    });
                });
            }
        }
        let most = most(self.workload.max_tokens);
        if self.workload.trace.is_some() && self.workload.max_tokens.is_none() {
            problems.at("workload", |p| {
                p.at("trace", |p| {
                    p.warn(format!(
                        "the trace's answers are cut to {most} tokens, the default; {RAISE}"
                    ));
                });
            });
        }
    }

    /// The blocks of a trace have the trace's size; what prompts share matters to
    /// prefix caches only.
    fn check_blocks(&self, problems: &mut Problems) {
        let keeps = ModelSpec::keeps_prompts;
        let useless = self.workload.shared_prefix.is_some() && !self.workload.prefix_adds();
        if useless && !self.models.values().any(keeps) {
            problems.at("workload", |p| {
                p.at("shared_prefix", |p| {
                    p.warn(
                        "it has no effect, as no model has a `prompt_cache`, nor its server a \
                         `prefix_cache`",
                    );
                });
            });
        }
        self.check_prompt_caches(problems);
        let of_trace = self.workload.trace.as_ref().and_then(TraceSpec::block_tokens);
        let Some(of_trace) = of_trace else { return };
        for (name, model) in &self.models {
            problems.at("models", |p| {
                p.at(name.as_str(), |p| p.at("server", |p| model.server.check_trace(of_trace, p)));
            });
        }
    }

    /// Prompt caches name classes that there are, and teams and keys where there are any.
    fn check_prompt_caches(&self, problems: &mut Problems) {
        let classes = self.workload.slo_classes();
        let cost = self.cost.clone().unwrap_or_default();
        for (name, model) in &self.models {
            let Some(prompts) = &model.prompt_cache else { continue };
            problems.within("models", |p| {
                p.at(name.as_str(), |p| {
                    p.at("prompt_cache", |p| {
                        prompts.check_classes(&classes, p);
                        let (what, none) = match prompts.rules().scope {
                            PromptScope::Team => ("teams", cost.teams.is_empty()),
                            PromptScope::Key => ("keys", cost.keys.is_empty()),
                            PromptScope::Organisation | PromptScope::User => return,
                        };
                        if none {
                            p.at("scope", |p| {
                                p.error_help(
                                    format!("there are no {what} that could share it"),
                                    format!("name them in `cost.{what}`, or say `organisation`"),
                                );
                            });
                        }
                    });
                });
            });
        }
    }

    /// Where no answer is ever known to be wrong, a price for that does nothing.
    fn check_wrong_answer(&self, cost: &CostSpec, problems: &mut Problems) {
        let semantic = self.cache.as_ref().is_some_and(|cache| cache.semantic.is_some());
        let known = semantic
            || cost.quality.is_some()
            || self.orchestration.is_some()
            || self.workload.has_jobs();
        // A point of a sweep may have what the file has not.
        if cost.wrong_answer.is_some() && !known && self.sweep.columns().is_empty() {
            problems.at("cost", |p| {
                p.at("wrong_answer", |p| {
                    p.warn(
                        "it has no effect, as no answer is known to be wrong without \
                         `cost.quality`, a semantic cache or workflows",
                    );
                });
            });
        }
    }

    /// Reports a chart of what is not recorded.
    fn check_recorded(&self, chart: &ChartSpec, problems: &mut Problems) {
        let record = &self.record;
        let (missing, remedy) = match chart.needs() {
            Some(Recording::Breakdown) => (!record.breakdown, "record: { breakdown: true }"),
            Some(Recording::Spend) => (!record.spend, "record: { spend: true }"),
            Some(Recording::Workflows) => (record.workflows == 0, "record: { workflows: 3 }"),
            None => return,
        };
        if missing {
            problems.at(chart.name(), |p| {
                p.error_help("what it shows is not recorded", format!("add `{remedy}`"));
            });
        }
    }

    fn check_chart(&self, chart: &ChartSpec, metrics: &Possible, problems: &mut Problems) {
        let swept = self.sweep.columns();
        let points = u64::try_from(self.sweep.most_points()).unwrap_or(u64::MAX);
        chart.check(&swept, metrics, problems);
        if matches!(chart, ChartSpec::Tornado(_)) && !self.sweep.is_sensitivity() {
            problems.at(chart.name(), |p| {
                p.error_help(
                    "no parameter's effect is measured",
                    "sweep by `sobol`, `morris` or `one_at_a_time`, or draw another chart",
                );
            });
        }
        let replications = u64::try_from(self.replicated().most()).unwrap_or(u64::MAX);
        chart.check_runs(points, replications, problems);
        self.check_recorded(chart, problems);
    }
}
