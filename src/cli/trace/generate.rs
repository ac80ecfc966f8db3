//! `windtunnel trace generate`: an experiment's workload as a trace.

use std::path::PathBuf;

use super::output::Output;
use crate::cli::{Failure, print, tell};
use crate::experiment::load::Document;
use crate::experiment::{Overrides, Prepared, prepare};
use crate::kernel::{Duration, Streams, Time};
use crate::spec::parse_duration;
use crate::workload::trace::write::{Knows, TraceFormat, WrittenRow};
use crate::workload::{Incoming, Plan, Profile, Source};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel trace generate experiment.yaml --out requests.csv
  windtunnel trace generate experiment.yaml --out requests.jsonl.gz --requests 1000000
  windtunnel trace generate experiment.yaml --out peak.csv --duration 10m \\
      --set workload.arrivals.poisson.rate=200/s

The requests are those of the experiment's first run. A trace in csv replays as the
workload itself: trace: { csv: { file: requests.csv, prompt: prompt, user: user },
origin: zero }.")]
pub(super) struct Args {
    /// The experiment file
    #[arg(value_name = "EXPERIMENT")]
    experiment: PathBuf,
    /// The file to write, packed with gzip if its name ends in .gz
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The format to write, if the file's name does not tell: azure, burstgpt, mooncake, csv,
    /// jsonl, libcachesim or `oracle_general`
    #[arg(long, value_name = "FORMAT")]
    to: Option<TraceFormat>,
    /// Write no more requests than this [default: the experiment's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    requests: Option<u64>,
    /// Write requests until then [default: the experiment's]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    duration: Option<Duration>,
    /// The seed of all random streams [default: the experiment's]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Set a value by its path; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE")]
    sets: Vec<String>,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let overrides =
        Overrides { sets: args.sets.clone(), seed: args.seed, replications: None, quick: false };
    let prepared = Document::open(&args.experiment)
        .and_then(|document| prepare(&document, &overrides))
        .map_err(|found| Failure::input(&found))?;
    let plan = &prepared.setups[0].workload;
    let bounds = Bounds::of(args, &prepared)?;
    if prepared.setups.len() > 1 {
        let name = &prepared.resolved.name;
        tell(&format!("warning: `{name}` sweeps; the requests are those of its first point"));
    }
    let failed = |error: crate::workload::TraceError| Failure::Input(format!("error: {error}"));
    let mut source =
        plan.source(&Streams::new(prepared.resolved.experiment.seed, 0)).map_err(failed)?;
    let mut output = Output::create(
        &args.out,
        args.to,
        Knows { prompts: true, users: true, measured: false, block_tokens: None },
    )?;
    let mut beyond = Beyond::default();
    while output.rows() < bounds.requests {
        let Some(incoming) = source.next().transpose().map_err(failed)? else { break };
        if incoming.at.as_nanos() > bounds.last || incoming.at == Time::MAX {
            break;
        }
        if incoming.thread.is_some() {
            return Err(waits(&args.experiment));
        }
        beyond.note(&incoming, &source);
        output.write(&WrittenRow {
            stamp: incoming.at.as_nanos(),
            input_tokens: tokens(&incoming),
            output_tokens: incoming.output_tokens,
            prompt: Some(incoming.prompt),
            user: Some(&source.users()[incoming.user.0 as usize].name),
            blocks: incoming.blocks.map_or(&[], |blocks| source.blocks(blocks)),
            measured: None,
        })?;
        if let Some(blocks) = incoming.blocks {
            source.release(blocks);
        }
    }
    if output.rows() == 0 {
        let message = "error: the workload has no requests until then; nothing was written";
        return Err(Failure::Input(message.to_owned()));
    }
    print(&output.finish(&beyond.said(plan))?.display().to_string())
}

/// Clients that wait for answers ask when they have them, which no trace can tell.
fn waits(experiment: &std::path::Path) -> Failure {
    Failure::Input(format!(
        "error: {}: the clients of this workload wait for answers before they go on: when they \
         ask depends on the system; nothing was written\n  \
         = help: write a trace of a workload without sessions and closed loops",
        experiment.display()
    ))
}

/// Where the trace ends.
struct Bounds {
    requests: u64,
    /// The latest time, in nanoseconds.
    last: u64,
}

impl Bounds {
    /// As the command says, else as the experiment.
    fn of(args: &Args, prepared: &Prepared) -> Result<Bounds, Failure> {
        let setup = &prepared.setups[0];
        let (requests, duration) = match (args.requests, args.duration) {
            (None, None) => (setup.requests, setup.duration),
            given => given,
        };
        if requests.is_none() && duration.is_none() && setup.workload.count().is_none() {
            return Err(Failure::Input(
                "error: the workload never ends\n  = help: say how much of it with --requests or \
                 --duration"
                    .to_owned(),
            ));
        }
        Ok(Bounds {
            requests: requests.unwrap_or(u64::MAX),
            last: duration.map_or(u64::MAX, Duration::as_nanos),
        })
    }
}

/// Whole tokens; a text's tenths are rounded up.
fn tokens(incoming: &Incoming) -> u32 {
    u32::try_from(incoming.input_decitokens.div_ceil(10)).unwrap_or(u32::MAX)
}

/// What of the requests no format holds, as users read it.
const BEYOND: [&str; 4] = [
    "texts: prompts are numbers, and their characters follow from tokens",
    "tenths of tokens: they are rounded up",
    "what clients ask for (`max_tokens` and the like): set it beside `trace`",
    "the requests' SLO classes",
];

/// Which of [`BEYOND`] there was.
#[derive(Default)]
struct Beyond([bool; BEYOND.len()]);

impl Beyond {
    fn note(&mut self, incoming: &Incoming, source: &Source) {
        let (chars, decitokens) = (u64::from(incoming.chars), incoming.input_decitokens);
        let profile = &source.profiles()[incoming.profile.0 as usize];
        let found = [
            chars * 10 != decitokens * 4,
            !decitokens.is_multiple_of(10),
            *profile != Profile::default(),
            incoming.slo_class.0 > 0,
        ];
        for (known, found) in self.0.iter_mut().zip(found) {
            *known |= found;
        }
    }

    fn said(&self, plan: &Plan) -> Vec<String> {
        let of_requests = BEYOND.iter().zip(self.0).filter(|(_, found)| *found);
        let mut said: Vec<String> = of_requests.map(|(what, _)| (*what).to_owned()).collect();
        if plan.users().iter().any(|user| &*user.class != "default") {
            said.push("the users' classes: give them with `users: { list: ... }`".to_owned());
        }
        said
    }
}
