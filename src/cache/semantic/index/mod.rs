//! Finding the nearest of many vectors: one way a file.

mod exact;
mod graph;
mod hnsw;
mod search;

pub use exact::Exact;
pub use hnsw::{Hnsw, HnswSpec};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Streams;

/// How the nearest entry is found among vectors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IndexSpec {
    /// Every entry is compared.
    #[default]
    Exact,
    /// A navigable graph: far fewer comparisons, and now and then not the
    /// nearest.
    Hnsw(HnswSpec),
}

/// Vectors by slot, and the nearest of them to another.
#[derive(Clone, Debug)]
pub enum Index {
    /// See [`Exact`].
    Exact(Exact),
    /// See [`Hnsw`].
    Hnsw(Box<Hnsw>),
}

impl Index {
    /// No vectors yet, of `dimensions` numbers each.
    pub fn new(spec: &IndexSpec, dimensions: usize, streams: &Streams) -> Self {
        match spec {
            IndexSpec::Exact => Index::Exact(Exact::new(dimensions)),
            IndexSpec::Hnsw(spec) => {
                let levels = streams.stream("cache.semantic.hnsw");
                Index::Hnsw(Box::new(Hnsw::new(spec, dimensions, levels)))
            }
        }
    }

    /// Puts a vector into a free slot.
    pub fn insert(&mut self, slot: usize, vector: &[f32]) {
        match self {
            Index::Exact(index) => index.insert(slot, vector),
            Index::Hnsw(index) => index.insert(slot, vector),
        }
    }

    /// Takes the vector of a slot out.
    pub fn remove(&mut self, slot: usize) {
        match self {
            Index::Exact(index) => index.remove(slot),
            Index::Hnsw(index) => index.remove(slot),
        }
    }

    /// The slot of the nearest vector of those that `serves` names, and its similarity. A
    /// graph leads to the nearest of all: it must be one of them.
    pub fn nearest(
        &mut self,
        vector: &[f32],
        serves: impl Fn(usize) -> bool,
    ) -> Option<(usize, f32)> {
        match self {
            Index::Exact(index) => index.nearest_of(vector, serves),
            Index::Hnsw(index) => index.nearest(vector),
        }
    }
}
