//! An experiment: a YAML file, checked, turned into points and numbered runs.
//!
//! [`load`] reads the file, [`prepare()`] makes every point of it, [`execute()`]
//! runs what a [`Workspace`] has no record of.

pub mod charts;
mod check;
mod execute;
pub mod load;
mod manifest;
mod overrides;
mod prepare;
mod prices;
mod records;
mod replications;
mod schema;
pub mod search;
mod spec;
pub mod sweep;
mod trace_events;
mod warmup;
mod workspace;

pub use execute::{ExecuteError, Progress, execute};
pub use manifest::Manifest;
pub use overrides::Overrides;
pub use prepare::{Prepared, plain, prepare, to_value};
pub use records::REQUEST_COLUMNS;
pub use replications::{PrecisionSpec, Replications, Standing, pair_means};
pub use schema::schema;
pub use spec::{Experiment, RecordSpec, Start};
pub use sweep::{Axis, MOST_POINTS, MOST_RUNS, Sweep, SweepSpec};
pub use warmup::find_warmup;
pub use workspace::{Record, Workspace, WorkspaceError};
