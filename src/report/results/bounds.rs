//! The intervals of metrics, as tables of points have them: the only place that knows in
//! which columns they stand.

use crate::report::results::columns::number;
use crate::stats::{Cell, Table};

/// Where a table has the intervals of a metric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Half widths around the mean.
    half: Option<usize>,
}

impl Bounds {
    /// Of a metric; a table without its intervals has none.
    pub(crate) fn of(table: &Table, metric: &str) -> Self {
        Bounds { half: table.column(&format!("{metric}_ci95")) }
    }

    /// The ends of the interval around the mean of a row; `None` where there is none, or it
    /// has no width.
    pub(crate) fn around(&self, row: &[Cell], mean: f64) -> Option<(f64, f64)> {
        let half = number(&row[self.half?]).filter(|half| *half > 0.0)?;
        Some((mean - half, mean + half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_ends_or_is_none() {
        let mut table = Table::new(["a", "a_ci95", "b"]);
        for half in [0.5, 0.0, f64::NAN] {
            table.push(vec![2.0.into(), half.into(), 1.0.into()]);
        }
        let around =
            |metric: &str, row: usize| Bounds::of(&table, metric).around(&table.rows[row], 2.0);
        assert_eq!(around("a", 0), Some((1.5, 2.5)));
        assert_eq!([around("a", 1), around("a", 2), around("b", 0)], [None; 3]);
    }
}
