//! What a format of traces is.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use super::beginning::Beginning;
use super::jobs::{JobOptions, Models, ReadJobs};
use super::log::spec::{LogSpec, TimeUnit};
use super::users::Users;
use crate::spec::Problems;
use crate::workload::RecordedJob;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;
use crate::workload::trace::measured::Measured;
use crate::workload::trace::row::Row;

/// A reader of a file whose rows have times.
pub(in crate::workload::trace) trait RowReader: Debug + Send {
    /// The next row; after [`TraceError::BadRow`] the next call goes on behind it.
    ///
    /// # Errors
    /// A row that cannot be read, or a file that cannot.
    fn next_row(&mut self) -> Result<Option<Row>, TraceError>;

    /// The ids of the prompt's blocks of the row read last; none if the format does not
    /// know them.
    fn blocks(&self) -> &[u64] {
        &[]
    }

    /// The users of the rows read so far, if the format knows them.
    fn users(&self) -> Option<&Users> {
        None
    }

    /// What the job of the row read last does, where rows are jobs; to be taken once.
    fn take_job(&mut self) -> Option<RecordedJob> {
        None
    }

    /// The models that calls of the jobs read so far asked, if they are known.
    fn models(&self) -> Option<&Models> {
        None
    }

    /// The session that the row read last is of, if it is of one.
    fn session(&self, _row: &Row) -> Option<Session<'_>> {
        None
    }

    /// What was measured of the row read last, if the format knows that.
    fn measured(&self) -> Option<&Measured> {
        None
    }

    /// What the rows read so far have that matters and is not used, and what would use it.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Where the row read last is.
    fn position(&self) -> &Position;
}

/// The session that a row is of.
#[derive(Clone, Copy, Debug)]
pub(in crate::workload::trace) struct Session<'n> {
    pub name: &'n str,
    /// When the answer had ended, on the clock of the rows, if that was measured.
    pub end: Option<u64>,
}

/// Whether a format knows what its requests waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::workload::trace) enum Dependencies {
    /// It does not.
    None,
    /// It may: a replay heeds that if it is asked to.
    IfAsked,
    /// It does: a replay heeds that unless it is asked not to.
    UnlessAsked,
    /// It knows nothing else: there are no times to go by.
    Always,
}

/// How a file writes conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `conversations: [{from, value}]`.
    ShareGpt,
    /// `messages: [{role, content}]`, alone or in a `body`.
    OpenAi,
}

/// A trace file of some format.
pub(in crate::workload::trace) trait TraceFile: Debug {
    /// The file.
    fn file(&self) -> &Path;

    /// The folder in which collections of traces keep such files.
    fn folder(&self) -> &'static str {
        "."
    }

    /// Whether the spec is a map with a `file`, and not the file's name alone.
    fn is_map(&self) -> bool {
        false
    }

    /// Reports what is wrong with its settings.
    fn check(&self, _: &mut Problems) {}

    /// A reader from the first row on; of a format with times.
    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError>;

    /// Whether it knows what its requests waited for.
    fn dependencies(&self) -> Dependencies {
        Dependencies::None
    }

    /// A reader of its jobs, from the first on; of a format that has any.
    fn open_jobs(&self, path: &Path, options: JobOptions) -> Result<Box<dyn ReadJobs>, TraceError> {
        let _ = options;
        Err(Position::before(path).format("the format knows no jobs".to_owned()))
    }

    /// How many tokens a block has, if it knows the blocks of prompts.
    fn block_tokens(&self) -> Option<u32> {
        None
    }

    /// Whether its rows know which prompt they are.
    fn knows_prompts(&self) -> bool {
        self.block_tokens().is_some()
    }

    /// Whether its rows know who asks.
    fn knows_users(&self) -> bool {
        false
    }

    /// Whether ids of blocks and prompts count from 0 in each file, so that those of two
    /// files are not the same.
    fn counts_ids(&self) -> bool {
        false
    }

    /// How conversations are written, if it is of these, which have no times.
    fn dialect(&self) -> Option<Dialect> {
        None
    }
}

/// What is said of a file on the command line.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The file.
    pub file: PathBuf,
    /// Columns of a log, by their field in [`LogSpec`].
    pub columns: Vec<(String, String)>,
    /// The unit of times that are numbers.
    pub unit: Option<TimeUnit>,
    /// What stands between columns.
    pub delimiter: Option<String>,
    /// How many tokens a block has.
    pub block_tokens: Option<u32>,
}

/// A format, as the list of formats knows it.
pub(in crate::workload::trace) trait Format: TraceFile + Sized {
    /// What is said of a file in an experiment.
    type Spec: Clone;

    /// The file of a spec.
    fn of(spec: Self::Spec) -> Self;

    /// Whether a file that begins so is of this format.
    fn detect(beginning: &Beginning) -> bool;

    /// The spec of a file; its beginning may tell more of it.
    fn given(given: &Given, beginning: &Beginning) -> Self::Spec;
}

impl Given {
    /// The columns of a log, laid over what is known of them.
    pub(in crate::workload::trace) fn log(&self, mut log: LogSpec) -> LogSpec {
        log.file.clone_from(&self.file);
        if let Some(unit) = self.unit {
            log.unit = unit;
        }
        if let Some(delimiter) = &self.delimiter {
            log.delimiter = Some(delimiter.clone());
        }
        if self.block_tokens.is_some() {
            log.block_tokens = self.block_tokens;
        }
        for (role, column) in &self.columns {
            log.set(role, column);
        }
        log
    }
}
