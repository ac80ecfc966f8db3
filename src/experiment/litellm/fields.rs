//! What becomes of each field of a `LiteLLM` config that is not translated.

/// What a field would need here, or that it means nothing here.
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it would need; `None` where it changes nothing that is simulated.
    pub needs: Option<&'static str>,
}

const fn needs(name: &'static str, what: &'static str) -> Field {
    Field { name, needs: Some(what) }
}

const fn none(name: &'static str) -> Field {
    Field { name, needs: None }
}

/// Top-level blocks.
pub const BLOCKS: &[Field] = &[
    none("environment_variables"),
    none("include"),
    none("callback_settings"),
    none("files_settings"),
    none("finetune_settings"),
    none("vector_store_registry"),
    none("search_tools"),
    none("mcp_servers"),
    none("mcp_aliases"),
    none("mcp_tools"),
    none("credential_list"),
    needs("guardrails", "calls of other models before and after each request: `orchestration`"),
    needs("prompts", "lengths of prompts: `workload`"),
    needs("default_team_settings", "budgets by team: `cost.teams`"),
];

/// Of `litellm_params`; all others are for the provider.
pub const PARAMS: &[Field] = &[
    needs("tpm_limit", "a limit of tokens: `tpm`"),
    needs("max_retries", "`resilience.num_retries`, which is the same for all"),
    needs("num_retries", "`resilience.num_retries`, which is the same for all"),
    needs(
        "stream_timeout",
        "a timeout until the first token; `timeout` is that of the whole answer",
    ),
    needs("max_budget", "a budget of a deployment: `cost.allocate`, or a user's in `cost.budgets`"),
    needs("budget_duration", "a budget of a deployment: `cost.allocate`"),
    needs("tags", "requests with tags"),
    needs("cache_creation_input_token_cost", "`cache_write` of the model's price"),
    needs("cache_read_input_token_cost", "`cached_input` of the model's price"),
    needs("input_cost_per_second", "a price by the token, or `per_gpu_hour`"),
    needs("output_cost_per_second", "a price by the token, or `per_gpu_hour`"),
    needs("max_tokens", "`workload.max_tokens`"),
    needs("mock_response", "nothing: all answers are made up"),
];

/// Of `model_info`; all others describe the model to people.
pub const INFO: &[Field] = &[
    needs("allowed_fails", "`resilience.allowed_fails`, which is the same for all"),
    needs("allowed_fails_policy", "`resilience.allowed_fails_policy`, which is the same for all"),
    needs("max_input_tokens", "a server's longest prompt"),
    needs("access_groups", "who may ask which model"),
    needs("team_id", "who may ask which model"),
];

/// Of `router_settings`.
pub const ROUTER: &[Field] = &[
    needs("retry_after", "a least wait before retries: `resilience.backoff.base`"),
    needs("content_policy_fallbacks", "requests that a provider refuses for their contents"),
    needs("model_group_alias", "other names of groups: ask the group itself"),
    needs("model_group_retry_policy", "`resilience.retry_policy`, which is the same for all"),
    needs("routing_groups", "`groups`, each with a strategy"),
    needs("enable_pre_call_checks", "longest prompts by deployment"),
    needs(
        "optional_pre_call_checks",
        "`models.NAME.server.balance: prefix_affinity`, or sessions that stay",
    ),
    needs("enable_tag_filtering", "requests with tags"),
    needs("tag_filtering_match_any", "requests with tags"),
    needs("provider_budget_config", "budgets of providers; a budget of all is `cost.global`"),
    needs("default_priority", "`gateway.queue`"),
    needs(
        "stream_timeout",
        "a timeout until the first token; `timeout` is that of the whole answer",
    ),
    needs("cache_responses", "`cache`"),
    needs("caching_groups", "`cache`"),
    needs("plugins", "a choice of models: `cost.select`"),
    needs("deployment_affinity_ttl_seconds", "sessions that stay with their deployment"),
    needs("session_affinity_repin_on_failover", "sessions that stay with their deployment"),
    needs("enable_health_check_routing", "checks of health"),
    needs("health_check_staleness_threshold", "checks of health"),
    needs("enable_mid_stream_fallback_continuation", "answers that break off"),
    needs("default_litellm_params", "`workload`"),
    none("redis_url"),
    none("redis_host"),
    none("redis_port"),
    none("redis_password"),
    none("redis_db"),
    none("cache_kwargs"),
    none("client_ttl"),
    none("polling_interval"),
    none("set_verbose"),
    none("debug_level"),
    none("fallback_on_unsupported_params"),
    none("alerting_config"),
    none("router_general_settings"),
    none("ignore_invalid_deployments"),
    none("assistants_config"),
    none("search_tools"),
    none("guardrail_list"),
    none("health_check_ignore_transient_errors"),
    none("background_health_check_model_groups"),
];

/// Of `litellm_settings`; all others are of keys, logs and pages.
pub const LITELLM: &[Field] = &[
    needs("content_policy_fallbacks", "requests that a provider refuses for their contents"),
    needs("cache", "`cache`, with what you expect of it"),
    needs("cache_params", "`cache`, with what you expect of it"),
    needs("default_team_settings", "budgets by team: `cost.teams`"),
    needs("default_internal_user_params", "budgets by user: `cost.budgets`"),
    needs("max_internal_user_budget", "budgets by user: `cost.budgets.default`"),
    needs("internal_user_budget_duration", "budgets by user: `cost.budgets.default`"),
    needs("max_end_user_budget", "budgets by user: `cost.budgets.default`"),
    needs("default_max_internal_user_budget", "budgets by user: `cost.budgets.default`"),
    needs("tag_budget_config", "requests with tags"),
    needs("model_cost_map_url", "the map of `cost.prices`"),
];

/// Of `general_settings`; all others are of keys, databases and pages.
pub const GENERAL: &[Field] = &[
    needs("max_parallel_requests", "`gateway.queue`"),
    needs("global_max_parallel_requests", "`gateway.queue`"),
    needs("max_in_flight_requests_per_worker", "`gateway.queue`"),
    needs("max_queued_requests_per_worker", "`gateway.queue`"),
    needs("background_health_checks", "checks of health"),
    needs("health_check_interval", "checks of health"),
    needs("max_request_size_mb", "`pipeline.max_prompt_length`"),
    needs("completion_model", "`cost.select: { fixed: MODEL }`"),
];

/// The field of a name.
pub fn find<'f>(fields: &'f [Field], name: &str) -> Option<&'f Field> {
    fields.iter().find(|field| field.name == name)
}
