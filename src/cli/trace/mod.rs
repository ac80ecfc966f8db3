//! `windtunnel trace`: recorded traces of requests; one file per verb.

mod convert;
mod fit;
mod generate;
mod info;
mod input;
mod output;

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
    /// Write a trace in another format, or a part of it
    Convert(convert::Args),
    /// Write the requests of an experiment's workload as a trace
    Generate(generate::Args),
    /// A workload like a trace: writes it as YAML and says how well it fits
    Fit(fit::Args),
}

/// Does what a verb says. `again` is the command that does it again.
pub(super) fn main(args: &Args, again: String) -> Result<(), Failure> {
    match &args.verb {
        Verb::Info(args) => info::main(args, again),
        Verb::Convert(args) => convert::main(args),
        Verb::Generate(args) => generate::main(args),
        Verb::Fit(args) => fit::main(args, again),
    }
}
