//! Values measured along an axis, and what is between them.

use std::collections::BTreeMap;

use super::interpolate::{between, cell};

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
        let (low, share) = cell(&self.at, x);
        let share = if below == Below::Level { share.max(0.0) } else { share };
        let Some(start) = self.of.get(low).map(&value) else { return 0.0 };
        if share == 0.0 { start } else { between(start, value(&self.of[low + 1]), share) }
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
