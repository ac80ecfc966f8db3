//! What was measured of a request, as our own rows have it.

use super::losses::Losses;
use crate::kernel::Duration;
use crate::kernel::time::NANOS_PER_SEC;
use crate::workload::trace::measured::{Measured, Status};

/// The columns, in order; each is called as its role of a log, which is how it is found again.
pub(super) const COLUMNS: [&str; 7] =
    ["model", "status", "ttft", "tpot", "e2e", "cost", "cached_tokens"];

/// The values of the columns as texts, and whether each is a number; none where it is not known.
pub(super) fn texts(measured: &Measured, lost: &mut Losses) -> [Option<(String, bool)>; 7] {
    if measured.cache_hit.is_some() {
        lost.note("whether a gateway's cache had the answer");
    }
    let seconds = |time: Option<Duration>| {
        let nanos = time?.as_nanos();
        Some((format!("{}.{:09}", nanos / NANOS_PER_SEC, nanos % NANOS_PER_SEC), true))
    };
    let status = match measured.status {
        Status::Unknown => None,
        Status::Ok => Some("ok"),
        Status::Failed => Some("failed"),
    };
    [
        measured.model.as_deref().map(|model| (model.to_owned(), false)),
        status.map(|status| (status.to_owned(), false)),
        seconds(measured.ttft),
        seconds(measured.tpot),
        seconds(measured.e2e),
        measured.cost.map(|cost| (cost.to_string(), true)),
        measured.cached_tokens.map(|tokens| (tokens.to_string(), true)),
    ]
}
