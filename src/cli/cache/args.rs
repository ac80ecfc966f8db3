//! What `windtunnel cache` is asked.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::cache::replay::{Contender, Method, Share};
use crate::cli::Failure;
use crate::cli::output::{FORMATS, OutputFormat};
use crate::kernel::Duration;
use crate::report;
use crate::spec::parse_duration;
use crate::workload::trace::accesses::{Columns, Format, ReadOptions};
use crate::workload::trace::{OnBadRow, TimeUnit, delimiter};
use crate::workload::{DataPaths, TraceError};

/// The policies that most people compare.
const USUAL: &str = "lru,fifo,sieve,s3_fifo,w_tinylfu,arc,belady";

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel cache conversation_trace.jsonl.gz
  windtunnel cache trace.csv --policies all --capacities 1%,10%,1000,64MiB
  windtunnel cache trace.csv --columns time=ts,key=url,size=len --warmup 20%
  windtunnel cache msr.csv --columns time=1,key=5,size=6      no header: columns by number
  windtunnel cache wiki.oracleGeneral.zst --curve shards:0.001 --policies lru,sieve

A trace is CSV, JSONL, Mooncake's JSONL or libCacheSim's oracleGeneral, plain,
gzip or zstd; docs/replay.md says what each holds. Without sizes every object
counts as one; with sizes a share such as 10% is of the bytes of all objects.")]
pub(in crate::cli) struct Args {
    /// The trace; also looked for where `$WINDTUNNEL_DATA` says
    #[arg(value_name = "TRACE")]
    pub trace: PathBuf,
    /// Eviction policies, or `all`
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = USUAL)]
    pub policies: Vec<String>,
    /// Shares of all objects (or of their bytes, if the trace has sizes), entries, or bytes
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "0.1%,0.3%,1%,3%,10%,30%"
    )]
    pub capacities: Vec<Share>,
    /// LRU's whole miss-ratio curve: exact, sampled (shards:RATE), several, or none
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "exact")]
    pub curve: Vec<CurveArg>,
    /// The share of accesses that fill the caches and are not counted, such as 10% or 0.1
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    pub warmup: f64,
    /// Read no more accesses than this
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Take every object to have size 1
    #[arg(long)]
    pub ignore_sizes: bool,
    /// The trace's format, if its name and beginning do not tell
    #[arg(long, value_name = "FORMAT")]
    pub input_format: Option<InputFormat>,
    /// Columns or fields by name, or columns of a CSV without a header by number from 1
    #[arg(long, value_name = "ROLE=COLUMN,...")]
    pub columns: Option<Columns>,
    /// What stands between the columns of a CSV, such as `;` or `\t` [default: `,`]
    #[arg(long, value_name = "SIGN", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// The unit of times in a CSV or JSONL; it matters for --ttl
    #[arg(long, value_name = "UNIT", default_value = "s")]
    pub unit: Unit,
    /// How long an object lives from when it was stored: an access at that age or later misses,
    /// and stores it anew
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub ttl: Option<Duration>,
    /// What to do with a row that cannot be read
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    pub on_bad_row: BadRow,
    /// Seeds random policies and the choice of samples
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// The folder that results folders are made in
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// The results folder's name [default: the trace's, with `-cache`]
    #[arg(long, value_name = "NAME", value_parser = folder_name)]
    pub name: Option<String>,
    /// Threads; the results do not depend on it [default: all cores]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// What to write: csv is always written
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = FORMATS)]
    pub format: Vec<OutputFormat>,
    /// No progress bar and no table, only the results' path
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(in crate::cli) enum InputFormat {
    Csv,
    Jsonl,
    Mooncake,
    OracleGeneral,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum BadRow {
    /// Stop, and say where it is
    Fail,
    /// Leave it out, and count it
    Skip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Unit {
    S,
    Ms,
    Us,
    Ns,
}

/// A curve, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::cli) struct CurveArg(Option<Method>);

impl std::str::FromStr for CurveArg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" { Ok(CurveArg(None)) } else { text.parse().map(|m| CurveArg(Some(m))) }
    }
}

/// A share below one: `10%` or `0.1`.
fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let share = number.trim().parse::<f64>().map_err(|error| error.to_string())? / scale;
    if (0.0..1.0).contains(&share) {
        Ok(share)
    } else {
        Err("expected 0 or more and less than 100%".to_owned())
    }
}

pub(in crate::cli) fn folder_name(text: &str) -> Result<String, String> {
    if report::folder_name(text) == text && !text.is_empty() {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits, `.`, `_` and `-`, not beginning with `.`".to_owned())
    }
}

impl Args {
    pub fn reading(&self) -> ReadOptions {
        ReadOptions {
            format: self.input_format.map(|format| match format {
                InputFormat::Csv => Format::Csv,
                InputFormat::Jsonl => Format::Jsonl,
                InputFormat::Mooncake => Format::Mooncake,
                InputFormat::OracleGeneral => Format::OracleGeneral,
            }),
            columns: self.columns.clone().unwrap_or_default(),
            on_bad_row: match self.on_bad_row {
                BadRow::Fail => OnBadRow::Fail,
                BadRow::Skip => OnBadRow::Skip,
            },
            limit: self.limit,
            ignore_sizes: self.ignore_sizes,
            delimiter: self.delimiter,
            unit: match self.unit {
                Unit::S => TimeUnit::S,
                Unit::Ms => TimeUnit::Ms,
                Unit::Us => TimeUnit::Us,
                Unit::Ns => TimeUnit::Ns,
            },
            keep_times: self.ttl.is_some(),
        }
    }

    /// The curves, each once.
    pub fn methods(&self) -> Vec<Method> {
        let mut methods: Vec<Method> = Vec::new();
        for method in self.curve.iter().filter_map(|curve| curve.0) {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        methods
    }

    /// The name of the results folder.
    pub fn results_name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let file = self.trace.file_name().unwrap_or_default().to_string_lossy();
        let mut stem: &str = &file;
        for ending in
            [".gz", ".zst", ".csv", ".jsonl", ".ndjson", ".json", ".bin", ".oracleGeneral"]
        {
            stem = stem.strip_suffix(ending).unwrap_or(stem);
        }
        format!("{}-cache", report::folder_name(stem))
    }

    /// The trace as it is named, else where traces are kept.
    pub fn file(&self) -> Result<PathBuf, Failure> {
        if self.trace.is_file() {
            return Ok(self.trace.clone());
        }
        DataPaths::for_experiment(None).find(&self.trace, "mooncake").map_err(|missing| {
            Failure::Input(format!(
                "error: the trace `{}` was not found\n  = searched: {}\n  \
                 = help: name the folder it is in, or set WINDTUNNEL_DATA",
                self.trace.display(),
                missing.places()
            ))
        })
    }
}

/// Why a trace cannot be replayed, and what to do about it.
pub(super) fn bad_trace(error: &TraceError) -> Failure {
    let help = match error {
        TraceError::BadRow { .. } => {
            "\n  = help: mend the row, or leave bad rows out with --on-bad-row skip"
        }
        _ => "",
    };
    Failure::Input(format!("error: {error}{help}"))
}

/// The policies with these names, each once; `all` is every policy.
pub(super) fn known_policies(names: &[String]) -> Result<Vec<Contender>, String> {
    let mut wanted: Vec<Contender> = Vec::new();
    let mut unknown = Vec::new();
    for name in names {
        match name.parse() {
            _ if name == "all" => {
                wanted.extend(Contender::all());
            }
            Ok(policy) => wanted.push(policy),
            Err(why) => unknown.push(format!("error: --policies: {why}")),
        }
    }
    let mut seen = Vec::new();
    wanted.retain(|policy| {
        let new = !seen.contains(&policy.name());
        seen.push(policy.name());
        new
    });
    if unknown.is_empty() { Ok(wanted) } else { Err(unknown.join("\n")) }
}
