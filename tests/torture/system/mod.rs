//! A system at random: everything that an experiment file can say, with weight on what
//! is extreme and yet legal.
//!
//! What is not drawn up: what needs files of others (vectors, paraphrases, price maps,
//! profiles of steps, recorded workflows) and searches. Files of recorded jobs are written.

mod agents;
mod cache;
mod cost;
mod engine;
mod gateway;
mod recorded;
mod resilience;
mod server;
mod steps;
mod watch;
mod workflows;
mod workload;

use serde_yaml::Value;

use crate::block::{Block, block};
use crate::draw::Draw;

/// What the parts of an experiment must agree on.
pub struct Names {
    /// Of models.
    pub models: Vec<String>,
    /// Of classes of users.
    pub classes: Vec<String>,
    /// Of SLO classes.
    pub slo_classes: Vec<String>,
    /// Of users.
    pub users: Vec<String>,
    /// Whether requests may wait for days, so that nothing else should happen by the
    /// second.
    pub patient: bool,
    /// Whether workflows multiply requests.
    pub flows: bool,
    /// Whether prompts have texts.
    pub texts: bool,
    /// Tokens of a block of the trace.
    pub blocks: Option<u64>,
}

/// The experiment of a seed.
pub fn experiment(seed: u64) -> Value {
    let draw = &mut Draw::new(seed);
    let names = &mut names(draw);
    let workload = workload::workload(draw, names);
    let mut experiment = block()
        .set("name", format!("system-{seed}"))
        .set("seed", seed)
        .maybe(draw, 0.4, "start", |d| {
            d.pick(&["2026-01-31T23:59:30Z", "2026-12-31T23:59:59Z", "2026-02-28T12:00:00Z"])
        })
        .set("replications", 1);
    experiment = length(draw, names, experiment).set("workload", workload);
    if draw.chance(0.5) {
        experiment = experiment.set("pipeline", pipeline(draw));
    }
    if draw.chance(0.55) {
        experiment = experiment.set("cache", cache::cache(draw, names));
    }
    if draw.chance(0.95) {
        experiment = experiment.set("models", models(draw, names));
    } else {
        names.models.clear();
    }
    if draw.chance(0.6) {
        experiment = experiment.set("resilience", resilience::resilience(draw, names));
    }
    if names.flows {
        experiment = experiment.set("orchestration", workflows::orchestration(draw, names));
    }
    if draw.chance(0.6) && !names.models.is_empty() {
        experiment = experiment.set("cost", cost::cost(draw, names));
    }
    let divides = experiment.features().iter().any(|it| it == "allocate.places");
    if draw.chance(0.25) && !divides {
        experiment = experiment.set("gateway", gateway::gateway(draw, names));
    }
    let slo = draw.chance(0.5);
    if slo {
        experiment = experiment.set("slo", watch::slo(draw, names));
    }
    if draw.chance(0.4) {
        experiment = experiment.set("monitors", watch::monitors(draw, names, slo));
    }
    experiment.maybe(draw, 0.8, "record", watch::record).into()
}

fn names(draw: &mut Draw) -> Names {
    let names = |from: &[&str]| from.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let models = draw.pick(&[1, 1, 2, 2, 3]);
    Names {
        models: names(&["a", "b", "c"][..models]),
        classes: names(&["vip", "default"]),
        slo_classes: names(&["standard"]),
        users: names(&["anonymous"]),
        patient: draw.chance(0.08),
        flows: draw.chance(0.4),
        texts: false,
        blocks: None,
    }
}

/// How long it runs, and what of it counts.
fn length(draw: &mut Draw, names: &Names, experiment: Block) -> Block {
    let most = if names.flows { [1, 3, 10, 30, 60] } else { [1, 20, 60, 150, 300] };
    let requests = draw.pick(&most);
    let duration = draw.pick(&["1s", "10s", "1m", "1m", "10m", "1h"]);
    let experiment = experiment
        .set("requests", requests)
        .maybe(draw, 0.5, "duration", |_| duration)
        .maybe(draw, 0.4, "warmup", |d| match d.below(4) {
            0 => "500ms".to_owned(),
            1 => "auto".to_owned(),
            _ => format!("{} requests", requests / 3),
        });
    sweep(draw, experiment)
}

/// Now and then several points.
fn sweep(draw: &mut Draw, experiment: Block) -> Block {
    if draw.chance(0.9) {
        return experiment;
    }
    let tokens = vec![Value::from(1), Value::from(40)];
    let path = "workload.max_tokens";
    let range = block().set("from", 1).set("to", 50);
    let design = match draw.below(6) {
        0 => block().set("grid", block().set(path, tokens)),
        1 => block().set("zip", block().set(path, tokens)),
        2 => block().set("one_at_a_time", block().set(path, tokens)),
        3 => {
            let point =
                |name: &str, most: u64| Value::from(block().set("name", name).set(path, most));
            block().set("list", vec![point("short", 1), point("long", 90)])
        }
        4 => {
            let ranges = block().set(path, range);
            block().set("latin_hypercube", block().set("points", 2).set("ranges", ranges))
        }
        _ => {
            block().set("random", block().set("points", 2).set("ranges", block().set(path, range)))
        }
    };
    experiment.set("sweep", design)
}

fn pipeline(draw: &mut Draw) -> Block {
    let stages = ["validate", "preprocess", "key", "select", "postprocess", "format"];
    let stages =
        stages.into_iter().fold(block(), |block, stage| block.maybe(draw, 0.3, stage, Draw::short));
    block()
        .maybe(draw, 0.5, "max_prompt_length", |d| d.pick(&[1, 100, 1000, 100_000]))
        .maybe(draw, 0.4, "max_tokens_cap", |d| d.pick(&[1, 20, 512]))
        .maybe(draw, 0.3, "defaults", |d| {
            block()
                .set("max_tokens", d.pick(&[1, 100]))
                .set("temperature", d.pick(&[0.0, 0.7]))
                .maybe(d, 0.5, "top_p", |d| d.pick(&[0.5, 1.0]))
        })
        .set("stages", stages)
        .maybe(draw, 0.2, "log", |d| block().set("capacity", d.pick(&[0, 1, 100])))
}

fn models(draw: &mut Draw, names: &Names) -> Block {
    names.models.iter().fold(block(), |models, name| {
        let model = block()
            .maybe(draw, 0.9, "price", cost::price)
            .maybe(draw, 0.7, "quality", Draw::share)
            .maybe(draw, 0.95, "server", |d| server::server(d, names));
        models.set(name, model)
    })
}
