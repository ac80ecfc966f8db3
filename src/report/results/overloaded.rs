//! Which points of a sweep could not keep up: what they show depends on how long they ran.

use crate::report::results::columns::number;
use crate::stats::{Cell, Table};

/// Whether more than half of the runs were overloaded of which a row of a table is.
pub(crate) fn is_overloaded(table: &Table, row: &[Cell]) -> bool {
    let share = table.column("overloaded").and_then(|column| number(&row[column]));
    share.is_some_and(|share| share > 0.5)
}
