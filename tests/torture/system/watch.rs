//! What is measured: targets, monitors, tables.

use serde_yaml::Value;

use super::Names;
use crate::block::{Block, block};
use crate::draw::Draw;

/// Targets of all and of a class.
pub fn slo(draw: &mut Draw, names: &Names) -> Block {
    let targets =
        |draw: &mut Draw| {
            block()
                .maybe(draw, 0.4, "ttft", Draw::short)
                .maybe(draw, 0.3, "tpot", Draw::short)
                .maybe(draw, 0.7, "e2e", Draw::time)
        };
    let class = draw.name(&names.slo_classes);
    targets(draw).maybe(draw, 0.3, "classes", |d| block().set(&class, targets(d)))
}

/// Rules on any metric that can be watched, each with a bound that is often met.
pub fn monitors(draw: &mut Draw, names: &Names, slo: bool) -> Vec<Value> {
    const METRICS: [(&str, &str); 20] = [
        ("arrivals_rps", "1"),
        ("throughput_rps", "0.5"),
        ("goodput_rps", "0.5"),
        ("errors_rps", "0.1"),
        ("error_rate", "1%"),
        ("cache_hit_rate", "50%"),
        ("utilization", "80%"),
        ("queue", "1"),
        ("in_flight", "2"),
        ("replicas", "2"),
        ("cost_usd", "$0.01"),
        ("cost_per_hour_usd", "$1"),
        ("cost_per_request_usd", "$0.001"),
        ("quality_mean", "0.5"),
        ("e2e_p99_s", "1s"),
        ("e2e_mean_s", "100ms"),
        ("ttft_p50_s", "10ms"),
        ("tpot_max_s", "1ms"),
        ("queue_p95_s", "1ms"),
        ("inference_p90_s", "1s"),
    ];
    (0..draw.range(1, 3))
        .map(|_| {
            let every = if names.patient { "1h" } else { draw.pick(&["100ms", "1s", "1s", "15s"]) };
            let monitor = if draw.chance(0.3) {
                let objective = draw.pick(&["50%", "99.9%"]);
                let bad = if slo { draw.pick(&["slow", "errors"]) } else { "errors" };
                let goal = block().set("objective", objective).maybe(draw, 0.6, "bad", |_| bad);
                let windows = block().set("slo", goal);
                if names.patient {
                    windows
                } else {
                    windows.set("burn_rate", draw.pick(&[1.0, 14.4])).set("long", "1m").maybe(
                        draw,
                        0.5,
                        "short",
                        |_| "15s",
                    )
                }
            } else {
                let (metric, bound) = draw.pick(&METRICS);
                let side = draw.pick(&["above", "below"]);
                let window = if names.patient { "2h" } else { draw.pick(&["15s", "1m", "10m"]) };
                let monitor = block().set("metric", metric).set(side, bound);
                monitor.maybe(draw, 0.7, "window", |_| window)
            };
            let by_class = draw.chance(0.15) && monitor.0.contains_key("slo");
            let class = draw.name(&names.slo_classes);
            let monitor = if by_class { monitor.set("class", class) } else { monitor };
            monitor
                .set("every", every)
                .maybe(draw, 0.3, "for", Draw::short)
                .maybe(draw, 0.3, "keep_firing_for", Draw::short)
                .maybe(draw, 0.2, "no_data", |d| d.pick(&["ok", "fire"]))
                .into()
        })
        .collect()
}

/// Tables besides the summary.
pub fn record(draw: &mut Draw) -> Block {
    ["requests", "attempts", "log", "cache", "spend", "breakdown", "timeline"]
        .into_iter()
        .fold(block(), |record, table| record.maybe(draw, 0.6, table, |_| true))
        .maybe(draw, 0.4, "workflows", |d| d.pick(&[1, 100]))
        .maybe(draw, 0.2, "interval", |d| d.pick(&["10s", "1m", "1h"]))
}
