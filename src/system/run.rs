//! One replication of one system, from the first request to the last.

use std::sync::atomic::{AtomicBool, Ordering};

use slab::Slab;

use super::measure::{Measures, Share};
use super::metrics;
use super::model::{Event, Recorder, System};
use super::setup::Setup;
use super::tables::{self, RunTables};
use super::timeline::Timeline;
use crate::cache::Hierarchy;
use crate::cost::{Candidate, Optimizer};
use crate::kernel::{Duration, Ended, Simulation, Streams, Time};
use crate::pipeline::{KeyMaker, Log, Params, Preprocessor};
use crate::serving::Replica;
use crate::workload::TraceError;

/// Why a run gave no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The trace could not be read to its end.
    #[error(transparent)]
    Trace(#[from] TraceError),
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
            return Err(failure.into());
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
    let limited = servers.iter().filter_map(Replica::limit).sum();
    let interval = setup.interval.or_else(|| setup.duration.map(|whole| split(whole, INTERVALS)));
    let pipeline = setup.pipeline.as_ref();
    Ok(System {
        last_arrival: setup.duration.map_or(Time::MAX, |whole| Time::ZERO + whole),
        most_requests: setup.requests.unwrap_or(u64::MAX),
        next: None,
        failure: None,
        requests: Slab::new(),
        arrived: 0,
        max_prompt_length: pipeline.map(|pipeline| pipeline.max_prompt_length),
        stages: pipeline.map(|pipeline| pipeline.stages.clone()).unwrap_or_default(),
        keys: KeyMaker::new(&params),
        params,
        caches: setup.cache.as_ref().map(|cache| Hierarchy::new(cache, streams)),
        optimizer: Optimizer::new(&setup.cost, &candidates, &users, setup.start),
        quality: candidates.iter().map(|(_, candidate)| candidate.quality).collect(),
        timeline: Timeline::new(interval, limited),
        measures: Measures {
            models: vec![Share::default(); servers.len()],
            users: vec![Share::default(); users.len()],
            ..Measures::default()
        },
        servers,
        output: streams.stream("serving.output"),
        measuring: false,
        log: Log::new(pipeline.map_or(0, |pipeline| pipeline.log.capacity)),
        recorder,
        source,
    })
}

fn split(whole: Duration, parts: u64) -> Duration {
    Duration::from_nanos(whole.as_nanos().div_ceil(parts).max(1))
}

fn finish(mut system: System<'_>, setup: &Setup, drained: Time, events: u64) -> RunTables {
    debug_assert!(system.requests.is_empty(), "every request that came in has left");
    let end = setup.duration.map_or(drained, |whole| Time::ZERO + whole);
    // Servers may still be at work when the window closes, or be idle long before.
    let over = drained.max(end);
    let measures = &mut system.measures;
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
