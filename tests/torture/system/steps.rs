//! Steps of workflows.

use serde_yaml::Value;

use super::Names;
use super::agents::agent;
use super::resilience::backoff;
use crate::block::{Block, block, one};
use crate::draw::Draw;

/// What a step may name.
pub struct Known<'k> {
    /// Models and classes.
    pub names: &'k Names,
    /// Tools that are shared.
    pub tools: &'k [String],
    /// Workflows that it may run.
    pub workflows: &'k [String],
}

/// Some steps, each after some of those before it; `deep`: how much deeper they may go.
pub fn steps(draw: &mut Draw, known: &Known<'_>, deep: u32) -> Block {
    let count = draw.pick(&[1_u64, 2, 3, 4]);
    let called: Vec<String> = (0..count).map(|number| format!("s{number}")).collect();
    let mut all = block();
    for (at, name) in called.iter().enumerate() {
        let before: Vec<Value> =
            draw.some(&called[..at], 0.5).into_iter().map(Value::from).collect();
        let mut step = step(draw, known, deep);
        if let (Some(first), true) = (before.first().cloned(), draw.chance(0.2)) {
            let outcome = draw.pick(&["succeeded", "failed", "right", "wrong", "skipped"]);
            let first = first.as_str().unwrap_or_default().to_owned();
            step = step.set("when", block().set(&first, outcome));
        }
        if !before.is_empty() {
            step = step.maybe(draw, 0.3, "join", |d| match d.below(3) {
                0 => one("at_least", 1),
                1 => Value::from("any"),
                _ => Value::from("quorum"),
            });
            step = step.maybe(draw, 0.2, "reads", |_| before[0].clone()).set("after", before);
        }
        all = all.set(name, step);
    }
    if count > 2 && draw.chance(0.25) {
        return chosen(draw, all);
    }
    all
}

/// The first step chooses one of two that follow it.
fn chosen(draw: &mut Draw, mut all: Block) -> Block {
    let weights = block().set("s1", 1.0).set("s2", draw.pick(&[0.0, 3.0]));
    if let Some(first) = all.0.get_mut("s0").and_then(Value::as_mapping_mut) {
        first.insert("choose".into(), weights.into());
    }
    for name in ["s1", "s2"] {
        if let Some(step) = all.0.get_mut(name).and_then(Value::as_mapping_mut) {
            step.insert("after".into(), "s0".into());
            for gone in ["when", "join", "reads"] {
                step.remove(gone);
            }
        }
    }
    all
}

fn step(draw: &mut Draw, known: &Known<'_>, deep: u32) -> Block {
    let mut calls = false;
    let mut grouped = false;
    let step = match draw.below(12) {
        0 | 1 => block().set("tool", use_tool(draw, known)),
        2 => block().set("retrieval", retrieval(draw)),
        3 => block().set("human", human(draw)),
        4 if !known.workflows.is_empty() => block().set("workflow", draw.name(known.workflows)),
        5 | 6 if deep > 0 => block().set("agent", agent(draw, known, deep - 1)),
        7 if deep > 0 => {
            grouped = true;
            block().set("steps", steps(draw, known, deep - 1))
        }
        _ => {
            calls = true;
            block().set("llm", llm(draw, known, true))
        }
    };
    let mapped = draw.chance(0.35);
    let step = if mapped { step.set("map", map(draw)) } else { step };
    let step = if draw.chance(0.25) {
        let repeat = repeat(draw, mapped, grouped);
        step.set("loop", repeat)
    } else {
        step
    };
    let step = if calls {
        step.maybe(draw, 0.15, "concurrency", Draw::few)
            .maybe(draw, 0.1, "rpm", |d| d.pick(&[1, 600]))
            .maybe(draw, 0.1, "tpm", |d| d.pick(&[1000, 100_000]))
    } else {
        step
    };
    step.maybe(draw, 0.15, "chance", Draw::share)
        .maybe(draw, 0.15, "input", |_| false)
        .maybe(draw, 0.2, "deadline", Draw::time)
        .maybe(draw, 0.15, "max_cost", Draw::money)
        .maybe(draw, 0.3, "retries", |d| d.pick(&[0, 1, 3]))
        .maybe(draw, 0.2, "backoff", backoff)
        .maybe(draw, 0.3, "on_failure", |_| "continue")
        .maybe(draw, 0.1, "compensate", tool)
        .maybe(draw, 0.15, "memo", |d| {
            block().set("capacity", d.pick(&[1, 100])).maybe(d, 0.5, "ttl", Draw::time)
        })
}

/// A call of a model; `judge`: whether it may be a judge.
pub fn llm(draw: &mut Draw, known: &Known<'_>, judge: bool) -> Block {
    let models = &known.names.all_models();
    let model = (!models.is_empty() && draw.chance(0.3)).then(|| draw.name(models));
    let mut llm = block()
        .maybe(draw, 0.4, "system", |d| d.pick(&[0, 16, 300]))
        .maybe(draw, 0.4, "prompt", |d| d.lengths(20))
        .maybe(draw, 0.6, "output", |d| d.lengths(15))
        .maybe(draw, 0.2, "max_tokens", |d| d.pick(&[1, 30]))
        .maybe(draw, 0.1, "temperature", |_| 0.0)
        .maybe(draw, 0.2, "quality_threshold", Draw::share)
        .maybe(draw, 0.3, "right", Draw::share)
        .maybe(draw, 0.2, "recovers", Draw::share);
    if let Some(model) = model {
        llm = llm.set("model", model);
    }
    if judge { llm.maybe(draw, 0.2, "judge", self::judge) } else { llm }
}

/// How often a judge errs.
pub fn judge(draw: &mut Draw) -> Block {
    block().maybe(draw, 0.5, "false_accept", Draw::share).maybe(
        draw,
        0.5,
        "false_reject",
        Draw::share,
    )
}

/// A tool.
pub fn tool(draw: &mut Draw) -> Block {
    block()
        .set("latency", draw.span())
        .maybe(draw, 0.4, "failure", Draw::share)
        .maybe(draw, 0.3, "concurrency", Draw::few)
        .maybe(draw, 0.3, "cost", Draw::money)
        .maybe(draw, 0.4, "output", |d| d.lengths(20))
        .maybe(draw, 0.3, "right", Draw::share)
}

/// A shared tool or an own one.
pub fn use_tool(draw: &mut Draw, known: &Known<'_>) -> Value {
    if draw.chance(0.5) { draw.name(known.tools).into() } else { tool(draw).into() }
}

fn retrieval(draw: &mut Draw) -> Block {
    block()
        .maybe(draw, 0.7, "latency", Draw::span)
        .maybe(draw, 0.3, "failure", Draw::share)
        .maybe(draw, 0.4, "documents", |d| d.pick(&[0, 1, 5]))
        .maybe(draw, 0.4, "tokens", |d| d.lengths(20))
        .maybe(draw, 0.4, "recall", Draw::share)
        .maybe(draw, 0.3, "concurrency", Draw::few)
        .maybe(draw, 0.3, "cost", Draw::money)
}

fn human(draw: &mut Draw) -> Block {
    block()
        .maybe(draw, 0.8, "think_time", Draw::span)
        .maybe(draw, 0.4, "people", Draw::few)
        .maybe(draw, 0.3, "judge", judge)
        .maybe(draw, 0.4, "output", |d| d.lengths(10))
}

/// For some items at once.
fn map(draw: &mut Draw) -> Block {
    let items = draw.pick(&[1_u64, 2, 4, 10]);
    block()
        .set("items", one("constant", items))
        .maybe(draw, 0.3, "concurrency", Draw::few)
        .maybe(draw, 0.5, "join", |d| match d.below(3) {
            0 => one("at_least", 1),
            1 => Value::from("any"),
            _ => Value::from("quorum"),
        })
        .maybe(draw, 0.3, "cancel", |_| false)
        .maybe(draw, 0.4, "pick", |d| d.pick(&["vote", "best", "first"]))
        .maybe(draw, 0.2, "chance", Draw::share)
        .maybe(draw, 0.2, "conformity", Draw::share)
}

fn repeat(draw: &mut Draw, mapped: bool, grouped: bool) -> Block {
    let mut repeat = block()
        .set("max", draw.pick(&[1, 2, 4]))
        .maybe(draw, 0.5, "stop", Draw::share)
        .maybe(draw, 0.3, "context", |_| "fresh")
        .maybe(draw, 0.3, "on_max", |_| "fail");
    let until: &[&str] = if mapped { &["right", "agreed"] } else { &["right", "accepted"] };
    if grouped && draw.chance(0.5) {
        let to = block().set("end", 1.0).set("s0", draw.pick(&[0.0, 1.0]));
        return repeat.set("hand_off", block().set("s0", to));
    }
    repeat = repeat.maybe(draw, 0.4, "until", |d| d.pick(until));
    repeat
}
