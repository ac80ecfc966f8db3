//! A small hot set of prompts that moves through a large population.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::zipf::MAX_COUNT;
use crate::kernel::Stream;
use crate::spec::{Fraction, Problems};
use crate::workload::incoming::PromptId;
use crate::workload::prompts::check_count;

/// A population of which a few prompts, the hot ones, get most requests, and
/// which these are changes over time: news, a new product.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HotSetSpec {
    /// How many different prompts there are. Default: 10000.
    pub count: u32,
    /// How many of them are hot at a time. Default: 100.
    pub hot: u32,
    /// Share of requests that ask a hot prompt. Default: 0.8.
    pub share: Fraction,
    /// The chance, at each request, that the oldest hot prompt cools down and a
    /// cold one gets hot. Default: 0.01.
    pub drift: Fraction,
}

impl Default for HotSetSpec {
    fn default() -> Self {
        let fraction = |value| Fraction::try_from(value).expect("a fraction");
        HotSetSpec { count: 10_000, hot: 100, share: fraction(0.8), drift: fraction(0.01) }
    }
}

impl HotSetSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("count", |p| check_count(self.count, MAX_COUNT, "prompt", p));
        if self.hot == 0 || self.hot >= self.count {
            problems.at("hot", |p| {
                p.error(format!("expected 1 or more, and less than the {} prompts", self.count));
            });
        }
    }
}

/// Prompts are on a ring; the hot ones are a stretch of it that moves on.
#[derive(Clone, Debug)]
pub struct HotSet {
    count: u64,
    hot: u64,
    share: f64,
    drift: f64,
    /// The first hot prompt.
    first: u64,
}

impl HotSet {
    pub(super) fn new(spec: &HotSetSpec) -> Self {
        HotSet {
            count: u64::from(spec.count),
            hot: u64::from(spec.hot),
            share: spec.share.get(),
            drift: spec.drift.get(),
            first: 0,
        }
    }

    /// The next prompt asked: three draws.
    #[inline]
    pub(super) fn draw(&mut self, stream: &mut Stream) -> PromptId {
        if stream.uniform() < self.drift {
            self.first = (self.first + 1) % self.count;
        }
        let hot = stream.uniform() < self.share;
        let within = if hot {
            stream.below(self.hot)
        } else {
            self.hot + stream.below(self.count - self.hot)
        };
        PromptId((self.first + within) % self.count)
    }

    pub(super) fn count(&self) -> usize {
        self.count as usize
    }
}
