//! When requests arrive: one process a file.
//!
//! To add one: a file with its spec (what YAML fills), its `check`, and a
//! process whose `next_at` gives the next arrival's time; then a line in each
//! enum below.

mod constant;
mod poisson;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use constant::{Constant, ConstantSpec};
pub use poisson::{Poisson, PoissonSpec};

use crate::kernel::{Stream, Time};
use crate::spec::{Problems, Rate};

/// When requests arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ArrivalsSpec {
    /// Many independent clients: exponential gaps, a coefficient of variation
    /// of 1.
    Poisson(PoissonSpec),
    /// Evenly spaced, the first at 0s.
    Constant(ConstantSpec),
}

impl Default for ArrivalsSpec {
    fn default() -> Self {
        ArrivalsSpec::Poisson(PoissonSpec::default())
    }
}

impl ArrivalsSpec {
    /// Reports what is wrong with it.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            ArrivalsSpec::Poisson(spec) => {
                problems.at("poisson", |p| p.at("rate", |p| check_rate(spec.rate, p)));
            }
            ArrivalsSpec::Constant(spec) => {
                problems.at("constant", |p| p.at("rate", |p| check_rate(spec.rate, p)));
            }
        }
    }

    /// The process, from its beginning. The spec must have passed its check.
    pub fn process(&self) -> Arrivals {
        match self {
            ArrivalsSpec::Poisson(spec) => Arrivals::Poisson(Poisson::new(spec.rate)),
            ArrivalsSpec::Constant(spec) => Arrivals::Constant(Constant::new(spec.rate)),
        }
    }
}

/// A process of arrivals on its way.
#[derive(Clone, Debug)]
pub enum Arrivals {
    /// See [`Poisson`].
    Poisson(Poisson),
    /// See [`Constant`].
    Constant(Constant),
}

impl Arrivals {
    /// The next arrival, never before the last; `None` when virtual time (584
    /// years) is at its end.
    #[inline]
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        match self {
            Arrivals::Poisson(process) => process.next_at(stream),
            Arrivals::Constant(process) => process.next_at(),
        }
    }
}

/// The default rate: enough to keep a few model replicas busy.
fn default_rate() -> Rate {
    "20/s".parse().expect("20/s is a rate")
}

/// A process can run at rates that its clock of nanoseconds can tell apart.
fn check_rate(rate: Rate, problems: &mut Problems) {
    let per_sec = rate.per_sec();
    if !(1e-9..=1e9).contains(&per_sec) {
        problems.error_help(
            format!("a rate of {per_sec}/s gives no arrivals that can be simulated"),
            "expected more than 0 (at least 1e-9/s) and at most 1e9/s, such as 20/s",
        );
    }
}
