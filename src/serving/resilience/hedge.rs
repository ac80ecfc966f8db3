//! When a second attempt is made beside one that takes long.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kernel::Duration;
use crate::spec::{from_text, parse_duration};
use crate::stats::Histogram;

/// A second attempt beside one that takes long (Dean and Barroso, "The Tail at
/// Scale", CACM 2013). The first answer is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HedgeSpec {
    /// How long an attempt takes until another is made beside it: a time, or a
    /// quantile of the times that the model's answers took so far, such as `p95`.
    /// Default 1s.
    pub after: HedgeAfter,
    /// The same where it is a quantile, until the model has given 100 answers.
    /// Default 1s.
    pub initially: Duration,
    /// How many further attempts a request may have in this way. Default 1.
    pub max: u32,
}

impl Default for HedgeSpec {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        HedgeSpec { after: HedgeAfter::Time(second), initially: second, max: 1 }
    }
}

/// How long an attempt takes until another is made beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HedgeAfter {
    /// So long.
    Time(Duration),
    /// As long as so many percent of the model's answers did not take.
    Percentile(f64),
}

impl HedgeAfter {
    /// The time, if it is one.
    pub const fn time(self) -> Option<Duration> {
        match self {
            HedgeAfter::Time(time) => Some(time),
            HedgeAfter::Percentile(_) => None,
        }
    }
}

impl FromStr for HedgeAfter {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let Some(percent) = text.strip_prefix('p') else {
            return parse_duration(text).map(HedgeAfter::Time);
        };
        match percent.parse::<f64>() {
            Ok(percent) if percent > 0.0 && percent < 100.0 => Ok(HedgeAfter::Percentile(percent)),
            _ => Err(format!("`{text}` is no percentile between p0 and p100")),
        }
    }
}

impl fmt::Display for HedgeAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HedgeAfter::Time(time) => write!(f, "{time}"),
            HedgeAfter::Percentile(percent) => write!(f, "p{percent}"),
        }
    }
}

impl<'de> Deserialize<'de> for HedgeAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a time such as 500ms, or a percentile such as p95";
        from_text(deserializer, expected, str::parse)
    }
}

impl Serialize for HedgeAfter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for HedgeAfter {
    fn schema_name() -> Cow<'static, str> {
        "HedgeAfter".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A span of time, or a percentile of the times that answers took.",
            "type": ["string", "number"],
            "examples": ["500ms", "p95"],
        })
    }
}

/// Answers that must be known before a percentile of them says anything.
const ENOUGH: u64 = 100;
/// How many of the last answers count: at least so many, at most twice as many.
const SPAN: u64 = 1000;
/// The percentile is looked up again after so many answers.
const EVERY: u64 = 10;

/// How long hedges of a model wait now.
///
/// Times go into two histograms of which the second began a thousand answers later; it
/// takes the place of the first when that has twice as many. So a percentile is one
/// of the last one or two thousand answers, and follows a model that changes.
#[derive(Clone, Debug)]
pub struct HedgeDelay {
    /// The share of answers that take no longer; none where the delay stays.
    quantile: Option<f64>,
    delay: Duration,
    recent: Histogram,
    next: Histogram,
}

impl HedgeDelay {
    /// The delay before anything is known.
    pub fn new(spec: &HedgeSpec) -> Self {
        let (quantile, delay) = match spec.after {
            HedgeAfter::Time(time) => (None, time),
            HedgeAfter::Percentile(percent) => (Some(percent / 100.0), spec.initially),
        };
        HedgeDelay { quantile, delay, recent: Histogram::new(), next: Histogram::new() }
    }

    /// The delay.
    pub const fn get(&self) -> Duration {
        self.delay
    }

    /// A request was answered so long after its first attempt was sent, whichever won.
    /// Where the delay is right, hedges do not shift it: what takes longer than it is as
    /// much with them as without. Where it is too short it grows slowly, so that somewhat
    /// more hedges are made than the percentile says: 5.2 % at p95.
    pub fn answered(&mut self, took: Duration) {
        let Some(quantile) = self.quantile else { return };
        self.recent.record(took);
        let count = self.recent.count();
        if count > SPAN {
            self.next.record(took);
        }
        if count >= ENOUGH && count.is_multiple_of(EVERY) {
            self.delay = Duration::from_secs_f64(self.recent.quantile(quantile));
        }
        if count == 2 * SPAN {
            std::mem::swap(&mut self.recent, &mut self.next);
            self.next.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_or_a_percentile_is_read_and_written() {
        for (text, after) in [
            ("500ms", HedgeAfter::Time(Duration::from_millis(500))),
            ("p95", HedgeAfter::Percentile(95.0)),
            ("p99.9", HedgeAfter::Percentile(99.9)),
        ] {
            let spec: HedgeSpec = serde_yaml::from_str(&format!("after: {text}")).unwrap();
            assert_eq!(spec.after, after);
            assert_eq!(after.to_string().parse(), Ok(after));
        }
        for text in ["p0", "p100", "pp", "95", "-1s"] {
            assert!(
                serde_yaml::from_str::<HedgeSpec>(&format!("after: {text}")).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_percentile_is_that_of_the_last_answers() {
        let spec: HedgeSpec = serde_yaml::from_str("{ after: p95, initially: 7s }").unwrap();
        let mut delay = HedgeDelay::new(&spec);
        let near = |delay: &HedgeDelay, millis: f64| {
            let found = delay.get().as_secs_f64() * 1e3;
            assert!((found - millis).abs() <= 0.001 * millis, "{found}, not {millis}");
        };
        (1..100).for_each(|millis| delay.answered(Duration::from_millis(millis)));
        assert_eq!(delay.get(), Duration::from_secs(7), "too few are known");
        delay.answered(Duration::from_millis(100));
        near(&delay, 95.0);
        // The model is ten times as slow from now on.
        for _ in 0..40 {
            (1..=100).for_each(|millis| delay.answered(Duration::from_millis(10 * millis)));
        }
        near(&delay, 950.0);
    }

    #[test]
    fn a_time_stays_whatever_answers_take() {
        let mut delay = HedgeDelay::new(&HedgeSpec::default());
        (0..1000).for_each(|_| delay.answered(Duration::from_secs(9)));
        assert_eq!(delay.get(), Duration::from_secs(1));
    }
}
