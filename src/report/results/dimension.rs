//! A swept path as an axis: its values, in order, and what they measure.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::display_names;
use crate::report::number_format;
use crate::report::results::short_names::short_names;
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
        if unit == Unit::Plain && numeric {
            let parts = values.iter().all(|value| (0.0..=1.0).contains(value));
            unit = match path.rsplit('.').next() {
                Some("capacity") => Unit::Entries,
                Some("rate") => Unit::PerSecond,
                Some("share" | "fraction" | "utilization") if parts => Unit::Fraction,
                _ => Unit::Plain,
            };
        }
        let mut names = short_names(&distinct);
        if unit == Unit::Fraction {
            names = values.iter().map(|value| share(*value)).collect();
        }
        let level = |((cell, value), name): ((&Cell, f64), String)| Level {
            name,
            cell: cell.to_string(),
            value,
        };
        let mut levels: Vec<Level> = distinct.iter().zip(values).zip(names).map(level).collect();
        levels.sort_by(|a, b| a.value.total_cmp(&b.value));
        let order = levels.iter().enumerate().map(|(i, level)| (level.cell.clone(), i)).collect();
        let title = display_names::path(path);
        Dimension { path: path.to_owned(), title, unit, levels, numeric, order }
    }

    /// The number of a value.
    pub(crate) fn find(&self, cell: &Cell) -> usize {
        self.order.get(&cell.to_string()).copied().unwrap_or(0)
    }

    /// The name of a value.
    pub(crate) fn name_of(&self, cell: &Cell) -> String {
        self.levels.get(self.find(cell)).map_or_else(String::new, |level| level.name.clone())
    }

    /// The name of a value where no heading says what it is of: `single flight` and `no single
    /// flight` for what is on or off.
    pub(crate) fn in_words(&self, cell: &Cell) -> String {
        match self.name_of(cell).as_str() {
            "true" => self.title.clone(),
            "false" => format!("no {}", self.title),
            name => name.to_owned(),
        }
    }

    /// `L1 capacity 100`: a value with its dimension.
    pub(crate) fn with(&self, level: usize) -> String {
        self.levels
            .get(level)
            .map_or(String::new(), |level| format!("{} {}", self.title, level.name))
    }
}

/// A part of one in per cent, as short as that can be: `5 %`.
fn share(part: f64) -> String {
    format!("{} %", number_format::significant(100.0 * part, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, cells: &[Cell]) -> Vec<String> {
        let dimension = Dimension::new(path, cells.iter().cloned());
        dimension.levels.into_iter().map(|level| level.name).collect()
    }

    #[test]
    fn shares_are_named_in_per_cent() {
        let shares = [0.2, 0.01, 0.055].map(Cell::from);
        assert_eq!(names("cache.invalidation.share", &shares), ["1 %", "5.5 %", "20 %"]);
        assert_eq!(names("a.share", &[Cell::Int(3), Cell::Int(1)]), ["1", "3"], "counts are not");
        assert_eq!(names("a.threshold", &shares[..1]), ["0.2"]);
    }
}
