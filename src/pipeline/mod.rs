//! The stages of a request's way and the request itself.
//!
//! Validate, preprocess, key; after the answer postprocess, format, log. What
//! happens in between (caches, the choice of a model, the servers) belongs to
//! other parts; [`crate::system`] joins them.

mod error;
mod log;
mod params;
mod spec;
mod stage;

pub use error::RequestError;
pub use log::{Log, LogEntry, Outcome};
pub use params::{KeyMaker, Params, Preprocessor};
pub use spec::{DefaultsSpec, LogSpec, PipelineSpec, StagesSpec};
pub use stage::{Stage, StageStats};
