//! The paths that a search changes, and what each may take.

use serde_yaml::Value;

use super::spec::SearchSpec;
use crate::experiment::sweep::frame::Frame;
use crate::experiment::sweep::range::Range;
use crate::spec::{Path, Problem};

/// A value that a search changes.
#[derive(Clone, Debug)]
pub struct Knob {
    /// The path as written.
    pub name: String,
    /// Where it leads.
    pub path: Path,
    /// Where in the file its range stands.
    pub origin: Path,
    /// What it may take.
    pub range: Range,
}

/// The paths that a search of the `resolved` experiment changes.
///
/// # Errors
/// If one leads nowhere, or its range is none.
pub(in crate::experiment) fn knobs(
    spec: &SearchSpec,
    resolved: &Value,
) -> Result<Vec<Knob>, Vec<Problem>> {
    let mut frame = Frame::new(resolved);
    let mut found = Vec::new();
    if let Some(load) = &spec.maximize_load {
        let root = Path::parse("search.maximize_load");
        match Range::new(&load.range()) {
            Err(message) => frame.refuse(Problem::error(root, message)),
            Ok(range) => {
                let origin = root.join("path");
                let axis = frame.axis(&load.path, origin.clone());
                found.extend(axis.map(|axis| (axis, origin, range)));
            }
        }
    }
    if let Some(cheapest) = &spec.cheapest {
        found.extend(frame.ranges(&Path::parse("search.cheapest.space"), &cheapest.space));
    }
    if !frame.problems.is_empty() {
        return Err(frame.problems);
    }
    let knob = |(axis, origin, range): (usize, Path, Range)| {
        let axis = &frame.axes[axis];
        Knob { name: axis.name.clone(), path: axis.path.clone(), origin, range }
    };
    Ok(found.into_iter().map(knob).collect())
}
