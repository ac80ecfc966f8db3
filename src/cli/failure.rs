//! What a command ends with, if not well.

use std::collections::BTreeSet;
use std::io;

use crate::experiment::WorkspaceError;
use crate::experiment::load::Diagnostic;

/// What a command ends with, if not well.
#[derive(Debug)]
pub(super) enum Failure {
    /// Exit status 1.
    Run(String),
    /// Exit status 2.
    Input(String),
    /// Exit status 130.
    Interrupted(String),
}

impl Failure {
    pub(in crate::cli) fn input(diagnostics: &[Diagnostic]) -> Self {
        // Files that include the same one have its problems, too.
        let mut seen = BTreeSet::new();
        let all = diagnostics.iter().map(|found| (found.to_string(), found.is_error()));
        let all: Vec<(String, bool)> = all.filter(|(text, _)| seen.insert(text.clone())).collect();
        let errors = all.iter().filter(|(_, is_error)| *is_error).count();
        let texts: Vec<String> = all.into_iter().map(|(text, _)| text).collect();
        let plural = if errors == 1 { "" } else { "s" };
        Failure::Input(format!(
            "{}\n\n{errors} error{plural} found; nothing was run",
            texts.join("\n\n")
        ))
    }
}

/// A folder that cannot be used is the user's to mend; but the disk is full.
pub(super) fn refused(error: &WorkspaceError) -> Failure {
    let text = format!("error: {error}");
    match error {
        WorkspaceError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
            Failure::Run(text)
        }
        _ => Failure::Input(text),
    }
}
