//! What is said to whoever started the program.

use std::io::{self, IsTerminal, Write};

use super::failure::Failure;
use crate::experiment::Workspace;

/// Prints a line to standard output; a closed pipe ends the program quietly.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => result.map_err(|error| Failure::Run(format!("error: cannot print: {error}"))),
    }
}

/// Prints a line to standard error, where perhaps nobody listens any more.
pub(super) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Says which finished runs are lost.
pub(super) fn tell_dropped(workspace: &Workspace, resume: bool) {
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

/// Whether somebody may be looking.
pub(super) fn is_terminal() -> bool {
    io::stderr().is_terminal()
}
