//! A results folder, read as far as a chart needs it.

pub(crate) mod intervals;

use std::collections::BTreeMap;
use std::path::Path;

use super::csv::{open, read_cell, read_table};
use super::folding::{Places, put, rising};
use super::looks::Looks;
use super::{ReportError, human, names};
use crate::experiment::sweep::VARIANT;
use crate::stats::{Cell, Table};

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
    /// What values look like in all charts.
    pub looks: Looks,
}

/// What several replications measured at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fold {
    count: f64,
    sum: f64,
    pub low: f64,
    pub high: f64,
}

impl Fold {
    const NOTHING: Fold =
        Fold { count: 0.0, sum: 0.0, low: f64::INFINITY, high: f64::NEG_INFINITY };

    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.low = self.low.min(value);
        self.high = self.high.max(value);
    }

    /// The mean of what was measured, if anything was.
    pub(crate) fn mean(&self) -> Option<f64> {
        // Rounding must not push the mean of equal values past them.
        (self.count > 0.0).then(|| (self.sum / self.count).clamp(self.low, self.high))
    }

    /// The fold of two neighbouring places: the mean of both, bounds around both.
    fn join(&mut self, other: &Fold) {
        self.count += other.count;
        self.sum += other.sum;
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
    }
}

impl Default for Fold {
    fn default() -> Self {
        Fold::NOTHING
    }
}

/// A curve of a point: places (quantiles, times) in rising order, each with a
/// fold for each column that was asked for.
pub(crate) type Curve = Vec<(f64, Vec<Fold>)>;

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
        Ok(Results { dir, swept, points, replications, fewest, title, looks: Looks::default() })
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

    /// The swept paths that charts have as axes: what a variant sets belongs to it, unless
    /// it is asked for.
    pub(crate) fn axes(&self, asked: &[&str]) -> Vec<&'a String> {
        let named = self.swept.iter().any(|path| path == VARIANT);
        let Some(variant) = self.points.column(VARIANT).filter(|_| named) else {
            return self.swept.iter().collect();
        };
        let is_own = |path: &str| {
            let Some(column) = self.points.column(path).filter(|column| *column != variant) else {
                return false;
            };
            let mut values: BTreeMap<String, &Cell> = BTreeMap::new();
            let mut rows = self.points.rows.iter();
            rows.all(|row| {
                *values.entry(row[variant].to_string()).or_insert(&row[column]) == &row[column]
            })
        };
        let is_axis = |path: &&String| asked.contains(&path.as_str()) || !is_own(path);
        self.swept.iter().filter(is_axis).collect()
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

/// Joins neighbours until a curve has at most `most` places.
pub(crate) fn thin(curve: &Curve, most: usize) -> Curve {
    let join = |chunk: &[(f64, Vec<Fold>)]| {
        let (first, rest) = chunk.split_first()?;
        let mut joined = first.clone();
        for (_, folds) in rest {
            joined.1.iter_mut().zip(folds).for_each(|(fold, other)| fold.join(other));
        }
        Some(joined)
    };
    curve.chunks(curve.len().div_ceil(most.max(1)).max(1)).filter_map(join).collect()
}

fn need(columns: &[String], file: &str, name: &str) -> Result<usize, ReportError> {
    let found = columns.iter().position(|column| column == name);
    found.ok_or_else(|| ReportError::column(file, name, columns))
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

/// A point in words: its name and what tells it from others of that name, or its swept
/// values; nothing where nothing is swept.
pub(crate) fn point_in_words(points: &Table, row: usize, swept: &[String]) -> String {
    let cell = |path: &str| {
        let index = points.column(path);
        show(index.map_or(&Cell::Empty, |index| &points.rows[row][index]))
    };
    let value = |path: &String| format!("{} {}", names::shortest(path, swept), cell(path));
    let Some(variant) = points.column(VARIANT).filter(|_| swept.iter().any(|it| it == VARIANT))
    else {
        return swept.iter().map(value).collect::<Vec<_>>().join(", ");
    };
    let namesakes = || {
        let name = &points.rows[row][variant];
        points.rows.iter().filter(move |other| other[variant] == *name)
    };
    let differs = |path: &&String| {
        points.column(path).is_some_and(|column| {
            namesakes().any(|other| other[column] != points.rows[row][column])
        })
    };
    let others = swept.iter().filter(differs).map(value);
    std::iter::once(cell(VARIANT)).chain(others).collect::<Vec<_>>().join(", ")
}

/// The value of a swept path as a reader of the chart sees it.
pub(crate) fn show(cell: &Cell) -> String {
    match cell {
        Cell::Empty => "(default)".to_owned(),
        Cell::Text(text) if text.starts_with('{') => unwrapped(text),
        Cell::Text(text) => text.clone(),
        Cell::Int(_) | Cell::Num(_) => {
            let plain = cell.to_string();
            let short = number(cell).map_or_else(String::new, human::short);
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
    fn thinning_keeps_the_mean_and_the_bounds() {
        let place = |t: u32| {
            let mut fold = Fold::default();
            fold.add(f64::from(t));
            (f64::from(t), vec![fold])
        };
        let curve: Curve = (0..10).map(place).collect();
        let thin = thin(&curve, 5);
        assert_eq!(thin.len(), 5);
        let (time, folds) = &thin[1];
        assert_eq!((Some(*time), folds[0].mean()), (Some(2.0), Some(2.5)));
        assert_eq!((Some(folds[0].low), Some(folds[0].high)), (Some(2.0), Some(3.0)));
        assert_eq!(super::thin(&Vec::new(), 5), Vec::new());
    }

    #[test]
    fn values_of_paths_read_well_and_lose_nothing() {
        let json = r#"{"utility":{"quality_threshold":0.8}}"#;
        let cells = [Cell::Int(1000), Cell::Int(1234), Cell::Int(20_000), Cell::Int(12_345)];
        assert_eq!(cells.map(|cell| show(&cell)), ["1k", "1234", "20k", "12345"]);
        assert_eq!(show(&Cell::from(json)), "utility: {quality_threshold: 0.8}");
        assert_eq!(show(&Cell::Empty), "(default)");
    }

    #[test]
    fn a_named_point_says_what_tells_it_from_its_namesakes() {
        let mut points = Table::new([VARIANT, "a.ttl", "b.rate"]);
        for row in [["before", "1m", "5/s"], ["before", "1m", "9/s"], ["after", "1s", "5/s"]] {
            points.push(row.map(Cell::from).to_vec());
        }
        let swept = [VARIANT, "a.ttl", "b.rate"].map(str::to_owned);
        let words = [0, 1, 2].map(|row| point_in_words(&points, row, &swept));
        assert_eq!(words, ["before, rate 5/s", "before, rate 9/s", "after"]);
        let words = point_in_words(&points, 0, &swept[1..]);
        assert_eq!(words, "ttl 1m, rate 5/s");
    }

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

    #[test]
    fn nothing_measured_has_no_mean() {
        assert_eq!(Fold::default().mean(), None);
    }
}
