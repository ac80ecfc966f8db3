//! Prompt caches of models' providers.

use serde_yaml::Value;

use super::Names;
use crate::block::{Block, block};
use crate::draw::Draw;

/// Any prompt cache.
pub fn prompt_cache(draw: &mut Draw, names: &Names) -> Block {
    let marked = draw.chance(0.5);
    let mode = if marked { "marked" } else { "automatic" };
    let spans = ["1ms", "1s", "5m", "1h"];
    let mut cache = block()
        .set("mode", mode)
        .maybe(draw, 0.5, "refresh", |_| "never")
        .maybe(draw, 0.4, "clock", |_| "response_end")
        .maybe(draw, 0.7, "visible", |d| d.pick(&["request_start", "response_end"]))
        .maybe(draw, 0.9, "min_tokens", |d| d.pick(&[0, 1, 20, 1000]))
        .maybe(draw, 0.3, "scope", |_| "user")
        .maybe(draw, 0.3, "capacity", |d| d.pick(&["0 tokens", "30 tokens", "2000 tokens"]))
        .maybe(draw, 0.3, "overflow", |d| block().set("per_minute", d.few()))
        .maybe(draw, 0.3, "counts_against_limits", |d| d.chance(0.5));
    if marked {
        let marks = draw.pick(&[&["system"][..], &["last_turn"], &["system", "last_turn"]]);
        let marks: Vec<Value> = marks.iter().map(|mark| Value::from(*mark)).collect();
        cache = cache.set("marks", marks);
    } else {
        cache = cache.maybe(draw, 0.8, "increment", |d| d.pick(&[1, 10, 128]));
    }
    if draw.chance(0.3) {
        let classes: Vec<Value> = names.slo_classes.iter().map(|it| it.as_str().into()).collect();
        let hour = if draw.chance(0.5) {
            block().set("classes", classes)
        } else {
            block().set("share", 2.0)
        };
        let shares = hour.0.contains_key("share");
        cache = cache.set("lifetimes", block().set("5m", block()).set("1h", hour));
        if shares {
            cache = cache.maybe(draw, 0.5, "choose", |_| "request");
        }
    } else {
        cache = cache.maybe(draw, 0.8, "ttl", |d| d.pick(&spans));
    }
    let every = if names.patient { "1d" } else { draw.pick(&["500ms", "4m"]) };
    cache.maybe(draw, 0.35, "keep_alive", |d| {
        block().set("every", every).set("until", d.pick(&["1s", "1m", "30m"])).maybe(
            d,
            0.3,
            "output_tokens",
            |d| d.pick(&[0, 10]),
        )
    })
}

/// Whether its lifetimes need prices of their own.
pub fn needs_prices(cache: &Block) -> bool {
    cache.0.contains_key("lifetimes") || cache.0.get("ttl").is_some_and(|ttl| ttl == "1h")
}
