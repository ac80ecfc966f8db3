//! A general library for discrete-event simulation. It knows no LLM.
//!
//! A simulation is a clock that jumps from event to event. You say what can
//! happen (an enum), and what each happening does to your system: change its
//! state, and schedule what follows. Here is a shop with one till, to which
//! customers come at random:
//!
//! ```
//! use windtunnel::kernel::{
//!     Admission, Duration, Model, Scheduler, Simulation, Station, StationConfig, Stream, Streams, Time,
//! };
//!
//! enum Event { Arrival, Departure }
//!
//! struct Shop { till: Station<()>, arrivals: Stream, services: Stream }
//!
//! impl Model for Shop {
//!     type Event = Event;
//!
//!     fn handle(&mut self, event: Event, sim: &mut Scheduler<Event>) {
//!         let begins = match event {
//!             Event::Arrival => {
//!                 sim.schedule_in(self.arrivals.exponential_span(1.0), Event::Arrival);
//!                 self.till.arrive(sim.now(), (), 0) == Admission::Start
//!             }
//!             Event::Departure => self.till.finish(sim.now()).is_some(),
//!         };
//!         if begins {
//!             sim.schedule_in(self.services.exponential_span(0.8), Event::Departure);
//!         }
//!     }
//! }
//!
//! let streams = Streams::new(42, 0);
//! let mut sim = Simulation::new(Shop {
//!     till: Station::new(StationConfig::new(1)),
//!     arrivals: streams.stream("arrivals"),
//!     services: streams.stream("services"),
//! });
//! sim.scheduler_mut().schedule_in(Duration::ZERO, Event::Arrival);
//! sim.run_until(Time::from_secs(100_000));
//!
//! // The queue of M/M/1 at load 0.8 has a mean length of 0.8^2 / (1 - 0.8).
//! assert!((sim.model.till.waiting().mean(sim.now()) - 3.2).abs() < 0.2);
//! ```
//!
//! # The parts
//! | for | use |
//! |---|---|
//! | the loop: what happens, when, until when | [`Model`], [`Scheduler`], [`Simulation`] |
//! | virtual time, whole nanoseconds | [`Time`], [`Duration`] |
//! | chance: one stream of random numbers per component | [`Streams`], [`Stream`] |
//! | chance that belongs to things, not to moments | [`Keyed`] |
//! | servers with a queue before them | [`Station`], [`Queue`] |
//! | a level over time: its mean, greatest value, integral | [`Gauge`] |
//! | the future, on its own | [`EventList`] |
//!
//! # What you can rely on
//! - Events happen in order of time, and in the order in which they were
//!   scheduled among equal times; late events
//!   ([`schedule_late_at`](Scheduler::schedule_late_at)) after all others of their
//!   instant.
//! - The same seed gives the same run, on every machine: time is integer, the
//!   generators are specified, and logarithms come from `libm`.
//! - [`Scheduler::cancel`] takes back an event at the cost of a lookup, and many
//!   cancelled timeouts do not pile up.

pub mod event_list;
pub mod gauge;
pub mod keyed_uniform;
pub mod normal;
mod queue;
pub mod random;
pub mod simulation;
pub mod station;
pub mod time;

pub use event_list::{EventId, EventList};
pub use gauge::Gauge;
pub use keyed_uniform::Keyed;
pub use normal::normal_quantile;
pub use queue::{Discipline, Queue, Ticket};
pub use random::{Stream, Streams};
pub use simulation::{Ended, Model, Scheduler, Simulation};
pub use station::{Admission, Station, StationConfig, StationCounts};
pub use time::{Duration, Time};
