//! Which points a chart of curves shows, and what they are called.

use std::collections::BTreeSet;

use crate::report::error::ReportError;
use crate::report::figure::{Entry, Legend, Sample, Style};
use crate::report::number_format;
use crate::report::results::Results;
use crate::report::results::dimension::Dimension;

/// The most curves of a chart: as many as the palette has colours.
pub(crate) const CURVES: usize = 8;

/// The points of a chart.
pub(crate) struct ChosenCurves {
    /// The number of each point, with its name.
    pub points: Vec<(u64, String)>,
    /// What tells them apart, in words.
    pub by: String,
    /// Of each point.
    pub styles: Vec<Style>,
    /// What the subtitle has to say about the choice.
    pub notes: Vec<String>,
}

impl ChosenCurves {
    /// The legend of the curves; none for a single one.
    pub(crate) fn legend(&self) -> Option<Legend> {
        let entry =
            |(i, (_, name)): (usize, &(u64, String))| Entry::new(name.clone(), self.styles[i]);
        (self.points.len() > 1).then(|| {
            Legend::above(
                &number_format::sentence(&self.by),
                self.points.iter().enumerate().map(entry).collect(),
                Sample::Line,
            )
        })
    }
}

/// Chooses the points asked for, or one for each value of `series`, or all;
/// `most` at most, spread evenly.
pub(crate) fn choose_curves(
    results: &Results,
    series: Option<&str>,
    asked: &[u64],
    most: usize,
) -> Result<ChosenCurves, ReportError> {
    let rows = 0..results.points.rows.len();
    let axes = results.axes(series.as_slice());
    let dimensions: Vec<Dimension> = axes.into_iter().map(|path| results.dimension(path)).collect();
    let numbers = results.point_numbers();
    let mut rows: Vec<usize> =
        rows.filter(|row| asked.is_empty() || asked.contains(&numbers[*row])).collect();
    let mut notes = Vec::new();
    // What all of them have in common tells none of them apart.
    let differs = |d: &&Dimension| {
        let mut values = rows.iter().map(|row| d.find(results.cell(*row, &d.path)));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let mut named: Vec<&Dimension> = dimensions.iter().filter(differs).collect();
    if let Some(series) = series {
        let chosen = dimensions.iter().find(|d| d.path == series);
        let chosen = chosen.ok_or_else(|| ReportError::not_swept(series, results.swept))?;
        hold(results, &mut rows, chosen, &named, &mut notes);
        named = vec![chosen];
    }
    let total = rows.len();
    if total > most {
        rows = (0..most).map(|i| rows[i * (total - 1) / (most - 1)]).collect();
        notes.push(format!("{most} of {total} points"));
    }
    let name = |row: usize| {
        let value = |d: &&Dimension| {
            let cell = results.cell(row, &d.path);
            if named.len() > 1 { d.in_words(cell) } else { d.name_of(cell) }
        };
        let values = named.iter().map(value);
        let name = values.collect::<Vec<_>>().join(", ");
        if name.is_empty() { format!("point {}", numbers[row]) } else { name }
    };
    let points: Vec<(u64, String)> = rows.iter().map(|row| (numbers[*row], name(*row))).collect();
    let titles: Vec<&str> = named.iter().map(|d| d.title.as_str()).collect();
    let by = titles.join(" and ");
    if let [alone] = named.as_slice() {
        // Its values have their styles in its own order, whichever are drawn.
        results.styles.all(alone);
    }
    let styles = points.iter().map(|(_, name)| results.styles.of(&by, name)).collect();
    Ok(ChosenCurves { points, by, styles, notes })
}

/// Keeps the first row for each value of `chosen`, with the other dimensions
/// held at the values of the first.
fn hold(
    results: &Results,
    rows: &mut Vec<usize>,
    chosen: &Dimension,
    all: &[&Dimension],
    notes: &mut Vec<String>,
) {
    let Some(&first) = rows.first() else { return };
    let others: Vec<&&Dimension> = all.iter().filter(|d| d.path != chosen.path).collect();
    let same =
        |row: usize, d: &Dimension| results.cell(row, &d.path) == results.cell(first, &d.path);
    let mut seen = BTreeSet::new();
    let before = rows.len();
    let mut fresh = |row: usize| seen.insert(results.cell(row, &chosen.path).to_string());
    let distinct = chosen.levels.len() == before;
    rows.retain(|row| (distinct || others.iter().all(|d| same(*row, d))) && fresh(*row));
    if rows.len() < before {
        let held: Vec<String> = others
            .iter()
            .map(|d| format!("{} {}", d.title, d.name_of(results.cell(first, &d.path))))
            .collect();
        if !held.is_empty() {
            notes.push(format!("held at {}", held.join(", ")));
        }
    }
}
