//! Workflows and agents: what one request of the workload sets going.

pub mod import;
pub mod patterns;
mod spec;

pub use spec::*;
