//! What is wrong with workflows.

use std::collections::BTreeSet;

use super::circles::{circle_of, endless};
use super::{OrchestrationSpec, PLAIN, WorkflowSpec};
use crate::kernel::Duration;
use crate::orchestration::patterns::{StepSpec, Steps};
use crate::orchestration::step::{Does, Known, Names, OnMax, UntilSpec};
use crate::serving::resilience::token_bucket;
use crate::spec::Problems;

impl OrchestrationSpec {
    /// Reports what is wrong with it; `models` are those that steps may name, and
    /// `classes` the SLO classes, where they are known.
    pub fn check(&self, models: &[&str], classes: Option<&[String]>, problems: &mut Problems) {
        if self.workflows.is_empty() {
            problems.error_help("there is no workflow", "such as `workflows: { w: { steps: … } }`");
        }
        problems.at("tools", |p| {
            for (name, tool) in &self.tools {
                p.at(name.as_str(), |p| tool.check(p));
            }
        });
        let known = Known {
            models,
            workflows: self.workflows.keys().map(String::as_str).collect(),
            tools: self.tools.keys().map(String::as_str).collect(),
        };
        problems.at("workflows", |p| {
            for (name, workflow) in &self.workflows {
                p.at(name.as_str(), |p| {
                    if name == PLAIN {
                        p.error_help("`request` is a plain request", "choose another name");
                    }
                    workflow.check(&known, p);
                });
            }
            self.check_circles(p);
        });
        self.check_mix(classes, problems);
    }

    fn check_mix(&self, classes: Option<&[String]>, problems: &mut Problems) {
        let names = || self.workflows.keys().map(String::as_str).chain([PLAIN]);
        let is_known = |name: &str| name == PLAIN || self.workflows.contains_key(name);
        let classes_known: Option<BTreeSet<&String>> = classes.map(|it| it.iter().collect());
        problems.at("mix", |p| {
            for name in self.mix.keys().filter(|name| !is_known(name)) {
                p.at(name.as_str(), |p| p.unknown("workflow", name, names()));
            }
            if !self.mix.is_empty() && self.mix.values().all(|weight| weight.get() == 0.0) {
                p.error("all weights are 0");
            }
        });
        problems.at("by_class", |p| {
            for (class, name) in &self.by_class {
                p.at(class.as_str(), |p| {
                    if !is_known(name) {
                        p.unknown("workflow", name, names());
                    }
                    if let (Some(classes), Some(known)) = (classes, &classes_known)
                        && !known.contains(class)
                    {
                        p.unknown("SLO class", class, classes.iter().map(String::as_str));
                    }
                });
            }
        });
    }

    /// A workflow must not be within itself.
    fn check_circles(&self, problems: &mut Problems) {
        let mut done = Vec::new();
        for name in self.workflows.keys() {
            let mut way = Vec::new();
            if let Some(circle) = self.circle(name, &mut way, &mut done) {
                problems.at(name.as_str(), |p| {
                    p.error(format!("the workflow is within itself: {}", circle.join(" -> ")));
                });
                return;
            }
        }
    }

    fn circle<'s>(
        &'s self,
        name: &'s str,
        way: &mut Vec<&'s str>,
        done: &mut Vec<&'s str>,
    ) -> Option<Vec<String>> {
        if let Some(first) = way.iter().position(|it| *it == name) {
            let circle = way[first..].iter().chain([&name]);
            return Some(circle.map(|it| (*it).to_owned()).collect());
        }
        if done.contains(&name) {
            return None;
        }
        way.push(name);
        let mut within = Vec::new();
        self.workflows.get(name)?.steps.values().for_each(|step| named_by(step, &mut within));
        let found = within.into_iter().find_map(|inner| self.circle(inner, way, done));
        way.pop();
        done.push(name);
        found
    }
}

/// The workflows that a step runs, those of its own steps among them.
fn named_by<'s>(step: &'s StepSpec, into: &mut Vec<&'s str>) {
    for does in step.does.each() {
        match does {
            Does::Workflow(name) => into.push(name),
            Does::Steps(steps) => steps.values().for_each(|inner| named_by(inner, into)),
            _ => {}
        }
    }
}

impl WorkflowSpec {
    fn check(&self, known: &Known<'_>, problems: &mut Problems) {
        let ways = [!self.steps.is_empty(), self.agent.is_some(), self.wfcommons.is_some()];
        match ways.iter().filter(|given| **given).count() {
            1 => {}
            0 => problems.error_help("it has no steps", "expected `steps`, `agent` or `wfcommons`"),
            _ => problems.error("expected one of `steps`, `agent` and `wfcommons`"),
        }
        check_steps(&self.steps, known, problems);
        if let Some(agent) = &self.agent {
            problems.at("agent", |p| agent.check(p));
            problems.at("agent", |p| {
                p.at(agent.name(), |p| check_made(&agent.steps(), known, p));
            });
        }
        if let Some(recorded) = &self.wfcommons {
            problems.at("wfcommons", |p| {
                recorded.check(p);
                p.at("kinds", |p| check_made(&recorded.kinds(), known, p));
            });
        }
        for (name, limit) in
            [("max_concurrent", self.max_concurrent), ("max_calls", self.max_calls)]
        {
            if limit == Some(0) {
                problems.at(name, |p| {
                    p.error_help("none would ever end well", "leave it out for no limit");
                });
            }
        }
        if self.deadline.is_some_and(Duration::is_zero) {
            problems.at("deadline", |p| p.error("expected a time longer than 0"));
        }
        if self.budget_duration.is_some() && self.max_budget.is_none() {
            problems.at("budget_duration", |p| p.error("there is no `max_budget` to last so long"));
        }
        if self.budget_duration.is_some_and(Duration::is_zero) {
            problems.at("budget_duration", |p| p.error("expected a time longer than 0"));
        }
        token_bucket::check(self.rpm, self.tpm, problems);
    }
}

/// Checks the steps that a pattern stands for: their problems are told of the
/// pattern.
fn check_made(steps: &Steps, known: &Known<'_>, problems: &mut Problems) {
    let mut made = Problems::default();
    check_steps(steps, known, &mut made);
    for problem in made.into_list() {
        let message = format!("{}: {}", problem.path, problem.message);
        match problem.help {
            Some(help) => problems.error_help(message, help),
            None => problems.error(message),
        }
    }
}

fn check_steps(steps: &Steps, known: &Known<'_>, problems: &mut Problems) {
    problems.at("steps", |p| {
        for (name, step) in steps {
            p.at(name.as_str(), |p| step.check(steps, known, p));
        }
        if let Some(circle) = circle_of(steps) {
            p.error(format!("steps wait for each other: {}", circle.join(" -> ")));
        }
    });
}

impl StepSpec {
    fn check(&self, steps: &Steps, known: &Known<'_>, problems: &mut Problems) {
        self.check_body(known, problems);
        self.check_names(steps, problems);
        self.check_map_and_loop(problems);
        if let Some(backoff) = &self.backoff {
            problems.at("backoff", |p| backoff.check(p));
        }
        if let Some(tool) = &self.compensate {
            problems.at("compensate", |p| tool.check(p));
        }
        if self.concurrency == Some(0) {
            problems.at("concurrency", |p| {
                p.error_help("no call would ever be made", "leave it out for no limit");
            });
        }
        if self.deadline.is_some_and(Duration::is_zero) {
            problems.at("deadline", |p| p.error("expected a time longer than 0"));
        }
        if self.memo.as_ref().is_some_and(|memo| memo.capacity == 0) {
            problems.within("memo.capacity", |p| p.error("expected room for at least 1 result"));
        }
        if !self.does.each().iter().any(|it| matches!(it, Does::Llm(_))) {
            for (name, given) in [
                ("concurrency", self.concurrency.is_some()),
                ("rpm", self.rpm.is_some()),
                ("tpm", self.tpm.is_some()),
            ] {
                if given {
                    problems.at(name, |p| {
                        p.error_help(
                            "it limits calls of models, and this step makes none itself",
                            "a tool has a `concurrency` of its own",
                        );
                    });
                }
            }
        }
        token_bucket::check(self.rpm, self.tpm, problems);
    }

    fn check_body(&self, known: &Known<'_>, problems: &mut Problems) {
        if let Does::Several(all) = &self.does {
            let names: Vec<&str> = all.iter().map(Does::name).collect();
            problems.error(format!("a step does one thing: it has `{}`", names.join("` and `")));
        }
        for does in self.does.each() {
            match does {
                Does::Workflow(name) if !known.workflows.contains(&name.as_str()) => {
                    let names = known.workflows.iter().copied();
                    problems.at("workflow", |p| p.unknown("workflow", name, names));
                }
                Does::Agent(agent) => problems.at("agent", |p| {
                    agent.check(p);
                    p.at(agent.name(), |p| check_made(&agent.steps(), known, p));
                }),
                Does::Steps(steps) => check_steps(steps, known, problems),
                does => does.check_call(known, problems),
            }
        }
    }

    fn check_names(&self, steps: &Steps, problems: &mut Problems) {
        let known = || steps.keys().map(String::as_str);
        let check = |names: &Names, p: &mut Problems| {
            for name in names.iter().filter(|name| !steps.contains_key(*name)) {
                p.unknown("step", name, known());
            }
        };
        problems.at("after", |p| check(&self.after, p));
        if let Some(reads) = &self.reads {
            problems.at("reads", |p| check(reads, p));
        }
        for (place, names) in [
            ("when", self.when.keys().collect::<Vec<_>>()),
            ("choose", self.choose.keys().collect()),
        ] {
            problems.at(place, |p| {
                for name in names.into_iter().filter(|name| !steps.contains_key(*name)) {
                    p.at(name.as_str(), |p| p.unknown("step", name, known()));
                }
            });
        }
        if !self.choose.is_empty() && self.choose.values().all(|weight| weight.get() == 0.0) {
            problems.at("choose", |p| p.error("all weights are 0"));
        }
    }

    fn check_map_and_loop(&self, problems: &mut Problems) {
        if let Some(map) = &self.map {
            problems.at("map", |p| map.check(p));
        }
        let Some(repeat) = &self.repeat else { return };
        problems.at("loop", |p| {
            if repeat.max == 0 {
                p.at("max", |p| p.error("expected at least 1"));
            }
            if repeat.until == Some(UntilSpec::Agreed) && self.map.is_none() {
                p.at("until", |p| p.error("only items of a `map` can agree"));
            }
            self.check_hand_off(p);
        });
    }

    fn check_hand_off(&self, problems: &mut Problems) {
        let Some(repeat) = &self.repeat else { return };
        if repeat.hand_off.is_empty() {
            return;
        }
        problems.at("hand_off", |p| {
            let Some(steps) = self.inner() else {
                p.error("only a step with `steps` of its own hands over among them");
                return;
            };
            let known = || steps.keys().map(String::as_str);
            for (from, to) in &repeat.hand_off {
                p.at(from.as_str(), |p| {
                    if !steps.contains_key(from) {
                        p.unknown("step", from, known());
                    }
                    for name in to.keys().filter(|it| *it != "end" && !steps.contains_key(*it)) {
                        p.at(name.as_str(), |p| {
                            p.unknown("step", name, known().chain(["end"]));
                        });
                    }
                    if !to.is_empty() && to.values().all(|weight| weight.get() == 0.0) {
                        p.error("all weights are 0");
                    }
                });
            }
            if let Some(circle) = endless(&repeat.hand_off) {
                let names = circle.join(" -> ");
                let message = format!("agents hand over to each other for ever: {names}");
                match repeat.on_max {
                    OnMax::Fail => {
                        p.error_help(message, "give one of them a way to `end`");
                    }
                    OnMax::Keep => p.warn(format!("{message}; only `max` ends them")),
                }
            }
        });
    }
}
