//! Attention, measured over batches of prompts and of decoding sequences that are alike.

use std::collections::BTreeMap;

use crate::serving::step::axis::{Axis, Below};
use crate::serving::step::interpolate::{Line, line_at};

/// Microseconds of one layer's attention over prompts, by how many they are and the pairs of
/// tokens of each.
#[derive(Debug, Default)]
pub(in crate::serving::step::operators) struct Prompts {
    by_count: Axis<Axis<f64>>,
}

/// The same of decoding sequences, by how many they are and their context.
#[derive(Debug, Default)]
pub(in crate::serving::step::operators) struct Decodes {
    by_count: Axis<Axis<f64>>,
    /// All contexts that were measured.
    contexts: Vec<u64>,
}

/// Times by a number of sequences and a length of each.
pub(super) type Times = BTreeMap<u64, BTreeMap<u64, f64>>;

/// The pairs of a token and one that it attends to in a prompt of so many tokens.
fn pairs(tokens: u64) -> u64 {
    tokens * (tokens + 1) / 2
}

impl Prompts {
    /// Those of times by prompts and their tokens. Pairs are what attention works on, so that
    /// times are on lines over them.
    pub fn new(times: Times) -> Self {
        let of = |row: BTreeMap<u64, f64>| {
            Axis::new(row.into_iter().map(|(tokens, us)| (pairs(tokens), us)).collect())
        };
        Prompts { by_count: Axis::new(times.into_iter().map(|(at, row)| (at, of(row))).collect()) }
    }

    /// Microseconds over `count` prompts with `pairs` pairs together. What was computed before
    /// has pairs, too: a part of a prompt takes as long as a prompt with as many.
    pub fn micros(&self, count: u64, pairs: f64) -> f64 {
        let each = pairs / count.max(1) as f64;
        let of = |row: &Axis<f64>| row.value(each, Below::Level, |us| *us);
        self.by_count.value(count as f64, Below::Level, of).max(0.0)
    }
}

impl Decodes {
    /// Those of times by sequences and their context.
    pub fn new(times: Times) -> Self {
        let mut contexts: Vec<u64> = times.values().flat_map(BTreeMap::keys).copied().collect();
        contexts.sort_unstable();
        contexts.dedup();
        let by_count = times.into_iter().map(|(at, row)| (at, Axis::new(row))).collect();
        Decodes { by_count: Axis::new(by_count), contexts }
    }

    /// Microseconds over `count` sequences of this context each.
    pub fn micros(&self, count: u64, context: u64) -> f64 {
        let of = |row: &Axis<f64>| row.value(context as f64, Below::Level, |us| *us);
        self.by_count.value(count as f64, Below::Level, of).max(0.0)
    }

    /// The line in whole numbers that the time is on at `context`, of which `whole` makes
    /// such a number of a context's time. With a window no more than that is read.
    pub fn line(
        &self,
        count: u64,
        context: u64,
        window: Option<u32>,
        whole: impl Fn(f64) -> i128,
    ) -> Line {
        let value = |context: u64| whole(self.micros(count, context));
        let window = window.map_or(u64::MAX, u64::from);
        if context >= window {
            return Line { first: value(window), slope: 0, tokens: u64::MAX };
        }
        let line = line_at(&self.contexts, context, |nth| value(self.contexts[nth]));
        let left = if window == u64::MAX { u64::MAX } else { window - context };
        Line { tokens: line.tokens.min(left), ..line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_prompt_takes_as_long_as_a_prompt_with_as_many_pairs() {
        let times = Times::from([
            (1, BTreeMap::from([(1, 5.0), (10, 59.0)])),
            (3, BTreeMap::from([(1, 9.0), (10, 117.0)])),
        ]);
        let prompts = Prompts::new(times);
        assert_eq!(prompts.micros(1, 55.0), 59.0);
        assert_eq!(prompts.micros(1, 28.0), 32.0, "half way between 1 and 55 pairs");
        assert_eq!(prompts.micros(1, 109.0), 113.0, "on in a line");
        assert_eq!(prompts.micros(2, 110.0), 88.0, "half way between 1 and 3 prompts");
    }

    #[test]
    fn a_window_is_all_that_is_read() {
        let decodes = Decodes::new(Times::from([(1, BTreeMap::from([(0, 10.0), (100, 110.0)]))]));
        let line = |context, window| decodes.line(1, context, window, |us| us as i128);
        assert_eq!(line(20, None), Line { first: 30, slope: 1, tokens: 80 });
        assert_eq!(line(20, Some(50)), Line { first: 30, slope: 1, tokens: 30 });
        assert_eq!(line(60, Some(50)), Line { first: 60, slope: 0, tokens: u64::MAX });
        assert_eq!(line(150, None), Line { first: 160, slope: 1, tokens: u64::MAX });
    }
}
