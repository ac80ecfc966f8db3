//! Rates of requests.

use crate::spec::{Problems, Rate};

/// The default rate: enough to keep a few model replicas busy.
pub(super) fn default_rate() -> Rate {
    "20/s".parse().expect("20/s is a rate")
}

/// A process can run at rates that its clock of nanoseconds can tell apart.
pub(super) fn check_rate(rate: Rate, problems: &mut Problems) {
    let per_sec = rate.per_sec();
    if !(1e-9..=1e9).contains(&per_sec) {
        problems.error_help(
            format!("a rate of {per_sec}/s gives no arrivals that can be simulated"),
            "expected more than 0 (at least 1e-9/s) and at most 1e9/s, such as 20/s",
        );
    }
}

/// A rate that others relieve may be 0.
pub(super) fn check_peak_rate(rate: Rate, problems: &mut Problems) {
    if rate.per_sec() != 0.0 {
        check_rate(rate, problems);
    }
}
