//! Every metric anew, by the formulas of `docs/metrics.md`, from the rows that a run writes.
//!
//! Nothing of `src/system` is used but the names of the metrics: rows are the text of
//! `requests.csv` and `attempts.csv`, tables those of the other files.

mod attempts;
mod coverage;
mod derived;
mod jobs;
mod requests;
mod rows;
mod servers;
mod statistics;
mod workflows;

pub use rows::Rows;

use windtunnel::system::METRICS;

use crate::hold::Found;
use crate::run::Books;

/// How near a value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Within {
    /// But for the nine digits of a cell.
    Rounding,
    /// What a histogram's quantile is good for.
    Histogram,
}

/// What a formula gave for a metric.
pub type Value = (&'static str, f64, Within);

/// What cannot be computed from rows, and why; the same words stand in `docs/metrics.md`.
pub const NOT_FROM_ROWS: &[(&str, &[&str])] = &[
    (
        "who waited at the gateway leaves no row",
        &[
            "gateway_wait_mean_s",
            "gateway_wait_p99_s",
            "gateway_fairness",
            "gateway_worst_slowdown",
        ],
    ),
    ("what a cache held for others leaves no row", &["semantic_recall", "cross_tenant_hits"]),
    (
        "what a user decided leaves no row",
        &["sessions", "sessions_abandoned", "session_turns_mean"],
    ),
    ("what was not done leaves no row", &["retries_denied", "fallbacks_denied", "escalations"]),
    (
        "the state of a budget leaves no row",
        &["budget_overshoot_usd", "budget_waits", "budget_alerts"],
    ),
    (
        "what was not asked for has no price in a row",
        &[
            "prefix_saved_usd",
            "routing_saved_usd",
            "compression_saved_usd",
            "trimming_saved_usd",
            "batch_saved_usd",
        ],
    ),
    (
        "what a provider keeps, and for whom, leaves no row",
        &[
            "prompt_cache_written_tokens",
            "prompt_cache_uncached_tokens",
            "prompt_cache_read_usd",
            "prompt_cache_written_usd",
            "prompt_cache_uncached_usd",
            "prompt_cache_cold_tokens",
            "prompt_cache_cold_usd",
            "prompt_cache_expired_tokens",
            "prompt_cache_expired_usd",
            "prompt_cache_evicted_tokens",
            "prompt_cache_evicted_usd",
            "prompt_cache_changed_tokens",
            "prompt_cache_changed_usd",
            "prompt_cache_too_short_tokens",
            "prompt_cache_too_short_usd",
            "prompt_cache_unmarked_tokens",
            "prompt_cache_unmarked_usd",
            "prompt_cache_other_machine_tokens",
            "prompt_cache_other_machine_usd",
            "prompt_cache_switched_tokens",
            "prompt_cache_switched_usd",
            "model_switches",
            "sticky_kept",
            "sticky_quality_lost",
        ],
    ),
    ("tools of workflows have no rows", &["tool_cost_usd"]),
    ("what a tenant asked for leaves no row", &["allocation_jain", "allocation_utility"]),
    (
        "the steps of a workflow leave no row",
        &[
            "critical_llm_share",
            "critical_queue_share",
            "critical_tool_share",
            "critical_human_share",
            "critical_blocked_share",
        ],
    ),
    (
        "monitors look at intervals",
        &[
            "alerts_fired",
            "alert_firing_s",
            "false_alarms",
            "faults_missed",
            "time_to_detect_mean_s",
        ],
    ),
    ("it is of the run as a whole", &["window_s", "events", "drift", "overloaded"]),
];

/// All that formulas give for a run.
fn values(books: &Books) -> Vec<Value> {
    let rows = requests::Window::of(books);
    let mut values = requests::values(books, &rows);
    values.extend(derived::values(books));
    values.extend(attempts::values(books, &rows));
    values.extend(servers::values(books, &rows));
    values.extend(workflows::values(books, &rows));
    values
}

/// What a run's metrics are by their formulas, and is not so.
pub fn broken(books: &Books, found: &mut Found) {
    for (name, expected, within) in values(books) {
        let Some(index) = METRICS.iter().position(|metric| metric.name == name) else { continue };
        let value = books.tables.metrics[index];
        // What is divided by nothing is no value.
        let expected = if expected.is_finite() { expected } else { f64::NAN };
        let tolerance = match within {
            // Eight digits of a cell are good in any case, and so are those of its sum.
            Within::Rounding => 1e-9 + 1e-8 * expected.abs(),
            Within::Histogram => 2e-9 + 1e-3 * expected.abs(),
        };
        let near = (value - expected).abs() <= tolerance;
        let holds = near || value.is_nan() && expected.is_nan();
        let kind = format!("{name} is what the rows give");
        found.holds(&kind, holds, || format!("{value}, and {expected} by the rows"));
    }
    requests::window(books, found);
    requests::parts(books, found);
    attempts::parts(books, found);
    jobs::parts(books, found);
}

/// The metrics that formulas exist for, whatever a run has.
pub fn recomputed(books: &Books) -> Vec<&'static str> {
    values(books).into_iter().map(|(name, ..)| name).collect()
}
