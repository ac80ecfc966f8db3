//! How far predictions are off, by part of the requests and metric.

use super::pair::{Pair, Part, TIMES, Times};
use crate::stats::Agreement;
use crate::stats::agreement::Both;

/// How far one metric is off over one part of the requests.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorRow {
    /// The part.
    pub part: Part,
    /// The metric, with its unit as a suffix.
    pub metric: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// How far it is off.
    pub found: Off,
}

/// How far a metric is off.
#[derive(Clone, Debug, PartialEq)]
pub enum Off {
    /// Of each request.
    Times(Agreement),
    /// Of all together.
    Whole(Both),
}

impl Off {
    /// The mean, or the whole.
    pub fn mean(&self) -> Both {
        match self {
            Off::Times(found) => found.mean,
            Off::Whole(both) => *both,
        }
    }
}

/// All of them: of each part TTFT, TPOT, ITL and E2E; of everything also throughput.
///
/// ITL is the time between two tokens, whosever they are: TPOT, each request's weighted by
/// its gaps. Throughput is from the first arrival to the last token.
pub fn errors(pairs: &[Pair]) -> Vec<ErrorRow> {
    let mut rows = Vec::new();
    for part in [Part::Fitted, Part::HeldOut, Part::All] {
        let mine: Vec<&Pair> = pairs.iter().filter(|it| it.part == part).collect();
        if mine.is_empty() {
            continue;
        }
        let [ttft, tpot, e2e] = &TIMES;
        let plain = |times: &Times| {
            let both: Vec<(f64, f64)> = mine.iter().filter_map(|it| both(it, times)).collect();
            (!both.is_empty()).then(|| Agreement::of(&both))
        };
        let gaps: Vec<(f64, f64, f64)> = mine
            .iter()
            .filter_map(|it| {
                let (measured, predicted) = both(it, tpot)?;
                Some((measured, predicted, f64::from(it.measured.output_tokens - 1)))
            })
            .collect();
        let itl = (!gaps.is_empty()).then(|| Agreement::weighted(&gaps));
        let found = [
            ("ttft_s", "TTFT", plain(ttft)),
            ("tpot_s", "TPOT", plain(tpot)),
            ("itl_s", "ITL", itl),
            ("e2e_s", "E2E", plain(e2e)),
        ];
        rows.extend(found.into_iter().filter_map(|(metric, title, found)| {
            Some(ErrorRow { part, metric, title, found: Off::Times(found?) })
        }));
    }
    let whole = [
        ("output_tokens_per_s", "tokens/s", throughput(pairs, |it| it.measured.output_tokens)),
        ("requests_per_s", "requests/s", throughput(pairs, |_| 1)),
    ];
    rows.extend(whole.into_iter().filter_map(|(metric, title, both)| {
        Some(ErrorRow { part: Part::All, metric, title, found: Off::Whole(both?) })
    }));
    rows
}

/// A time of a request, if it was measured and predicted.
pub(super) fn both(pair: &Pair, times: &Times) -> Option<(f64, f64)> {
    let measured = (times.measured)(&pair.measured).filter(|it| *it > 0.0)?;
    Some((measured, (times.predicted)(pair.predicted.as_ref()?)?))
}

/// So much of each request by the time from the first arrival to the last token; none of loads,
/// which have no arrivals.
fn throughput(pairs: &[Pair], of: fn(&Pair) -> u32) -> Option<Both> {
    if pairs.iter().any(|it| it.measured.concurrency.is_some()) {
        return None;
    }
    let mut ends = [0.0_f64; 2];
    let mut all = 0.0;
    for pair in pairs {
        let Some((measured, predicted)) = both(pair, &TIMES[2]) else { continue };
        let at = pair.measured.arrival.as_secs_f64();
        ends = [ends[0].max(at + measured), ends[1].max(at + predicted)];
        all += f64::from(of(pair));
    }
    (ends[0] > 0.0 && ends[1] > 0.0)
        .then(|| Both { measured: all / ends[0], predicted: all / ends[1] })
}
