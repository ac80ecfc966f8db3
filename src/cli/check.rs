//! `windtunnel check`: all mistakes at once.

use std::collections::BTreeSet;

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
    // Files that include the same one have its warnings, too.
    let mut told = BTreeSet::new();
    for file in &args.files.paths {
        let prepared =
            Document::open(file).and_then(|document| prepare(&document, &args.files.overrides()));
        match prepared {
            Ok(prepared) => {
                let warnings = prepared.warnings.iter().map(ToString::to_string);
                for warning in warnings.filter(|warning| told.insert(warning.clone())) {
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
