//! windtunnel: a wind tunnel for LLM systems.

pub mod cost;
pub mod kernel;
pub mod serving;
pub mod spec;
pub mod stats;
