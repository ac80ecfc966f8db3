//! Agents in every known pattern.

use serde_yaml::Value;

use super::steps::{Known, judge, llm, use_tool};
use crate::block::{Block, block, one};
use crate::draw::Draw;

/// A pattern; `deep`: how much deeper its members may go.
pub fn agent(draw: &mut Draw, known: &Known<'_>, deep: u32) -> Value {
    let member = |draw: &mut Draw| member(draw, known, deep);
    let call = |draw: &mut Draw| llm(draw, known, false);
    let pattern = draw.pick(&[
        "react",
        "chain",
        "router",
        "voting",
        "map_reduce",
        "planner_executor",
        "evaluator_optimizer",
        "supervisor",
        "hierarchical",
        "debate",
        "hand_off",
        "blackboard",
    ]);
    let share = Draw::share;
    let spec = match pattern {
        "react" => block()
            .maybe(draw, 0.5, "think", call)
            .maybe(draw, 0.6, "tool", |d| use_tool(d, known))
            .set("max_turns", draw.pick(&[1, 2, 6]))
            .maybe(draw, 0.5, "stop", share)
            .maybe(draw, 0.3, "until_right", |_| true),
        "chain" => block()
            .maybe(draw, 0.6, "agents", |d| block().set("one", member(d)).set("two", member(d)))
            .maybe(draw, 0.4, "reads", |_| "all"),
        "router" => block().maybe(draw, 0.4, "route", call).maybe(draw, 0.6, "routes", |d| {
            block().set("easy", member(d).set("weight", 2.0)).set("hard", member(d))
        }),
        "voting" => block()
            .maybe(draw, 0.5, "voter", member)
            .set("samples", draw.pick(&[1, 3, 5]))
            .maybe(draw, 0.6, "join", join)
            .maybe(draw, 0.4, "pick", |d| d.pick(&["vote", "best"]))
            .maybe(draw, 0.3, "concurrency", Draw::few),
        "map_reduce" => block()
            .maybe(draw, 0.4, "split", call)
            .set("items", one("constant", draw.pick(&[1, 3, 6])))
            .maybe(draw, 0.4, "map", member)
            .maybe(draw, 0.3, "input", |_| true)
            .maybe(draw, 0.3, "concurrency", Draw::few)
            .maybe(draw, 0.5, "join", join)
            .maybe(draw, 0.4, "reduce", call),
        "planner_executor" => block()
            .maybe(draw, 0.4, "plan", call)
            .set("steps", one("constant", draw.pick(&[1, 3])))
            .maybe(draw, 0.5, "order", |d| d.pick(&["parallel", "in_turn"]))
            .maybe(draw, 0.4, "execute", member)
            .maybe(draw, 0.4, "replan", share)
            .set("max_plans", draw.pick(&[1, 2]))
            .maybe(draw, 0.3, "summary", call),
        _ => in_rounds(draw, known, deep, pattern),
    };
    one(pattern, spec)
}

/// Patterns that go on round by round, or level by level.
fn in_rounds(draw: &mut Draw, known: &Known<'_>, deep: u32, pattern: &str) -> Block {
    let member = |draw: &mut Draw| member(draw, known, deep);
    let call = |draw: &mut Draw| llm(draw, known, false);
    let share = Draw::share;
    match pattern {
        "evaluator_optimizer" => block()
            .maybe(draw, 0.4, "generate", member)
            .maybe(draw, 0.4, "evaluate", call)
            .maybe(draw, 0.5, "false_accept", share)
            .maybe(draw, 0.5, "false_reject", share)
            .set("max_rounds", draw.pick(&[1, 3]))
            .maybe(draw, 0.4, "on_max", |_| "fail")
            .maybe(draw, 0.4, "context", |_| "fresh"),
        "supervisor" => block()
            .maybe(draw, 0.4, "supervise", call)
            .set("workers", one("constant", draw.pick(&[1, 3])))
            .maybe(draw, 0.4, "worker", member)
            .maybe(draw, 0.4, "order", |d| d.pick(&["parallel", "in_turn"]))
            .maybe(draw, 0.5, "stop", share)
            .maybe(draw, 0.3, "judge", judge)
            .set("max_rounds", draw.pick(&[1, 3]))
            .maybe(draw, 0.4, "on_max", |_| "fail")
            .maybe(draw, 0.3, "answer", call),
        "hierarchical" => block()
            .set("depth", draw.pick(&[1, 2]))
            .set("fan_out", draw.pick(&[1, 2, 3]))
            .maybe(draw, 0.3, "delegate", call)
            .maybe(draw, 0.3, "report", call)
            .maybe(draw, 0.3, "worker", member)
            .maybe(draw, 0.4, "order", |d| d.pick(&["parallel", "in_turn"])),
        "debate" => block()
            .set("agents", draw.pick(&[2, 4]))
            .set("rounds", draw.pick(&[1, 3]))
            .maybe(draw, 0.3, "debater", member)
            .maybe(draw, 0.5, "conformity", share)
            .maybe(draw, 0.3, "until_agreed", |_| false)
            .maybe(draw, 0.3, "judge", call),
        "hand_off" => block()
            .maybe(draw, 0.5, "agents", |d| {
                let to = |name: &str| block().set(name, 1.0).set("end", 1.0);
                block()
                    .set("front", member(d).set("to", to("back")))
                    .set("back", member(d).set("to", to("front")))
            })
            .set("max_turns", draw.pick(&[1, 5]))
            .maybe(draw, 0.5, "on_max", |d| d.pick(&["keep", "fail"])),
        _ => block()
            .set("agents", draw.pick(&[1, 3]))
            .set("contribute", draw.positive_share())
            .maybe(draw, 0.3, "agent", member)
            .set("max_rounds", draw.pick(&[1, 3]))
            .maybe(draw, 0.4, "on_max", |_| "fail"),
    }
}

fn join(draw: &mut Draw) -> Value {
    match draw.below(4) {
        0 => one("at_least", 1),
        1 => Value::from("any"),
        2 => Value::from("quorum"),
        _ => Value::from("all"),
    }
}

fn member(draw: &mut Draw, known: &Known<'_>, deep: u32) -> Block {
    let member = match draw.below(6) {
        0 => block().set("tool", use_tool(draw, known)),
        1 if deep > 0 => block().set("agent", agent(draw, known, deep - 1)),
        _ => block().set("llm", llm(draw, known, false)),
    };
    let limits = |draw: &mut Draw| {
        block()
            .maybe(draw, 0.4, "deadline", Draw::time)
            .maybe(draw, 0.5, "retries", |d| d.pick(&[0, 1, 2]))
    };
    member.maybe(draw, 0.3, "limits", limits)
}
