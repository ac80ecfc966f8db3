//! Runs cases of the batching engine: a line of JSON for each on standard input, one with
//! what became of its jobs on standard output. `benches/vllm_peer.py` holds them against
//! vLLM's own scheduler.
//!
//! ```json
//! {"engine": {"max_num_seqs": 4, "step": {"linear": {"per_step": "10us"}}},
//!  "jobs": [{"at": 0, "input": 100, "output": 10, "blocks": [7, 8]},
//!           {"after": 0, "at": 500, "input": 120, "output": 10}]}
//! ```
//!
//! Times are in nanoseconds: of the arrival or, with `after`, from the end of another job to
//! it; `cancel` is when a job is taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};
use windtunnel::kernel::{Duration, Time};
use windtunnel::serving::engine::{Engine, EngineSpec, Job, Progress, ProgressKind};
use windtunnel::serving::step::StepModel;
use windtunnel::workload::DataPaths;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    engine: EngineSpec,
    jobs: Vec<JobCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobCase {
    #[serde(default)]
    at: u64,
    after: Option<usize>,
    input: u32,
    output: u32,
    #[serde(default)]
    priority: u32,
    #[serde(default)]
    blocks: Vec<u64>,
    #[serde(default)]
    names_answer: bool,
    cancel: Option<u64>,
}

#[derive(Clone, Default, Serialize)]
struct Outcome {
    first: Option<u64>,
    finished: Option<u64>,
    cached: u32,
    resumed_cached: Vec<u32>,
    preempted: u32,
    refused: bool,
}

#[derive(Serialize)]
struct Answer {
    jobs: Vec<Outcome>,
    steps: u64,
    preemptions: u64,
}

/// What comes from outside, by time and then in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Cancel(u32),
    Submit(u32),
}

fn run(case: &Case) -> Result<Answer, Box<dyn Error>> {
    let step = StepModel::new(&case.engine.step, &DataPaths::default())
        .map_err(|problem| format!("{problem:?}"))?;
    let mut engine = Engine::new(&case.engine, &step);
    let mut outcomes = vec![Outcome::default(); case.jobs.len()];
    let mut followers: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    let mut events: BTreeSet<(Time, Event)> = BTreeSet::new();
    for (nth, job) in (0_u32..).zip(&case.jobs) {
        match job.after {
            Some(other) => followers.entry(other).or_default().push(nth),
            None => {
                events.insert((Time(job.at), Event::Submit(nth)));
            }
        }
        if let Some(at) = job.cancel {
            events.insert((Time(at), Event::Cancel(nth)));
        }
    }
    let (mut happened, mut now): (Vec<Progress>, Time) = (Vec::new(), Time::ZERO);
    loop {
        let next = events.first().copied();
        match (next, engine.next_at()) {
            (None, None) => break,
            (Some((at, event)), change) if change.is_none_or(|change| at <= change) => {
                events.pop_first();
                now = at;
                match event {
                    Event::Cancel(nth) => {
                        engine.cancel(at, nth.into());
                    }
                    Event::Submit(nth) => {
                        let it = &case.jobs[nth as usize];
                        let job = Job {
                            id: nth.into(),
                            input_tokens: it.input,
                            output_tokens: it.output,
                            priority: it.priority,
                            blocks: &it.blocks,
                            names_answer: it.names_answer,
                            prefilled: false,
                        };
                        outcomes[nth as usize].refused = engine.submit(at, &job).is_err();
                    }
                }
            }
            (_, Some(at)) => {
                now = at;
                engine.advance(at, &mut happened);
            }
            (Some(_), None) => unreachable!("events go first where nothing changes"),
        }
        for progress in happened.drain(..) {
            let nth = progress.id.index as usize;
            let outcome = &mut outcomes[nth];
            match progress.kind {
                ProgressKind::Started { cached_tokens } => outcome.cached = cached_tokens,
                ProgressKind::Preempted => outcome.preempted += 1,
                ProgressKind::Resumed { cached_tokens } => {
                    outcome.resumed_cached.push(cached_tokens);
                }
                ProgressKind::FirstToken => outcome.first = Some(progress.at.0),
                ProgressKind::Finished => {
                    outcome.finished = Some(progress.at.0);
                    for other in followers.remove(&nth).unwrap_or_default() {
                        let at = progress.at + Duration(case.jobs[other as usize].at);
                        events.insert((at, Event::Submit(other)));
                    }
                }
            }
        }
    }
    let stats = engine.stats(now);
    Ok(Answer { jobs: outcomes, steps: stats.steps, preemptions: stats.preemptions })
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in io::stdin().lock().lines() {
        let case: Case = serde_json::from_str(&line?)?;
        println!("{}", serde_json::to_string(&run(&case)?)?);
    }
    Ok(())
}
