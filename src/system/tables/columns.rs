//! The columns of the tables that have a row for each model, user, level, ...

use super::{SHARE, bills, workflows};
use crate::system::monitors::tables::MONITORS;

/// The columns of a model's row, after what users' rows have too.
const MODEL: [&str; 8] = [
    "queue_mean_s",
    "utilization",
    "cached_input_tokens",
    "prefix_hit_rate",
    "quality_mean",
    "token_cost_usd",
    "server_cost_usd",
    "wrong_answer_cost_usd",
];

const LEVEL: [&str; 20] = [
    "level",
    "lookups",
    "hits",
    "misses",
    "hit_rate",
    "insertions",
    "promotions",
    "evictions",
    "expirations",
    "rejected",
    "entries",
    "stale_hits",
    "overwrites",
    "demotions",
    "write_backs",
    "invalidations",
    "moved",
    "lookup_mean_s",
    "wait_mean_s",
    "utilization",
];

const STAGE: [&str; 6] = ["stage", "count", "errors", "mean_s", "max_s", "total_s"];

/// The columns of the table of an entity, such as `model`; none for what has no table.
pub fn of(entity: &str) -> Vec<String> {
    let all = |columns: &[&str]| columns.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    match entity {
        "model" => all(&[&["model"][..], &SHARE, &MODEL].concat()),
        "user" => {
            let own = ["errors", "quality_mean"];
            all(&[&["user", "class"][..], &SHARE, &own, &bills::PARTS].concat())
        }
        "level" => all(&LEVEL),
        "stage" => all(&STAGE),
        "monitor" => all(&MONITORS),
        "workflow" => workflows::workflow_columns(),
        "step" => workflows::step_columns(),
        _ => Vec::new(),
    }
}
