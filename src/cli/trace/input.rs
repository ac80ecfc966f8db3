//! Which traces are read, and which part of them: what all verbs ask alike.

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::kernel::{Duration, Stream, Streams};
use crate::spec::{Fraction, Positive, Problems, nearest, parse_duration};
use crate::workload::trace::{Beginning, Given, LogSpec, OnBadRow, TimeUnit, TraceSpec, beginning};
use crate::workload::{DataPaths, TraceError};

/// How a trace is read: the options of `workload: trace:`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Reading {
    /// The trace's format, if its beginning does not tell
    #[arg(long, value_name = "FORMAT", value_parser = known_format)]
    pub input_format: Option<&'static str>,
    /// The columns (or fields) of a csv or jsonl log: time, `input_tokens`,
    /// `output_tokens`, and if it has them prompt, user, blocks, model, status, ttft, tpot, e2e,
    /// cost, `cached_tokens`
    #[arg(long, value_name = "ROLE=COLUMN,...", value_parser = columns)]
    pub columns: Option<Columns>,
    /// The unit of times that are numbers in such a log
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<Unit>,
    /// What stands between the columns of a CSV, such as `;` or `\t` [default: `,`]
    #[arg(long, value_name = "SIGN")]
    pub delimiter: Option<String>,
    /// How many tokens a block has, where a trace has blocks and does not tell
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub block_tokens: Option<u32>,
    /// Where the part begins that is read, in the trace's time from its first row
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub from: Option<Duration>,
    /// Where it ends
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub until: Option<Duration>,
    /// The share of rows that is kept, each by chance, such as 0.1
    #[arg(long, value_name = "SHARE", value_parser = keep)]
    pub keep: Option<Fraction>,
    /// How much faster than recorded
    #[arg(long, value_name = "FACTOR", value_parser = speed)]
    pub speed: Option<Positive>,
    /// What to do with a row that cannot be read
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    pub on_bad_row: BadRow,
    /// Chooses the rows that are kept
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Unit {
    S,
    Ms,
    Us,
    Ns,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum BadRow {
    /// Stop, and say where it is
    Fail,
    /// Leave it out, and count it
    Skip,
}

/// Roles and the columns that have them.
pub(in crate::cli) type Columns = Vec<(String, String)>;

fn columns(text: &str) -> Result<Columns, String> {
    let pair = |part: &str| {
        let (role, column) =
            part.split_once('=').ok_or_else(|| format!("`{part}` is not ROLE=COLUMN"))?;
        let role = role.trim();
        if !LogSpec::ROLES.contains(&role) {
            let names = LogSpec::ROLES.join(", ");
            return Err(format!("`{role}` is not a role: expected one of {names}"));
        }
        Ok((role.to_owned(), column.trim().to_owned()))
    };
    text.split(',').map(pair).collect()
}

/// The name of a format, as in `trace:` of an experiment.
fn known_format(text: &str) -> Result<&'static str, String> {
    let known = TraceSpec::FORMATS.iter().find(|name| **name == text);
    known.copied().ok_or_else(|| {
        let near = nearest(text, TraceSpec::FORMATS.iter().copied());
        let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        format!("expected one of {}{near}", TraceSpec::FORMATS.join(", "))
    })
}

fn keep(text: &str) -> Result<Fraction, String> {
    let share: f64 = text.parse().map_err(|_| "expected a number such as 0.1".to_owned())?;
    Fraction::try_from(share)
}

fn speed(text: &str) -> Result<Positive, String> {
    let factor: f64 = text.parse().map_err(|_| "expected a number such as 2".to_owned())?;
    Positive::try_from(factor)
}

/// A trace that was found, and how it is to be read.
#[derive(Debug)]
pub(in crate::cli) struct Input {
    pub path: PathBuf,
    pub spec: TraceSpec,
    /// The format's name.
    pub format: &'static str,
}

impl Reading {
    /// Finds a trace, as it is named or where traces are kept, and its format.
    pub fn open(&self, name: &Path) -> Result<Input, Failure> {
        let path = find(name)?;
        let begins = beginning(&path).map_err(|error| bad_trace(&error))?;
        let begins = match &self.delimiter {
            Some(sign) => begins.separated_by(sign),
            None => begins,
        };
        let format = self.format(&path, &begins)?;
        let given = Given {
            // The file as it was named: that is what an experiment would write.
            file: name.to_path_buf(),
            columns: self.columns.clone().unwrap_or_default(),
            unit: self.unit.map(|unit| match unit {
                Unit::S => TimeUnit::S,
                Unit::Ms => TimeUnit::Ms,
                Unit::Us => TimeUnit::Us,
                Unit::Ns => TimeUnit::Ns,
            }),
            delimiter: self.delimiter.clone(),
            block_tokens: self.block_tokens,
        };
        self.heeded(format)?;
        let plain = TraceSpec::given(format, &given, &begins).unwrap_or_default();
        let spec = TraceSpec {
            from: self.from.unwrap_or(Duration::ZERO),
            until: self.until,
            keep: self.keep.unwrap_or(plain.keep),
            speed: self.speed.unwrap_or(plain.speed),
            on_bad_row: match self.on_bad_row {
                BadRow::Fail => OnBadRow::Fail,
                BadRow::Skip => OnBadRow::Skip,
            },
            ..plain
        };
        if spec.lacks_times() {
            return Err(Failure::Input(format!(
                "error: {}: a file of the format {format} has no times, and says nothing of when its \
                 requests come\n  = help: an experiment does: `workload: {{ trace: {{ {format}: {}, \
                 arrivals: ... }} }}`",
                path.display(),
                name.display()
            )));
        }
        check(&spec)?;
        Ok(Input { path, spec, format })
    }

    /// That the format heeds each option that is given.
    fn heeded(&self, format: &str) -> Result<(), Failure> {
        let (logs, tables) = (["csv", "jsonl"], ["csv", "libcachesim"]);
        let blocks = ["csv", "jsonl", "mooncake"];
        let times = ["csv", "jsonl", "libcachesim"];
        for (option, given, formats) in [
            ("columns", self.columns.is_some(), &logs[..]),
            ("delimiter", self.delimiter.is_some(), &tables),
            ("unit", self.unit.is_some(), &times),
            ("block-tokens", self.block_tokens.is_some(), &blocks),
        ] {
            if given && !formats.contains(&format) {
                return Err(Failure::Input(format!(
                    "error: --{option} has no effect on a trace of the format {format}\n  \
                     = help: leave it out, or read the file as a log: --input-format {}",
                    if formats.contains(&"jsonl") { "csv or jsonl" } else { "csv" }
                )));
            }
        }
        Ok(())
    }

    fn format(&self, path: &Path, begins: &Beginning) -> Result<&'static str, Failure> {
        if let Some(format) = self.input_format {
            return Ok(format);
        }
        let found = TraceSpec::detect(begins);
        if self.columns.is_some() && found.is_none_or(|found| !matches!(found, "csv" | "jsonl")) {
            return Ok(if begins.is_object { "jsonl" } else { "csv" });
        }
        found.ok_or_else(|| {
            let line: String = begins.line.chars().take(80).collect();
            let separated = ['\t', ';', '|'].iter().find(|sign| line.contains(**sign));
            let help = match separated {
                Some(sign) if !line.contains(',') && !begins.is_object => format!(
                    "if `{}` stands between its columns, say --delimiter, and name the columns with \
                     --columns",
                    sign.escape_default()
                ),
                _ if begins.wrong.is_some() => {
                    let why = begins.wrong.as_deref().unwrap_or_default();
                    format!("it looks like JSON, but: {why}; or say the format: --input-format")
                }
                _ => "name the columns, such as --columns \
                      time=ts,input_tokens=in,output_tokens=out, or the format with --input-format"
                    .to_owned(),
            };
            Failure::Input(format!(
                "error: {}:1: which format this trace is of cannot be told from `{line}`\n  \
                 = help: {help}",
                path.display()
            ))
        })
    }

    /// Draws which rows are kept, as a run with this seed does.
    pub fn stream(&self) -> Stream {
        Streams::new(self.seed, 0).stream("workload.trace.keep")
    }

    /// What of a trace is read, where that is not all of it as recorded.
    pub fn part(&self) -> Vec<String> {
        [
            self.from.map(|from| format!("from {from}")),
            self.until.map(|until| format!("until {until}")),
            self.keep.map(|keep| format!("keep {}", keep.get())),
            self.speed.map(|speed| format!("speed {}", speed.get())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The trace as it is named, else where traces are kept.
fn find(name: &Path) -> Result<PathBuf, Failure> {
    if name.is_file() {
        return Ok(name.to_path_buf());
    }
    let paths = DataPaths::for_experiment(None);
    let usual = ["azure-2023", "mooncake", "burstgpt", "agents", "agents/otel"];
    let mut searched = Vec::new();
    for folder in usual {
        match paths.find(name, folder) {
            Ok(path) => return Ok(path),
            Err(missing) => searched.extend(missing.searched),
        }
    }
    searched.sort();
    searched.dedup();
    let places: Vec<String> = searched.iter().map(|place| place.display().to_string()).collect();
    Err(Failure::Input(format!(
        "error: the trace `{}` was not found\n  = searched: {}\n  \
         = help: name the folder it is in, or set WINDTUNNEL_DATA",
        name.display(),
        places.join(", ")
    )))
}

/// What is wrong with the options, each with its name.
fn check(spec: &TraceSpec) -> Result<(), Failure> {
    let mut problems = Problems::default();
    spec.check(&mut problems);
    let found: Vec<String> = problems
        .list()
        .iter()
        .map(|problem| {
            let help = problem.help.as_ref().map(|help| format!("\n  = help: {help}"));
            format!("error: --{}: {}{}", problem.path, problem.message, help.unwrap_or_default())
        })
        .collect();
    if found.is_empty() { Ok(()) } else { Err(Failure::Input(found.join("\n"))) }
}

/// Why a trace cannot be read, and what to do about it.
pub(in crate::cli) fn bad_trace(error: &TraceError) -> Failure {
    let help = match error {
        TraceError::BadRow { .. } => {
            "\n  = help: mend the row, or leave bad rows out with --on-bad-row skip"
        }
        _ => "",
    };
    Failure::Input(format!("error: {error}{help}"))
}

/// The name of a trace's file.
pub(in crate::cli) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// That without the endings that traces have.
pub(in crate::cli) fn stem(path: &Path) -> String {
    let name = file_name(path);
    let mut stem = name.as_str();
    for ending in [".gz", ".zst", ".csv", ".jsonl", ".ndjson", ".json"] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    crate::report::folder_name(stem)
}
