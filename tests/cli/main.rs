//! The command line as a user runs it.

mod awkward_input;
mod bad_input;
mod bill;
mod cache_replay;
mod calibrate;
mod calibrate_intervals;
mod commands;
mod deploy;
mod determinism;
mod end_of_time;
mod interrupts;
mod monitors;
mod notebook;
mod recorded_jobs;
mod recorded_sessions;
mod resume;
mod setup_time;
mod shards;
mod shipped;
mod shown;
mod support;
mod traces;
