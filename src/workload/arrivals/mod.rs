//! When requests arrive: one process a file.
//!
//! To add one: a file with its spec (what YAML fills), its `check`, and a
//! process whose `next_at` gives the next arrival's time; then a line in the
//! list below.
//!
//! | for | use |
//! |---|---|
//! | many independent clients | [`poisson`](PoissonSpec) |
//! | a load generator at a fixed rate | [`constant`](ConstantSpec) |
//! | gaps of a given burstiness | [`gamma`](GammaSpec), [`weibull`](WeibullSpec) |
//! | calm and bursts | [`markov`](MarkovSpec) |
//! | a day, a week, a plan | [`piecewise`](PiecewiseSpec), [`sinusoidal`](SinusoidalSpec) |
//! | a load test | [`ramp`](RampSpec), [`spike`](SpikeSpec) |
//! | several at an instant | [`batch`](BatchSpec) |
//! | clients that wait for answers | [`closed_loop`](ClosedLoopSpec) |
//! | a bound on requests under way | [`concurrency`](ConcurrencySpec) |

mod batch;
mod calendar;
mod clock;
mod closed_loop;
mod concurrency;
mod constant;
mod curve;
mod gamma;
mod markov;
mod piecewise;
mod poisson;
mod ramp;
mod renewal;
mod sinusoidal;
mod spike;
mod weibull;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use batch::{Batch, BatchSize, BatchSpec};
pub use calendar::CalendarStart;
pub use closed_loop::{ClosedLoop, ClosedLoopSpec};
pub use concurrency::{Concurrency, ConcurrencySpec};
pub use constant::{Constant, ConstantSpec};
pub use curve::Curve;
pub(crate) use gamma::GammaVariate;
pub use gamma::{Gamma, GammaSpec};
pub use markov::{Markov, MarkovSpec, MarkovState};
pub use piecewise::{PiecewiseSpec, RatePoint, Shape};
pub use poisson::{Poisson, PoissonSpec};
pub use ramp::RampSpec;
pub use sinusoidal::{Sinusoidal, SinusoidalSpec};
pub use spike::SpikeSpec;
pub use weibull::{Weibull, WeibullSpec};

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
    /// Gamma gaps of a given coefficient of variation.
    Gamma(GammaSpec),
    /// Weibull gaps of a given coefficient of variation.
    Weibull(WeibullSpec),
    /// A rate that jumps between states: calm and bursts.
    Markov(MarkovSpec),
    /// A rate that changes at given times.
    Piecewise(PiecewiseSpec),
    /// A rate that swings, as between day and night.
    Sinusoidal(SinusoidalSpec),
    /// A rate that goes evenly from one value to another.
    Ramp(RampSpec),
    /// A steady rate, and a higher one for a while.
    Spike(SpikeSpec),
    /// Several requests at one instant.
    Batch(BatchSpec),
    /// Clients of which each waits for its answer before it asks again.
    ClosedLoop(ClosedLoopSpec),
    /// A bound on how many requests are under way.
    Concurrency(ConcurrencySpec),
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
            ArrivalsSpec::Gamma(spec) => problems.at("gamma", |p| spec.check(p)),
            ArrivalsSpec::Weibull(spec) => problems.at("weibull", |p| spec.check(p)),
            ArrivalsSpec::Markov(spec) => problems.at("markov", |p| spec.check(p)),
            ArrivalsSpec::Piecewise(spec) => problems.at("piecewise", |p| spec.check(p)),
            ArrivalsSpec::Sinusoidal(spec) => problems.at("sinusoidal", |p| spec.check(p)),
            ArrivalsSpec::Ramp(spec) => problems.at("ramp", |p| spec.check(p)),
            ArrivalsSpec::Spike(spec) => problems.at("spike", |p| spec.check(p)),
            ArrivalsSpec::Batch(spec) => problems.at("batch", |p| spec.check(p)),
            ArrivalsSpec::ClosedLoop(spec) => problems.at("closed_loop", |p| spec.check(p)),
            ArrivalsSpec::Concurrency(spec) => problems.at("concurrency", |p| spec.check(p)),
        }
    }

    /// Reports a process that depends on answers, where another one is to be made
    /// of it.
    pub(super) fn check_open(&self, problems: &mut Problems) {
        if matches!(self, ArrivalsSpec::ClosedLoop(_) | ArrivalsSpec::Concurrency(_)) {
            problems.error_help(
                "requests that wait for answers have no times of their own",
                "expected a process such as poisson",
            );
        }
    }

    /// The same process at another mean rate; `None` where the rate is not one
    /// number.
    pub(super) fn at_rate(&self, rate: Rate) -> Option<Self> {
        Some(match self {
            ArrivalsSpec::Poisson(_) => ArrivalsSpec::Poisson(PoissonSpec { rate }),
            ArrivalsSpec::Constant(_) => ArrivalsSpec::Constant(ConstantSpec { rate }),
            ArrivalsSpec::Gamma(spec) => ArrivalsSpec::Gamma(GammaSpec { rate, ..spec.clone() }),
            ArrivalsSpec::Weibull(spec) => {
                ArrivalsSpec::Weibull(WeibullSpec { rate, ..spec.clone() })
            }
            _ => return None,
        })
    }

    /// The process, from its beginning, in a run that starts at `start` on the
    /// virtual calendar. The spec must have passed its check.
    pub fn process(&self, start: CalendarStart) -> Arrivals {
        match self {
            ArrivalsSpec::Poisson(spec) => Arrivals::Poisson(Poisson::new(spec.rate)),
            ArrivalsSpec::Constant(spec) => Arrivals::Constant(Constant::new(spec.rate)),
            ArrivalsSpec::Gamma(spec) => Arrivals::Gamma(Gamma::new(spec)),
            ArrivalsSpec::Weibull(spec) => Arrivals::Weibull(Weibull::new(spec)),
            ArrivalsSpec::Markov(spec) => Arrivals::Markov(Markov::new(spec)),
            ArrivalsSpec::Piecewise(spec) => Arrivals::Curve(spec.process(start)),
            ArrivalsSpec::Sinusoidal(spec) => Arrivals::Sinusoidal(Sinusoidal::new(spec, start)),
            ArrivalsSpec::Ramp(spec) => Arrivals::Curve(spec.process()),
            ArrivalsSpec::Spike(spec) => Arrivals::Curve(spec.process()),
            ArrivalsSpec::Batch(spec) => Arrivals::Batch(Batch::new(spec, start)),
            ArrivalsSpec::ClosedLoop(spec) => Arrivals::ClosedLoop(ClosedLoop::new(spec)),
            ArrivalsSpec::Concurrency(spec) => Arrivals::Concurrency(Concurrency::new(spec, start)),
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
    /// See [`Gamma`].
    Gamma(Gamma),
    /// See [`Weibull`].
    Weibull(Weibull),
    /// See [`Markov`].
    Markov(Markov),
    /// See [`Curve`].
    Curve(Curve),
    /// See [`Sinusoidal`].
    Sinusoidal(Sinusoidal),
    /// See [`Batch`].
    Batch(Batch),
    /// See [`ClosedLoop`].
    ClosedLoop(ClosedLoop),
    /// See [`Concurrency`].
    Concurrency(Concurrency),
}

impl Arrivals {
    /// The next arrival, never before the last; `None` when there is none any
    /// more, at the latest at the end of virtual time (584 years).
    #[inline]
    pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
        match self {
            Arrivals::Poisson(process) => process.next_at(stream),
            Arrivals::Constant(process) => process.next_at(),
            Arrivals::Gamma(process) => process.next_at(stream),
            Arrivals::Weibull(process) => process.next_at(stream),
            Arrivals::Markov(process) => process.next_at(stream),
            Arrivals::Curve(process) => process.next_at(stream),
            Arrivals::Sinusoidal(process) => process.next_at(stream),
            Arrivals::Batch(process) => process.next_at(stream),
            Arrivals::ClosedLoop(process) => process.next_at(stream),
            Arrivals::Concurrency(process) => process.next_at(stream),
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

/// A rate that others relieve may be 0.
fn check_peak_rate(rate: Rate, problems: &mut Problems) {
    if rate.per_sec() != 0.0 {
        check_rate(rate, problems);
    }
}
