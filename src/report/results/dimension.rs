//! A swept path as an axis: its values, in order, and what they measure.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::display_names;
use crate::report::results::columns::show;
use crate::report::unit::{Unit, quantities};
use crate::stats::Cell;

/// A swept path (or `level`, `model` ...) with its values.
#[derive(Clone, Debug)]
pub(crate) struct Dimension {
    pub path: String,
    /// The path in words.
    pub title: String,
    pub unit: Unit,
    /// The values in the order of the sweep; numbers rise.
    pub levels: Vec<Level>,
    /// Whether the values are quantities, so that distances between them mean
    /// something.
    pub numeric: bool,
    /// The number of each value, by its text.
    order: BTreeMap<String, usize>,
}

/// A value of a dimension.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    /// The value as it stands in the file.
    cell: String,
    pub name: String,
    /// The quantity, or the place in the order.
    pub value: f64,
}

impl Dimension {
    pub(crate) fn new(path: &str, cells: impl Iterator<Item = Cell>) -> Self {
        let mut seen = BTreeSet::new();
        let distinct: Vec<Cell> = cells.filter(|cell| seen.insert(cell.to_string())).collect();
        let found = quantities(&distinct);
        let numeric = found.is_some();
        let (mut unit, values) =
            found.unwrap_or_else(|| (Unit::Plain, (0..distinct.len()).map(|i| i as f64).collect()));
        let level =
            |(cell, value): (&Cell, f64)| Level { name: show(cell), cell: cell.to_string(), value };
        let mut levels: Vec<Level> = distinct.iter().zip(values).map(level).collect();
        levels.sort_by(|a, b| a.value.total_cmp(&b.value));
        if unit == Unit::Plain && numeric {
            unit = match path.rsplit('.').next() {
                Some("capacity") => Unit::Entries,
                Some("rate") => Unit::PerSecond,
                _ => Unit::Plain,
            };
        }
        let order = levels.iter().enumerate().map(|(i, level)| (level.cell.clone(), i)).collect();
        let title = display_names::path(path);
        Dimension { path: path.to_owned(), title, unit, levels, numeric, order }
    }

    /// The number of a value.
    pub(crate) fn find(&self, cell: &Cell) -> usize {
        self.order.get(&cell.to_string()).copied().unwrap_or(0)
    }

    /// `L1 capacity 100`: a value with its dimension.
    pub(crate) fn with(&self, level: usize) -> String {
        self.levels
            .get(level)
            .map_or(String::new(), |level| format!("{} {}", self.title, level.name))
    }
}
