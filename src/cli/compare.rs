//! `windtunnel compare`: whether systems differ, and by how much; or how near one is to what
//! was measured.

use std::path::{Path, PathBuf};

use super::output::{FORMATS, OutputFormat, draw, terminal};
use super::theme::Theme;
use super::{Failure, print, refused, tell};
use crate::experiment::Workspace;
use crate::report::{
    self, Cases, ComparisonManifest, FolderManifest, MeasuredFacts, MeasuredManifest, Selection,
};
use crate::workload::measured::read;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  windtunnel compare results/before results/after
  windtunnel compare results/policies:lru results/policies:sieve     two named points of a sweep
  windtunnel compare results/sizes:capacity=100 results/sizes:capacity=1000 --metric e2e_p99_s
  windtunnel compare results/sizes                   every point against the first
  windtunnel compare results/mine --measured requests.csv   against what a real server did

Runs of the same seed are compared in pairs, replication by replication.")]
pub(super) struct Args {
    /// Results folders, or points of them: DIR, DIR:VARIANT, DIR:NUMBER or DIR:PATH=VALUE,...;
    /// the first is what the others are compared with
    #[arg(required = true, value_name = "DIR[:POINT]")]
    cases: Vec<String>,
    /// What a real server did, request by request: held against the one case, which recorded
    /// its requests
    #[arg(long, value_name = "FILE", conflicts_with = "metrics")]
    measured: Option<PathBuf>,
    /// A metric to compare by, or `all`; may be repeated [default: those that most people want]
    #[arg(long = "metric", value_name = "NAME")]
    metrics: Vec<String>,
    /// The folder that the comparison's folder is made in
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// The comparison's name [default: of the cases]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What to write: csv is always written
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = FORMATS)]
    format: Vec<OutputFormat>,
    /// The charts' colours [default: light]
    #[arg(long, value_name = "NAME")]
    theme: Option<Theme>,
    /// No table, only the results' path
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn main(args: &Args, command: String) -> Result<(), Failure> {
    if let Some(file) = &args.measured {
        return against_measured(args, file, command);
    }
    let input = |error: String| Failure::Input(format!("error: {error}"));
    let failed = |error: &dyn std::fmt::Display| Failure::Run(format!("error: {error}"));
    let selections: Vec<Selection> = args.cases.iter().map(|case| Selection::parse(case)).collect();
    let cases = Cases::find(&selections).map_err(input)?;
    if cases.alone() > 0 {
        tell(&format!(
            "warning: {} of the points have no counterpart with the same swept values, and are left out",
            cases.alone()
        ));
    }
    let rows = report::compare(&cases, &args.metrics).map_err(input)?;
    let name = name(args, &selections)?;
    refuse_to_lose(&args.out.join(&name), &selections).map_err(input)?;
    let workspace = Workspace::open_passing(&args.out, &name).map_err(|error| refused(&error))?;
    let staging = workspace.staging().map_err(|error| failed(&error))?;
    let beware = report::comparison_notes(&cases, &rows);
    report::write_comparison(&staging, &cases.manifest(&name, &beware), &cases, &rows)
        .map_err(|error| failed(&error))?;
    draw(&staging, &args.format, args.theme).map_err(|error| failed(&error))?;
    let folder = workspace.publish().map_err(|error| failed(&error))?;
    if !args.quiet {
        tell(report::comparison_summary(&rows, &beware, terminal()).trim_end());
    }
    print(&folder.display().to_string())
}

/// Holds the requests of one case against what was measured.
fn against_measured(args: &Args, file: &Path, command: String) -> Result<(), Failure> {
    let input = |error: String| Failure::Input(format!("error: {error}"));
    let failed = |error: &dyn std::fmt::Display| Failure::Run(format!("error: {error}"));
    let [case] = args.cases.as_slice() else {
        return Err(input("--measured: name one results folder, or a point of one".to_owned()));
    };
    let selection = Selection::parse(case);
    let measured = read(file).map_err(|error| input(error.to_string()))?;
    let found = report::simulated(&selection, &measured.rows).map_err(input)?;
    let name = if args.name.is_some() {
        name(args, std::slice::from_ref(&selection))?
    } else {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        report::folder_name(&format!("compare-{}-and-{stem}", found.experiment))
    };
    refuse_to_lose(&args.out.join(&name), std::slice::from_ref(&selection)).map_err(input)?;
    let workspace = Workspace::open_passing(&args.out, &name).map_err(|error| refused(&error))?;
    let staging = workspace.staging().map_err(|error| failed(&error))?;
    let used = vec![false; found.predicted.len()];
    let pairs = report::pairs(&measured.rows, &found.predicted, &used);
    let errors = report::errors(&pairs);
    let manifest = MeasuredManifest {
        name,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        measured: MeasuredFacts::of(&measured),
        held_out: None,
        results: Some(found.experiment.clone()),
        runs: None,
        command,
        notes: measured.notes.clone(),
        beware: found.beware,
        experiment: None,
    };
    report::write_measured(&staging, &manifest, &pairs, &errors, None)
        .map_err(|error| failed(&error))?;
    draw(&staging, &args.format, args.theme).map_err(|error| failed(&error))?;
    let folder = workspace.publish().map_err(|error| failed(&error))?;
    if !args.quiet {
        tell(report::measured_summary(&manifest, &[], &errors, terminal()).trim_end());
    }
    for warning in &manifest.beware {
        tell(&format!("warning: {warning}"));
    }
    print(&folder.display().to_string())
}

/// Refuses to put the comparison where one of its cases is, or other results are.
fn refuse_to_lose(target: &Path, selections: &[Selection]) -> Result<(), String> {
    let Ok(place) = target.canonicalize() else { return Ok(()) };
    let same = |case: &Selection| case.folder.canonicalize().is_ok_and(|it| it == place);
    let what = if selections.iter().any(same) {
        "is what is compared"
    } else if !place.join("manifest.yaml").exists()
        || ComparisonManifest::is_in(&place)
        || MeasuredManifest::is_in(&place)
    {
        return Ok(());
    } else {
        "holds other results than a comparison's"
    };
    Err(format!("`{}` {what}; choose another --name", target.display()))
}

/// `a-and-b` for two folders; a name that may be a folder's.
fn name(args: &Args, selections: &[Selection]) -> Result<String, Failure> {
    if let Some(name) = &args.name {
        if report::folder_name(name) != *name || name.is_empty() {
            let message = "error: --name: use letters, digits, `.`, `_` and `-`";
            return Err(Failure::Input(message.to_owned()));
        }
        return Ok(name.clone());
    }
    let word = |selection: &Selection| {
        let folder = selection.folder.file_name().unwrap_or_default().to_string_lossy();
        let point = selection.point.as_ref().map_or(String::new(), |point| format!("-{point}"));
        format!("{folder}{point}")
    };
    let mut words: Vec<String> = selections.iter().map(word).collect();
    if words.len() > 2 {
        words = vec![words[0].clone(), format!("{}-others", words.len() - 1)];
    }
    if words.len() == 1 {
        words.push("first".to_owned());
    }
    let mut name = report::folder_name(&format!("compare-{}", words.join("-and-")));
    name.truncate(120);
    Ok(name)
}
