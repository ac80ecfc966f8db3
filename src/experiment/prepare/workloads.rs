//! What a run needs besides its random streams: an experiment with its data.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use super::prices::PriceMaps;
use crate::cache::SemanticPlan;
use crate::experiment::load::document::Document;
use crate::experiment::spec::experiment::Experiment;
use crate::gateway::queue::flow_names;
use crate::orchestration::{OrchestrationSpec, Plan as FlowPlan};
use crate::pipeline::{KeyMaker, Params, Preprocessor};
use crate::serving::ModelSpec;
use crate::serving::step::{StepModel, StepSpec};
use crate::spec::{Path, Problem, Problems, Severity};
use crate::system::{Contents, Setup, check_monitor_classes};
use crate::workload::arrivals::CalendarStart;
use crate::workload::{DataPaths, Plan, WorkloadSpec};

/// Classes that are named must be those of requests.
fn check_classes(experiment: &Experiment, workload: &Plan) -> Result<(), Problem> {
    let classes = workload.slo_classes();
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
    if let Some(queue) = experiment.gateway.as_ref().and_then(|gateway| gateway.queue.as_ref()) {
        let cost = experiment.cost.clone().unwrap_or_default();
        let flows = flow_names(queue, &cost, workload.users(), classes);
        let flows = flows.iter().map(String::as_str).collect();
        problems.at("gateway", |p| p.at("queue", |p| queue.check_flows(&flows, p)));
    }
    // Warnings were told when the file was checked.
    let first = problems.into_list().into_iter().find(|it| it.severity == Severity::Error);
    first.map_or(Ok(()), Err)
}

/// Workloads already opened, so that points share traces and tables.
pub(in crate::experiment) struct Workloads {
    paths: DataPaths,
    plans: BTreeMap<(jiff::Timestamp, String), Plan>,
    /// Those with vectors.
    semantic: Vec<SemanticPlan>,
    prices: PriceMaps,
    /// Step models of late, which may have read long tables.
    steps: Vec<(StepSpec, StepModel)>,
}

/// As many step models are kept.
const KEPT_STEPS: usize = 8;

impl Workloads {
    /// None yet.
    pub(in crate::experiment) fn new(document: &Document) -> Self {
        let file = document.sources.first().map(|source| FilePath::new(&source.name));
        Workloads {
            paths: DataPaths::for_experiment(file),
            plans: BTreeMap::new(),
            semantic: Vec::new(),
            prices: PriceMaps::default(),
            steps: Vec::new(),
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

    pub(in crate::experiment) fn setup(
        &mut self,
        experiment: &Experiment,
    ) -> Result<Setup, Problem> {
        let start = CalendarStart(experiment.start.0);
        let workload = self.plan(&experiment.workload, start)?;
        check_classes(experiment, &workload)?;
        let semantic = experiment.cache.as_ref().map_or(Ok(None), |cache| {
            SemanticPlan::of(cache, &workload, &self.paths, &mut self.semantic)
                .map_err(|problem| problem.within(&Path::parse("cache")))
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
            gateway: experiment.gateway.clone(),
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
        let names: Vec<&str> = models.iter().map(|(name, _)| name.as_str()).collect();
        let asked: Vec<Option<u32>> = workload
            .asked_models()
            .map(|asked| {
                let place = names.iter().position(|name| asked.asked.as_deref() == Some(*name))?;
                Some(place as u32)
            })
            .collect();
        let recorded = workload.has_recorded_jobs().then_some(&*asked);
        let none = OrchestrationSpec::default();
        let spec = match &experiment.orchestration {
            Some(spec) => spec,
            None if recorded.is_some() => &none,
            None => return Ok(None),
        };
        let (profiles, classes) = (workload.profiles(), workload.slo_classes());
        let plan = FlowPlan::new(spec, &names, profiles, classes, recorded, &self.paths);
        plan.map(Some).map_err(|problem| problem.within(&Path::parse("orchestration")))
    }

    /// How long the steps of batching engines take.
    fn steps(&mut self, models: &[(String, ModelSpec)]) -> Result<Vec<Option<StepModel>>, Problem> {
        let step = |(name, model): &(String, ModelSpec)| {
            let Some(engine) = &model.server.engine else { return Ok(None) };
            let place = Path::parse("models").join(name.as_str());
            let place = place.join("server").join("engine");
            let model = self.step(&engine.step);
            let model = model.map_err(|problem| problem.within(&place.join("step")))?;
            engine.blocks(&model).map_err(|problem| problem.within(&place))?;
            let model = model.with_overheads(&engine.overheads);
            Ok(Some(model.scheduled(engine.async_scheduling)))
        };
        models.iter().map(step).collect()
    }

    /// The step model of a spec; one that was made of late is not made again.
    fn step(&mut self, spec: &StepSpec) -> Result<StepModel, Problem> {
        if let Some((_, known)) = self.steps.iter().find(|(known, _)| known == spec) {
            return Ok(known.clone());
        }
        let model = StepModel::new(spec, &self.paths)?;
        if self.steps.len() == KEPT_STEPS {
            self.steps.remove(0);
        }
        self.steps.push((spec.clone(), model.clone()));
        Ok(model)
    }

    /// Finds and reads what the caches hold at the start.
    fn warm_start(&self, setup: &Setup) -> Result<Option<Arc<Contents>>, Problem> {
        let name = setup.cache.as_ref().and_then(|cache| cache.warm_start.as_deref());
        let Some(name) = name else { return Ok(None) };
        let path = Path::parse("cache.warm_start");
        let file = self.paths.find(name, "").map_err(|missing| missing.at(path.clone()))?;
        let contents = Contents::read(&file, setup);
        contents.map(Arc::new).map(Some).map_err(|error| Problem::error(path, error.to_string()))
    }
}
