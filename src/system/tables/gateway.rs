//! `gateway.csv`.

use crate::gateway::queue::Queue;
use crate::stats::{Cell, Table};

/// A row for each flow that came to the gateway's queue.
pub fn table(queue: Option<&Queue>) -> Table {
    let mut table = Table::new([
        "flow",
        "requests",
        "refused",
        "expired",
        "tokens",
        "wait_mean_s",
        "wait_p50_s",
        "wait_p99_s",
        "slowdown",
    ]);
    let Some(queue) = queue else { return table };
    for (name, sums) in queue.names().iter().zip(queue.sums()).filter(|(_, it)| it.requests > 0) {
        table.push(vec![
            name.as_str().into(),
            sums.requests.into(),
            sums.refused.into(),
            sums.expired.into(),
            sums.tokens.into(),
            sums.wait.mean().into(),
            sums.wait.quantile(0.5).into(),
            sums.wait.quantile(0.99).into(),
            sums.slowdown().map_or(Cell::Num(f64::NAN), Cell::Num),
        ]);
    }
    table
}
