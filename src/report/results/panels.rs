//! A metric over the dimensions of a sweep, and how it falls into panels.

use std::collections::BTreeMap;

use crate::experiment::charts::ENTITIES;
use crate::report::error::ReportError;
use crate::report::number_format;
use crate::report::results::Results;
use crate::report::results::aggregate::Aggregate;
use crate::report::results::bounds::Bounds;
use crate::report::results::columns::{column, number};
use crate::report::results::dimension::Dimension;
use crate::stats::Table;

/// Something measured at a place of the sweep.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    /// A level of each dimension.
    pub at: Vec<usize>,
    pub value: f64,
    /// The interval around it; both equal `value` if there is none.
    pub low: f64,
    pub high: f64,
    /// Whether the point could not keep up.
    pub overloaded: bool,
}

/// What the intervals are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interval {
    None,
    /// The 95 % confidence interval of the mean over replications.
    Confidence,
    /// From the lowest to the highest replication.
    Range,
}

/// A metric over all dimensions.
#[derive(Clone, Debug)]
pub(crate) struct SweptMetric {
    pub dimensions: Vec<Dimension>,
    pub observations: Vec<Observation>,
    pub interval: Interval,
}

impl SweptMetric {
    /// Reads a metric of the points, or of an entity's table if one of `axes`
    /// is an entity. The dimensions are the swept paths (see [`Results::axes`]),
    /// then `axes` that are not swept.
    pub(crate) fn read(
        results: &Results,
        metric: &str,
        axes: &[&str],
    ) -> Result<Self, ReportError> {
        let swept = |axis: &str| results.swept.iter().any(|path| path == axis);
        let entities: Vec<&str> =
            axes.iter().copied().filter(|a| ENTITIES.contains(a) && !swept(a)).collect();
        let others = axes.iter().copied().filter(|axis| !swept(axis) && !entities.contains(axis));
        if let Some(axis) = others.clone().find(|axis| *axis != "point") {
            return Err(ReportError::not_swept(axis, results.swept));
        }
        let mut paths: Vec<&str> = results.axes(axes).into_iter().map(String::as_str).collect();
        paths.extend(others);
        match entities.first() {
            None => Self::of_points(results, metric, &paths),
            Some(entity) => Self::of_entity(results, metric, &paths, entity),
        }
    }

    fn of_points(results: &Results, metric: &str, paths: &[&str]) -> Result<Self, ReportError> {
        let table = &results.points;
        let mean = column(table, "points.csv", metric)?;
        let bounds = Bounds::of(table, metric);
        let dimensions = dimensions_of(results, paths);
        let mut observations = Vec::new();
        let mut interval = Interval::None;
        for (row, cells) in table.rows.iter().enumerate() {
            let Some(value) = number(&cells[mean]) else { continue };
            let ends = bounds.around(cells);
            if ends.is_some() {
                interval = Interval::Confidence;
            }
            let (low, high) = ends.unwrap_or((value, value));
            let (at, overloaded) = (places(results, &dimensions, row), results.overloaded(row));
            observations.push(Observation { at, value, low, high, overloaded });
        }
        Ok(SweptMetric { dimensions, observations, interval })
    }

    /// From `levels.csv` and its like: a row for each run and entity.
    fn of_entity(
        results: &Results,
        metric: &str,
        paths: &[&str],
        entity: &str,
    ) -> Result<Self, ReportError> {
        let file = format!("{entity}s.csv");
        let table = results.table(&file)?;
        let value = column(&table, &file, metric)?;
        let point = column(&table, &file, "point")?;
        let name = column(&table, &file, entity)?;
        let mut dimensions = dimensions_of(results, paths);
        let last = Dimension::new(entity, table.rows.iter().map(|row| row[name].clone()));
        let folds = fold(&table, results, (point, name, value), &last);
        let mut observations = Vec::new();
        for ((row, level), fold) in folds {
            let Some(value) = fold.mean() else { continue };
            let mut at = places(results, &dimensions, row);
            at.push(level);
            let (low, high, overloaded) = (fold.low, fold.high, results.overloaded(row));
            observations.push(Observation { at, value, low, high, overloaded });
        }
        dimensions.push(last);
        let interval = if results.replications > 1 { Interval::Range } else { Interval::None };
        Ok(SweptMetric { dimensions, observations, interval })
    }

    /// Every point, its row in `points.csv` being the value: for charts whose
    /// measurements are in another table.
    pub(crate) fn of_rows(results: &Results, axes: &[&str]) -> Result<Self, ReportError> {
        let swept = |axis: &str| results.swept.iter().any(|path| path == axis);
        let others = axes.iter().copied().filter(|axis| !swept(axis));
        if let Some(axis) = others.clone().find(|axis| *axis != "point") {
            return Err(ReportError::not_swept(axis, results.swept));
        }
        let swept = results.axes(axes).into_iter().map(String::as_str);
        let paths: Vec<&str> = swept.chain(others).collect();
        let dimensions = dimensions_of(results, &paths);
        let observation = |row: usize| {
            let (at, value) = (places(results, &dimensions, row), row as f64);
            let overloaded = results.overloaded(row);
            Observation { at, value, low: value, high: value, overloaded }
        };
        let observations = (0..results.points.rows.len()).map(observation).collect();
        Ok(SweptMetric { dimensions, observations, interval: Interval::None })
    }

    /// The number of a dimension.
    pub(crate) fn dimension(&self, path: &str) -> Option<usize> {
        self.dimensions.iter().position(|dimension| dimension.path == path)
    }
}

fn dimensions_of(results: &Results, paths: &[&str]) -> Vec<Dimension> {
    paths.iter().map(|path| results.dimension(path)).collect()
}

fn places(results: &Results, dimensions: &[Dimension], row: usize) -> Vec<usize> {
    dimensions.iter().map(|d| d.find(results.cell(row, &d.path))).collect()
}

/// Folds the replications of each point (by row) and entity (by level).
fn fold(
    table: &Table,
    results: &Results,
    (point, name, value): (usize, usize, usize),
    entity: &Dimension,
) -> BTreeMap<(usize, usize), Aggregate> {
    let rows: BTreeMap<u64, usize> =
        results.point_numbers().into_iter().enumerate().map(|(row, point)| (point, row)).collect();
    let mut folds: BTreeMap<(usize, usize), Aggregate> = BTreeMap::new();
    for cells in &table.rows {
        let row = number(&cells[point]).and_then(|point| rows.get(&(point as u64)));
        if let (Some(&row), Some(value)) = (row, number(&cells[value])) {
            folds.entry((row, entity.find(&cells[name]))).or_default().add(value);
        }
    }
    folds
}

/// Observations that are drawn between one pair of axes.
#[derive(Clone, Debug)]
pub(crate) struct PanelData {
    /// The values that the observations have in common, in words.
    pub heading: String,
    pub observations: Vec<Observation>,
}

/// The most panels of small multiples.
const PANELS: usize = 6;

/// Headings of more characters than this have the values alone.
const HEADING: usize = 84;

/// The same where they were asked for.
const FACETS: usize = 12;

/// Divides the observations so that nothing is hidden and nothing averaged.
///
/// Where `x` and `series` tell all observations apart there is one panel.
/// Otherwise each combination of the other dimensions' values has one, up to
/// six; beyond that only the first combination is shown, and the second result
/// says which. A `facet` has a panel for each of its values.
pub(crate) fn divide(
    data: &SweptMetric,
    x: usize,
    series: Option<usize>,
    facet: Option<usize>,
) -> (Vec<PanelData>, Vec<String>) {
    match facet.filter(|facet| *facet != x && Some(*facet) != series) {
        None => {
            let (panels, held) = combinations(data, &data.observations, x, series, &[]);
            (panels, held.into_iter().collect())
        }
        Some(facet) => facets(data, x, series, facet),
    }
}

/// A panel for each value of a dimension; where further ones differ, they are held.
fn facets(
    data: &SweptMetric,
    x: usize,
    series: Option<usize>,
    facet: usize,
) -> (Vec<PanelData>, Vec<String>) {
    let dimension = &data.dimensions[facet];
    let mut notes = Vec::new();
    if dimension.levels.len() > FACETS {
        let all = dimension.levels.len();
        notes.push(format!("first {FACETS} of {all} values of {}", dimension.title));
    }
    let panel_data = |level: usize| {
        let mine: Vec<Observation> =
            data.observations.iter().filter(|o| o.at[facet] == level).cloned().collect();
        let (panels, held) = combinations(data, &mine, x, series, &[facet]);
        // All panels hold the same: only the first combination of each is drawn.
        let (observations, held) = match panels.len() {
            0 | 1 => (panels.into_iter().next().map_or_else(Vec::new, |it| it.observations), held),
            total => {
                let first = panels.into_iter().next();
                let first =
                    first.unwrap_or(PanelData { heading: String::new(), observations: vec![] });
                let note = format!("only {} (1 of {total} combinations)", first.heading);
                (first.observations, Some(note))
            }
        };
        (PanelData { heading: number_format::sentence(&dimension.with(level)), observations }, held)
    };
    let (panels, held): (Vec<PanelData>, Vec<Option<String>>) =
        (0..dimension.levels.len().min(FACETS)).map(panel_data).unzip();
    notes.extend(held.into_iter().flatten().next());
    (panels, notes)
}

/// A panel for each combination of the values of other dimensions than `x`, `series`
/// and `fixed`.
fn combinations(
    data: &SweptMetric,
    observations: &[Observation],
    x: usize,
    series: Option<usize>,
    fixed: &[usize],
) -> (Vec<PanelData>, Option<String>) {
    let whole = |observations| PanelData { heading: String::new(), observations };
    let mut seen: BTreeMap<(usize, Option<usize>), usize> = BTreeMap::new();
    for observation in observations {
        *seen.entry((observation.at[x], series.map(|s| observation.at[s]))).or_default() += 1;
    }
    if seen.values().all(|count| *count == 1) {
        return (vec![whole(observations.to_vec())], None);
    }
    let others: Vec<usize> = (0..data.dimensions.len())
        .filter(|d| *d != x && Some(*d) != series && !fixed.contains(d))
        .filter(|d| data.dimensions[*d].levels.len() > 1)
        .collect();
    let mut panels: BTreeMap<Vec<usize>, Vec<Observation>> = BTreeMap::new();
    for observation in observations {
        let key = others.iter().map(|d| observation.at[*d]).collect();
        panels.entry(key).or_default().push(observation.clone());
    }
    let heading = |key: &[usize]| {
        let values = others.iter().zip(key).map(|(d, level)| data.dimensions[*d].with(*level));
        values.collect::<Vec<_>>().join(", ")
    };
    if panels.len() > PANELS {
        let total = panels.len();
        let first = panels.into_iter().next();
        return first.map_or((Vec::new(), None), |(key, observations)| {
            let held = format!("only {} (1 of {total} combinations)", heading(&key));
            (vec![whole(observations)], Some(held))
        });
    }
    if panels.keys().any(|key| heading(key).chars().count() > HEADING) {
        return by_value(data, &others, panels);
    }
    let panel_data = |(key, observations): (Vec<usize>, _)| PanelData {
        heading: number_format::sentence(&heading(&key)),
        observations,
    };
    (panels.into_iter().map(panel_data).collect(), None)
}

/// Shares that are headed by values alone; what these are of is noted.
fn by_value(
    data: &SweptMetric,
    others: &[usize],
    panels: BTreeMap<Vec<usize>, Vec<Observation>>,
) -> (Vec<PanelData>, Option<String>) {
    let titles: Vec<&str> = others.iter().map(|d| data.dimensions[*d].title.as_str()).collect();
    let panel_data = |(key, observations): (Vec<usize>, _)| {
        let values = others.iter().zip(&key);
        let values = values.map(|(d, level)| data.dimensions[*d].levels[*level].name.as_str());
        PanelData { heading: values.collect::<Vec<_>>().join(", "), observations }
    };
    let note = format!("panels: {}", titles.join(", "));
    (panels.into_iter().map(panel_data).collect(), Some(note))
}
