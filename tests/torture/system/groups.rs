//! Groups of deployments.

use super::Names;
use crate::block::{Block, block, one};
use crate::draw::Draw;

/// A group of some of the models, which has a name from then on.
pub fn groups(draw: &mut Draw, names: &mut Names) -> Block {
    let first = names.models.len() - 1 - draw.below(names.models.len() as u64 - 1) as usize;
    let deployments = names.models[first - 1..].iter().fold(block(), |deployments, model| {
        let deployment = block()
            .maybe(draw, 0.4, "weight", |d| d.pick(&[0.0, 1.0, 3.0]))
            .maybe(draw, 0.3, "rpm", |d| d.pick(&[1, 2, 60, 6000]))
            .maybe(draw, 0.2, "tpm", |d| d.pick(&[1, 500, 10_000]))
            .maybe(draw, 0.25, "max_parallel_requests", |d| d.pick(&[1, 2]))
            .maybe(draw, 0.25, "timeout", |d| d.pick(&["1ns", "100ms", "1s", "10s"]))
            .maybe(draw, 0.2, "order", |d| d.pick(&[1, 2]))
            .maybe(draw, 0.2, "cooldown_time", Draw::short);
        deployments.set(model, deployment)
    });
    let strategy = match draw.below(6) {
        0 | 1 => "simple_shuffle".into(),
        2 => "least_busy".into(),
        3 => "usage_based".into(),
        4 => "cost_based".into(),
        _ => {
            let spec = block()
                .maybe(draw, 0.5, "lowest_latency_buffer", |d| d.pick(&[0.5, 10.0]))
                .maybe(draw, 0.3, "max_latency_list_size", |d| d.pick(&[1, 3]))
                .maybe(draw, 0.3, "ttl", Draw::time);
            one("latency_based", spec)
        }
    };
    names.models_in_groups = names.models.split_off(first - 1);
    names.models.push("pool".to_owned());
    let group = block().set("deployments", deployments).set("strategy", strategy).maybe(
        draw,
        0.3,
        "exclude_failed",
        |_| false,
    );
    block().set("pool", group)
}
