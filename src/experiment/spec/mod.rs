//! The experiment file as it is written and checked: all parts' specs, composed.

mod check;
pub(super) mod experiment;
pub(super) mod record;
pub(super) mod replications;
mod schema;
mod start;
mod warmup;

pub use experiment::Experiment;
pub use record::RecordSpec;
pub use replications::{PrecisionSpec, Replications, Standing, pair_means};
pub use schema::schema;
pub use start::Start;
