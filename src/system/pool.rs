//! The models' fleets, the attempts under way, and what the gateway does where
//! they fail.
//!
//! A request that needs a model becomes a [`Pursuit`]: one attempt after another,
//! or two side by side, until one succeeds or none is left to try. Each
//! [`Attempt`] has a slot of its own. An attempt that its client has given up may
//! go on at its server, where that does not stop; the pursuit stays until the last
//! of them is gone, as they still read its prompt.
//!
//! Events name slots. A slot's events are cancelled before it is given away, and
//! the kernel's ids never name another event, so that none comes late.

use slab::Slab;

use super::setup::Setup;
use crate::cache::Match;
use crate::cost::Money;
use crate::kernel::{Duration, EventId, Streams, Ticket, Time};
use crate::serving::engine::{EngineSpec, JobId, ProgressKind};
use crate::serving::fleet::Autoscaler;
use crate::serving::resilience::{Backoff, HedgeDelay, Limits, Per, RetryBudget};
use crate::serving::{Faults, Fleet, ModelSpec, Service};
use crate::workload::{Incoming, Source};

/// No attempt, or no replica.
pub(super) const NOBODY: u32 = u32::MAX;

/// Where an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the queue before all replicas.
    Shared(Ticket),
    /// In a station's queue.
    Queued(Ticket),
    /// Served by a station.
    Served,
    /// Before an engine, which cannot schedule it yet.
    Preparing,
    /// In an engine under this number, and not begun.
    Waiting(JobId),
    /// In an engine's batches.
    Running(JobId),
    /// Its keys and values are on their way to the engine that decodes.
    Moving,
    /// In the engine that decodes under this number, and not begun there.
    Handed(JobId),
    /// The engine is done with it; its last token is on its way.
    Leaving,
}

/// One request to one replica.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "any of them may go with any other")]
pub(super) struct Attempt {
    pub pursuit: u32,
    pub model: u32,
    /// [`NOBODY`] while it waits before all of them.
    pub replica: u32,
    /// Whether it was made beside another.
    pub hedge: bool,
    /// Its client has given it up; nobody waits for its answer.
    pub abandoned: bool,
    /// Its answer will be an error.
    pub fails: bool,
    pub place: Place,
    /// Its prompt was computed elsewhere; this replica decodes.
    pub decodes: bool,
    pub queued: Time,
    pub started: Time,
    pub service: Service,
    pub output_tokens: u32,
    /// The same if it were not cut.
    pub full_output: u32,
    pub prefix: Option<Match>,
    pub cached_decitokens: u64,
    /// The end of its service.
    pub done: Option<EventId>,
    /// When the server has read the prompt.
    pub read: Option<EventId>,
    pub timeout: Option<EventId>,
    /// The next attempt that the same request waits for.
    pub next: u32,
}

/// A request before the models.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pursuit {
    pub incoming: Incoming,
    pub measured: bool,
    /// Its slot in the table of requests.
    pub request: u32,
    /// The request is finished; only abandoned attempts are left.
    pub over: bool,
    /// The model that was chosen, and the one that is asked now.
    pub first: u32,
    pub model: u32,
    /// Fallbacks used.
    pub fallbacks: u32,
    /// Retries with this model.
    pub tries: u32,
    pub hedges: u32,
    /// When the last attempt was made that is no hedge.
    pub asked: Time,
    /// Money held for the answer.
    pub hold: Money,
    /// The first of the attempts that are waited for.
    pub waiting_for: u32,
    /// Attempts that there are, the abandoned ones among them.
    pub attempts: u32,
    pub hedge_timer: Option<EventId>,
}

/// What holds for all requests.
pub(super) struct Rules {
    pub timeout: Option<Duration>,
    pub num_retries: u32,
    /// How many hedges a request may have, and by model when they are made; none where
    /// there are no hedges.
    pub most_hedges: u32,
    pub hedges: Vec<HedgeDelay>,
    /// By model.
    pub fallbacks: Vec<Vec<u32>>,
    pub backoff: Backoff,
    pub budget: Option<RetryBudget>,
    pub per: Per,
    /// By user or class, or one.
    pub clients: Vec<Limits>,
    /// By class: how many requests under way for each replica it may find.
    pub thresholds: Option<Vec<f64>>,
}

/// Fleets and attempts.
pub(super) struct Pool {
    /// Whether the experiment needs all this. If not, each model is one server,
    /// and a request is its only attempt.
    pub active: bool,
    pub fleets: Vec<Fleet>,
    /// By model: what a replica counts for in the timeline's utilization: the number
    /// of its servers, 1 for an engine, 0 for one without limit.
    pub widths: Vec<u32>,
    /// By model: tokens of a block of its engines' prefix caches, if it has engines.
    pub engine_blocks: Vec<Option<u32>>,
    /// By number among all replicas: when the engine is looked at next.
    pub wakes: Vec<Option<(Time, EventId)>>,
    /// By number among all replicas: whether the engine has work.
    pub working: Vec<bool>,
    /// By model: when the queue before all replicas is looked at next.
    pub dispatches: Vec<Option<(Time, EventId)>>,
    /// Room for what happened in an engine.
    pub news: Vec<(u32, ProgressKind)>,
    pub faults: Vec<Option<Faults>>,
    pub scalers: Vec<Option<Autoscaler>>,
    /// What each model's provider takes.
    pub limits: Vec<Limits>,
    /// Whether each model's servers stop working for clients that have gone.
    pub aborts: Vec<bool>,
    /// Blocks by which each model's requests are sent, if it matters.
    pub affinity: Vec<Option<u32>>,
    /// Whether each model's balancer looks into prefix caches, and into memory.
    pub matched: Vec<bool>,
    pub by_memory: Vec<bool>,
    /// The number of each model's first replica among all.
    pub first_node: Vec<u32>,
    /// By number among all replicas: its crash, repair or start to come.
    pub timers: Vec<Option<EventId>>,
    /// By model: replicas that are up, as the timeline knows.
    pub counted: Vec<u32>,
    /// Events to come that keep no request waiting: timers and looks at load.
    pub idle_events: usize,
    pub rules: Rules,
    pub attempts: Slab<Attempt>,
    pub pursuits: Slab<Pursuit>,
    /// When the last request or attempt ended.
    pub last_work: Time,
}

impl Pool {
    pub fn new(setup: &Setup, source: &Source, streams: &Streams) -> Self {
        let active =
            setup.resilience.is_some() || setup.models.iter().any(|(_, it)| it.server.is_fleet());
        let models: &[(String, ModelSpec)] = if active { &setup.models } else { &[] };
        let resilience = setup.resilience.clone().unwrap_or_default();
        let fleet = |(index, (name, model)): (usize, &(String, ModelSpec))| {
            let step = setup.steps.get(index).and_then(Option::as_ref);
            Fleet::new(name, &model.server, &resilience, step, streams)
        };
        let fleets: Vec<Fleet> = models.iter().enumerate().map(fleet).collect();
        let faults = |((name, model), fleet): (&(String, ModelSpec), &Fleet)| {
            let stream = |part: &str| streams.stream(&format!("serving.{name}.faults.{part}"));
            let spec = model.server.faults.as_ref()?;
            Some(Faults::new(spec, fleet.len(), stream))
        };
        let mut first_node = Vec::with_capacity(fleets.len());
        let mut nodes = 0;
        for fleet in &fleets {
            first_node.push(nodes);
            nodes += fleet.len();
        }
        let servers = || models.iter().map(|(_, model)| &model.server);
        Pool {
            active,
            faults: models.iter().zip(&fleets).map(faults).collect(),
            scalers: servers().map(|it| it.autoscale.as_ref().map(Autoscaler::new)).collect(),
            limits: servers().map(|it| Limits::new(it.rpm, it.tpm)).collect(),
            aborts: servers().map(|it| it.abort.0).collect(),
            affinity: servers().map(|it| it.balance.affinity_blocks()).collect(),
            matched: servers()
                .map(|it| {
                    it.balance.wants_matched() && (it.prefix_cache.is_some() || it.engine.is_some())
                })
                .collect(),
            by_memory: servers().map(|it| it.balance.wants_kv() && it.engine.is_some()).collect(),
            widths: servers()
                .map(|it| if it.engine.is_some() { 1 } else { it.concurrency.unwrap_or(0) })
                .collect(),
            engine_blocks: servers()
                .map(|it| it.engine.as_ref().map(EngineSpec::tokens_per_id))
                .collect(),
            wakes: vec![None; nodes as usize],
            working: vec![false; nodes as usize],
            dispatches: vec![None; fleets.len()],
            news: Vec::new(),
            first_node,
            timers: vec![None; nodes as usize],
            counted: fleets.iter().map(|fleet| fleet.up() as u32).collect(),
            idle_events: 0,
            rules: rules(setup, source, streams),
            attempts: Slab::new(),
            pursuits: Slab::new(),
            last_work: Time::ZERO,
            fleets,
        }
    }

    /// The number of a replica among all.
    pub fn node(&self, model: u32, replica: u32) -> usize {
        (self.first_node[model as usize] + replica) as usize
    }

    /// The model and replica of a number among all.
    pub fn replica(&self, node: u32) -> (u32, u32) {
        let model = self.first_node.partition_point(|first| *first <= node) - 1;
        (model as u32, node - self.first_node[model])
    }

    /// Takes an attempt out of those that its request waits for.
    pub fn unlink(&mut self, attempt: u32) {
        let Attempt { pursuit, next, .. } = self.attempts[attempt as usize];
        let pursuit = &mut self.pursuits[pursuit as usize];
        if pursuit.waiting_for == attempt {
            pursuit.waiting_for = next;
            return;
        }
        let mut before = pursuit.waiting_for;
        while before != NOBODY {
            let link = &mut self.attempts[before as usize].next;
            if *link == attempt {
                *link = next;
                return;
            }
            before = *link;
        }
        debug_assert!(false, "an attempt is waited for until it is given up");
    }
}

fn rules(setup: &Setup, source: &Source, streams: &Streams) -> Rules {
    let spec = setup.resilience.clone().unwrap_or_default();
    let index = |name: &String| setup.models.iter().position(|(model, _)| model == name);
    let chain = |(name, _): &(String, ModelSpec)| -> Vec<u32> {
        let chain = spec.fallbacks.get(name).into_iter().flatten();
        chain.filter_map(index).map(|model| model as u32).collect()
    };
    let per = spec.rate_limit.as_ref().map(|limit| limit.per).unwrap_or_default();
    let clients = spec.rate_limit.as_ref().map_or_else(Vec::new, |limit| {
        let count = match per {
            Per::User => source.users().len(),
            Per::Class => source.slo_classes().len(),
            Per::All => 1,
        };
        vec![Limits::new(limit.rpm, limit.tpm); count]
    });
    Rules {
        timeout: spec.timeout,
        num_retries: spec.num_retries,
        fallbacks: setup.models.iter().map(chain).collect(),
        backoff: Backoff::new(&spec.backoff, streams.stream("resilience.backoff")),
        budget: spec.retry_budget.as_ref().map(RetryBudget::new),
        per,
        clients,
        thresholds: spec.admission.as_ref().map(|it| it.thresholds(source.slo_classes())),
        most_hedges: spec.hedge.as_ref().map_or(0, |hedge| hedge.max),
        hedges: spec
            .hedge
            .iter()
            .flat_map(|it| setup.models.iter().map(|_| HedgeDelay::new(it)))
            .collect(),
    }
}
