//! windtunnel: a wind tunnel for LLM systems.

pub mod cost;
pub mod experiment;
pub mod kernel;
pub mod report;
pub mod spec;
pub mod stats;
