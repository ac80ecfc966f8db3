//! `windtunnel trace fit`: a workload like a trace.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::input::{Input, Reading, bad_trace, file_name, stem};
use crate::cli::cache::folder_name;
use crate::cli::output::{FORMATS, OutputFormat, draw, terminal};
use crate::cli::{Failure, print, refused, tell};
use crate::experiment::Workspace;
use crate::report::{self, TraceManifest};
use crate::spec::NonNegative;
use crate::unfinished::write_whole;
use crate::workload::WorkloadSpec;
use crate::workload::duration_distribution::SpanSpec;
use crate::workload::prompts::PromptsSpec;
use crate::workload::trace::Profile;
use crate::workload::trace::fit::{self, Fitted, HostedModel};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel trace fit AzureLLMInferenceTrace_conv.csv > workload.yaml
  windtunnel trace fit conversation_trace.jsonl.gz --experiment --out like-mooncake.yaml
  windtunnel run like-mooncake.yaml

Arrivals, lengths, their correlation, and prompts and users where the trace knows
them are each fitted by maximum likelihood; the table says how far each candidate is
off. docs/workloads.md has the formulas.")]
pub(super) struct Args {
    /// The trace; also looked for where `$WINDTUNNEL_DATA` says
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    reading: Reading,
    /// Write the YAML to this file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a whole experiment that `windtunnel run` takes, not the workload alone
    #[arg(long)]
    experiment: bool,
    /// How far a law of lengths may be off, as a KS distance, before a histogram
    /// takes its place
    #[arg(long, value_name = "DISTANCE", default_value_t = 0.05)]
    tolerance: f64,
    /// The folder that results folders (tables and charts) are made in
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    /// The results folder's name [default: the trace's, with `-fit`]
    #[arg(long, value_name = "NAME", value_parser = folder_name)]
    name: Option<String>,
    /// What to write into it: csv is always written
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = FORMATS)]
    format: Vec<OutputFormat>,
    /// No table of candidates
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn main(args: &Args, again: String) -> Result<(), Failure> {
    let input = args.reading.open(&args.file)?;
    let read = || {
        let stream = || args.reading.stream();
        let profile = Profile::read(&input.spec, &input.path, stream(), |_, _, _| {})?;
        let correlation = profile.rank_correlation(&input.spec, &input.path, stream())?;
        Ok((profile, correlation))
    };
    let (profile, correlation) = read().map_err(|error| bad_trace(&error))?;
    for note in &profile.notes {
        tell(&format!("warning: {note}"));
    }
    if let Some(first) = &profile.first_bad {
        tell(&format!("warning: {} bad rows were left out, the first: {first}", profile.skipped));
    }
    let fitted = fit::fit(&profile, correlation, args.tolerance)
        .map_err(|error| Failure::Input(format!("error: {}: {error}", input.path.display())))?;
    let yaml = yaml(args, &input, &profile, &fitted)?;
    let folder = write(args, &input, &fitted, &yaml, again)?;
    if !args.quiet {
        tell(report::fit_summary(&fitted, terminal()).trim_end());
    }
    let Some(out) = &args.out else {
        tell(&folder.display().to_string());
        return print(yaml.trim_end());
    };
    write_whole(out, yaml.as_bytes()).map_err(|error| {
        Failure::Run(format!("error: cannot write `{}`: {error}", out.display()))
    })?;
    print(&folder.display().to_string())
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Run(format!("error: {error}"))
}

/// The results folder with tables and charts.
fn write(
    args: &Args,
    input: &Input,
    fitted: &Fitted,
    yaml: &str,
    again: String,
) -> Result<PathBuf, Failure> {
    let manifest = TraceManifest {
        name: args.name.clone().unwrap_or_else(|| format!("{}-fit", stem(&input.path))),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: args.reading.seed,
        traces: vec![file_name(&input.path)],
        part: args.reading.part(),
        command: again,
    };
    let workspace =
        Workspace::open_passing(&args.results, &manifest.name).map_err(|error| refused(&error))?;
    let staging = workspace.staging().map_err(failed)?;
    report::write_fit(&staging, &manifest, fitted, yaml).map_err(failed)?;
    draw(&staging, &args.format, None).map_err(failed)?;
    workspace.publish().map_err(failed)
}

/// A `workload:` block as it stands in an experiment file.
#[derive(Serialize)]
struct Block<'a> {
    workload: &'a WorkloadSpec,
}

/// The YAML, which says what it was fitted to.
fn yaml(args: &Args, input: &Input, profile: &Profile, fitted: &Fitted) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let mut serializer = serde_yaml::Serializer::new(&mut bytes);
    let block = Block { workload: &fitted.workload };
    serde_yaml::with::singleton_map_recursive::serialize(&block, &mut serializer)
        .map_err(failed)?;
    let block = String::from_utf8(bytes).map_err(failed)?;
    let mut text = String::new();
    let file = file_name(&input.path);
    let part = args.reading.part();
    let part = if part.is_empty() { String::new() } else { format!(" ({})", part.join(", ")) };
    let _ = writeln!(
        text,
        "# Fitted to {} requests of {file}{part} by `windtunnel trace fit`.",
        profile.rows()
    );
    for part in &fitted.parts {
        let law = &part.candidates[part.chosen];
        let _ = writeln!(text, "# {}: {}, KS distance {:.3}", part.name, law.law, law.ks);
    }
    if args.experiment {
        let _ = write!(
            text,
            "name: {name}-like\n\
             description: Requests like those of {file}.\n\
             duration: {span}\n\
             replications: 5\n\n\
             {block}\n",
            name = stem(&input.path),
            span = profile.span(),
        );
        // Where nothing is asked again, a cache has nothing to give.
        if matches!(fitted.workload.prompts, Some(PromptsSpec::Unique) | None) {
            text.push_str("# No prompt is asked again: there is no cache.\n");
        } else {
            text.push_str(
                "cache:\n  ttl: 1h\n  levels:\n    - { name: l1, capacity: 1000, policy: lru, latency: \
                 1ms }\n\n",
            );
        }
        if fitted.models.is_empty() {
            text.push_str(
                "models:   # put your own price and speed here\n  \
                 model: { price: { per_token: $0.000002 }, quality: 0.9, server: { tokens: { ttft: 300ms, \
                 tpot: 20ms } } }\n",
            );
        }
    } else {
        text.push_str(&block);
    }
    models(&fitted.models, &mut text);
    Ok(text)
}

/// The models that were measured, as `models:` of an experiment.
fn models(models: &[HostedModel], text: &mut String) {
    if models.is_empty() {
        return;
    }
    text.push_str("models:   # as they were measured\n");
    for model in models {
        let name = serde_json::Value::from(model.name.as_deref().unwrap_or("model"));
        let _ = write!(text, "  {name}:   # {} requests\n    ", model.requests);
        match model.prices {
            Some([input, output]) => {
                let _ = writeln!(text, "price: {{ input: {input:?}, output: {output:?} }}");
            }
            None => text.push_str("price: { per_token: $0.000002 }   # put your own here\n"),
        }
        let _ = write!(text, "    server: {{ tokens: {{ ttft: {}", span(&model.ttft));
        if let Some(tpot) = &model.tpot {
            let _ = write!(text, ", tpot: {}", span(tpot));
        }
        if !model.per_input_token.is_zero() {
            let _ = write!(text, ", per_input_token: {}", model.per_input_token);
        }
        text.push_str(" } }\n");
    }
}

/// A time, or a distribution of times, as YAML in a line.
fn span(span: &SpanSpec) -> String {
    match span {
        SpanSpec::Constant(time) => time.to_string(),
        SpanSpec::Lognormal(law) => {
            let sigma = law.sigma.map_or(0.0, NonNegative::get);
            format!("{{ lognormal: {{ mean: {}, sigma: {sigma:?} }} }}", law.mean)
        }
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}
