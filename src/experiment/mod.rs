//! An experiment: a YAML file, checked, turned into points and numbered runs.
//!
//! | room | what is in it |
//! |---|---|
//! | `spec` | the file as it is written and checked: all parts' specs, composed |
//! | [`charts`] | its `charts:` block |
//! | [`load`] | from text to a typed spec, with every mistake located |
//! | [`sweep`] | the points of a sweep |
//! | `prepare` | from a file to the setup of every point: [`prepare()`] |
//! | `runs` | doing what a [`Workspace`] has no record of, all or a [`Shard`] of it: [`execute()`]; finding the runs of all shards: [`merge_shards`] |
//! | [`calibrate`] | numbers of an experiment fitted to what a real server did |
//! | [`search`] | the most load that a system holds, the cheapest system that holds its load |

pub mod calibrate;
pub mod charts;
pub mod litellm;
pub mod load;
mod prepare;
mod runs;
pub mod search;
mod spec;
pub mod sweep;

pub use load::plain;
pub use prepare::{Overrides, Prepared, Resolved, prepare};
pub use runs::{
    ATTEMPT_COLUMNS, AttemptWriter, ExecuteError, JOB_COLUMNS, JobWriter, Manifest, MergedShards,
    Progress, REQUEST_COLUMNS, Record, RequestWriter, Shard, ShardManifest, Store, Workspace,
    WorkspaceError, execute, find_warmup, merge_shards,
};
pub use spec::{
    Experiment, PrecisionSpec, RecordSpec, Replications, Standing, Start, pair_means, schema,
};
pub use sweep::{Axis, MOST_POINTS, MOST_RUNS, Sweep, SweepSpec};
