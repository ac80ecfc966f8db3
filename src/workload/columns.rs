//! The lengths that a workload takes from files.

use super::data_paths::DataPaths;
use super::lengths::LengthsSpec;
use super::session::SessionSpec;
use super::spec::WorkloadSpec;
use super::tokens::TokensSpec;
use crate::spec::{Path, Problem};

/// Reads the column of each distribution of lengths that is one.
///
/// # Errors
/// A file that cannot be found or read; the problem's path is that within the
/// workload.
pub(super) fn read(spec: &mut WorkloadSpec, paths: &DataPaths) -> Result<(), Problem> {
    tokens(spec.tokens.as_mut(), "tokens", paths)?;
    session(spec.session.as_mut(), "session", paths)?;
    for (i, client) in spec.clients.iter_mut().flatten().enumerate() {
        tokens(client.tokens.as_mut(), &format!("clients.{i}.tokens"), paths)?;
        session(client.session.as_mut(), &format!("clients.{i}.session"), paths)?;
    }
    Ok(())
}

fn tokens(spec: Option<&mut TokensSpec>, at: &str, paths: &DataPaths) -> Result<(), Problem> {
    let Some(spec) = spec else { return Ok(()) };
    lengths(Some(&mut spec.input), &format!("{at}.input"), paths)?;
    lengths(spec.output.as_mut(), &format!("{at}.output"), paths)
}

fn session(spec: Option<&mut SessionSpec>, at: &str, paths: &DataPaths) -> Result<(), Problem> {
    let Some(spec) = spec else { return Ok(()) };
    lengths(Some(&mut spec.turns), &format!("{at}.turns"), paths)?;
    lengths(spec.message.as_mut(), &format!("{at}.message"), paths)
}

fn lengths(spec: Option<&mut LengthsSpec>, at: &str, paths: &DataPaths) -> Result<(), Problem> {
    let Some(spec) = spec else { return Ok(()) };
    spec.read(paths).map_err(|problem| problem.within(&Path::parse(at)))
}
