//! Experiments as science: designs, replications, warm-up, steady state, intervals,
//! comparisons, sensitivity and search.

mod compare;
mod coverage;
mod designs;
#[path = "../support/queueing.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod queueing;
mod search;
mod sensitivity;
mod steady;
#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod support;
