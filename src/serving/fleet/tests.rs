//! Fleets step by step, and their choices beside those of who looks at each replica.

use proptest::prelude::*;

use super::*;
use crate::kernel::Duration;
use crate::serving::BalanceSpec;
use crate::serving::balance::definition::Definition;
use crate::serving::engine::{Job, JobId, ProgressKind};
use crate::serving::resilience::{ResilienceSpec, Standing};
use crate::workload::DataPaths;

fn breaker(spec: &ResilienceSpec) -> Option<Breaker> {
    Breaker::of(spec, spec.cooldown_time, Standing::default())
}

fn fleet(server: &str, resilience: &str) -> Fleet {
    let value = serde_yaml::from_str(server).unwrap();
    let spec =
        serde_yaml::with::singleton_map_recursive::deserialize::<_, serde_yaml::Value>(value)
            .unwrap();
    let resilience: ResilienceSpec = serde_yaml::from_str(resilience).unwrap();
    Fleet::new("m", &spec, breaker(&resilience), None, &Streams::new(1, 0))
}

#[test]
fn a_replica_that_is_down_or_draining_gets_nothing() {
    let mut fleet = fleet("{ replicas: 3 }", "{}");
    let now = Time(5);
    assert_eq!(fleet.available(now), [0, 1, 2]);
    fleet.enter(now, 1, Phase::Down);
    fleet.enter(now, 2, Phase::Draining);
    assert_eq!(fleet.available(now), [0]);
    assert_eq!(fleet.up(), 2, "one that drains still serves");
    assert_eq!(fleet.choose(now, 0, Some(0), 0), Some(0), "there is no other");
    fleet.enter(now, 0, Phase::Down);
    assert_eq!(fleet.choose(now, 0, None, 0), None);
    fleet.enter(now, 1, Phase::Up);
    assert_eq!(fleet.choose(now, 0, None, 0), Some(1));
}

#[test]
fn a_replica_whose_breaker_opened_comes_back_for_one_trial() {
    let mut fleet = fleet("{ replicas: 2 }", "{ allowed_fails: 0, cooldown_time: 10s }");
    fleet.failed(Time::ZERO, 0, Failure::Timeout);
    let almost = Time(Duration::from_secs(10).0 - 1);
    assert_eq!(fleet.available(almost), [1]);
    let now = Time::from_secs(10);
    assert_eq!(fleet.available(now), [0, 1]);
    assert_eq!(fleet.arrive(now, 0, 7, 0, 0), Admission::Start);
    assert_eq!(fleet.available(now), [1], "one trial");
    fleet.finish(now, 0, 0);
    fleet.succeeded(Time::ZERO, 0);
    assert_eq!(fleet.available(now), [0, 1]);
}

#[test]
fn load_is_what_came_and_has_not_left() {
    let mut fleet = fleet("{ replicas: 2, concurrency: 1, queue_limit: 1 }", "{}");
    let now = Time(1);
    assert_eq!(fleet.arrive(now, 0, 1, 100, 0), Admission::Start);
    let Admission::Queued(ticket) = fleet.arrive(now, 0, 2, 50, 0) else { panic!() };
    assert_eq!(fleet.arrive(now, 0, 3, 10, 0), Admission::Refused);
    assert_eq!((fleet.load(0).outstanding, fleet.load(0).kv_tokens), (2, 150));
    assert!(fleet.remove(now, 0, ticket, 50) && !fleet.remove(now, 0, ticket, 50));
    assert_eq!(fleet.finish(now, 0, 100), None);
    assert_eq!((fleet.outstanding(), fleet.load(0).kv_tokens), (0, 0));
}

const REPLICAS: u32 = 6;

/// Small engines, so that queues and memory fill up.
const ENGINE: &str = "{ num_gpu_blocks: 12, max_num_seqs: 3 }";

/// A fleet of engines, and what a definition of its balancer needs to know.
struct Beside {
    fleet: Fleet,
    definition: Definition,
    shared: bool,
    now: Time,
    /// Replica, number there and owner of each job in an engine.
    jobs: Vec<(u32, JobId, u32)>,
    owners: u32,
    /// Replica and tokens of each request that is on its way.
    approaching: Vec<(u32, u64)>,
}

#[derive(Clone, Debug)]
enum Step {
    Submit(u32, Vec<u64>),
    Approach(u32, u64),
    Arrive,
    Cancel(usize),
    Wait(u64),
    Crash(u32),
    Phase(u32, bool),
    Fail(u32),
    Succeed(u32),
    Reset,
    Choose(u64, u32, Vec<u64>),
}

fn step() -> impl Strategy<Value = Step> {
    let prompt = || prop::collection::vec(0_u64..3, 0..5);
    let replica = || 0..REPLICAS;
    prop_oneof![
        6 => (replica(), prompt()).prop_map(|(replica, prompt)| Step::Submit(replica, prompt)),
        2 => (replica(), 1_u64..60).prop_map(|(replica, tokens)| Step::Approach(replica, tokens)),
        1 => Just(Step::Arrive),
        1 => (0_usize..50).prop_map(Step::Cancel),
        5 => (1_u64..40).prop_map(Step::Wait),
        1 => replica().prop_map(Step::Crash),
        2 => (replica(), any::<bool>()).prop_map(|(replica, up)| Step::Phase(replica, up)),
        1 => replica().prop_map(Step::Fail),
        1 => replica().prop_map(Step::Succeed),
        1 => Just(Step::Reset),
        8 => (0_u64..80, 0..2 * REPLICAS, prompt())
            .prop_map(|(tokens, not, prompt)| Step::Choose(tokens, not, prompt)),
    ]
}

/// Ids of a chain of blocks that begins as others do.
fn chain(prompt: &[u64]) -> Vec<u64> {
    let mut id = 1;
    prompt
        .iter()
        .map(|block| {
            id = id * 10 + block;
            id
        })
        .collect()
}

fn engine_of(node: &Node) -> &Batching {
    match &node.server {
        Server::Engine(batching) => batching,
        Server::Station(_) => unreachable!("all have engines"),
    }
}

impl Beside {
    fn new(balance: &BalanceSpec, shared: bool, ask_each: bool) -> Self {
        let queue = if shared { "shared" } else { "per_replica" };
        let mut server: ServerSpec = {
            let yaml = format!("{{ engine: {ENGINE}, replicas: {REPLICAS}, queue: {queue} }}");
            let value = serde_yaml::from_str(&yaml).unwrap();
            serde_yaml::with::singleton_map_recursive::deserialize::<_, serde_yaml::Value>(value)
                .unwrap()
        };
        server.balance = balance.clone();
        let resilience =
            serde_yaml::from_str("{ allowed_fails: 0, cooldown_time: 100ms }").unwrap();
        let engine = server.engine.as_ref().unwrap();
        let model = StepModel::new(&engine.step, &DataPaths::default()).unwrap();
        let streams = Streams::new(1, 0);
        Beside {
            fleet: Fleet::build(
                "m",
                &server,
                breaker(&resilience),
                Some(&model),
                &streams,
                ask_each,
            ),
            definition: Definition::new(balance, REPLICAS, streams.stream("serving.m.balance")),
            shared,
            now: Time::ZERO,
            jobs: Vec::new(),
            owners: 0,
            approaching: Vec::new(),
        }
    }

    fn engine(&mut self, replica: u32) -> &mut Batching {
        self.fleet.engine(replica).unwrap()
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let now = self.now;
        match step {
            Step::Submit(replica, prompt) => {
                let blocks = chain(prompt);
                let job = Job {
                    input_tokens: 16 * prompt.len() as u32 + 3,
                    output_tokens: 5,
                    blocks: &blocks,
                    ..Job::default()
                };
                self.owners += 1;
                let owner = self.owners;
                if let Ok(id) = self.engine(*replica).submit(now, owner, &job) {
                    self.fleet.arrive(now, *replica, 0, 0, 0);
                    self.jobs.push((*replica, id, owner));
                }
            }
            Step::Approach(replica, tokens) => {
                self.engine(*replica).approach(*tokens);
                self.approaching.push((*replica, *tokens));
            }
            Step::Arrive => {
                if let Some((replica, tokens)) = self.approaching.pop() {
                    self.engine(replica).arrived(tokens);
                }
            }
            Step::Cancel(place) if !self.jobs.is_empty() => {
                let (replica, id, _) = self.jobs.swap_remove(place % self.jobs.len());
                self.engine(replica).cancel(now, id);
                self.fleet.finish(now, replica, 0);
            }
            Step::Cancel(_) => {}
            Step::Wait(millis) => self.wait(Duration::from_millis(*millis)),
            Step::Crash(replica) => {
                self.engine(*replica).crash(now);
                let before = self.jobs.len();
                self.jobs.retain(|(at, ..)| at != replica);
                for _ in self.jobs.len()..before {
                    self.fleet.finish(now, *replica, 0);
                }
            }
            Step::Phase(replica, up) => {
                let phase = if *up { Phase::Up } else { Phase::Down };
                self.fleet.enter(now, *replica, phase);
            }
            Step::Fail(replica) => self.fleet.failed(now, *replica, Failure::Timeout),
            Step::Succeed(replica) => self.fleet.succeeded(now, *replica),
            Step::Reset => self.fleet.reset_stats(now),
            Step::Choose(tokens, not, prompt) => self.choose(*tokens, *not, &chain(prompt))?,
        }
        Ok(())
    }

    fn wait(&mut self, span: Duration) {
        self.now += span;
        let now = self.now;
        for replica in 0..REPLICAS {
            while let Some(at) = self.engine(replica).next_at().filter(|at| *at <= now) {
                let mut happened = Vec::new();
                self.engine(replica).advance(at, &mut happened);
                for (owner, kind) in happened {
                    if kind == ProgressKind::Finished {
                        self.jobs.retain(|(_, _, other)| *other != owner);
                        self.fleet.finish(now, replica, 0);
                    }
                }
            }
        }
    }

    fn choose(&mut self, tokens: u64, not: u32, prompt: &[u64]) -> Result<(), TestCaseError> {
        let whole = 16.0 * prompt.len().max(1) as f32;
        self.fleet.match_engines(prompt, |tokens| tokens as f32 / whole);
        let (now, not) = (self.now, Some(not).filter(|not| *not < REPLICAS));
        let load = |(replica, node): (u32, &Node)| Load {
            outstanding: self.jobs.iter().filter(|(at, ..)| *at == replica).count() as u32,
            kv_tokens: engine_of(node).demand_tokens(),
            matched: engine_of(node).engine().cached_tokens(prompt) as f32 / whole,
        };
        let loads: Vec<Load> = (0..).zip(self.fleet.nodes()).map(load).collect();
        let may = |(_, node): &(u32, &Node)| {
            let admits = node.breaker.as_ref().is_none_or(|breaker| breaker.admits(now));
            let room = engine_of(node).room_tokens().is_some_and(|room| tokens <= room);
            node.phase() == Phase::Up && admits && (room || !self.shared)
        };
        let mut among: Vec<u32> =
            (0..).zip(self.fleet.nodes()).filter(may).map(|(replica, _)| replica).collect();
        if among.len() > 1 {
            among.retain(|replica| Some(*replica) != not);
        }
        let right = (!among.is_empty()).then(|| self.definition.pick(tokens, &loads, &among));
        prop_assert_eq!(self.fleet.choose(now, tokens, not, tokens), right, "{:?}", loads);
        prop_assert_eq!(self.fleet.outstanding(), self.jobs.len() as u64);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is done with engines, a choice is that of who asks each of them.
    #[test]
    fn a_choice_is_by_the_loads_as_they_are(
        (shared, ask_each) in any::<(bool, bool)>(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        for balance in BalanceSpec::all() {
            let mut beside = Beside::new(&balance, shared, ask_each);
            for step in &steps {
                beside.take(step)?;
            }
        }
    }
}
