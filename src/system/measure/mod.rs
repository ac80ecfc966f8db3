//! What one run measures, from the end of the warm-up on.

mod attempts;
mod bill;
mod breakdown;
mod charges;
mod classes;
mod flow_sums;
mod gateway;
mod in_flight_samples;
mod in_window;
mod metrics;
mod observers;
mod possible;
mod prompt_sums;
mod scales;
mod slo_spec;
mod steady_state;
mod timeline;
mod times;

pub use attempts::Attempts;
pub use bill::{Bill, LevelHits, Waste};
pub use breakdown::Breakdown;
pub use classes::Classes;
pub use flow_sums::{FlowSums, critical_share};
pub use gateway::GatewaySums;
pub use in_window::InWindow;
pub use metrics::{METRICS, Metric, MetricId, values};
pub use observers::{Finished, Observers, Recorder};
pub use possible::{Part, Parts, Possible};
pub use prompt_sums::{Conversations, PromptSums};
pub use scales::scale_of;
pub use slo_spec::{SloSpec, TargetsSpec};
pub use steady_state::{BATCHED, Course, Series, Steadiness, judge as judge_steadiness};
pub use timeline::{
    COLUMNS as TIMELINE_COLUMNS, Interval, MOST_FIXED_INTERVALS, Serving, Timeline,
};
pub use times::Times;

use super::charge::Savings;
use super::monitors::AlertSums;
use super::request::Answer;
use super::setup::Setup;
use crate::cache::Match;
use crate::cost::{Money, Usage};
use crate::kernel::{Duration, Time};
use crate::pipeline::{RequestError, Stage, StageStats};
use crate::serving::ModelSpec;
use crate::stats::Histogram;
use crate::workload::Source;

/// The measurements of one run. Requests count from their arrival: those that
/// came before the warm-up ended are left out everywhere but of rates, which are those of
/// the window (`in_window.rs`).
#[derive(Debug, Default)]
pub struct Measures {
    /// Requests that arrived.
    pub requests: u64,
    /// Bytes of images and results of tools that they brought.
    pub payload_bytes: u64,
    /// Answered, whenever that was.
    pub completed: u64,
    /// What happened in the window, whoever began before it.
    pub in_window: InWindow,
    /// Wrong requests.
    pub errors: u64,
    /// Requests turned away.
    pub rejected: u64,
    /// Given up by the workflows that they were of.
    pub called_off: u64,
    /// Of these, for want of budget.
    pub budget_rejections: u64,
    /// Answered from a cache.
    pub hits: u64,
    /// Of these, those whose origin had changed since.
    pub stale_hits: u64,
    /// Answers of caches that were made for another tenant.
    pub cross_tenant_hits: u64,
    /// Asked the caches in vain.
    pub misses: u64,
    /// How good the semantic cache's answers were.
    pub judged: Judged,
    /// Of these, answered with what another request had asked for.
    pub coalesced: u64,
    /// What those answers had cost.
    pub coalesced_saved: Money,
    /// Turned away because the same had just failed.
    pub negative_hits: u64,
    /// Sessions whose last request was measured.
    pub sessions: u64,
    /// Of these, those that the user left early.
    pub sessions_abandoned: u64,
    /// Turns that were answered in these sessions.
    pub turns: u64,
    /// The answers in their order, for intervals of one long run.
    pub series: Series,
    /// Whether the number of requests in the system was steady.
    pub steadiness: Steadiness,
    /// Arrival to the whole response.
    pub e2e: Histogram,
    /// The same of those that failed, until they did.
    pub failed_e2e: Histogram,
    /// Arrival to the first token.
    pub ttft: Histogram,
    /// Time per output token after the first, a value per request.
    pub tpot: Histogram,
    /// The same, a value per token.
    pub itl: Histogram,
    /// Wait for a model server.
    pub queue: Histogram,
    /// Work of a model server.
    pub inference: Histogram,
    /// What answered requests had waited for servers, in nanoseconds.
    pub queued_ns: u128,
    /// Tokens x 10 that models read.
    pub input_decitokens: u64,
    /// Tokens that models wrote.
    pub output_tokens: u64,
    /// Paid, by what it was paid for.
    pub bill: Bill,
    /// Answers within the SLO that were not known to be wrong.
    pub good: u64,
    /// Answers that were known to be wrong.
    pub wrong_answers: u64,
    /// What each of those costs.
    pub wrong_answer_price: Money,
    /// Saved by caches.
    pub saved: Money,
    /// Hits and what they saved by level, 255 being the semantic cache, as far as there were
    /// any: see [`Measures::hits_by_level`].
    by_level: Vec<LevelHits>,
    /// Saved by the price of cached input.
    pub prefix_saved: Money,
    /// Tokens x 10 that were in prefix caches.
    pub cached_decitokens: u64,
    /// Tokens x 10 that models with a prefix cache read.
    pub prefix_decitokens: u64,
    /// Blocks that prefix caches were asked for, and those that they had.
    pub prefix_blocks: [u64; 2],
    /// Charged beyond limits.
    pub overshoot: Money,
    /// Times that a request waited for its budget to begin anew.
    pub budget_waits: u64,
    /// Of the rejected, those that waited too long at the gateway.
    pub gateway_expired: u64,
    /// What the gateway's queue did, where there is one.
    pub gateway: Option<GatewaySums>,
    /// Fairness and utility of a division among tenants; NaN without one.
    pub allocation: [f64; 2],
    /// Soft limits passed.
    pub alerts: u64,
    /// Answers that a judge did not accept.
    pub escalations: u64,
    /// Whether savings are told apart.
    pub has_levers: bool,
    /// What levers saved.
    pub savings: Savings,
    /// Sum of the answers' quality.
    pub quality_sum: f64,
    /// By model: seconds that its servers were busy, and could have been; `None` where
    /// they are not limited.
    pub busy: Vec<Option<(f64, f64)>>,
    /// By model: whether times between tokens come from its engines.
    pub has_engines: Vec<bool>,
    /// Busy share of the limited servers; NaN where there are none.
    pub utilization: f64,
    /// The share in use of what limits the most loaded model; NaN where nothing does.
    pub saturation: f64,
    /// Whether requests may have several attempts: whether the next numbers mean
    /// anything.
    pub has_fleets: bool,
    /// Requests by class, where that is kept.
    pub classes: Option<Classes>,
    /// What became of attempts.
    pub attempts: Attempts,
    /// What the replicas did.
    pub replicas: Replicas,
    /// Money for work that nobody got.
    pub wasted: Money,
    /// What monitors found, if there are any.
    pub monitors: Option<AlertSums>,
    /// What workflows did.
    pub flows: FlowSums,
    /// Simulation events, warm-up included.
    pub events: u64,
    /// When measuring began.
    pub window_start: Time,
    /// When it ended.
    pub window_end: Time,
    /// Per stage, in the order of [`Stage::ALL`].
    pub stages: [StageStats; Stage::ALL.len()],
    /// Per model.
    pub models: Vec<Share>,
    /// Per user.
    pub users: Vec<Share>,
    /// What prompt caches came to, per model; none where no model has one.
    pub prompts: Vec<PromptSums>,
    /// Which models conversations were with, where that is known.
    pub conversations: Option<Conversations>,
}

/// How good the semantic cache's answers were, of measured requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Judged {
    /// Answered.
    pub hits: u64,
    /// Of these, with the answer to another question.
    pub false_hits: u64,
    /// Asked while an entry with the right answer was held.
    pub possible: u64,
    /// Of these, answered rightly.
    pub found: u64,
}

/// One model's or one user's share of the requests.
#[derive(Clone, Debug, Default)]
pub struct Share {
    /// Requests of the user, or that reached the model.
    pub requests: u64,
    /// Answered.
    pub completed: u64,
    /// Refused as wrong.
    pub errors: u64,
    /// Turned away.
    pub rejected: u64,
    /// Of these, for want of budget.
    pub budget_rejections: u64,
    /// Answered from a cache.
    pub hits: u64,
    /// Answered with what another request had asked for.
    pub coalesced: u64,
    /// Tokens x 10 read by models.
    pub input_decitokens: u64,
    /// Of these, tokens x 10 that were in a prefix cache.
    pub cached_decitokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// Paid; of a user without servers, of a model without judges and tools.
    pub bill: Bill,
    /// Saved by caches.
    pub saved: Money,
    /// Sum of the answers' quality.
    pub quality_sum: f64,
    /// Sum of end-to-end times of what was answered, in nanoseconds.
    pub e2e_ns: u128,
    /// Sum of waits, in nanoseconds.
    pub queue_ns: u128,
    /// Sum of work, in nanoseconds.
    pub inference_ns: u128,
}

/// What the replicas of all models did: their time is that of the window, their steps go on
/// until the last answer.
#[derive(Clone, Copy, Debug)]
pub struct Replicas {
    /// Seconds up.
    pub up_s: f64,
    /// Seconds down after a crash.
    pub down_s: f64,
    /// How often circuit breakers opened.
    pub breaker_opened: u64,
    /// Seconds paid for.
    pub on_s: f64,
    /// The mean number of replicas that were up.
    pub mean: f64,
    /// The mean number of sequences in an engine's step, over the time of steps; NaN
    /// where there are no engines, as the next.
    pub batch_mean: f64,
    /// The mean share of an engine's memory that was in use.
    pub kv_mean: f64,
    /// How often a sequence lost its memory to others.
    pub preemptions: u64,
    /// Where prompts are computed apart, the engines that do so, and the others.
    pub sides: [Busy; 2],
}

/// How much of what replicas could do they did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Busy {
    /// Seconds of work.
    pub busy_s: f64,
    /// Seconds in which they could have worked.
    pub most_s: f64,
}

impl Busy {
    /// The busy share; NaN of none.
    pub fn share(self) -> f64 {
        self.busy_s / self.most_s
    }
}

impl Default for Replicas {
    fn default() -> Self {
        Replicas {
            up_s: 0.0,
            down_s: 0.0,
            breaker_opened: 0,
            on_s: 0.0,
            mean: 0.0,
            batch_mean: f64::NAN,
            kv_mean: f64::NAN,
            preemptions: 0,
            sides: [Busy::default(); 2],
        }
    }
}

/// Nothing came of the models' prompt caches yet, if there are any.
fn prompt_sums(models: &[(String, ModelSpec)]) -> Vec<PromptSums> {
    let sums = |(_, model): &(String, ModelSpec)| PromptSums {
        there: model.prompt_cache.is_some(),
        ..PromptSums::default()
    };
    let sums: Vec<PromptSums> = models.iter().map(sums).collect();
    if sums.iter().any(|sums| sums.there) { sums } else { Vec::new() }
}

/// What a model did for one request.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    /// Wait for the server.
    pub queue: Duration,
    /// Its work.
    pub inference: Duration,
    /// Of that, until the first token.
    pub first_token: Duration,
    /// Tokens read and written.
    pub usage: Usage,
    /// What the prefix cache had, if there is one.
    pub prefix: Option<Match>,
    /// Charged.
    pub cost: Money,
    /// What would have been charged if nothing had been in the prefix cache.
    pub full_price: Money,
}

impl Measures {
    /// Nothing was measured of a setup yet.
    pub fn new(setup: &Setup, source: &Source) -> Self {
        let (models, users) = (&setup.models, source.users().len());
        Measures {
            in_window: InWindow::new(models.iter().map(|(_, it)| it.has_gpus()).collect()),
            models: vec![Share::default(); models.len()],
            users: vec![Share::default(); users],
            classes: Classes::new(setup.slo.as_ref(), source.slo_classes(), users),
            has_engines: models.iter().map(|(_, it)| it.server.engine.is_some()).collect(),
            has_fleets: setup.resilience.is_some()
                || models.iter().any(|(_, it)| it.server.is_fleet()),
            has_levers: setup.cost.levers.is_some(),
            prompts: prompt_sums(models),
            conversations: setup.knows_conversations().then(Conversations::default),
            wrong_answer_price: setup.cost.wrong_answer.unwrap_or_default(),
            ..Measures::default()
        }
    }

    /// What was paid in the window, in dollars.
    pub fn paid_usd(&self) -> f64 {
        (self.in_window.paid + self.bill.servers).usd()
    }

    /// The window's length in seconds.
    pub fn window_s(&self) -> f64 {
        self.window_end.since(self.window_start).as_secs_f64()
    }

    /// So much in the window, by second.
    pub fn per_s(&self, amount: f64) -> f64 {
        amount / self.window_s()
    }

    /// The same by so many seconds of the models' own GPUs.
    pub fn per_gpu(&self, amount: f64, seconds: f64) -> f64 {
        amount / (self.in_window.gpu_s / seconds)
    }

    /// The stage's statistics.
    #[inline]
    pub fn stage(&mut self, stage: Stage) -> &mut StageStats {
        &mut self.stages[stage as usize]
    }

    /// Counts what `model` did for a request of `user`.
    pub fn serve(&mut self, user: u32, model: u32, served: &Served) {
        self.queue.record(served.queue);
        self.inference.record(served.inference);
        let streamed = served.inference.as_nanos().saturating_sub(served.first_token.as_nanos());
        let usage = &served.usage;
        let gaps = u64::from(usage.output_tokens.saturating_sub(1));
        if streamed > 0 && gaps > 0 {
            let gap = Duration::from_nanos(streamed / gaps);
            self.tpot.record(gap);
            if !self.has_engines[model as usize] {
                self.itl.record_n(gap, gaps);
            }
        }
        self.input_decitokens += usage.input_decitokens;
        self.output_tokens += u64::from(usage.output_tokens);
        self.bill.tokens += served.cost;
        if let Some(prefix) = served.prefix {
            self.cached_decitokens += usage.cached_decitokens;
            self.prefix_decitokens += usage.input_decitokens;
            self.prefix_blocks[0] += u64::from(prefix.blocks);
            self.prefix_blocks[1] += u64::from(prefix.found);
            self.prefix_saved += served.full_price - served.cost;
        }
        for share in [&mut self.users[user as usize], &mut self.models[model as usize]] {
            share.input_decitokens += usage.input_decitokens;
            share.cached_decitokens += usage.cached_decitokens;
            share.output_tokens += u64::from(usage.output_tokens);
            share.bill.tokens += served.cost;
            share.queue_ns += u128::from(served.queue.as_nanos());
            share.inference_ns += u128::from(served.inference.as_nanos());
        }
    }

    /// Counts an answered request.
    pub fn complete(&mut self, user: u32, answer: &Answer, e2e: Duration, ttft: Duration) {
        self.completed += 1;
        self.e2e.record(e2e);
        self.ttft.record(ttft);
        self.series.push(e2e, ttft, answer.quality);
        self.quality_sum += answer.quality;
        for share in [&mut self.users[user as usize], &mut self.models[answer.model as usize]] {
            share.completed += 1;
            share.quality_sum += answer.quality;
            share.e2e_ns += u128::from(e2e.as_nanos());
        }
    }

    /// Counts a request without an answer, which `model` was chosen for, if one was, and
    /// that took so long.
    pub fn fail(&mut self, user: u32, model: u32, error: RequestError, e2e: Duration) {
        if error == RequestError::CalledOff {
            self.called_off += 1;
            return;
        }
        self.failed_e2e.record(e2e);
        let rejected = u64::from(error.is_rejection());
        let share = &mut self.users[user as usize];
        share.rejected += rejected;
        share.errors += 1 - rejected;
        let no_budget = u64::from(error == RequestError::InsufficientBudget);
        share.budget_rejections += no_budget;
        self.rejected += rejected;
        self.errors += 1 - rejected;
        self.budget_rejections += no_budget;
        self.gateway_expired += u64::from(error == RequestError::QueueExpired);
        self.attempts.shed += u64::from(error == RequestError::Shed);
        self.attempts.rate_limited += u64::from(error == RequestError::RateLimited);
        if let Some(model) = self.models.get_mut(model as usize) {
            model.rejected += rejected;
        }
    }
}
