//! Workflows: which there are, and what limits them.

use serde_yaml::Value;

use super::Names;
use super::agents::agent;
use super::steps::{Known, steps, tool};
use crate::block::{Block, block};
use crate::draw::Draw;

/// One to three workflows, with what they share.
pub fn orchestration(draw: &mut Draw, names: &Names) -> Block {
    let count = draw.pick(&[1_u64, 1, 2, 3]);
    let called: Vec<String> = (0..count).map(|number| format!("w{number}")).collect();
    let tools: Vec<String> = ["search", "shell"].map(str::to_owned).to_vec();
    let workflows = called.iter().enumerate().fold(block(), |workflows, (at, name)| {
        // A workflow runs only those after it, so that none is within itself.
        let known = Known { names, tools: &tools, workflows: &called[at + 1..] };
        workflows.set(name, workflow(draw, &known))
    });
    let class = draw.name(&names.slo_classes);
    block()
        .set("workflows", workflows)
        .set("tools", tools.iter().fold(block(), |all, name| all.set(name, tool(draw))))
        .maybe(draw, 0.4, "mix", |d| {
            let mix = called.iter().fold(block(), |mix, name| mix.set(name, d.pick(&[0.5, 2.0])));
            mix.maybe(d, 0.4, "request", |_| 1.0)
        })
        .maybe(draw, 0.2, "by_class", |_| block().set(&class, called[0].as_str()))
        .maybe(draw, 0.5, "schedule", |d| {
            d.pick(&["arrival", "priority", "least_attained_service", "critical_path"])
        })
}

fn workflow(draw: &mut Draw, known: &Known<'_>) -> Value {
    let workflow = if draw.chance(0.5) {
        block().set("agent", agent(draw, known, 1))
    } else {
        block().set("steps", steps(draw, known, 1))
    };
    workflow
        .maybe(draw, 0.25, "deadline", Draw::time)
        .maybe(draw, 0.3, "priority", |d| d.below(3))
        .maybe(draw, 0.25, "max_concurrent", Draw::few)
        .maybe(draw, 0.2, "max_waiting", |d| d.pick(&[0, 1, 5]))
        .maybe(draw, 0.2, "max_calls", |d| d.pick(&[1, 2, 10]))
        .maybe(draw, 0.2, "max_cost", Draw::money)
        .maybe(draw, 0.1, "rpm", |d| d.pick(&[1, 60, 6000]))
        .maybe(draw, 0.1, "tpm", |d| d.pick(&[1000, 100_000]))
        .maybe(draw, 0.2, "max_budget", Draw::money)
        .into()
}
