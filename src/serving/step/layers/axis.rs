//! Values measured along an axis, and what is between them.

use std::collections::BTreeMap;

/// What was measured at a value of an axis, in ascending order.
#[derive(Debug)]
pub(super) struct Axis<T> {
    at: Vec<u64>,
    of: Vec<T>,
}

impl<T> Default for Axis<T> {
    fn default() -> Self {
        Axis { at: Vec::new(), of: Vec::new() }
    }
}

impl<T> Axis<T> {
    /// The axis of these values.
    pub fn new(values: BTreeMap<u64, T>) -> Self {
        let (at, of) = values.into_iter().unzip();
        Axis { at, of }
    }

    /// What is at the first value.
    pub fn first(&self) -> Option<&T> {
        self.of.first()
    }

    /// The value at `x`, where `value` tells that of a node.
    pub fn value(&self, x: f64, below: Below, value: impl Fn(&T) -> f64) -> f64 {
        let [first, .., last] = &self.at[..] else {
            return self.of.first().map_or(0.0, value);
        };
        if x <= *first as f64 && below == Below::Level {
            return value(&self.of[0]);
        }
        let next = self.at.partition_point(|node| *node as f64 <= x);
        let low = next.saturating_sub(1).min(self.at.len() - 2);
        let (from, to) = (self.at[low] as f64, self.at[low + 1] as f64);
        let start = value(&self.of[low]);
        if x == from {
            return start;
        }
        let end = value(&self.of[low + 1]);
        let on_line = start + (end - start) * (x - from) / (to - from);
        // Nothing is faster for more work.
        if x > *last as f64 { on_line.max(end) } else { on_line }
    }
}

/// What holds before the first value of an axis.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Below {
    /// The first value.
    Level,
    /// The line through the first two.
    Line,
}
