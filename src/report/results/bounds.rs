//! The intervals of metrics, as charts draw them.

use crate::report::results::estimates::EstimateColumns;
use crate::report::unit::Unit;
use crate::stats::{Cell, Table};

/// Where a table has the intervals of a metric.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds(Option<EstimateColumns>);

impl Bounds {
    /// Of a metric; a table without its intervals has none.
    pub(crate) fn of(table: &Table, metric: &str) -> Self {
        Bounds(EstimateColumns::find(table, metric))
    }

    /// The ends of the interval of a row; `None` where there is none, or it has no width.
    pub(crate) fn around(&self, row: &[Cell]) -> Option<(f64, f64)> {
        let estimate = self.0?.read(row)?;
        (estimate.high > estimate.low).then_some((estimate.low, estimate.high))
    }
}

/// The most that a metric can be, where that is known and none of its values is more: parts of
/// a whole, and qualities.
pub(crate) fn most(metric: &str, values: impl Iterator<Item = f64>) -> Option<f64> {
    let bounded = Unit::of_metric(metric) == Unit::Fraction || metric.starts_with("quality");
    let mut values = values.filter(|value| !value.is_nan());
    (bounded && values.all(|value| value <= 1.0)).then_some(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_ends_or_is_none() {
        let mut table = Table::new(["a", "a_lo95", "a_hi95", "b"]);
        for half in [0.5, 0.0, f64::NAN] {
            table.push([2.0, 2.0 - half, 2.0 + half, 1.0].map(Cell::from).to_vec());
        }
        let around = |metric: &str, row: usize| Bounds::of(&table, metric).around(&table.rows[row]);
        assert_eq!(around("a", 0), Some((1.5, 2.5)));
        assert_eq!([around("a", 1), around("a", 2), around("b", 0)], [None; 3]);
    }

    #[test]
    fn parts_of_a_whole_end_at_the_whole() {
        assert_eq!(most("error_rate", [0.2, f64::NAN].into_iter()), Some(1.0));
        assert_eq!(most("quality_mean", [0.9].into_iter()), Some(1.0));
        assert_eq!(most("utilization", [0.9, 1.2].into_iter()), None);
        assert_eq!(most("e2e_p99_s", [0.9].into_iter()), None);
    }
}
