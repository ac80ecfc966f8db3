//! A results folder, read as far as a chart needs it.
//!
//! ```text
//! CSV files ─► Results ─► panels (a metric over the dimensions of a sweep)
//!                 └─────► intervals ─► aggregate (curves, folded over replications)
//! ```

pub(crate) mod aggregate;
pub(crate) mod bounds;
pub(crate) mod columns;
pub(crate) mod dimension;
pub(crate) mod estimates;
pub(crate) mod intervals;
pub(crate) mod joined;
pub(crate) mod overloaded;
pub(crate) mod panels;
pub(crate) mod point_label;
pub(crate) mod series_style;
pub(crate) mod short_names;
pub(crate) mod survivors;

use std::collections::BTreeMap;
use std::path::Path;

use crate::experiment::Manifest;
use crate::experiment::sweep::VARIANT;
use crate::report::csv::{open, read_cell, read_table};
use crate::report::error::ReportError;
use crate::report::results::aggregate::{Curve, Places, put, rising};
use crate::report::results::columns::{need, number};
use crate::report::results::dimension::Dimension;
use crate::report::results::overloaded::is_overloaded;
use crate::report::results::series_style::SeriesStyles;
use crate::stats::{Cell, Table};

/// The table of a study of sensitivity.
pub(crate) const SENSITIVITY: &str = "sensitivity.csv";

/// A folder with the CSV files of an experiment.
pub(crate) struct Results<'a> {
    dir: &'a Path,
    pub swept: &'a [String],
    /// `points.csv`.
    pub points: Table,
    /// The most replications that a point has, if `runs.csv` tells.
    pub replications: usize,
    /// The fewest that a point has.
    pub fewest: usize,
    /// The experiment's title; may be empty.
    pub title: &'a str,
    /// The styles of values in all charts.
    pub styles: SeriesStyles,
    /// The swept paths whose values were drawn at random, as the manifest has it.
    pub drawn: Vec<String>,
}

impl<'a> Results<'a> {
    pub(crate) fn open(
        dir: &'a Path,
        swept: &'a [String],
        title: &'a str,
    ) -> Result<Self, ReportError> {
        let points = read_table(&dir.join("points.csv"))?;
        for path in swept {
            need(&points.columns, "points.csv", path)?;
        }
        let (fewest, replications) = count_replications(dir).unwrap_or((0, 0));
        Ok(Results {
            drawn: drawn(dir),
            dir,
            swept,
            points,
            replications,
            fewest,
            title,
            styles: SeriesStyles::default(),
        })
    }

    /// Whether a table is there and has rows.
    pub(crate) fn has(&self, file: &str) -> bool {
        let reader = open(&self.dir.join(file));
        reader.is_ok_and(|mut reader| reader.records().next().is_some_and(|row| row.is_ok()))
    }

    /// The columns of a table; none if it is not there.
    pub(crate) fn columns(&self, file: &str) -> Vec<String> {
        let reader = open(&self.dir.join(file)).ok();
        let header = reader.and_then(|mut reader| reader.headers().cloned().ok());
        header.map_or_else(Vec::new, |header| header.iter().map(str::to_owned).collect())
    }

    /// A table of the folder.
    pub(crate) fn table(&self, file: &str) -> Result<Table, ReportError> {
        read_table(&self.dir.join(file))
    }

    /// The cell of `points.csv` in a row and column.
    pub(crate) fn cell(&self, row: usize, column: &str) -> &Cell {
        let index = self.points.column(column);
        index.and_then(|index| self.points.rows[row].get(index)).unwrap_or(&Cell::Empty)
    }

    /// Whether most runs of the point in a row of `points.csv` could not keep up: its means
    /// depend on how long they were.
    pub(crate) fn overloaded(&self, row: usize) -> bool {
        is_overloaded(&self.points, &self.points.rows[row])
    }

    /// The swept paths that charts have as axes: what a variant sets belongs to it, unless
    /// it is asked for.
    pub(crate) fn axes(&self, asked: &[&str]) -> Vec<&'a String> {
        axes_of(&self.points, self.swept, asked)
    }

    /// A column of `points.csv` as an axis.
    pub(crate) fn dimension(&self, path: &str) -> Dimension {
        let rows = 0..self.points.rows.len();
        Dimension::new(path, rows.map(|row| self.cell(row, path).clone()))
    }

    /// The number of the point in each row of `points.csv`.
    pub(crate) fn point_numbers(&self) -> Vec<u64> {
        let number = |row: usize| match self.cell(row, "point") {
            Cell::Int(point) => *point as u64,
            _ => row as u64,
        };
        (0..self.points.rows.len()).map(number).collect()
    }

    /// The curves of these points in a table that has the same places (quantiles) in all
    /// replications, folded over them. Reads the file once and keeps nothing else of it.
    pub(crate) fn curves(
        &self,
        file: &str,
        key: &str,
        values: &[String],
        points: &[u64],
    ) -> Result<Vec<Curve>, ReportError> {
        let wanted = Wanted { file, key, values, points, replication: None };
        let mut curves = vec![Places::new(); points.len()];
        self.scan(&wanted, |row| put(&mut curves[row.curve], row.key.abs(), row.values))?;
        Ok(curves.into_iter().map(rising).collect())
    }

    /// Shows every row that is wanted, in the file's order.
    fn scan(&self, wanted: &Wanted<'_>, mut show: impl FnMut(&Row<'_>)) -> Result<(), ReportError> {
        let path = self.dir.join(wanted.file);
        let mut reader = open(&path)?;
        let header = reader.headers().map_err(ReportError::csv(&path))?;
        let header: Vec<String> = header.iter().map(str::to_owned).collect();
        let at = |name: &str| need(&header, wanted.file, name);
        let (point, key) = (at("point")?, at(wanted.key)?);
        let only = wanted.replication.map(|number| number.to_string());
        let replication = match only {
            Some(_) => Some(at("replication")?),
            None => header.iter().position(|column| column == "replication"),
        };
        let columns: Vec<usize> =
            wanted.values.iter().map(|value| at(value)).collect::<Result<_, _>>()?;
        let curves: BTreeMap<String, usize> =
            wanted.points.iter().enumerate().map(|(i, point)| (point.to_string(), i)).collect();
        let mut values = vec![None; columns.len()];
        let mut row = csv::StringRecord::new();
        while reader.read_record(&mut row).map_err(ReportError::csv(&path))? {
            let Some(&curve) = curves.get(&row[point]) else { continue };
            let replication = replication.map_or("", |column| &row[column]);
            if only.as_ref().is_some_and(|only| only != replication) {
                continue;
            }
            let Some(key) = number(&read_cell(&row[key])).filter(|key| *key >= 0.0) else {
                continue;
            };
            for (value, column) in values.iter_mut().zip(&columns) {
                *value = number(&read_cell(&row[*column]));
            }
            show(&Row { curve, replication, key, values: &values });
        }
        Ok(())
    }
}

/// The swept paths that tell points apart: what a variant sets belongs to it, unless it is
/// asked for.
pub(crate) fn axes_of<'s>(points: &Table, swept: &'s [String], asked: &[&str]) -> Vec<&'s String> {
    let named = swept.iter().any(|path| path == VARIANT);
    let Some(variant) = points.column(VARIANT).filter(|_| named) else {
        return swept.iter().collect();
    };
    let is_own = |path: &str| {
        let Some(column) = points.column(path).filter(|column| *column != variant) else {
            return false;
        };
        let mut values: BTreeMap<String, &Cell> = BTreeMap::new();
        let mut rows = points.rows.iter();
        rows.all(|row| {
            *values.entry(row[variant].to_string()).or_insert(&row[column]) == &row[column]
        })
    };
    let is_axis = |path: &&String| asked.contains(&path.as_str()) || !is_own(path);
    swept.iter().filter(is_axis).collect()
}

/// Which rows of a long table are read, and what of them.
struct Wanted<'w> {
    file: &'w str,
    /// The column of places: quantiles, times.
    key: &'w str,
    values: &'w [String],
    points: &'w [u64],
    /// Only this one.
    replication: Option<u64>,
}

/// What is read of a row.
struct Row<'r> {
    /// The number of its point among those wanted.
    curve: usize,
    /// Empty where the table has none.
    replication: &'r str,
    key: f64,
    values: &'r [Option<f64>],
}

/// The paths whose values a random design drew; none where no manifest tells.
fn drawn(dir: &Path) -> Vec<String> {
    let experiment = Manifest::read(dir).and_then(|manifest| manifest.experiment());
    experiment.map_or_else(
        |_| Vec::new(),
        |experiment| experiment.sweep.drawn().into_iter().map(str::to_owned).collect(),
    )
}

/// The fewest and the most replications of a point in `runs.csv`, if it tells.
fn count_replications(dir: &Path) -> Option<(usize, usize)> {
    let mut reader = open(&dir.join("runs.csv")).ok()?;
    let point = reader.headers().ok()?.iter().position(|column| column == "point")?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in reader.records().flatten() {
        *counts.entry(row.get(point).unwrap_or_default().to_owned()).or_default() += 1;
    }
    let counts = || counts.values().copied();
    counts().min().zip(counts().max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_variant_sets_is_no_axis_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let points = "point,variant,a.ttl,b.rate\n0,x,1,5\n1,x,1,9\n2,y,2,5\n3,y,2,9\n";
        std::fs::write(dir.path().join("points.csv"), points).unwrap();
        let swept = [VARIANT, "a.ttl", "b.rate"].map(str::to_owned);
        let results = Results::open(dir.path(), &swept, "").unwrap();
        assert_eq!(results.axes(&[]), [VARIANT, "b.rate"]);
        assert_eq!(results.axes(&["a.ttl"]), [VARIANT, "a.ttl", "b.rate"]);
        let results = Results::open(dir.path(), &swept[1..], "").unwrap();
        assert_eq!(results.axes(&[]), ["a.ttl", "b.rate"]);
    }
}
