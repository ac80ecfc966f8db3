//! Sums over parts, and wholes.

use std::collections::HashMap;

use windtunnel::stats::Table;

use crate::hold::{Found, column, sum, texts};
use crate::run::Books;

/// Money is the sum of its parts, however it is divided.
pub fn money(books: &Books, found: &mut Found) {
    let tables = &books.tables;
    let (cost, saved) = (books.count("cost_usd"), books.count("cost_saved_usd"));
    let parts: f64 = PARTS.iter().map(|part| books.count(part)).sum();
    found.same("cost_usd is the sum of its parts", parts, cost);
    // Judges and tools are no models, nor are workflows that come to a wrong result.
    let wrong = books.count("wrong_answer_cost_usd");
    let of_models = sum(&tables.models, "wrong_answer_cost_usd");
    let fees = books.count("judge_cost_usd") + books.count("tool_cost_usd");
    let others = fees + wrong - of_models;
    // Servers that nobody used are nobody's.
    let servers = books.count("server_cost_usd");
    let unused = if books.count("requests") == 0.0 { servers } else { 0.0 };
    for (by, table, others) in
        [("models", &tables.models, others), ("users", &tables.users, unused)]
    {
        let paid = sum(table, "cost_usd") + others;
        found.same(&format!("cost_usd is the sum over {by}"), paid, cost);
        found.same(&format!("cost_saved_usd is the sum over {by}"), sum(table, "saved_usd"), saved);
        found.same(
            &format!("token_cost_usd is the sum over {by}"),
            sum(table, "token_cost_usd"),
            books.count("token_cost_usd"),
        );
        parts_of_rows(by, table, found);
    }
    for part in ["judge_cost_usd", "tool_cost_usd", "wrong_answer_cost_usd"] {
        let kind = format!("{part} is the sum over users");
        found.same(&kind, sum(&tables.users, part), books.count(part));
    }
    if tables.workflows.rows.is_empty() {
        found.same("wrong_answer_cost_usd is the sum over models", of_models, wrong);
    } else {
        let of_workflows = sum(&tables.workflows, "wrong_answer_cost_usd");
        found.same("wrong_answer_cost_usd is the sum over workflows", of_workflows, wrong);
        found.at_most("models' wrong answers are of all", of_models, wrong);
    }
    for (by, table) in [("models", &tables.models), ("replicas", &tables.replicas)] {
        if !table.rows.is_empty() {
            let kind = format!("server_cost_usd is the sum over {by}");
            found.same(&kind, sum(table, "server_cost_usd"), servers);
        }
    }
    let price = books.experiment.cost.as_ref().and_then(|cost| cost.wrong_answer);
    let wrong = books.count("wrong_answers") * price.unwrap_or_default().usd();
    let kind = "wrong_answer_cost_usd is the price of wrong_answers";
    found.same(kind, books.count("wrong_answer_cost_usd"), wrong);
    if tables.workflows.rows.is_empty() {
        let false_hits = books.count("semantic_false_hits");
        found.at_most("false hits are wrong answers", false_hits, books.count("wrong_answers"));
    }
    paid_for(books, found);
    rates(books, found);
    if !tables.answers.rows.is_empty() {
        let answers = &tables.answers;
        found.same("answers.csv adds up to the bill", sum(answers, "cost_usd"), cost);
        found.same(
            "answers.csv has all answers",
            sum(answers, "answers"),
            books.count("completed"),
        );
    }
    savings(books, found);
    showback(books, found);
    prompts(books, found);
}

/// What was read of prompts, written and neither is all of them, and so are the reasons why.
fn prompts(books: &Books, found: &mut Found) {
    let table = &books.tables.prompts;
    let of = |name: &str| sum(table, name);
    let reasons = ["cold", "expired", "evicted", "changed", "too_short", "unmarked"]
        .into_iter()
        .chain(["other_machine", "switched"]);
    let missed: f64 = reasons.map(|reason| of(&format!("{reason}_tokens"))).sum();
    let unread = of("written_tokens") + of("uncached_tokens");
    found.same("what was not read has its reasons", missed, unread);
    for name in ["read", "written", "uncached", "cold", "expired", "switched"] {
        for unit in ["tokens", "usd"] {
            let column = format!("{name}_{unit}");
            let kind = format!("prompt_cache_{column} is the sum over models");
            found.same(&kind, of(&column), books.count(&format!("prompt_cache_{column}")));
        }
    }
    found.same("keep_alives is the sum over models", of("keep_alives"), books.count("keep_alives"));
    let paid = of("read_usd") + of("written_usd") + of("uncached_usd") + of("keep_alive_usd");
    found.at_most("what prompts cost is part of tokens", paid, books.count("token_cost_usd"));
}

/// What a bill is made of.
const PARTS: [&str; 5] = [
    "token_cost_usd",
    "server_cost_usd",
    "judge_cost_usd",
    "tool_cost_usd",
    "wrong_answer_cost_usd",
];

/// In each row of a table the parts that it has are the whole.
fn parts_of_rows(by: &str, table: &Table, found: &mut Found) {
    let parts: Vec<Vec<f64>> = PARTS.iter().map(|part| column(table, part)).collect();
    for (row, cost) in column(table, "cost_usd").into_iter().enumerate() {
        let sum: f64 = parts.iter().filter_map(|part| part.get(row)).sum();
        found.same(&format!("cost_usd of each of {by} is the sum of its parts"), sum, cost);
    }
}

/// Rows of requests and of attempts in vain have all that was charged for tokens and judges.
fn paid_for(books: &Books, found: &mut Found) {
    let measured = books.rows.iter().filter(|row| row.measured);
    let of_rows: f64 = measured.map(|row| row.cost_usd).sum();
    let charged = books.count("token_cost_usd") + books.count("judge_cost_usd");
    let kind = "what requests were charged and what was wasted is for tokens and judges";
    let vain = books.count("wasted_cost_usd") + books.count("keep_alive_usd");
    found.same(kind, of_rows + vain, charged);
    let metric = books.metric("list_cost_usd");
    if !metric.is_nan() {
        let listed = books.rows.iter().filter(|row| row.measured).map(|row| row.list_usd).sum();
        found.same("list_cost_usd is the sum over requests", listed, metric);
    }
}

/// What is said by request, hour and token is the same bill.
fn rates(books: &Books, found: &mut Found) {
    let cost = books.count("cost_usd");
    for (metric, units) in [
        ("cost_per_request_usd", books.count("requests")),
        ("cost_per_workflow_usd", books.count("workflows")),
    ] {
        let each = books.metric(metric);
        if !each.is_nan() {
            found.same(&format!("{metric} x units is cost_usd"), each * units, cost);
        }
    }
    let month = books.metric("cost_per_month_usd");
    found.same("a month is 730 hours", month, books.metric("cost_per_hour_usd") * 730.0);
    // No good request is cheaper than one of all.
    let good = books.metric("cost_per_good_request_usd");
    found.at_most("cost of a request <= of a good one", books.metric("cost_per_request_usd"), good);
}

fn savings(books: &Books, found: &mut Found) {
    let amounts = column(&books.tables.savings, "usd");
    let [list, between @ .., paid] = &amounts[..] else { return };
    let rest = list - between.iter().sum::<f64>();
    found.same("list price - savings = paid", rest, *paid);
    found.same("paid is cost_usd", *paid, books.count("cost_usd"));
    let metric = books.metric("list_cost_usd");
    if !metric.is_nan() {
        found.same("list price of savings.csv is list_cost_usd", *list, metric);
    }
}

fn showback(books: &Books, found: &mut Found) {
    let table = &books.tables.showback;
    if table.rows.is_empty() {
        return;
    }
    let kinds = texts(table, "kind");
    for (column_name, metric) in [
        ("requests", "requests"),
        ("cache_hits", "cache_hits"),
        ("cost_usd", "cost_usd"),
        ("token_cost_usd", "token_cost_usd"),
        ("judge_cost_usd", "judge_cost_usd"),
        ("tool_cost_usd", "tool_cost_usd"),
        ("server_cost_usd", "server_cost_usd"),
        ("wrong_answer_cost_usd", "wrong_answer_cost_usd"),
        ("budget_rejections", "budget_rejections"),
    ] {
        let values = column(table, column_name);
        for by in ["user", "class"] {
            let rows = kinds.iter().zip(&values).filter(|(kind, _)| **kind == by);
            let total: f64 = rows.map(|(_, value)| value).filter(|value| !value.is_nan()).sum();
            // Servers that nobody used are nobody's.
            if books.count("requests") == 0.0 {
                continue;
            }
            let kind = format!("{column_name} of showback.csv by {by} is {metric}");
            found.same(&kind, total, books.count(metric));
        }
    }
}

/// Counts are the sums of their parts.
pub fn tables(books: &Books, found: &mut Found) {
    let tables = &books.tables;
    let mut add_up = |by: &str, table: &Table, columns: &[&str]| {
        for name in columns.iter().filter(|_| !table.rows.is_empty()) {
            let kind = format!("{name} is the sum over {by}");
            let metric = if *name == "good" { "completed" } else { name };
            found.same(&kind, sum(table, name), books.count(metric));
        }
    };
    add_up("models", &tables.models, &["completed", "cache_hits", "output_tokens", "input_tokens"]);
    add_up("users", &tables.users, &["requests", "completed", "cache_hits", "errors"]);
    add_up("users", &tables.users, &["output_tokens", "input_tokens"]);
    add_up("classes", &tables.classes, &["requests", "completed"]);
    let cached = sum(&tables.models, "cached_input_tokens");
    if !books.metric("cached_input_tokens").is_nan() {
        let kind = "cached_input_tokens is the sum over models";
        found.same(kind, cached, books.metric("cached_input_tokens"));
    }
    let levels = &tables.levels;
    let halves = column(levels, "hits").into_iter().zip(column(levels, "misses"));
    for (lookups, (hits, misses)) in column(levels, "lookups").into_iter().zip(halves) {
        found.same("look-ups of a level = hits + misses", lookups, hits + misses);
    }
    at_most(found, &tables.prefix, "hits", "lookups");
    at_most(found, &tables.classes, "good", "completed");
    at_most(found, &tables.classes, "completed", "requests");
    for part in ["refused", "completed", "failed"] {
        at_most(found, &tables.replicas, part, "requests");
    }
    at_most(found, &tables.replicas, "up_s", "on_s");
    at_most(found, &tables.monitors, "resolved", "fired");
    let goodput = books.count("goodput_rps");
    if !tables.classes.rows.is_empty() {
        found.same(
            "goodput_rps is the sum over classes",
            sum(&tables.classes, "goodput_rps"),
            goodput,
        );
    }
}

fn at_most(found: &mut Found, table: &Table, part: &str, whole: &str) {
    for (left, right) in column(table, part).into_iter().zip(column(table, whole)) {
        found.at_most(&format!("{part} <= {whole} in a row"), left, right);
    }
}

/// What happened over time adds up to what happened.
pub fn over_time(books: &Books, found: &mut Found) {
    let timeline = &books.tables.timeline;
    let times = column(timeline, "time_s");
    let lengths: Vec<f64> = std::iter::once(0.0)
        .chain(times.iter().copied())
        .zip(&times)
        .map(|(before, time)| time - before)
        .collect();
    found.holds("time goes on", lengths.iter().all(|length| *length > 0.0), || {
        format!("{lengths:?}")
    });
    let mut add_up = |kind: &str, name: &str, total: f64, within: f64| {
        let rates = column(timeline, name);
        let parts: Vec<f64> = rates.iter().zip(&lengths).map(|(a, b)| a * b).collect();
        let last = parts.last().copied().unwrap_or_default();
        // The last row may be half as long again as its time says.
        let full = parts.iter().sum::<f64>();
        // What comes before the warm-up is over is in the timeline, and in no row.
        let most = full + last * 0.5 + within;
        let fits = total <= most && (total >= full - within || !books.all_measured());
        found.holds(kind, fits, || format!("{full} (the last row: {last}) and {total}"));
    };
    let rows = |outcomes: &[&str]| {
        books.rows.iter().filter(|row| outcomes.contains(&row.outcome)).count() as f64
    };
    let all = books.rows.len() as f64;
    add_up("the timeline has all arrivals", "arrivals_rps", all, 1e-6);
    let answered = rows(&["hit", "answered", "coalesced"]);
    add_up("the timeline has all answers", "completions_rps", answered, 1e-6);
    let failed = rows(&["error", "rejected"]);
    add_up("the timeline has all errors", "errors_rps", failed, 1e-6);
    let times: f64 = books.rows.iter().map(|row| row.e2e_s).sum();
    add_up("Little's law over the timeline", "in_flight", times, 1e-6 + 1e-6 * times);
    if books.all_measured() {
        let spend = sum(timeline, "spend_usd");
        found.same("the timeline has all spending", spend, books.count("cost_usd"));
    }
    broken_down(books, found, &lengths);
}

/// By models, levels or users, answers are those of the timeline.
fn broken_down(books: &Books, found: &mut Found, lengths: &[f64]) {
    let breakdown = &books.tables.breakdown;
    if breakdown.rows.is_empty() {
        return;
    }
    let mut answers: HashMap<(&str, u64), f64> = HashMap::new();
    let rates = column(breakdown, "time_s").into_iter().zip(column(breakdown, "answers_rps"));
    for (by, (time, rate)) in texts(breakdown, "by").into_iter().zip(rates) {
        *answers.entry((by, time.to_bits())).or_default() += rate;
    }
    let timeline = &books.tables.timeline;
    let completions = column(timeline, "completions_rps");
    for by in ["model", "level", "user"] {
        for (at, time) in column(timeline, "time_s").iter().enumerate() {
            let answers = answers.get(&(by, time.to_bits())).copied().unwrap_or_default();
            let kind = format!("answers by {by} are those of the timeline");
            found.same(&kind, answers * lengths[at], completions[at] * lengths[at]);
        }
    }
}

/// Workflows' books.
pub fn workflows(books: &Books, found: &mut Found) {
    let table = &books.tables.workflows;
    if table.rows.is_empty() {
        return;
    }
    let arrived = sum(table, "arrived");
    found.same("workflows is the sum over workflows", arrived, books.count("workflows"));
    let completed = sum(table, "completed");
    let kind = "workflows_completed is the sum over workflows";
    found.same(kind, completed, books.count("workflows_completed"));
    let columns = |prefix: &str, suffix: &str| -> Vec<String> {
        let named = |name: &&String| name.starts_with(prefix) && name.ends_with(suffix);
        table.columns.iter().filter(named).cloned().collect()
    };
    let failed = columns("failed_", "").into_iter().filter(|name| !name.ends_with("_s"));
    let failed: f64 = failed.map(|name| sum(table, &name)).sum();
    found.same("workflows in = completed + failed", arrived, completed + failed);
    at_most(found, table, "right", "completed");
    at_most(found, table, "wasted_usd", "cost_usd");
    let shares = columns("critical_", "_share");
    let of_row: Vec<Vec<f64>> = shares.iter().map(|name| column(table, name)).collect();
    for row in 0..table.rows.len() {
        let total: f64 = of_row.iter().map(|column| column[row]).sum();
        if !total.is_nan() {
            found.same("critical shares add up to 1", total, 1.0);
        }
    }
    parts_of_rows("workflows", table, found);
    if books.all_measured() && arrived > 0.0 {
        let cost = books.count("cost_usd");
        found.same("cost_usd is the sum over workflows", sum(table, "cost_usd"), cost);
        let calls = sum(table, "calls");
        found.same("calls of workflows are requests", calls, books.count("requests"));
    }
    let steps = &books.tables.steps;
    for name in [
        "calls",
        "token_cost_usd",
        "judge_cost_usd",
        "tool_cost_usd",
        "input_tokens",
        "output_tokens",
    ] {
        let kind = format!("{name} of steps add up to that of workflows");
        found.same(&kind, sum(steps, name), sum(table, name));
    }
    at_most(found, steps, "right", "runs");
}
