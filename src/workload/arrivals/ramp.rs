//! Arrivals at a rate that goes evenly from one value to another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::curve::{Curve, Piece};
use super::process::ProcessSpec;
use super::rate::{check_peak_rate, default_rate};
use super::rhythm::Rhythm;
use crate::kernel::Duration;
use crate::spec::{Problems, Rate};

/// A ramp, as load tests have them: `from`, then evenly to `to`, where it stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RampSpec {
    /// Rate of requests at first. Default: 0/s.
    pub from: Rate,
    /// Rate of requests at last. Default: 20/s.
    pub to: Rate,
    /// When the rate begins to change. Default: 0s.
    pub begins: Duration,
    /// How long the change takes. Default: 10m.
    pub over: Duration,
}

impl Default for RampSpec {
    fn default() -> Self {
        RampSpec {
            from: "0/s".parse().expect("0/s is a rate"),
            to: default_rate(),
            begins: Duration::ZERO,
            over: Duration::from_secs(600),
        }
    }
}

impl ProcessSpec for RampSpec {
    fn rhythm(&self) -> Rhythm {
        Rhythm::Changing
    }

    fn check(&self, problems: &mut Problems) {
        problems.at("from", |p| check_peak_rate(self.from, p));
        problems.at("to", |p| check_peak_rate(self.to, p));
        if self.over.is_zero() {
            problems.at("over", |p| {
                p.error_help("a ramp takes time", "`piecewise` makes a rate jump");
            });
        }
        if self.from.per_sec() == 0.0 && self.to.per_sec() == 0.0 {
            problems.error("both rates are 0: nothing would ever arrive");
        }
    }
}

impl RampSpec {
    /// The process of a checked spec.
    pub(super) fn process(&self) -> Curve {
        let (from, to) = (self.from.per_sec() / 1e9, self.to.per_sec() / 1e9);
        let mut pieces = vec![
            Piece { length: self.over.as_nanos() as f64, from, to },
            Piece { length: f64::INFINITY, from: to, to },
        ];
        if !self.begins.is_zero() {
            let length = self.begins.as_nanos() as f64;
            pieces.insert(0, Piece { length, from, to: from });
        }
        Curve::new(pieces, false, 0.0)
    }
}
