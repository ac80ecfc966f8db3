//! Lines read from long tables: rows that agree in some columns, two of whose other
//! columns are a point.

use super::super::ReportError;
use super::super::results::{column, number};
use crate::stats::{Cell, Table};

/// The points of the rows in which each of `of` is as named, in the table's order;
/// rows without one of the two numbers are left out.
pub(super) fn points(
    table: &Table,
    file: &str,
    of: &[(&str, &str)],
    (x, y): (&str, &str),
) -> Result<Vec<(f64, f64)>, ReportError> {
    let keys = of
        .iter()
        .map(|(name, value)| Ok((column(table, file, name)?, *value)))
        .collect::<Result<Vec<_>, ReportError>>()?;
    let (x, y) = (column(table, file, x)?, column(table, file, y)?);
    let mine = |row: &&Vec<Cell>| keys.iter().all(|(at, value)| row[*at].to_string() == *value);
    let point = |row: &Vec<Cell>| Some((number(&row[x])?, number(&row[y])?));
    Ok(table.rows.iter().filter(mine).filter_map(point).collect())
}
