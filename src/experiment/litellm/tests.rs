//! Configs and what becomes of them.

use super::*;
use crate::experiment::{Overrides, prepare};

const CONFIG: &str = "\
model_list:
  - model_name: chat
    litellm_params: { model: azure/gpt-4o, api_key: os.environ/K, rpm: 6, weight: 2, input_cost_per_token: 2.5e-06, output_cost_per_token: 0.00001 }
  - model_name: chat
    litellm_params: { model: openai/gpt-4o, timeout: 30, input_cost_per_token: 2.5e-06, output_cost_per_token: 0.00001 }
    model_info: { id: openai }
  - model_name: backup
    litellm_params: { model: backup, tpm: 100000, input_cost_per_token: 1e-06, output_cost_per_token: 1e-06 }
router_settings:
  routing_strategy: least-busy
  num_retries: 3
  allowed_fails: 1
  cooldown_time: 30
  timeout: 60
  retry_policy: { TimeoutErrorRetries: 1, AuthenticationErrorRetries: 0 }
  fallbacks: [ { chat: [backup] } ]
  redis_host: cache
  model_group_alias: { gpt: chat }
litellm_settings:
  num_retries: 9
  drop_params: true
  max_budget: 100
  budget_duration: 30d
general_settings: { master_key: sk-1, background_health_checks: true }
";

/// What one would write by hand.
const BY_HAND: &str = "\
name: mine
workload: { arrivals: { poisson: { rate: 5/s } }, prompts: { unique: {} } }
models:
  azure-gpt-4o: { price: { input: 2.5e-6, output: 1e-5 }, server: { tokens: {} } }
  openai: { price: { input: 2.5e-6, output: 1e-5 }, server: { tokens: {} } }
  backup-1: { price: { input: 1e-6, output: 1e-6 }, server: { tokens: {} } }
groups:
  chat:
    deployments: { azure-gpt-4o: { weight: 2, rpm: 6, max_parallel_requests: 6 }, openai: { timeout: 30s } }
    strategy: least_busy
    exclude_failed: false
  backup:
    deployments: { backup-1: { tpm: 100000, max_parallel_requests: 600 } }
    strategy: least_busy
    exclude_failed: false
resilience:
  num_retries: 3
  timeout: 60s
  allowed_fails: 1
  cooldown_time: 30s
  cooldown: litellm
  backoff: { rule: litellm }
  retry_policy: { timeout: 1 }
  fallbacks: { chat: [backup] }
  nested_fallbacks: true
  max_fallbacks: 5
cost: { select: { fixed: chat }, global: { max_budget: $100, budget_duration: 30d } }
";

fn translated(config: &str) -> Translated {
    let document = Document::from_text("config.yaml", config).unwrap();
    from_config(&document, "mine").unwrap_or_else(|found| panic!("{found:?}"))
}

fn resolved(text: &str) -> crate::experiment::Prepared {
    let document = Document::from_text("mine.yaml", text).unwrap();
    prepare(&document, &Overrides::default()).unwrap_or_else(|found| panic!("{found:?}\n{text}"))
}

#[test]
fn a_config_becomes_the_experiment_that_one_would_write() {
    let (made, by_hand) = (resolved(&translated(CONFIG).text), resolved(BY_HAND));
    assert_eq!(made.resolved.experiment, by_hand.resolved.experiment);
    assert_eq!(made.resolved.hash, by_hand.resolved.hash, "so that results are the same bytes");
}

#[test]
fn what_is_not_used_is_named_with_what_it_would_need_or_as_meaningless() {
    let made = translated(CONFIG);
    let comments: Vec<&str> = made.text.lines().filter(|line| line.starts_with("#  ")).collect();
    assert_eq!(
        comments,
        [
            "#   router_settings.model_group_alias: it would need other names of groups: ask the group itself",
            "#   general_settings.background_health_checks: it would need checks of health",
            "#   router_settings.redis_host",
            "#   litellm_settings.drop_params",
            "#   router_settings.retry_policy.AuthenticationErrorRetries",
            "#   general_settings.master_key",
            "#   model_list.0.litellm_params.api_key",
        ]
    );
    let places: Vec<&str> = made.warnings.iter().map(|it| it.place.as_str()).collect();
    assert_eq!(places, ["config.yaml:18:3", "config.yaml:24:39"]);
}

#[test]
fn prices_are_the_map_s_where_the_config_has_none() {
    let made =
        translated("model_list: [ { model_name: m, litellm_params: { model: openai/gpt-4o } } ]");
    assert!(made.text.contains("litellm: openai/gpt-4o"), "{}", made.text);
    assert!(made.text.contains("prices:"), "{}", made.text);
}

#[test]
fn mistakes_have_their_place() {
    let refused = |config: &str| {
        let document = Document::from_text("config.yaml", config).unwrap();
        let found = from_config(&document, "mine").unwrap_err();
        let one = |it: &Diagnostic| {
            format!("{} {} ({})", it.place, it.message, it.help.clone().unwrap_or_default())
        };
        found.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    let with = |rest: &str| format!("{}\n{rest}", CONFIG.split("router_settings").next().unwrap());
    assert!(refused("{}").contains("a config of LiteLLM has a `model_list`"));
    let found = refused(&with("router_settings: { routing_strategy: least-bussy }"));
    assert!(found.contains("config.yaml:9:38 unknown routing strategy `least-bussy`"), "{found}");
    assert!(found.contains("did you mean `least-busy`?"), "{found}");
    let found = refused(&with("router_settings: { num_retires: 3 }"));
    assert!(
        found.contains("unknown field `num_retires`") && found.contains("`num_retries`"),
        "{found}"
    );
    let found = refused(&with("router_settings: { fallbacks: [ { chat: [backpu] } ] }"));
    assert!(found.contains("unknown model_name `backpu`") && found.contains("`backup`"), "{found}");
    let found = refused(&with("router_settings: { num_retries: many }"));
    assert!(found.contains("expected a number of 0 or more for `num_retries`"), "{found}");
    let found = refused(
        "model_list: [ { model_name: '*', litellm_params: { model: '*' } }, { litellm_params: {} } ]",
    );
    assert!(found.contains("stands for models that are not named"), "{found}");
    assert!(found.contains("it has no `model_name`"), "{found}");
}
