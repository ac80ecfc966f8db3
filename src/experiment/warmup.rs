//! When measuring begins: how it is written, and how it is found.

use std::borrow::Cow;
use std::sync::atomic::AtomicBool;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kernel::{Duration, Streams, Time};
use crate::spec::{from_text, parse_duration};
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

const EXPECTED: &str = "a duration such as 5m, a number such as `1000 requests`, auto, or none";

fn parse(text: &str) -> Result<Warmup, String> {
    match text {
        "none" => return Ok(Warmup::None),
        "auto" => return Ok(Warmup::Auto),
        _ => {}
    }
    match text.strip_suffix("requests").or_else(|| text.strip_suffix("request")) {
        None => parse_duration(text).map(Warmup::After),
        Some(count) => {
            let count = count.trim().parse();
            count.map(Warmup::Requests).map_err(|_| format!("`{text}` is no number of requests"))
        }
    }
}

impl<'de> Deserialize<'de> for Warmup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, EXPECTED, parse)
    }
}

impl Serialize for Warmup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Warmup::None => serializer.serialize_str("none"),
            Warmup::After(span) => span.serialize(serializer),
            Warmup::Requests(count) => serializer.collect_str(&format_args!("{count} requests")),
            Warmup::Auto => serializer.serialize_str("auto"),
        }
    }
}

impl JsonSchema for Warmup {
    fn schema_name() -> Cow<'static, str> {
        "Warmup".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration, a number of requests, auto, or none.",
            "type": ["string", "number"],
            "examples": ["5m", "1000 requests", "auto", "none"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_it_reads_back() {
        for (text, warmup) in [
            ("none", Warmup::None),
            ("auto", Warmup::Auto),
            ("1000 requests", Warmup::Requests(1000)),
            ("1m30s", Warmup::After(Duration::from_secs(90))),
        ] {
            let read: Warmup = serde_yaml::from_str(text).expect("a warm-up");
            assert_eq!(read, warmup);
            let written = serde_yaml::to_string(&read).expect("plain data");
            assert_eq!(serde_yaml::from_str::<Warmup>(&written).expect("a warm-up"), warmup);
        }
        assert!(serde_yaml::from_str::<Warmup>("many requests").is_err());
    }
}
