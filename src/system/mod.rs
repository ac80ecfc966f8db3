//! The system under test: the parts below, wired on one virtual clock.

mod analytics;
mod attempts;
mod breakdown;
mod caching;
mod cascade;
mod contents;
mod dispatch;
mod engines;
mod finish;
mod flow_tables;
mod flows;
mod follow;
mod growth;
mod inference;
mod leaving;
mod levers;
mod measure;
mod metrics;
mod model;
mod monitors;
mod nodes;
mod places;
mod pool;
mod prefix;
mod pursuit;
mod replicas;
mod request;
mod run;
mod semantic;
mod setup;
mod single_flight;
mod slo;
mod spend;
mod steady;
mod tables;
mod timeline;
mod trace;
mod watch;
mod watch_tables;

pub use contents::{Contents, ContentsError};
pub use flow_tables::FlowSums;
pub use measure::{Measures, Served, Share};
pub use metrics::{METRICS, Metric, MetricId};
pub use model::{Event, Finished, Recorder, System};
pub use monitors::{
    BadSpec, MonitorSpec, NoDataSpec, Objective, ObjectiveSpec, Threshold, check as check_monitors,
    check_classes as check_monitor_classes,
};
pub use request::{Answer, Request};
pub use run::{RunError, run, run_traced};
pub use semantic::Judged;
pub use setup::{Setup, Warmup};
pub use single_flight::Flight;
pub use slo::{SloSpec, TargetsSpec};
pub use spend::{Savings, Spend};
pub use steady::{BATCHED, Series, Steadiness};
pub use tables::RunTables;
pub use timeline::{COLUMNS as TIMELINE_COLUMNS, MOST_FIXED_INTERVALS, Timeline};
pub use trace::{TracedAttempt, TracedRequest, Tracer};
