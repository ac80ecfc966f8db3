//! The command line: one file per command.

mod again;
mod cache;
mod calibrate;
mod check;
mod compare;
mod completions;
mod failure;
mod files;
mod interrupt;
mod merge;
mod new;
mod output;
mod plot;
mod run;
mod schema;
mod search;
mod terminal;
mod theme;
mod trace;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use failure::{Failure, refused};
use files::Files;
use interrupt::stop_by_ctrl_c;
use terminal::{is_terminal, print, tell, tell_dropped};

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
  windtunnel calibrate x.yaml --measured requests.csv --fit models.gpu.server.engine.overheads
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
    /// Fit an experiment to what a real server did, or hold its predictions against it
    Calibrate(calibrate::Args),
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
        Command::Compare(args) => compare::main(&args, again()),
        Command::Calibrate(args) => calibrate::main(&args, again()),
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
