//! A queueing system of one station, and the closed forms it is held against.

use windtunnel::kernel::{
    Admission, Discipline, Duration, EventId, Model, Scheduler, Simulation, Station, StationConfig,
    Stream, Streams, Ticket, Time,
};
use windtunnel::stats::{MeanCi, Moments, mean_ci};

/// Distribution of service times with a mean in seconds.
#[derive(Clone, Copy)]
pub enum Service {
    Exponential(f64),
    Constant(f64),
    /// The standard deviation of the logarithm.
    Lognormal(f64, f64),
    /// A share of `p` has the first mean, the others the second.
    Hyperexponential(f64, f64, f64),
}

impl Service {
    pub fn draw(self, stream: &mut Stream) -> f64 {
        match self {
            Service::Exponential(mean) => stream.exponential(mean),
            Service::Constant(mean) => mean,
            Service::Lognormal(mean, sigma) => {
                mean * (sigma * stream.normal() - sigma * sigma / 2.0).exp()
            }
            Service::Hyperexponential(p, first, second) => {
                let mean = if stream.uniform() < p { first } else { second };
                stream.exponential(mean)
            }
        }
    }

    pub fn mean(self) -> f64 {
        match self {
            Service::Exponential(mean) | Service::Constant(mean) | Service::Lognormal(mean, _) => {
                mean
            }
            Service::Hyperexponential(p, first, second) => p * first + (1.0 - p) * second,
        }
    }

    pub fn second_moment(self) -> f64 {
        match self {
            Service::Exponential(mean) => 2.0 * mean * mean,
            Service::Constant(mean) => mean * mean,
            Service::Lognormal(mean, sigma) => mean * mean * (sigma * sigma).exp(),
            Service::Hyperexponential(p, first, second) => {
                2.0 * (p * first * first + (1.0 - p) * second * second)
            }
        }
    }
}

/// Poisson arrivals at one station.
#[derive(Clone, Copy)]
pub struct System {
    pub station: StationConfig,
    /// Arrivals per second.
    pub rate: f64,
    pub service: Service,
    /// The share of arrivals in class 0, which go first; the others are class 1.
    pub urgent: f64,
    /// Mean of an exponential patience in seconds.
    pub patience: Option<f64>,
}

impl System {
    pub fn new(servers: u32, rate: f64, service: Service) -> Self {
        System { station: StationConfig::new(servers), rate, service, urgent: 0.0, patience: None }
    }

    pub fn with_priorities(mut self, urgent: f64) -> Self {
        self.station.discipline = Discipline::Priority;
        self.urgent = urgent;
        self
    }
}

/// What one replication measured, after its warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    pub in_system: f64,
    pub in_queue: f64,
    pub utilization: f64,
    /// Mean seconds from arrival to departure.
    pub sojourn: f64,
    /// Mean seconds in the queue, of all and of each class.
    pub wait: f64,
    pub class_wait: [f64; 2],
    /// The share of arrivals that had to wait, that were refused, that left.
    pub waited: f64,
    pub refused: f64,
    pub abandoned: f64,
    pub events: u64,
}

#[derive(Clone, Copy)]
struct Job {
    number: usize,
    class: u32,
    arrival: Time,
}

enum Event {
    Arrival,
    Departure(Job),
    Impatience(Job),
    EndOfWarmup,
}

struct Desk {
    system: System,
    station: Station<Job>,
    arrivals: Stream,
    services: Stream,
    classes: Stream,
    patience: Stream,
    /// Of each job that may lose its patience.
    leaving: Vec<Option<(Ticket, EventId)>>,
    sojourn: Moments,
    class_wait: [Moments; 2],
}

impl Desk {
    fn begin(&mut self, job: Job, sim: &mut Scheduler<Event>) {
        if let Some(Some((_, impatience))) = self.leaving.get(job.number) {
            sim.cancel(*impatience);
        }
        self.class_wait[job.class as usize].push(sim.now().since(job.arrival).as_secs_f64());
        let service = Duration::from_secs_f64(self.system.service.draw(&mut self.services));
        sim.schedule_in(service, Event::Departure(job));
    }

    fn arrive(&mut self, sim: &mut Scheduler<Event>) {
        sim.schedule_in(self.arrivals.exponential_span(1.0 / self.system.rate), Event::Arrival);
        let class = u32::from(self.classes.uniform() >= self.system.urgent);
        let job = Job { number: self.leaving.len(), class, arrival: sim.now() };
        match self.station.arrive(sim.now(), job, class) {
            Admission::Start => self.begin(job, sim),
            Admission::Queued(ticket) => {
                if let Some(mean) = self.system.patience {
                    let patience = self.patience.exponential_span(mean);
                    let event = sim.schedule_in(patience, Event::Impatience(job));
                    self.leaving.push(Some((ticket, event)));
                    return;
                }
            }
            Admission::Refused => {}
        }
        if self.system.patience.is_some() {
            self.leaving.push(None);
        }
    }
}

impl Model for Desk {
    type Event = Event;

    fn handle(&mut self, event: Event, sim: &mut Scheduler<Event>) {
        match event {
            Event::Arrival => self.arrive(sim),
            Event::Departure(job) => {
                self.sojourn.push(sim.now().since(job.arrival).as_secs_f64());
                if let Some(next) = self.station.finish(sim.now()) {
                    self.begin(next, sim);
                }
            }
            Event::Impatience(job) => {
                let (ticket, _) = self.leaving[job.number].expect("it was queued");
                let left = self.station.remove(sim.now(), ticket);
                assert!(
                    left.is_some_and(|left| left.number == job.number),
                    "cancelled when it began"
                );
            }
            Event::EndOfWarmup => {
                self.station.reset(sim.now());
                self.sojourn = Moments::default();
                self.class_wait = [Moments::default(); 2];
            }
        }
    }
}

/// One replication: `secs` of virtual time after a tenth of that as warm-up.
pub fn replicate(system: System, seed: u64, replication: u64, secs: u64) -> Measured {
    replicate_on(system, Streams::new(seed, replication), secs)
}

/// The same on given streams.
pub fn replicate_on(system: System, streams: Streams, secs: u64) -> Measured {
    let mut sim = Simulation::new(Desk {
        system,
        station: Station::new(system.station),
        arrivals: streams.stream("arrivals"),
        services: streams.stream("services"),
        classes: streams.stream("classes"),
        patience: streams.stream("patience"),
        leaving: Vec::new(),
        sojourn: Moments::default(),
        class_wait: [Moments::default(); 2],
    });
    sim.scheduler_mut().schedule_at(Time::ZERO, Event::Arrival);
    sim.scheduler_mut().schedule_at(Time::from_secs(secs / 10), Event::EndOfWarmup);
    sim.run_until(Time::from_secs(secs / 10 + secs));
    let now = sim.now();
    let (station, counts) = (&sim.model.station, sim.model.station.counts());
    Measured {
        in_system: station.waiting().mean(now) + station.busy().mean(now),
        in_queue: station.waiting().mean(now),
        utilization: station.utilization(now),
        sojourn: sim.model.sojourn.mean(),
        wait: counts.wait_mean_s(),
        class_wait: sim.model.class_wait.map(|wait| wait.mean()),
        waited: counts.queued as f64 / counts.arrivals as f64,
        refused: counts.refused_share(),
        abandoned: counts.removed as f64 / counts.arrivals as f64,
        events: sim.events(),
    }
}

/// Replications of `system`, whose measurements [`Runs::assert`] holds against
/// theory.
pub struct Runs(Vec<Measured>);

impl Runs {
    pub fn of(system: System, secs: u64) -> Self {
        Runs((0..24).map(|replication| replicate(system, 2026, replication, secs)).collect())
    }

    /// The 99.9 % interval holds `theory`, and is narrower than `precision` of it
    /// to each side, so that a wrong simulator would be seen. Both are printed, for
    /// `docs/validation.md`.
    pub fn assert(
        &self,
        name: &str,
        theory: f64,
        precision: f64,
        measure: impl Fn(&Measured) -> f64,
    ) {
        let values: Vec<f64> = self.0.iter().map(measure).collect();
        let ci: MeanCi = mean_ci(&values, 0.999);
        println!("{name}: theory {theory:.4}, simulated {:.4} +- {:.4}", ci.mean, ci.half_width);
        assert!(ci.contains(theory), "{name}: {ci:?} does not hold {theory}");
        assert!(ci.half_width < precision * theory, "{name}: {ci:?} is too wide around {theory}");
    }
}

/// Erlang B: the share of arrivals lost by `servers` servers without a queue,
/// offered `load` erlangs (by recursion).
pub fn erlang_b(servers: u32, load: f64) -> f64 {
    (1..=servers).fold(1.0, |blocked, n| load * blocked / (f64::from(n) + load * blocked))
}

/// Erlang C: the share of arrivals that wait for one of `servers` servers.
pub fn erlang_c(servers: u32, load: f64) -> f64 {
    let blocked = erlang_b(servers, load);
    let utilization = load / f64::from(servers);
    blocked / (1.0 - utilization * (1.0 - blocked))
}
