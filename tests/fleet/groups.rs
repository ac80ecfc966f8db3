//! Groups of unlike deployments, by hand and beside what `LiteLLM` 1.110 does with the same
//! (`benches/litellm_peer.py` drives it; its answers stand here).

use crate::support::{assert_near, cell, metric, simulate};
use windtunnel::system::RunTables;

/// `requests` requests of 10 tokens, one each `gap`, to the group `g` of `a` and `b`; each
/// deployment answers within `takes` with 10 tokens.
fn asked(requests: u32, rate: f64, takes: &str, group: &str, rest: &str) -> String {
    format!(
        "
requests: {requests}
start: 2026-01-01T00:00:00Z
workload:
  arrivals: {{ constant: {{ rate: {rate} }} }}
  prompts: {{ unique: {{}} }}
  tokens: {{ input: {{ constant: 10 }}, output: {{ constant: 10 }} }}
models:
  a: {{ price: {{ input: 2e-6, output: 1e-6 }}, server: {{ tokens: {{ ttft: {takes}, tpot: 0s }} }} }}
  b: {{ price: {{ input: 1e-6, output: 1e-6 }}, server: {{ tokens: {{ ttft: {takes}, tpot: 0s }} }} }}
  c: {{ price: {{ input: 9e-6, output: 9e-6 }}, server: {{ tokens: {{ ttft: {takes}, tpot: 0s }} }} }}
groups: {{ g: {{ {group} }} }}
cost: {{ select: {{ fixed: g }} }}
{rest}
"
    )
}

/// With a deployment whose every answer is an error.
fn broken(yaml: &str, names: &[&str]) -> String {
    names.iter().fold(yaml.to_owned(), |yaml, name| {
        let lines = yaml.lines().map(|line| {
            if line.starts_with(&format!("  {name}: {{ price")) {
                line.replace(
                    "tpot: 0s } } }",
                    "tpot: 0s }, faults: { error_rate: 1, error_after: 0s } } }",
                )
            } else {
                line.to_owned()
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// Requests that were sent to the models.
fn sent(run: &RunTables) -> [f64; 3] {
    [0, 1, 2].map(|model| cell(&run.replicas, model, "requests"))
}

fn completed(run: &RunTables) -> [f64; 3] {
    [0, 1, 2].map(|model| cell(&run.models, model, "completed"))
}

const AB: &str = "deployments: { a: {}, b: {} }";

#[test]
fn a_shuffle_is_by_weight_and_rpm_is_a_weight_and_no_limit() {
    let weighted = "deployments: { a: { weight: 3 }, b: { weight: 1 } }";
    let run = simulate(&asked(20_000, 1000.0, "1ms", weighted, ""));
    let share = completed(&run)[0] / 20_000.0;
    // Standard deviation: 0.003.
    assert!((share - 0.75).abs() < 0.01, "{share}");
    assert_eq!(metric(&run, "completed"), 20_000.0);
    // 8 of 8, as the peer; a deployment without a weight gets nothing where one has one.
    let run =
        simulate(&asked(8, 1000.0, "1s", "deployments: { a: { rpm: 2 }, b: { rpm: 2 } }", ""));
    assert_eq!(metric(&run, "completed"), 8.0);
    let mixed = "deployments: { a: { weight: 1 }, b: { rpm: 99 } }";
    assert_eq!(completed(&simulate(&asked(40, 100.0, "1s", mixed, "")))[..2], [40.0, 0.0]);
}

#[test]
fn strategies_choose_as_they_say() {
    let of = |strategy: &str, rate, takes: &str, deployment: &str| {
        let group = format!(
            "deployments: {{ a: {{ {deployment} }}, b: {{ {deployment} }} }}, strategy: {strategy}"
        );
        completed(&simulate(&asked(8, rate, takes, &group, "")))
    };
    // In turns where all overlap, the first where none does: as the peer.
    assert_eq!(of("least_busy", 1000.0, "1s", "")[..2], [4.0, 4.0]);
    assert_eq!(of("least_busy", 5.0, "100ms", "")[..2], [8.0, 0.0]);
    // b is cheaper; two of a minute each, then none (peer: 4 of 8).
    assert_eq!(of("cost_based", 5.0, "100ms", "")[..2], [0.0, 8.0]);
    assert_eq!(of("cost_based", 5.0, "100ms", "rpm: 2")[..2], [2.0, 2.0]);
    assert_eq!(of("latency_based", 5.0, "100ms", "rpm: 2")[..2], [2.0, 2.0]);
    // The peer lets 3 of 4 through a minute, and one of one.
    assert_eq!(of("usage_based", 5.0, "100ms", "rpm: 4")[..2], [3.0, 3.0]);
    assert_eq!(of("usage_based", 5.0, "100ms", "rpm: 1")[..2], [1.0, 1.0]);
    // 20 tokens an answer: 20, 40, and 60 as 40 + 10 of the prompt are not above 50.
    assert_eq!(of("usage_based", 5.0, "100ms", "tpm: 50")[..2], [3.0, 3.0]);
    // Counts of what is under way are not there yet.
    assert_eq!(of("cost_based", 1000.0, "1s", "rpm: 2")[..2], [0.0, 8.0]);
}

#[test]
fn limits_begin_anew_with_the_minute_of_the_clock() {
    let group = "deployments: { a: { rpm: 2 }, b: { rpm: 2 } }, strategy: cost_based";
    let yaml = asked(8, 0.2, "100ms", group, "");
    // One each 5 s, from 5 s on: all within a minute, or four before its end and four after.
    assert_eq!(metric(&simulate(&yaml), "completed"), 4.0);
    let shifted = yaml.replace("00:00:00Z", "00:00:43Z");
    assert_eq!(metric(&simulate(&shifted), "completed"), 8.0);
}

#[test]
fn the_fastest_of_late_gets_all_once_each_was_asked() {
    let yaml =
        asked(12, 1.0, "100ms", "deployments: { a: {}, b: {} }, strategy: latency_based", "");
    let slow = yaml.replacen("ttft: 100ms", "ttft: 200ms", 1);
    let run = simulate(&slow);
    assert_eq!(completed(&run)[..2], [1.0, 11.0], "peer: the same");
    let near = slow.replace("latency_based", "{ latency_based: { lowest_latency_buffer: 1 } }");
    let [a, b, _] = completed(&simulate(&near));
    assert!(a > 1.0 && b > 1.0, "{a} {b}: both are within twice the fastest");
}

#[test]
fn a_retry_goes_at_once_to_a_deployment_that_has_not_failed() {
    let yaml = broken(&asked(100, 100.0, "1s", AB, "resilience: { num_retries: 1 }"), &["a"]);
    let run = simulate(&yaml);
    let [a, b, _] = sent(&run);
    assert_eq!((b, metric(&run, "completed")), (100.0, 100.0));
    assert_eq!(metric(&run, "retries"), a);
    assert!((30.0..70.0).contains(&a), "{a}");
    assert_near("no wait", metric(&run, "e2e_max_s"), 1.0, 1e-9);
    // As the peer chooses: any, so that half of the second attempts are lost, too.
    let any = "deployments: { a: {}, b: {} }, exclude_failed: false";
    let yaml = broken(&asked(1000, 100.0, "1s", any, "resilience: { num_retries: 1 }"), &["a"]);
    let lost = metric(&simulate(&yaml), "rejected") / 1000.0;
    // Standard deviation: 0.014.
    assert!((lost - 0.25).abs() < 0.055, "{lost}");
}

#[test]
fn what_a_deployment_has_under_way_is_bounded_and_the_others_fail() {
    let one = "deployments: { a: { max_parallel_requests: 1 }, b: { max_parallel_requests: 1 } }";
    let run = simulate(&asked(3, 1000.0, "300ms", one, "resilience: { num_retries: 1 }"));
    assert_eq!((metric(&run, "completed"), metric(&run, "rejected")), (2.0, 1.0));
    assert_eq!(sent(&run)[..2], [1.0, 1.0], "what the gateway keeps is not sent");
    assert_eq!(metric(&run, "throttled"), 2.0);
}

#[test]
fn order_and_timeouts_are_the_deployments_own() {
    let order = "deployments: { a: { order: 1 }, b: { order: 2 } }";
    assert_eq!(completed(&simulate(&asked(50, 100.0, "1s", order, "")))[..2], [50.0, 0.0]);
    let rest = "resilience: { num_retries: 1, allowed_fails: 0, cooldown_time: 1h }";
    let run = simulate(&broken(&asked(50, 100.0, "1s", order, rest), &["a"]));
    assert_eq!(sent(&run)[..2], [1.0, 50.0], "the second order while the first is left out");
    let timeouts = "deployments: { a: { timeout: 500ms, weight: 1 }, b: {} }";
    let run = simulate(&asked(10, 1.0, "1s", timeouts, "resilience: { timeout: 5s }"));
    assert_eq!((metric(&run, "timeouts"), metric(&run, "rejected")), (10.0, 10.0));
}

#[test]
fn a_deployment_that_fails_is_left_out_and_tried_or_not() {
    let of = |rest: &str, requests| {
        let rest = format!("resilience: {{ {rest} }}");
        simulate(&broken(&asked(requests, 100.0, "10ms", AB, &rest), &["a"]))
    };
    // With a trial: one failure each second after the first two.
    let trial = of("allowed_fails: 1, cooldown_time: 1s", 1000);
    assert_eq!(metric(&trial, "rejected"), sent(&trial)[0]);
    assert!((10.0..=12.0).contains(&sent(&trial)[0]), "{:?}", sent(&trial));
    // Without: two failures each time.
    let all = of("allowed_fails: 1, cooldown_time: 1s, cooldown: litellm", 1000);
    assert!((18.0..=22.0).contains(&sent(&all)[0]), "{:?}", sent(&all));
    // No number: at more than half of five requests. The peer's 30 requests fail 5 times.
    let none = of("cooldown: litellm, cooldown_time: 1h", 500);
    assert_eq!((sent(&none)[0], metric(&none, "rejected")), (5.0, 5.0));
    assert_eq!(metric(&none, "breaker_opened"), 1.0);
}

#[test]
fn where_all_are_out_a_fallback_answers_at_once() {
    let rest = "resilience: { num_retries: 3, allowed_fails: 0, cooldown_time: 1h, fallbacks: { g: [c] } }";
    let run = simulate(&broken(&asked(20, 100.0, "1s", AB, rest), &["a", "b"]));
    assert_eq!((sent(&run)[2], metric(&run, "fallbacks")), (20.0, 20.0));
    assert_near("no wait", metric(&run, "e2e_max_s"), 1.0, 1e-9);
    // One model whose one replica is out: the same.
    let yaml =
        asked(20, 100.0, "1s", AB, &rest.replace("g:", "a:")).replace("fixed: g", "fixed: a");
    let alone = yaml
        .replace("{ g: { deployments: { a: {}, b: {} } } }", "{ g: { deployments: { b: {} } } }");
    let run = simulate(&broken(&alone, &["a"]));
    assert_eq!(sent(&run)[0], 1.0);
    assert_near("no wait", metric(&run, "e2e_max_s"), 1.0, 1e-9);
}

#[test]
fn litellm_waits_after_the_last_failure_too() {
    // The peer: attempts at 0, 0.68, 1.94 and 4.4 s, given up at 9.06 s.
    let rest = "resilience: { num_retries: 3, backoff: { rule: litellm, jitter: false } }";
    let alone = asked(1, 1.0, "1s", "deployments: { a: {} }", rest);
    let run = simulate(&broken(&alone, &["a"]));
    assert_eq!((sent(&run)[0], metric(&run, "retries")), (4.0, 3.0));
    assert_near("0.5 + 1 + 2 + 4", metric(&run, "failed_e2e_mean_s"), 7.5, 1e-9);
    // Two deployments: four attempts within no time.
    let run = simulate(&broken(&asked(1, 1.0, "1s", AB, rest), &["a", "b"]));
    assert_eq!(metric(&run, "attempts"), 4.0);
    assert!(metric(&run, "failed_e2e_mean_s").abs() < 1e-9);
    // Alone with a fallback: that is asked after all of it.
    let rest = rest.replace("num_retries: 3", "num_retries: 3, fallbacks: { g: [c] }");
    let run = simulate(&broken(&asked(1, 1.0, "1s", "deployments: { a: {} }", &rest), &["a"]));
    assert_near("and the answer", metric(&run, "e2e_mean_s"), 8.5, 1e-9);
}

#[test]
fn fallbacks_of_fallbacks_are_asked_where_told() {
    let chain = "fallbacks: { g: [h, c], h: [d] }";
    let of = |rest: &str| {
        let yaml = asked(1, 1.0, "1s", AB, &format!("resilience: {{ {rest} }}"))
            .replace("groups: {", "groups: { h: { deployments: { e: {} } },")
            .replace("groups:", "  e: { server: { tokens: { ttft: 1s, tpot: 0s } } }\n  d: { server: { tokens: { ttft: 1s, tpot: 0s }, faults: { error_rate: 0.0 } } }\ngroups:")
            .replace("  e: { server: { tokens: { ttft: 1s, tpot: 0s } } }", "  e: { server: { tokens: { ttft: 1s, tpot: 0s }, faults: { error_rate: 1, error_after: 0s } } }");
        let run = simulate(&broken(&yaml, &["a", "b"]));
        [2, 3, 4].map(|model| cell(&run.models, model, "requests"))
    };
    // Models c, e (of h) and d.
    assert_eq!(of(chain), [1.0, 1.0, 0.0]);
    assert_eq!(of(&format!("{chain}, nested_fallbacks: true")), [0.0, 1.0, 1.0]);
}

#[test]
fn who_chooses_sees_the_dearest_and_the_worst_of_a_group() {
    let yaml = |select: &str| {
        asked(10, 10.0, "1s", AB, "")
            .replace("fixed: g", select)
            .replace(
                "server: { tokens: { ttft: 1s, tpot: 0s } } }\n  c",
                "quality: 0.7, server: { tokens: { ttft: 1s, tpot: 0s } } }\n  c",
            )
            .replace("9e-6, output: 9e-6", "1.5e-6, output: 1e-6")
    };
    // The group costs as much as a, more than c, though b costs less.
    assert_eq!(completed(&simulate(&yaml("cheapest: { quality_threshold: 0 }")))[2], 10.0);
    // And is as good as b, which is not good enough.
    let dear = yaml("cheapest: { quality_threshold: 0.8 }").replace("1.5e-6", "15e-6");
    assert_eq!(completed(&simulate(&dear))[2], 10.0);
    let dear = yaml("cheapest: { quality_threshold: 0.6 }").replace("1.5e-6", "15e-6");
    assert_eq!(completed(&simulate(&dear))[2], 0.0);
    // What is charged is what was asked.
    let run = simulate(&dear);
    let [a, b, _] = completed(&run);
    assert_near("bill", metric(&run, "cost_usd"), a * 30e-6 + b * 20e-6, 1e-9);
}

#[test]
fn budgets_hold_for_whichever_deployment_answers() {
    let rest = "";
    let yaml = asked(200, 100.0, "1s", AB, rest).replace(
        "fixed: g }",
        "fixed: g }, charge: { reserve: {} }, budgets: { default: { daily: $0.003 } }",
    );
    let yaml = yaml.replace("workload:", "workload:\n  max_tokens: 10");
    let run = simulate(&yaml);
    let (cost, refused) = (metric(&run, "cost_usd"), metric(&run, "budget_rejections"));
    assert!(cost <= 0.003 && cost > 0.0029 - 200.0 * 10e-6 && refused > 0.0, "{cost} {refused}");
}

#[test]
fn a_second_attempt_goes_to_another_deployment() {
    let rest = "resilience: { hedge: { after: 100ms } }";
    let yaml = asked(50, 1.0, "1s", "deployments: { a: { weight: 1 }, b: { weight: 0 } }", rest)
        .replacen("ttft: 1s", "ttft: 10s", 1);
    let run = simulate(&yaml);
    assert_eq!((metric(&run, "hedges"), metric(&run, "hedges_won")), (50.0, 50.0));
    assert_eq!(completed(&run)[..2], [0.0, 50.0]);
}

#[test]
fn groups_that_nobody_asks_change_nothing() {
    let plain =
        asked(300, 10.0, "1s", AB, "resilience: { timeout: 1h }").replace("fixed: g", "fixed: c");
    let without = plain.replace("groups: { g: { deployments: { a: {}, b: {} } } }", "");
    let (plain, without) = (simulate(&plain), simulate(&without));
    assert_eq!(format!("{:?}", plain.models), format!("{:?}", without.models));
    assert_eq!(format!("{:?}", plain.metrics), format!("{:?}", without.metrics));
}

#[test]
fn steps_may_ask_a_group_or_one_of_its_deployments() {
    let yaml = asked(
        40,
        10.0,
        "1s",
        AB,
        "orchestration: { workflows: { w: { steps: {
        one: { llm: { model: g } }, two: { llm: { model: a }, after: [one] } } } } }",
    )
    .replace("fixed: g", "fixed: c");
    let [a, b, c] = completed(&simulate(&yaml));
    assert!(a > 40.0 && b > 0.0 && a + b == 80.0 && c == 0.0, "{a} {b} {c}");
}

#[test]
fn batches_go_to_a_deployment_and_fill_no_room_there() {
    let one = "deployments: { a: { max_parallel_requests: 1 }, b: { max_parallel_requests: 1 } }";
    let yaml =
        asked(40, 100.0, "1s", one, "").replace("fixed: g }", "fixed: g }, levers: { batch: {} }");
    let run = simulate(&yaml);
    assert_eq!(metric(&run, "completed"), 40.0);
    let [a, b, _] = completed(&run);
    assert!(a > 5.0 && b > 5.0, "{a} {b}");
}

/// Requests that are too long for an engine's memory go to who stands for that, at once.
#[test]
fn too_long_requests_have_fallbacks_of_their_own() {
    let engine = "engine: { step: { linear: { per_step: 10ms } }, max_model_len: 5 }";
    let of = |rest: &str| {
        let yaml =
            asked(5, 1.0, "1s", "deployments: { a: {} }", &format!("resilience: {{ {rest} }}"));
        let model = "  a: { price: { input: 2e-6, output: 1e-6 }, server: { tokens: { ttft: 1s, tpot: 0s } } }";
        assert!(yaml.contains(model));
        let run = simulate(&yaml.replace(model, &format!("  a: {{ server: {{ {engine} }} }}")));
        (completed(&run), metric(&run, "retries"), metric(&run, "e2e_max_s"))
    };
    let (done, retries, _) = of("num_retries: 1, fallbacks: { g: [b] }");
    assert_eq!((done, retries), ([0.0, 5.0, 0.0], 5.0));
    let own = "num_retries: 1, fallbacks: { g: [b] }, context_window_fallbacks: { g: [c] }";
    let (done, retries, longest) = of(own);
    assert_eq!((done, retries), ([0.0, 0.0, 5.0], 0.0));
    // The engine's way to its scheduler takes a while, no backoff does.
    assert_near("no wait", longest, 1.0, 1e-3);
    let (done, retries, _) =
        of("num_retries: 1, backoff: { rule: litellm }, fallbacks: { g: [b] }");
    assert_eq!((done, retries), ([0.0, 5.0, 0.0], 0.0), "what is too long stays too long");
}

#[test]
fn kinds_of_failures_have_retries_of_their_own() {
    let rest = "resilience: { num_retries: 3, retry_policy: { internal_server_error: 1 } }";
    let run = simulate(&broken(&asked(1, 1.0, "1s", "deployments: { a: {} }", rest), &["a"]));
    assert_eq!(sent(&run)[0], 2.0, "peer: the same");
}
