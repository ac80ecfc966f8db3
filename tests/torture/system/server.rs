//! Models' servers and fleets of them.

use serde_yaml::Value;

use super::Names;
use super::cache::policy;
use super::engine::engine;
use crate::block::{Block, block, one};
use crate::draw::Draw;

/// Any server, alone or several.
pub fn server(draw: &mut Draw, names: &Names) -> Block {
    let is_engine = draw.chance(0.4);
    let shared = draw.chance(0.25);
    let replicas = draw.pick(&[1, 1, 1, 2, 3, 6]);
    let mut server =
        if is_engine { block().set("engine", engine(draw, names)) } else { latency(draw) };
    let bounded = is_engine || draw.chance(0.7);
    if !is_engine {
        if bounded {
            server = server.set("concurrency", draw.few());
        }
        server = server.maybe(draw, 0.3, "prefix_cache", |d| prefix_cache(d, names));
    }
    if shared {
        server = server.set("queue", "shared");
    }
    if shared || !is_engine {
        server = server.maybe(draw, 0.3, "queue_limit", |d| d.pick(&[0, 0, 1, 5])).maybe(
            draw,
            0.3,
            "policy",
            |_| "priority",
        );
    }
    if replicas > 1 {
        server = server.set("replicas", replicas).maybe(draw, 0.8, "balance", balance);
    }
    if is_engine && replicas > 1 && draw.chance(0.35) {
        server = server.set("disaggregate", disaggregate(draw, replicas));
    } else if draw.chance(0.2) {
        server = server.set("autoscale", autoscale(draw, names, bounded));
    }
    server
        .maybe(draw, 0.1, "gpus", Draw::few)
        .maybe(draw, 0.45, "faults", |d| faults(d, names))
        .maybe(draw, 0.15, "rpm", |d| d.pick(&[1, 30, 600]))
        .maybe(draw, 0.1, "tpm", |d| d.pick(&[1, 1000, 100_000]))
        .maybe(draw, 0.3, "abort", |d| d.chance(0.3))
}

fn latency(draw: &mut Draw) -> Block {
    match draw.below(5) {
        0 => {
            let speed = block().set("speed", draw.pick(&[0.5, 1000.0]));
            block().set("seed", speed.maybe(draw, 0.3, "max", Draw::short))
        }
        1 => block().set("seed_pipeline", block().maybe(draw, 0.5, "base", Draw::short)),
        _ => block().set(
            "tokens",
            block()
                .set("ttft", draw.span())
                .maybe(draw, 0.8, "tpot", |d| {
                    let tpot = d.pick(&["0s", "0s", "1us", "20ms"]);
                    if d.chance(0.2) {
                        one("exponential", block().set("mean", "10ms"))
                    } else {
                        Value::from(tpot)
                    }
                })
                .maybe(draw, 0.5, "per_input_token", |d| d.pick(&["0s", "1us", "1ms"])),
        ),
    }
}

fn prefix_cache(draw: &mut Draw, names: &Names) -> Block {
    let tokens = names.blocks.unwrap_or_else(|| draw.pick(&[1, 16, 512]));
    let mut cache = block().set("block_tokens", tokens);
    if draw.chance(0.5) {
        cache = cache
            .set("capacity", draw.pick(&["1", "20", "unbounded"]))
            .maybe(draw, 0.5, "policy", policy);
    } else {
        let shared = draw.chance(0.5);
        let tier = |draw: &mut Draw, last: bool| {
            let tier = block().set("capacity", draw.pick(&["1", "5", "1000"]));
            let tier = if last && shared { tier.set("shared", true) } else { tier };
            tier.maybe(draw, 0.5, "policy", policy)
                .maybe(draw, 0.5, "bandwidth", |d| d.pick(&["1MB/s", "100GB/s"]))
                .maybe(draw, 0.5, "latency", Draw::short)
                .into()
        };
        let tiers: Vec<Value> = vec![tier(draw, false), tier(draw, true)];
        cache = cache.set("tiers", tiers);
    }
    cache.maybe(draw, 0.3, "stored", |_| "at_lookup").maybe(draw, 0.4, "load", |_| "if_faster")
}

fn balance(draw: &mut Draw) -> Value {
    match draw.below(8) {
        0 => Value::from("random"),
        1 => Value::from("least_outstanding"),
        2 => one("power_of_two", block().set("choices", draw.few())),
        3 | 4 => Value::from("least_kv"),
        5 => one("prefix_affinity", block().set("blocks", 2).set("bound", 1.0)),
        6 => one("scores", block().set("prefix", 2.0).set("kv", draw.share())),
        _ => Value::from("round_robin"),
    }
}

fn disaggregate(draw: &mut Draw, replicas: u64) -> Block {
    block().set("prefill", draw.below(replicas)).maybe(draw, 0.4, "latency", Draw::short).maybe(
        draw,
        0.3,
        "bandwidth_gb_s",
        |d| d.pick(&[0.001, 1e6]),
    )
}

fn autoscale(draw: &mut Draw, names: &Names, bounded: bool) -> Block {
    let min = draw.range(1, 2);
    let interval = if names.patient { "1h" } else { draw.pick(&["100ms", "1s", "15s"]) };
    let target = if bounded && draw.chance(0.5) {
        one("utilization", draw.pick(&[0.1, 1.0]))
    } else {
        one("outstanding", draw.pick(&[0.1, 1.0, 5.0]))
    };
    block()
        .set("min", min)
        .set("max", min + draw.below(4))
        .set("target", target)
        .set("interval", interval)
        .maybe(draw, 0.6, "cold_start", Draw::short)
        .maybe(draw, 0.6, "cool_down", Draw::short)
}

fn faults(draw: &mut Draw, names: &Names) -> Block {
    let mtbf = if names.patient { "10d" } else { draw.pick(&["1s", "1s", "5s", "1m"]) };
    let brown_out = |draw: &mut Draw| -> Value {
        block()
            .set("from", draw.pick(&["0s", "1s", "5s"]))
            .set("until", draw.pick(&["6s", "1m"]))
            .maybe(draw, 0.6, "factor", |d| d.pick(&[0.001, 1.0, 10.0]))
            .maybe(draw, 0.5, "error_rate", Draw::share)
            .into()
    };
    block()
        .maybe(draw, 0.6, "mtbf", |_| mtbf)
        .maybe(draw, 0.6, "mttr", |d| d.pick(&["0s", "1ms", "1s", "1m"]))
        .maybe(draw, 0.4, "error_rate", Draw::share)
        .maybe(draw, 0.4, "error_after", |d| d.pick(&["0s", "1us", "1s"]))
        .maybe(draw, 0.15, "throttle_rate", Draw::share)
        .maybe(draw, 0.2, "slow", |d| block().set("factor", d.pick(&[0.5, 20.0])))
        .maybe(draw, 0.25, "brown_outs", |d| {
            (0..d.range(1, 2)).map(|_| brown_out(d)).collect::<Vec<_>>()
        })
}
