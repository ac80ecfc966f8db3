//! Columns and cells of tables that were read, as charts and pages want them.

use crate::report::error::ReportError;
use crate::report::number_format;
use crate::stats::{Cell, Table};

/// The ends of the names of the columns with the ends of intervals.
pub(crate) const LOW: &str = "_lo95";
pub(crate) const HIGH: &str = "_hi95";

pub(crate) fn need(columns: &[String], file: &str, name: &str) -> Result<usize, ReportError> {
    let found = columns.iter().position(|column| column == name);
    found.ok_or_else(|| {
        // The ends of intervals stand beside what they are of.
        let is_end = |name: &str| [LOW, HIGH].iter().any(|end| name.ends_with(end));
        let known: Vec<&String> = columns.iter().filter(|column| !is_end(column)).collect();
        ReportError::column(file, name, &known)
    })
}

/// The column of a table, or an error with the nearest name.
pub(crate) fn column(table: &Table, file: &str, name: &str) -> Result<usize, ReportError> {
    need(&table.columns, file, name)
}

/// The number in a cell, if it is one and finite.
pub(crate) fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Int(value) => Some(*value as f64),
        Cell::Num(value) if value.is_finite() => Some(*value),
        _ => None,
    }
}

/// The points of the rows in which each of `of` is as named, in the table's order;
/// rows without one of the two numbers are left out.
pub(crate) fn points(
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

/// The value of a swept path as a reader of the chart sees it.
pub(crate) fn show(cell: &Cell) -> String {
    match cell {
        Cell::Empty => "(default)".to_owned(),
        Cell::Text(text) if text.starts_with('{') => unwrapped(text),
        Cell::Text(text) => text.clone(),
        Cell::Int(_) | Cell::Num(_) => {
            let plain = cell.to_string();
            let short = number(cell).map_or_else(String::new, number_format::short);
            // Round thousands are shortened: nothing is lost.
            if plain.ends_with("00") && short.ends_with('k') || plain.len() > 7 {
                short
            } else {
                plain
            }
        }
    }
}

/// `utility: {quality_threshold: 0.8}` for a choice written as JSON.
fn unwrapped(json: &str) -> String {
    let inner = json.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(json);
    let spaced = inner.replace('"', "").replace(':', ": ").replace(',', ", ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_paths_read_well_and_lose_nothing() {
        let json = r#"{"utility":{"quality_threshold":0.8}}"#;
        let cells = [Cell::Int(1000), Cell::Int(1234), Cell::Int(20_000), Cell::Int(12_345)];
        assert_eq!(cells.map(|cell| show(&cell)), ["1k", "1234", "20k", "12345"]);
        assert_eq!(show(&Cell::from(json)), "utility: {quality_threshold: 0.8}");
        assert_eq!(show(&Cell::Empty), "(default)");
    }
}
