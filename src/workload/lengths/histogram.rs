//! Lengths as they were counted.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_tokens;
use crate::spec::{NonNegative, Problems};

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

/// Lengths drawn from a histogram: a bin by its count, then any length of it; by
/// inversion, so that a copula joins it with other lengths.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// The share of lengths up to the end of each bin.
    shares: Vec<f64>,
    /// The first length of each bin, and how many lengths it spans.
    bins: Vec<(u32, u32)>,
    /// The last bin that is not empty.
    last: usize,
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
        let total: f64 = weights.iter().sum();
        let sum: f64 = weights.iter().zip(&ranges).map(|(w, range)| w * middle(range)).sum();
        let mut below = 0.0;
        let share = |weight: &f64| {
            below += weight / total;
            below
        };
        let shares = weights.iter().map(share).collect();
        let last = weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0);
        Arc::new(Histogram { shares, bins: ranges, last, mean: sum / total })
    }

    /// The length at which the share `u` is reached.
    #[inline]
    pub(super) fn pick(&self, u: f64) -> u32 {
        // What rounding leaves above the last share is of the last bin that has any.
        let bin = self.shares.partition_point(|share| *share <= u);
        let bin = if bin < self.bins.len() { bin } else { self.last };
        let below = bin.checked_sub(1).map_or(0.0, |before| self.shares[before]);
        let within = (u - below) / (self.shares[bin] - below);
        let (start, span) = self.bins[bin];
        start + ((within * f64::from(span)) as u32).min(span - 1)
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }
}
