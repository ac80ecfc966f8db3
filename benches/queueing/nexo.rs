//! M/M/c on nexosim, written for its speed: one model that schedules its own
//! events (no messages between models), on the single-threaded executor.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use nexosim::model::{Context, Model, schedulable};
use nexosim::simulation::{Mailbox, SimInit, Simulation};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use windtunnel::kernel::{Admission, Station, StationConfig, Stream, Streams, Time};

use super::{Outcome, Shop};

/// State that nexosim need not save.
struct State {
    shop: Shop,
    station: Station<()>,
    arrivals: Stream,
    services: Stream,
    /// Where the counts are left at the end of the run.
    report: Report,
}

type Report = Arc<Mutex<Outcome>>;

#[derive(Serialize, Deserialize)]
pub struct System {
    #[serde(skip)]
    state: Option<Box<State>>,
}

/// nexosim refuses an event at the present instant.
fn span(stream: &mut Stream, mean: f64) -> Duration {
    Duration::from_nanos(stream.exponential_span(mean).as_nanos().max(1))
}

fn now(cx: &Context<System>) -> Time {
    let time = cx.time();
    Time(time.as_secs() as u64 * 1_000_000_000 + u64::from(time.subsec_nanos()))
}

#[Model]
impl System {
    #[nexosim(init)]
    #[allow(clippy::unused_async)] // nexosim asks for it
    async fn init(&mut self, cx: &Context<Self>) {
        self.schedule_arrival(cx);
    }

    #[nexosim(schedulable)]
    fn arrive(&mut self, (): (), cx: &Context<Self>) {
        self.schedule_arrival(cx);
        if self.state().station.arrive(now(cx), (), 0) == Admission::Start {
            self.schedule_departure(cx);
        }
    }

    #[nexosim(schedulable)]
    fn depart(&mut self, (): (), cx: &Context<Self>) {
        if self.state().station.finish(now(cx)).is_some() {
            self.schedule_departure(cx);
        }
    }

    fn schedule_arrival(&mut self, cx: &Context<Self>) {
        let state = self.state();
        let gap = span(&mut state.arrivals, state.shop.gap);
        cx.schedule_event(gap, schedulable!(Self::arrive), ()).expect("the gap is positive");
    }

    fn schedule_departure(&mut self, cx: &Context<Self>) {
        let state = self.state();
        let service = span(&mut state.services, state.shop.service);
        cx.schedule_event(service, schedulable!(Self::depart), ()).expect("the span is positive");
    }

    fn state(&mut self) -> &mut State {
        self.state.as_mut().expect("the state is set before the run")
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let counts = self.station.counts();
        if let Ok(mut report) = self.report.lock() {
            *report = (counts.arrivals, counts.started, counts.wait_nanos);
        }
    }
}

/// The system before its first arrival, and where its counts will be when it is
/// dropped.
pub fn simulation(shop: Shop) -> (Simulation, Report) {
    let report = Report::default();
    let streams = Streams::new(42, 0);
    let state = Box::new(State {
        shop,
        station: Station::new(StationConfig::new(shop.servers)),
        arrivals: streams.stream("arrivals"),
        services: streams.stream("services"),
        report: Arc::clone(&report),
    });
    let simulation = SimInit::with_num_threads(1)
        .add_model(System { state: Some(state) }, Mailbox::new(), "shop")
        .init(MonotonicTime::EPOCH)
        .expect("the bench is sound");
    (simulation, report)
}

/// Runs for `secs` of virtual time.
pub fn run(simulation: &mut Simulation, secs: u64) {
    simulation.step_until(Duration::from_secs(secs)).expect("the model does not fail");
}
