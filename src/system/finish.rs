//! The end of a run: everything is closed, and becomes its results.

use super::measure::FlowSums;
use super::measure::{self, Course, GatewaySums, judge_steadiness};
use super::model::System;
use super::monitors::{self, tables::Measured};
use super::run_error::RunError;
use super::setup::Setup;
use super::tables::{self, RunTables, replicas};
use super::upstream::Slots;
use crate::cost::allocate::{fairness, utility_had};
use crate::cost::{ModelId, Money};
use crate::kernel::Time;

/// The results of a run whose last event was at `now`.
///
/// # Errors
/// If its money is more than can be counted.
pub fn finish(
    mut system: System<'_>,
    setup: &Setup,
    now: Time,
    events: u64,
) -> Result<RunTables, RunError> {
    debug_assert!(system.upstream.is_idle(), "every attempt that was made has ended");
    debug_assert!(system.observers.timeline.is_idle(), "nothing is in the system or at work");
    debug_assert!(system.caches.is_idle(), "every flight has landed");
    // Timers of replicas, and of prompts that are kept alive, may go on for a while after the last request.
    let timers = system.observers.measures.has_fleets || system.upstream.keeps_alive();
    let drained = if timers { system.upstream.last_work } else { now };
    let end = setup.duration.map_or(drained, |whole| Time::ZERO + whole);
    // Servers may still be at work when the window closes, or be idle long before.
    let over = drained.max(end);
    if let Some(levels) = &mut system.caches.levels {
        levels.advance(over);
    }
    let flows = system.clients.workflows.as_ref().map(|it| FlowSums::of(it.engine.tally()));
    let allocation = division(&mut system, over);
    let gateway = system.upstream.queue().map(GatewaySums::of);
    let ledger = system.charge.optimizer.ledger();
    let observers = &mut system.observers;
    let measures = &mut observers.measures;
    if !observers.measuring {
        measures.window_start = end;
    }
    measures.flows = flows.unwrap_or_default();
    measures.allocation = allocation;
    measures.gateway = gateway;
    measures.alerts = ledger.alerts();
    measures.overshoot = ledger.overshoot();
    measures.window_end = end;
    measures.events = events;
    if let Some(monitors) = &mut observers.monitors {
        monitors.close(end, observers.closes, &mut observers.timeline);
        let window = Measured { from: observers.measures.window_start, end };
        observers.measures.monitors = Some(monitors::tables::sums(monitors, window));
    }
    let measures = &mut observers.measures;
    measures.busy = system.upstream.models.iter_mut().map(|it| busy(it, over)).collect();
    let all =
        measures.busy.iter().flatten().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    measures.utilization = if all.1 > 0.0 { all.0 / all.1 } else { f64::NAN };
    let shares = measures.busy.iter().flatten().map(|(busy, most)| busy / most);
    measures.saturation =
        if measures.has_fleets { f64::NAN } else { shares.fold(f64::NAN, f64::max) };
    if !measures.has_fleets {
        // Every model has one server of one GPU, and those that come and go are none.
        let window = end.since(measures.window_start);
        for model in (0..setup.models.len() as u32).map(ModelId) {
            let cost = system.charge.optimizer.charge_servers(model, 1, window);
            measures.serve_hours(model.0, 1, window, cost);
        }
    }
    let replicas = replicas::collect(&mut system, setup, over);
    let (optimizer, observers) = (&system.charge.optimizer, &mut system.observers);
    if optimizer.ledger().overflowed() {
        return Err(RunError::TooMuchMoney);
    }
    debug_assert!(optimizer.balances(), "the ledger balances");
    debug_assert_eq!(optimizer.ledger().held(), Money::ZERO, "nothing is held for nobody");
    let measures = &observers.measures;
    debug_assert_eq!(
        measures.requests,
        measures.completed + measures.errors + measures.rejected + measures.called_off,
        "requests in = answered + failed + called off"
    );
    observers.timeline.at(over);
    let blocked = observers.measures.flows.spent.blocked_ns.iter().any(|blocked| *blocked > 0);
    let course = Course {
        from: observers.measures.window_start,
        // Where no duration ends it, what is left at the last arrival only drains.
        end: setup.duration.map_or(system.clients.last_arrival, |_| end),
        requests: observers.measures.requests,
        rhythm: setup.workload.rhythm(),
        waited: blocked || observers.timeline.areas()[1] > 0 || setup.holds_back(),
    };
    observers.measures.steadiness = judge_steadiness(&course, &mut observers.timeline);
    system.upstream.trace_end(observers, over);
    debug_assert_eq!(
        observers.timeline.areas(),
        [observers.sojourn_ns, observers.waited_ns],
        "Little's law: requests x time = the sum of their times, in the system and in queues"
    );
    let values = measure::values(&observers.measures);
    Ok(tables::collect(system, setup, values, replicas, over))
}

/// The seconds that a model's servers were busy and could have been, from the end of the
/// warm-up until `until`; `None` where they are not limited.
fn busy(servers: &mut super::upstream::ModelServers, until: Time) -> Option<(f64, f64)> {
    servers.fleet.nodes_mut().iter_mut().try_fold((0.0, 0.0), |(busy, most), node| {
        let (more, could) = node.busy_s(until)?;
        Some((busy + more, most + could))
    })
}

/// Jain's index and the utility of what is divided, if anything is.
fn division(system: &mut System<'_>, end: Time) -> [f64; 2] {
    if let Some(Slots::Tenants(places)) = &mut system.upstream.slots {
        places.close(end);
    }
    let parts = match (system.upstream.places(), system.charge.optimizer.allocation()) {
        (Some(slots), _) => slots.parts(),
        (None, Some(allocation)) => allocation.parts(),
        (None, None) => return [f64::NAN; 2],
    };
    [fairness(parts), utility_had(parts)]
}
