//! `windtunnel merge`: the shards of a sweep to one results folder.

use std::path::PathBuf;

use super::output::Output;
use super::{Failure, print, refused, tell};
use crate::experiment::{MergedShards, Workspace, merge_shards};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel run sweep.yaml --shard 1/2 --out shards     on one machine
  windtunnel run sweep.yaml --shard 2/2 --out shards     on another
  windtunnel merge shards                                the same bytes as without shards

The data that the experiment names is not needed. A shard that is missing, damaged,
of another experiment, or there twice with different results is named, and nothing
is written (exit status 2).")]
pub(super) struct Args {
    /// Folders of shards, or folders that hold them
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    // Everything is checked before anything is written.
    let all = merge_shards(&args.folders).map_err(|problems| {
        let lines: Vec<String> =
            problems.iter().map(|problem| format!("error: {problem}")).collect();
        Failure::Input(format!("{}\nnothing was merged", lines.join("\n")))
    })?;
    for merged in &all {
        for warning in &merged.warnings {
            tell(&format!("warning: {warning}"));
        }
        let folder = merge(args, merged)?;
        print(&folder.display().to_string())?;
    }
    Ok(())
}

fn merge(args: &Args, merged: &MergedShards) -> Result<PathBuf, Failure> {
    let (output, resolved) = (&args.output, &merged.resolved);
    let workspace =
        Workspace::open_passing(&output.out, &resolved.name).map_err(|error| refused(&error))?;
    match output.make(resolved, |run| merged.store(run), &workspace) {
        Ok(made) => output.publish(made, workspace),
        Err(error) => {
            // What was begun only takes room.
            let _ = workspace.discard();
            let shards = merged.shards();
            Err(Failure::Run(format!("error: {error}\nthe {shards} shards are as they were")))
        }
    }
}
