//! The best-first search in one layer of the graph (algorithm 2 of the paper).

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::graph::Graph;
use crate::cache::semantic::vectors::{Vectors, dot};

/// A slot and how similar its vector is. The greater is the nearer; of equals
/// that of the lower slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Near {
    pub similarity: f32,
    pub slot: u32,
}

impl Eq for Near {}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> Ordering {
        let nearer = self.similarity.total_cmp(&other.similarity);
        nearer.then(other.slot.cmp(&self.slot))
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a search needs, kept from one to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    /// By slot, the number of the search that met it last.
    met: Vec<u32>,
    number: u32,
    open: BinaryHeap<Near>,
    kept: BinaryHeap<Reverse<Near>>,
    /// What the last search found, the nearest first.
    pub found: Vec<Near>,
}

impl Search {
    /// Looks for the `most` nearest in `layer`, from `starts` on; leaves them in
    /// `found`.
    pub fn layer(
        &mut self,
        vector: &[f32],
        starts: &[Near],
        most: usize,
        layer: usize,
        (graph, vectors): (&Graph, &Vectors),
    ) {
        self.begin(vectors.len());
        for start in starts {
            self.met[start.slot as usize] = self.number;
            self.open.push(*start);
            self.kept.push(Reverse(*start));
        }
        while let Some(nearest) = self.open.pop() {
            let full = self.kept.len() >= most;
            if full && self.kept.peek().is_some_and(|Reverse(worst)| nearest < *worst) {
                break;
            }
            for &slot in graph.out(nearest.slot, layer) {
                let met = &mut self.met[slot as usize];
                if std::mem::replace(met, self.number) == self.number {
                    continue;
                }
                let near = Near { similarity: dot(vector, vectors.row(slot as usize)), slot };
                let full = self.kept.len() >= most;
                if full && self.kept.peek().is_some_and(|Reverse(worst)| near < *worst) {
                    continue;
                }
                self.open.push(near);
                self.kept.push(Reverse(near));
                if full {
                    self.kept.pop();
                }
            }
        }
        self.found.clear();
        self.found.extend(self.kept.drain().map(|Reverse(near)| near));
        self.found.sort_unstable_by(|a, b| b.cmp(a));
    }

    fn begin(&mut self, slots: usize) {
        self.open.clear();
        self.kept.clear();
        self.met.resize(slots, 0);
        self.number = self.number.wrapping_add(1);
        if self.number == 0 {
            self.met.fill(0);
            self.number = 1;
        }
    }
}
