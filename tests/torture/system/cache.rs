//! Caches of answers.

use serde_yaml::Value;
use windtunnel::cache::PolicySpec;

use super::Names;
use crate::block::{Block, block, one};
use crate::draw::Draw;

/// Any eviction policy with its defaults.
pub fn policy(draw: &mut Draw) -> String {
    let all = PolicySpec::all();
    all[draw.below(all.len() as u64) as usize].name().to_owned()
}

fn capacity(draw: &mut Draw) -> Value {
    match draw.below(5) {
        0 => Value::from("unbounded"),
        1 => Value::from(draw.pick(&["1B", "2KiB"])),
        2 => Value::from(draw.pick(&["1 tokens", "500 tokens"])),
        _ => Value::from(draw.pick(&[1_u64, 1, 2, 20, 1000])),
    }
}

/// Levels, a semantic cache, or both.
pub fn cache(draw: &mut Draw, names: &Names) -> Block {
    let exclusive = draw.chance(0.3);
    let scoped = draw.chance(0.3);
    let semantic = draw.chance(0.35);
    let levels = if semantic && draw.chance(0.3) { 0 } else { draw.range(1, 3) };
    let levels: Vec<Value> = (0..levels).map(|_| level(draw).into()).collect();
    let mut cache = block()
        .set("levels", levels)
        .maybe(draw, 0.3, "ttl", Draw::time)
        .maybe(draw, 0.2, "idle_ttl", Draw::time)
        .maybe(draw, 0.3, "tenants", |d| d.pick(&["class", "team", "key", "user"]))
        .maybe(draw, 0.15, "ttl_by_class", |d| block().set("vip", d.time()))
        .maybe(draw, 0.3, "expiry", |d| d.pick(&["lazy", "timer"]))
        .maybe(draw, 0.4, "single_flight", |_| true)
        .maybe(draw, 0.3, "negative_ttl", Draw::time)
        .maybe(draw, 0.2, "invalidation", |d| {
            let every = d.pick(&["100ms", "1s", "10s"]);
            let events = block().set("every", every).set("share", d.share());
            events.maybe(d, 0.5, "purge", |_| true)
        })
        .maybe(draw, 0.1, "warm_start", |_| "tests/torture/traces/warm.csv");
    if scoped {
        let by = ["class", "team", "key", "user", "model"];
        cache = cache.set("scope", draw.pick(&by));
    }
    if exclusive {
        cache = cache.set("mode", "exclusive");
    } else {
        cache = cache.maybe(draw, 0.3, "write", |d| d.pick(&["through", "back"]));
    }
    if semantic {
        cache = cache.set("semantic", self::semantic(draw, names, scoped));
    }
    cache
}

fn level(draw: &mut Draw) -> Block {
    block()
        .set("capacity", capacity(draw))
        .maybe(draw, 0.7, "policy", policy)
        .maybe(draw, 0.2, "admission", |d| {
            block()
                .maybe(d, 0.4, "max_size", |_| "20 tokens")
                .maybe(d, 0.4, "min_cost", Draw::money)
                .maybe(d, 0.5, "doorkeeper", |d| block().set("window", d.pick(&[1, 100])))
        })
        .maybe(draw, 0.5, "latency", Draw::span)
        .maybe(draw, 0.2, "bandwidth", |d| d.pick(&["1kB/s", "1GB/s"]))
        .maybe(draw, 0.2, "concurrency", Draw::few)
        .maybe(draw, 0.2, "ttl", Draw::time)
        .maybe(draw, 0.1, "idle_ttl", Draw::time)
        .maybe(draw, 0.2, "promote", |d| {
            block().set("probability", d.share()).set("to", d.pick(&["all", "next"]))
        })
}

fn semantic(draw: &mut Draw, names: &Names, scoped: bool) -> Block {
    let mut semantic = block()
        .maybe(draw, 0.6, "threshold", |d| d.pick(&[0.0, 0.5, 0.9, 1.0]))
        .maybe(draw, 0.5, "capacity", capacity)
        .maybe(draw, 0.4, "policy", policy)
        .maybe(draw, 0.2, "ttl", Draw::time)
        .maybe(draw, 0.5, "latency", Draw::short)
        .maybe(draw, 0.3, "wrong_answer_quality", Draw::share)
        .maybe(draw, 0.3, "promote", |_| true)
        .maybe(draw, 0.3, "mode", |d| {
            let few = d.pick(&[0, 1, 6]);
            one("learned", block().set("max_error_rate", 0.1).set("explore_first", few))
        });
    if names.texts && draw.chance(0.6) {
        semantic = semantic.set("similarity", one("ngrams", block().set("dimensions", 16)));
        if !scoped {
            semantic = semantic.maybe(draw, 0.5, "index", |_| "hnsw");
        }
    } else {
        semantic = semantic.maybe(draw, 0.3, "turns", |d| d.pick(&[1, 2, 5]));
    }
    semantic
}
