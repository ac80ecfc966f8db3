//! A run's system, put together from its setup.

use super::agenda::Agenda;
use super::caches::Caches;
use super::charge::Charge;
use super::clients::Clients;
use super::ids::Table;
use super::measure::{Breakdown, Measures, Observers, Recorder, Timeline};
use super::model::System;
use super::monitors::Monitors;
use super::setup::{Setup, Warmup};
use super::tracer::Tracer;
use super::upstream::{Slots, Upstream};
use crate::cost::allocate::Places;
use crate::cost::{Candidate, Levers, Optimizer};
use crate::gateway::queue::Queue;
use crate::kernel::{Duration, Streams, Time};
use crate::pipeline::Log;
use crate::serving::ModelSpec;
use crate::workload::TraceError;

/// Intervals of a timeline whose length is known beforehand.
const INTERVALS: u64 = 60;

/// The system of one replication.
///
/// # Errors
/// If the trace cannot be opened.
pub fn build<'r>(
    setup: &Setup,
    streams: &Streams,
    recorder: Option<Recorder<'r>>,
    tracer: Option<&'r mut dyn Tracer>,
) -> Result<System<'r>, TraceError> {
    let source = setup.workload.source(streams)?;
    let users: Vec<(String, Option<String>)> = source
        .users()
        .iter()
        .map(|user| (user.name.clone(), Some(user.class.to_string())))
        .collect();
    let candidates = candidates(setup);
    let names: Vec<&str> = candidates.iter().map(|(name, _)| name.as_str()).collect();
    let allocate = setup.cost.allocate.as_ref();
    let places = allocate.and_then(|spec| Places::new(spec, &users, &setup.cost.teams, &names));
    let queue = setup.gateway.as_ref().and_then(|gateway| gateway.queue.as_ref());
    let slots = match (places, queue) {
        (Some(places), _) => Some(Slots::Tenants(places)),
        (None, Some(spec)) => {
            let queue = Queue::new(spec, &setup.cost, source.users(), source.slo_classes());
            Some(Slots::Gateway(Box::new(queue)))
        }
        (None, None) => None,
    };
    let upstream = Upstream::new(setup, &source, slots, streams);
    let pipeline = setup.pipeline.as_ref();
    let caches = Caches::new(setup, source.users(), streams);
    let charge = Charge {
        optimizer: Optimizer::new(&setup.cost, &candidates, &users, setup.start, streams),
        levers: setup
            .cost
            .levers
            .as_ref()
            .map(|levers| Levers::new(levers, &names, &users, streams)),
        lists: setup.cost.levers.is_some() || setup.record_spend || recorder.is_some(),
    };
    let interval = setup.interval.or_else(|| setup.duration.map(|whole| split(whole, INTERVALS)));
    let clients = Clients::new(setup, source, streams);
    let observers = Observers {
        measuring: false,
        measures: Measures::new(setup, &clients.source),
        timeline: Timeline::new(interval, upstream.serving()).paid_until(clients.closes),
        breakdown: Breakdown::asked(setup, users.len()),
        monitors: Monitors::new(setup, clients.source.slo_classes()),
        log: Log::new(pipeline.map_or(0, |pipeline| pipeline.log.capacity)),
        recorder,
        tracer,
        closes: clients.closes,
        sojourn_ns: 0,
        waited_ns: 0,
    };
    Ok(System {
        clients,
        caches,
        upstream,
        charge,
        observers,
        agenda: Agenda::default(),
        requests: Table::default(),
        stages: pipeline.map(|pipeline| pipeline.stages.clone()).unwrap_or_default(),
        max_prompt_length: pipeline.map(|pipeline| pipeline.max_prompt_length),
        admitted: 0,
        first_measured: match setup.warmup {
            Warmup::Requests(requests) => requests,
            _ => u64::MAX,
        },
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

fn split(whole: Duration, parts: u64) -> Duration {
    Duration::from_nanos(whole.as_nanos().div_ceil(parts).max(1))
}

/// When measuring begins by the clock, if it does.
pub fn measuring_begins(setup: &Setup) -> Option<Time> {
    match setup.warmup {
        Warmup::None | Warmup::Auto => Some(Time::ZERO),
        Warmup::After(span) => Some(Time::ZERO + span),
        Warmup::Requests(_) => None,
    }
}
