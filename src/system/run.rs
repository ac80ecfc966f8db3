//! One replication of one system, from the first request to the last.

use std::sync::atomic::{AtomicBool, Ordering};

use slab::Slab;

use super::measure::{Measures, Share};
use super::metrics;
use super::model::{Event, Recorder, Semantic, System};
use super::pool::Pool;
use super::replicas;
use super::setup::Setup;
use super::single_flight::Flights;
use super::tables::{self, RunTables};
use super::timeline::{Serving, Timeline};
use crate::cache::{CacheSpec, Hierarchy, NegativeCache, PrefixCache};
use crate::cost::{Candidate, Optimizer};
use crate::kernel::{Duration, Ended, Simulation, Streams, Time};
use crate::pipeline::{KeyMaker, Log, Params, Preprocessor};
use crate::serving::{ModelSpec, Replica};
use crate::workload::{TraceError, User};

/// Why a run gave no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The trace could not be read to its end.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Time stands still: clients ask again at once, and are answered at once.
    #[error(
        "at {at_s} s, {requests} requests followed each other while no time passed: give the \
         clients a think time, or the caches or models a latency"
    )]
    Standstill {
        /// When, in seconds.
        at_s: f64,
        /// How many.
        requests: u32,
    },
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Events between two looks at the stop flag.
const SLICE: u64 = 1 << 20;

/// Intervals of a timeline whose length is known beforehand.
const INTERVALS: u64 = 60;

/// Runs one replication. `stop` is looked at now and then; `recorder` gets
/// every finished request.
///
/// # Errors
/// If the trace has a bad row, or `stop` was set.
pub fn run(
    setup: &Setup,
    streams: &Streams,
    stop: &AtomicBool,
    recorder: Option<Recorder<'_>>,
) -> Result<RunTables, RunError> {
    let mut simulation = Simulation::new(build(setup, streams, recorder)?);
    let warmup = Time::ZERO + setup.warmup;
    simulation.scheduler_mut().schedule_at(warmup, Event::Measure);
    let (system, scheduler) = simulation.parts_mut();
    system.fetch(scheduler);
    system.start_nodes(scheduler);
    loop {
        let ended = simulation.run_events(SLICE);
        if let Some(failure) = simulation.model.failure.take() {
            return Err(failure);
        }
        if stop.load(Ordering::Relaxed) {
            return Err(RunError::Interrupted);
        }
        if ended == Ended::Drained {
            break;
        }
    }
    let events = simulation.events();
    let drained = simulation.model.drained(simulation.now());
    Ok(finish(simulation.model, setup, drained, events))
}

fn build<'r>(
    setup: &Setup,
    streams: &Streams,
    recorder: Option<Recorder<'r>>,
) -> Result<System<'r>, TraceError> {
    let source = setup.workload.source(streams)?;
    let preprocessor = Preprocessor::new(setup.pipeline.as_ref());
    let params: Vec<Params> =
        source.profiles().iter().map(|profile| preprocessor.apply(profile)).collect();
    let users: Vec<(String, Option<String>)> = source
        .users()
        .iter()
        .map(|user| (user.name.clone(), Some(user.class.to_string())))
        .collect();
    let candidates: Vec<(String, Candidate)> = setup
        .models
        .iter()
        .map(|(name, model)| {
            let candidate = Candidate { price: model.price.price(), quality: model.quality.get() };
            (name.clone(), candidate)
        })
        .collect();
    let servers: Vec<Replica> =
        setup.models.iter().map(|(_, model)| Replica::new(&model.server)).collect();
    let prefix = |(name, model): &(String, ModelSpec)| {
        let spec = model.server.prefix_cache.as_ref()?;
        let (_, most) = model.server.replica_bounds();
        Some(PrefixCache::new(spec, most as usize, name, streams))
    };
    let prefixes = setup.models.iter().map(prefix).collect();
    let pool = Pool::new(setup, &source, streams);
    let serving = serving(&servers, &pool);
    let interval = setup.interval.or_else(|| setup.duration.map(|whole| split(whole, INTERVALS)));
    let pipeline = setup.pipeline.as_ref();
    let cache = setup.cache.as_ref();
    let levels = cache.filter(|cache| !cache.levels.is_empty());
    let mut caches = levels.map(|cache| Hierarchy::new(cache, streams));
    if let Some(caches) = caches.as_mut().filter(|_| setup.record_cache) {
        caches.keep_ages();
    }
    if let (Some(caches), Some(contents)) = (&mut caches, &setup.warm_start) {
        contents.warm(caches);
    }
    Ok(System {
        last_arrival: setup.duration.map_or(Time::MAX, |whole| Time::ZERO + whole),
        most_requests: setup.requests.unwrap_or(u64::MAX),
        next: None,
        following: Slab::new(),
        at_once: 0,
        failure: None,
        requests: Slab::new(),
        arrived: 0,
        max_prompt_length: pipeline.map(|pipeline| pipeline.max_prompt_length),
        stages: pipeline.map(|pipeline| pipeline.stages.clone()).unwrap_or_default(),
        keys: KeyMaker::new(&params),
        params,
        caches,
        semantic: setup.semantic.as_ref().map(|plan| Semantic {
            cache: plan.cache(streams),
            wrong_answer_quality: plan.spec().wrong_answer_quality.get(),
            promote: plan.spec().promote,
        }),
        flights: cache.filter(|cache| cache.single_flight).map(|_| Flights::default()),
        negative: cache.and_then(|cache| cache.negative_ttl).map(NegativeCache::new),
        lives: lives(cache, source.users()),
        optimizer: Optimizer::new(&setup.cost, &candidates, &users, setup.start),
        quality: candidates.iter().map(|(_, candidate)| candidate.quality).collect(),
        timeline: Timeline::new(interval, serving),
        measures: Measures {
            models: vec![Share::default(); servers.len()],
            users: vec![Share::default(); users.len()],
            ..Measures::default()
        },
        prefixes,
        blocks: Vec::new(),
        servers,
        pool,
        sojourn_ns: 0,
        waited_ns: 0,
        output: streams.stream("serving.output"),
        measuring: false,
        log: Log::new(pipeline.map_or(0, |pipeline| pipeline.log.capacity)),
        recorder,
        source,
    })
}

/// How long each user's answers live, where classes differ in that.
fn lives(cache: Option<&CacheSpec>, users: &[User]) -> Vec<Option<Duration>> {
    match cache.map(|cache| &cache.ttl_by_class) {
        Some(ttls) if !ttls.is_empty() => {
            users.iter().map(|user| ttls.get(&*user.class).copied()).collect()
        }
        _ => Vec::new(),
    }
}

fn split(whole: Duration, parts: u64) -> Duration {
    Duration::from_nanos(whole.as_nanos().div_ceil(parts).max(1))
}

fn finish(mut system: System<'_>, setup: &Setup, drained: Time, events: u64) -> RunTables {
    debug_assert!(system.requests.is_empty(), "every request that came in has left");
    let end = setup.duration.map_or(drained, |whole| Time::ZERO + whole);
    // Servers may still be at work when the window closes, or be idle long before.
    let over = drained.max(end);
    debug_assert!(system.flights.as_ref().is_none_or(Flights::is_empty), "every flight has landed");
    if let Some(caches) = &mut system.caches {
        caches.advance(over);
    }
    let measures = &mut system.measures;
    measures.window_end = end;
    measures.events = events;
    measures.overshoot = system.optimizer.ledger().overshoot();
    let busy = system.limited(over);
    let measures = &mut system.measures;
    measures.utilization = busy.0 / busy.1;
    measures.has_fleets = system.pool.active;
    let replicas = replicas::sums(&system, setup, over);
    let measures = &mut system.measures;
    measures.replicas = replicas;
    debug_assert_eq!(
        measures.requests,
        measures.completed + measures.errors + measures.rejected,
        "requests in = answered + failed"
    );
    system.timeline.at(over);
    debug_assert_eq!(
        system.timeline.areas(),
        [system.sojourn_ns, system.waited_ns],
        "Little's law: requests x time = the sum of their times, in the system and in queues"
    );
    let measures = &mut system.measures;
    let values = metrics::values(measures);
    tables::collect(system, setup, values, over)
}

/// What there is to serve at first.
fn serving(servers: &[Replica], pool: &Pool) -> Serving {
    let mut serving = Serving::default();
    for (model, server) in servers.iter().enumerate() {
        let up = pool.fleets.get(model).map_or(1, |fleet| fleet.up() as u32);
        serving.replicas += up;
        serving.servers += up * server.limit().unwrap_or(0);
    }
    serving
}

impl System<'_> {
    /// When the last request or attempt ended; `now` where nothing else is to come
    /// after that.
    fn drained(&self, now: Time) -> Time {
        if self.pool.active { self.pool.last_work } else { now }
    }

    /// The seconds that limited servers were busy and up, from the end of the warm-up
    /// until `until`; NaN if there are none.
    fn limited(&self, until: Time) -> (f64, f64) {
        let (mut busy, mut up) = (0.0, 0.0);
        for model in 0..self.servers.len() {
            if let Some((model_busy, model_up)) = self.busy_and_up(model, until) {
                busy += model_busy;
                up += model_up;
            }
        }
        if up > 0.0 { (busy, up) } else { (f64::NAN, f64::NAN) }
    }

    /// The same of one model; `None` if it is not limited.
    pub(super) fn busy_and_up(&self, model: usize, until: Time) -> Option<(f64, f64)> {
        let server = &self.servers[model];
        let limit = f64::from(server.limit()?);
        let Some(fleet) = self.pool.fleets.get(model) else {
            return Some((server.mean_busy(until), limit));
        };
        let busy = fleet.nodes().iter().map(|node| node.server.busy_s(until)).sum();
        let up: f64 = fleet.nodes().iter().map(|node| node.up_s(until)).sum();
        Some((busy, up * limit))
    }
}
