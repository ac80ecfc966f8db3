//! Runs workflows without the rest of the system: calls of models take a time that
//! the test says.

use windtunnel::kernel::{Duration, EventId, Model, Scheduler, Simulation, Streams, Time};
use windtunnel::orchestration::{
    Answered, End, Engine, OrchestrationSpec, Plan, Tally, Wake, World,
};
use windtunnel::spec::Problems;
use windtunnel::workload::{CallId, DataPaths, Incoming, Profile, PromptId, UserId};

/// What a model makes of a call.
pub struct Reply {
    pub after: Duration,
    pub tokens: u32,
    pub quality: f64,
    pub cost: f64,
}

impl Default for Reply {
    fn default() -> Self {
        Reply { after: Duration::ZERO, tokens: 10, quality: 1.0, cost: 0.0 }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Event {
    Arrive(u64),
    Answer(CallId, u32, f64, f64),
    Wake(Wake),
}

type Replies<'d> = Box<dyn FnMut(&Incoming) -> Reply + 'd>;

/// What is around the engine in a test.
pub struct Driver<'d> {
    pub engine: Engine,
    pub ends: Vec<(End, Time)>,
    pub asked: Vec<Incoming>,
    pub charged: f64,
    replies: Replies<'d>,
    arrivals: Vec<Incoming>,
}

struct Outside<'o, 'd> {
    sim: &'o mut Scheduler<Event>,
    ends: &'o mut Vec<(End, Time)>,
    asked: &'o mut Vec<Incoming>,
    charged: &'o mut f64,
    replies: &'o mut Replies<'d>,
}

impl World for Outside<'_, '_> {
    fn now(&self) -> Time {
        self.sim.now()
    }
    fn wake_in(&mut self, span: Duration, wake: Wake) -> EventId {
        self.sim.schedule_in(span, Event::Wake(wake))
    }
    fn cancel(&mut self, event: EventId) {
        self.sim.cancel(event);
    }
    fn ask(&mut self, incoming: Incoming) {
        let reply = (self.replies)(&incoming);
        let call = incoming.call.expect("a call has its number");
        self.asked.push(incoming);
        let event = Event::Answer(call, reply.tokens, reply.quality, reply.cost);
        self.sim.schedule_in(reply.after, event);
    }
    fn call_off(&mut self, _: CallId) {}
    fn charge(&mut self, _: UserId, amount: windtunnel::cost::Money, _: bool) {
        *self.charged += amount.usd();
    }
    fn ended(&mut self, end: End) {
        self.ends.push((end, self.sim.now()));
    }
}

impl Model for Driver<'_> {
    type Event = Event;

    fn handle(&mut self, event: Event, sim: &mut Scheduler<Event>) {
        let Driver { engine, ends, asked, charged, replies, arrivals } = self;
        let now = sim.now();
        let mut outside = Outside { sim, ends, asked, charged, replies };
        match event {
            Event::Arrive(number) => {
                engine.arrive(arrivals[number as usize], None, true, &mut outside);
            }
            Event::Answer(call, tokens, quality, cost) => {
                let answered = Answered {
                    outcome: Ok((tokens, quality, 0)),
                    queue: Duration::ZERO,
                    inference: Duration::ZERO,
                    is_made: true,
                    input_decitokens: 10,
                };
                engine.charged(call, windtunnel::cost::Money::from_usd(cost), now);
                engine.answered(call, &answered, &mut outside);
                engine.forget(call);
            }
            Event::Wake(wake) => engine.wake(wake, &mut outside),
        }
    }
}

/// A plan of an `orchestration:` block.
pub fn plan(yaml: &str) -> Plan {
    let spec: OrchestrationSpec = serde_yaml::with::singleton_map_recursive::deserialize(
        serde_yaml::Deserializer::from_str(yaml),
    )
    .unwrap_or_else(|error| panic!("{error}:\n{yaml}"));
    let mut problems = Problems::default();
    spec.check(&["model"], None, &mut problems);
    assert!(problems.list().is_empty(), "{:?}", problems.list());
    let paths = DataPaths::for_experiment(None);
    let profiles = [Profile::default()];
    Plan::new(&spec, &["model"], &profiles, &["default".to_owned()], None, &paths).expect("a plan")
}

/// What came of workflows.
pub struct Done {
    pub ends: Vec<(End, Time)>,
    pub asked: Vec<Incoming>,
    pub charged: f64,
    pub tally: Tally,
}

impl Done {
    /// The times from arrival to the end, in seconds.
    pub fn spans(&self) -> Vec<f64> {
        self.ends.iter().map(|(end, at)| at.since(end.incoming.at).as_secs_f64()).collect()
    }

    /// What was counted of a step.
    pub fn step(&self, plan: &Plan, name: &str) -> windtunnel::orchestration::OfStep {
        let index = plan.steps().position(|(_, step)| step == name);
        self.tally.steps[index.unwrap_or_else(|| panic!("no step {name}"))]
    }
}

/// Runs workflows that arrive at these times, each with a question of its own.
pub fn run_at<'d>(
    plan: &Plan,
    seed: u64,
    times: impl IntoIterator<Item = Time>,
    replies: impl FnMut(&Incoming) -> Reply + 'd,
) -> Done {
    let arrivals: Vec<Incoming> = times
        .into_iter()
        .zip(0..)
        .map(|(at, number)| Incoming {
            at,
            prompt: PromptId(number),
            input_decitokens: 1000,
            ..Incoming::default()
        })
        .collect();
    let mut simulation = Simulation::new(Driver {
        engine: Engine::new(plan, &Streams::new(seed, 0)),
        ends: Vec::new(),
        asked: Vec::new(),
        charged: 0.0,
        replies: Box::new(replies),
        arrivals: arrivals.clone(),
    });
    for (arrival, number) in arrivals.iter().zip(0..) {
        simulation.scheduler_mut().schedule_at(arrival.at, Event::Arrive(number));
    }
    simulation.run();
    let driver = simulation.model;
    assert_eq!(driver.engine.stuck(), None, "all has ended");
    assert_eq!((driver.engine.under_way(), driver.engine.jobs_under_way()), (0, 0));
    assert_eq!(driver.ends.len(), arrivals.len(), "each workflow ends once");
    let messages = driver.engine.tally().messages;
    assert_eq!(
        messages.begun,
        messages.succeeded + messages.failed + messages.called_off,
        "messages begun = succeeded + failed + called off"
    );
    Done {
        tally: driver.engine.tally().clone(),
        ends: driver.ends,
        asked: driver.asked,
        charged: driver.charged,
    }
}

/// Runs workflows one after the other, none of which meets another.
pub fn run_alone<'d>(
    plan: &Plan,
    count: u64,
    replies: impl FnMut(&Incoming) -> Reply + 'd,
) -> Done {
    run_at(plan, 7, (0..count).map(|number| Time::from_secs(100_000 * number)), replies)
}

/// Asserts that the mean of `values` is `expected`, within 3.5 standard errors.
#[track_caller]
pub fn assert_mean(values: &[f64], expected: f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let error = (variance / n).sqrt().max(1e-9 * expected.abs());
    println!("theory {expected:.4}, simulated {mean:.4} +- {error:.4} (standard error)");
    assert!(
        (mean - expected).abs() < 3.5 * error,
        "mean {mean}, expected {expected} +- {error} (standard error)"
    );
}
