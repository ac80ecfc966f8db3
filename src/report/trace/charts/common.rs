//! What charts of traces have in common.

use crate::report::figure::{Entry, Legend, Sample, style};
use crate::report::trace::manifest::TraceManifest;

/// The conditions of a chart of traces: which, where it is one, and which part.
pub(super) fn traced(manifest: &TraceManifest) -> String {
    match manifest.traces.as_slice() {
        [alone] => format!("{alone} · {}", manifest.conditions()),
        several => format!("{} traces · {}", several.len(), manifest.conditions()),
    }
}

/// The traces for which `shown` holds, where there are several traces.
pub(super) fn legend(
    manifest: &TraceManifest,
    sample: Sample,
    shown: impl Fn(usize) -> bool,
) -> Option<Legend> {
    if manifest.traces.len() < 2 {
        return None;
    }
    let entry = |(i, name): (usize, &String)| Entry::new(name.clone(), style(i));
    let entries =
        manifest.traces.iter().enumerate().filter(|(i, _)| shown(*i)).map(entry).collect();
    Some(Legend::above("Trace", entries, sample))
}
