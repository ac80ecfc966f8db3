//! Recorded traces, streamed: one format a file.
//!
//! To add a format: a file with a reader whose `next_row` gives rows with
//! absolute stamps and says what is wrong with a bad one; then a field in
//! [`TraceSpec`] and a line in [`Reader`]. Order, offset, speed and the policy
//! for bad rows are the same for all formats ([`Rows`]).

pub mod accesses;
mod azure;
mod bytes;
mod detect;
pub mod fit;
mod lines;
mod log;
pub mod mooncake;
mod profile;
mod rows;
mod stamp;
mod window;
mod zstd;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use azure::AzureReader;
pub use detect::{Detected, detect};
pub use log::{CsvLog, JsonlLog, LogSpec, TimeUnit, Users};
pub use mooncake::MooncakeReader;
pub use profile::{Profile, RankCorrelation};
pub use rows::{Rows, TraceInfo};
use window::Window;

use super::incoming::PromptId;
use crate::kernel::{Duration, Stream};
use crate::spec::{Fraction, Positive, Problems};

/// A recorded trace: times and lengths of a real system's requests, from a file
/// of one of the formats. A file may be packed with gzip
/// or zstd. It is looked for beside the
/// experiment file, in the current folder, in `$WINDTUNNEL_DATA` and in
/// `../shared/data`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TraceSpec {
    /// A CSV file of the Azure LLM inference traces of 2023 or 2024
    /// (`TIMESTAMP,ContextTokens,GeneratedTokens`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azure: Option<PathBuf>,
    /// A file of JSON lines of the Mooncake traces (`timestamp`, `input_length`,
    /// `output_length`, `hash_ids`). It knows which prompts begin alike, and
    /// which are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mooncake: Option<PathBuf>,
    /// A CSV file of the `BurstGPT` traces (`Timestamp,...,Request tokens,Response
    /// tokens,...`). Requests that failed have answers of no tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burstgpt: Option<PathBuf>,
    /// A request log of one's own: rows under a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csv: Option<LogSpec>,
    /// A request log of one's own: JSON objects, one a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jsonl: Option<LogSpec>,
    /// Where the part that is replayed begins, in the trace's own time from its
    /// first row. Default: 0s.
    pub from: Duration,
    /// Where that part ends. Default: at the end of the trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
    /// Share of the requests that is kept, each by chance: less load of the same
    /// pattern. Default: 1.
    pub keep: Fraction,
    /// How often it is replayed, round after round; 0 for ever. Default: 1.
    pub loops: u32,
    /// How much faster than recorded it is replayed. Default: 1.
    pub speed: Positive,
    /// What to do with a row that cannot be read. Default: `fail`.
    pub on_bad_row: OnBadRow,
}

impl Default for TraceSpec {
    fn default() -> Self {
        let speed = Positive::try_from(1.0).expect("1 is positive");
        TraceSpec {
            azure: None,
            mooncake: None,
            burstgpt: None,
            csv: None,
            jsonl: None,
            from: Duration::ZERO,
            until: None,
            keep: Fraction::try_from(1.0).expect("1 is a fraction"),
            loops: 1,
            speed,
            on_bad_row: OnBadRow::default(),
        }
    }
}

/// What to do with a row that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnBadRow {
    /// Stop, and say which row of which file it is.
    #[default]
    Fail,
    /// Leave it out, and count it.
    Skip,
}

impl TraceSpec {
    /// Reports a missing file name or one too many, or a speed that leaves nothing
    /// of the times.
    pub fn check(&self, problems: &mut Problems) {
        let named: Vec<_> = self.files().into_iter().flatten().collect();
        match named[..] {
            [] => problems.error_help(
                "the trace has no file",
                "such as `azure: trace.csv` or `mooncake: trace.jsonl.gz`",
            ),
            [(format, _, path)] if path.as_os_str().is_empty() => problems.at(format, |p| {
                if self.log().is_some() && format != "burstgpt" {
                    p.at("file", |p| p.error("expected the name of a file"));
                } else {
                    p.error("expected the name of a file");
                }
            }),
            [_] => {}
            [(first, ..), .., (last, ..)] => problems.at(last, |p| {
                p.error_help(
                    format!("a trace is of one format, not both `{first}` and `{last}`"),
                    "keep one of them",
                );
            }),
        }
        for (format, log) in [("csv", &self.csv), ("jsonl", &self.jsonl)] {
            if let Some(log) = log {
                problems.at(format, |p| log.check(p));
            }
        }
        if self.until.is_some_and(|until| until <= self.from) {
            problems.at("until", |p| p.error(format!("expected more than `from`, {}", self.from)));
        }
        if self.keep.get() == 0.0 {
            problems.at("keep", |p| p.error("expected more than 0: nothing would be left"));
        }
        if !(1e-6..=1e6).contains(&self.speed.get()) {
            problems.at("speed", |p| {
                p.error(format!("{} is out of range: expected 1e-6 to 1e6", self.speed.get()));
            });
        }
    }

    /// The format's key in the spec, the folder in which collections keep its
    /// files, and the file.
    pub(super) fn file(&self) -> Option<(&'static str, &'static str, &Path)> {
        self.files().into_iter().flatten().next()
    }

    /// The same for each format.
    fn files(&self) -> [Option<(&'static str, &'static str, &Path)>; 5] {
        [
            self.azure.as_deref().map(|path| ("azure", "azure-2023", path)),
            self.mooncake.as_deref().map(|path| ("mooncake", "mooncake", path)),
            self.burstgpt.as_deref().map(|path| ("burstgpt", "burstgpt", path)),
            self.csv.as_ref().map(|log| ("csv", ".", log.file.as_path())),
            self.jsonl.as_ref().map(|log| ("jsonl", ".", log.file.as_path())),
        ]
    }

    /// The columns of a log.
    fn log(&self) -> Option<LogSpec> {
        let burstgpt = self.burstgpt.clone().map(LogSpec::burstgpt);
        self.csv.clone().or_else(|| self.jsonl.clone()).or(burstgpt)
    }

    /// How many tokens a block has, if the format knows the blocks of prompts.
    pub fn block_tokens(&self) -> Option<u32> {
        self.mooncake.as_ref().map(|_| mooncake::BLOCK_TOKENS)
    }

    /// Whether its rows know which prompt they are.
    pub fn knows_prompts(&self) -> bool {
        self.mooncake.is_some() || self.log().is_some_and(|log| log.prompt.is_some())
    }

    /// Whether its rows know who asks.
    pub fn knows_users(&self) -> bool {
        self.log().is_some_and(|log| log.user.is_some())
    }

    /// The part that is replayed.
    fn window(&self) -> Window {
        Window {
            from: self.from,
            until: self.until,
            keep: self.keep.get(),
            loops: (self.loops > 0).then_some(self.loops),
        }
    }

    /// Opens a file of the format that the spec names.
    ///
    /// # Errors
    /// If the file cannot be read or is of another format.
    pub fn open(&self, path: &Path, stream: Stream) -> Result<Rows, TraceError> {
        Rows::open(self, path, stream)
    }

    /// A reader of the file, from its beginning.
    fn reader(&self, path: &Path) -> Result<Reader, TraceError> {
        Ok(match self.log() {
            Some(log) if self.jsonl.is_some() => Reader::Jsonl(JsonlLog::open(path, &log)?),
            Some(log) => Reader::Csv(Box::new(CsvLog::open(path, &log)?)),
            None if self.mooncake.is_some() => Reader::Mooncake(MooncakeReader::open(path)?),
            None => Reader::Azure(AzureReader::open(path)?),
        })
    }
}

/// A row as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// When, in nanoseconds of the format's own clock.
    pub stamp: u64,
    /// Tokens of the prompt.
    pub input_tokens: u32,
    /// Tokens of the answer.
    pub output_tokens: u32,
    /// Which prompt it is, if the format knows that.
    pub prompt: Option<PromptId>,
    /// Who asks, as an index of the trace's users, if the format knows that.
    pub user: Option<u32>,
}

/// A reader of any format.
#[derive(Debug)]
pub enum Reader {
    /// See [`AzureReader`].
    Azure(AzureReader),
    /// See [`MooncakeReader`].
    Mooncake(MooncakeReader),
    /// See [`CsvLog`].
    Csv(Box<CsvLog>),
    /// See [`JsonlLog`].
    Jsonl(JsonlLog),
}

impl Reader {
    /// The next row; after [`TraceError::BadRow`] the next call goes on behind
    /// it.
    ///
    /// # Errors
    /// A row that cannot be read, or a file that cannot.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<Row>, TraceError> {
        match self {
            Reader::Azure(reader) => reader.next_row(),
            Reader::Mooncake(reader) => reader.next_row(),
            Reader::Csv(reader) => reader.next_row(),
            Reader::Jsonl(reader) => reader.next_row(),
        }
    }

    /// The ids of the blocks of the row read last; none if the format does not
    /// know them.
    #[inline]
    fn blocks(&self) -> &[u64] {
        match self {
            Reader::Mooncake(reader) => reader.blocks(),
            Reader::Azure(_) | Reader::Csv(_) | Reader::Jsonl(_) => &[],
        }
    }

    /// The users of the rows read so far, if the format knows them.
    fn users(&self) -> Vec<String> {
        match self {
            Reader::Azure(_) | Reader::Mooncake(_) => Vec::new(),
            Reader::Csv(reader) => reader.users().iter().cloned().collect(),
            Reader::Jsonl(reader) => reader.users().iter().cloned().collect(),
        }
    }

    /// An error that blames the row read last.
    fn blame(&self, why: String) -> TraceError {
        match self {
            Reader::Azure(reader) => reader.blame(why),
            Reader::Mooncake(reader) => reader.blame(why),
            Reader::Csv(reader) => reader.blame(why),
            Reader::Jsonl(reader) => reader.blame(why),
        }
    }
}

/// What can be wrong with a trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be opened or read.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not of this format.
    #[error("{}:{line}: {why}", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What was found and what was expected.
        why: String,
    },
    /// A row cannot be read.
    #[error("{}:{line}: {why}", file.display())]
    BadRow {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What was found and what was expected.
        why: String,
    },
    /// There is no row in it that can be read.
    #[error("{}: the trace has no rows ({skipped} bad ones skipped)", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
        /// How many rows were skipped.
        skipped: u64,
    },
}

impl TraceError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            TraceError::BadRow { .. } => {
                Some("mend the row, or leave bad rows out with `on_bad_row: skip`")
            }
            _ => None,
        }
    }
}
