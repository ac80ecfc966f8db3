//! The system under test: the parts below, wired on one virtual clock.

mod caching;
mod finish;
mod inference;
mod measure;
mod metrics;
mod model;
mod request;
mod run;
mod setup;
mod tables;
mod timeline;

pub use measure::{Measures, Served, Share};
pub use metrics::{METRICS, Metric};
pub use model::{Event, Finished, Recorder, System};
pub use request::{Answer, Request};
pub use run::{RunError, run};
pub use setup::Setup;
pub use tables::RunTables;
pub use timeline::{COLUMNS as TIMELINE_COLUMNS, MOST_FIXED_INTERVALS, Timeline};
