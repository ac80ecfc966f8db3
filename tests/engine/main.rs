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
mod support;
mod theory;
