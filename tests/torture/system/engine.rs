//! Batching engines.

use serde_yaml::Value;

use super::Names;
use crate::block::{Block, block, one};
use crate::draw::Draw;

/// An engine, often one with next to no memory.
pub fn engine(draw: &mut Draw, names: &Names) -> Block {
    let seqs = draw.pick(&[1_u64, 2, 8, 256]);
    let size = names.blocks.map_or_else(|| draw.pick(&[1_u64, 16, 16, 512]), |_| 16);
    let longest = draw.chance(0.15).then(|| draw.pick(&[1_u64, 100, 4096]));
    let long = |d: &mut Draw| d.pick(&[1_u64, 16, 512]).min(longest.unwrap_or(u64::MAX));
    let mut engine = block()
        .set("step", step(draw))
        .maybe(draw, 0.9, "max_num_seqs", |_| seqs)
        .set("max_num_batched_tokens", seqs * draw.pick(&[1, 8, 512]))
        .maybe(draw, 0.25, "long_prefill_token_threshold", long)
        .set("block_size", size)
        .set("num_gpu_blocks", draw.pick(&[1_u64, 20, 100, 1000, 20_000]))
        .maybe(draw, 0.4, "enable_chunked_prefill", |d| d.chance(0.5))
        .maybe(draw, 0.4, "enable_prefix_caching", |d| d.chance(0.5))
        .maybe(draw, 0.4, "policy", |d| d.pick(&["sjf", "priority", "fcfs"]))
        .maybe(draw, 0.2, "queue_limit", |d| d.pick(&[1, 1, 10]))
        .maybe(draw, 0.6, "async_scheduling", |d| d.chance(0.3))
        .maybe(draw, 0.3, "scheduler_reserve_full_isl", |d| d.chance(0.3))
        .maybe(draw, 0.2, "overheads", |d| {
            ["per_step", "per_request", "per_input_token", "per_output_token"]
                .into_iter()
                .fold(block(), |all, name| {
                    all.maybe(d, 0.5, name, |d| d.pick(&["0s", "1us", "20ms"]))
                })
        });
    if let Some(longest) = longest {
        engine = engine.set("max_model_len", longest);
    }
    if let Some(blocks) = names.blocks {
        engine = engine.set("hash_block_size", blocks);
    } else {
        engine = engine.maybe(draw, 0.2, "hash_block_size", |d| size * d.few());
    }
    engine
}

fn step(draw: &mut Draw) -> Value {
    match draw.below(7) {
        2 => {
            let folder = "tests/torture/traces";
            let layers = block().set("profile", format!("{folder}/layers"));
            one("layers", layers.set("model", format!("{folder}/model.json")))
        }
        3 => {
            let folder = "tests/torture/traces";
            let operators = block()
                .set("tables", format!("{folder}/operators"))
                .set("model", format!("{folder}/model.json"))
                .set("hardware", "h100")
                .maybe(draw, 0.3, "per_step", |d| d.pick(&["0s", "10ms"]))
                .maybe(draw, 0.3, "synchronous_scheduling", |d| d.pick(&["0s", "1ms"]))
                .maybe(draw, 0.3, "max_cudagraph_capture_size", |d| d.pick(&[0, 4, 512]));
            one("operators", operators)
        }
        0 => one(
            "roofline",
            block()
                .set("gpu", draw.pick(&["h100", "l4"]))
                .set(
                    "model",
                    draw.pick(&["llama-3.1-8b", "gemma-3-27b", "qwen3-30b-a3b", "deepseek-v3"]),
                )
                .maybe(draw, 0.3, "tensor_parallel_size", |d| d.pick(&[2, 4]))
                .maybe(draw, 0.2, "pipeline_parallel_size", |d| d.pick(&[2, 3]))
                .maybe(draw, 0.3, "precision", |d| {
                    block().set("weights", d.pick(&["fp8", "int4"])).set("kv_cache", "fp8")
                }),
        ),
        1 => one("linear", block()),
        _ => {
            let each = ["per_prefill_token", "per_decode_seq", "per_request", "per_input_token"];
            let each = each.into_iter().chain(["per_output_token"]);
            let linear = block().set("per_step", draw.pick(&["1us", "10ms", "10ms", "100ms"]));
            let times = ["0s", "0s", "1us", "1ms"];
            one(
                "linear",
                each.fold(linear, |linear, name| linear.maybe(draw, 0.6, name, |d| d.pick(&times))),
            )
        }
    }
}
