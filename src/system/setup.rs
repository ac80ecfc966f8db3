//! What a run is given.

use std::sync::Arc;

use jiff::Timestamp;

use super::caches::Contents;
use super::measure::SloSpec;
use super::monitors::MonitorSpec;
use crate::cache::{CacheSpec, SemanticPlan};
use crate::cost::CostSpec;
use crate::gateway::GatewaySpec;
use crate::kernel::Duration;
use crate::orchestration::Plan as FlowPlan;
use crate::pipeline::{KeyMaker, Params, PipelineSpec};
use crate::serving::step::StepModel;
use crate::serving::{ModelSpec, ResilienceSpec};
use crate::workload::Plan;

/// When measuring begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warmup {
    /// At once.
    #[default]
    None,
    /// After a span of virtual time.
    After(Duration),
    /// With the request after so many.
    Requests(u64),
    /// When a pilot run has settled. What runs an experiment finds the span; a run that
    /// is given this measures from its beginning.
    Auto,
}

/// Everything that a run needs, the same for all replications of a point.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Who asks what and when.
    pub workload: Plan,
    /// The workflows that requests begin, if any do.
    pub workflows: Option<FlowPlan>,
    /// Of how many workflows it is recorded what they did.
    pub record_workflows: u64,
    /// The stages; without it nothing is validated or bounded.
    pub pipeline: Option<PipelineSpec>,
    /// The parameters of each profile after preprocessing: those of the workload, then
    /// those of workflows.
    pub params: Arc<[Params]>,
    /// The numbers of their cache keys.
    pub keys: Arc<KeyMaker>,
    /// The caches, if any.
    pub cache: Option<CacheSpec>,
    /// Its semantic cache, made ready.
    pub semantic: Option<SemanticPlan>,
    /// What the caches hold at the start.
    pub warm_start: Option<Arc<Contents>>,
    /// Whether what they hold at the end is a result.
    pub record_cache: bool,
    /// Whether it is a result where the money went.
    pub record_spend: bool,
    /// Whether it is a result who gave the answers when.
    pub record_breakdown: bool,
    /// The models by name, at least one.
    pub models: Vec<(String, ModelSpec)>,
    /// Of each model that has batching engines, how long their steps take.
    pub steps: Vec<Option<StepModel>>,
    /// Which answers are good, if that matters.
    pub slo: Option<SloSpec>,
    /// Rules that fire alerts.
    pub monitors: Vec<MonitorSpec>,
    /// What the gateway does where models fail, if anything.
    pub resilience: Option<ResilienceSpec>,
    /// The gateway before the models, if it holds anything back.
    pub gateway: Option<GatewaySpec>,
    /// How a model is chosen.
    pub cost: CostSpec,
    /// What the virtual clock shows at the start.
    pub start: Timestamp,
    /// Requests arrive until then; all of them are answered.
    pub duration: Option<Duration>,
    /// At most that many requests.
    pub requests: Option<u64>,
    /// Measuring begins after that.
    pub warmup: Warmup,
    /// The timeline's interval; without one it is chosen by the run's length.
    pub interval: Option<Duration>,
}

impl Setup {
    /// Whether it matters which model a conversation was with.
    pub fn knows_conversations(&self) -> bool {
        self.cost.knows_conversations()
            || self.models.iter().any(|(_, model)| model.prompt_cache.is_some())
    }

    /// Whether anything that keeps no count of it may hold a request back, so that others wait
    /// behind it: an engine's steps, budgets, or the gateway.
    pub fn holds_back(&self) -> bool {
        let cost = &self.cost;
        self.resilience.is_some()
            || self.gateway.is_some()
            || self.models.iter().any(|(_, model)| model.server.engine.is_some())
            || cost.budgets.is_some()
            || !cost.teams.is_empty()
            || !cost.keys.is_empty()
            || cost.global.is_some()
            || cost.allocate.is_some()
    }
}
