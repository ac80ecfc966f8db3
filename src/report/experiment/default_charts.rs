//! The charts of an experiment that names none.

use std::path::Path;

use crate::experiment::charts::{CdfSpec, ChartSpec, Names, TimelineSpec, TornadoSpec, XySpec};
use crate::experiment::sweep::VARIANT;
use crate::report::error::ReportError;
use crate::report::experiment::subject::drawn_first;
use crate::report::results::dimension::Dimension;
use crate::report::results::{Results, SENSITIVITY};

/// A path with more values than this is not a series.
const SERIES: usize = 8;

/// The charts that suit a results folder: for a sweep what most people want to know of such
/// an experiment (of plain requests the cost, p99 latency and cache hit rate, as far as
/// they vary) along the first swept path that holds numbers, or as bars where none does; for
/// a single run what each cache level and model did; for both the distribution of latency
/// and a timeline. Charts whose tables are not there are left out.
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
    if results.has(SENSITIVITY) {
        charts.push(ChartSpec::Tornado(TornadoSpec::default()));
    } else if dimensions.is_empty() {
        charts.extend(parts_of_a_run(&results));
    } else {
        charts.extend(sweep(&results, &dimensions, asked));
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

fn sweep(results: &Results, dimensions: &[Dimension], asked: &[String]) -> Vec<ChartSpec> {
    let metrics = drawn_first(&results.points, asked);
    let variant = dimensions.iter().find(|d| d.path == VARIANT);
    let numeric = match variant {
        // What a variant sets belongs to it; other paths come after those of variants.
        Some(variant) if variant.levels.len() < results.points.rows.len() => {
            dimensions.iter().rfind(|d| d.numeric)
        }
        Some(_) => None,
        None => dimensions.iter().find(|d| d.numeric),
    };
    let Some(x) = numeric.or(variant).or(dimensions.first()) else { return Vec::new() };
    let other = |d: &&Dimension| d.path != x.path && d.levels.len() <= SERIES;
    let series = match variant {
        Some(variant) => Some(variant).filter(other),
        None => dimensions.iter().find(other),
    };
    let chart = |metric: String| {
        let spec = XySpec {
            x: Some(x.path.clone()),
            y: Names::from(metric),
            series: series.map(|d| d.path.clone()),
            ..XySpec::default()
        };
        if numeric.is_some() { ChartSpec::Line(spec) } else { ChartSpec::Bar(spec) }
    };
    metrics.into_iter().map(chart).collect()
}

fn parts_of_a_run(results: &Results) -> Vec<ChartSpec> {
    [("level", "hits"), ("model", "requests")]
        .into_iter()
        .filter(|(entity, metric)| {
            let file = format!("{entity}s.csv");
            results.has(&file) && results.columns(&file).iter().any(|column| column == metric)
        })
        .map(|(entity, metric)| {
            let x = Some(entity.to_owned());
            ChartSpec::Bar(XySpec { x, y: Names::from(metric), ..XySpec::default() })
        })
        .collect()
}
