//! A world around the engine in which every call of a model takes a second and
//! workflows come one after another.

use windtunnel::cost::Money;
use windtunnel::kernel::{Duration, EventId, EventList, Streams, Time};
use windtunnel::orchestration::{
    Answered, End, Engine, OrchestrationSpec, Plan, Reason, Wake, World,
};
use windtunnel::spec::Problems;
use windtunnel::workload::{CallId, DataPaths, Incoming, Profile, PromptId, UserId};

/// Tokens of what every workflow is given.
pub const GIVEN: u32 = 50;

enum Event {
    Wake(Wake),
    Answer(CallId),
}

#[derive(Default)]
struct OneSecondACall {
    list: EventList<Event>,
    now: Time,
    asked: Vec<Incoming>,
    end: Option<End>,
}

impl World for OneSecondACall {
    fn now(&self) -> Time {
        self.now
    }
    fn wake_in(&mut self, span: Duration, wake: Wake) -> EventId {
        self.list.push(self.now + span, Event::Wake(wake))
    }
    fn cancel(&mut self, event: EventId) {
        self.list.cancel(event);
    }
    fn ask(&mut self, incoming: Incoming) {
        self.asked.push(incoming);
        let call = incoming.call.expect("a call of a workflow");
        self.list.push(incoming.at + Duration::from_secs(1), Event::Answer(call));
    }
    fn call_off(&mut self, _: CallId) {}
    fn charge(&mut self, _: UserId, _: Money, _: bool) {}
    fn ended(&mut self, end: End) {
        assert!(self.end.replace(end).is_none(), "a workflow ends once");
    }
}

/// What one workflow did.
pub struct Ran {
    /// The prompts of its calls in tokens, in the order in which they were asked.
    pub prompts: Vec<u32>,
    pub outcome: Result<bool, Reason>,
    pub seconds: f64,
}

impl Ran {
    pub fn calls(&self) -> f64 {
        self.prompts.len() as f64
    }

    /// Whether it came to its end, and was right.
    pub fn right(&self) -> bool {
        self.outcome == Ok(true)
    }
}

/// Many workflows of one kind, one after another.
pub struct Runs {
    pub ran: Vec<Ran>,
    engine: Engine,
}

impl Runs {
    /// Runs the agents' pattern so many times.
    pub fn of(agent: &str, times: u64) -> Runs {
        Runs::of_workflow(&format!("agent: {{ {agent} }}"), times, &DataPaths::default())
    }

    /// Runs a workflow so many times.
    pub fn of_workflow(workflow: &str, times: u64, paths: &DataPaths) -> Runs {
        let text = format!("workflows: {{ w: {{ {workflow} }} }}");
        let value: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
        let spec: OrchestrationSpec =
            serde_yaml::with::singleton_map_recursive::deserialize(value).expect("workflows");
        let mut problems = Problems::default();
        spec.check(&["m"], None, &mut problems);
        assert!(problems.list().is_empty(), "{:#?}", problems.list());
        let profiles = [Profile::default()];
        let plan = Plan::new(&spec, &["m"], &profiles, &[], None, paths).expect("a plan");
        let mut engine = Engine::new(&plan, &Streams::new(7, 0));
        let mut world = OneSecondACall::default();
        let ran = (0..times).map(|number| one(&mut engine, &mut world, number)).collect();
        Runs { ran, engine }
    }

    /// The mean of a number of each workflow.
    #[track_caller]
    pub fn assert_mean(&self, what: &str, of: impl Fn(&Ran) -> f64, wanted: f64) {
        let n = self.ran.len() as f64;
        let mean = self.ran.iter().map(&of).sum::<f64>() / n;
        let variance = self.ran.iter().map(|ran| (of(ran) - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let sd = (variance / n).sqrt();
        assert!(
            (mean - wanted).abs() <= 3.3 * sd + 1e-9,
            "{what}: {mean} is not {wanted}, which is {} sd away",
            (mean - wanted).abs() / sd
        );
    }

    #[track_caller]
    pub fn assert_calls(&self, wanted: f64) {
        self.assert_mean("calls", Ran::calls, wanted);
    }

    /// The share of workflows of which something holds.
    #[track_caller]
    pub fn assert_share(&self, what: &str, of: impl Fn(&Ran) -> bool, wanted: f64) {
        self.assert_mean(what, |ran| f64::from(u8::from(of(ran))), wanted);
    }

    #[track_caller]
    pub fn assert_right(&self, wanted: f64) {
        self.assert_share("right", Ran::right, wanted);
    }

    /// How often a step ran, in all workflows.
    #[track_caller]
    pub fn runs_of(&self, name: &str) -> f64 {
        let plan = self.engine.plan();
        let index = plan.steps().position(|step| step == ("w", name));
        let index = index.unwrap_or_else(|| panic!("no step `{name}` among {:?}", names(&plan)));
        self.engine.tally().steps[index].runs as f64
    }
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.steps().map(|(_, name)| name).collect()
}

/// Runs one workflow to its end.
fn one(engine: &mut Engine, world: &mut OneSecondACall, number: u64) -> Ran {
    let began = world.now;
    let incoming = Incoming {
        at: began,
        prompt: PromptId(number),
        input_decitokens: u64::from(GIVEN) * 10,
        ..Incoming::default()
    };
    engine.arrive(incoming, None, true, world);
    while let Some((time, event)) = world.list.pop() {
        world.now = time;
        match event {
            Event::Wake(wake) => engine.wake(wake, world),
            Event::Answer(call) => {
                let answer = Answered {
                    outcome: Ok((100, 1.0, 0)),
                    queue: Duration::ZERO,
                    inference: Duration::from_secs(1),
                    is_made: true,
                    input_decitokens: 10,
                };
                engine.answered(call, &answer, world);
                engine.forget(call);
            }
        }
    }
    let end = world.end.take().unwrap_or_else(|| panic!("stuck at {:?}", engine.stuck()));
    assert_eq!((engine.under_way(), engine.jobs_under_way()), (0, 0));
    let prompts = world.asked.drain(..).map(|it| (it.input_decitokens / 10) as u32).collect();
    let outcome = end.outcome.map(|said| said.label == 0);
    Ran { prompts, outcome, seconds: world.now.since(began).as_secs_f64() }
}
