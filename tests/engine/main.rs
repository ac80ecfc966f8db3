//! The batching engine: step by step and in one go it does the same; what it does in
//! small cases; its limits are those of queueing theory.

mod agreement;
mod behaviour;
mod blis;
mod footprint;
mod reference;
mod support;
mod theory;
