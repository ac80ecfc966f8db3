//! One replication of one system, from the first request to the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use slab::Slab;

use super::breakdown::Breakdown;
use super::end_of_time::end_of_time;
use super::flows::Flows;
use super::measure::{Measures, Share};
use super::metrics;
use super::model::{Event, Recorder, Semantic, System};
use super::pool::Pool;
use super::replicas;
use super::setup::{Setup, Warmup};
use super::single_flight::Flights;
use super::slo::Classes;
use super::tables::{self, RunTables};
use super::timeline::{Serving, Timeline};
use super::trace::Tracer;
use super::watch::Watch;
use crate::cache::{CacheSpec, Hierarchy, NegativeCache, PrefixCache};
use crate::cost::allocate::Places;
use crate::cost::{Candidate, Levers, Money, Optimizer};
use crate::kernel::{Duration, Ended, Simulation, Streams, Time};
use crate::pipeline::Log;
use crate::serving::{Fleet, ModelSpec, Replica};
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
    /// Nothing is to come, and a workflow has not ended.
    #[error("deadlock: nothing is to come, and this step has not ended: {step}")]
    Deadlock {
        /// Workflow and step.
        step: String,
    },
    /// Something is still to come when virtual time is at its end.
    #[error(
        "virtual time ends 584 years after the start, and {what} would come later: look at \
         {settings}"
    )]
    EndOfTime {
        /// What never comes.
        what: &'static str,
        /// The settings that may have made it so.
        settings: String,
    },
    /// A total of money is more than can be counted.
    #[error(
        "the money of this run adds up to more than $1.7e26, which cannot be counted exactly: \
         look at the prices under `models`, and at the numbers of requests, tokens and replicas"
    )]
    TooMuchMoney,
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Events between two looks at the stop flag.
const SLICE: u64 = 1 << 13;

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
    run_traced(setup, streams, stop, recorder, None)
}

/// The same; `tracer` is told of all that happens.
///
/// # Errors
/// As [`run`].
pub fn run_traced<'r>(
    setup: &Setup,
    streams: &Streams,
    stop: &AtomicBool,
    recorder: Option<Recorder<'r>>,
    tracer: Option<&'r mut dyn Tracer>,
) -> Result<RunTables, RunError> {
    let mut system = build(setup, streams, recorder)?;
    system.tracer = tracer;
    let mut simulation = Simulation::new(system);
    let by_time = match setup.warmup {
        Warmup::None | Warmup::Auto => Some(Duration::ZERO),
        Warmup::After(span) => Some(span),
        Warmup::Requests(_) => None,
    };
    if let Some(span) = by_time {
        simulation.scheduler_mut().schedule_at(Time::ZERO + span, Event::Measure);
    }
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
        match ended {
            Ended::Drained => break,
            Ended::EndOfTime if simulation.model.awaits_something() => {
                return Err(end_of_time(simulation.next_event()));
            }
            // A crash, say, that nobody is left to see.
            Ended::EndOfTime => break,
            Ended::Stopped | Ended::Reached => {}
        }
    }
    let stuck = simulation.model.flows.as_ref().and_then(|flows| flows.engine.stuck());
    if let Some(step) = stuck {
        return Err(RunError::Deadlock { step });
    }
    let events = simulation.events();
    let drained = simulation.model.drained(simulation.now());
    finish(simulation.model, setup, drained, events)
}

fn build<'r>(
    setup: &Setup,
    streams: &Streams,
    recorder: Option<Recorder<'r>>,
) -> Result<System<'r>, TraceError> {
    let source = setup.workload.source(streams)?;
    let users: Vec<(String, Option<String>)> = source
        .users()
        .iter()
        .map(|user| (user.name.clone(), Some(user.class.to_string())))
        .collect();
    let candidates = candidates(setup);
    let server = |(name, model): &(String, ModelSpec)| {
        Replica::new(&model.server, streams.stream(&format!("serving.{name}.latency")))
    };
    let servers: Vec<Replica> = setup.models.iter().map(server).collect();
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
        admitted: 0,
        flows: setup
            .workflows
            .as_ref()
            .map(|plan| Box::new(Flows::new(plan, streams, setup.record_workflows))),
        max_prompt_length: pipeline.map(|pipeline| pipeline.max_prompt_length),
        stages: pipeline.map(|pipeline| pipeline.stages.clone()).unwrap_or_default(),
        keys: Arc::clone(&setup.keys),
        params: Arc::clone(&setup.params),
        caches,
        semantic: setup.semantic.as_ref().map(|plan| Semantic {
            cache: plan.cache(streams),
            wrong_answer_quality: plan.spec().wrong_answer_quality.get(),
            promote: plan.spec().promote,
        }),
        flights: cache.filter(|cache| cache.single_flight).map(|_| Flights::default()),
        negative: cache.and_then(|cache| cache.negative_ttl).map(NegativeCache::new),
        lives: lives(cache, source.users()),
        places: setup.cost.allocate.as_ref().and_then(|allocate| {
            let models: Vec<&str> = candidates.iter().map(|(name, _)| name.as_str()).collect();
            Places::new(allocate, &users, &setup.cost.teams, &models)
        }),
        division_awaited: false,
        optimizer: Optimizer::new(&setup.cost, &candidates, &users, setup.start, streams),
        levers: setup.cost.levers.as_ref().map(|levers| {
            let models: Vec<&str> = candidates.iter().map(|(name, _)| name.as_str()).collect();
            Levers::new(levers, &models, &users, streams)
        }),
        quality: candidates.iter().map(|(_, candidate)| candidate.quality).collect(),
        timeline: Timeline::new(interval, serving),
        breakdown: Breakdown::asked(setup, users.len()),
        measures: Measures {
            models: vec![Share::default(); servers.len()],
            users: vec![Share::default(); users.len()],
            classes: Classes::new(setup.slo.as_ref(), source.slo_classes(), users.len()),
            has_engines: setup.models.iter().map(|(_, it)| it.server.engine.is_some()).collect(),
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
        first_measured: match setup.warmup {
            Warmup::Requests(requests) => requests,
            _ => u64::MAX,
        },
        tracer: None,
        watch: Watch::new(setup, source.slo_classes()),
        log: Log::new(pipeline.map_or(0, |pipeline| pipeline.log.capacity)),
        recorder,
        source,
    })
}

/// What the optimizer knows of the models.
fn candidates(setup: &Setup) -> Vec<(String, Candidate)> {
    let candidate = |(name, model): &(String, ModelSpec)| {
        let candidate = Candidate { price: model.price.price(), quality: model.quality.get() };
        (name.clone(), candidate)
    };
    setup.models.iter().map(candidate).collect()
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

fn finish(
    mut system: System<'_>,
    setup: &Setup,
    drained: Time,
    events: u64,
) -> Result<RunTables, RunError> {
    debug_assert!(system.requests.is_empty(), "every request that came in has left");
    let end = setup.duration.map_or(drained, |whole| Time::ZERO + whole);
    // Servers may still be at work when the window closes, or be idle long before.
    let over = drained.max(end);
    debug_assert!(system.flights.as_ref().is_none_or(Flights::is_empty), "every flight has landed");
    if let Some(caches) = &mut system.caches {
        caches.advance(over);
    }
    let flows = system.flow_sums();
    let allocation = system.division(over);
    let measures = &mut system.measures;
    if !system.measuring {
        measures.window_start = end;
    }
    measures.flows = flows;
    measures.has_levers = system.levers.is_some();
    measures.allocation = allocation;
    measures.alerts = system.optimizer.ledger().alerts();
    measures.window_end = end;
    measures.events = events;
    measures.overshoot = system.optimizer.ledger().overshoot();
    system.watch_end(end);
    let busy = system.busy(over);
    let measures = &mut system.measures;
    let all = busy.iter().flatten().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    measures.utilization = if all.1 > 0.0 { all.0 / all.1 } else { f64::NAN };
    measures.busy = busy;
    measures.has_fleets = system.pool.active;
    system.charge_servers(end.since(system.measures.window_start));
    if system.optimizer.ledger().overflowed() {
        return Err(RunError::TooMuchMoney);
    }
    let replicas = replicas::collect(&mut system, setup, over);
    debug_assert!(system.optimizer.balances(), "the ledger balances");
    debug_assert_eq!(system.optimizer.ledger().held(), Money::ZERO, "nothing is held for nobody");
    let measures = &mut system.measures;
    debug_assert_eq!(
        measures.requests,
        measures.completed + measures.errors + measures.rejected + measures.called_off,
        "requests in = answered + failed + called off"
    );
    system.timeline.at(over);
    system.judge_steadiness(end);
    system.trace_end(over);
    debug_assert_eq!(
        system.timeline.areas(),
        [system.sojourn_ns, system.waited_ns],
        "Little's law: requests x time = the sum of their times, in the system and in queues"
    );
    let measures = &mut system.measures;
    let values = metrics::values(measures);
    Ok(tables::collect(system, setup, values, replicas, over))
}

/// What there is to serve at first.
fn serving(servers: &[Replica], pool: &Pool) -> Serving {
    let mut serving = Serving::default();
    for (model, server) in servers.iter().enumerate() {
        let up = pool.fleets.get(model).map_or(1, |fleet| fleet.up() as u32);
        serving.replicas += up;
        let width = pool.widths.get(model).copied().or(server.limit()).unwrap_or(0);
        serving.servers += up * width;
    }
    serving
}

impl System<'_> {
    /// Whether a request or a workflow is under way, or one is still to come.
    fn awaits_something(&self) -> bool {
        let workflows = self.flows.as_ref().is_some_and(|flows| flows.engine.stuck().is_some());
        self.next.is_some() || !self.following.is_empty() || !self.requests.is_empty() || workflows
    }

    /// When the last request or attempt ended; `now` where nothing else is to come
    /// after that.
    fn drained(&self, now: Time) -> Time {
        if self.pool.active { self.pool.last_work } else { now }
    }

    /// By model: the seconds that its servers were busy and could have been, from the
    /// end of the warm-up until `until`; `None` where they are not limited.
    fn busy(&mut self, until: Time) -> Vec<Option<(f64, f64)>> {
        if !self.pool.active {
            let busy = |server: &Replica| {
                server.limit().map(|limit| (server.mean_busy(until), f64::from(limit)))
            };
            return self.servers.iter().map(busy).collect();
        }
        let of_fleet = |fleet: &mut Fleet| {
            fleet.nodes_mut().iter_mut().try_fold((0.0, 0.0), |(busy, most), node| {
                let (more, could) = node.busy_s(until)?;
                Some((busy + more, most + could))
            })
        };
        self.pool.fleets.iter_mut().map(of_fleet).collect()
    }
}
