//! Arrivals with spikes: a crowd comes, once or again and again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::{Curve, Piece};
use super::process::ProcessSpec;
use super::rate::{check_peak_rate, default_rate};
use super::rhythm::Rhythm;
use crate::kernel::Duration;
use crate::spec::{Problems, Rate};

/// A steady rate, and a higher (or lower) one for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SpikeSpec {
    /// Rate of requests otherwise. Default: 20/s.
    pub base: Rate,
    /// Rate of requests during a spike. Default: 200/s.
    pub peak: Rate,
    /// When the first spike begins. Default: 5m.
    pub at: Duration,
    /// How long a spike lasts. Default: 30s.
    pub lasts: Duration,
    /// From the beginning of one spike to that of the next. Default: there is
    /// only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
}

impl Default for SpikeSpec {
    fn default() -> Self {
        SpikeSpec {
            base: default_rate(),
            peak: "200/s".parse().expect("200/s is a rate"),
            at: Duration::from_secs(300),
            lasts: Duration::from_secs(30),
            every: None,
        }
    }
}

impl ProcessSpec for SpikeSpec {
    fn rhythm(&self) -> Rhythm {
        self.every.map_or(Rhythm::Changing, Rhythm::Every)
    }

    fn check(&self, problems: &mut Problems) {
        problems.at("base", |p| check_peak_rate(self.base, p));
        problems.at("peak", |p| check_peak_rate(self.peak, p));
        if self.lasts.is_zero() {
            problems.at("lasts", |p| p.error("expected a duration longer than 0"));
        }
        if let Some(every) = self.every {
            problems.at("every", |p| {
                if every <= self.lasts {
                    p.error(format!("a spike of {} would not end in {every}", self.lasts));
                } else if self.at >= every {
                    p.error(format!("the first spike, at {}, is past {every}", self.at));
                }
            });
        }
        if self.base.per_sec() == 0.0 && self.peak.per_sec() == 0.0 {
            problems.error("both rates are 0: nothing would ever arrive");
        }
    }
}

impl SpikeSpec {
    /// The process of a checked spec.
    pub(super) fn process(&self) -> Curve {
        let flat = |rate: Rate, length: f64| {
            let rate = rate.per_sec() / 1e9;
            Piece { length, from: rate, to: rate }
        };
        let (at, lasts) = (self.at.as_nanos() as f64, self.lasts.as_nanos() as f64);
        let Some(every) = self.every.map(|every| every.as_nanos() as f64) else {
            let mut pieces = vec![flat(self.peak, lasts), flat(self.base, f64::INFINITY)];
            if at > 0.0 {
                pieces.insert(0, flat(self.base, at));
            }
            return Curve::new(pieces, false, 0.0);
        };
        let pieces = vec![flat(self.peak, lasts), flat(self.base, every - lasts)];
        // The curve begins with a spike: enter it so that the spike is at `at`.
        Curve::new(pieces, true, if at > 0.0 { every - at } else { 0.0 })
    }
}
