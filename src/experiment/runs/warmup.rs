//! When measuring begins, where a pilot run is to find it.

use std::sync::atomic::AtomicBool;

use crate::kernel::{Duration, Streams, Time};
use crate::stats::{Batches, mser};
use crate::system::{self, Finished, Recorder, RunError, Setup, Warmup};

/// The replication whose streams the pilot run draws from: no other run has them, so
/// that what is measured does not choose its own window.
const PILOT: u64 = u64::MAX;

/// The time from which on a run of `setup` is in its steady state, by MSER-5 on the
/// response times of a pilot run, in the order of the answers; zero if the pilot has
/// under 100 of them.
///
/// Where the pilot does not settle in the first half of its answers, that half is the
/// warm-up, and the point's drift tells. It is never longer than half the time in which
/// requests come.
///
/// # Errors
/// As [`system::run`].
pub fn find_warmup(setup: &Setup, seed: u64, stop: &AtomicBool) -> Result<Duration, RunError> {
    let setup = Setup { warmup: Warmup::None, ..setup.clone() };
    let (mut times, mut ends) = (Batches::default(), Batches::default());
    let mut last_arrival = Time::ZERO;
    let recorder: Recorder<'_> = Box::new(|finished: &Finished<'_>| {
        let arrival = finished.request.incoming.at;
        last_arrival = last_arrival.max(arrival);
        if finished.outcome.error().is_none() {
            times.push((finished.at - arrival).as_secs_f64());
            ends.push(finished.at.as_secs_f64());
        }
    });
    system::run(&setup, &Streams::new(seed, PILOT), stop, Some(recorder))?;
    let cut = mser(times.means()).map_or(0, |found| found.batches);
    if cut == 0 {
        return Ok(Duration::ZERO);
    }
    // Between the last batch that is left out and the first that is not.
    let between = f64::midpoint(ends.means()[cut - 1], ends.means()[cut]);
    // Answers may go on long after the last request came: some must be left to measure.
    Ok(Duration::from_secs_f64(between.min(last_arrival.as_secs_f64() / 2.0)))
}
