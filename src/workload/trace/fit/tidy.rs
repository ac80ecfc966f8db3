//! Numbers and specs as a person would write them.

use crate::workload::arrivals::ArrivalsSpec;

/// A number with so many significant digits: as a person would write it.
pub(super) fn tidy(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

/// A rate with six significant digits.
pub(super) fn rate(per_sec: f64) -> Option<crate::spec::Rate> {
    crate::spec::format_rate(tidy(per_sec, 6)).parse().ok()
}

/// Whether a spec passes its check.
pub(super) fn sound(check: impl FnOnce(&mut crate::spec::Problems)) -> bool {
    let mut problems = crate::spec::Problems::default();
    check(&mut problems);
    problems.list().is_empty()
}

/// The arrivals of a spec, checked.
pub(super) fn checked(spec: ArrivalsSpec) -> Option<ArrivalsSpec> {
    sound(|problems| spec.check(problems)).then_some(spec)
}
