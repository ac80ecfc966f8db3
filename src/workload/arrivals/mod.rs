//! When requests arrive: one process a file.
//!
//! To add one: a file with its spec (what YAML fills), a `ProcessSpec`, and a
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

#[macro_use]
mod list;

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
mod process;
mod ramp;
mod rate;
mod renewal;
mod rhythm;
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
pub use rhythm::Rhythm;
pub use sinusoidal::{Sinusoidal, SinusoidalSpec};
pub use spike::SpikeSpec;
pub use weibull::{Weibull, WeibullSpec};

use process::ProcessSpec;

use crate::kernel::{Stream, Time};
use crate::spec::{Problems, Rate};

arrivals! { spec, start;
    /// Many independent clients: exponential gaps, a coefficient of variation
    /// of 1.
    "poisson": Poisson(PoissonSpec) -> Poisson => Poisson::new(spec.rate);
    /// Evenly spaced, the first at 0s.
    "constant": Constant(ConstantSpec) -> Constant => Constant::new(spec.rate);
    /// Gamma gaps of a given coefficient of variation.
    "gamma": Gamma(GammaSpec) -> Gamma => Gamma::new(spec);
    /// Weibull gaps of a given coefficient of variation.
    "weibull": Weibull(WeibullSpec) -> Weibull => Weibull::new(spec);
    /// A rate that jumps between states: calm and bursts.
    "markov": Markov(MarkovSpec) -> Markov => Markov::new(spec);
    /// A rate that changes at given times.
    "piecewise": Piecewise(PiecewiseSpec) -> Curve => spec.process(start);
    /// A rate that swings, as between day and night.
    "sinusoidal": Sinusoidal(SinusoidalSpec) -> Sinusoidal => Sinusoidal::new(spec, start);
    /// A rate that goes evenly from one value to another.
    "ramp": Ramp(RampSpec) -> Curve => spec.process();
    /// A steady rate, and a higher one for a while.
    "spike": Spike(SpikeSpec) -> Curve => spec.process();
    /// Several requests at one instant.
    "batch": Batch(BatchSpec) -> Batch => Batch::new(spec, start);
    /// Clients of which each waits for its answer before it asks again.
    "closed_loop": ClosedLoop(ClosedLoopSpec) -> ClosedLoop => ClosedLoop::new(spec);
    /// A bound on how many requests are under way.
    "concurrency": Concurrency(ConcurrencySpec) -> Concurrency => Concurrency::new(spec, start);
}

impl Default for ArrivalsSpec {
    fn default() -> Self {
        ArrivalsSpec::Poisson(PoissonSpec::default())
    }
}

impl ArrivalsSpec {
    /// Reports a process that depends on answers, where another one is to be made
    /// of it.
    pub(super) fn check_open(&self, problems: &mut Problems) {
        if self.waits_for_answers() {
            problems.error_help(
                "requests that wait for answers have no times of their own",
                "expected a process such as poisson",
            );
        }
    }
}
