//! Arrivals in batches: several requests at one instant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::CalendarStart;
use super::process::ProcessSpec;
use super::rhythm::Rhythm;
use super::{Arrivals, ArrivalsSpec};
use crate::kernel::{Stream, Time};
use crate::spec::{Positive, Problems};

/// Requests that come several at a time: a page with many completions, a job
/// with many documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BatchSpec {
    /// When batches arrive: any of the arrival processes. Default: Poisson.
    pub arrivals: Box<ArrivalsSpec>,
    /// How many requests a batch has. Default: `constant: 8`.
    pub size: BatchSize,
}

/// How many requests a batch has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchSize {
    /// Always as many.
    Constant(u32),
    /// A geometric number, at least 1, of this mean.
    Geometric(Positive),
}

/// Larger batches are better written as a rate.
const MOST: u32 = 1_000_000;

impl Default for BatchSpec {
    fn default() -> Self {
        BatchSpec { arrivals: Box::default(), size: BatchSize::Constant(8) }
    }
}

impl ProcessSpec for BatchSpec {
    fn rhythm(&self) -> Rhythm {
        self.arrivals.rhythm()
    }

    fn check(&self, problems: &mut Problems) {
        problems.at("arrivals", |p| {
            if matches!(*self.arrivals, ArrivalsSpec::Batch(_)) {
                p.error_help("a batch of batches is a larger batch", "make `size` larger");
            }
            self.arrivals.check_open(p);
            self.arrivals.check(p);
        });
        let (name, mean) = match self.size {
            BatchSize::Constant(size) => ("constant", f64::from(size)),
            BatchSize::Geometric(mean) => ("geometric", mean.get()),
        };
        if !(1.0..=f64::from(MOST)).contains(&mean) {
            problems.at("size", |p| {
                p.at(name, |p| {
                    p.error_help(
                        format!("a batch of {mean} requests is out of range"),
                        format!("expected 1 to {MOST}"),
                    );
                });
            });
        }
    }
}

/// Batches on their way.
#[derive(Clone, Debug)]
pub struct Batch {
    arrivals: Box<Arrivals>,
    size: Size,
    /// What is left of the batch at `at`.
    left: u32,
    at: Time,
}

#[derive(Clone, Copy, Debug)]
enum Size {
    Constant(u32),
    /// 1 / ln(1 - 1/mean), at most 0; 0 where every batch has one request.
    Geometric(f64),
}

impl Batch {
    /// The process of a checked spec.
    pub(super) fn new(spec: &BatchSpec, start: CalendarStart) -> Self {
        let size = match spec.size {
            BatchSize::Constant(size) => Size::Constant(size),
            BatchSize::Geometric(mean) => Size::Geometric(1.0 / libm::log1p(-1.0 / mean.get())),
        };
        let arrivals = Box::new(spec.arrivals.process(start));
        Batch { arrivals, size, left: 0, at: Time::ZERO }
    }

    /// The next arrival, or `None` when virtual time is at its end.
    #[inline]
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        if self.left == 0 {
            self.at = self.arrivals.next_at(stream)?;
            self.left = match self.size {
                Size::Constant(size) => size,
                // By inversion: 1 + floor(ln U / ln(1 - 1/mean)).
                Size::Geometric(scale) => (libm::log(stream.uniform()) * scale) as u32 + 1,
            };
        }
        self.left -= 1;
        Some(self.at)
    }
}
