//! The tables of a results folder as a page shows them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::experiment::sweep::VARIANT;
use crate::report::error::ReportError;
use crate::report::html::grid::{Grid, Head};
use crate::report::html::numbers::{NOTHING, rounded, with_interval};
use crate::report::html::table_files::{TableFile, files, known, source};
use crate::report::results::columns::{HIGH, LOW, number, show};
use crate::report::results::estimates::EstimateColumns;
use crate::report::unit::Unit;
use crate::report::{display_names, number_format};
use crate::stats::{Cell, Estimate, Table};

/// The most rows of a table, and the most cells, unless these are fewer rows than [`FEW`].
const ROWS: usize = 200;
const CELLS: usize = 2400;
const FEW: usize = 25;
/// More swept paths than this are not repeated in each table.
const PATHS: usize = 3;
/// Significant digits.
const DIGITS: usize = 5;

/// Which values each point has on the swept paths.
#[derive(Default)]
pub(crate) struct PointValues {
    titles: Vec<String>,
    values: BTreeMap<String, Vec<Cell>>,
    /// Whether there is more than one point.
    several: bool,
}

impl PointValues {
    /// The values of the points of an experiment.
    pub(crate) fn new(points: &Table, swept: &[String]) -> Self {
        let several = points.rows.len() > 1;
        // A name says it all.
        let named = swept.iter().find(|path| *path == VARIANT).map(std::slice::from_ref);
        let swept = named.unwrap_or(swept);
        let columns: Vec<usize> = swept.iter().filter_map(|path| points.column(path)).collect();
        let (Some(point), true) = (points.column("point"), columns.len() <= PATHS) else {
            return PointValues { several, ..PointValues::default() };
        };
        let values = points.rows.iter().map(|row| {
            let values = columns.iter().map(|column| row[*column].clone()).collect();
            (row[point].to_string(), values)
        });
        let titles = swept.iter().map(|path| display_names::shortest(path, swept).to_owned());
        PointValues { titles: titles.collect(), values: values.collect(), several }
    }

    /// A table with the values of each point beside its number, if it has none itself;
    /// a single point needs no number.
    fn written_into(&self, table: &Table, has_values: bool) -> Table {
        let Some(point) = table.column("point") else { return table.clone() };
        let titles = if has_values || !self.several { &[][..] } else { &self.titles[..] };
        let numbered = usize::from(self.several);
        let mut columns = table.columns.clone();
        columns.splice(point + numbered..=point, titles.iter().cloned());
        let mut placed = Table::new(columns);
        for row in &table.rows {
            let values = self.values.get(&row[point].to_string());
            let value = |at| values.and_then(|it| it.get(at)).cloned().unwrap_or(Cell::Empty);
            let mut cells = row.clone();
            cells.splice(point + numbered..=point, (0..titles.len()).map(value));
            placed.push(cells);
        }
        placed
    }
}

/// Every table of the folder that is not empty; `kept` are columns that are shown even
/// if nothing is in them.
pub(crate) fn grids(
    dir: &Path,
    places: &PointValues,
    kept: &[String],
) -> Result<Vec<Grid>, ReportError> {
    let mut grids = Vec::new();
    for file in files(dir)? {
        let source = source(dir, file)?;
        if !source.table.rows.is_empty() {
            grids.push(grid(&source, places, kept));
        }
    }
    Ok(grids)
}

fn grid(source: &TableFile, places: &PointValues, kept: &[String]) -> Grid {
    let table = places.written_into(&source.table, source.file == "points.csv");
    let all = columns(&table);
    let keep = |column: &&Column<'_>| !column.is_dull || kept.iter().any(|it| it == column.name);
    let shown: Vec<&Column> = all.iter().filter(keep).collect();
    let rows = ROWS.min((CELLS / shown.len().max(1)).max(FEW));
    let head =
        |column: &&Column<'_>| Head { title: column.name.to_owned(), is_name: column.is_name };
    let cells = |row: &Vec<Cell>| shown.iter().map(|column| column.show(row)).collect();
    Grid {
        id: format!("table-{}", source.file.trim_end_matches(".csv")),
        file: Some(source.file.clone()),
        caption: caption(source),
        columns: shown.iter().map(head).collect(),
        rows: table.rows.iter().take(rows).map(cells).collect(),
        note: note(source, table.rows.len().saturating_sub(rows), all.len() - shown.len()),
    }
}

fn caption(source: &TableFile) -> String {
    let words = match known(&source.file) {
        "" => format!("Rows of {}", source.file),
        words => number_format::sentence(words),
    };
    let means = if source.averaged { "; means over the replications" } else { "" };
    format!("{words}{means}")
}

fn note(source: &TableFile, left: usize, dull: usize) -> String {
    let mut parts = Vec::new();
    if left + source.more > 0 {
        let what = if source.averaged {
            "more rows of means are left out; all runs are"
        } else {
            "more rows are"
        };
        parts.push(format!("{} {what} in {}.", left + source.more, source.file));
    }
    match dull {
        0 => {}
        1 => parts.push("A column that is 0 or empty throughout is left out.".to_owned()),
        dull => parts.push(format!("{dull} columns that are 0 or empty throughout are left out.")),
    }
    parts.join(" ")
}

/// A column as it is shown: perhaps with its intervals.
struct Column<'t> {
    name: &'t str,
    mean: usize,
    found: Option<EstimateColumns>,
    is_name: bool,
    /// Whether it holds parts of one, which are shown in per cent.
    is_share: bool,
    /// Whether it is 0 or empty throughout.
    is_dull: bool,
}

fn columns(table: &Table) -> Vec<Column<'_>> {
    let is_end = |name: &str| {
        let of = [LOW, HIGH].iter().find_map(|end| name.strip_suffix(end));
        of.is_some_and(|it| table.column(it).is_some())
    };
    let names = table.columns.iter().enumerate().filter(|(_, name)| !is_end(name));
    names
        .map(|(mean, name)| {
            let cells = || table.rows.iter().map(|row| &row[mean]);
            Column {
                name,
                mean,
                found: EstimateColumns::find(table, name),
                // What was swept stands as the file has it.
                is_share: Unit::of_metric(name) == Unit::Fraction && !name.contains('.'),
                is_name: cells().any(|cell| matches!(cell, Cell::Text(_))),
                is_dull: name != "point"
                    && cells().all(|cell| *cell == Cell::Empty || number(cell) == Some(0.0)),
            }
        })
        .collect()
}

impl Column<'_> {
    fn show(&self, row: &[Cell]) -> String {
        let estimate = self.found.and_then(|found| found.read(row));
        let shown = |mean: String, value: f64| {
            with_interval(mean, &estimate.unwrap_or(Estimate::exact(value)))
        };
        match &row[self.mean] {
            Cell::Empty if self.is_name => String::new(),
            Cell::Empty => NOTHING.to_owned(),
            Cell::Num(_) | Cell::Int(_) if self.is_share => {
                let percent = estimate.unwrap_or(Estimate::exact(f64::NAN)).per(0.01);
                format!("{} %", with_interval(rounded(percent.mean, DIGITS), &percent))
            }
            Cell::Num(value) => shown(rounded(*value, DIGITS), *value),
            Cell::Int(count) => shown(count.to_string(), *count as f64),
            text @ Cell::Text(_) => show(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_whole_are_in_per_cent_and_what_was_swept_is_as_it_stands() {
        let mut table = Table::new([
            "a.error_rate",
            "cache_hit_rate",
            "cache_hit_rate_lo95",
            "cache_hit_rate_hi95",
            "quality_mean",
        ]);
        table.push([0.05, 0.376_543_2, 0.364_543_2, 0.388_543_2, 0.9].map(Cell::from).to_vec());
        let shown: Vec<String> =
            columns(&table).iter().map(|column| column.show(&table.rows[0])).collect();
        assert_eq!(shown, ["0.05", "37.654 ± 1.2 %", "90 %"]);
    }
}
