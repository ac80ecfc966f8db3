//! The charts of an experiment that names none.

use std::path::Path;

use crate::experiment::charts::{
    CdfSpec, ChartSpec, Names, ScatterSpec, TimelineSpec, TornadoSpec, XySpec,
};
use crate::experiment::sweep::VARIANT;
use crate::report::error::ReportError;
use crate::report::experiment::subject::drawn_first;
use crate::report::results::dimension::Dimension;
use crate::report::results::joined::joins_strangers;
use crate::report::results::panels::{PanelData, SweptMetric, divide};
use crate::report::results::{Results, SENSITIVITY};
use crate::stats::Table;

/// A path with more values than this is not a series.
const SERIES: usize = 8;
/// The most paths that a metric is scattered against.
const PANELS: usize = 9;

/// The charts that suit a results folder: for a sweep what most people want to know of such
/// an experiment (of plain requests the cost, p99 latency and cache hit rate, as far as
/// they vary) along the first swept path that holds numbers, or as bars where none does; for
/// a single run what each cache level and model did; for both the distribution of latency
/// and a timeline. Where points next to one another differ in more than one path, as those of
/// random designs do, no line joins them: each metric is scattered against each path, with
/// the trend; or a tornado says which paths matter. Charts whose tables are not there are
/// left out.
///
/// # Errors
/// If `points.csv` cannot be read.
pub fn default_charts(dir: &Path, swept: &[String]) -> Result<Vec<ChartSpec>, ReportError> {
    charts_of(dir, swept, &[])
}

/// The same of the metrics that `asked` names, if it names any.
pub(super) fn charts_of(
    dir: &Path,
    swept: &[String],
    asked: &[String],
) -> Result<Vec<ChartSpec>, ReportError> {
    let results = Results::open(dir, swept, "")?;
    let dimensions: Vec<Dimension> = results
        .axes(&[])
        .into_iter()
        .map(|path| results.dimension(path))
        .filter(|dimension| dimension.levels.len() > 1)
        .collect();
    let mut charts = Vec::new();
    let random = random(&results, &dimensions);
    if results.has(SENSITIVITY) {
        charts.push(ChartSpec::Tornado(TornadoSpec::default()));
    } else if dimensions.is_empty() {
        charts.extend(parts_of_a_run(&results));
    } else if random.is_empty() {
        charts.extend(sweep(&results, &dimensions, asked));
    } else {
        charts.extend(scatters(&results, &random, asked));
    }
    // A few of many points, each of which differs from the next in everything, tell nothing.
    if !random.is_empty() {
        return Ok(charts);
    }
    // More points than colours: a curve for each value of one path.
    let series = dimensions.iter().min_by_key(|d| d.levels.len() > SERIES);
    let many = results.points.rows.len() > SERIES;
    let series = series.filter(|_| many).map(|d| d.path.clone());
    if results.has("latency.csv") {
        charts.push(ChartSpec::Cdf(CdfSpec { series: series.clone(), ..CdfSpec::default() }));
    }
    if results.has("timeline.csv") {
        charts.push(ChartSpec::Timeline(TimelineSpec { series, ..TimelineSpec::default() }));
    }
    Ok(charts)
}

/// The paths that points are scattered over: those that were drawn at random, or else, where
/// a line along the path that a sweep is drawn along would join points that differ in more,
/// all that hold numbers.
fn random(results: &Results, dimensions: &[Dimension]) -> Vec<String> {
    let drawn = dimensions.iter().filter(|d| results.drawn.contains(&d.path));
    // Along a single path points differ in nothing else.
    if drawn.clone().next().is_some() && dimensions.len() > 1 {
        return drawn.map(path_of).take(PANELS).collect();
    }
    let (Some(x), series) = axes(results, dimensions) else { return Vec::new() };
    let is_loose = || {
        let named = [Some(x), series].into_iter().flatten();
        let named: Vec<&str> = named.map(|d| d.path.as_str()).collect();
        let data = SweptMetric::of_rows(results, &named).ok()?;
        let at = data.dimension(&x.path)?;
        let series = series.and_then(|d| data.dimension(&d.path));
        let (panels, _) = divide(&data, at, series, None);
        let strange = |panel: &PanelData| {
            joins_strangers(&data, &panel.observations, at, series, &results.drawn)
        };
        Some(x.numeric && panels.iter().any(strange))
    };
    if results.has(SENSITIVITY) || is_loose() != Some(true) {
        return Vec::new();
    }
    dimensions.iter().filter(|d| d.numeric).map(path_of).take(PANELS).collect()
}

fn path_of(dimension: &Dimension) -> String {
    dimension.path.clone()
}

fn scatters(results: &Results, paths: &[String], asked: &[String]) -> Vec<ChartSpec> {
    let chart = |metric: String| {
        let x = Names(paths.to_vec());
        ChartSpec::Scatter(ScatterSpec { x, y: Names::from(metric), ..ScatterSpec::default() })
    };
    drawn_first(&results.points, asked).into_iter().map(chart).collect()
}

/// What a sweep is drawn along, and the path with a line or bar for each value.
fn axes<'d>(
    results: &Results,
    dimensions: &'d [Dimension],
) -> (Option<&'d Dimension>, Option<&'d Dimension>) {
    let variant = dimensions.iter().find(|d| d.path == VARIANT);
    let numeric = match variant {
        // What a variant sets belongs to it; other paths come after those of variants.
        Some(variant) if variant.levels.len() < results.points.rows.len() => {
            dimensions.iter().rfind(|d| d.numeric)
        }
        Some(_) => None,
        None => dimensions.iter().find(|d| d.numeric),
    };
    let Some(x) = numeric.or(variant).or(dimensions.first()) else { return (None, None) };
    let other = |d: &&Dimension| d.path != x.path && d.levels.len() <= SERIES;
    let series = match variant {
        Some(variant) => Some(variant).filter(other),
        None => dimensions.iter().find(other),
    };
    (Some(x), series)
}

fn sweep(results: &Results, dimensions: &[Dimension], asked: &[String]) -> Vec<ChartSpec> {
    let metrics = drawn_first(&results.points, asked);
    let (Some(x), series) = axes(results, dimensions) else { return Vec::new() };
    let chart = |metric: String| {
        let spec = XySpec {
            x: Some(x.path.clone()),
            y: Names::from(metric),
            series: series.map(|d| d.path.clone()),
            ..XySpec::default()
        };
        if x.numeric && x.path != VARIANT { ChartSpec::Line(spec) } else { ChartSpec::Bar(spec) }
    };
    metrics.into_iter().map(chart).collect()
}

/// Whether a table has rows of more than one thing.
fn several(table: &Table, entity: &str) -> bool {
    let column = table.column(entity);
    let mut names = column.into_iter().flat_map(|at| table.rows.iter().map(move |row| &row[at]));
    let first = names.next();
    names.any(|name| Some(name) != first)
}

fn parts_of_a_run(results: &Results) -> Vec<ChartSpec> {
    [("level", "hits"), ("model", "requests")]
        .into_iter()
        .filter(|(entity, metric)| {
            let file = format!("{entity}s.csv");
            // One bar alone tells nothing apart.
            results.columns(&file).iter().any(|column| column == metric)
                && results.table(&file).is_ok_and(|table| several(&table, entity))
        })
        .map(|(entity, metric)| {
            let x = Some(entity.to_owned());
            ChartSpec::Bar(XySpec { x, y: Names::from(metric), ..XySpec::default() })
        })
        .collect()
}
