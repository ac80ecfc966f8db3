//! The command line: one file per command.

mod again;
mod cache;
mod check;
mod compare;
mod completions;
mod interrupt;
mod merge;
mod new;
mod output;
mod plot;
mod run;
mod schema;
mod search;
mod theme;
mod trace;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::experiment::load::Diagnostic;
use crate::experiment::{Progress, Workspace, WorkspaceError};

/// A wind tunnel for LLM systems: simulate gateways, caches, budgets and model
/// servers before you pay for them.
#[derive(Debug, Parser)]
#[command(name = "windtunnel", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  windtunnel new my-experiment                          write a commented starter file
  windtunnel check my-experiment.yaml                   find every mistake in it
  windtunnel run my-experiment.yaml                     run it; results/my-experiment/ has CSVs and charts
  windtunnel run my-experiment.yaml --quick             a fast look
  windtunnel run x.yaml --set workload.arrivals.poisson.rate=50/s
  windtunnel run x.yaml --shard 1/4                     a quarter of a sweep; windtunnel merge joins them
  windtunnel plot results/my-experiment                 redraw the charts from the CSVs
  windtunnel search capacity.yaml                       how much load an SLO allows
  windtunnel compare results/before results/after       which differences are real
  windtunnel cache trace.csv --policies lru,sieve --capacities 1%,10%
  windtunnel trace info requests.csv                    what a recorded trace holds
  windtunnel trace convert azure.csv requests.jsonl.gz  the same in another format

Exit status: 0 done, 1 the run failed, 2 bad input, 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run experiments or sweeps
    Run(run::Args),
    /// Validate experiments without running them: all mistakes at once
    Check(check::Args),
    /// Join the shards of a sweep that ran on several machines
    Merge(merge::Args),
    /// Redraw the charts and the page of a results folder from its CSVs
    Plot(plot::Args),
    /// Find the most load that a system holds, or the cheapest system that holds it
    Search(search::Args),
    /// Compare systems: differences with intervals, from their results folders
    Compare(compare::Args),
    /// Replay a cache trace: policies x capacities, miss-ratio curves
    Cache(cache::Args),
    /// Look at recorded traces of requests, and fit workloads to them
    Trace(trace::Args),
    /// Print the JSON Schema of an experiment file, for editors
    Schema,
    /// Write a commented starter experiment
    New(new::Args),
    /// Print shell completions
    Completions(completions::Args),
}

/// What a command ends with, if not well.
#[derive(Debug)]
enum Failure {
    /// Exit status 1.
    Run(String),
    /// Exit status 2.
    Input(String),
    /// Exit status 130.
    Interrupted(String),
}

impl Failure {
    fn input(diagnostics: &[Diagnostic]) -> Self {
        let texts: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
        let errors = diagnostics.iter().filter(|found| found.is_error()).count();
        let plural = if errors == 1 { "" } else { "s" };
        Failure::Input(format!(
            "{}\n\n{errors} error{plural} found; nothing was run",
            texts.join("\n\n")
        ))
    }
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let again = || again::command(&Cli::command(), &matches);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = interrupt::catch().and_then(|()| match cli.command {
        Command::Run(args) => run::main(&args),
        Command::Check(args) => check::main(&args),
        Command::Merge(args) => merge::main(&args),
        Command::Plot(args) => plot::main(&args),
        Command::Search(args) => search::main(&args),
        Command::Compare(args) => compare::main(&args),
        Command::Cache(args) => cache::main(&args, again()),
        Command::Trace(args) => trace::main(&args, again()),
        Command::Schema => schema::main(),
        Command::New(args) => new::main(&args),
        Command::Completions(args) => completions::main(&args),
    });
    interrupt::wait_if_leaving();
    let (code, message) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Run(message)) => (1, message),
        Err(Failure::Input(message)) => (2, message),
        Err(Failure::Interrupted(message)) => (interrupt::STATUS, message),
    };
    tell(&message);
    ExitCode::from(code)
}

/// Prints a line to standard output; a closed pipe ends the program quietly.
fn print(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => result.map_err(|error| Failure::Run(format!("error: cannot print: {error}"))),
    }
}

/// Prints a line to standard error, where perhaps nobody listens any more.
fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Ctrl-C asks `progress` to stop from now on.
fn stop_by_ctrl_c(
    progress: &Arc<Progress>,
    message: impl Fn(&Progress) -> String + Send + 'static,
) {
    let (stopped, told) = (Arc::clone(progress), Arc::clone(progress));
    interrupt::listen(move || stopped.stop.store(true, Ordering::Relaxed), move || message(&told));
}

/// A folder that cannot be used is the user's to mend; but the disk is full.
fn refused(error: &WorkspaceError) -> Failure {
    let text = format!("error: {error}");
    match error {
        WorkspaceError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
            Failure::Run(text)
        }
        _ => Failure::Input(text),
    }
}

/// Says which finished runs are lost.
fn tell_dropped(workspace: &Workspace, resume: bool) {
    let why = if resume {
        "they are of another experiment, seed or number of replications"
    } else {
        "`--resume` keeps those of the same experiment"
    };
    match workspace.dropped() {
        0 => {}
        1 => tell(&format!("warning: a finished run of an interrupted run is dropped: {why}")),
        runs => {
            tell(&format!(
                "warning: {runs} finished runs of an interrupted run are dropped: {why}"
            ));
        }
    }
}

fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Experiment files: at least one.
#[derive(Debug, clap::Args)]
struct Files {
    /// Experiment files
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// Set a value by its path, such as `cache.levels.l1.capacity=500`; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE")]
    sets: Vec<String>,
    /// The seed of all random streams
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Independent runs of every point
    #[arg(long, value_name = "N")]
    replications: Option<u32>,
    /// Apply the file's `quick:` block, for a fast look
    #[arg(long)]
    quick: bool,
}

impl Files {
    /// Refuses files whose experiments would write the same folder. `names` are theirs.
    fn refuse_same_name<'n>(&self, names: impl Iterator<Item = &'n String>) -> Result<(), Failure> {
        let names: Vec<&String> = names.collect();
        let first = |second: usize| names[..second].iter().position(|it| *it == names[second]);
        let mut pairs = (0..names.len()).filter_map(|second| Some((first(second)?, second)));
        let Some((first, second)) = pairs.next() else { return Ok(()) };
        Err(Failure::Input(format!(
            "error: `{}` and `{}` would write the same results folder; give one another `name`",
            self.paths[first].display(),
            self.paths[second].display()
        )))
    }

    fn overrides(&self) -> crate::experiment::Overrides {
        crate::experiment::Overrides {
            sets: self.sets.clone(),
            seed: self.seed,
            replications: self.replications,
            quick: self.quick,
        }
    }
}
