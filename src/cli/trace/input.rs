//! Which traces are read, and which part of them: what all verbs ask alike.

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::kernel::{Duration, Stream, Streams};
use crate::spec::{Fraction, Positive, Problems, parse_duration};
use crate::workload::trace::{
    Detected, LogSpec, ObjectsSpec, OnBadRow, TimeUnit, TraceSpec, detect,
};
use crate::workload::{DataPaths, TraceError};

/// How a trace is read: the options of `workload: trace:`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Reading {
    /// The trace's format, if its beginning does not tell
    #[arg(long, value_name = "FORMAT")]
    pub input_format: Option<InputFormat>,
    /// The columns (or fields) of a csv or jsonl log: time, `input_tokens`,
    /// `output_tokens`, and if it has them prompt and user
    #[arg(long, value_name = "ROLE=COLUMN,...", value_parser = columns)]
    pub columns: Option<Columns>,
    /// The unit of times that are numbers in such a log
    #[arg(long, value_name = "UNIT", default_value = "s")]
    pub unit: Unit,
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
pub(in crate::cli) enum InputFormat {
    Azure,
    Burstgpt,
    Mooncake,
    Csv,
    Jsonl,
    /// A cache trace: a CSV of time, id and size, or oracleGeneral
    Libcachesim,
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
pub(in crate::cli) type Columns = Vec<(Role, String)>;

/// What a column of a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Role {
    Time,
    Input,
    Output,
    Prompt,
    User,
}

const ROLES: [(&str, Role); 5] = [
    ("time", Role::Time),
    ("input_tokens", Role::Input),
    ("output_tokens", Role::Output),
    ("prompt", Role::Prompt),
    ("user", Role::User),
];

fn columns(text: &str) -> Result<Columns, String> {
    let pair = |part: &str| {
        let (role, column) =
            part.split_once('=').ok_or_else(|| format!("`{part}` is not ROLE=COLUMN"))?;
        let known = ROLES.iter().find(|(name, _)| *name == role.trim());
        let names = ROLES.map(|(name, _)| name).join(", ");
        let (_, role) =
            known.ok_or_else(|| format!("`{role}` is not a role: expected one of {names}"))?;
        Ok((*role, column.trim().to_owned()))
    };
    text.split(',').map(pair).collect()
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
        let detected = match self.input_format {
            // The beginning of a log still tells which columns it has.
            Some(InputFormat::Csv | InputFormat::Jsonl) | None => Some(detect(&path)),
            Some(_) => None,
        };
        let detected = detected.transpose().map_err(|error| bad_trace(&error))?;
        let mut spec = TraceSpec {
            from: self.from.unwrap_or(Duration::ZERO),
            until: self.until,
            keep: self.keep.unwrap_or(TraceSpec::default().keep),
            speed: self.speed.unwrap_or(TraceSpec::default().speed),
            on_bad_row: match self.on_bad_row {
                BadRow::Fail => OnBadRow::Fail,
                BadRow::Skip => OnBadRow::Skip,
            },
            ..TraceSpec::default()
        };
        let format = self.format(&path, detected.as_ref())?;
        let log = || match &detected {
            Some(Detected::Csv(log) | Detected::Jsonl(log)) => log.clone(),
            _ => LogSpec::default(),
        };
        // The file as it was named: that is what an experiment would write.
        let file = name.to_path_buf();
        let format = match format {
            InputFormat::Azure => {
                spec.azure = Some(file);
                "azure"
            }
            InputFormat::Burstgpt => {
                spec.burstgpt = Some(file);
                "burstgpt"
            }
            InputFormat::Mooncake => {
                spec.mooncake = Some(file);
                "mooncake"
            }
            InputFormat::Csv => {
                spec.csv = Some(self.log(log(), file));
                "csv"
            }
            InputFormat::Jsonl => {
                spec.jsonl = Some(self.log(log(), file));
                "jsonl"
            }
            InputFormat::Libcachesim => {
                spec.libcachesim = Some(ObjectsSpec { file, ..ObjectsSpec::default() });
                "libcachesim"
            }
        };
        check(&spec)?;
        Ok(Input { path, spec, format })
    }

    fn format(&self, path: &Path, detected: Option<&Detected>) -> Result<InputFormat, Failure> {
        if let Some(format) = self.input_format {
            return Ok(format);
        }
        Ok(match detected {
            Some(Detected::Azure) => InputFormat::Azure,
            Some(Detected::Burstgpt) => InputFormat::Burstgpt,
            Some(Detected::Mooncake) => InputFormat::Mooncake,
            Some(Detected::Jsonl(_)) => InputFormat::Jsonl,
            Some(Detected::Objects) => InputFormat::Libcachesim,
            Some(Detected::Unknown(line)) if self.columns.is_some() => {
                if line.starts_with('{') {
                    InputFormat::Jsonl
                } else {
                    InputFormat::Csv
                }
            }
            Some(Detected::Unknown(line)) => {
                return Err(Failure::Input(format!(
                    "error: {}:1: which format this trace is of cannot be told from `{line}`\n  \
                     = help: name the columns, such as --columns \
                     time=ts,input_tokens=in,output_tokens=out, or the format with --input-format",
                    path.display()
                )));
            }
            Some(Detected::Csv(_)) | None => InputFormat::Csv,
        })
    }

    fn log(&self, mut log: LogSpec, file: PathBuf) -> LogSpec {
        log.file = file;
        log.unit = match self.unit {
            Unit::S => TimeUnit::S,
            Unit::Ms => TimeUnit::Ms,
            Unit::Us => TimeUnit::Us,
            Unit::Ns => TimeUnit::Ns,
        };
        for (role, column) in self.columns.iter().flatten() {
            match role {
                Role::Time => log.time.clone_from(column),
                Role::Input => log.input_tokens.clone_from(column),
                Role::Output => log.output_tokens.clone_from(column),
                Role::Prompt => log.prompt = Some(column.clone()),
                Role::User => log.user = Some(column.clone()),
            }
        }
        log
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
    let usual = ["azure-2023", "mooncake", "burstgpt"];
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
