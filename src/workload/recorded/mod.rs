//! Jobs as they were recorded: what they do, and when they begin.

mod job;
mod starts;

pub use job::{CallDraft, Opening, RecordedCall, RecordedJob};
pub(super) use starts::JobStarts;
