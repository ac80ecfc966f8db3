//! The batching engine: step by step and in one go it does the same; what it does in
//! small cases; its limits are those of queueing theory.

mod agreement;
mod behaviour;
mod blis;
#[allow(dead_code, reason = "only the folder is wanted")]
#[path = "../support/data.rs"]
mod data;
mod footprint;
mod measured;
mod reference;
#[allow(dead_code, reason = "a part of it is used")]
#[path = "../support/runs.rs"]
mod runs;
mod sessions;
mod support;
mod theory;
