//! M/M/1: customers come at random to one clerk, and are served in turn.
//!
//! ```text
//!               ┌─────────────────────────┐
//!  arrivals     │  queue         ┌───────┐│
//!  0.8/s ──────►│  ○ ○ ○ ○ ─────►│ clerk ││──────► departures
//!  Poisson      │                │ 1/s   ││
//!               └────────────────┴───────┴┘
//! ```
//!
//! `cargo run --release --example mm1`

use windtunnel::kernel::{
    Admission, Model, Scheduler, Simulation, Station, StationConfig, Stream, Streams, Time,
};

/// Arrivals and services per second.
const ARRIVALS: f64 = 0.8;
const SERVICES: f64 = 1.0;

enum Event {
    Arrival,
    Departure,
}

struct Office {
    clerk: Station<()>,
    arrivals: Stream,
    services: Stream,
}

impl Model for Office {
    type Event = Event;

    fn handle(&mut self, event: Event, sim: &mut Scheduler<Event>) {
        let begins = match event {
            Event::Arrival => {
                sim.schedule_in(self.arrivals.exponential_span(1.0 / ARRIVALS), Event::Arrival);
                self.clerk.arrive(sim.now(), (), 0) == Admission::Start
            }
            Event::Departure => self.clerk.finish(sim.now()).is_some(),
        };
        if begins {
            sim.schedule_in(self.services.exponential_span(1.0 / SERVICES), Event::Departure);
        }
    }
}

fn main() {
    let streams = Streams::new(42, 0);
    let (arrivals, services) = (streams.stream("arrivals"), streams.stream("services"));
    let clerk = Station::new(StationConfig::new(1));
    let mut sim = Simulation::new(Office { clerk, arrivals, services });
    sim.scheduler_mut().schedule_at(Time::ZERO, Event::Arrival);
    sim.run_until(Time::from_secs(5_000_000));

    let clerk = &sim.model.clerk;
    let wait = clerk.counts().wait_mean_s();
    let load = ARRIVALS / SERVICES;
    let row = |name: &str, simulated: f64, theory: f64| {
        println!("{name:<28}{simulated:>12.4}{theory:>12.4}");
    };
    println!("{} events{:>32}{:>12}", sim.events(), "simulated", "theory");
    let here = clerk.waiting().mean(sim.now()) + clerk.busy().mean(sim.now());
    row("L   customers here", here, load / (1.0 - load));
    // Little's law: those here came at this rate, and each stayed for so long.
    let rate = clerk.counts().arrivals as f64 / sim.now().as_secs_f64();
    row("W   seconds here", here / rate, 1.0 / (SERVICES - ARRIVALS));
    row("Wq  seconds in the queue", wait, load / (SERVICES - ARRIVALS));
    row("    share of time busy", clerk.utilization(sim.now()), load);
}
