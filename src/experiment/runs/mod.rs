//! Runs: doing them, keeping them until all are done, and merging those of shards.
//!
//! A run's record goes to the journal of a workspace (`runs.bin`) when it is done; what
//! is interrupted goes on from there.

mod attempts_csv;
mod chrome_trace;
mod execute;
mod jobs_csv;
mod journal;
pub(super) mod long_times;
mod manifest;
mod merge;
pub(super) mod progress;
mod requests_csv;
mod rounds;
pub(super) mod runner;
mod shard;
pub(super) mod store;
mod warmup;
pub(super) mod workspace;

pub use attempts_csv::{ATTEMPT_COLUMNS, AttemptWriter};
pub use execute::{ExecuteError, execute};
pub use jobs_csv::{JOB_COLUMNS, JobWriter};
pub use manifest::{Manifest, ShardManifest};
pub use merge::{MergedShards, merge_shards};
pub use progress::Progress;
pub use requests_csv::{REQUEST_COLUMNS, RequestWriter};
pub use shard::Shard;
pub use store::{Record, Store, WorkspaceError};
pub use warmup::find_warmup;
pub use workspace::Workspace;
