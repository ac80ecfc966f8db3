//! Lengths as they were counted.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_tokens;
use crate::spec::{NonNegative, Problems};
use crate::workload::alias::Alias;

/// One bar of a histogram of lengths.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BinSpec {
    /// The longest length of the bin, in tokens; it begins after the bin before
    /// it, the first at 1.
    pub to: u32,
    /// How many lengths, or which share of them, are in the bin.
    pub count: NonNegative,
}

/// Reports bins out of order, and a histogram of nothing.
pub(super) fn check(bins: &[BinSpec], problems: &mut Problems) {
    if bins.iter().all(|bin| bin.count.get() == 0.0) {
        problems.error_help("the histogram is empty", "such as `- { to: 100, count: 57 }`");
    }
    for (i, bin) in bins.iter().enumerate() {
        problems.at(i, |p| {
            p.at("to", |p| {
                check_tokens(f64::from(bin.to), p);
                if i > 0 && bin.to <= bins[i - 1].to {
                    p.error(format!("{} is not above the bin before it", bin.to));
                }
            });
        });
    }
}

/// Lengths drawn from a histogram: a bin by its count, then any length of it.
#[derive(Clone, Debug)]
pub struct Histogram {
    shares: Alias,
    /// The first length of each bin, and how many lengths it spans.
    bins: Vec<(u32, u32)>,
    mean: f64,
}

impl Histogram {
    /// The distribution of checked bins.
    pub(super) fn new(bins: &[BinSpec]) -> Arc<Self> {
        let weights: Vec<f64> = bins.iter().map(|bin| bin.count.get()).collect();
        let starts = std::iter::once(1).chain(bins.iter().map(|bin| bin.to + 1));
        let ranges: Vec<(u32, u32)> =
            bins.iter().zip(starts).map(|(bin, start)| (start, bin.to + 1 - start)).collect();
        let middle =
            |(start, span): &(u32, u32)| f64::from(*start) + (f64::from(*span) - 1.0) / 2.0;
        let sum: f64 = weights.iter().zip(&ranges).map(|(w, range)| w * middle(range)).sum();
        let mean = sum / weights.iter().sum::<f64>();
        Arc::new(Histogram { shares: Alias::new(&weights), bins: ranges, mean })
    }

    /// The first bits of `u` choose the bin, the others the length.
    #[inline]
    pub(super) fn pick(&self, u: f64) -> u32 {
        // 52 bits are enough for both.
        let bits = (u * (1u64 << 52) as f64) as u64;
        let (start, span) = self.bins[self.shares.pick(bits << 12) as usize];
        let within = ((bits & ((1 << 26) - 1)) * u64::from(span)) >> 26;
        start + within as u32
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }
}
