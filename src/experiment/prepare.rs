//! From a document to runs that cannot fail on their input.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;

use md5::{Digest, Md5};
use serde_yaml::Value;

use super::load::{Diagnostic, Document, path, read};
use super::spec::Experiment;
use super::sweep::Grid;
use crate::serving::ModelSpec;
use crate::spec::{Path, Problem, Problems, Segment, Severity};
use crate::system::Setup;
use crate::workload::arrivals::CalendarStart;
use crate::workload::{DataPaths, Plan, WorkloadSpec};

/// What the command line changes in a file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `path=value`, in order.
    pub sets: Vec<String>,
    /// The seed.
    pub seed: Option<u64>,
    /// The number of replications.
    pub replications: Option<u32>,
    /// Whether the file's `quick:` block applies.
    pub quick: bool,
}

/// An experiment whose every point was read and checked.
#[derive(Debug)]
pub struct Prepared {
    /// The results folder's name.
    pub name: String,
    /// The experiment with all defaults and overrides.
    pub experiment: Experiment,
    /// The same as YAML.
    pub resolved: Value,
    /// MD5 of the resolved experiment and the program's version.
    pub hash: String,
    /// What is varied.
    pub grid: Grid,
    /// What to run, point by point.
    pub setups: Vec<Setup>,
    /// What is perhaps not meant.
    pub warnings: Vec<Diagnostic>,
}

impl Prepared {
    /// The number of runs: points times replications.
    pub fn runs(&self) -> usize {
        self.setups.len() * self.experiment.replications as usize
    }
}

/// A value that did not come from the file's own place.
struct Override {
    path: Path,
    origin: Origin,
}

enum Origin {
    CommandLine(String),
    Elsewhere(Path),
}

/// Reads and checks `document` with `overrides`, every point of it.
///
/// # Errors
/// Every problem found, located.
pub fn prepare(document: &Document, overrides: &Overrides) -> Result<Prepared, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let base = read_checked(&document.value, |problem| document.diagnose(problem), &mut found);
    let Some(base) = base else { return Err(found) };
    if found.iter().any(Diagnostic::is_error) {
        found.extend(strange_axes(&base, document));
        return Err(found);
    }
    found.clear();

    let mut resolved = to_value(&base);
    let placed = override_values(&mut resolved, &base, overrides, document)?;
    let diagnose = |problem: &Problem| diagnose(document, &placed, problem);
    let experiment = read_checked(&resolved, diagnose, &mut found);
    let Some(experiment) = experiment.filter(|_| !found.iter().any(Diagnostic::is_error)) else {
        return Err(found);
    };
    let resolved = to_value(&experiment);
    let grid = Grid::new(&experiment.sweep, &resolved, experiment.replications)
        .map_err(|problems| problems.iter().map(diagnose).collect::<Vec<_>>())?;
    let setups = setups(document, &grid, &resolved, &experiment, &mut found)?;
    found.extend(strange_payers(&experiment, &setups[0]).iter().map(diagnose));
    let name = experiment.name.clone().unwrap_or_else(|| stem(document));
    let warnings = found;
    Ok(Prepared { name, hash: hash(&resolved), experiment, resolved, grid, setups, warnings })
}

/// What is wrong with the sweep of an experiment that has other mistakes: a path
/// may lead nowhere only because what it leads to could not be read.
fn strange_axes(base: &Experiment, document: &Document) -> Vec<Diagnostic> {
    let problems = Grid::new(&base.sweep, &to_value(base), base.replications).err();
    let doubtful = |problem: &Problem| match problem.path.0.last() {
        Some(Segment::Key(name)) => path::resolve(&document.value, name).is_ok(),
        _ => true,
    };
    let sure = problems.into_iter().flatten().filter(|problem| !doubtful(problem));
    sure.map(|problem| document.diagnose(&problem)).collect()
}

/// Warns of budgets that nobody in the workload has.
fn strange_payers(experiment: &Experiment, setup: &Setup) -> Vec<Problem> {
    let mut problems = Problems::default();
    if let Some(budgets) = experiment.cost.as_ref().and_then(|cost| cost.budgets.as_ref()) {
        let users = setup.workload.users();
        let names: BTreeSet<&str> =
            users.iter().flat_map(|user| [user.name.as_str(), &*user.class]).collect();
        let names: Vec<&str> = names.into_iter().collect();
        problems.at("cost", |p| p.at("budgets", |p| budgets.check(Some(&names), p)));
    }
    problems.into_list()
}

/// The file's name without its ending.
fn stem(document: &Document) -> String {
    let file = document.sources.first().map_or("experiment", |source| source.name.as_str());
    FilePath::new(file)
        .file_stem()
        .map_or_else(|| "experiment".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn hash(resolved: &Value) -> String {
    let text = serde_yaml::to_string(resolved).unwrap_or_default();
    let digest = Md5::new().chain_update(env!("CARGO_PKG_VERSION")).chain_update(text).finalize();
    format!("{:032x}", u128::from_be_bytes(digest.into()))
}

/// The experiment as YAML, choices as one-key maps.
///
/// # Panics
/// Never: an experiment is plain data.
pub fn to_value(experiment: &Experiment) -> Value {
    serde_yaml::with::singleton_map_recursive::serialize(experiment, serde_yaml::value::Serializer)
        .expect("an experiment is plain data")
}

/// Reads and checks an experiment; all problems go to `found`.
fn read_checked(
    value: &Value,
    diagnose: impl Fn(&Problem) -> Diagnostic,
    found: &mut Vec<Diagnostic>,
) -> Option<Experiment> {
    let reading = read::<Experiment>(value);
    found.extend(reading.problems.iter().map(&diagnose));
    let experiment = reading.spec?;
    let mut problems = Problems::default();
    experiment.check(&mut problems);
    for problem in problems.into_list() {
        // A problem with a default that took a masked value's place is none.
        let masked = reading.masked.iter().any(|mask| mask.0.starts_with(&problem.path.0));
        // Names may dangle only because what they name could not be read.
        let named = |mask: &Path| {
            let section = mask.0.first();
            ["models", "sweep"].map(Segment::from).iter().any(|name| section == Some(name))
        };
        let doubtful = problem.message.starts_with("unknown ") && reading.masked.iter().any(named);
        if !masked && !doubtful {
            found.push(diagnose(&problem));
        }
    }
    Some(experiment)
}

/// Applies `quick:`, then `--set`, then the flags.
fn override_values(
    resolved: &mut Value,
    base: &Experiment,
    overrides: &Overrides,
    document: &Document,
) -> Result<Vec<Override>, Vec<Diagnostic>> {
    let mut placed = Vec::new();
    let mut refused = Vec::new();
    let mut put = |name: &str, value: Value, origin: Origin| match path::resolve(resolved, name) {
        Ok(path) => {
            path::put(resolved, &path, value);
            placed.push(Override { path, origin });
        }
        Err(error) => {
            let mut problem = problem(Path::default(), error.to_string());
            problem.help.clone_from(&error.help);
            refused.push(match origin {
                Origin::CommandLine(text) => Diagnostic::of_place(&problem, text),
                Origin::Elsewhere(path) => {
                    document.diagnose(&Problem { path, at_key: true, ..problem })
                }
            });
        }
    };
    if overrides.quick {
        for (name, value) in &base.quick {
            put(name, value.clone(), Origin::Elsewhere(Path::parse("quick").join(name.as_str())));
        }
    }
    let flag = |name: &str, value: String| format!("{name}={value}");
    let sets = overrides.sets.iter().cloned();
    let seed = overrides.seed.map(|seed| flag("seed", seed.to_string()));
    let replications = overrides.replications.map(|count| flag("replications", count.to_string()));
    for text in sets.chain(seed).chain(replications) {
        let origin = Origin::CommandLine(format!("--set {text}"));
        let Some((name, value)) = text.split_once('=') else {
            let problem = problem(Path::default(), "expected path=value".to_owned());
            return Err(vec![Diagnostic::of_place(&problem, format!("--set {text}"))]);
        };
        match serde_yaml::from_str(value) {
            Ok(value) => put(name.trim(), value, origin),
            Err(error) => {
                let problem = problem(Path::default(), format!("`{value}` is not YAML: {error}"));
                return Err(vec![Diagnostic::of_place(&problem, format!("--set {text}"))]);
            }
        }
    }
    if refused.is_empty() { Ok(placed) } else { Err(refused) }
}

fn problem(path: Path, message: String) -> Problem {
    Problem { path, at_key: false, severity: Severity::Error, message, help: None }
}

/// A problem's place: the override that it came from, or the file.
fn diagnose(document: &Document, placed: &[Override], problem: &Problem) -> Diagnostic {
    let of = |over: &&Override| problem.path.0.starts_with(&over.path.0);
    match placed.iter().rev().find(of).map(|over| &over.origin) {
        None => document.diagnose(problem),
        Some(Origin::CommandLine(text)) => Diagnostic::of_place(problem, text.clone()),
        Some(Origin::Elsewhere(path)) => {
            document.diagnose(&Problem { path: path.clone(), at_key: false, ..problem.clone() })
        }
    }
}

/// Reads and checks every point.
fn setups(
    document: &Document,
    grid: &Grid,
    resolved: &Value,
    base: &Experiment,
    found: &mut Vec<Diagnostic>,
) -> Result<Vec<Setup>, Vec<Diagnostic>> {
    let paths = DataPaths::for_experiment(
        document.sources.first().map(|source| FilePath::new(&source.name)),
    );
    let mut workloads = Workloads { paths, plans: BTreeMap::new() };
    if grid.axes.is_empty() {
        let setup = workloads.setup(base).map_err(|problem| vec![document.diagnose(&problem)])?;
        return Ok(vec![setup]);
    }
    let mut setups = Vec::with_capacity(grid.points());
    let mut errors = Vec::new();
    for point in 0..grid.points() {
        let diagnose = |problem: &Problem| diagnose_point(document, grid, point, problem);
        let mut here = Vec::new();
        let experiment = read_checked(&grid.apply(resolved, point), diagnose, &mut here);
        here.retain(Diagnostic::is_error);
        if let Some(experiment) = experiment.filter(|_| here.is_empty()) {
            match workloads.setup(&experiment) {
                Ok(setup) => setups.push(setup),
                Err(problem) => here.push(diagnose(&problem)),
            }
        }
        errors.append(&mut here);
        if errors.len() >= 50 {
            break;
        }
    }
    if errors.is_empty() {
        return Ok(setups);
    }
    let mut seen = BTreeSet::new();
    errors.retain(|error| seen.insert((error.place.clone(), error.message.clone())));
    found.append(&mut errors);
    Err(std::mem::take(found))
}

/// A problem at a point: it came from the value that was put at its path, or
/// from the combination.
fn diagnose_point(document: &Document, grid: &Grid, point: usize, problem: &Problem) -> Diagnostic {
    let root = Path::parse("sweep.grid");
    let indices = grid.indices(point);
    for (axis, index) in grid.axes.iter().zip(&indices) {
        if problem.path.0.starts_with(&axis.path.0) {
            let path = root.join(axis.name.as_str()).join(*index);
            return document.diagnose(&Problem { path, at_key: false, ..problem.clone() });
        }
    }
    let values: Vec<String> =
        grid.values(point).map(|(axis, value)| format!("{}={}", axis.name, plain(value))).collect();
    let message =
        format!("{}: {} (at the point {})", problem.path, problem.message, values.join(", "));
    document.diagnose(&Problem { path: root, at_key: true, message, ..problem.clone() })
}

/// A value in a line, as the user would write it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Sequence(_) | Value::Mapping(_) => serde_json::to_string(value).unwrap_or_default(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim_end().to_owned(),
    }
}

/// Workloads already opened, so that points share traces and tables.
struct Workloads {
    paths: DataPaths,
    plans: BTreeMap<(jiff::Timestamp, String), Plan>,
}

impl Workloads {
    fn plan(&mut self, spec: &WorkloadSpec, start: CalendarStart) -> Result<Plan, Problem> {
        let key = (start.0, serde_yaml::to_string(spec).unwrap_or_default());
        if let Some(plan) = self.plans.get(&key) {
            return Ok(plan.clone());
        }
        let plan = Plan::starting(spec, &self.paths, start)
            .map_err(|error| error.into_problem(&Path::parse("workload")))?;
        self.plans.insert(key, plan.clone());
        Ok(plan)
    }

    fn setup(&mut self, experiment: &Experiment) -> Result<Setup, Problem> {
        let start = CalendarStart(experiment.start.0);
        let workload = self.plan(&experiment.workload, start)?;
        let mut models: Vec<(String, ModelSpec)> =
            experiment.models.iter().map(|(name, model)| (name.clone(), model.clone())).collect();
        if models.is_empty() {
            models.push(("default".to_owned(), ModelSpec::pipeline_only()));
        }
        let endless = experiment.requests.is_none() && workload.count().is_none();
        let ten_minutes = crate::kernel::Duration::from_secs(600);
        Ok(Setup {
            workload,
            pipeline: experiment.pipeline.clone(),
            cache: experiment.cache.clone(),
            models,
            cost: experiment.cost.clone().unwrap_or_default(),
            start: experiment.start.0,
            duration: experiment.duration.or(endless.then_some(ten_minutes)),
            requests: experiment.requests,
            warmup: experiment.warmup.span(),
            interval: experiment.record.interval,
        })
    }
}
