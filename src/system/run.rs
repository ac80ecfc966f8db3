//! One replication of one system, from the first request to the last.

use std::sync::atomic::{AtomicBool, Ordering};

use super::build::{build, measuring_begins};
use super::end_of_time::end_of_time;
use super::event::Event;
use super::finish::finish;
use super::measure::Recorder;
use super::run_error::RunError;
use super::setup::Setup;
use super::tables::RunTables;
use super::tracer::Tracer;
use crate::kernel::{Ended, Simulation, Streams};

/// Events between two looks at the stop flag.
const SLICE: u64 = 1 << 13;

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
    let mut simulation = Simulation::new(build(setup, streams, recorder, tracer)?);
    let (system, scheduler) = simulation.parts_mut();
    if let Some(at) = measuring_begins(setup) {
        scheduler.schedule_at(at, Event::Measure);
    }
    system.clients.fetch(scheduler);
    let (upstream, mut cx) = system.upstream(scheduler);
    upstream.start(&mut cx);
    loop {
        let ended = simulation.run_events(SLICE);
        if let Some(failure) = simulation.model.clients.failure.take() {
            return Err(failure);
        }
        if stop.load(Ordering::Relaxed) {
            return Err(RunError::Interrupted);
        }
        match ended {
            Ended::EndOfTime if simulation.model.awaits_something() => {
                return Err(end_of_time(simulation.next_event()));
            }
            // What comes after the end of time is, say, a crash that nobody is left to see.
            Ended::Drained | Ended::EndOfTime => break,
            Ended::Stopped | Ended::Reached => {}
        }
    }
    let system = &simulation.model;
    let workflows = system.clients.workflows.as_ref();
    if let Some(step) = workflows.and_then(|workflows| workflows.engine.stuck()) {
        return Err(RunError::Deadlock { step });
    }
    if !system.requests.is_empty() {
        return Err(RunError::Forgotten { requests: system.requests.len() });
    }
    let (events, now) = (simulation.events(), simulation.now());
    finish(simulation.model, setup, now, events)
}
