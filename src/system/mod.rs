//! The system under test: the parts below, wired on one virtual clock.

mod attempts;
mod caching;
mod contents;
mod engines;
mod finish;
mod follow;
mod inference;
mod measure;
mod metrics;
mod model;
mod nodes;
mod pool;
mod prefix;
mod pursuit;
mod replicas;
mod request;
mod run;
mod semantic;
mod setup;
mod single_flight;
mod spend;
mod tables;
mod timeline;

pub use contents::{Contents, ContentsError};
pub use measure::{Measures, Served, Share};
pub use metrics::{METRICS, Metric};
pub use model::{Event, Finished, Recorder, System};
pub use request::{Answer, Request};
pub use run::{RunError, run};
pub use semantic::Judged;
pub use setup::Setup;
pub use single_flight::Flight;
pub use tables::RunTables;
pub use timeline::{COLUMNS as TIMELINE_COLUMNS, MOST_FIXED_INTERVALS, Timeline};
