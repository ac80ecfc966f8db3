//! M/M/c on this crate's kernel.

use windtunnel::kernel::{
    Admission, Model, Scheduler, Simulation, Station, StationConfig, Stream, Streams, Time,
};

use super::{Outcome, Shop};

pub enum Event {
    Arrival,
    Departure,
}

pub struct System {
    shop: Shop,
    station: Station<()>,
    arrivals: Stream,
    services: Stream,
}

impl Model for System {
    type Event = Event;

    fn handle(&mut self, event: Event, sim: &mut Scheduler<Event>) {
        let begins = match event {
            Event::Arrival => {
                sim.schedule_in(self.arrivals.exponential_span(self.shop.gap), Event::Arrival);
                self.station.arrive(sim.now(), (), 0) == Admission::Start
            }
            Event::Departure => self.station.finish(sim.now()).is_some(),
        };
        if begins {
            sim.schedule_in(self.services.exponential_span(self.shop.service), Event::Departure);
        }
    }
}

/// The system before its first arrival.
pub fn simulation(shop: Shop) -> Simulation<System> {
    let streams = Streams::new(42, 0);
    let mut sim = Simulation::new(System {
        shop,
        station: Station::new(StationConfig::new(shop.servers)),
        arrivals: streams.stream("arrivals"),
        services: streams.stream("services"),
    });
    let (model, scheduler) = sim.parts_mut();
    scheduler.schedule_in(model.arrivals.exponential_span(shop.gap), Event::Arrival);
    sim
}

/// Runs for `secs` of virtual time.
pub fn run(sim: &mut Simulation<System>, secs: u64) -> Outcome {
    sim.run_until(Time::from_secs(secs));
    let counts = sim.model.station.counts();
    (counts.arrivals, counts.started, counts.wait_nanos)
}
