//! What the gateway does about failures.

use serde_yaml::Value;

use super::Names;
use crate::block::{Block, block};
use crate::draw::Draw;

/// Any of it.
pub fn resilience(draw: &mut Draw, names: &Names) -> Block {
    let mut resilience = block()
        .maybe(draw, 0.5, "timeout", |d| d.pick(&["1ns", "1ms", "100ms", "1s", "1s", "10s", "1h"]))
        .maybe(draw, 0.5, "num_retries", |d| d.pick(&[0, 1, 2, 5]))
        .maybe(draw, 0.5, "backoff", backoff)
        .maybe(draw, 0.3, "retry_budget", |d| {
            block()
                .set("ratio", d.pick(&[0.0, 0.2, 10.0]))
                .set("min_per_second", d.pick(&[0.0, 1.0]))
                .maybe(d, 0.4, "ttl", Draw::time)
        })
        .maybe(draw, 0.4, "hedge", |d| {
            block()
                .set("after", d.pick(&["0s", "0s", "1ms", "500ms", "p50", "p95"]))
                .maybe(d, 0.5, "initially", Draw::short)
                .maybe(d, 0.6, "max", |d| d.pick(&[0, 1, 3]))
        })
        .maybe(draw, 0.3, "allowed_fails", |d| d.pick(&[0, 1, 3]))
        .maybe(draw, 0.3, "cooldown_time", Draw::short)
        .maybe(draw, 0.2, "rate_limit", |d| {
            block()
                .maybe(d, 0.7, "rpm", |d| d.pick(&[1, 60, 6000]))
                .maybe(d, 0.4, "tpm", |d| d.pick(&[1, 10_000]))
                .maybe(d, 0.7, "per", |d| d.pick(&["user", "class", "all"]))
        })
        .maybe(draw, 0.2, "admission", |d| {
            let class = d.name(&names.slo_classes);
            block()
                .set("max_outstanding", d.pick(&[1, 2, 64]))
                .maybe(d, 0.5, "classes", |d| block().set(&class, d.share()))
        });
    resilience = resilience.maybe(draw, 0.2, "retry_policy", per_failure).maybe(
        draw,
        0.35,
        "cooldown",
        |_| "litellm",
    );
    if resilience.features().iter().any(|it| it == "cooldown.litellm") {
        resilience = resilience.maybe(draw, 0.4, "allowed_fails_policy", per_failure);
    }
    let all = names.all_models();
    if all.len() > 1 && draw.chance(0.5) {
        let chains = chains(draw, &all, 0.6);
        resilience = resilience
            .set("fallbacks", chains)
            .maybe(draw, 0.4, "context_window_fallbacks", |d| self::chains(d, &all, 0.5))
            .maybe(draw, 0.3, "default_fallbacks", |d| vec![Value::from(d.name(&all))])
            .maybe(draw, 0.4, "nested_fallbacks", |_| true);
        if resilience.features().iter().any(|it| it == ".nested_fallbacks") {
            resilience = resilience.maybe(draw, 0.3, "max_fallbacks", |d| d.pick(&[0, 1, 5]));
        }
    }
    resilience
}

/// Other models for some, in turn.
fn chains(draw: &mut Draw, all: &[String], chance: f64) -> Block {
    all.iter().fold(block(), |chains, model| {
        let others = all.iter().filter(|other| *other != model);
        let others: Vec<Value> = others.map(|other| other.as_str().into()).collect();
        chains.maybe(draw, chance, model, |_| others)
    })
}

fn per_failure(draw: &mut Draw) -> Block {
    let kinds = ["rate_limit", "timeout", "internal_server_error", "service_unavailable"];
    let kinds = kinds.iter().chain(&["bad_request"]);
    kinds.fold(block(), |block, kind| block.maybe(draw, 0.4, kind, |d| d.pick(&[0, 1, 3])))
}

/// Waits before further tries.
pub fn backoff(draw: &mut Draw) -> Block {
    block()
        .maybe(draw, 0.7, "base", Draw::short)
        .maybe(draw, 0.4, "factor", |d| d.pick(&[0.5, 1.0, 10.0]))
        .maybe(draw, 0.4, "max", Draw::short)
        .maybe(draw, 0.5, "jitter", |d| d.chance(0.5))
        .maybe(draw, 0.3, "rule", |_| "litellm")
}
