//! A stream of new prompts, of which the latest are asked again.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zipf::MAX_COUNT;
use crate::kernel::Stream;
use crate::spec::{Fraction, NonNegative, Problems};
use crate::workload::alias::{Alias, zipf_weights};
use crate::workload::incoming::PromptId;
use crate::workload::prompts::check_count;

/// A share of requests asks what nobody asked before; the others ask one of the
/// latest prompts again, the newer the likelier. Everything is forgotten in time,
/// so that a cache of any size has misses for ever.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChurnSpec {
    /// Share of requests with a new prompt. Default: 0.1.
    pub fresh: Fraction,
    /// How many of the latest prompts may be asked again. Default: 10000.
    pub window: u32,
    /// How much likelier newer ones are: the k-th latest is asked in proportion
    /// to k^-exponent. Default: 0.9.
    pub exponent: NonNegative,
}

impl Default for ChurnSpec {
    fn default() -> Self {
        ChurnSpec {
            fresh: Fraction::try_from(0.1).expect("0.1 is a fraction"),
            window: 10_000,
            exponent: NonNegative::try_from(0.9).expect("0.9 is not negative"),
        }
    }
}

impl ChurnSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("window", |p| check_count(self.window, MAX_COUNT, "prompt", p));
        if self.fresh.get() == 0.0 {
            problems.at("fresh", |p| {
                p.error_help("without new prompts nothing churns", "`zipf` has a fixed population");
            });
        }
    }
}

/// A stream of new prompts; clones share the table of ages.
#[derive(Clone, Debug)]
pub struct Churn {
    fresh: f64,
    ages: Arc<Alias>,
    /// The next new prompt. Those before the first request are old ones that may
    /// be asked again, so that there is no warm-up.
    next: u64,
}

impl Churn {
    pub(super) fn new(spec: &ChurnSpec) -> Self {
        let weights = zipf_weights(spec.window, spec.exponent.get());
        Churn {
            fresh: spec.fresh.get(),
            ages: Arc::new(Alias::new(&weights)),
            next: u64::from(spec.window),
        }
    }

    /// The next prompt asked: two draws.
    #[inline]
    pub(super) fn draw(&mut self, stream: &mut Stream) -> PromptId {
        let fresh = stream.uniform() < self.fresh;
        let age = u64::from(self.ages.pick(stream.bits()));
        if fresh {
            self.next += 1;
            PromptId(self.next - 1)
        } else {
            PromptId(self.next - 1 - age)
        }
    }
}
