//! Request logs of one's own: CSV rows or JSON lines whose columns the experiment
//! names. `BurstGPT` is such a log with known columns.

mod csv;
pub(super) mod fields;
mod jsonl;
pub(super) mod spec;

use std::path::{Path, PathBuf};

pub use self::csv::CsvLog;
pub(crate) use fields::count;
pub use jsonl::JsonlLog;
pub use spec::{LogSpec, TimeUnit};

use super::beginning::Beginning;
use super::format::{Dependencies, Format, Given, RowReader, TraceFile};
use super::jobs::sessions::sessions;
use super::jobs::{JobOptions, ReadJobs};
use crate::spec::Problems;
use crate::workload::trace::input::error::TraceError;

/// What the default columns are called.
const USUAL: [&str; 3] = ["timestamp", "input_tokens", "output_tokens"];

macro_rules! log_format {
    ($(#[$doc:meta])* $name:ident, $detects:expr, $opens:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(in crate::workload::trace) struct $name(LogSpec);

        impl TraceFile for $name {
            fn file(&self) -> &Path {
                &self.0.file
            }

            fn is_map(&self) -> bool {
                true
            }

            fn check(&self, problems: &mut Problems) {
                self.0.check(problems);
            }

            fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
                let open: fn(&Path, &LogSpec) -> Result<Box<dyn RowReader>, TraceError> = $opens;
                open(path, &self.0)
            }

            fn dependencies(&self) -> Dependencies {
                self.0.session.as_ref().map_or(Dependencies::None, |_| Dependencies::IfAsked)
            }

            fn open_jobs(&self, path: &Path, _: JobOptions) -> Result<Box<dyn ReadJobs>, TraceError> {
                sessions(self.open(path)?, path)
            }

            fn block_tokens(&self) -> Option<u32> {
                self.0.blocks.as_ref().and(self.0.block_tokens)
            }

            fn knows_prompts(&self) -> bool {
                self.0.prompt.is_some() || self.0.blocks.is_some()
            }

            fn knows_users(&self) -> bool {
                self.0.user.is_some()
            }
        }

        impl Format for $name {
            type Spec = LogSpec;

            fn of(spec: LogSpec) -> Self {
                $name(spec)
            }

            fn detect(beginning: &Beginning) -> bool {
                let detects: fn(&Beginning) -> bool = $detects;
                detects(beginning)
            }

            fn given(given: &Given, beginning: &Beginning) -> LogSpec {
                given.log(LogSpec::of_names(&beginning.names))
            }
        }
    };
}

log_format!(
    /// Rows under a header.
    Csv,
    |beginning| beginning.has_columns(&USUAL),
    |path, spec| Ok(Box::new(CsvLog::open(path, spec)?))
);
log_format!(
    /// JSON objects, one a line.
    Jsonl,
    |beginning| beginning.has_fields(&USUAL),
    |path, spec| Ok(Box::new(JsonlLog::open(path, spec)?))
);

/// `BurstGPT` (Wang et al., 2024; <https://github.com/HPMLL/BurstGPT>).
#[derive(Debug)]
pub(in crate::workload::trace) struct BurstGpt(PathBuf);

impl TraceFile for BurstGpt {
    fn file(&self) -> &Path {
        &self.0
    }

    fn folder(&self) -> &'static str {
        "burstgpt"
    }

    fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
        Ok(Box::new(CsvLog::open(path, &LogSpec::burstgpt(self.0.clone()))?))
    }

    fn dependencies(&self) -> Dependencies {
        Dependencies::IfAsked
    }

    fn open_jobs(&self, path: &Path, _: JobOptions) -> Result<Box<dyn ReadJobs>, TraceError> {
        let spec = LogSpec::burstgpt_sessions(self.0.clone());
        sessions(Box::new(CsvLog::open(path, &spec)?), path)
    }
}

impl Format for BurstGpt {
    type Spec = PathBuf;

    fn of(file: PathBuf) -> Self {
        BurstGpt(file)
    }

    fn detect(beginning: &Beginning) -> bool {
        beginning.has_columns(&["Timestamp", "Request tokens", "Response tokens"])
    }

    fn given(given: &Given, _: &Beginning) -> PathBuf {
        given.file.clone()
    }
}
