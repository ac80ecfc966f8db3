//! From specs to a plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::calls::{Calls, Site};
use super::parts::{Body, Choice, Gate, Map, Memo, Repeat, Step, Window};
use super::{Flow, Plan, Ready, Root};
use crate::kernel::Duration;
use crate::orchestration::patterns::{StepSpec, Steps};
use crate::orchestration::step::{Does, JoinSpec, LlmSpec, Names, OnFailure, UseToolSpec, lengths};
use crate::orchestration::{OrchestrationSpec, PLAIN, RECORDED, ScheduleSpec, WorkflowSpec};
use crate::spec::{NonNegative, Path, Problem};
use crate::workload::{Alias, DataPaths, Profile};

/// Why a plan cannot be made: a problem below `orchestration`.
pub type PlanError = Problem;

impl Plan {
    /// Makes checked specs ready: `models` are the models' names, `profiles` what the
    /// workload's requests ask with, and `classes` its SLO classes. Arrivals of the workload
    /// that bring recorded jobs do these, if there are any (`recorded`): by model that these asked,
    /// which they ask now, if it may be no other.
    ///
    /// # Errors
    /// A workflow's file that cannot be found or read.
    pub fn new(
        spec: &OrchestrationSpec,
        models: &[&str],
        profiles: &[Profile],
        classes: &[String],
        recorded: Option<&[Option<u32>]>,
        paths: &DataPaths,
    ) -> Result<Plan, PlanError> {
        let mut builder = Builder {
            spec,
            paths,
            known: BTreeMap::new(),
            calls: Calls::new(models, profiles),
            made: Vec::new(),
            ready: Ready { schedule: spec.schedule, ..Ready::default() },
        };
        for (name, tool) in &spec.tools {
            let index = tool.tool(&mut builder.calls);
            builder.calls.named.insert(name.clone(), index);
        }
        builder.roots()?;
        let workflows = builder.ready.roots.len() as u32;
        let asked = recorded.unwrap_or_default().to_vec();
        let recorded = recorded.map(|_| builder.recorded()).transpose()?;
        let mut ready = builder.finish();
        let indices: BTreeMap<&str, u32> = ready
            .roots
            .iter()
            .rev()
            .map(|root| root.name.as_str())
            .zip((0..ready.roots.len() as u32).rev())
            .collect();
        let index = |name: &String| indices.get(name.as_str()).copied().unwrap_or(0);
        let by_class: Vec<Option<u32>> =
            classes.iter().map(|class| spec.by_class.get(class).map(index)).collect();
        let mix = if spec.mix.is_empty() {
            let all: Vec<u32> = (1..workflows).collect();
            (all.len() > 1).then(|| (Alias::new(&vec![1.0; all.len()]), all))
        } else {
            let weights: Vec<f64> = spec.mix.values().map(|weight| weight.get()).collect();
            Some((Alias::new(&weights), spec.mix.keys().map(index).collect()))
        };
        // Without workflows, what is no recorded job is a plain request.
        (ready.by_class, ready.mix, ready.only) = (by_class, mix, u32::from(workflows > 1));
        (ready.recorded, ready.asked) = (recorded, asked);
        Ok(Plan(Arc::new(ready)))
    }
}

pub(super) struct Builder<'b> {
    pub spec: &'b OrchestrationSpec,
    pub paths: &'b DataPaths,
    /// Flows of workflows that were made already.
    pub known: BTreeMap<&'b str, u32>,
    pub calls: Calls<'b>,
    /// Steps, until all of them are there.
    pub made: Vec<Option<Step>>,
    pub ready: Ready,
}

impl<'b> Builder<'b> {
    fn roots(&mut self) -> Result<(), PlanError> {
        let plain = StepSpec::of(Does::Llm(LlmSpec::default()));
        let plain = Steps::from([("call".to_owned(), plain)]);
        let flow = self.flow(&plain, PLAIN, "")?;
        self.ready.roots.push(Self::root(PLAIN, flow, &WorkflowSpec::default()));
        for (name, workflow) in &self.spec.workflows {
            let flow = self.workflow(name)?;
            let gate = self.gate(None, workflow.rpm, workflow.tpm);
            let root = Root { gate, ..Self::root(name, flow, workflow) };
            self.ready.roots.push(root);
        }
        Ok(())
    }

    /// The workflow of jobs that were recorded: one step, which is all that a job did.
    fn recorded(&mut self) -> Result<u32, PlanError> {
        if self.spec.workflows.contains_key(RECORDED) {
            let place = Path::parse("workflows").join(RECORDED);
            let why = format!("`{RECORDED}` is the name of the workflow of the trace's own jobs");
            return Err(Problem::error(place, why).help("give it another name"));
        }
        if self.spec.schedule == ScheduleSpec::CriticalPath {
            let why = "how long a recorded job still takes is not known before it has ended";
            let help = "another `schedule`, such as `least_attained_service`";
            return Err(Problem::error(Path::parse("schedule"), why).help(help));
        }
        let step = StepSpec::of(Does::Llm(LlmSpec::default()));
        let flow = self.flow(&Steps::from([("call".to_owned(), step)]), RECORDED, "")?;
        let first = self.ready.flows[flow as usize].first as usize;
        if let Some(step) = &mut self.made[first] {
            step.body = Body::Recorded;
        }
        let root = Self::root(RECORDED, flow, &WorkflowSpec::default());
        self.ready.roots.push(root);
        Ok(self.ready.roots.len() as u32 - 1)
    }

    fn root(name: &str, flow: u32, spec: &WorkflowSpec) -> Root {
        let day = Duration::from_secs(86_400);
        let budget =
            spec.max_budget.map(|most| Window { most, span: spec.budget_duration.unwrap_or(day) });
        Root {
            name: name.to_owned(),
            flow,
            deadline: spec.deadline,
            priority: spec.priority,
            max_concurrent: spec.max_concurrent.unwrap_or(u32::MAX),
            max_waiting: spec.max_waiting.unwrap_or(u32::MAX),
            max_calls: spec.max_calls.unwrap_or(u32::MAX),
            max_cost: spec.max_cost,
            budget,
            gate: None,
        }
    }

    /// The flow of a named workflow, made where it is named first.
    fn workflow(&mut self, name: &'b str) -> Result<u32, PlanError> {
        if let Some(flow) = self.known.get(name) {
            return Ok(*flow);
        }
        let Some(workflow) = self.spec.workflows.get(name) else { return Ok(0) };
        let place = Path::parse("workflows").join(name).join("wfcommons");
        let within = |problem: Problem| problem.within(&place);
        let flow = if let Some(agent) = &workflow.agent {
            self.flow(&agent.steps(), name, "")?
        } else if let Some(file) = &workflow.wfcommons {
            let steps = file.steps(self.paths).map_err(within)?;
            let flow = self.flow(&steps, name, "")?;
            self.share_places(flow, &steps, file.places);
            flow
        } else {
            self.flow(&workflow.steps, name, "")?
        };
        self.known.insert(name, flow);
        Ok(flow)
    }

    /// The flow of steps, whose names begin with `prefix`. The specs may be made for
    /// this call alone, as those of patterns are.
    fn flow(&mut self, steps: &Steps, workflow: &str, prefix: &str) -> Result<u32, PlanError> {
        let first = self.made.len() as u32;
        self.made.resize_with(self.made.len() + steps.len(), || None);
        let id = self.ready.flows.len() as u32;
        self.ready.flows.push(Flow { first, count: steps.len() as u32, starters: Vec::new() });
        for (index, (name, spec)) in steps.iter().enumerate() {
            let name = format!("{prefix}{name}");
            let body = self.body(spec, workflow, &name)?;
            let step = self.step(steps, spec, index, body, (workflow, &name));
            self.made[first as usize + index] = Some(step);
        }
        self.link(id);
        Ok(id)
    }

    fn body(&mut self, spec: &StepSpec, workflow: &str, name: &str) -> Result<Body, PlanError> {
        let within = format!("{name}/");
        Ok(match &spec.does {
            // The name in the experiment, which lives as long as the builder.
            Does::Workflow(named) => match self.spec.workflows.get_key_value(named) {
                Some((named, _)) => Body::Flow(self.workflow(named)?),
                None => Body::Nothing,
            },
            Does::Agent(agent) => Body::Flow(self.flow(&agent.steps(), workflow, &within)?),
            Does::Steps(steps) => Body::Flow(self.flow(steps, workflow, &within)?),
            call => {
                let reads = spec.reads.as_ref().unwrap_or(&spec.after);
                let alone = spec.input && spec.map.is_none() && Names::is_empty(reads);
                call.call(&Site { workflow, name, alone }, &mut self.calls)
            }
        })
    }

    fn step(
        &mut self,
        steps: &Steps,
        spec: &StepSpec,
        index: usize,
        body: Body,
        (workflow, name): (&str, &str),
    ) -> Step {
        let place = |name: &str| steps.get_index_of(name).map(|it| it as u16);
        let own = steps.get_index(index).map_or("", |it| it.0.as_str());
        let after: Vec<u16> = spec.after.iter().filter_map(place).collect();
        let reads = match &spec.reads {
            Some(reads) => reads.iter().filter_map(place).collect(),
            None => after.clone(),
        };
        let choosers = steps.values().zip(0..).filter(|(it, _)| it.choose.contains_key(own));
        let choosers = choosers.map(|it| it.1);
        let compensate = spec.compensate.as_ref().map(|tool| tool.tool(&mut self.calls));
        let memo = spec.memo.as_ref().map(|memo| {
            self.ready.memos.push(Memo { ttl: memo.ttl, capacity: memo.capacity });
            self.ready.memos.len() as u32 - 1
        });
        let backoff = spec.backoff.as_ref();
        Step {
            name: name.into(),
            workflow: workflow.into(),
            body,
            after,
            join: (spec.join != JoinSpec::All).then_some(spec.join),
            needs: spec.waits_for(steps).into_iter().map(|it| it as u16).collect(),
            feeds: Vec::new(),
            when: spec.when.iter().filter_map(|(it, is)| Some((place(it)?, *is))).collect(),
            chance: spec.chance.get(),
            choosers: choosers.collect(),
            choose: choice(&spec.choose, |name| place(name)),
            reads,
            input: spec.input,
            map: spec.map.as_ref().map(|map| Map {
                items: lengths(&map.items),
                concurrency: map.concurrency.unwrap_or(u32::MAX),
                join: map.join,
                cancel: map.cancel,
                pick: map.pick,
                chance: map.chance.get(),
                alternatives: map.alternatives,
                conformity: map.conformity.get(),
            }),
            repeat: spec.repeat.as_ref().map(|it| Repeat {
                max: it.max,
                stop: it.stop.get(),
                until: it.until,
                context: it.context,
                on_max: it.on_max,
                hand_off: spec.inner().and_then(|steps| hand_off(&it.hand_off, steps)),
            }),
            deadline: spec.deadline,
            max_cost: spec.max_cost,
            retries: spec.retries,
            backoff: (0..spec.retries.min(64))
                .map(|retry| backoff.map_or(0.0, |it| it.longest_s(retry)))
                .collect(),
            jitter: backoff.is_some_and(|it| it.jitter),
            survives: spec.on_failure == OnFailure::Continue,
            compensate,
            memo,
            gate: self.gate(spec.concurrency, spec.rpm, spec.tpm),
            sink: false,
            once: 0,
            rank: 0,
        }
    }

    fn gate(
        &mut self,
        concurrency: Option<u32>,
        rpm: Option<u64>,
        tpm: Option<u64>,
    ) -> Option<u32> {
        if concurrency.is_none() && rpm.is_none() && tpm.is_none() {
            return None;
        }
        self.ready.gates.push(Gate { concurrency: concurrency.unwrap_or(u32::MAX), rpm, tpm });
        Some(self.ready.gates.len() as u32 - 1)
    }

    /// The tools of a flow's own steps that have no limit share these places.
    fn share_places(&mut self, flow: u32, steps: &Steps, places: Option<u32>) {
        let Some(station) = self.calls.station(places) else { return };
        let first = self.ready.flows[flow as usize].first as usize;
        for (step, spec) in self.made[first..].iter().flatten().zip(steps.values()) {
            if let (Body::Tool(tool), Does::Tool(UseToolSpec::Own(own))) = (step.body, &spec.does)
                && own.concurrency.is_none()
            {
                self.calls.tools[tool as usize].station = Some(station);
            }
        }
    }

    fn finish(self) -> Ready {
        let Calls { llms, tools, stations, profiles, .. } = self.calls;
        let steps = self.made.into_iter().flatten().collect();
        Ready { steps, llms, tools, stations, profiles, ..self.ready }
    }
}

/// A choice by weights; `None` where there is nothing to choose from.
fn choice(
    weights: &IndexMap<String, NonNegative>,
    place: impl Fn(&str) -> Option<u16>,
) -> Option<Choice> {
    let all: f64 = weights.values().map(|weight| weight.get()).sum();
    if all <= 0.0 {
        return None;
    }
    let mut sum = 0.0;
    let mut choice = Choice { steps: Vec::new(), shares: Vec::new() };
    for (name, weight) in weights.iter().filter(|(_, weight)| weight.get() > 0.0) {
        sum += weight.get();
        choice.steps.push(place(name)?);
        choice.shares.push(sum / all);
    }
    Some(choice)
}

/// The end of a chain of hand-offs.
pub(crate) const END: u16 = u16::MAX;

fn hand_off(
    spec: &IndexMap<String, IndexMap<String, NonNegative>>,
    steps: &Steps,
) -> Option<(u16, Vec<Option<Choice>>)> {
    let place = |name: &str| {
        if name == "end" { Some(END) } else { steps.get_index_of(name).map(|it| it as u16) }
    };
    let first = place(spec.keys().next()?)?;
    let row = |name: &String| choice(spec.get(name)?, place);
    Some((first, steps.keys().map(row).collect()))
}
