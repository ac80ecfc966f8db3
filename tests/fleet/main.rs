//! Fleets, faults and resilience in whole runs, against theory and by hand.

mod attempts;
mod balance;
mod disaggregation;
mod engines;
mod faults;
mod gateway_queue;
mod outputs;
mod queue;
mod rates;
#[path = "../support/runs.rs"]
mod runs;
mod support;
mod together;
