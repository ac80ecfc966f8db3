//! Lengths of prompts, answers and results of steps.

use crate::spec::Problems;
use crate::workload::lengths::{Lengths, LengthsSpec};

/// Lengths here are drawn from nothing but a spec.
pub(super) fn check_lengths(lengths: &LengthsSpec, problems: &mut Problems) {
    lengths.check(problems);
    if matches!(lengths, LengthsSpec::Column(_)) {
        problems.error_help(
            "lengths of a column are those of a workload",
            "use a histogram, or a distribution fitted to it (`windtunnel trace fit`)",
        );
    }
}

/// The distribution of a checked spec.
pub(in crate::orchestration) fn lengths(spec: &LengthsSpec) -> Lengths {
    spec.distribution().expect("a checked spec has a distribution")
}
