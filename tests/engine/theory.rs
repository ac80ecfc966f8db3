//! The engine's limits are queues that theory knows: each simulated mean agrees with
//! its closed form within the 99.9 % confidence interval of 24 replications.

use windtunnel::kernel::{Stream, Streams, Time};
use windtunnel::serving::engine::{EngineSpec, Progress, ProgressKind};
use windtunnel::stats::{Moments, mean_ci};

use crate::support::{advance, engine, finish, job, linear};

const JOBS: u32 = 20_000;

/// What a replication measured.
struct Measured {
    /// Seconds from arrival to end, and to the first step.
    sojourn: f64,
    wait: f64,
    /// Sojourn over length of the shorter and of the longer half of the jobs, in
    /// seconds for each token.
    stretch: [f64; 2],
    /// Mean number that run, and its variance by arrivals' eyes.
    running: f64,
    seen: [f64; 2],
}

/// Poisson arrivals at `rate` a second of prompts of 1 token, answered with so many
/// tokens as `length` says.
fn replicate(spec: &EngineSpec, rate: f64, length: fn(&mut Stream) -> f64, nth: u64) -> Measured {
    let streams = Streams::new(2026, nth);
    let (mut gaps, mut lengths) = (streams.stream("arrivals"), streams.stream("lengths"));
    let mut engine = engine(spec);
    let mut jobs: Vec<(Time, u32)> = Vec::new();
    let (mut sojourn, mut wait, mut seen) =
        (Moments::default(), Moments::default(), Moments::default());
    let (mut short, mut long) = (Moments::default(), Moments::default());
    let (mut now, mut happened) = (Time::ZERO, Vec::new());
    let mut record = |jobs: &[(Time, u32)], happened: &mut Vec<Progress>| {
        for progress in happened.drain(..) {
            let (came, tokens) = jobs[progress.id.index as usize];
            let span = progress.at.since(came).as_secs_f64();
            match progress.kind {
                ProgressKind::Started { .. } => wait.push(span),
                ProgressKind::Finished => {
                    sojourn.push(span);
                    let half = if tokens < 70_000 { &mut short } else { &mut long };
                    half.push(span / f64::from(tokens));
                }
                _ => {}
            }
        }
    };
    for id in 0..JOBS {
        now += gaps.exponential_span(1.0 / rate);
        advance(&mut engine, now, &mut happened);
        record(&jobs, &mut happened);
        seen.push(f64::from(engine.running()));
        let output_tokens = (length(&mut lengths) + 0.5).max(1.0) as u32;
        jobs.push((now, output_tokens));
        engine.submit(now, &job(id, 1, output_tokens)).unwrap();
    }
    let running = engine.stats(now).running_mean;
    let mut rest = finish(&mut engine);
    assert!(rest.iter().filter(|p| p.kind == ProgressKind::Finished).count() > 0);
    record(&jobs, &mut rest);
    assert_eq!(sojourn.count(), u64::from(JOBS), "all that came have left");
    Measured {
        sojourn: sojourn.mean(),
        wait: wait.mean(),
        stretch: [short.mean(), long.mean()],
        running,
        seen: [seen.mean(), seen.variance()],
    }
}

struct Runs(Vec<Measured>);

impl Runs {
    fn of(spec: &EngineSpec, rate: f64, length: fn(&mut Stream) -> f64) -> Self {
        let spec = EngineSpec { num_gpu_blocks: Some(u32::MAX), block_size: 1024, ..spec.clone() };
        Runs((0..24).map(|nth| replicate(&spec, rate, length, nth)).collect())
    }

    fn assert(&self, name: &str, theory: f64, precision: f64, measure: impl Fn(&Measured) -> f64) {
        let values: Vec<f64> = self.0.iter().map(measure).collect();
        let ci = mean_ci(&values, 0.999);
        println!("{name}: theory {theory:.4}, simulated {:.4} +- {:.4}", ci.mean, ci.half_width);
        assert!(ci.contains(theory), "{name}: {ci:?} does not hold {theory}");
        assert!(ci.half_width < precision * theory, "{name}: {ci:?} is too wide around {theory}");
    }
}

/// Steps of 10 us, and answers of 100,000 tokens on average: a second each.
const MEAN: f64 = 100_000.0;

fn constant(_: &mut Stream) -> f64 {
    MEAN
}

fn exponential(stream: &mut Stream) -> f64 {
    stream.exponential(MEAN)
}

/// Two kinds of answers: squared coefficient of variation 3.
fn hyperexponential(stream: &mut Stream) -> f64 {
    let mean = if stream.uniform() < 0.5 { 0.0 } else { 2.0 };
    stream.exponential(MEAN) * mean
}

#[test]
fn one_sequence_at_a_time_is_m_d_1_or_m_m_1() {
    let spec = EngineSpec { max_num_seqs: Some(1), ..linear(10_000, 0, 0) };
    let load = 0.7;
    let runs = Runs::of(&spec, load, constant);
    runs.assert("M/D/1 Wq", load / (2.0 * (1.0 - load)), 0.06, |run| run.wait);
    runs.assert("M/D/1 L", load, 0.02, |run| run.running);
    let runs = Runs::of(&spec, load, exponential);
    runs.assert("M/M/1 Wq", load / (1.0 - load), 0.1, |run| run.wait);
    runs.assert("M/M/1 W", 1.0 / (1.0 - load), 0.08, |run| run.sojourn);
}

/// Steps that take the same whatever is in them serve everybody as if alone: M/G/inf.
/// The number in service is Poisson whatever the lengths; each waits half a step.
#[test]
fn steps_of_constant_time_are_servers_without_end() {
    let spec = EngineSpec { max_num_seqs: Some(2000), ..linear(10_000, 0, 0) };
    let rate = 20.0;
    for length in [constant, exponential, hyperexponential] {
        let runs = Runs::of(&spec, rate, length);
        runs.assert("L", rate, 0.02, |run| run.running);
        runs.assert("mean seen", rate, 0.02, |run| run.seen[0]);
        runs.assert("variance seen", rate, 0.06, |run| run.seen[1]);
        // Half a step goes by until the first begins.
        let precision =
            if length(&mut Streams::new(1, 0).stream("x")) == MEAN { 1e-6 } else { 0.03 };
        runs.assert("W", 1.000_005, precision, |run| run.sojourn);
    }
}

/// Steps whose time grows with the sequences in them share the engine: processor
/// sharing, whose mean sojourn is that of M/M/1 whatever the lengths, and in proportion
/// to the length (L. Kleinrock, Queueing Systems 2, 1976, section 4.4).
#[test]
fn steps_as_long_as_their_sequences_are_many_share_the_processor() {
    let spec = EngineSpec {
        max_num_seqs: Some(4000),
        max_num_batched_tokens: Some(4000),
        ..linear(0, 0, 10_000)
    };
    let load = 0.7;
    for length in [constant, exponential, hyperexponential] {
        let runs = Runs::of(&spec, load, length);
        runs.assert("PS W", 1.0 / (1.0 - load), 0.1, |run| run.sojourn);
        runs.assert("PS L", load / (1.0 - load), 0.1, |run| run.running);
    }
    let runs = Runs::of(&spec, load, exponential);
    let second_per_token = 1.0 / MEAN / (1.0 - load);
    runs.assert("short jobs", second_per_token, 0.1, |run| run.stretch[0]);
    runs.assert("long jobs", second_per_token, 0.1, |run| run.stretch[1]);
}
