//! Who asks what and when.

use serde_yaml::Value;

use super::Names;
use crate::block::{Block, block, one};
use crate::draw::Draw;

const RATES: [&str; 6] = ["0.1/s", "1/s", "5/s", "20/s", "1000/s", "1e9/s"];

/// A workload; tells `names` who asks and with which classes.
pub fn workload(draw: &mut Draw, names: &mut Names) -> Block {
    let workload = match draw.below(14) {
        0 => listed(draw, names),
        1 => traced(draw, names),
        2 | 3 => recorded(draw, names),
        _ => drawn(draw, names),
    };
    let class = draw.chance(0.2);
    if class {
        "urgent".clone_into(&mut names.slo_classes[0]);
    }
    let workload = if class { workload.set("slo_class", "urgent") } else { workload };
    workload
        .maybe(draw, 0.5, "max_tokens", |d| d.pick(&[1, 2, 20, 100, 400]))
        .maybe(draw, 0.2, "temperature", |d| d.pick(&[0.0, 1.0]))
        .maybe(draw, 0.1, "top_p", |d| d.pick(&[0.1, 1.0]))
        .maybe(draw, 0.3, "quality_threshold", Draw::share)
}

/// Requests that the file lists, several at one instant.
fn listed(draw: &mut Draw, names: &mut Names) -> Block {
    names.texts = true;
    let count = draw.range(1, 12);
    let request = |draw: &mut Draw| -> Value {
        block()
            .set("prompt", draw.pick(&["Hi", "What is a queue?", "  what is a queue?", ""]))
            .maybe(draw, 0.7, "at", |d| d.pick(&["0s", "0s", "1ms", "1s", "1s", "20s"]))
            .maybe(draw, 0.4, "max_tokens", |d| d.pick(&[1, 50]))
            .maybe(draw, 0.3, "quality_threshold", Draw::share)
            .maybe(draw, 0.2, "temperature", |d| d.pick(&[0.0, 0.7]))
            .maybe(draw, 0.2, "top_p", |d| d.pick(&[0.1, 0.9]))
            .maybe(draw, 0.5, "user", |d| d.pick(&["ann", "bob"]))
            .into()
    };
    let mut requests: Vec<Value> = (0..count).map(|_| request(draw)).collect();
    if draw.chance(0.3) {
        requests.push(one("prompt", Value::Null));
    }
    names.users = vec!["ann".to_owned(), "bob".to_owned()];
    let user = |name: &str, class: &str| block().set("name", name).set("class", class).into();
    let users: Vec<Value> =
        vec![user("ann", "vip"), user("bob", "default"), one("name", "anonymous")];
    block().set("requests", requests).set("users", one("list", users))
}

/// Small traces of this folder.
fn traced(draw: &mut Draw, names: &mut Names) -> Block {
    let file = |name: &str| format!("tests/torture/traces/{name}");
    let trace = match draw.below(4) {
        0 => block().set("azure", file("azure.csv")),
        1 => {
            names.blocks = Some(512);
            block().set("mooncake", file("mooncake.jsonl"))
        }
        2 => {
            names.blocks = Some(16);
            block()
                .set("openai", file("conversations.jsonl"))
                .set("arrivals", arrivals(draw, false))
                .set("think_time", draw.span())
        }
        _ => {
            let log = block().set("file", file("log.csv")).set("prompt", "prompt");
            block().set("csv", log.maybe(draw, 0.6, "user", |_| "user"))
        }
    };
    let trace = trace
        .maybe(draw, 0.3, "loops", |d| d.pick(&[1, 2, 5]))
        .maybe(draw, 0.3, "speed", |d| d.pick(&[0.1, 3.0, 1e6]))
        .maybe(draw, 0.2, "keep", |_| 0.5);
    block().set("trace", trace)
}

/// Jobs as they were recorded, perhaps with others.
fn recorded(draw: &mut Draw, names: &mut Names) -> Block {
    let merged = draw.chance(0.3);
    let count = if merged { draw.range(2, 3) } else { 1 };
    let mut traces: Vec<Value> = Vec::new();
    for part in 0..count {
        let (trace, blocks) = super::recorded::jobs(draw, &names.models);
        if blocks.is_some() && names.blocks.is_some() && names.blocks != blocks {
            continue;
        }
        names.blocks = names.blocks.or(blocks);
        let trace = trace.maybe(draw, 0.2, "loops", |d| d.pick(&[1, 2, 5])).maybe(
            draw,
            0.2,
            "keep",
            |_| 0.5,
        );
        let trace =
            if merged && draw.chance(0.5) { trace.set("label", format!("l{part}")) } else { trace };
        traces.push(trace.into());
    }
    if merged && (traces.len() < 2 || draw.chance(0.5)) {
        traces.push(block().set("azure", "tests/torture/traces/azure.csv").into());
    }
    match traces.pop() {
        Some(only) if traces.is_empty() => block().set("trace", only),
        last => {
            traces.extend(last);
            block().set("trace", block().set("merge", traces))
        }
    }
}

fn drawn(draw: &mut Draw, names: &mut Names) -> Block {
    let clients = draw.chance(0.2);
    let mut workload = block();
    if !clients || draw.chance(0.3) {
        workload = workload.set("arrivals", arrivals(draw, !clients));
    }
    workload = workload
        .maybe(draw, 0.25, "session", session)
        .maybe(draw, 0.85, "prompts", |d| prompts(d, names))
        .maybe(draw, 0.2, "shared_prefix", shared_prefix)
        .maybe(draw, 0.15, "payloads", payloads)
        .maybe(draw, 0.85, "tokens", tokens)
        .maybe(draw, 0.6, "users", |d| users(d, names));
    if clients {
        workload = self::clients(draw, names, workload);
    }
    workload
}

/// `any`: also those that wait for answers.
pub fn arrivals(draw: &mut Draw, any: bool) -> Value {
    let rate = draw.pick(&RATES);
    let at_rate = |draw: &mut Draw| block().set("rate", draw.pick(&RATES));
    match draw.below(if any { 14 } else { 9 }) {
        0 | 1 => one("constant", block().set("rate", rate)),
        2 => one("gamma", at_rate(draw).set("cv", draw.pick(&[0.2, 1.0, 8.0]))),
        3 => one("weibull", at_rate(draw).set("cv", draw.pick(&[0.2, 1.0, 3.0]))),
        4 => {
            let state = |rate: &str, mean: &str| block().set("rate", rate).set("mean", mean).into();
            let states: Vec<Value> = vec![state("0/s", draw.time()), state(rate, "2s")];
            one("markov", block().set("states", states))
        }
        5 => {
            let point = |at: &str, rate: &str| block().set("at", at).set("rate", rate).into();
            let points: Vec<Value> =
                vec![point("0s", rate), point("1s", "0/s"), point("3s", "9/s")];
            let shape = draw.pick(&["steps", "lines"]);
            one("piecewise", block().set("shape", shape).set("points", points))
        }
        6 => {
            one("sinusoidal", block().set("mean", rate).set("amplitude", 1.0).set("period", "10s"))
        }
        7 => one("ramp", block().set("from", "0/s").set("to", rate).set("over", "10s")),
        8 => {
            let spike = block().set("base", "1/s").set("peak", rate).set("at", "1s");
            one("spike", spike.set("lasts", draw.time()))
        }
        9 | 10 => {
            let size = if draw.chance(0.5) {
                one("constant", draw.pick(&[1, 10, 60]))
            } else {
                one("geometric", 4.0)
            };
            one("batch", block().set("arrivals", arrivals(draw, false)).set("size", size))
        }
        11 => {
            one(
                "closed_loop",
                block()
                    .set("clients", draw.pick(&[1, 3, 20]))
                    .set("think_time", draw.span())
                    .maybe(draw, 0.3, "ramp_up", Draw::short),
            )
        }
        12 => one(
            "concurrency",
            block()
                .set("limit", draw.pick(&[1, 5]))
                .maybe(draw, 0.5, "arrivals", |d| arrivals(d, false)),
        ),
        _ => one("poisson", block().set("rate", rate)),
    }
}

fn session(draw: &mut Draw) -> Block {
    block()
        .maybe(draw, 0.7, "turns", |d| d.lengths(3))
        .maybe(draw, 0.4, "message", |d| d.lengths(20))
        .set("think_time", draw.span())
        .maybe(draw, 0.4, "max_context", |d| d.pick(&[0, 1, 100, 2000]))
        .maybe(draw, 0.3, "abandon", Draw::share)
        .maybe(draw, 0.4, "patience", Draw::span)
        .maybe(draw, 0.2, "on_failure", |d| d.pick(&["leave", "retry"]))
}

fn prompts(draw: &mut Draw, names: &mut Names) -> Value {
    let count = draw.pick(&[1, 2, 10, 100]);
    match draw.below(9) {
        0 => Value::from("unique"),
        1 => one("uniform", block().set("count", count)),
        2 => one("hot_set", block().set("count", 50).set("hot", 2).set("drift", draw.share())),
        3 => one("churn", block().set("fresh", draw.positive_share()).set("window", count)),
        4 | 5 => one("intents", block().set("count", count).set("phrasings", draw.few())),
        6 => {
            names.texts = true;
            let range = one("range", block().set("min", 1).set("max", draw.pick(&[1, 9, 100])));
            let text: Vec<Value> = vec!["Explain queue {n}".into(), "Why {n}?".into()];
            one("templates", block().set("texts", text).set("slots", block().set("n", range)))
        }
        _ => one("zipf", block().set("count", count).set("exponent", draw.pick(&[0.0, 0.9, 2.0]))),
    }
}

fn shared_prefix(draw: &mut Draw) -> Value {
    let tokens = draw.pick(&[0_u64, 16, 100, 600]);
    match draw.below(3) {
        0 => Value::from(tokens),
        1 => {
            let prompt = |tokens: u64| Value::from(block().set("tokens", tokens));
            Value::from(vec![prompt(tokens), prompt(32)])
        }
        _ => one("zipf", block().set("count", 3).set("tokens", draw.lengths(200))),
    }
}

fn payloads(draw: &mut Draw) -> Block {
    block().maybe(draw, 0.7, "images", |d| block().set("share", d.share())).maybe(
        draw,
        0.6,
        "tools",
        |d| block().set("share", d.share()).set("tokens", d.lengths(50)),
    )
}

fn tokens(draw: &mut Draw) -> Block {
    let mean = draw.pick(&[1, 20, 200, 1000]);
    block()
        .set("input", draw.lengths(mean))
        .maybe(draw, 0.7, "output", |d| {
            let mean = d.pick(&[1, 2, 30, 120]);
            d.lengths(mean)
        })
        .maybe(draw, 0.2, "correlation", |d| d.pick(&[-1.0, 0.5, 1.0]))
}

fn users(draw: &mut Draw, names: &mut Names) -> Value {
    if draw.chance(0.5) {
        let count = draw.pick(&[1_u64, 2, 7]);
        names.users = (1..=count).map(|user| format!("user-{user}")).collect();
        let classes = block().set("vip", draw.pick(&[0.0, 0.3, 1.0]));
        return one("zipf", block().set("count", count).set("classes", classes));
    }
    names.users = vec!["ann".to_owned(), "bob".to_owned()];
    let ann = block().set("name", "ann").set("class", "vip");
    let bob = block().set("name", "bob").maybe(draw, 0.5, "weight", |_| 3.0);
    let list: Vec<Value> = vec![ann.into(), bob.into()];
    one("list", list)
}

fn clients(draw: &mut Draw, names: &mut Names, workload: Block) -> Block {
    names.slo_classes.extend(["batch".to_owned()]);
    let scaled = draw.chance(0.4);
    let client = |draw: &mut Draw, id: &str| {
        let mut client = block().set("id", id);
        if scaled {
            client = client.set("rate_fraction", draw.pick(&[0.1, 1.0]));
            client = client.set("arrivals", one("poisson", block().set("rate", "1/s")));
        } else {
            client = client.set("arrivals", arrivals(draw, false));
        }
        client
            .maybe(draw, 0.3, "session", session)
            .maybe(draw, 0.4, "tokens", tokens)
            .maybe(draw, 0.3, "max_tokens", |d| d.pick(&[1, 60]))
            .maybe(draw, 0.2, "quality_threshold", Draw::share)
    };
    let (chat, nightly) = (client(draw, "chat"), client(draw, "nightly").set("slo_class", "batch"));
    let clients: Vec<Value> = vec![chat.into(), nightly.into()];
    let workload = if scaled { workload.set("aggregate_rate", "10/s") } else { workload };
    workload.set("clients", clients)
}
