//! `comparison.csv`.

use crate::report::compare::differences::Comparison;
use crate::report::results::estimates::columns_of;
use crate::stats::{Cell, Table};

/// A row for each pair of cases and metric.
pub(super) fn comparison(rows: &[Comparison]) -> Table {
    let first = ["at", "a", "b", "metric", "method", "values_a", "values_b", "mean_a", "mean_b"]
        .map(str::to_owned);
    let last = ["p", "p_holm", "effect", "verdict"].map(str::to_owned);
    let ends = ["difference", "relative"].into_iter().flat_map(columns_of);
    let mut table = Table::new(first.into_iter().chain(ends).chain(last));
    for row in rows {
        let it = &row.difference;
        let method = if row.paired { "paired t" } else { "Welch's t" };
        let mut cells: Vec<Cell> = vec![
            row.at.as_str().into(),
            row.a.as_str().into(),
            row.b.as_str().into(),
            row.metric.as_str().into(),
            method.into(),
            (row.values[0] as u64).into(),
            (row.values[1] as u64).into(),
        ];
        let (difference, relative) = (row.estimate(), row.relative());
        let numbers = [
            it.mean_a,
            it.mean_b,
            difference.mean,
            difference.low,
            difference.high,
            relative.mean,
            relative.low,
            relative.high,
            it.p,
            row.p_holm,
            it.effect,
        ];
        cells.extend(numbers.map(Cell::from));
        cells.push(row.verdict().words().into());
        table.push(cells);
    }
    table
}
