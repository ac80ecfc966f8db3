//! What one GPU does in a step of a model: the matrices it multiplies, what attention reads,
//! which experts it has and what it exchanges with others.
//!
//! The same for every model of steps that composes a step of its parts: the roofline gives
//! each part its figures, `operators` measured times.

mod attention;
mod build;
mod experts;
mod parallelism;
mod size;

pub(super) use attention::Attention;
pub(super) use experts::ExpertsPart;
pub(super) use parallelism::Parallelism;

use super::precision::{Precision, WeightPrecision};

/// What a GPU does in a step. A step of `tokens` and `sequences` does each part of each
/// layer, and the head.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decomposition {
    /// How the model is divided.
    pub parallelism: Parallelism,
    /// Numbers that a token is between layers.
    pub hidden: u32,
    /// The kinds of layers, of all stages together.
    pub layers: Vec<Layer>,
    /// The head, whose weights may be the embedding's.
    pub head: Gemm,
    /// Numbers of the embedding on a GPU of the first stage.
    pub embedding: f64,
    /// Whether head and embedding are the same numbers.
    pub tied: bool,
    /// What is exchanged once in a step: after the embedding, after the head, between stages.
    pub exchanges: Vec<Exchange>,
    /// The stages of the pipeline, one after another; at least 1.
    pub stages: Vec<Stage>,
}

/// Layers that are alike.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layer {
    /// How many there are, in all stages.
    pub count: u32,
    /// What attends to what.
    pub attention: Attention,
    /// Matrices that the tokens are multiplied by: projections, a dense feed-forward
    /// layer or the shared experts, the router.
    pub gemms: Vec<Gemm>,
    /// Experts, if it has them.
    pub experts: Option<ExpertsPart>,
    /// What is exchanged in each of them.
    pub exchanges: Vec<Exchange>,
}

/// A matrix of `n` x `k` weights on a GPU, by which rows of `k` numbers are multiplied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gemm {
    /// vLLM's name of it.
    pub name: &'static str,
    /// Numbers of a row that comes out.
    pub n: u32,
    /// Numbers of a row that goes in.
    pub k: u32,
    /// How many rows there are.
    pub rows: Rows,
    /// How its weights are kept.
    pub weights: Kept,
}

/// Of what there is a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Each token that a step computes.
    Tokens,
    /// Each sequence of the batch.
    Sequences,
}

/// How weights are kept: those that are quantised where a model is, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// As the model's projections are.
    Projection,
    /// As its experts are.
    Expert,
    /// In 16 bits, whatever the model is: head, embedding, router.
    Plain,
}

impl Kept {
    pub const fn precision(self, weights: WeightPrecision) -> Precision {
        match self {
            Kept::Projection => weights.projections,
            Kept::Expert => weights.experts,
            Kept::Plain => Precision::Bf16,
        }
    }
}

/// What GPUs send each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    pub kind: ExchangeKind,
    /// GPUs that take part.
    pub gpus: u32,
    /// Numbers of a row: in an all-reduce those that each has and gets the sum of, in an
    /// all-gather those that each has in the end, in an all-to-all those that a GPU has for
    /// all, in a transfer those that one sends.
    pub numbers: u32,
    pub rows: Rows,
}

/// How GPUs exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExchangeKind {
    /// Each gets the sum of what all have.
    AllReduce,
    /// Each gets what all have.
    AllGather,
    /// Each has something for each other.
    AllToAll,
    /// From one to the next.
    Send,
}

/// A part of the pipeline: layers that the same GPUs have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    /// How many of each kind in [`Decomposition::layers`].
    pub layers: Vec<u32>,
}

impl Gemm {
    /// Its weights.
    pub fn numbers(&self) -> f64 {
        f64::from(self.n) * f64::from(self.k)
    }
}

#[cfg(test)]
mod tests;
