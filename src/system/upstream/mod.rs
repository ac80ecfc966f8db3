//! The models' servers: fleets of replicas, the attempts under way, and what the gateway
//! does where they fail.
//!
//! A model that is one server is a fleet of one, and its requests' only attempts are
//! attempts like all others.

mod attempt;
mod attempt_end;
mod batching;
mod counts;
mod keep_alive;
mod prefix;
mod prompts;
mod replica_lifecycle;
mod retry;
mod rules;
mod seat;
mod shared_queue;
mod state;
mod tenant_slots;
mod traced;

pub use counts::Sent;
pub use prefix::table as prefix_table;
pub use prompts::table as prompt_table;
pub use seat::{Queued, Seat, Slots};
pub use state::{Attempt, Inference, NOBODY, Place};
pub use tenant_slots::Slot;
pub use traced::{Paid, answered as traced_answer};

use super::measure::Serving;
use super::setup::Setup;
use crate::cache::PrefixCache;
use crate::gateway::queue::Queue;
use crate::kernel::{EventId, Stream, Streams, Time};
use crate::serving::engine::{EngineSpec, ProgressKind};
use crate::serving::fleet::Autoscaler;
use crate::serving::resilience::Limits;
use crate::serving::{Faults, Fleet, Latency, ModelSpec};
use crate::system::ids::{AttemptId, OfAttempt, OfInference, Table};
use crate::workload::Source;
use prompts::Prompts;
use rules::Rules;

/// The servers of one model.
pub struct ModelServers {
    /// Its replicas.
    pub fleet: Fleet,
    /// How long a request takes that is served alone.
    latency: Latency,
    /// By replica, what each keeps of prompts.
    pub prefixes: Option<PrefixCache>,
    /// How good its answers are.
    quality: f64,
    /// What a replica counts for in the timeline's utilization: the number of its servers,
    /// 1 for an engine, 0 for one without limit.
    width: u32,
    /// Tokens of a block of its engines' prefix caches, if it has engines.
    engine_blocks: Option<u32>,
    /// The same if they keep them for prompts that begin alike.
    keeps_blocks: Option<u32>,
    /// When the queue before all replicas is looked at next.
    dispatch: Option<(Time, EventId)>,
    /// What goes wrong.
    faults: Option<Faults>,
    /// Whether its replicas crash, so that it is known which attempts each has.
    crashes: bool,
    scaler: Option<Autoscaler>,
    /// What its provider takes.
    limits: Limits,
    /// Whether its servers stop working for clients that have gone.
    aborts: bool,
    /// Blocks by which its requests are sent, if it matters.
    affinity: Option<u32>,
    /// Whether its balancer looks into prefix caches.
    matched: bool,
    /// The number of its first replica among all.
    first_replica: u32,
    /// Replicas that are up, as the timeline knows.
    counted: u32,
    /// Replicas that are paid for, as the timeline knows, and what one is an hour, in
    /// pico-dollars.
    paid_for: u32,
    per_hour: i128,
}

/// What is known of one replica beside its server.
#[derive(Default)]
struct ReplicaState {
    /// When the engine is looked at next.
    wake: Option<(Time, EventId)>,
    /// Whether the engine has work.
    working: bool,
    /// Its crash, repair or start to come.
    timer: Option<EventId>,
    /// The attempts that it has, in no order.
    attempts: Vec<AttemptId>,
    /// What measured requests sent to it.
    sent: Sent,
}

/// The models' servers, and all that is under way at them.
pub struct Upstream {
    /// By model.
    pub models: Vec<ModelServers>,
    /// By number among all replicas.
    replicas: Vec<ReplicaState>,
    /// Slots at models.
    pub slots: Option<Slots>,
    /// Whether an event will divide them anew.
    division_awaited: bool,
    rules: Rules,
    attempts: Table<OfAttempt, Attempt>,
    /// Requests before the models.
    pub inferences: Table<OfInference, Inference>,
    /// What hosted models' providers keep of prompts, where any does.
    pub prompts: Option<Box<Prompts>>,
    /// Draws how long answers are.
    output: Stream,
    /// Room for the blocks of a prompt.
    blocks: Vec<u64>,
    /// Room for what happened in an engine, and in all that were due.
    news: Vec<(u32, ProgressKind)>,
    heard: Vec<(AttemptId, ProgressKind)>,
    /// Late events of this instant: queues and engines that are due.
    due_queues: Vec<u32>,
    due_engines: Vec<u32>,
    /// When the last request, attempt or workflow ended.
    pub last_work: Time,
}

impl Upstream {
    /// The servers of a setup, as they are at first.
    pub fn new(setup: &Setup, source: &Source, slots: Option<Slots>, streams: &Streams) -> Self {
        let resilience = setup.resilience.clone().unwrap_or_default();
        let mut replicas = 0;
        let servers = |(index, (name, model)): (usize, &(String, ModelSpec))| {
            let server = &model.server;
            let step = setup.steps.get(index).and_then(Option::as_ref);
            let fleet = Fleet::new(name, server, &resilience, step, streams);
            let stream = |part: &str| streams.stream(&format!("serving.{name}.{part}"));
            let fault = |part: &str| stream(&format!("faults.{part}"));
            let first_replica = replicas;
            replicas += fleet.len();
            let prefixes = server.prefix_cache.as_ref().map(|spec| {
                let (_, most) = server.replica_bounds();
                PrefixCache::new(spec, most as usize, name, streams)
            });
            ModelServers {
                latency: Latency::new(&server.latency(), stream("latency")),
                prefixes,
                quality: model.quality.get(),
                width: match &server.engine {
                    Some(_) => 1,
                    None => server.concurrency.unwrap_or(0),
                },
                engine_blocks: server.engine.as_ref().map(EngineSpec::tokens_per_id),
                keeps_blocks: server
                    .engine
                    .as_ref()
                    .filter(|engine| engine.enable_prefix_caching)
                    .map(EngineSpec::tokens_per_id),
                dispatch: None,
                faults: server.faults.as_ref().map(|spec| Faults::new(spec, fleet.len(), fault)),
                crashes: server.faults.as_ref().is_some_and(|spec| spec.mtbf.is_some()),
                scaler: server.autoscale.as_ref().map(Autoscaler::new),
                limits: Limits::new(server.rpm, server.tpm),
                aborts: server.abort.0,
                affinity: server.balance.needs().affinity_blocks,
                matched: server.balance.needs().matched
                    && (server.prefix_cache.is_some() || server.engine.is_some()),
                first_replica,
                counted: fleet.up() as u32,
                paid_for: fleet.paid_for(),
                per_hour: per_hour(model),
                fleet,
            }
        };
        let mut models: Vec<ModelServers> = setup.models.iter().enumerate().map(servers).collect();
        if let Some(whole) = setup.duration {
            for model in &mut models {
                model.fleet.close_at(Time::ZERO + whole);
            }
        }
        Upstream {
            replicas: (0..replicas).map(|_| ReplicaState::default()).collect(),
            slots,
            division_awaited: false,
            rules: Rules::new(setup, source, streams),
            attempts: Table::default(),
            inferences: Table::default(),
            prompts: Prompts::new(setup, source, streams),
            output: streams.stream("serving.output"),
            blocks: Vec::new(),
            news: Vec::new(),
            heard: Vec::new(),
            due_queues: Vec::new(),
            due_engines: Vec::new(),
            last_work: Time::ZERO,
            models,
        }
    }

    /// What there is to serve now.
    pub fn serving(&self) -> Serving {
        let mut serving = Serving::default();
        for model in &self.models {
            serving.replicas += model.counted;
            serving.servers += model.counted * model.width;
            serving.per_hour += i128::from(model.paid_for) * model.per_hour;
        }
        serving
    }

    /// Forgets the statistics, not the requests: the end of the warm-up.
    pub fn reset_stats(&mut self, now: Time) {
        for model in &mut self.models {
            model.fleet.reset_stats(now);
            if let Some(cache) = &mut model.prefixes {
                cache.reset_stats();
            }
        }
        if let Some(prompts) = &mut self.prompts {
            prompts.reset_stats();
        }
    }

    /// Whether nothing is under way at any server.
    pub fn is_idle(&self) -> bool {
        self.attempts.is_empty()
            && self.inferences.is_empty()
            && self.queue().is_none_or(Queue::is_idle)
            && self.models.iter().all(|model| model.fleet.outstanding() == 0)
            && self.replicas.iter().all(|replica| replica.attempts.is_empty())
    }

    /// The number of a replica among all.
    #[inline]
    fn number(&self, model: u32, replica: u32) -> u32 {
        self.models[model as usize].first_replica + replica
    }

    /// The model and replica of a number among all.
    fn replica(&self, number: u32) -> (u32, u32) {
        let model = self.models.partition_point(|it| it.first_replica <= number) - 1;
        (model as u32, number - self.models[model].first_replica)
    }
}

/// What one replica of a model is an hour, in pico-dollars: the price of its GPUs; so little
/// at most that those of any number of replicas can be added up.
fn per_hour(model: &ModelSpec) -> i128 {
    let gpus = i128::from(model.server.gpus_each());
    model.price.price().gpu_hour().picos().saturating_mul(gpus).min(i128::MAX >> 40)
}
