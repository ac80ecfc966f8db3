//! Jobs as they were recorded: calls of models, and what each of them waited for.

mod job;
mod sent_text;

pub(super) use job::salted;
pub use job::{CallDraft, Opening, RecordedCall, RecordedJob};
pub use sent_text::SentText;
