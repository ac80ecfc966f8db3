//! Formulas over the rows of `attempts.csv`.

use std::collections::HashMap;

use windtunnel::stats::Table;

use super::requests::Window;
use super::rows::Row;
use super::statistics::{mean, quantile, sum, weighted_quantile};
use super::{Value, Within};
use crate::hold::{Found, column, texts};
use crate::run::Books;

/// Whether models of the file have GPUs of their own, as far as it says.
pub fn has_gpus(books: &Books, model: &str) -> bool {
    let Some(spec) = books.experiment.models.get(model) else { return false };
    let priced = spec.price.per_gpu_hour.is_some();
    spec.server.engine.is_some() || spec.server.gpus.is_some() || priced
}

/// What rows of attempts say.
pub fn values(books: &Books, window: &Window) -> Vec<Value> {
    let measured: Vec<Row<'_>> = books.attempts.iter().filter(|row| row.is("measured")).collect();
    let outcome = |row: &Row<'_>, name: &str| row.text("outcome") == name;
    let answered: Vec<&Row<'_>> = measured.iter().filter(|row| outcome(row, "answered")).collect();
    let all = |name: &str| sum(measured.iter().map(|row| row.number(name)));
    let of = |rows: &[&Row<'_>], name: &str| -> Vec<f64> {
        rows.iter().filter_map(|row| row.value(name)).collect()
    };
    let exact = |name, value| (name, value, Within::Rounding);
    let near = |name, value| (name, value, Within::Histogram);
    let (queue, inference) = (of(&answered, "queue_s"), of(&answered, "inference_s"));
    let tpot = of(&answered, "tpot_s");
    let mut values = vec![
        near("tpot_p50_s", quantile(&tpot, 0.5)),
        near("tpot_p90_s", quantile(&tpot, 0.9)),
        near("tpot_p95_s", quantile(&tpot, 0.95)),
        near("tpot_p99_s", quantile(&tpot, 0.99)),
        exact("tpot_mean_s", mean(&tpot)),
        near("tokens_per_s_per_user", 1.0 / quantile(&tpot, 0.5)),
        exact("queue_mean_s", mean(&queue)),
        near("queue_p99_s", quantile(&queue, 0.99)),
        exact("inference_mean_s", mean(&inference)),
        exact("inference_total_s", sum(inference.iter().copied())),
        exact("input_tokens", all("input_tokens")),
        exact("output_tokens", all("output_tokens")),
        exact("token_cost_usd", all("cost_usd")),
    ];
    // Where a batch is decoded together, times between tokens are those of its steps.
    if books.experiment.models.values().all(|model| model.server.engine.is_none()) {
        let gaps = answered
            .iter()
            .filter_map(|row| Some((row.value("tpot_s")?, row.number("output_tokens") - 1.0)));
        let gaps: Vec<(f64, f64)> = gaps.collect();
        for (name, q) in
            [("itl_p50_s", 0.5), ("itl_p90_s", 0.9), ("itl_p95_s", 0.95), ("itl_p99_s", 0.99)]
        {
            values.push(near(name, weighted_quantile(&gaps, q)));
        }
    }
    values.extend(prefixes(&measured));
    values.extend(prompts(books, &measured));
    values.extend(in_window(books, window));
    let fleets = !books.tables.replicas.rows.is_empty();
    if fleets || books.has_workflows() {
        let came_to_something = ["answered", "kept_alive"];
        let vain = measured.iter().filter(|row| !came_to_something.contains(&row.text("outcome")));
        values.push(exact("wasted_cost_usd", sum(vain.map(|row| row.number("cost_usd")))));
    }
    if fleets {
        values.extend(counts(&measured));
    }
    values
}

/// What prefix caches had.
fn prefixes(measured: &[Row<'_>]) -> Vec<Value> {
    let exact = |name, value| (name, value, Within::Rounding);
    let kept: Vec<&Row<'_>> =
        measured.iter().filter(|row| row.value("cached_input_tokens").is_some()).collect();
    let cached = sum(kept.iter().map(|row| row.number("cached_input_tokens")));
    let input = sum(kept.iter().map(|row| row.number("input_tokens")));
    let looked_up = kept.iter().filter(|row| row.text("outcome") == "answered");
    let blocks = sum(looked_up.clone().map(|row| row.number("prefix_blocks")));
    let found = sum(looked_up.map(|row| row.number("prefix_blocks_found")));
    vec![
        exact("cached_input_tokens", if input > 0.0 { cached } else { f64::NAN }),
        exact("prefix_hit_rate", cached / input),
        exact("prefix_block_hit_rate", found / blocks),
    ]
}

/// What prompt caches had, and what it cost to keep it there.
fn prompts(books: &Books, measured: &[Row<'_>]) -> Vec<Value> {
    let exact = |name, value| (name, value, Within::Rounding);
    let has = |row: &&&Row<'_>| {
        let model = books.experiment.models.get(row.text("model"));
        model.is_some_and(|model| model.prompt_cache.is_some())
    };
    let there = books.experiment.models.values().any(|model| model.prompt_cache.is_some());
    let or_none = |value: f64| if there { value } else { f64::NAN };
    let rows: Vec<&Row<'_>> = measured.iter().collect();
    let (kept, asked): (Vec<&Row<'_>>, Vec<&Row<'_>>) =
        rows.iter().filter(has).partition(|row| row.text("kind") == "keep_alive");
    let asked: Vec<&Row<'_>> =
        asked.into_iter().filter(|row| row.value("cached_input_tokens").is_some()).collect();
    let read = sum(asked.iter().map(|row| row.number("cached_input_tokens")));
    let input = sum(asked.iter().map(|row| row.number("input_tokens")));
    vec![
        exact("prompt_cache_read_tokens", or_none(read)),
        exact("prompt_cache_hit_rate", or_none(read / input)),
        exact("keep_alives", or_none(kept.len() as f64)),
        exact("keep_alive_usd", or_none(sum(kept.iter().map(|row| row.number("cost_usd"))))),
    ]
}

/// Tokens by second: of attempts that ended in the window, whenever they were made.
fn in_window(books: &Books, window: &Window) -> Vec<Value> {
    let here: Vec<Row<'_>> =
        books.attempts.iter().filter(|row| window.has(row.nanos("end_s"))).collect();
    let all = |name: &str| sum(here.iter().map(|row| row.number(name)));
    let output = all("output_tokens");
    let rate = |name, amount: f64| (name, amount / window.length_s, Within::Rounding);
    let own = here.iter().filter(|row| has_gpus(books, row.text("model")));
    let own = sum(own.map(|row| row.number("output_tokens")));
    let mut values = vec![
        rate("output_tokens_per_s", output),
        rate("total_tokens_per_s", output + all("input_tokens")),
        ("tokens_per_s_per_gpu", own / super::servers::gpu_s(books, window), Within::Rounding),
    ];
    // When judges, tools and wrong answers were paid for is in no row.
    let judged = books.requests.iter().any(|row| row.number("judge_cost_usd") > 0.0);
    let priced = books.experiment.cost.as_ref().is_some_and(|cost| cost.wrong_answer.is_some());
    if !books.has_workflows() && !judged && !priced {
        let paid = all("cost_usd") + books.count("server_cost_usd");
        let (input, hours) = (all("input_tokens"), window.length_s / 3600.0);
        for (name, units) in [
            ("cost_per_hour_usd", hours),
            ("cost_per_month_usd", hours / 730.0),
            ("cost_per_input_mtok_usd", input / 1e6),
            ("cost_per_output_mtok_usd", output / 1e6),
            ("cost_per_mtok_usd", (input + output) / 1e6),
        ] {
            values.push((name, paid / units, Within::Rounding));
        }
    }
    values
}

/// How many were made, and what they came to.
fn counts(measured: &[Row<'_>]) -> Vec<Value> {
    let count =
        |is: &dyn Fn(&Row<'_>) -> bool| measured.iter().filter(|row| is(row)).count() as f64;
    let outcome = |name: &'static str| count(&|row| row.text("outcome") == name);
    let kind = |name: &'static str| count(&|row| row.text("kind") == name);
    let is_sent = |row: &Row<'_>| !row.text("replica").is_empty();
    let unsent = count(&|row| {
        let elsewhere = ["batch", "keep_alive"].contains(&row.text("kind"));
        !is_sent(row) && !elsewhere && row.text("outcome") != "throttled"
    });
    let won = count(&|row| row.text("kind") == "hedge" && row.text("outcome") == "answered");
    let values = [
        ("attempts", count(&is_sent)),
        ("unsent", unsent),
        ("throttled", outcome("throttled")),
        ("retries", kind("retry")),
        ("hedges", kind("hedge")),
        ("hedges_won", won),
        ("fallbacks", kind("fallback")),
        ("timeouts", outcome("timeout")),
        ("crashed", outcome("crashed")),
    ];
    values.map(|(name, value)| (name, value, Within::Rounding)).into()
}

/// Each model's, user's and replica's part is that of its rows.
pub fn parts(books: &Books, found: &mut Found) {
    let measured: Vec<Row<'_>> = books.attempts.iter().filter(|row| row.is("measured")).collect();
    let asked = books.requests.iter().map(|row| (row.text("request_id"), row.text("user")));
    let users: HashMap<&str, &str> = asked.collect();
    let model = |row: &Row<'_>| row.text("model").to_owned();
    let user = |row: &Row<'_>| users.get(row.text("request_id")).copied().unwrap_or("").to_owned();
    let tables = &books.tables;
    of_groups("models", &tables.models, "model", &sums(&measured, model), found);
    of_groups("users", &tables.users, "user", &sums(&measured, user), found);
    // Where prompts are computed apart, a row has the last of two replicas.
    let names = texts(&tables.replicas, "model").into_iter();
    let numbers = column(&tables.replicas, "replica").into_iter();
    let requests = column(&tables.replicas, "requests");
    for ((name, replica), requests) in names.zip(numbers).zip(requests) {
        let number = replica.to_string();
        let sent = |row: &&Row<'_>| row.text("model") == name && row.text("replica") == number;
        if !replica.is_nan() {
            let sent = measured.iter().filter(sent).count() as f64;
            found.same("requests of replicas are what the rows give", requests, sent);
        }
    }
}

/// What is added up of each group.
const SUMS: [(&str, &str); 3] = [
    ("input_tokens", "input_tokens"),
    ("output_tokens", "output_tokens"),
    ("token_cost_usd", "cost_usd"),
];

type Sums = HashMap<String, [f64; SUMS.len()]>;

fn sums(rows: &[Row<'_>], group: impl Fn(&Row<'_>) -> String) -> Sums {
    let mut sums = Sums::new();
    for row in rows {
        let of_group = sums.entry(group(row)).or_default();
        for (sum, (_, name)) in of_group.iter_mut().zip(SUMS) {
            *sum += row.number(name);
        }
    }
    sums
}

fn of_groups(groups: &str, table: &Table, key: &str, sums: &Sums, found: &mut Found) {
    for (at, name) in texts(table, key).into_iter().enumerate() {
        let expected = sums.get(name).copied().unwrap_or_default();
        for (sum, (name, _)) in expected.into_iter().zip(SUMS) {
            let value = column(table, name)[at];
            let near = (value - sum).abs() <= 1e-9 + 1e-8 * sum.abs();
            let kind = format!("{name} of {groups} is what the rows give");
            found.holds(&kind, near, || format!("{value}, and {sum} by the rows"));
        }
    }
}
