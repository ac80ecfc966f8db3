//! Jobs in traces: calls of models that waited for each other.

pub(super) mod by_job;
pub(super) mod causes;
pub(super) mod conversations;
pub(super) mod mooncake;
pub(super) mod sessions;
pub(super) mod spans;

use std::fmt::Debug;
use std::sync::Arc;

use indexmap::IndexSet;

use crate::workload::RecordedJob;
use crate::workload::duration_distribution::Span;
use crate::workload::trace::formats::users::Users;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;

/// How jobs are read.
#[derive(Clone, Copy, Debug)]
pub(in crate::workload::trace) struct JobOptions {
    /// Whether they begin when they did, so that each needs a time.
    pub as_recorded: bool,
    /// Whether a row is only what it adds to those before it.
    pub deltas: bool,
    /// How long people and tools take where that was not recorded.
    pub think: Span,
    pub tools: Span,
    /// Whether that was told, of people and of tools.
    pub is_told: [bool; 2],
    /// Names what is drawn of these times.
    pub key: u64,
}

#[cfg(test)]
impl Default for JobOptions {
    fn default() -> Self {
        let none = Span::Constant(crate::kernel::Duration::ZERO);
        JobOptions {
            as_recorded: true,
            deltas: false,
            think: none,
            tools: none,
            is_told: [false; 2],
            key: 0,
        }
    }
}

/// The models that calls asked, by their numbers.
pub(in crate::workload::trace) type Models = IndexSet<Arc<str>>;

/// The number of a model's name.
pub(in crate::workload::trace) fn number(models: &mut Models, name: &str) -> u32 {
    let at = models.get_index_of(name);
    at.unwrap_or_else(|| models.insert_full(Arc::from(name)).0) as u32
}

/// A job as it was read.
#[derive(Debug)]
pub(in crate::workload::trace) struct ReadJob {
    /// When it began, in nanoseconds of the file's own clock; 0 where that has none.
    pub begins: u64,
    pub job: RecordedJob,
    /// Who asked, by the number among [`ReadJobs::users`], if that is known.
    pub user: Option<u32>,
}

/// Reads the jobs of a file one after another.
pub(in crate::workload::trace) trait ReadJobs: Debug + Send {
    /// The next job. After a bad row the next call goes on behind it.
    ///
    /// # Errors
    /// A job that cannot be read, or a file that cannot.
    fn next_job(&mut self) -> Result<Option<ReadJob>, TraceError>;

    /// Where the job read last is.
    fn position(&self) -> &Position;

    /// Who asked so far, if that is known.
    fn users(&self) -> Option<&Users> {
        None
    }

    /// The models that calls asked so far, if they are known.
    fn models(&self) -> Option<&Models> {
        None
    }

    /// What the jobs read so far have that matters and is not used, and what would use it.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}
