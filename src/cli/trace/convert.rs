//! `windtunnel trace convert`: a trace in another format.

use std::path::PathBuf;

use super::input::{Reading, bad_trace};
use super::output::Output;
use crate::cli::{Failure, print, tell};
use crate::workload::trace::write::{Knows, TraceFormat, WrittenRow};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel trace convert AzureLLMInferenceTrace_conv.csv requests.csv.gz
  windtunnel trace convert conversation_trace.jsonl.gz cache.csv --to libcachesim
  windtunnel trace convert gateway.jsonl part.csv --from 9h --until 10h --keep 0.1

Times stay as they are on the trace's own clock. The output appears whole or not at
all; what its format cannot hold is said once. docs/workloads.md has the formats.")]
pub(super) struct Args {
    /// The trace; also looked for where `$WINDTUNNEL_DATA` says
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write, packed with gzip if its name ends in .gz
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The format to write, if the name of OUT does not tell: azure, burstgpt, mooncake, csv,
    /// jsonl, libcachesim or `oracle_general`
    #[arg(long, value_name = "FORMAT")]
    to: Option<TraceFormat>,
    #[command(flatten)]
    reading: Reading,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let input = args.reading.open(&args.input)?;
    let knows = Knows {
        prompts: input.spec.knows_prompts(),
        users: input.spec.knows_users(),
        measured: false,
        block_tokens: input.spec.block_tokens(),
    };
    let rows = input.spec.open(&input.path, args.reading.stream());
    let mut rows = rows.map_err(|error| bad_trace(&error))?;
    let mut next = rows.next_row().map_err(|error| bad_trace(&error))?;
    let knows = Knows { measured: rows.measured().is_some(), ..knows };
    let mut output = Output::create(&args.output, args.to, knows)?;
    while let Some((at, row)) = next {
        // Where the part begins on the trace's own clock.
        let zero = rows.zero().unwrap_or(0).saturating_add(input.spec.from.as_nanos());
        output.write(&WrittenRow {
            stamp: zero.saturating_add(at.as_nanos()),
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            prompt: row.prompt,
            user: row.user.and_then(|user| rows.user_name(user)),
            blocks: rows.blocks(),
            measured: rows.measured(),
        })?;
        next = rows.next_row().map_err(|error| bad_trace(&error))?;
    }
    if output.rows() == 0 {
        return Err(Failure::Input(format!(
            "error: {}: there is no row in that part of the trace; nothing was written",
            input.path.display()
        )));
    }
    for note in rows.notes() {
        tell(&format!("warning: {note}"));
    }
    if let Some(first) = rows.first_bad() {
        tell(&format!("warning: {} bad rows were left out, the first: {first}", rows.skipped()));
    }
    print(&output.finish(&[])?.display().to_string())
}
