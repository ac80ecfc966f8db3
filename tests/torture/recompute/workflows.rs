//! Formulas over the ends of workflows, and over `workflows.csv`.

use super::requests::Window;
use super::statistics::{mean, quantile};
use super::{Value, Within};
use crate::hold::sum;
use crate::run::Books;

/// What workflows came to.
pub fn values(books: &Books, window: &Window) -> Vec<Value> {
    if !books.has_workflows() {
        return Vec::new();
    }
    let exact = |name, value| (name, value, Within::Rounding);
    let near = |name, value| (name, value, Within::Histogram);
    let measured = || books.ends.iter().filter(|end| end.measured);
    let makespans = |completed: bool| -> Vec<f64> {
        let ends = measured().filter(|end| end.right.is_some() == completed);
        ends.map(|end| end.makespan_s).collect()
    };
    let (completed, failed) = (makespans(true), makespans(false));
    let arrived = measured().count() as f64;
    let right = measured().filter(|end| end.right == Some(true)).count() as f64;
    let here = books.ends.iter().filter(|end| end.after_warmup && end.right == Some(true));
    let jobs = here.filter(|end| window.has(end.until_ns)).count() as f64;
    let hours = super::servers::gpu_s(books, window) / 3600.0;
    let table = &books.tables.workflows;
    let each = |name: &str| sum(table, name) / arrived;
    vec![
        exact("workflows", arrived),
        exact("workflows_completed", completed.len() as f64),
        exact("workflow_success_rate", right / arrived),
        exact("jobs_per_gpu_hour", jobs / hours),
        exact("makespan_mean_s", mean(&completed)),
        near("makespan_p50_s", quantile(&completed, 0.5)),
        near("makespan_p99_s", quantile(&completed, 0.99)),
        near("failed_makespan_p99_s", quantile(&failed, 0.99)),
        exact("steps_per_workflow", each("steps")),
        exact("calls_per_workflow", each("calls")),
        exact("tokens_per_workflow", each("input_tokens") + each("output_tokens")),
        exact("workflow_wasted_usd", sum(table, "wasted_usd")),
        exact("blocked_budget_mean_s", each("blocked_budget_s")),
        exact("blocked_limit_mean_s", each("blocked_limit_s")),
        exact("blocked_tool_mean_s", each("blocked_tool_s")),
    ]
}
