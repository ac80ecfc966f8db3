//! Conversations, which have texts and no times: `ShareGPT`'s and `OpenAI`'s.

use std::path::{Path, PathBuf};

use super::beginning::Beginning;
use super::format::{Dependencies, Dialect, Format, Given, RowReader, TraceFile};
use super::growing_text::BLOCK_TOKENS;
use super::jobs::conversations::ConversationJobs;
use super::jobs::{JobOptions, ReadJobs};
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;

macro_rules! conversations {
    ($(#[$doc:meta])* $name:ident, $folder:literal, $dialect:expr, $detects:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(in crate::workload::trace) struct $name(PathBuf);

        impl TraceFile for $name {
            fn file(&self) -> &Path {
                &self.0
            }

            fn folder(&self) -> &'static str {
                $folder
            }

            fn open(&self, path: &Path) -> Result<Box<dyn RowReader>, TraceError> {
                let why = "conversations have no times: `arrivals` and `think_time` of a `trace:` \
                           in an experiment say when they come";
                Err(Position::before(path).format(why.to_owned()))
            }

            fn dependencies(&self) -> Dependencies {
                Dependencies::IfAsked
            }

            fn open_jobs(
                &self,
                path: &Path,
                options: JobOptions,
            ) -> Result<Box<dyn ReadJobs>, TraceError> {
                ConversationJobs::open(path, $dialect, options)
            }

            fn block_tokens(&self) -> Option<u32> {
                Some(BLOCK_TOKENS)
            }

            fn dialect(&self) -> Option<Dialect> {
                Some($dialect)
            }
        }

        impl Format for $name {
            type Spec = PathBuf;

            fn of(file: PathBuf) -> Self {
                $name(file)
            }

            fn detect(beginning: &Beginning) -> bool {
                let detects: fn(&Beginning) -> bool = $detects;
                detects(beginning)
            }

            fn given(given: &Given, _: &Beginning) -> PathBuf {
                given.file.clone()
            }
        }
    };
}

conversations!(
    /// `ShareGPT`'s.
    ShareGpt,
    "sharegpt",
    Dialect::ShareGpt,
    |beginning| beginning.mentions(&["conversations", "from", "value"])
);
conversations!(
    /// `OpenAI`'s.
    OpenAi,
    "openai",
    Dialect::OpenAi,
    |beginning| beginning.has_fields(&["messages"])
);
