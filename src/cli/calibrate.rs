//! `windtunnel calibrate`: numbers of an experiment fitted to what a real server did.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use serde_yaml::Value;

use super::output::{FORMATS, OutputFormat, draw, terminal};
use super::search::watch;
use super::theme::Theme;
use super::{Failure, interrupt, is_terminal, print, refused, stop_by_ctrl_c, tell};
use crate::experiment::calibrate::{CalibrateError, CalibrateSpec, Calibration, calibrate};
use crate::experiment::load::Document;
use crate::experiment::{Overrides, Prepared, Progress, Workspace, plain, prepare};
use crate::report::{self, MEASURED_WORKLOAD, MeasuredFacts, MeasuredManifest};
use crate::workload::measured::{MeasuredFile, read};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel calibrate llama.yaml --measured requests.csv --fit models.llama.server.engine.overheads
  windtunnel calibrate llama.yaml --measured requests.csv --holdout 30% \\
      --fit models.gpu.server.engine.overheads.per_step,models.gpu.server.engine.overheads.per_request
  windtunnel calibrate qwen.yaml --measured other.csv --values results/llama-calibration/fitted.yaml

The measured requests are replayed: CSV with a header or JSON lines with `arrival_s`,
`input_tokens`, `output_tokens` and of `ttft_ms`, `tpot_ms`, `e2e_ms` what is known. Without
--fit nothing is fitted: the experiment predicts them. docs/calibration.md says how to measure.")]
pub(super) struct Args {
    /// The experiment; without arrivals of its own it replays what was measured
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What a real server did, request by request
    #[arg(long, value_name = "FILE")]
    measured: PathBuf,
    /// Numbers of the experiment to fit, or blocks of them, by their paths
    #[arg(long, value_name = "PATH,...", value_delimiter = ',')]
    fit: Vec<String>,
    /// Between which values one may be fitted; may be repeated [default: all that the
    /// experiment may have]
    #[arg(long, value_name = "PATH=LOW..HIGH", requires = "fit")]
    bounds: Vec<String>,
    /// The share of the requests that is kept from the fit, to tell how well it predicts: drawn
    /// by lot with the experiment's seed
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = share)]
    holdout: f64,
    /// Values to begin with: the `fitted.yaml` of another calibration
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// Set a value by its path; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE")]
    sets: Vec<String>,
    /// The folder that the results folder is made in; an earlier one of the same name is
    /// replaced
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// Threads; the results do not depend on it [default: all cores]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// What to write: csv is always written
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = FORMATS)]
    format: Vec<OutputFormat>,
    /// The charts' colours [default: light]
    #[arg(long, value_name = "NAME")]
    theme: Option<Theme>,
    /// No progress and no summary, only the results' path
    #[arg(long, short)]
    quiet: bool,
}

/// A share of less than the whole: `30%` or `0.3`.
fn share(text: &str) -> Result<f64, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent).map(|percent| percent / 100.0),
        None => number(text),
    };
    let sound = share.filter(|share| (0.0..1.0).contains(share));
    sound.ok_or_else(|| "expected a share of less than the whole, such as 30%".to_owned())
}

pub(super) fn main(args: &Args, command: String) -> Result<(), Failure> {
    let input = |error: &dyn std::fmt::Display| Failure::Input(format!("error: {error}"));
    let failed = |error: &dyn std::fmt::Display| Failure::Run(format!("error: {error}"));
    if args.jobs == Some(0) {
        return Err(input(&"--jobs: expected at least 1 thread"));
    }
    let document = Document::open(&args.file).map_err(|found| Failure::input(&found))?;
    let mut sets = args.values.as_deref().map_or(Ok(vec![]), values)?;
    sets.extend(args.sets.iter().cloned());
    let overrides = Overrides { sets, ..Overrides::default() };
    let prepared = prepare(&document, &overrides).map_err(|found| Failure::input(&found))?;
    let file = read(&args.measured).map_err(|error| input(&error))?;
    let what = if args.fit.is_empty() { "prediction" } else { "calibration" };
    let name = format!("{}-{what}", prepared.resolved.name);
    let progress = Arc::new(Progress::default());
    let told = name.clone();
    stop_by_ctrl_c(&progress, move |_| format!("{told}: interrupted"));
    let workspace = Workspace::open_passing(&args.out, &name).map_err(|error| refused(&error))?;
    let staging = workspace.staging().map_err(|error| failed(&error))?;
    report::write_measured_workload(&staging, &file.rows).map_err(|error| failed(&error))?;
    let bar = (!args.quiet && is_terminal()).then(|| watch(&name, &progress));
    let found = fit(args, &document, &prepared, &file, &staging, &progress);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            // Nothing in it is worth keeping.
            let _ = workspace.discard();
            return Err(failure(error, &name));
        }
    };
    let pairs = report::pairs(&file.rows, &found.predicted, &found.used);
    let errors = report::errors(&pairs);
    let manifest = manifest(args, name.clone(), command, &file, &prepared, &found);
    report::write_measured(&staging, &manifest, &pairs, &errors, Some(&found))
        .map_err(|error| failed(&error))?;
    draw(&staging, &args.format, args.theme).map_err(|error| failed(&error))?;
    if interrupt::asked() {
        return Err(Failure::Interrupted(format!("{name}: interrupted")));
    }
    let folder = workspace.publish().map_err(|error| failed(&error))?;
    if !args.quiet {
        let text = report::measured_summary(&manifest, &found.fitted, &errors, terminal());
        tell(text.trim_end());
    }
    for warning in &manifest.beware {
        tell(&format!("warning: {warning}"));
    }
    print(&folder.display().to_string())
}

fn fit(
    args: &Args,
    document: &Document,
    prepared: &Prepared,
    file: &MeasuredFile,
    staging: &Path,
    progress: &Progress,
) -> Result<Calibration, CalibrateError> {
    let jobs = args.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    // The workload is named from the root: who simulates may be anywhere.
    let trace = fs::canonicalize(staging).unwrap_or_else(|_| staging.to_path_buf());
    let spec =
        CalibrateSpec { fit: args.fit.clone(), bounds: args.bounds.clone(), holdout: args.holdout };
    let trace = trace.join(MEASURED_WORKLOAD);
    calibrate(document, prepared, &file.rows, &trace, &spec, (jobs, progress))
}

fn manifest(
    args: &Args,
    name: String,
    command: String,
    file: &MeasuredFile,
    prepared: &Prepared,
    found: &Calibration,
) -> MeasuredManifest {
    let mut beware = Vec::new();
    let failed = file.rows.len() - file.completed();
    if failed > 0 {
        beware.push(format!(
            "{failed} of {} measured requests were not completed: they are left out, and with \
             them the load that they were",
            file.rows.len()
        ));
    }
    let experiment = &prepared.resolved.experiment;
    for (part, there) in [
        ("sweep", !experiment.sweep.columns().is_empty()),
        ("search", experiment.search.is_some()),
        ("precision", experiment.precision.is_some()),
    ] {
        if there {
            beware
                .push(format!("`{part}` of the experiment is not heeded: one system is simulated"));
        }
    }
    beware.extend(found.beware.iter().cloned());
    MeasuredManifest {
        name,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        measured: MeasuredFacts::of(file),
        held_out: (!args.fit.is_empty()).then_some(args.holdout),
        results: None,
        runs: Some(found.runs),
        command,
        notes: file.notes.clone(),
        beware,
        experiment: Some(found.experiment.clone()),
    }
}

/// The values of a `fitted.yaml`, as `--set` takes them.
fn values(path: &Path) -> Result<Vec<String>, Failure> {
    let refuse = |why: String| Failure::Input(format!("error: {}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    let value: Value = serde_yaml::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    let mut sets = Vec::new();
    collect(&value, "", &mut sets);
    if sets.is_empty() {
        return Err(refuse(
            "there are no values in it: expected the `fitted.yaml` of a calibration".to_owned(),
        ));
    }
    Ok(sets)
}

fn collect(value: &Value, path: &str, sets: &mut Vec<String>) {
    let Value::Mapping(map) = value else {
        if !path.is_empty() {
            sets.push(format!("{path}={}", plain(value)));
        }
        return;
    };
    for (key, inner) in map {
        let key = plain(key);
        let below = if path.is_empty() { key } else { format!("{path}.{key}") };
        collect(inner, &below, sets);
    }
}

fn failure(error: CalibrateError, name: &str) -> Failure {
    match error {
        CalibrateError::Input(found) => Failure::input(&found),
        CalibrateError::Interrupted => Failure::Interrupted(format!("{name}: {error}")),
        CalibrateError::Refused(_) => Failure::Input(format!("error: {error}")),
        CalibrateError::Run(_) | CalibrateError::Threads(_) => {
            Failure::Run(format!("error: {error}"))
        }
    }
}
