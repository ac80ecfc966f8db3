//! Which points of a sweep could not keep up: what they show depends on how long they ran.

use crate::report::results::columns::number;
use crate::stats::Table;

/// Whether more than half of a point's runs were overloaded.
pub(crate) fn is_overloaded(points: &Table, row: usize) -> bool {
    let share = points.column("overloaded").and_then(|column| number(&points.rows[row][column]));
    share.is_some_and(|share| share > 0.5)
}
