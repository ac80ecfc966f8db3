//! `jobs.csv`: each row by the rows of its calls, and `workflows.csv` by its rows.

use std::collections::HashMap;

use super::requests::is_answered;
use super::rows::Row;
use super::statistics::{mean, quantile};
use crate::hold::{Found, column, texts};
use crate::run::Books;

const CRITICAL: [&str; 7] = ["llm", "queue", "tool", "retrieval", "human", "blocked", "backoff"];

/// What does not hold of jobs.
pub fn parts(books: &Books, found: &mut Found) {
    each(books, found);
    tables(books, found);
}

/// A job takes from its beginning to the last of its calls that it waited for, and is charged and
/// counts what these were.
fn each(books: &Books, found: &mut Found) {
    let mut calls: HashMap<&str, Vec<Row<'_>>> = HashMap::new();
    for row in books.requests.iter() {
        calls.entry(row.text("workflow")).or_default().push(row);
    }
    for job in books.jobs.iter() {
        let (arrival, finish) = (job.nanos("arrival_s"), job.nanos("finish_s"));
        let took = job.nanos("makespan_s");
        let is_right = arrival.checked_add(took) == Some(finish);
        found.holds("a job's makespan is from arrival to finish", is_right, || {
            format!("{arrival} + {took}, {finish}")
        });
        let parts: u64 = CRITICAL.iter().map(|part| job.nanos(&format!("critical_{part}_s"))).sum();
        found.holds("critical parts of a job add up to its makespan", parts == took, || {
            format!("{parts} and {took} of {}", job.text("workflow_id"))
        });
        let is_known = job.text("outcome") == "completed";
        found.holds(
            "a job is right or wrong if it is completed",
            is_known != job.text("right").is_empty(),
            || format!("{} and `{}`", job.text("outcome"), job.text("right")),
        );
        // Of others some calls may have ended within the warm-up.
        if !job.is("measured") {
            continue;
        }
        let none = Vec::new();
        let calls = calls.get(job.text("workflow_id")).unwrap_or(&none);
        for call in calls {
            let began = call.nanos("arrival_s");
            found.holds("a call comes within its job", arrival <= began && began <= finish, || {
                format!("{began} is not within {arrival} to {finish}")
            });
            found.holds(
                "a call is its job's user's",
                call.text("user") == job.text("user"),
                || format!("{} and {}", call.text("user"), job.text("user")),
            );
        }
        let all = |name: &str| calls.iter().map(|call| call.number(name)).sum::<f64>();
        let counted = job.number("calls");
        found.at_most("calls of a job are requests", counted, calls.len() as f64);
        let of_recorded = job.text("workflow") == "recorded";
        let answered = calls.iter().filter(|call| is_answered(call)).count() as f64;
        if is_known && of_recorded {
            found.same("all calls of a recorded job are answered", answered, calls.len() as f64);
            found.same("calls of a recorded job are its requests", counted, answered);
            let last = calls.iter().map(|call| call.nanos("finish_s")).max();
            found.holds(
                "a recorded job ends with its last call",
                last.is_none_or(|last| last == finish),
                || format!("{last:?} and {finish}"),
            );
            let paid = all("token_cost_usd") + all("judge_cost_usd");
            let charged = job.number("charged_usd");
            found.at_most(
                "a recorded job is charged for its calls",
                paid,
                charged * (1.0 + 1e-8) + 1e-8,
            );
            let made = calls.iter().filter(|call| call.text("outcome") == "answered");
            let made: Vec<&Row<'_>> = made.collect();
            let input: f64 = made.iter().map(|call| call.number("input_tokens")).sum();
            found.same(
                "input_tokens of a recorded job are its calls'",
                job.number("input_tokens"),
                input,
            );
            let output: f64 = made.iter().map(|call| call.number("output_tokens")).sum();
            found.same(
                "output_tokens of a recorded job are its calls'",
                job.number("output_tokens"),
                output,
            );
        }
    }
}

/// Rows of `workflows.csv` by those of `jobs.csv`.
fn tables(books: &Books, found: &mut Found) {
    let table = &books.tables.workflows;
    for (at, name) in texts(table, "workflow").into_iter().enumerate() {
        let jobs: Vec<Row<'_>> = books
            .jobs
            .iter()
            .filter(|job| job.is("measured") && job.text("workflow") == name)
            .collect();
        if name == "request" || jobs.is_empty() {
            continue;
        }
        let of = |name: &str| column(table, name).get(at).copied();
        let done: Vec<&Row<'_>> =
            jobs.iter().filter(|job| job.text("outcome") == "completed").collect();
        let mut same = |name: &str, expected: f64, tolerance: f64| {
            let Some(value) = of(name) else { return };
            let near = (value - expected).abs() <= 1e-8 + tolerance * expected.abs();
            let holds = near || value.is_nan() && !expected.is_finite();
            found.holds(&format!("{name} of workflows is what jobs give"), holds, || {
                format!("{value}, and {expected} by jobs.csv")
            });
        };
        let makespans: Vec<f64> = done.iter().map(|job| job.number("makespan_s")).collect();
        same("arrived", jobs.len() as f64, 0.0);
        same("completed", done.len() as f64, 0.0);
        same("right", done.iter().filter(|job| job.is("right")).count() as f64, 0.0);
        same("makespan_mean_s", mean(&makespans), 1e-8);
        same("makespan_p50_s", quantile(&makespans, 0.5), 1e-3);
        same("makespan_p99_s", quantile(&makespans, 0.99), 1e-3);
        let all: f64 = makespans.iter().sum();
        for part in CRITICAL {
            // Who waits before a retry is blocked.
            let also = if part == "blocked" { "critical_backoff_s" } else { "" };
            let of = |job: &&Row<'_>| {
                let also = if also.is_empty() { 0.0 } else { job.number(also) };
                job.number(&format!("critical_{part}_s")) + also
            };
            let spent: f64 = done.iter().map(of).sum();
            same(&format!("critical_{part}_share"), spent / all, 1e-8);
        }
    }
}
