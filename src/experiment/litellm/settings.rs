//! The settings of router and proxy.

use serde_yaml::{Mapping, Value};

use super::fields;
use super::reader::{Reader, Unknown, map, seconds};
use crate::spec::{Path, Problem, suggestion};

/// What holds for all groups.
pub struct Settings {
    /// The `resilience` block.
    pub resilience: Mapping,
    /// The strategy of groups.
    pub strategy: Value,
    /// Whether a retry goes to those that have not failed.
    pub exclude_failed: bool,
    /// `max_parallel_requests` of deployments that say nothing.
    pub default_parallel: Option<u64>,
    /// The `global` budget.
    pub budget: Mapping,
    /// Groups that are named: where, and which.
    named: Vec<(String, String)>,
    /// Groups that are asked as fallbacks.
    pub fallbacks: Vec<String>,
}

const ROUTER: [&str; 19] = [
    "routing_strategy",
    "routing_strategy_args",
    "num_retries",
    "timeout",
    "fallbacks",
    "context_window_fallbacks",
    "default_fallbacks",
    "max_fallbacks",
    "allowed_fails",
    "allowed_fails_policy",
    "cooldown_time",
    "disable_cooldowns",
    "retry_policy",
    "enable_weighted_failover",
    "default_max_parallel_requests",
    "model_list",
    "lowest_latency_buffer",
    "ttl",
    "max_latency_list_size",
];
const LITELLM: [&str; 9] = [
    "num_retries",
    "request_timeout",
    "fallbacks",
    "context_window_fallbacks",
    "default_fallbacks",
    "allowed_fails",
    "cooldown_time",
    "max_budget",
    "budget_duration",
];
const STRATEGIES: [(&str, &str); 6] = [
    ("simple-shuffle", "simple_shuffle"),
    ("least-busy", "least_busy"),
    ("usage-based-routing", "usage_based"),
    ("usage-based-routing-v2", "usage_based"),
    ("latency-based-routing", "latency_based"),
    ("cost-based-routing", "cost_based"),
];

/// Kinds of failures that have numbers of their own.
const KINDS: [(&str, &str); 5] = [
    ("RateLimitError", "rate_limit"),
    ("TimeoutError", "timeout"),
    ("InternalServerError", "internal_server_error"),
    ("ServiceUnavailableError", "service_unavailable"),
    ("BadRequestError", "bad_request"),
];
/// Kinds that do not occur here.
const OTHER_KINDS: [&str; 4] =
    ["AuthenticationError", "ContentPolicyViolationError", "BadGatewayError", "NotFoundError"];

impl Settings {
    /// Of the router's and the proxy's settings; the first come first.
    pub fn read(reader: &mut Reader, router: &Mapping, litellm: &Mapping) -> Self {
        reader.rest("router_settings", router, &ROUTER, fields::ROUTER, Unknown::Refused(&ROUTER));
        reader.rest("litellm_settings", litellm, &LITELLM, fields::LITELLM, Unknown::Passed);
        let mut settings = Settings {
            resilience: map([
                ("num_retries", 2.into()),
                ("backoff", map([("rule", "litellm".into())]).into()),
                ("cooldown", "litellm".into()),
                ("nested_fallbacks", true.into()),
                ("max_fallbacks", 5.into()),
            ]),
            strategy: "simple_shuffle".into(),
            exclude_failed: false,
            default_parallel: None,
            budget: Mapping::new(),
            named: Vec::new(),
            fallbacks: Vec::new(),
        };
        const BLOCKS: [&str; 2] = ["litellm_settings", "router_settings"];
        for (place, block) in BLOCKS.into_iter().zip([litellm, router]) {
            settings.take_numbers(reader, place, block);
            for key in ["fallbacks", "context_window_fallbacks"] {
                if let Some(chains) = block.get(key).filter(|it| !it.is_null()) {
                    settings.chains(reader, place, key, chains);
                }
            }
            if let Some(names) = block.get("default_fallbacks").filter(|it| !it.is_null()) {
                let path = format!("{place}.default_fallbacks");
                let names = settings.names(reader, &path, names);
                settings.set("default_fallbacks", Value::Sequence(names));
            }
        }
        settings.take_router(reader, router);
        let budget = reader.number("litellm_settings", litellm, "max_budget");
        if let Some(budget) = budget.filter(|budget| *budget > 0.0) {
            settings.budget = map([("max_budget", format!("${budget}").into())]);
            if let Some(duration) = litellm.get("budget_duration").filter(|it| !it.is_null()) {
                settings.budget.insert("budget_duration".into(), duration.clone());
            }
        }
        settings
    }

    fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.resilience.insert(key.into(), value.into());
    }

    fn take_numbers(&mut self, reader: &mut Reader, place: &str, block: &Mapping) {
        for key in ["num_retries", "allowed_fails"] {
            if let Some(number) = reader.whole(place, block, key) {
                self.set(key, number);
            }
        }
        for (key, ours) in [
            ("request_timeout", "timeout"),
            ("timeout", "timeout"),
            ("cooldown_time", "cooldown_time"),
        ] {
            let of_router = place == "router_settings";
            if of_router == (key == "request_timeout") && ours == "timeout" {
                continue;
            }
            if let Some(number) = reader.number(place, block, key) {
                self.set(ours, seconds(number));
            }
        }
    }

    fn take_router(&mut self, reader: &mut Reader, router: &Mapping) {
        const PLACE: &str = "router_settings";
        if let Some(most) = reader.whole(PLACE, router, "max_fallbacks") {
            self.set("max_fallbacks", most);
        }
        self.default_parallel = reader.whole(PLACE, router, "default_max_parallel_requests");
        let is_true = |key: &str| router.get(key).and_then(Value::as_bool) == Some(true);
        self.exclude_failed = is_true("enable_weighted_failover");
        if is_true("disable_cooldowns") {
            self.set("cooldown", "half_open");
            for key in ["allowed_fails", "allowed_fails_policy"] {
                self.resilience.remove(key);
            }
        }
        for (key, ending) in [("retry_policy", "Retries"), ("allowed_fails_policy", "AllowedFails")]
        {
            let is_left_out = key == "allowed_fails_policy" && is_true("disable_cooldowns");
            if let Some(policy) = router.get(key).and_then(Value::as_mapping)
                && !is_left_out
            {
                let policy = policy_of(reader, &format!("{PLACE}.{key}"), policy, ending);
                self.set(key, policy);
            }
        }
        let Some(strategy) = router.get("routing_strategy").filter(|it| !it.is_null()) else {
            return;
        };
        let name = strategy.as_str().unwrap_or_default();
        let Some((_, ours)) = STRATEGIES.iter().find(|(theirs, _)| *theirs == name) else {
            let known = STRATEGIES.iter().map(|(theirs, _)| *theirs);
            reader.problems.within("router_settings.routing_strategy", |p| {
                p.unknown("routing strategy", name, known);
            });
            return;
        };
        self.strategy = (*ours).into();
        if *ours == "latency_based" {
            self.strategy = latency_based(reader, router);
        }
    }

    fn chains(&mut self, reader: &mut Reader, place: &str, key: &str, chains: &Value) {
        let mut all = Mapping::new();
        let place = format!("{place}.{key}");
        let entries = chains.as_sequence().map(Vec::as_slice).unwrap_or_default();
        if !chains.is_sequence() {
            let expected = "expected a list such as `- gpt-4: [claude]`";
            reader.problems.within(&place, |p| p.error(expected));
        }
        for (at, entry) in entries.iter().enumerate() {
            for (group, chain) in entry.as_mapping().into_iter().flatten() {
                let Some(group) = group.as_str() else { continue };
                let names = self.names(reader, &format!("{place}.{at}.{group}"), chain);
                if group == "*" {
                    self.set("default_fallbacks", Value::Sequence(names));
                    continue;
                }
                self.named.push((format!("{place}.{at}.{group}"), group.to_owned()));
                all.insert(group.into(), Value::Sequence(names));
            }
        }
        self.set(key, all);
    }

    fn names(&mut self, reader: &mut Reader, place: &str, names: &Value) -> Vec<Value> {
        let mut list = Vec::new();
        for (at, name) in names.as_sequence().into_iter().flatten().enumerate() {
            let path = format!("{place}.{at}");
            if let Some(name) = name.as_str() {
                self.named.push((path, name.to_owned()));
                self.fallbacks.push(name.to_owned());
                list.push(name.into());
            } else {
                reader.problems.within(&path, |p| p.error("expected the name of a group"));
            }
        }
        list
    }

    /// Groups that are named, and where.
    pub fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        self.named.iter().map(|(path, name)| (path.as_str(), name.as_str()))
    }
}

fn policy_of(reader: &mut Reader, place: &str, policy: &Mapping, ending: &str) -> Value {
    let mut ours = Mapping::new();
    for key in policy.keys().filter_map(Value::as_str) {
        let kind = key.strip_suffix(ending).unwrap_or(key);
        if let Some((_, name)) = KINDS.iter().find(|(theirs, _)| *theirs == kind) {
            if let Some(number) = reader.whole(place, policy, key) {
                ours.insert((*name).into(), number.into());
            }
        } else if OTHER_KINDS.contains(&kind) {
            reader.meaningless.push(format!("{place}.{key}"));
        } else {
            let known: Vec<String> =
                KINDS.iter().map(|(kind, _)| format!("{kind}{ending}")).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let help = suggestion(key, &known);
            let path = Path::parse(place).join(key);
            let problem = Problem::error(path, format!("unknown field `{key}`"));
            reader.problems.add(problem.help(help).at_key());
        }
    }
    ours.into()
}

fn latency_based(reader: &mut Reader, router: &Mapping) -> Value {
    const PLACE: &str = "router_settings.routing_strategy_args";
    let empty = Mapping::new();
    let args = router.get("routing_strategy_args").and_then(Value::as_mapping).unwrap_or(&empty);
    let mut spec = Mapping::new();
    if let Some(ttl) = reader.number(PLACE, args, "ttl") {
        spec.insert("ttl".into(), seconds(ttl));
    }
    if let Some(buffer) = reader.number(PLACE, args, "lowest_latency_buffer") {
        spec.insert("lowest_latency_buffer".into(), buffer.into());
    }
    if let Some(size) = reader.whole(PLACE, args, "max_latency_list_size") {
        spec.insert("max_latency_list_size".into(), size.into());
    }
    map([("latency_based", spec.into())]).into()
}
