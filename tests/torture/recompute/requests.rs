//! Formulas over the rows of `requests.csv`.

use std::collections::BTreeMap;

use windtunnel::kernel::Duration;

use super::rows::Row;
use super::statistics::{jain, mean, quantile, sum};
use super::{Value, Within};
use crate::hold::{Found, column, texts};
use crate::run::Books;

/// The measured window, in nanoseconds.
pub struct Window {
    /// When it closes, where the file says.
    closes: Option<u64>,
    /// Its length in seconds.
    pub length_s: f64,
}

impl Window {
    /// That of a run.
    pub fn of(books: &Books) -> Self {
        let closes = books.experiment.duration.map(Duration::as_nanos);
        Window { closes, length_s: books.metric("window_s") }
    }

    /// Whether what ends then, after the warm-up, ends in it.
    pub fn has(&self, nanos: u64) -> bool {
        self.closes.is_none_or(|closes| nanos < closes)
    }
}

/// Whether a request was answered.
pub fn is_answered(row: &Row<'_>) -> bool {
    ["hit", "answered", "coalesced"].contains(&row.text("outcome"))
}

/// Whether its workflow gave it up.
fn is_called_off(row: &Row<'_>) -> bool {
    row.text("error") == "Called off by its workflow"
}

fn e2e_s(row: &Row<'_>) -> f64 {
    (row.nanos("finish_s") - row.nanos("arrival_s")) as f64 / 1e9
}

/// Whether there are classes to tell apart.
fn has_classes(books: &Books) -> bool {
    !books.tables.classes.rows.is_empty()
}

/// Whether a request was answered within the targets of its class.
pub fn is_good(books: &Books, row: &Row<'_>) -> bool {
    let within = |target: Option<Duration>, value: f64| {
        target.is_none_or(|most| value <= most.as_nanos() as f64 / 1e9 * (1.0 + 1e-12))
    };
    let Some(slo) = &books.experiment.slo else { return is_answered(row) };
    let (ttft, tpot, e2e) = match slo.classes.get(row.text("slo_class")) {
        Some(own) => (own.ttft, own.tpot, own.e2e),
        None => (slo.ttft, slo.tpot, slo.e2e),
    };
    is_answered(row)
        && within(ttft, row.number("ttft_s"))
        && within(tpot, row.number("tpot_s"))
        && within(e2e, e2e_s(row))
}

/// Good answers by all requests, of each group.
fn shares(books: &Books, column: &str) -> Vec<f64> {
    let mut groups: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for row in books.requests.iter().filter(|row| row.is("measured")) {
        let (good, all) = groups.entry(row.text(column)).or_default();
        *good += f64::from(u8::from(is_good(books, &row)));
        *all += 1.0;
    }
    groups.values().map(|(good, all)| good / all).collect()
}

/// What rows of requests say.
pub fn values(books: &Books, window: &Window) -> Vec<Value> {
    let measured: Vec<Row<'_>> = books.requests.iter().filter(|row| row.is("measured")).collect();
    let count =
        |is: &dyn Fn(&Row<'_>) -> bool| measured.iter().filter(|row| is(row)).count() as f64;
    let outcome = |name: &'static str| count(&|row| row.text("outcome") == name);
    let error = |text: &'static str| count(&|row| row.text("error") == text);
    let cache = |name: &'static str| count(&|row| row.text("cache") == name);
    let (requests, completed) = (measured.len() as f64, count(&is_answered));
    let called_off = count(&is_called_off);
    let (errors, rejected) = (outcome("error"), outcome("rejected") - called_off);
    let (hits, misses) = (outcome("hit"), cache("miss"));
    let (stale, wrong) = (cache("stale_hit"), cache("false_hit"));
    let similar = count(&|row| row.text("cache_level") == "semantic" && is_answered(row));
    let answered: Vec<&Row<'_>> = measured.iter().filter(|row| is_answered(row)).collect();
    let e2e: Vec<f64> = answered.iter().map(|row| e2e_s(row)).collect();
    let ttft: Vec<f64> = answered.iter().map(|row| row.number("ttft_s")).collect();
    let quality: Vec<f64> = answered.iter().map(|row| row.number("quality")).collect();
    let failed = measured.iter().filter(|row| !is_answered(row) && !is_called_off(row));
    let failed: Vec<f64> = failed.map(e2e_s).collect();
    let waited = sum(answered.iter().map(|row| row.number("queue_s")));
    let saved = |outcome: &str| {
        let rows = answered.iter().filter(|row| row.text("outcome") == outcome);
        sum(rows.map(|row| row.number("saved_usd")))
    };
    let exact = |name, value| (name, value, Within::Rounding);
    let near = |name, value| (name, value, Within::Histogram);
    let mut values = vec![
        exact("requests", requests),
        exact("completed", completed),
        exact("errors", errors),
        exact("rejected", rejected),
        exact("error_rate", (errors + rejected) / requests),
        exact("cache_hits", hits),
        exact("cache_misses", misses),
        exact("cache_hit_rate", hits / (hits + misses)),
        exact("semantic_hits", similar),
        exact("semantic_false_hits", wrong),
        exact("semantic_precision", 1.0 - wrong / similar),
        exact("stale_hits", stale),
        exact("stale_hit_rate", stale / hits),
        exact("coalesced", outcome("coalesced")),
        exact("coalesced_saved_usd", saved("coalesced")),
        exact("cost_saved_usd", saved("hit")),
        exact("negative_hits", count(&|row| row.is("negative_hit"))),
        exact("budget_rejections", error("Insufficient budget for any available model")),
        exact("payload_bytes", sum(measured.iter().map(|row| row.number("payload_bytes")))),
        exact("e2e_mean_s", mean(&e2e)),
        near("e2e_p50_s", quantile(&e2e, 0.5)),
        near("e2e_p90_s", quantile(&e2e, 0.9)),
        near("e2e_p95_s", quantile(&e2e, 0.95)),
        near("e2e_p99_s", quantile(&e2e, 0.99)),
        exact("e2e_max_s", quantile(&e2e, 1.0)),
        exact("failed_e2e_mean_s", mean(&failed)),
        near("failed_e2e_p99_s", quantile(&failed, 0.99)),
        exact("ttft_mean_s", mean(&ttft)),
        near("ttft_p50_s", quantile(&ttft, 0.5)),
        near("ttft_p90_s", quantile(&ttft, 0.9)),
        near("ttft_p95_s", quantile(&ttft, 0.95)),
        near("ttft_p99_s", quantile(&ttft, 0.99)),
        exact("queue_share", waited / sum(e2e.iter().copied())),
        exact("quality_mean", mean(&quality)),
    ];
    values.extend(in_window(books, window));
    if has_classes(books) {
        let good = count(&|row| is_good(books, row));
        values.push(exact("slo_attainment", good / requests));
        values.push(exact("class_fairness", jain(&shares(books, "slo_class"))));
        values.push(exact("user_fairness", jain(&shares(books, "user"))));
    }
    if !books.tables.replicas.rows.is_empty() {
        values.push(exact("shed", error("Shed: the model is overloaded")));
        values.push(exact("rate_limited", error("Rate limit of the client exceeded")));
    }
    if books.experiment.gateway.is_some() {
        let expired = error("Waited too long in the gateway's queue");
        values.push(exact("gateway_expired", expired));
    }
    if books.has_workflows() {
        values.push(exact("called_off", called_off));
    }
    values
}

/// Rates: of answers that were given in the window, whenever their requests came.
fn in_window(books: &Books, window: &Window) -> [Value; 3] {
    let here = |row: &Row<'_>| is_answered(row) && window.has(row.nanos("finish_s"));
    let answers: Vec<Row<'_>> = books.requests.iter().filter(here).collect();
    let good: Vec<&Row<'_>> = answers.iter().filter(|row| is_good(books, row)).collect();
    let made = good.iter().filter(|row| row.text("outcome") == "answered");
    let tokens = sum(made.map(|row| row.number("output_tokens")));
    let rate = |name, amount: f64| (name, amount / window.length_s, Within::Rounding);
    [
        rate("throughput_rps", answers.len() as f64),
        rate("goodput_rps", good.len() as f64),
        rate("good_tokens_per_s", tokens),
    ]
}

/// The window is where the rows say: from the end of the warm-up until the file has it close,
/// or until the last row where it does not.
pub fn window(books: &Books, found: &mut Found) {
    let starts_s = books.tables.window_start_s;
    let closes_s = starts_s + books.metric("window_s");
    if let Some(duration) = books.experiment.duration {
        // One that begins later, with a late call of a workflow, is empty.
        let ends = duration.as_secs_f64().max(starts_s);
        found.same("the window ends with the duration", closes_s, ends);
    } else {
        let ends = books.requests.iter().map(|row| row.number("finish_s"));
        found.at_most("the window ends with the last row", ends.fold(0.0, f64::max), closes_s);
    }
    let starts = (starts_s * 1e9).round() as u64;
    for row in books.requests.iter() {
        let (arrival, finish) = (row.nanos("arrival_s"), row.nanos("finish_s"));
        let is_after = if row.is("measured") { arrival >= starts } else { arrival <= starts };
        found.holds("measured requests arrived in the window", is_after, || {
            format!("{arrival} ns, {starts} ns")
        });
        found.holds("rows ended after the warm-up", finish >= starts, || {
            format!("{finish} ns, {starts} ns")
        });
    }
}

/// Each user's, class's and level's part is that of its rows.
pub fn parts(books: &Books, found: &mut Found) {
    let tables = &books.tables;
    let window = Window::of(books);
    let measured: Vec<Row<'_>> = books.requests.iter().filter(|row| row.is("measured")).collect();
    let of = |group: &str, name: &str| -> Vec<Row<'_>> {
        measured.iter().filter(|row| row.text(group) == name).copied().collect()
    };
    let count = |rows: &[Row<'_>], is: &dyn Fn(&Row<'_>) -> bool| {
        rows.iter().filter(|row| is(row)).count() as f64
    };
    let rejected = |row: &Row<'_>| row.text("outcome") == "rejected" && !is_called_off(row);
    for (at, user) in texts(&tables.users, "user").into_iter().enumerate() {
        let rows = of("user", user);
        let mut same = |name: &str, expected: f64| {
            let kind = format!("{name} of users is what the rows give");
            found.same(&kind, column(&tables.users, name)[at], expected);
        };
        same("requests", rows.len() as f64);
        same("completed", count(&rows, &is_answered));
        same("cache_hits", count(&rows, &|row| row.text("outcome") == "hit"));
        same("rejected", count(&rows, &rejected));
        same("errors", count(&rows, &|row| row.text("outcome") == "error"));
    }
    for (at, class) in texts(&tables.classes, "class").into_iter().enumerate() {
        let rows = of("slo_class", class);
        let mut same = |name: &str, expected: f64| {
            let kind = format!("{name} of classes is what the rows give");
            found.same(&kind, column(&tables.classes, name)[at], expected);
        };
        let good = |row: &Row<'_>| is_good(books, row);
        same("requests", rows.len() as f64);
        same("completed", count(&rows, &is_answered));
        same("rejected", count(&rows, &rejected));
        same("good", count(&rows, &good));
        let here = |row: &Row<'_>| row.text("slo_class") == class && good(row);
        let here = books.requests.iter().filter(here);
        let here = here.filter(|row| window.has(row.nanos("finish_s"))).count() as f64;
        if window.length_s > 0.0 {
            same("goodput_rps", here / window.length_s);
        }
    }
    let models: Vec<&str> = texts(&tables.models, "model");
    for (at, model) in models.into_iter().enumerate() {
        let rows = of("model", model);
        let mut same = |name: &str, expected: f64| {
            let kind = format!("{name} of models is what the rows give");
            found.same(&kind, column(&tables.models, name)[at], expected);
        };
        same("completed", count(&rows, &is_answered));
        same("cache_hits", count(&rows, &|row| row.text("outcome") == "hit"));
    }
    if books.all_measured() {
        let levels = texts(&tables.levels, "level");
        for (at, level) in levels.into_iter().enumerate() {
            let hits = count(&measured, &|row| row.text("cache_level") == level);
            let kind = "hits of levels are what the rows give";
            found.same(kind, column(&tables.levels, "hits")[at], hits);
        }
    }
}
