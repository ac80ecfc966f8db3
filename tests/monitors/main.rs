//! Monitors in whole runs: by hand, against the requests themselves, and as properties.

mod by_hand;
mod edges;
mod properties;
mod recomputed;
#[path = "../support/runs.rs"]
mod runs;
mod support;
