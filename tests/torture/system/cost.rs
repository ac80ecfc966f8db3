//! Prices, choices of a model, budgets, levers, divided amounts.

use serde_yaml::Value;

use super::Names;
use crate::block::{Block, block, one};
use crate::draw::Draw;

/// What a model's tokens cost.
pub fn price(draw: &mut Draw) -> Block {
    let price = if draw.chance(0.3) {
        block().set("per_token", draw.price())
    } else {
        block().set("input", draw.price()).set("output", draw.price())
    };
    price
        .maybe(draw, 0.3, "cached_input", Draw::price)
        .maybe(draw, 0.2, "cache_write", Draw::price)
        .maybe(draw, 0.1, "cache_write_1h", Draw::price)
        .maybe(draw, 0.3, "batch", |d| block().set("input", d.price()).set("output", d.price()))
        .maybe(draw, 0.15, "above", |d| {
            let tier = block().set("tokens", d.pick(&[1, 100])).set("input", d.price());
            vec![Value::from(tier)]
        })
        .maybe(draw, 0.2, "per_gpu_hour", |d| d.pick(&["$0.000001", "$4"]))
        .maybe(draw, 0.1, "changes", |d| {
            let change = block().set("at", "2026-01-01T00:00:01Z").set("output", d.price());
            vec![Value::from(change)]
        })
}

/// The same with both prices of writing to a cache.
pub fn write_prices(draw: &mut Draw, price: Block) -> Block {
    price.set("cache_write", draw.price()).set("cache_write_1h", draw.price())
}

/// All that is said of money.
pub fn cost(draw: &mut Draw, names: &Names) -> Block {
    let select = draw.chance(0.75).then(|| select(draw, names));
    let needs = select.as_ref().is_some_and(|select| {
        ["threshold", "cascade"].iter().any(|name| select.get(name).is_some())
    });
    let by_estimate = select.as_ref().is_none_or(|select| {
        let names = ["utility", "cheapest", "pacing", "floor"];
        names.iter().any(|name| select.get(name).is_some() || select.as_str() == Some(name))
    });
    let mut cost = block();
    if let Some(select) = &select {
        cost = cost.set("select", select.clone());
    }
    let cascade = select.as_ref().is_some_and(|select| select.get("cascade").is_some());
    if !cascade {
        cost = cost.maybe(draw, 0.2, "sticky", |d| {
            one("session", block().maybe(d, 0.5, "idle", Draw::short))
        });
    }
    if by_estimate {
        cost = cost.maybe(draw, 0.3, "switch_penalty", |d| {
            if d.chance(0.5) {
                Value::from("$0.000001")
            } else {
                one("utility", d.pick(&[0.0, 0.5, 0.99]))
            }
        });
    }
    if needs || draw.chance(0.3) {
        cost = cost.set("quality", quality(draw, names));
    }
    cost = cost
        .maybe(draw, 0.5, "budgets", |d| {
            let of = d.name(&[&names.classes[..], &names.users[..]].concat());
            let budgets = block().maybe(d, 0.7, "default", |d| budget(d, names));
            budgets.maybe(d, 0.5, &of, |d| budget(d, names))
        })
        .maybe(draw, 0.15, "global", |d| budget(d, names))
        .maybe(draw, 0.3, "charge", |d| {
            if d.chance(0.3) {
                Value::from("on_completion")
            } else {
                one("reserve", block().set("output", d.share()))
            }
        })
        .maybe(draw, 0.3, "levers", |d| levers(d, names))
        .maybe(draw, 0.3, "wrong_answer", Draw::money)
        .maybe(draw, 0.1, "cache_aware", |d| d.chance(0.5))
        .maybe(draw, 0.3, "allocate", |d| allocate(d, names));
    shared(draw, names, cost)
}

/// Teams and keys.
fn shared(draw: &mut Draw, names: &Names, cost: Block) -> Block {
    let one_of = |draw: &mut Draw, names: &Names| {
        let members: Vec<Value> = names.users.iter().map(|user| user.as_str().into()).collect();
        block().set("members", members).set("budget", budget(draw, names))
    };
    cost.maybe(draw, 0.15, "teams", |d| block().set("search", one_of(d, names))).maybe(
        draw,
        0.1,
        "keys",
        |d| block().set("key-1", one_of(d, names)),
    )
}

fn select(draw: &mut Draw, names: &Names) -> Value {
    let models = &names.models;
    let several = models.len() > 1;
    let model = draw.name(models);
    match draw.below(if several { 16 } else { 10 }) {
        0 => one("fixed", model),
        1 => one("cheapest", block().set("quality_threshold", draw.share())),
        2 => one("best", block().maybe(draw, 0.5, "per_request", Draw::money)),
        3 => {
            one("fastest", block().maybe(draw, 0.4, "slo", Draw::time).set("explore", draw.share()))
        }
        4 => one("random", block().set("weights", block().set(&model, 1.0))),
        5 => one("epsilon_greedy", block().set("epsilon", draw.share()).set("cost_weight", 10.0)),
        6 => one("thompson", block().set("feedback", draw.share())),
        7 => one(
            "pacing",
            block().set("budget", draw.money()).set("every", draw.pick(&["1s", "1d"])),
        ),
        8 => one("floor", block().set("quality", draw.share()).set("window", draw.few())),
        9 => one("utility", block().set("fallback", model)),
        10 | 11 => {
            let (weak, strong) = (models[0].as_str(), models[1].as_str());
            let threshold = block().set("weak", weak).set("strong", strong);
            one("threshold", threshold.set("threshold", draw.share()))
        }
        _ => {
            let judge = block()
                .set("false_reject", draw.share())
                .maybe(draw, 0.5, "false_accept", Draw::share)
                .maybe(draw, 0.5, "cost", Draw::money)
                .maybe(draw, 0.5, "latency", Draw::short);
            let models: Vec<Value> = models.iter().map(|it| it.as_str().into()).collect();
            one("cascade", block().set("models", models).set("judge", judge))
        }
    }
}

fn quality(draw: &mut Draw, names: &Names) -> Block {
    let easy = draw.pick(&[0.0, 0.5, 1.0]);
    let accuracy = names.real_models().iter().fold(block(), |accuracy, model| {
        accuracy.set(model, block().set("easy", draw.share()).set("hard", draw.share()))
    });
    block()
        .set("difficulties", block().set("easy", easy).set("hard", 1.0 - easy))
        .set("accuracy", accuracy)
}

fn budget(draw: &mut Draw, names: &Names) -> Block {
    let mut budget =
        block()
            .maybe(draw, 0.8, "soft", Draw::share)
            .maybe(draw, 0.2, "at_soft", |d| downgrade(d, names, "alert"));
    let queues = draw.chance(0.4);
    // What waits for a day or a month does so only where nothing else happens by the second.
    if !queues || names.patient {
        budget =
            budget.maybe(draw, 0.4, "daily", Draw::money).maybe(draw, 0.3, "monthly", Draw::money);
    }
    if queues || draw.chance(0.6) {
        let span = if names.patient { "1d" } else { draw.pick(&["1ms", "1s", "10s"]) };
        budget = budget.set("max_budget", draw.money());
        if queues || draw.chance(0.6) {
            budget = budget.set("budget_duration", span).maybe(draw, 0.4, "sliding", |_| true);
        }
    }
    if queues {
        let limit = draw.pick(&[0, 1, 10_000]);
        let queue = one("queue", block().set("limit", limit));
        return budget.set("at_limit", queue);
    }
    budget.maybe(draw, 0.5, "at_limit", |d| downgrade(d, names, "reject"))
}

/// Another model, or what happens by default.
fn downgrade(draw: &mut Draw, names: &Names, default: &str) -> Value {
    if draw.chance(0.4) { default.into() } else { one("downgrade", draw.name(&names.models)) }
}

fn levers(draw: &mut Draw, names: &Names) -> Block {
    block()
        .maybe(draw, 0.5, "baseline", |d| d.name(&names.real_models()))
        .maybe(draw, 0.4, "compression", |d| {
            block().set("keep", d.share()).set("min_tokens", d.pick(&[0, 20])).maybe(
                d,
                0.5,
                "latency",
                Draw::short,
            )
        })
        .maybe(draw, 0.4, "trim", |d| block().set("max_tokens", d.pick(&[1, 20])))
        .maybe(draw, 0.4, "batch", |d| {
            let soonest = d.short();
            let latest = if names.patient { "24h" } else { "2s" };
            let batch = block().set("share", d.share()).set("soonest", soonest);
            batch.set("latest", latest).maybe(d, 0.3, "classes", |_| vec![Value::from("vip")])
        })
}

fn allocate(draw: &mut Draw, names: &Names) -> Block {
    // What is divided among models is not for groups of them.
    let among = draw.pick(&["classes", "users", "teams", "models"]);
    let grouped = !names.models_in_groups.is_empty();
    let among = if grouped && among == "models" { "teams" } else { among };
    let every = if names.patient { "1d" } else { draw.pick(&["100ms", "1s", "10s"]) };
    let allocate = match draw.below(3) {
        0 => block().set("money", draw.money()),
        1 => block().set("tokens", draw.pick(&[1, 500, 100_000])),
        _ => block()
            .set("places", draw.pick(&[1, 1, 2, 10]))
            .maybe(draw, 0.5, "lend", |_| true)
            .maybe(draw, 0.4, "queue", |d| d.pick(&[0, 1, 50])),
    };
    let tenants = match among {
        "users" => names.users.clone(),
        "models" => names.models.clone(),
        "teams" => vec!["search".to_owned()],
        _ => names.classes.clone(),
    };
    let tenant = draw.name(&tenants);
    allocate
        .set("every", every)
        .set("among", among)
        .set("by", draw.pick(&["fixed", "proportional", "max_min", "utility"]))
        .maybe(draw, 0.4, "weights", |_| block().set(&tenant, 2.0))
}
