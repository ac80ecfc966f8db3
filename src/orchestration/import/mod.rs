//! Workflows that others have recorded.

mod wfcommons;

pub use wfcommons::WfCommonsSpec;
