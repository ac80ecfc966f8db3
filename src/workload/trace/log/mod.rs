//! Request logs of one's own: CSV rows or JSON lines whose columns the experiment
//! names. `BurstGPT` is such a log with known columns.

mod csv;
pub(super) mod fields;
mod jsonl;

use std::path::PathBuf;

use indexmap::IndexSet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use csv::CsvLog;
pub use jsonl::JsonlLog;

use crate::spec::Problems;

/// A request log and the names of its columns (of its fields, where lines are
/// JSON objects).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogSpec {
    /// The file; gzip and zstd are unpacked.
    pub file: PathBuf,
    /// When the request came: a number in `unit`, or a date and time such as
    /// `2026-01-31T12:00:00.25Z`. Default: `timestamp`.
    pub time: String,
    /// The unit of times that are numbers. Default: `s`.
    pub unit: TimeUnit,
    /// Tokens of the prompt. Default: `input_tokens`.
    pub input_tokens: String,
    /// Tokens of the answer; where the column is empty (in JSON: null), the model
    /// has its own rule. Default: `output_tokens`.
    pub output_tokens: String,
    /// What was asked: a number, a hash or the text; equal values are equal prompts.
    /// Default: not known, each prompt is asked once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Who asked. Default: not known, users are drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// The unit of a time that is a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds.
    #[default]
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

impl TimeUnit {
    /// How many decimals of the unit a nanosecond is.
    const fn decimals(self) -> u32 {
        match self {
            TimeUnit::S => 9,
            TimeUnit::Ms => 6,
            TimeUnit::Us => 3,
            TimeUnit::Ns => 0,
        }
    }
}

impl Default for LogSpec {
    fn default() -> Self {
        LogSpec {
            file: PathBuf::new(),
            time: "timestamp".to_owned(),
            unit: TimeUnit::S,
            input_tokens: "input_tokens".to_owned(),
            output_tokens: "output_tokens".to_owned(),
            prompt: None,
            user: None,
        }
    }
}

impl LogSpec {
    /// The columns of `BurstGPT` (Wang et al., 2024;
    /// <https://github.com/HPMLL/BurstGPT>). Requests that failed have answers of
    /// no tokens.
    pub fn burstgpt(file: PathBuf) -> Self {
        LogSpec {
            file,
            time: "Timestamp".to_owned(),
            input_tokens: "Request tokens".to_owned(),
            output_tokens: "Response tokens".to_owned(),
            ..LogSpec::default()
        }
    }

    /// Reports columns without a name, and one column for two things.
    pub fn check(&self, problems: &mut Problems) {
        let columns = self.columns();
        for (at, (field, name)) in columns.iter().enumerate() {
            let Some(name) = name else { continue };
            problems.at(*field, |p| {
                if name.is_empty() {
                    p.error("expected the name of a column");
                } else if let Some((first, _)) =
                    columns[..at].iter().find(|(_, other)| *other == Some(*name))
                {
                    p.error(format!("column `{name}` is named for `{first}` already"));
                }
            });
        }
    }

    /// Each column's field here and its name in the log, in the order of
    /// [`Column`].
    fn columns(&self) -> [(&'static str, Option<&str>); 5] {
        [
            ("time", Some(&*self.time)),
            ("input_tokens", Some(&*self.input_tokens)),
            ("output_tokens", Some(&*self.output_tokens)),
            ("prompt", self.prompt.as_deref()),
            ("user", self.user.as_deref()),
        ]
    }
}

/// A column, as an index of [`LogSpec::columns`].
#[derive(Clone, Copy, Debug)]
enum Column {
    Time,
    Input,
    Output,
    Prompt,
    User,
}

/// Users by the order of their first request.
pub type Users = IndexSet<String>;
