//! Formulas over other metrics: what money comes to by request, by hour, by token.

use windtunnel::cost::Money;

use super::requests::is_good;
use super::{Value, Within};
use crate::run::Books;

/// What is made of other metrics.
pub fn values(books: &Books) -> Vec<Value> {
    let of = |name: &str| books.count(name);
    let parts = ["token", "server", "judge", "tool", "wrong_answer"];
    let cost: f64 = parts.iter().map(|part| of(&format!("{part}_cost_usd"))).sum();
    let measured = || books.requests.iter().filter(|row| row.is("measured"));
    let right = |row: &super::rows::Row<'_>| is_good(books, row) && !row.is("wrong");
    let good = measured().filter(right).count() as f64;
    let mut values = vec![
        ("cost_usd", cost),
        ("cost_per_request_usd", cost / of("requests")),
        ("cost_per_good_request_usd", cost / good),
    ];
    let price = books.experiment.cost.as_ref().and_then(|cost| cost.wrong_answer);
    let mut wrong =
        measured().filter(|row| row.is("wrong") && !row.is("in_workflow")).count() as f64;
    if books.has_workflows() {
        let ends = books.ends.iter().filter(|end| end.measured);
        let (arrived, jobs) = (ends.clone().count() as f64, ends.clone());
        let jobs = jobs.filter(|end| end.right == Some(true)).count() as f64;
        values.push(("cost_per_job_usd", cost / jobs));
        values.push(("cost_per_workflow_usd", cost / arrived));
        wrong += ends.filter(|end| end.right == Some(false) && !end.is_plain).count() as f64;
    }
    values.push(("wrong_answers", wrong));
    values.push(("wrong_answer_cost_usd", wrong * price.map_or(0.0, Money::usd)));
    let judges: f64 = measured().map(|row| row.number("judge_cost_usd")).sum();
    values.push(("judge_cost_usd", judges));
    if books.experiment.cost.as_ref().is_some_and(|cost| cost.levers.is_some()) {
        values.push(("list_cost_usd", measured().map(|row| row.number("list_cost_usd")).sum()));
    }
    values.into_iter().map(|(name, value)| (name, value, Within::Rounding)).collect()
}
