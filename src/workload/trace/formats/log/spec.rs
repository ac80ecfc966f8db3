//! Which column of a log is what.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::Problems;
use crate::workload::trace::input::table::delimiter;

/// A request log and the names of its columns (of its fields, where lines are
/// JSON objects).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogSpec {
    /// The file; gzip and zstd are unpacked.
    pub file: PathBuf,
    /// What stands between columns of a CSV: one sign, such as `;` or `\t`. Default: `,`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
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
    /// Default: told by `blocks`; without these not known, each prompt is asked once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Who asked. Default: not known, users are drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A list of the ids of the prompt's blocks, such as `[17, 18]` or `17 18`: equal ids are
    /// equal blocks after equal prefixes. Default: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<String>,
    /// How many tokens each of these blocks has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_tokens: Option<u32>,
    /// Which session the request is of, such as a conversation: of those of one each waits for the
    /// answers before it, with `replay: closed`. Default: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The model that answered, as measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How the request ended, as measured: a word such as `success`, or a code of HTTP. The
    /// length of an answer that failed counts as not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The time to the first token, as measured, in `durations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttft: Option<String>,
    /// The time by each token after the first, as measured, in `durations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpot: Option<String>,
    /// The time to the end of the answer, as measured, in `durations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e2e: Option<String>,
    /// What was spent, US dollars, as measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// Tokens of the prompt that the provider had in its cache, as measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<String>,
    /// The unit of `ttft`, `tpot` and `e2e`. Default: `s`, or `ms` for a column whose name ends
    /// in `_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durations: Option<TimeUnit>,
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
    pub(in crate::workload::trace) const fn decimals(self) -> u32 {
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
            delimiter: None,
            time: "timestamp".to_owned(),
            unit: TimeUnit::S,
            input_tokens: "input_tokens".to_owned(),
            output_tokens: "output_tokens".to_owned(),
            prompt: None,
            user: None,
            blocks: None,
            block_tokens: None,
            session: None,
            model: None,
            status: None,
            ttft: None,
            tpot: None,
            e2e: None,
            cost: None,
            cached_tokens: None,
            durations: None,
        }
    }
}

/// How many columns a log may name.
pub(super) const COLUMNS: usize = 14;

/// A column, as an index of [`LogSpec::columns`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    Time,
    Input,
    Output,
    Prompt,
    User,
    Blocks,
    Session,
    Model,
    Status,
    Ttft,
    Tpot,
    E2e,
    Cost,
    Cached,
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

    /// The same with what tells sessions and ends, which newer of its files have.
    pub(in crate::workload::trace) fn burstgpt_sessions(file: PathBuf) -> Self {
        LogSpec {
            session: Some("Session ID".to_owned()),
            model: Some("Model".to_owned()),
            e2e: Some("Elapsed time".to_owned()),
            ..LogSpec::burstgpt(file)
        }
    }

    /// The default columns, and of the others those that have the name of their field here.
    pub(in crate::workload::trace) fn of_names(names: &[String]) -> Self {
        let mut log = LogSpec::default();
        for name in names {
            if LogSpec::ROLES[3..].contains(&&**name) && name != "blocks" {
                log.set(name, name);
            }
        }
        log
    }

    /// Names the column of a role, which is called as the field here.
    pub(in crate::workload::trace) fn set(&mut self, role: &str, column: &str) {
        let name = Some(column.to_owned());
        match role {
            "time" => column.clone_into(&mut self.time),
            "input_tokens" => column.clone_into(&mut self.input_tokens),
            "output_tokens" => column.clone_into(&mut self.output_tokens),
            "prompt" => self.prompt = name,
            "user" => self.user = name,
            "blocks" => self.blocks = name,
            "session" => self.session = name,
            "model" => self.model = name,
            "status" => self.status = name,
            "ttft" => self.ttft = name,
            "tpot" => self.tpot = name,
            "e2e" => self.e2e = name,
            "cost" => self.cost = name,
            "cached_tokens" => self.cached_tokens = name,
            _ => {}
        }
    }

    /// What a column may be.
    pub const ROLES: [&'static str; COLUMNS] = [
        "time",
        "input_tokens",
        "output_tokens",
        "prompt",
        "user",
        "blocks",
        "session",
        "model",
        "status",
        "ttft",
        "tpot",
        "e2e",
        "cost",
        "cached_tokens",
    ];

    /// The sign between columns.
    pub(in crate::workload::trace) fn delimiter(&self) -> Option<u8> {
        self.delimiter.as_ref().and_then(|sign| delimiter(sign).ok())
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
        if let Some(Err(why)) = self.delimiter.as_ref().map(|sign| delimiter(sign)) {
            problems.at("delimiter", |p| p.error(why));
        }
        match (&self.blocks, self.block_tokens) {
            (Some(_), None) => problems.at("blocks", |p| {
                p.error_help(
                    "how many tokens does a block have?",
                    "say `block_tokens`, such as `block_tokens: 16`",
                );
            }),
            (None, Some(_)) => problems.at("block_tokens", |p| {
                p.error_help(
                    "`block_tokens` has no effect here: no column of `blocks` is named",
                    "name it, or remove `block_tokens`",
                );
            }),
            (Some(_), Some(0)) => problems.at("block_tokens", |p| p.error("expected at least 1")),
            _ => {}
        }
        if self.durations.is_some()
            && self.ttft.is_none()
            && self.tpot.is_none()
            && self.e2e.is_none()
        {
            problems.at("durations", |p| {
                p.error_help(
                    "`durations` has no effect here: no measured time is named",
                    "name `ttft`, `tpot` or `e2e`, or remove it",
                );
            });
        }
    }

    /// Each column's field here and its name in the log, in the order of [`Column`].
    pub(super) fn columns(&self) -> [(&'static str, Option<&str>); COLUMNS] {
        let names: [Option<&str>; COLUMNS] = [
            Some(&self.time),
            Some(&self.input_tokens),
            Some(&self.output_tokens),
            self.prompt.as_deref(),
            self.user.as_deref(),
            self.blocks.as_deref(),
            self.session.as_deref(),
            self.model.as_deref(),
            self.status.as_deref(),
            self.ttft.as_deref(),
            self.tpot.as_deref(),
            self.e2e.as_deref(),
            self.cost.as_deref(),
            self.cached_tokens.as_deref(),
        ];
        std::array::from_fn(|at| (LogSpec::ROLES[at], names[at]))
    }

    /// The unit of a measured time.
    pub(super) fn unit_of(&self, column: &str) -> TimeUnit {
        let by_name = if column.ends_with("_ms") { TimeUnit::Ms } else { TimeUnit::S };
        self.durations.unwrap_or(by_name)
    }

    /// Whether anything measured is named.
    pub(super) fn measures(&self) -> bool {
        let LogSpec { model, status, ttft, tpot, e2e, cost, cached_tokens, .. } = self;
        [model, status, ttft, tpot, e2e, cost, cached_tokens].iter().any(|name| name.is_some())
    }
}
