//! From specs to a plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::parts::{Body, Choice, Gate, Kind, Llm, Map, Memo, Repeat, Station, Step, Tool, Window};
use super::{Flow, Plan, Ready, Root};
use crate::kernel::Duration;
use crate::orchestration::{
    HumanSpec, JoinSpec, JudgeSpec, LlmSpec, OnFailure, OrchestrationSpec, PLAIN, RetrievalSpec,
    StepSpec, ToolSpec, UseToolSpec, WorkflowSpec,
};
use crate::spec::{Fraction, NonNegative, Problem};
use crate::workload::lengths::LengthsSpec;
use crate::workload::{Alias, DataPaths, Profile};

/// Why a plan cannot be made: a problem below `orchestration`.
pub type PlanError = Problem;

impl Plan {
    /// Makes checked specs ready: `models` are the models' names, `profiles` what the
    /// workload's requests ask with, and `classes` its SLO classes.
    ///
    /// # Errors
    /// A workflow's file that cannot be found or read.
    pub fn new(
        spec: &OrchestrationSpec,
        models: &[&str],
        profiles: &[Profile],
        classes: &[String],
        paths: &DataPaths,
    ) -> Result<Plan, PlanError> {
        let mut builder = Builder {
            spec,
            models,
            base: profiles,
            paths,
            known: BTreeMap::new(),
            tools: BTreeMap::new(),
            made: Vec::new(),
            ready: Ready { schedule: spec.schedule, ..Ready::default() },
        };
        builder.roots()?;
        let mut ready = builder.finish();
        let index = |name: &String| {
            ready.roots.iter().position(|root| root.name == *name).unwrap_or(0) as u32
        };
        let by_class: Vec<Option<u32>> =
            classes.iter().map(|class| spec.by_class.get(class).map(index)).collect();
        let mix = if spec.mix.is_empty() {
            let all: Vec<u32> = (1..ready.roots.len() as u32).collect();
            (all.len() > 1).then(|| (Alias::new(&vec![1.0; all.len()]), all))
        } else {
            let weights: Vec<f64> = spec.mix.values().map(|weight| weight.get()).collect();
            Some((Alias::new(&weights), spec.mix.keys().map(index).collect()))
        };
        (ready.by_class, ready.mix, ready.only) = (by_class, mix, 1);
        Ok(Plan(Arc::new(ready)))
    }
}

struct Builder<'b> {
    spec: &'b OrchestrationSpec,
    models: &'b [&'b str],
    base: &'b [Profile],
    paths: &'b DataPaths,
    /// Flows of workflows that were made already.
    known: BTreeMap<&'b str, u32>,
    /// Tools that have names.
    tools: BTreeMap<&'b str, u32>,
    /// Steps, until all of them are there.
    made: Vec<Option<Step>>,
    ready: Ready,
}

impl<'b> Builder<'b> {
    fn roots(&mut self) -> Result<(), PlanError> {
        let plain = StepSpec { llm: Some(LlmSpec::default()), ..StepSpec::default() };
        let plain = IndexMap::from([("call".to_owned(), plain)]);
        let flow = self.flow(&plain, PLAIN, "")?;
        self.ready.roots.push(self.root(PLAIN, flow, &WorkflowSpec::default()));
        for (name, workflow) in &self.spec.workflows {
            let flow = self.workflow(name)?;
            let gate = self.gate(None, workflow.rpm, workflow.tpm);
            let root = Root { gate, ..self.root(name, flow, workflow) };
            self.ready.roots.push(root);
        }
        Ok(())
    }

    fn root(&self, name: &str, flow: u32, spec: &WorkflowSpec) -> Root {
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
        let within = |problem: Problem| Problem {
            path: problem.path.within(&format!("workflows.{name}.wfcommons")),
            ..problem
        };
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
    fn flow(
        &mut self,
        steps: &IndexMap<String, StepSpec>,
        workflow: &str,
        prefix: &str,
    ) -> Result<u32, PlanError> {
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
        Ok(if let Some(llm) = &spec.llm {
            self.llm(llm, spec, workflow, name)
        } else if let Some(tool) = &spec.tool {
            match tool {
                UseToolSpec::Own(tool) => Body::Tool(self.tool(tool)),
                UseToolSpec::Named(name) => Body::Tool(self.named_tool(name)),
            }
        } else if let Some(retrieval) = &spec.retrieval {
            Body::Tool(self.retrieval(retrieval))
        } else if let Some(human) = &spec.human {
            Body::Tool(self.human(human))
        } else if let Some(named) = &spec.workflow {
            // The name in the experiment, which lives as long as the builder.
            match self.spec.workflows.get_key_value(named) {
                Some((named, _)) => Body::Flow(self.workflow(named)?),
                None => Body::Nothing,
            }
        } else if let Some(agent) = &spec.agent {
            Body::Flow(self.flow(&agent.steps(), workflow, &within)?)
        } else if !spec.steps.is_empty() {
            Body::Flow(self.flow(&spec.steps, workflow, &within)?)
        } else {
            Body::Nothing
        })
    }

    fn step(
        &mut self,
        steps: &IndexMap<String, StepSpec>,
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
        let chooses = |it: &StepSpec| it.choose.contains_key(own);
        let choosers = steps.values().zip(0..).filter(|(it, _)| chooses(it)).map(|it| it.1);
        let compensate = spec.compensate.as_ref().map(|tool| self.tool(tool));
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
                hand_off: hand_off(&it.hand_off, &spec.steps),
            }),
            deadline: spec.deadline,
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

    fn llm(&mut self, spec: &LlmSpec, step: &StepSpec, workflow: &str, name: &str) -> Body {
        let plain = spec.system == 0
            && spec.prompt.is_none()
            && step.input
            && step.map.is_none()
            && step.reads.as_ref().map_or(step.after.is_empty(), super::super::Names::is_empty);
        let profiles = self.profiles(spec);
        self.ready.llms.push(Llm {
            system: spec.system,
            system_id: name_of(workflow, name),
            prompt: spec.prompt.as_ref().map(lengths),
            output: spec.output.as_ref().map(lengths),
            model: spec
                .model
                .as_ref()
                .and_then(|name| self.models.iter().position(|it| it == name).map(|it| it as u32)),
            profiles,
            right: spec.right.map(Fraction::get),
            recovers: spec.recovers.map_or(0.0, Fraction::get),
            judge: spec.judge.map(judge),
            plain,
        });
        Body::Llm(self.ready.llms.len() as u32 - 1)
    }

    /// What a call asks with, where that is not what the workload's requests do.
    fn profiles(&mut self, spec: &LlmSpec) -> Vec<u32> {
        let own = spec.max_tokens.is_some()
            || spec.temperature.is_some()
            || spec.quality_threshold.is_some();
        if !own {
            return Vec::new();
        }
        let profiles = self.base.iter().map(|base| Profile {
            max_tokens: spec.max_tokens.or(base.max_tokens),
            temperature: spec.temperature.or(base.temperature),
            quality_threshold: spec.quality_threshold.map(Fraction::get).or(base.quality_threshold),
            missing_prompt: false,
            ..*base
        });
        let made = &mut self.ready.profiles;
        let index = |profile: Profile| {
            let known = made.iter().position(|it| *it == profile).unwrap_or_else(|| {
                made.push(profile);
                made.len() - 1
            });
            (self.base.len() + known) as u32
        };
        profiles.map(index).collect()
    }

    fn named_tool(&mut self, name: &str) -> u32 {
        if let Some(tool) = self.tools.get(name) {
            return *tool;
        }
        let Some((name, spec)) = self.spec.tools.get_key_value(name) else { return 0 };
        let tool = self.tool(spec);
        self.tools.insert(name, tool);
        tool
    }

    fn tool(&mut self, spec: &ToolSpec) -> u32 {
        let tool = Tool {
            kind: Kind::Tool,
            latency: spec.latency.distribution(),
            failure: spec.failure.get(),
            station: self.station(spec.concurrency),
            cost: spec.cost,
            output: spec.output.as_ref().map(|output| (1, lengths(output))),
            right: spec.right.get(),
            judge: None,
        };
        self.ready.tools.push(tool);
        self.ready.tools.len() as u32 - 1
    }

    fn retrieval(&mut self, spec: &RetrievalSpec) -> u32 {
        let tool = Tool {
            kind: Kind::Retrieval,
            latency: spec.latency.distribution(),
            failure: spec.failure.get(),
            station: self.station(spec.concurrency),
            cost: spec.cost,
            output: Some((spec.documents, lengths(&spec.tokens))),
            right: spec.recall.get(),
            judge: None,
        };
        self.ready.tools.push(tool);
        self.ready.tools.len() as u32 - 1
    }

    fn human(&mut self, spec: &HumanSpec) -> u32 {
        let tool = Tool {
            kind: Kind::Human,
            latency: spec.think_time.distribution(),
            failure: 0.0,
            station: self.station(spec.people),
            cost: None,
            output: spec.output.as_ref().map(|output| (1, lengths(output))),
            right: 1.0,
            judge: spec.judge.map(judge),
        };
        self.ready.tools.push(tool);
        self.ready.tools.len() as u32 - 1
    }

    fn station(&mut self, places: Option<u32>) -> Option<u32> {
        self.ready.stations.push(Station { places: places? });
        Some(self.ready.stations.len() as u32 - 1)
    }

    /// The tools of a flow's own steps that have no limit share these places.
    fn share_places(&mut self, flow: u32, steps: &IndexMap<String, StepSpec>, places: Option<u32>) {
        let Some(station) = self.station(places) else { return };
        let first = self.ready.flows[flow as usize].first as usize;
        for (step, spec) in self.made[first..].iter().flatten().zip(steps.values()) {
            if let (Body::Tool(tool), Some(UseToolSpec::Own(own))) = (step.body, &spec.tool)
                && own.concurrency.is_none()
            {
                self.ready.tools[tool as usize].station = Some(station);
            }
        }
    }

    /// What follows from the steps of a flow being known: who feeds whom, and how far
    /// it is to the end.
    fn link(&mut self, flow: u32) {
        let Flow { first, count, .. } = self.ready.flows[flow as usize];
        let (first, count) = (first as usize, count as usize);
        let mut steps: Vec<Step> =
            self.made[first..first + count].iter_mut().filter_map(Option::take).collect();
        for index in 0..steps.len() {
            for need in steps[index].needs.clone() {
                steps[usize::from(need)].feeds.push(index as u16);
            }
        }
        let read: Vec<u16> = steps.iter().flat_map(|step| step.needs.iter().copied()).collect();
        for (step, index) in steps.iter_mut().zip(0..) {
            step.sink = !read.contains(&index);
        }
        let starters = steps.iter().zip(0..).filter(|(step, _)| step.needs.is_empty());
        self.ready.flows[flow as usize].starters = starters.map(|(_, index)| index).collect();
        let ranks = self.ranks(&steps);
        for (step, rank) in steps.iter_mut().zip(ranks) {
            step.rank = rank;
        }
        for (place, step) in self.made[first..].iter_mut().zip(steps) {
            *place = Some(step);
        }
    }

    /// The upward rank of each step: its own time and the longest way after it. Recorded
    /// workflows may be long, hence no recursion.
    fn ranks(&self, steps: &[Step]) -> Vec<u32> {
        let mut waits: Vec<usize> = steps.iter().map(|step| step.feeds.len()).collect();
        let mut known: Vec<usize> = (0..steps.len()).filter(|step| waits[*step] == 0).collect();
        let mut ranks = vec![0_u32; steps.len()];
        while let Some(index) = known.pop() {
            let step = &steps[index];
            let after = step.feeds.iter().map(|it| ranks[usize::from(*it)]).max().unwrap_or(0);
            ranks[index] = after.saturating_add(self.own_ms(step));
            for need in step.needs.iter().map(|need| usize::from(*need)) {
                waits[need] -= 1;
                if waits[need] == 0 {
                    known.push(need);
                }
            }
        }
        ranks
    }

    /// About how long a step takes, in milliseconds. Models are not known here: 0.2 s
    /// and 20 ms a token stand for any of them.
    fn own_ms(&self, step: &Step) -> u32 {
        let once = match step.body {
            Body::Nothing => 0.0,
            Body::Llm(llm) => {
                let output = self.ready.llms[llm as usize].output.as_ref();
                200.0 + 20.0 * output.map_or(200.0, |lengths| f64::from(lengths.pick(0.5)))
            }
            Body::Tool(tool) => self.ready.tools[tool as usize].latency.mean_s() * 1e3,
            Body::Flow(flow) => {
                let Flow { first, starters, .. } = &self.ready.flows[flow as usize];
                let rank = |it: &u16| {
                    let step = self.made[*first as usize + usize::from(*it)].as_ref();
                    step.map_or(0, |step| step.rank)
                };
                f64::from(starters.iter().map(rank).max().unwrap_or(0))
            }
        };
        let rounds = step.repeat.as_ref().map_or(1.0, |it| {
            let most = f64::from(it.max);
            if it.stop > 0.0 { (1.0 / it.stop).min(most) } else { most }
        });
        (once * rounds).min(f64::from(u32::MAX)) as u32
    }

    fn finish(self) -> Ready {
        Ready { steps: self.made.into_iter().flatten().collect(), ..self.ready }
    }
}

fn lengths(spec: &LengthsSpec) -> crate::workload::lengths::Lengths {
    spec.distribution().expect("a checked spec has a distribution")
}

fn judge(spec: JudgeSpec) -> [f64; 2] {
    [spec.false_accept.get(), spec.false_reject.get()]
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
    steps: &IndexMap<String, StepSpec>,
) -> Option<(u16, Vec<Option<Choice>>)> {
    let place = |name: &str| {
        if name == "end" { Some(END) } else { steps.get_index_of(name).map(|it| it as u16) }
    };
    let first = place(spec.keys().next()?)?;
    let row = |name: &String| choice(spec.get(name)?, place);
    Some((first, steps.keys().map(row).collect()))
}

/// A number for a name, the same in every run: what blocks of prompts are named by.
fn name_of(workflow: &str, name: &str) -> u64 {
    use md5::{Digest, Md5};
    let digest = Md5::new().chain_update(workflow).chain_update("/").chain_update(name).finalize();
    u64::from_le_bytes(digest[..8].try_into().expect("a digest has 16 bytes"))
}
