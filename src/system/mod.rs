//! The system under test: the parts below, wired on one virtual clock.
//!
//! | part | owns | rooms |
//! |---|---|---|
//! | `clients` | the workload, workflows, what follows answers | `clients/` |
//! | `caches` | cache levels, the semantic cache, single flight | `caches/` |
//! | `upstream` | fleets of replicas, attempts, what is done where they fail | `upstream/` |
//! | `charge` | prices, budgets, the choice of models, savings | `charge/` |
//! | `measure` | counts, the timeline, monitors' facts: those who look on | `measure/`, `monitors/` |
//!
//! `model` holds them together, `stages` is a request's way through them, and
//! `agenda` what an event leaves to be ended. `build`, `run` and `finish` are a
//! run's beginning, middle and end; `tables` its results.

mod agenda;
mod build;
mod caches;
mod charge;
mod clients;
mod context;
mod end_of_time;
mod event;
mod finish;
mod ids;
mod measure;
mod model;
mod monitors;
mod request;
mod run;
mod run_error;
mod setup;
mod stages;
mod tables;
mod tracer;
mod upstream;

pub use caches::{Contents, Flight};
pub use charge::{Savings, Spend};
pub use event::Event;
pub use measure::{
    BATCHED, Finished, FlowSums, Judged, METRICS, MOST_FIXED_INTERVALS, Measures, Metric, MetricId,
    Part, Parts, Possible, Recorder, Series, Served, Share, SloSpec, Steadiness, TIMELINE_COLUMNS,
    TargetsSpec, Timeline, Times, scale_of,
};
pub use monitors::{
    AlertSums, BadSpec, MonitorSpec, NoDataSpec, Objective, ObjectiveSpec, Threshold,
    check as check_monitors, check_classes as check_monitor_classes,
};
pub use request::{Answer, Request};
pub use run::{run, run_traced};
pub use run_error::RunError;
pub use setup::{Setup, Warmup};
pub use tables::{RunTables, entity_columns};
pub use tracer::{
    AttemptKind, AttemptOutcome, TracedAttempt, TracedRequest, TracedWorkflow, Tracer,
};
pub use upstream::Inference;
