//! One replication of one system, from the first request to the last.

use std::sync::atomic::{AtomicBool, Ordering};

use slab::Slab;

use super::measure::{Measures, Share};
use super::metrics;
use super::model::{Event, Recorder, Semantic, System};
use super::setup::Setup;
use super::single_flight::Flights;
use super::tables::{self, RunTables};
use super::timeline::Timeline;
use crate::cache::{CacheSpec, Hierarchy, NegativeCache, PrefixCache};
use crate::cost::{Candidate, Levers, Optimizer};
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
    let (events, drained) = (simulation.events(), simulation.now());
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
        Some(PrefixCache::new(spec, 1, name, streams))
    };
    let prefixes = setup.models.iter().map(prefix).collect();
    let limited = servers.iter().filter_map(Replica::limit).sum();
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
        optimizer: Optimizer::new(&setup.cost, &candidates, &users, setup.start, streams),
        levers: setup.cost.levers.as_ref().map(|levers| {
            let models: Vec<&str> = candidates.iter().map(|(name, _)| name.as_str()).collect();
            Levers::new(levers, &models, &users, streams)
        }),
        quality: candidates.iter().map(|(_, candidate)| candidate.quality).collect(),
        timeline: Timeline::new(interval, limited),
        measures: Measures {
            models: vec![Share::default(); servers.len()],
            users: vec![Share::default(); users.len()],
            ..Measures::default()
        },
        prefixes,
        blocks: Vec::new(),
        servers,
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
    system.charge_servers(end.since(Time::ZERO + setup.warmup));
    debug_assert!(system.optimizer.balances(), "the ledger balances");
    let measures = &mut system.measures;
    measures.has_levers = system.levers.is_some();
    let divided = system.optimizer.allocation();
    measures.allocation = divided.map_or([f64::NAN; 2], |it| [it.fairness(), it.utility()]);
    measures.alerts = system.optimizer.ledger().alerts();
    measures.window_end = end;
    measures.events = events;
    measures.overshoot = system.optimizer.ledger().overshoot();
    measures.utilization = utilization(&system.servers, over);
    debug_assert_eq!(
        measures.requests,
        measures.completed + measures.errors + measures.rejected,
        "requests in = answered + failed"
    );
    let values = metrics::values(measures);
    tables::collect(system, setup, values, over)
}

/// The busy share of all limited servers from the end of the warm-up until
/// `until`.
fn utilization(servers: &[Replica], until: Time) -> f64 {
    let limited =
        servers.iter().filter_map(|server| Some((server.limit()?, server.mean_busy(until))));
    let (count, busy) = limited
        .fold((0.0, 0.0), |(count, sum), (limit, busy)| (count + f64::from(limit), sum + busy));
    if count > 0.0 { busy / count } else { f64::NAN }
}
