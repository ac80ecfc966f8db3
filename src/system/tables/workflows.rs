//! What workflows and their steps did, as tables.

use super::bills::Division;
use crate::cost::Money;
use crate::orchestration::{Kind, OfRoot, PLAIN, Reason, Spent};
use crate::stats::{Cell, Table};
use crate::system::measure::critical_share;
use crate::system::model::System;

/// The kinds that a critical path has a share of: together all of it.
const KINDS: [Kind; 6] =
    [Kind::Llm, Kind::Queue, Kind::Tool, Kind::Retrieval, Kind::Human, Kind::Blocked];

/// The columns of what was spent.
const SPENT: [&str; 10] = [
    "calls",
    "input_tokens",
    "output_tokens",
    "token_cost_usd",
    "judge_cost_usd",
    "tool_cost_usd",
    "wasted_usd",
    "blocked_budget_s",
    "blocked_limit_s",
    "blocked_tool_s",
];

fn spent(spent: &Spent) -> [Cell; SPENT.len()] {
    let [budget, limit, tool] = spent.blocked_ns.map(|ns| Cell::Num(ns as f64 / 1e9));
    [
        spent.calls.into(),
        Cell::Num(spent.input_decitokens as f64 / 10.0),
        spent.output_tokens.into(),
        Cell::Num(spent.tokens().usd()),
        Cell::Num(spent.judges.usd()),
        Cell::Num(spent.tools.usd()),
        Cell::Num(spent.wasted.usd()),
        budget,
        limit,
        tool,
    ]
}

/// The columns of workflows.
pub fn workflow_columns() -> Vec<String> {
    let failed = Reason::NAMES.map(|reason| format!("failed_{reason}"));
    let shares = KINDS.map(|kind| format!("critical_{}_share", kind.name()));
    ["workflow", "arrived", "completed", "right", "success_rate", "steps"]
        .into_iter()
        .chain(["makespan_mean_s", "makespan_p50_s", "makespan_p99_s", "failed_makespan_p99_s"])
        .chain(SPENT)
        .chain(["server_cost_usd", "wrong_answer_cost_usd", "cost_usd"])
        .map(str::to_owned)
        .chain(failed)
        .chain(shares)
        .collect()
}

/// The columns of steps.
pub fn step_columns() -> Vec<String> {
    ["workflow", "step", "runs", "skipped", "failed", "rounds", "items", "retries"]
        .into_iter()
        .chain(["called_off", "memo_hits", "right", "mean_s"])
        .chain(SPENT)
        .map(str::to_owned)
        .collect()
}

/// A row per workflow that arrivals began; the first of the file's even if none did.
pub fn workflows(system: &System<'_>) -> Table {
    let Some(flows) = &system.clients.workflows else { return Table::default() };
    let mut table = Table::new(workflow_columns());
    let (roots, measures) = (&flows.engine.tally().roots, &system.observers.measures);
    let division =
        Division::among(measures, roots.iter().map(|of| (tokens(&of.spent), of.arrived)));
    // What a plain request is answered is wrong or not as without workflows.
    let others = roots.iter().skip(1).map(|of| of.completed - of.right).sum::<u64>();
    let plain_wrong = measures.wrong_answers - others;
    for (name, of) in flows.engine.plan().names().zip(roots) {
        if of.arrived > 0 || table.rows.is_empty() && name != PLAIN {
            let servers = division.part(tokens(&of.spent), of.arrived);
            let wrong = if name == PLAIN { plain_wrong } else { of.completed - of.right };
            let wrong = measures.wrong_answer_price * i128::from(wrong);
            table.push(workflow(name, of, servers, wrong));
        }
    }
    table
}

/// The tokens that models read and wrote.
fn tokens(spent: &Spent) -> f64 {
    spent.input_decitokens as f64 / 10.0 + spent.output_tokens as f64
}

/// A row; in dollars, its part of the servers, and what its wrong results cost.
fn workflow(name: &str, of: &OfRoot, servers: f64, wrong: Money) -> Vec<Cell> {
    let rate = (of.arrived > 0).then(|| of.right as f64 / of.arrived as f64);
    let mut row: Vec<Cell> = vec![
        name.into(),
        of.arrived.into(),
        of.completed.into(),
        of.right.into(),
        rate.into(),
        of.jobs.into(),
        of.makespan.mean().into(),
        of.makespan.quantile(0.5).into(),
        of.makespan.quantile(0.99).into(),
        of.failed_makespan.quantile(0.99).into(),
    ];
    row.extend(spent(&of.spent));
    let all = (of.spent.cost + wrong).usd() + servers;
    row.extend([servers, wrong.usd(), all].map(Cell::Num));
    row.extend(of.failed.map(Cell::from));
    row.extend(KINDS.map(|kind| Cell::from(critical_share(&of.path, kind))));
    row
}

/// A row per step.
pub fn steps(system: &System<'_>) -> Table {
    let Some(flows) = &system.clients.workflows else { return Table::default() };
    let mut table = Table::new(step_columns());
    for ((workflow, step), of) in flows.engine.plan().steps().zip(&flows.engine.tally().steps) {
        if workflow == PLAIN && of.runs == 0 {
            continue;
        }
        let mean = (of.done > 0).then(|| of.time_ns as f64 / 1e9 / of.done as f64);
        let mut row: Vec<Cell> = vec![
            workflow.into(),
            step.into(),
            of.runs.into(),
            of.skipped.into(),
            of.failed.into(),
            of.rounds.into(),
            of.jobs.into(),
            of.retries.into(),
            of.called_off.into(),
            of.memo_hits.into(),
            of.right.into(),
            mean.into(),
        ];
        row.extend(spent(&of.spent));
        table.push(row);
    }
    table
}

/// What the first workflows did, if that was recorded.
pub fn gantt(system: &System<'_>) -> Table {
    let recorded = system.clients.workflows.as_ref().and_then(|flows| flows.engine.recorded());
    recorded.map_or_else(Table::default, crate::orchestration::Gantt::table)
}
