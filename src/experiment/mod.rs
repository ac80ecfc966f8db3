//! An experiment: a YAML file, checked, turned into points and numbered runs.
//!
//! [`load`] reads the file, [`prepare()`] makes every point of it, [`execute()`]
//! runs what a [`Workspace`] has no record of, all or a [`Shard`] of it. [`gather`]
//! finds the runs of all shards.

pub mod charts;
mod check;
mod doubts;
mod execute;
pub mod gather;
mod journal;
pub mod load;
mod long_times;
mod manifest;
mod outline;
mod overrides;
mod prepare;
mod prices;
mod records;
mod replications;
mod rounds;
mod schema;
pub mod search;
mod shard;
mod spec;
mod store;
pub mod sweep;
mod trace_events;
mod warmup;
mod workspace;

pub use execute::{ExecuteError, Progress, execute};
pub use manifest::{Manifest, ShardManifest};
pub use outline::Outline;
pub use overrides::Overrides;
pub use prepare::{Prepared, plain, prepare, to_value};
pub use records::REQUEST_COLUMNS;
pub use replications::{PrecisionSpec, Replications, Standing, pair_means};
pub use schema::schema;
pub use shard::Shard;
pub use spec::{Experiment, RecordSpec, Start};
pub use store::{Record, Store, WorkspaceError};
pub use sweep::{Axis, MOST_POINTS, MOST_RUNS, Sweep, SweepSpec};
pub use warmup::find_warmup;
pub use workspace::Workspace;
