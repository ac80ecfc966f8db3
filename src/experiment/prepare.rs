//! From a document to runs that cannot fail on their input.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;
use std::sync::Arc;

use serde_yaml::Value;

use super::doubts::{strange_payers, strange_workload};
use super::load::{Diagnostic, Document, path, read};
use super::outline::{Outline, hash};
use super::overrides::Overrides;
use super::prices::PriceMaps;
use super::search;
use super::spec::Experiment;
use super::sweep::Sweep;
use crate::cache::SemanticPlan;
use crate::orchestration::Plan as FlowPlan;
use crate::pipeline::{KeyMaker, Params, Preprocessor};
use crate::serving::ModelSpec;
use crate::serving::step::StepModel;
use crate::spec::{Path, Problem, Problems, Segment, Severity};
use crate::system::{Contents, Setup, check_monitor_classes};
use crate::workload::arrivals::CalendarStart;
use crate::workload::{DataPaths, Plan, WorkloadSpec};

/// An experiment whose every point was read and checked.
#[derive(Debug)]
pub struct Prepared {
    /// What its results are made of besides its runs.
    pub outline: Outline,
    /// What to run, point by point.
    pub setups: Vec<Setup>,
    /// What is perhaps not meant.
    pub warnings: Vec<Diagnostic>,
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
    if !overrides.quick {
        found.extend(strange_quick(&base, document));
        if !found.is_empty() {
            return Err(found);
        }
    }
    let mut resolved = to_value(&base);
    let placed = overrides.apply(&mut resolved, &base, document)?;
    let diagnose = |problem: &Problem| placed.diagnose(document, problem);
    let experiment = read_checked(&resolved, diagnose, &mut found);
    let Some(experiment) = experiment.filter(|_| !found.iter().any(Diagnostic::is_error)) else {
        return Err(found);
    };
    let resolved = to_value(&experiment);
    let sweep = Sweep::of(&experiment, &resolved)
        .map_err(|problems| problems.iter().map(diagnose).collect::<Vec<_>>())?;
    if let Some(search) = &experiment.search {
        let refuse = |problems: Vec<Problem>| problems.iter().map(diagnose).collect::<Vec<_>>();
        search::knobs_of(search, &resolved).map_err(refuse)?;
    }
    let setups = setups(document, &sweep, &resolved, &experiment, &mut found)?;
    found.extend(strange_payers(&experiment, &setups[0]).iter().map(diagnose));
    found.extend(strange_workload(&setups[0]).iter().map(diagnose));
    let name = name(document, &experiment)?;
    let warnings = found;
    let outline = Outline { name, hash: hash(&resolved), experiment, resolved, sweep };
    Ok(Prepared { outline, setups, warnings })
}

/// What is wrong with the sweep of an experiment that has other mistakes: a path
/// may lead nowhere only because what it leads to could not be read.
fn strange_axes(base: &Experiment, document: &Document) -> Vec<Diagnostic> {
    let problems = Sweep::of(base, &to_value(base)).err();
    let doubtful = |problem: &Problem| match problem.path.0.last() {
        Some(Segment::Key(name)) => path::resolve(&document.value, name).is_ok(),
        _ => true,
    };
    let sure = problems.into_iter().flatten().filter(|problem| !doubtful(problem));
    sure.map(|problem| document.diagnose(&problem)).collect()
}

/// What is wrong with the `quick:` block, which applies only now and then.
fn strange_quick(base: &Experiment, document: &Document) -> Vec<Diagnostic> {
    let mut resolved = to_value(base);
    let quick = Overrides { quick: true, ..Overrides::default() };
    let placed = match quick.apply(&mut resolved, base, document) {
        Ok(placed) => placed,
        Err(refused) => return refused,
    };
    let mut found = Vec::new();
    read_checked(&resolved, |problem| placed.diagnose(document, problem), &mut found);
    found.retain(Diagnostic::is_error);
    found
}

pub(super) fn problem(path: Path, message: String) -> Problem {
    Problem { path, at_key: false, severity: Severity::Error, message, help: None }
}

/// The results folder's name: the experiment's, or the file's.
fn name(document: &Document, experiment: &Experiment) -> Result<String, Vec<Diagnostic>> {
    let name = experiment.name.clone().unwrap_or_else(|| stem(document));
    if name.starts_with('.') {
        let message = format!("the file's name `{name}` cannot name the results folder");
        let help = Some("give the experiment a `name`".to_owned());
        let refused = Problem { help, ..problem(Path::default(), message) };
        return Err(vec![document.diagnose(&refused)]);
    }
    Ok(name)
}

/// The file's name without its ending.
fn stem(document: &Document) -> String {
    let file = document.sources.first().map_or("experiment", |source| source.name.as_str());
    FilePath::new(file)
        .file_stem()
        .map_or_else(|| "experiment".to_owned(), |stem| stem.to_string_lossy().into_owned())
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
pub(super) fn read_checked(
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

/// Reads and checks every point.
fn setups(
    document: &Document,
    sweep: &Sweep,
    resolved: &Value,
    base: &Experiment,
    found: &mut Vec<Diagnostic>,
) -> Result<Vec<Setup>, Vec<Diagnostic>> {
    let mut workloads = Workloads::new(document);
    if sweep.is_single() {
        let setup = workloads.setup(base).map_err(|problem| vec![document.diagnose(&problem)])?;
        return Ok(vec![setup]);
    }
    let mut setups = Vec::with_capacity(sweep.points());
    let mut errors = Vec::new();
    for point in 0..sweep.points() {
        let diagnose = |problem: &Problem| diagnose_point(document, sweep, point, problem);
        let mut here = Vec::new();
        let experiment = read_checked(&sweep.apply(resolved, point), diagnose, &mut here);
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
fn diagnose_point(
    document: &Document,
    sweep: &Sweep,
    point: usize,
    problem: &Problem,
) -> Diagnostic {
    if let Some(origin) = sweep.origin(point, &problem.path) {
        let path = origin.clone();
        return document.diagnose(&Problem { path, at_key: false, ..problem.clone() });
    }
    let described = sweep.describe(point);
    let message = format!("{}: {} (at the point {described})", problem.path, problem.message);
    // The one design, or all of them.
    let root = ["sweep.grid", "sweep"].map(Path::parse);
    let root = root.into_iter().find(|root| path::get(&document.value, root).is_some());
    let path = root.unwrap_or_default();
    document.diagnose(&Problem { path, at_key: true, message, ..problem.clone() })
}

/// A value in a line, as the user would write it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Sequence(_) | Value::Mapping(_) => serde_json::to_string(value).unwrap_or_default(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim_end().to_owned(),
    }
}

/// Classes that are named must be those of requests.
fn check_classes(experiment: &Experiment, classes: &[String]) -> Result<(), Problem> {
    let mut problems = Problems::default();
    if let Some(slo) = &experiment.slo {
        problems.at("slo", |p| slo.check(classes, p));
    }
    problems.at("monitors", |p| check_monitor_classes(&experiment.monitors, classes, p));
    let resilience = experiment.resilience.as_ref();
    if let Some(orchestration) = &experiment.orchestration {
        let models: Vec<&str> = experiment.models.keys().map(String::as_str).collect();
        problems.at("orchestration", |p| orchestration.check(&models, Some(classes), p));
    }
    if let Some(admission) = resilience.and_then(|it| it.admission.as_ref()) {
        problems.at("resilience", |p| p.at("admission", |p| admission.check_classes(classes, p)));
    }
    problems.into_list().into_iter().next().map_or(Ok(()), Err)
}

/// Workloads already opened, so that points share traces and tables.
pub(super) struct Workloads {
    paths: DataPaths,
    plans: BTreeMap<(jiff::Timestamp, String), Plan>,
    /// Those with vectors.
    semantic: Vec<SemanticPlan>,
    prices: PriceMaps,
}

impl Workloads {
    /// None yet.
    pub(super) fn new(document: &Document) -> Self {
        let file = document.sources.first().map(|source| FilePath::new(&source.name));
        Workloads {
            paths: DataPaths::for_experiment(file),
            plans: BTreeMap::new(),
            semantic: Vec::new(),
            prices: PriceMaps::default(),
        }
    }

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

    pub(super) fn setup(&mut self, experiment: &Experiment) -> Result<Setup, Problem> {
        let start = CalendarStart(experiment.start.0);
        let workload = self.plan(&experiment.workload, start)?;
        check_classes(experiment, workload.slo_classes())?;
        let semantic = experiment.cache.as_ref().map_or(Ok(None), |cache| {
            SemanticPlan::of(cache, &workload, &self.paths, &mut self.semantic)
                .map_err(|problem| Problem { path: problem.path.within("cache"), ..problem })
        })?;
        let mut models: Vec<(String, ModelSpec)> =
            experiment.models.iter().map(|(name, model)| (name.clone(), model.clone())).collect();
        if models.is_empty() {
            models.push(("default".to_owned(), ModelSpec::pipeline_only()));
        }
        self.prices.fill(experiment, &self.paths, &mut models)?;
        let steps = self.steps(&models)?;
        let workflows = self.workflows(experiment, &workload, &models)?;
        let of_steps = workflows.as_ref().map_or(&[][..], FlowPlan::profiles);
        let preprocessor = Preprocessor::new(experiment.pipeline.as_ref());
        let profiles = workload.profiles().iter().chain(of_steps);
        let params: Arc<[Params]> = profiles.map(|profile| preprocessor.apply(profile)).collect();
        let mut setup = Setup {
            workload,
            workflows,
            keys: Arc::new(KeyMaker::new(&params)),
            params,
            record_workflows: experiment.record.workflows,
            pipeline: experiment.pipeline.clone(),
            cache: experiment.cache.clone(),
            semantic,
            warm_start: None,
            record_cache: experiment.record.cache,
            record_spend: experiment.record.spend,
            record_breakdown: experiment.record.breakdown,
            models,
            steps,
            slo: experiment.slo.clone(),
            monitors: experiment.monitors.clone(),
            resilience: experiment.resilience.clone(),
            cost: experiment.cost.clone().unwrap_or_default(),
            start: experiment.start.0,
            duration: experiment.length(),
            requests: experiment.requests,
            warmup: experiment.warmup,
            interval: experiment.record.interval,
        };
        setup.warm_start = self.warm_start(&setup)?;
        Ok(setup)
    }

    /// The workflows, made ready.
    fn workflows(
        &self,
        experiment: &Experiment,
        workload: &Plan,
        models: &[(String, ModelSpec)],
    ) -> Result<Option<FlowPlan>, Problem> {
        let Some(spec) = &experiment.orchestration else { return Ok(None) };
        let names: Vec<&str> = models.iter().map(|(name, _)| name.as_str()).collect();
        let (profiles, classes) = (workload.profiles(), workload.slo_classes());
        let plan = FlowPlan::new(spec, &names, profiles, classes, &self.paths);
        plan.map(Some)
            .map_err(|problem| Problem { path: problem.path.within("orchestration"), ..problem })
    }

    /// How long the steps of batching engines take.
    fn steps(&self, models: &[(String, ModelSpec)]) -> Result<Vec<Option<StepModel>>, Problem> {
        let step = |(name, model): &(String, ModelSpec)| {
            let Some(engine) = &model.server.engine else { return Ok(None) };
            let place = Path::parse("models").join(name.as_str());
            let place = ["server", "engine", "step"].into_iter().fold(place, |at, it| at.join(it));
            let within = |problem: Problem| Problem {
                path: Path(place.0.into_iter().chain(problem.path.0.clone()).collect()),
                ..problem
            };
            StepModel::new(&engine.step, &self.paths).map(Some).map_err(within)
        };
        models.iter().map(step).collect()
    }

    /// Finds and reads what the caches hold at the start.
    fn warm_start(&self, setup: &Setup) -> Result<Option<Arc<Contents>>, Problem> {
        let name = setup.cache.as_ref().and_then(|cache| cache.warm_start.as_deref());
        let Some(name) = name else { return Ok(None) };
        let path = Path::parse("cache.warm_start");
        let file = self.paths.find(name, "").map_err(|missing| missing.at(path.clone()))?;
        let contents = Contents::read(&file, setup);
        contents.map(Arc::new).map(Some).map_err(|error| problem(path, error.to_string()))
    }
}
