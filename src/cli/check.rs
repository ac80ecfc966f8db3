//! `windtunnel check`: all mistakes at once.

use super::{Failure, Files, print, tell};
use crate::experiment::load::{Diagnostic, Document};
use crate::experiment::prepare;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    files: Files,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for file in &args.files.paths {
        let prepared =
            Document::open(file).and_then(|document| prepare(&document, &args.files.overrides()));
        match prepared {
            Ok(prepared) => {
                for warning in &prepared.warnings {
                    tell(&format!("{warning}\n"));
                }
                let replications = prepared.resolved.replications();
                let up_to = if replications.vary() { "up to " } else { "" };
                print(&format!(
                    "{}: sound: {} point(s) x {up_to}{} replication(s) = {up_to}{} run(s)",
                    file.display(),
                    prepared.setups.len(),
                    replications.most(),
                    prepared.resolved.runs()
                ))?;
            }
            Err(mut diagnostics) => found.append(&mut diagnostics),
        }
    }
    if found.is_empty() { Ok(()) } else { Err(Failure::input(&found)) }
}
