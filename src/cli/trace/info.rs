//! `windtunnel trace info`: what traces hold.

use std::path::PathBuf;

use super::input::{Input, Reading, bad_trace, file_name, stem};
use crate::cache::replay::Reuse;
use crate::cli::cache::folder_name;
use crate::cli::output::{FORMATS, OutputFormat, draw, terminal};
use crate::cli::{Failure, print, refused, tell};
use crate::experiment::Workspace;
use crate::report::csv::table_text;
use crate::report::{self, Surveyed, TraceManifest};
use crate::workload::TraceError;
use crate::workload::trace::{self, BenchmarkSums, Profile};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel trace info AzureLLMInferenceTrace_conv.csv
  windtunnel trace info monday.csv.gz tuesday.csv.gz --from 9h --until 17h
  windtunnel trace info gateway.jsonl --columns time=ts,input_tokens=in,output_tokens=out,user=key

Traces are read as streams, twice: for what they hold, and for the correlation of
ranks. docs/workloads.md says how each figure is defined.")]
pub(super) struct Args {
    /// The traces; also looked for where `$WINDTUNNEL_DATA` says
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    /// The folder that results folders are made in
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// The results folder's name [default: the first trace's, with `-info`]
    #[arg(long, value_name = "NAME", value_parser = folder_name)]
    name: Option<String>,
    /// What to write: csv is always written
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = FORMATS)]
    format: Vec<OutputFormat>,
    /// No table, only the results' path
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn main(args: &Args, again: String) -> Result<(), Failure> {
    let inputs: Vec<Input> =
        args.files.iter().map(|file| args.reading.open(file)).collect::<Result<_, _>>()?;
    let mut traces: Vec<Surveyed> = Vec::new();
    let mut sums = Vec::new();
    for input in &inputs {
        if let Some(of_file) =
            trace::sums(&input.path, input.format).map_err(|error| bad_trace(&error))?
        {
            sums.push((file_name(&input.path), of_file));
            continue;
        }
        let name = free_name(&file_name(&input.path), &traces);
        traces.push(survey(args, input, name).map_err(|error| bad_trace(&error))?);
    }
    if !sums.is_empty() {
        show_sums(args, &sums, traces.is_empty())?;
    }
    if traces.is_empty() {
        return Ok(());
    }
    for trace in &traces {
        for note in &trace.profile.notes {
            tell(&format!("warning: {note}"));
        }
        if let Some(first) = &trace.profile.first_bad {
            let skipped = trace.profile.skipped;
            tell(&format!("warning: {skipped} bad rows were left out, the first: {first}"));
        }
    }
    let manifest = TraceManifest {
        name: args.name.clone().unwrap_or_else(|| format!("{}-info", stem(&inputs[0].path))),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: args.reading.seed,
        traces: traces.iter().map(|trace| trace.name.clone()).collect(),
        part: args.reading.part(),
        command: again,
    };
    let workspace =
        Workspace::open_passing(&args.out, &manifest.name).map_err(|error| refused(&error))?;
    let staging = workspace.staging().map_err(failed)?;
    report::write_traces(&staging, &manifest, &traces).map_err(failed)?;
    draw(&staging, &args.format, None).map_err(failed)?;
    let folder = workspace.publish().map_err(failed)?;
    if !args.quiet {
        tell(report::trace_summary(&traces, terminal()).trim_end());
    }
    print(&folder.display().to_string())
}

/// What benchmarks measured in all, of files that hold no requests; as CSV where there is
/// nothing else.
fn show_sums(
    args: &Args,
    sums: &[(String, Vec<BenchmarkSums>)],
    alone: bool,
) -> Result<(), Failure> {
    for (file, _) in sums {
        tell(&format!(
            "warning: {file} has only sums, and no requests: what was measured is shown, and nothing \
             can be replayed or fitted; let the benchmark keep its requests (vLLM: `--save-detailed`; \
             GuideLLM: a sample size that is not 0)"
        ));
    }
    if !args.quiet {
        tell(report::sums_summary(sums, terminal()).trim_end());
    }
    if alone { print(table_text(&report::sums_table(sums)).trim_end()) } else { Ok(()) }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Run(format!("error: {error}"))
}

/// Reads a trace twice.
fn survey(args: &Args, input: &Input, name: String) -> Result<Surveyed, TraceError> {
    let (mut blocks, mut prompts) = (Reuse::default(), Reuse::default());
    let profile = Profile::read(&input.spec, &input.path, args.reading.stream(), |row, ids, _| {
        for block in ids {
            blocks.access(*block);
        }
        if let Some(prompt) = row.prompt {
            prompts.access(prompt.0);
        }
    })?;
    let correlation = profile.rank_correlation(&input.spec, &input.path, args.reading.stream())?;
    // Where blocks are known, they are what is kept of a prompt.
    let reuse = [("blocks", blocks), ("prompts", prompts)];
    let reuse = reuse.into_iter().find(|(_, reuse)| reuse.total() > 0);
    Ok(Surveyed::new(name, input.format.to_owned(), profile, correlation.ranks, reuse))
}

/// The file's name, with a number where another trace has it.
fn free_name(file: &str, taken: &[Surveyed]) -> String {
    let is_free = |name: &String| taken.iter().all(|trace| trace.name != *name);
    let numbered = (2..).map(|number| format!("{file} ({number})"));
    std::iter::once(file.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}
