//! Workflows and agents against closed forms, and what must hold of any of them.

mod conservation;
mod driver;
mod laws;
mod patterns;
mod rules;
#[path = "../support/runs.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod runs;
mod system;
