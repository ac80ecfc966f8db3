//! Means and their intervals, as tables have them: `e2e_p99_s`, `e2e_p99_s_lo95`,
//! `e2e_p99_s_hi95`.

use crate::report::results::columns::{HIGH, LOW, number};
use crate::stats::{Cell, Estimate, Table};

/// An interval whose ends are as far from the mean as makes no difference to a reader.
const EVEN: f64 = 0.1;

/// The columns of a metric.
pub(crate) fn columns_of(metric: &str) -> [String; 3] {
    [metric.to_owned(), format!("{metric}{LOW}"), format!("{metric}{HIGH}")]
}

/// Where a table has a mean and the ends of its interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EstimateColumns {
    pub mean: usize,
    ends: Option<(usize, usize)>,
}

impl EstimateColumns {
    /// The columns of what is called so; the ends are not there for every mean.
    pub(crate) fn find(table: &Table, name: &str) -> Option<Self> {
        let [mean, low, high] = columns_of(name).map(|column| table.column(&column));
        Some(EstimateColumns { mean: mean?, ends: low.zip(high) })
    }

    /// Whether it may have an interval: whether it is a metric.
    pub(crate) fn has_ends(&self) -> bool {
        self.ends.is_some()
    }

    /// What a row has of it; where there is no interval its ends are the mean.
    pub(crate) fn read(&self, row: &[Cell]) -> Option<Estimate> {
        let mean = number(&row[self.mean])?;
        let ends = self.ends.and_then(|(low, high)| number(&row[low]).zip(number(&row[high])));
        let (low, high) = ends.unwrap_or((mean, mean));
        Some(Estimate { mean, low, high })
    }
}

/// Half the width of an interval around its mean; `None` where there is none, or where one
/// end is farther from the mean than the other.
pub(crate) fn even_half(estimate: &Estimate) -> Option<f64> {
    let half = estimate.half_width();
    let off = (f64::midpoint(estimate.low, estimate.high) - estimate.mean).abs();
    (half > 0.0 && off <= EVEN * half).then_some(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_read_with_its_interval_if_it_has_one() {
        let mut table = Table::new(["point", "a_s", "a_s_lo95", "a_s_hi95"]);
        table.push([1.0, 2.0, 1.5, 2.9].map(Cell::from).to_vec());
        table.push(vec![Cell::Int(2), Cell::Num(2.0), Cell::Empty, Cell::Empty]);
        let columns = EstimateColumns::find(&table, "a_s").expect("a column");
        let found = columns.read(&table.rows[0]).expect("a mean");
        assert_eq!(found, Estimate { mean: 2.0, low: 1.5, high: 2.9 });
        assert_eq!(even_half(&found), None);
        assert_eq!(even_half(&Estimate { mean: 2.0, low: 1.5, high: 2.5 }), Some(0.5));
        assert_eq!(columns.read(&table.rows[1]), Some(Estimate::exact(2.0)));
        assert!(!EstimateColumns::find(&table, "point").expect("a column").has_ends());
    }
}
