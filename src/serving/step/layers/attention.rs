//! Attention, measured over four axes.

use std::collections::BTreeMap;

use crate::serving::step::axis::{Axis, Below};
use crate::workload::typed_rows;

/// Microseconds of one layer's attention, by decoding sequences, tokens of prompts, the
/// context of those, and the context of the decoding sequences. A grid need not be whole:
/// for each value of one axis it has values of the next.
///
/// Between the values of an axis it is interpolated linearly; beyond the last the last two
/// go on in a straight line; before the first it stays as it is.
#[derive(Debug, Default)]
pub(super) struct Attention {
    by_seqs: Axis<Axis<Axis<Axis<f64>>>>,
    /// All contexts of decoding sequences that were measured.
    pub contexts: Vec<u64>,
}

/// A row of the profile.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(super) struct Row {
    #[serde(deserialize_with = "typed_rows::whole")]
    prefill_chunk: u64,
    #[serde(deserialize_with = "typed_rows::whole")]
    kv_prefill: u64,
    #[serde(deserialize_with = "typed_rows::whole")]
    n_decode: u64,
    #[serde(deserialize_with = "typed_rows::whole")]
    kv_decode: u64,
    #[serde(deserialize_with = "typed_rows::number")]
    time_us: f64,
}

/// What attention works on, besides the contexts of decoding sequences.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Tokens of prompts.
    pub chunk: u64,
    /// The context before them; below zero where they are of several prompts, which have
    /// fewer pairs than one as long as all.
    pub context: f64,
    /// Decoding sequences.
    pub seqs: u64,
}

impl Attention {
    /// The grid of `rows`.
    pub fn new(rows: impl IntoIterator<Item = Row>) -> Result<Self, String> {
        type Tree = BTreeMap<u64, BTreeMap<u64, BTreeMap<u64, BTreeMap<u64, f64>>>>;
        let mut tree = Tree::new();
        let mut contexts = Vec::new();
        for row in rows {
            let Row { prefill_chunk, kv_prefill, n_decode, kv_decode, time_us } = row;
            if !(0.0..=1e9).contains(&time_us) {
                return Err(format!("attention of {time_us} us, expected 0 to 1e9"));
            }
            if n_decode > 0 {
                contexts.push(kv_decode);
            }
            let chunks = tree.entry(n_decode).or_default().entry(prefill_chunk).or_default();
            if chunks.entry(kv_prefill).or_default().insert(kv_decode, time_us).is_some() {
                return Err(format!(
                    "two rows for prefill_chunk {prefill_chunk}, kv_prefill {kv_prefill}, n_decode \
                     {n_decode}, kv_decode {kv_decode}"
                ));
            }
        }
        for (chunk, seqs) in [(false, true), (true, false), (true, true)] {
            let has = |(n, chunks): (&u64, &BTreeMap<u64, _>)| {
                (*n > 0) == seqs && chunks.keys().any(|it| (*it > 0) == chunk)
            };
            if !tree.iter().any(has) {
                let what = match (chunk, seqs) {
                    (false, _) => "decoding sequences alone (prefill_chunk 0)",
                    (_, false) => "prompts alone (n_decode 0)",
                    _ => "prompts beside decoding sequences",
                };
                return Err(format!("no row for {what}"));
            }
        }
        contexts.sort_unstable();
        contexts.dedup();
        let of_contexts = |tree: BTreeMap<u64, BTreeMap<u64, f64>>| {
            Axis::new(tree.into_iter().map(|(at, of)| (at, Axis::new(of))).collect())
        };
        let of_chunks = |tree: BTreeMap<u64, BTreeMap<u64, BTreeMap<u64, f64>>>| {
            Axis::new(tree.into_iter().map(|(at, of)| (at, of_contexts(of))).collect())
        };
        let by_seqs = tree.into_iter().map(|(at, of)| (at, of_chunks(of))).collect();
        Ok(Attention { by_seqs: Axis::new(by_seqs), contexts })
    }

    /// Microseconds of a layer whose decoding sequences all have the context `kv`.
    pub fn micros(&self, shape: &Shape, kv: u64) -> f64 {
        let (chunk, kv) = (shape.chunk as f64, kv as f64);
        let of_row = |row: &Axis<f64>| row.value(kv, Below::Level, |us| *us);
        let of_context =
            |contexts: &Axis<Axis<f64>>| contexts.value(shape.context, Below::Line, of_row);
        let of_chunk =
            |chunks: &Axis<Axis<Axis<f64>>>| chunks.value(chunk, Below::Level, of_context);
        // Without decoding sequences, and with one, other kernels run.
        if shape.seqs == 0 {
            return self.by_seqs.first().map_or(0.0, of_chunk).max(0.0);
        }
        self.by_seqs.value(shape.seqs as f64, Below::Level, of_chunk).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(prefill_chunk: u64, kv_prefill: u64, n_decode: u64, kv_decode: u64, us: f64) -> Row {
        Row { prefill_chunk, kv_prefill, n_decode, kv_decode, time_us: us }
    }

    fn grid() -> Attention {
        let mut rows = vec![row(0, 0, 1, 16, 5.0), row(0, 0, 1, 32, 6.0), row(0, 0, 3, 16, 9.0)];
        rows.extend([row(16, 0, 0, 0, 10.0), row(16, 100, 0, 0, 20.0), row(32, 0, 0, 0, 30.0)]);
        rows.extend([row(16, 0, 1, 16, 13.0), row(16, 0, 1, 32, 15.0)]);
        Attention::new(rows).unwrap()
    }

    #[test]
    fn between_nodes_it_is_a_line_and_beyond_them_it_goes_on() {
        let grid = grid();
        let at = |chunk, context, seqs, kv| grid.micros(&Shape { chunk, context, seqs }, kv);
        assert_eq!(at(0, 0.0, 1, 24), 5.5);
        assert_eq!(at(0, 0.0, 1, 1), 5.0, "before the first it stays");
        assert_eq!(at(0, 0.0, 1, 48), 7.0);
        assert_eq!(at(0, 0.0, 2, 16), 7.0, "a row of one context is level");
        assert_eq!(at(16, 50.0, 0, 0), 15.0);
        assert_eq!(at(16, -50.0, 0, 0), 5.0, "fewer pairs than one prompt");
        assert_eq!(at(24, 0.0, 0, 0), 20.0);
        assert_eq!(at(8, 0.0, 1, 16), 9.0, "half way from no prompt to 16 tokens");
    }

    #[test]
    fn what_was_not_measured_is_said() {
        let missing = |rows: Vec<Row>| Attention::new(rows).unwrap_err();
        assert!(missing(vec![]).contains("decoding sequences alone"));
        let decode = row(0, 0, 1, 16, 5.0);
        assert!(missing(vec![decode]).contains("prompts alone"));
        assert!(missing(vec![decode, row(16, 0, 0, 0, 5.0)]).contains("beside"));
        assert!(missing(vec![row(0, 0, 1, 16, f64::NAN)]).contains("NaN"));
    }
}
