//! The metrics of a run: names, meanings, and how each is computed.

use super::{Classes, Conversations, Measures, PromptSums};
use crate::cache::prompt::Reason;
use crate::orchestration::Kind;
use crate::system::monitors::AlertSums;

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// The column's name; the unit is its suffix.
    pub name: &'static str,
    /// What it means, in a line.
    pub meaning: &'static str,
    value: fn(&Measures) -> f64,
}

impl Metric {
    /// The metric called `name`.
    pub fn named(name: &str) -> Option<&'static Metric> {
        METRICS.iter().find(|metric| metric.name == name)
    }
}

/// A metric by its place among [`METRICS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId(usize);

impl MetricId {
    /// The share of runs that could not keep up.
    pub const OVERLOADED: MetricId = MetricId::known("overloaded");
    /// The 99th percentile of the response time.
    pub const E2E_P99_S: MetricId = MetricId::known("e2e_p99_s");
    /// The mean quality of the answers.
    pub const QUALITY_MEAN: MetricId = MetricId::known("quality_mean");
    /// What a request costs.
    pub const COST_PER_REQUEST_USD: MetricId = MetricId::known("cost_per_request_usd");

    /// The metric called `name`, if there is one.
    pub fn named(name: &str) -> Option<MetricId> {
        METRICS.iter().position(|metric| metric.name == name).map(MetricId)
    }

    /// A metric that there is; a slip in its name does not compile.
    const fn known(name: &str) -> MetricId {
        let mut index = 0;
        while !same(METRICS[index].name.as_bytes(), name.as_bytes()) {
            index += 1;
        }
        MetricId(index)
    }

    /// All metrics, in the order of the columns.
    pub fn all() -> impl Iterator<Item = MetricId> {
        (0..METRICS.len()).map(MetricId)
    }

    /// The names of all metrics.
    pub fn names() -> impl Iterator<Item = &'static str> {
        METRICS.iter().map(|metric| metric.name)
    }

    /// The column's name.
    pub const fn name(self) -> &'static str {
        METRICS[self.0].name
    }

    /// Its value among those of a run, which are in the order of [`METRICS`]; NaN where
    /// nothing was measured.
    pub fn of(self, metrics: &[f64]) -> f64 {
        metrics[self.0]
    }
}

/// `a == b`, of which constants may not make use.
const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

/// The values of all metrics of a run, in the order of [`METRICS`]. NaN where nothing was
/// measured: what was divided by nothing is no value either, however much it was.
pub fn values(measures: &Measures) -> Vec<f64> {
    let finite = |value: f64| if value.is_finite() { value } else { f64::NAN };
    METRICS.iter().map(|metric| finite((metric.value)(measures))).collect()
}

impl Measures {
    /// Of what prompt caches came to; none where there are none.
    fn prompts(&self, value: impl Fn(&PromptSums) -> f64) -> f64 {
        PromptSums::total(&self.prompts).map_or(f64::NAN, |sums| value(&sums))
    }

    /// Of conversations and their models; none where nobody asks.
    fn conversations(&self, value: impl Fn(&Conversations) -> f64) -> f64 {
        self.conversations.as_ref().map_or(f64::NAN, value)
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { f64::NAN } else { part as f64 / whole as f64 }
}

/// What monitors found; none where there are none.
fn watched(measures: &Measures, value: impl Fn(&AlertSums) -> f64) -> f64 {
    measures.monitors.as_ref().map_or(f64::NAN, value)
}

/// A count that is none where requests have no attempts.
fn of_fleets(measures: &Measures, count: u64) -> f64 {
    if measures.has_fleets { count as f64 } else { f64::NAN }
}

macro_rules! metrics {
    ($($name:ident: $meaning:literal, |$m:ident| $value:expr;)*) => {
        /// Every metric, in the order of the columns.
        pub const METRICS: &[Metric] = &[$(
            Metric { name: stringify!($name), meaning: $meaning, value: |$m| $value },
        )*];
    };
}

metrics! {
    requests: "requests that arrived in the measured window", |m| m.requests as f64;
    completed: "of these, answered, by a cache or a model", |m| m.completed as f64;
    errors: "of these, refused as wrong (no prompt, too long)", |m| m.errors as f64;
    rejected: "of these, sound but turned away or failed (no budget, queue full, limit, timeout, crash)", |m| m.rejected as f64;
    cache_hits: "requests answered from any cache level, the semantic one included", |m| m.hits as f64;
    cache_misses: "requests that asked the caches and found nothing", |m| m.misses as f64;
    cache_hit_rate: "cache_hits / (cache_hits + cache_misses)", |m| ratio(m.hits, m.hits + m.misses);
    semantic_hits: "of these hits, those of the semantic cache: answers to a similar prompt", |m| m.judged.hits as f64;
    semantic_false_hits: "of these, answers to a question of another intent", |m| m.judged.false_hits as f64;
    semantic_precision: "1 - semantic_false_hits / semantic_hits", |m| ratio(m.judged.hits - m.judged.false_hits, m.judged.hits);
    semantic_recall: "of the requests that asked the semantic cache while it held an answer to their intent, the share that it answered rightly", |m| ratio(m.judged.found, m.judged.possible);
    stale_hits: "cache hits with an answer whose origin had changed since it was made", |m| m.stale_hits as f64;
    stale_hit_rate: "stale_hits / cache_hits", |m| ratio(m.stale_hits, m.hits);
    cross_tenant_hits: "answers from caches, and by waiting for another's, that were made for another tenant (`cache.tenants`)", |m| m.cross_tenant_hits as f64;
    coalesced: "cache misses answered by waiting for another request's answer (single flight)", |m| m.coalesced as f64;
    coalesced_saved_usd: "what the answers that came by waiting for another request had cost", |m| m.coalesced_saved.usd();
    negative_hits: "requests turned away at once because the same had just failed (negative caching)", |m| m.negative_hits as f64;
    sessions: "sessions that ended with a request of the measured window", |m| m.sessions as f64;
    sessions_abandoned: "of these, those that the user left before all turns that were meant", |m| m.sessions_abandoned as f64;
    session_turns_mean: "mean number of answered turns of these sessions", |m| ratio(m.turns, m.sessions);
    error_rate: "(errors + rejected) / requests", |m| ratio(m.errors + m.rejected, m.requests);
    throughput_rps: "requests answered in the window, whenever they came / its length", |m| m.per_s(m.in_window.completed as f64);
    goodput_rps: "of these, those answered within the SLO / length of the window; without an SLO, throughput_rps", |m| m.per_s(m.classes.as_ref().map_or(m.in_window.completed, |it| it.good_in_window) as f64);
    output_tokens_per_s: "tokens of answers that models were paid for in the window, wasted ones among them / its length", |m| m.per_s(m.in_window.output_tokens as f64);
    total_tokens_per_s: "the same with the tokens of their prompts", |m| m.per_s(m.in_window.tokens());
    good_tokens_per_s: "tokens of answers that models made and that were given within the SLO in the window / its length: token goodput", |m| m.per_s(m.in_window.good_tokens as f64);
    tokens_per_s_per_gpu: "output tokens of models with GPUs of their own, as in output_tokens_per_s, by second of these GPUs in the window", |m| m.per_gpu(m.in_window.gpu_tokens as f64, 1.0);
    tokens_per_s_per_user: "1 / tpot_p50_s: how fast the median answer streams (InferenceMAX: interactivity)", |m| 1.0 / m.tpot.quantile(0.50);
    jobs_per_gpu_hour: "workflows that ended in the window with a right result, by hour of models' own GPUs in the window", |m| m.flows.all(m.per_gpu(m.in_window.jobs as f64, 3600.0));
    slo_attainment: "requests answered within the SLO / requests; this and the next where there is an SLO or more than one class", |m| m.classes.as_ref().map_or(f64::NAN, |it| ratio(it.good, m.requests));
    class_fairness: "Jain's index over SLO classes of the share of their requests answered within the SLO: 1 where all are alike", |m| m.classes.as_ref().map_or(f64::NAN, Classes::fairness);
    user_fairness: "the same over users", |m| m.classes.as_ref().map_or(f64::NAN, |it| it.user_fairness(m.users.iter().map(|user| user.requests)));
    e2e_mean_s: "mean time from arrival to the whole response, of answered requests", |m| m.e2e.mean();
    e2e_p50_s: "median of the same", |m| m.e2e.quantile(0.50);
    e2e_p90_s: "90th percentile of the same", |m| m.e2e.quantile(0.90);
    e2e_p95_s: "95th percentile of the same", |m| m.e2e.quantile(0.95);
    e2e_p99_s: "99th percentile of the same", |m| m.e2e.quantile(0.99);
    e2e_max_s: "longest of the same", |m| m.e2e.quantile(1.0);
    failed_e2e_mean_s: "mean time from arrival to the failure, of requests that were refused as wrong, turned away or failed", |m| m.failed_e2e.mean();
    failed_e2e_p99_s: "99th percentile of the same", |m| m.failed_e2e.quantile(0.99);
    ttft_mean_s: "mean time from arrival to the first token of the answer", |m| m.ttft.mean();
    ttft_p50_s: "median of the same", |m| m.ttft.quantile(0.50);
    ttft_p90_s: "90th percentile of the same", |m| m.ttft.quantile(0.90);
    ttft_p95_s: "95th percentile of the same", |m| m.ttft.quantile(0.95);
    ttft_p99_s: "99th percentile of the same", |m| m.ttft.quantile(0.99);
    tpot_mean_s: "mean over requests of the time per output token after the first; of models that stream", |m| m.tpot.mean();
    tpot_p50_s: "median of the same", |m| m.tpot.quantile(0.50);
    tpot_p90_s: "90th percentile of the same", |m| m.tpot.quantile(0.90);
    tpot_p95_s: "95th percentile of the same", |m| m.tpot.quantile(0.95);
    tpot_p99_s: "99th percentile of the same", |m| m.tpot.quantile(0.99);
    itl_p50_s: "median over tokens of the time between two tokens of an answer", |m| m.itl.quantile(0.50);
    itl_p90_s: "90th percentile of the same", |m| m.itl.quantile(0.90);
    itl_p95_s: "95th percentile of the same", |m| m.itl.quantile(0.95);
    itl_p99_s: "99th percentile of the same", |m| m.itl.quantile(0.99);
    queue_mean_s: "mean wait for a model server, over answers of models", |m| m.queue.mean();
    queue_p99_s: "99th percentile of the same", |m| m.queue.quantile(0.99);
    queue_share: "what answered requests waited for model servers / their times from arrival to response, added up", |m| m.queued_ns as f64 / m.e2e.sum_nanos() as f64;
    inference_mean_s: "mean time that a model worked on an answer", |m| m.inference.mean();
    inference_total_s: "sum of the same", |m| m.inference.sum();
    utilization: "busy share of the models' servers from the warm-up until the last answer, where their number is limited", |m| m.utilization;
    saturation: "the share in use of what limits the most loaded model: of its servers, or of its engines' memory or of the sequences that they may work on, whichever is more", |m| m.saturation;
    input_tokens: "tokens of the prompts that models worked on", |m| m.input_decitokens as f64 / 10.0;
    cached_input_tokens: "of these, tokens that were in a prefix cache and not computed", |m| if m.prefix_decitokens == 0 { f64::NAN } else { m.cached_decitokens as f64 / 10.0 };
    prefix_hit_rate: "cached_input_tokens / input_tokens, of models with a prefix cache", |m| ratio(m.cached_decitokens, m.prefix_decitokens);
    prefix_block_hit_rate: "blocks of prompts that were in a prefix cache / blocks looked up, wherever they were in the prompt", |m| ratio(m.prefix_blocks[1], m.prefix_blocks[0]);
    output_tokens: "tokens that models made", |m| m.output_tokens as f64;
    cost_usd: "all that was paid for the window: token_cost_usd + server_cost_usd + judge_cost_usd + tool_cost_usd + wrong_answer_cost_usd", |m| m.bill.total().usd();
    token_cost_usd: "charged for models' tokens: those of the window's requests, whenever they were answered", |m| m.bill.tokens.usd();
    server_cost_usd: "for models' own servers: replica_hours x their gpus x price.per_gpu_hour", |m| m.bill.servers.usd();
    judge_cost_usd: "charged for judges of answers", |m| m.bill.judges.usd();
    tool_cost_usd: "charged by tools of workflows", |m| m.bill.tools.usd();
    wrong_answer_cost_usd: "wrong_answers x cost.wrong_answer; charged to no budget", |m| m.bill.wrong_answers.usd();
    wrong_answers: "answers known to be wrong: false hits of the semantic cache, answers that cost.quality drew as wrong; of workflows their wrong results, and not their calls", |m| m.wrong_answers as f64;
    cost_per_request_usd: "cost_usd / requests", |m| m.bill.total().usd() / m.requests as f64;
    cost_per_good_request_usd: "cost_usd / requests answered within the SLO and not known to be wrong", |m| m.bill.total().usd() / m.good as f64;
    cost_per_job_usd: "cost_usd / workflows that came to their end with a right result", |m| m.flows.all(m.bill.total().usd() / m.flows.right as f64);
    cost_per_hour_usd: "money of the window, whoever it was paid for / its length in hours: charges and wrong answers of the window, and server_cost_usd", |m| m.paid_usd() / m.window_s() * 3600.0;
    cost_per_month_usd: "cost_per_hour_usd x 730", |m| m.paid_usd() / m.window_s() * 3600.0 * 730.0;
    cost_per_mtok_usd: "the same money / million tokens that models were paid for in the window, input and output (blended)", |m| m.paid_usd() / m.in_window.tokens() * 1e6;
    cost_per_input_mtok_usd: "the same / million input tokens", |m| m.paid_usd() / m.in_window.input_decitokens as f64 * 1e7;
    cost_per_output_mtok_usd: "the same / million output tokens", |m| m.paid_usd() / m.in_window.output_tokens as f64 * 1e6;
    cost_saved_usd: "what the answers that came from caches had cost when they were made", |m| m.saved.usd();
    prefix_saved_usd: "what cached input tokens would have cost more without the prefix cache, below zero where writing to it costs more than that; not part of cost_saved_usd", |m| if m.prefix_decitokens == 0 { f64::NAN } else { m.prefix_saved.usd() };
    quality_mean: "mean quality of the answers", |m| m.quality_sum / m.completed as f64;
    budget_rejections: "requests that no affordable model was left for", |m| m.budget_rejections as f64;
    budget_overshoot_usd: "money charged beyond users' limits", |m| m.overshoot.usd();
    payload_bytes: "bytes of images and results of tools that requests brought beside their text", |m| m.payload_bytes as f64;
    budget_waits: "times that a request waited for its budget to begin anew (at_limit: queue)", |m| m.budget_waits as f64;
    budget_alerts: "times that a soft limit was passed", |m| m.alerts as f64;
    escalations: "answers that a cascade's judge did not accept, so that the next model was asked", |m| m.escalations as f64;
    list_cost_usd: "what all answers, those of caches among them, would have cost of the baseline model, at full length, at once and with nothing cached (with cost.levers)", |m| m.lever(m.savings.list);
    routing_saved_usd: "what the choice of models saved on that, judges taken off; below zero where it cost more", |m| m.lever(m.savings.routing);
    compression_saved_usd: "what shorter prompts saved", |m| m.lever(m.savings.compression);
    trimming_saved_usd: "what shorter answers saved", |m| m.lever(m.savings.trimming);
    batch_saved_usd: "what the batch API saved", |m| m.lever(m.savings.batch);
    gateway_wait_mean_s: "mean wait in the gateway's queue of requests that were let through (with gateway.queue)", |m| m.gateway.as_ref().map_or(f64::NAN, |it| it.wait.mean());
    gateway_wait_p99_s: "99 % of these waits are at most so long", |m| m.gateway.as_ref().map_or(f64::NAN, |it| it.wait.quantile(0.99));
    gateway_expired: "requests that were refused since they had waited at the gateway as long as they may, or as their client would", |m| m.gateway.as_ref().map_or(f64::NAN, |_| m.gateway_expired as f64);
    gateway_fairness: "Jain's index over flows of their speed, 1 / slowdown; a flow's slowdown is (time in the gateway's queue + time at models) / time at models", |m| m.gateway.as_ref().map_or(f64::NAN, |it| it.fairness);
    gateway_worst_slowdown: "the greatest slowdown of a flow", |m| m.gateway.as_ref().map_or(f64::NAN, |it| it.worst_slowdown);
    allocation_jain: "Jain's index over tenants of what each used of what it asked for: 1 is fair (with cost.allocate)", |m| m.allocation[0];
    allocation_utility: "utility of what tenants used, as a share of that of all they asked for", |m| m.allocation[1];
    attempts: "requests sent to replicas, which took or refused them, retries and hedges among them; this and the next where a model has replicas, faults or limits, or there is a resilience block", |m| of_fleets(m, m.attempts.sent);
    unsent: "attempts that came to no replica: none was up, the queue before all of them was full, or they were given up while they waited there", |m| of_fleets(m, m.attempts.unsent);
    throttled: "attempts that a model's provider refused (429), before any replica", |m| of_fleets(m, m.attempts.throttled);
    rate_limited: "requests that a limit of their client refused; part of rejected", |m| of_fleets(m, m.attempts.rate_limited);
    retries: "attempts after a failure, with the same model, whether they were sent or not", |m| of_fleets(m, m.attempts.retries);
    retries_denied: "retries and hedges for which nothing was left in the retry budget", |m| of_fleets(m, m.attempts.retries_denied);
    hedges: "attempts made beside one that took long, whether they were sent or not", |m| of_fleets(m, m.attempts.hedges);
    hedges_won: "of these, those that answered first", |m| of_fleets(m, m.attempts.hedges_won);
    fallbacks: "turns to another model after one failed for good", |m| of_fleets(m, m.attempts.fallbacks);
    fallbacks_denied: "models next in turn that were passed over, as the budget did not pay for them", |m| of_fleets(m, m.attempts.fallbacks_denied);
    timeouts: "attempts given up for the time they took", |m| of_fleets(m, m.attempts.timeouts);
    crashed: "attempts lost in a crash while somebody waited for them", |m| of_fleets(m, m.attempts.crashed);
    shed: "requests turned away so that others were served in time; part of rejected", |m| of_fleets(m, m.attempts.shed);
    wasted_cost_usd: "money charged for work whose answer nobody got; part of token_cost_usd", |m| if m.has_fleets || m.flows.any { m.wasted.usd() } else { f64::NAN };
    availability: "share of the window that replicas were up, rather than down after a crash", |m| if m.has_fleets { m.replicas.up_s / (m.replicas.up_s + m.replicas.down_s) } else { f64::NAN };
    breaker_opened: "how often a replica was left out for failing too often", |m| of_fleets(m, m.replicas.breaker_opened);
    replicas_mean: "mean number of replicas that were up, over the window", |m| if m.has_fleets { m.replicas.mean } else { f64::NAN };
    replica_hours: "hours of the window that replicas were on and paid for, starting and down ones among them", |m| if m.has_fleets { m.replicas.on_s / 3600.0 } else { f64::NAN };
    batch_size_mean: "mean number of sequences in a step of the batching engines, over the time of steps", |m| m.replicas.batch_mean;
    kv_use_mean: "mean share of the batching engines' memory for keys and values that was in use", |m| m.replicas.kv_mean;
    preemptions: "how often a sequence lost its memory to others and had to be computed again", |m| if m.has_engines.contains(&true) { m.replicas.preemptions as f64 } else { f64::NAN };
    prefill_utilization: "busy share of the engines that compute prompts for others that decode, while they were up", |m| m.replicas.sides[0].share();
    decode_utilization: "the same of the engines that decode", |m| m.replicas.sides[1].share();
    called_off: "of these requests, given up by the workflows that they were of", |m| m.flows.all(m.called_off as f64);
    workflows: "workflows that arrived in the measured window, plain requests among them", |m| m.flows.all(m.flows.arrived as f64);
    workflows_completed: "of these, those that came to their end", |m| m.flows.all(m.flows.completed as f64);
    workflow_success_rate: "share of the workflows that arrived which came to their end with a right result", |m| m.flows.each(m.flows.right as f64);
    makespan_mean_s: "mean time from a workflow's arrival to its end, of completed ones", |m| m.flows.makespan.mean();
    makespan_p50_s: "median of the same", |m| m.flows.makespan.quantile(0.5);
    makespan_p99_s: "99th percentile of the same", |m| m.flows.makespan.quantile(0.99);
    failed_makespan_p99_s: "99th percentile of the time from arrival to the end, of workflows that failed or were turned away", |m| m.flows.failed_makespan.quantile(0.99);
    steps_per_workflow: "items of steps that were begun, retries among them, by workflow", |m| m.flows.each(m.flows.jobs as f64);
    calls_per_workflow: "calls of models by workflow: the amplification of a request", |m| m.flows.each(m.flows.spent.calls as f64);
    tokens_per_workflow: "tokens that models read and wrote, by workflow", |m| m.flows.each(m.flows.spent.input_decitokens as f64 / 10.0 + m.flows.spent.output_tokens as f64);
    cost_per_workflow_usd: "cost_usd / workflows", |m| m.flows.each(m.bill.total().usd());
    workflow_wasted_usd: "of the money charged for workflows, that for failed ones and for calls that nobody waited for any more", |m| m.flows.all(m.flows.spent.wasted.usd());
    critical_llm_share: "share of the workflows' critical paths that models were at work, with the pipeline and caches before them", |m| m.flows.share(Kind::Llm);
    critical_queue_share: "share of the critical paths spent waiting for a model's server", |m| m.flows.share(Kind::Queue);
    critical_tool_share: "share of the critical paths that tools and lookups were at work", |m| m.flows.share(Kind::Tool) + m.flows.share(Kind::Retrieval);
    critical_human_share: "share of the critical paths spent on humans", |m| m.flows.share(Kind::Human);
    critical_blocked_share: "share of the critical paths spent waiting for a limit, a place or a turn, or before a retry", |m| m.flows.share(Kind::Blocked);
    blocked_budget_mean_s: "time that a workflow's calls waited for a budget to begin anew, on average", |m| m.flows.blocked_s(0);
    blocked_limit_mean_s: "time that a workflow and its calls waited for limits and turns, on average", |m| m.flows.blocked_s(1);
    blocked_tool_mean_s: "time that a workflow's calls of tools waited for a place, on average", |m| m.flows.blocked_s(2);
    alerts_fired: "alerts that fired in the measured window (with monitors)", |m| watched(m, |it| it.fired as f64);
    alert_firing_s: "seconds of the window that they were firing, added up", |m| watched(m, |it| it.firing_s);
    false_alarms: "of these alerts, those without a fault to tell of; this and the next where crashes or brown-outs are injected", |m| watched(m, |it| it.false_alarms);
    faults_missed: "crashes and brown-outs that no alert told of", |m| watched(m, |it| it.missed);
    time_to_detect_mean_s: "mean time from the beginning of a fault to the alert of a monitor that first told of it; without injected faults, from the condition to the alert", |m| watched(m, |it| it.detect_mean_s);
    prompt_cache_hit_rate: "prompt_cache_read_tokens / tokens of the prompts of models with a prompt cache; this and the next where a model has one, or conversations are kept at their models", |m| m.prompts(PromptSums::hit_rate);
    prompt_cache_read_tokens: "tokens of prompts that providers' caches had", |m| m.prompts(|it| it.read.tokens());
    prompt_cache_written_tokens: "tokens of prompts that were written to them", |m| m.prompts(|it| it.written.tokens());
    prompt_cache_uncached_tokens: "tokens of prompts that were neither", |m| m.prompts(|it| it.uncached.tokens());
    prompt_cache_read_usd: "paid for prompt_cache_read_tokens", |m| m.prompts(|it| it.read.usd());
    prompt_cache_written_usd: "paid for prompt_cache_written_tokens", |m| m.prompts(|it| it.written.usd());
    prompt_cache_uncached_usd: "paid for prompt_cache_uncached_tokens", |m| m.prompts(|it| it.uncached.usd());
    prompt_cache_cold_tokens: "tokens that were not read as they had never been in a prompt cache, or so long ago that nobody knows", |m| m.prompts(|it| it.of(Reason::Cold).tokens());
    prompt_cache_cold_usd: "what those cost more than reading them would have", |m| m.prompts(|it| it.of(Reason::Cold).usd());
    prompt_cache_expired_tokens: "tokens that were not read as they were there until their lifetime was over", |m| m.prompts(|it| it.of(Reason::Expired).tokens());
    prompt_cache_expired_usd: "what those cost more than reading them would have", |m| m.prompts(|it| it.of(Reason::Expired).usd());
    prompt_cache_evicted_tokens: "tokens that were not read as they had to go for others", |m| m.prompts(|it| it.of(Reason::Evicted).tokens());
    prompt_cache_evicted_usd: "what those cost more than reading them would have", |m| m.prompts(|it| it.of(Reason::Evicted).usd());
    prompt_cache_changed_tokens: "tokens that were not read which the conversation had there, but begins otherwise now", |m| m.prompts(|it| it.of(Reason::Changed).tokens());
    prompt_cache_changed_usd: "what those cost more than reading them would have", |m| m.prompts(|it| it.of(Reason::Changed).usd());
    prompt_cache_too_short_tokens: "tokens that were not read as they were of prompts, or of marks, too short to be kept", |m| m.prompts(|it| it.of(Reason::TooShort).tokens());
    prompt_cache_too_short_usd: "what those cost more than reading them would have", |m| m.prompts(|it| it.of(Reason::TooShort).usd());
    prompt_cache_unmarked_tokens: "tokens that were not read as they came after the last mark, or filled no increment", |m| m.prompts(|it| it.of(Reason::Unmarked).tokens());
    prompt_cache_unmarked_usd: "what those cost more than reading them would have", |m| m.prompts(|it| it.of(Reason::Unmarked).usd());
    prompt_cache_other_machine_tokens: "tokens that were not read which another machine had, to which no more requests for them go", |m| m.prompts(|it| it.of(Reason::OtherMachine).tokens());
    prompt_cache_other_machine_usd: "what those cost more than reading them would have", |m| m.prompts(|it| it.of(Reason::OtherMachine).usd());
    prompt_cache_switched_tokens: "tokens that were not read which the model had that the conversation was with before", |m| m.prompts(|it| it.of(Reason::Switched).tokens());
    prompt_cache_switched_usd: "what those cost more than reading them would have", |m| m.prompts(|it| it.of(Reason::Switched).usd());
    keep_alives: "requests that kept prompts in a provider's cache", |m| m.prompts(|it| it.keep_alives as f64);
    keep_alive_usd: "paid for keep_alives; part of token_cost_usd", |m| m.prompts(|it| it.keep_alive_cost.usd());
    model_switches: "answers of another model than the conversation was with before", |m| m.conversations(|it| it.switches as f64);
    sticky_kept: "requests that stayed with the model of their session though another would have been chosen", |m| m.conversations(|it| it.kept as f64);
    sticky_quality_lost: "by how much better the models that would have been chosen are, over sticky_kept: the mean of their expected quality less that of the model stayed with", |m| m.conversations(|it| it.quality_lost / it.kept as f64);
    window_s: "length of the measured window", |m| m.window_s();
    events: "simulation events of the whole run", |m| m.events as f64;
    drift: "growth of the number of requests in the system over the window, by a straight line, as a share of its mean: 0 if steady, 2 if it grows evenly from nothing; of whole periods, at least two, where the load has one, and none where it is meant to change otherwise", |m| m.steadiness.drift;
    overloaded: "1 if that growth is an overload, else 0; over replications the share of overloaded runs", |m| f64::from(u8::from(m.steadiness.overloaded));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Money;
    use crate::system::measure::{Bill, InWindow};

    #[test]
    fn what_is_divided_by_nothing_is_no_value() {
        // Money without a request, answers in a window without length.
        let in_window = InWindow { completed: 3, ..InWindow::default() };
        let bill = Bill { tokens: Money::from_usd(1.0), ..Bill::default() };
        let measures = Measures { in_window, bill, ..Measures::default() };
        let values = values(&measures);
        for name in ["cost_per_request_usd", "throughput_rps", "goodput_rps"] {
            assert!(MetricId::named(name).expect(name).of(&values).is_nan(), "{name}");
        }
        assert!(values.iter().all(|value| !value.is_infinite()));
    }

    #[test]
    fn a_metric_is_known_by_its_name() {
        for metric in MetricId::all() {
            assert_eq!(MetricId::named(metric.name()), Some(metric));
        }
        assert_eq!(MetricId::OVERLOADED.name(), "overloaded");
        assert_eq!(MetricId::named("e2e_p98_s"), None);
    }

    #[test]
    fn the_documentation_has_every_metric_with_its_meaning() {
        let page = include_str!("../../../docs/metrics.md");
        for metric in METRICS {
            let row = format!("| `{}` | {} |", metric.name, metric.meaning);
            assert!(page.contains(&row), "docs/metrics.md lacks the row\n{row}");
        }
        let rows = page.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, METRICS.len(), "docs/metrics.md has rows for metrics that do not exist");
    }
}
