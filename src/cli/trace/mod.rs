//! `windtunnel trace`: recorded traces of requests; one file per verb.

mod fit;
mod info;
mod input;

use clap::Subcommand;

use super::Failure;

#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What traces hold: rates, lengths, popularity, reuse; with charts
    Info(info::Args),
    /// A workload like a trace: writes it as YAML and says how well it fits
    Fit(fit::Args),
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    match &args.verb {
        Verb::Info(args) => info::main(args),
        Verb::Fit(args) => fit::main(args),
    }
}
