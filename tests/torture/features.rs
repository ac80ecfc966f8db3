//! What was drawn up, and how often.

use std::collections::BTreeMap;
use std::fmt;

/// What must occur: keys and words below the key that they stand under.
const FEATURES: &[&str] = &[
    // Who asks what and when.
    "arrivals.poisson",
    "arrivals.constant",
    "arrivals.gamma",
    "arrivals.weibull",
    "arrivals.markov",
    "arrivals.piecewise",
    "arrivals.sinusoidal",
    "arrivals.ramp",
    "arrivals.spike",
    "arrivals.batch",
    "arrivals.closed_loop",
    "arrivals.concurrency",
    "workload.clients",
    "workload.session",
    "session.patience",
    "on_failure.retry",
    "workload.requests",
    "trace.azure",
    "trace.mooncake",
    "trace.openai",
    "trace.csv",
    "trace.applied_compute",
    "trace.litellm",
    "trace.otel",
    "trace.requests_csv",
    "trace.merge",
    "replay.closed",
    "trace.deltas",
    "trace.think_time",
    "trace.tool_time",
    "trace.models",
    "prompts.zipf",
    "prompts.unique",
    "prompts.hot_set",
    "prompts.churn",
    "prompts.intents",
    "prompts.templates",
    "workload.shared_prefix",
    "workload.payloads",
    // Caches.
    "cache.levels",
    "cache.semantic",
    "cache.single_flight",
    "cache.negative_ttl",
    "cache.invalidation",
    "cache.warm_start",
    "cache.tenants",
    "scope.class",
    "scope.team",
    "scope.key",
    "scope.user",
    "scope.model",
    "semantic.turns",
    "mode.exclusive",
    "mode.learned",
    "write.back",
    "expiry.timer",
    "similarity.ngrams",
    "index.hnsw",
    "server.prefix_cache",
    "prefix_cache.tiers",
    "load.if_faster",
    // The gateway.
    "gateway.queue",
    "order.deadline",
    "order.priority",
    "order.deficit_round_robin",
    "queue.ttl",
    "queue.capacity_per_flow",
    // Servers and fleets.
    "server.seed",
    "server.seed_pipeline",
    "server.tokens",
    "server.engine",
    "step.roofline",
    "roofline.precision",
    "roofline.tensor_parallel_size",
    "roofline.pipeline_parallel_size",
    "step.layers",
    "step.operators",
    "engine.overheads",
    "engine.async_scheduling",
    "engine.scheduler_reserve_full_isl",
    "engine.long_prefill_token_threshold",
    "queue.shared",
    "policy.priority",
    "policy.sjf",
    "balance.random",
    "balance.round_robin",
    "balance.least_outstanding",
    "balance.power_of_two",
    "balance.least_kv",
    "balance.prefix_affinity",
    "balance.scores",
    "server.autoscale",
    "server.disaggregate",
    "faults.mtbf",
    "faults.error_rate",
    "faults.error_after",
    "faults.throttle_rate",
    "faults.slow",
    "faults.brown_outs",
    "server.rpm",
    "server.tpm",
    "server.abort",
    // What the gateway does.
    "resilience.timeout",
    "resilience.num_retries",
    "resilience.backoff",
    "resilience.retry_budget",
    "resilience.hedge",
    "resilience.fallbacks",
    "resilience.allowed_fails",
    "resilience.rate_limit",
    "resilience.admission",
    // Money.
    "select.utility",
    "select.fixed",
    "select.cheapest",
    "select.best",
    "select.fastest",
    "select.random",
    "select.threshold",
    "select.cascade",
    "select.epsilon_greedy",
    "select.thompson",
    "select.pacing",
    "select.floor",
    "cost.budgets",
    "cost.teams",
    "cost.keys",
    "cost.global",
    "at_limit.queue",
    "at_limit.downgrade",
    "at_soft.downgrade",
    "charge.reserve",
    "cost.wrong_answer",
    "levers.compression",
    "levers.trim",
    "levers.batch",
    "allocate.money",
    "allocate.tokens",
    "allocate.places",
    "price.cache_write",
    "price.above",
    "price.changes",
    // Workflows.
    "agent.react",
    "agent.chain",
    "agent.router",
    "agent.voting",
    "agent.map_reduce",
    "agent.planner_executor",
    "agent.evaluator_optimizer",
    "agent.supervisor",
    "agent.hierarchical",
    "agent.debate",
    "agent.hand_off",
    "agent.blackboard",
    "tool.failure",
    "map.join",
    "loop.until",
    "loop.hand_off",
    "s0.choose",
    "s1.when",
    "s0.retrieval",
    "s0.human",
    "s0.steps",
    "s0.workflow",
    "s0.memo",
    "s0.compensate",
    "s0.deadline",
    "s0.max_cost",
    "w0.deadline",
    "w0.max_concurrent",
    "w0.max_calls",
    "w0.max_budget",
    "schedule.critical_path",
    // What is measured.
    ".slo",
    ".monitors",
    "slo.objective",
    ".warmup",
    "warmup.auto",
    ".sweep",
    "record.attempts",
    "record.spend",
    "record.breakdown",
];

/// Features by how many systems have them.
#[derive(Default)]
pub struct Seen(BTreeMap<String, u64>);

impl Seen {
    /// One more system.
    pub fn add(&mut self, features: &[String]) {
        for feature in features {
            *self.0.entry(feature.clone()).or_default() += 1;
        }
    }

    fn of(&self, feature: &str) -> u64 {
        self.0.get(feature).copied().unwrap_or(0)
    }

    /// Those that must occur and did not.
    pub fn missing(&self) -> Vec<&'static str> {
        FEATURES.iter().copied().filter(|feature| self.of(feature) == 0).collect()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, feature) in FEATURES.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{} {}", feature.trim_start_matches('.'), self.of(feature))?;
        }
        Ok(())
    }
}
