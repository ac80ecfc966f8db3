//! Caches that answer a prompt with the answer to a similar one.
//!
//! - [`SemanticSpec`] describes one in an experiment file; [`SemanticPlan`] is
//!   that made ready, files read and texts embedded, for all runs of a point.
//! - [`SemanticCache`] is the cache of one run: entries under a policy, the
//!   nearest of which answers. Similarities come from a model of intents
//!   ([`IntentsModelSpec`]), from [`Vectors`] of a file, or of texts by an n-gram
//!   hashing embedder ([`NgramsSpec`]).
//! - [`Index`] finds the nearest of many vectors: [`Exact`] or [`Hnsw`].
//! - [`LearnedSpec`]: each entry learns from which similarity on it is right.
//!
//! Every answer is judged by the intents of the two prompts, which the workload
//! knows and the cache does not see.

mod entries;
mod index;
mod intents;
mod laws;
mod learned;
mod ngrams;
mod npy;
mod order;
mod plan;
mod question;
mod similar;
mod spec;
mod vectors;

/// What results call the semantic cache.
pub const SEMANTIC: &str = "semantic";

pub use entries::{Compared, Found, SemanticCache};
pub use index::{Exact, Hnsw, HnswSpec, Index, IndexSpec};
pub use intents::IntentsModelSpec;
pub use laws::{DifferentSpec, SameSpec};
pub use learned::LearnedSpec;
pub use ngrams::NgramsSpec;
pub use npy::read as read_npy;
pub use plan::SemanticPlan;
pub use question::Question;
pub use spec::{ModeSpec, SemanticSpec, SimilaritySpec, VectorsSpec};
pub use vectors::{NoDirection, Vectors, dot};
