//! `comparison.csv`.

use crate::report::compare::differences::Comparison;
use crate::stats::{Cell, Table};

/// A row for each pair of cases and metric.
pub(super) fn comparison(rows: &[Comparison]) -> Table {
    let mut table = Table::new([
        "at",
        "a",
        "b",
        "metric",
        "method",
        "values_a",
        "values_b",
        "mean_a",
        "mean_b",
        "difference",
        "difference_ci95",
        "relative",
        "relative_ci95",
        "p",
        "p_holm",
        "effect",
        "verdict",
    ]);
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
        let [relative, relative_half] = row.relative();
        let numbers = [
            it.mean_a,
            it.mean_b,
            it.difference,
            it.half_width,
            relative,
            relative_half,
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
