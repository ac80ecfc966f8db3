//! windtunnel: a wind tunnel for LLM systems.

pub mod cache;
pub mod cost;
pub mod kernel;
pub mod serving;
pub mod spec;
pub mod stats;
pub mod workload;
