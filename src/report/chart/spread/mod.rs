//! How values spread: boxes from quartile to quartile, or violins as wide as values
//! are frequent.

mod density;

use crate::experiment::charts::{LatencyMetric, SpreadSpec};
use crate::report::chart::common::{conditions, grid, title};
use crate::report::chart::spread::density::{Distribution, density};
use crate::report::error::ReportError;
use crate::report::figure::axis::drawable;
use crate::report::figure::theme::INK;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, style,
};
use crate::report::files::file_name;
use crate::report::results::Results;
use crate::report::results::aggregate::Curve;
use crate::report::results::columns::{column, number};
use crate::report::results::dimension::{Dimension, Level};
use crate::report::results::panels::{Interval, PanelData, SweptMetric, divide};
use crate::report::unit::Unit;
use crate::report::{display_names, number_format};

/// The share of a group's room that its boxes fill.
const FILL: f64 = 0.76;
/// The widest box, as a share of a panel.
const WIDEST: f64 = 0.12;
/// Fewer values than this are drawn one by one.
const FEW: usize = 5;
/// The most groups.
const GROUPS: usize = 40;

/// How a spread is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Box,
    Violin,
}

/// A figure for each metric of the spec.
pub(super) fn figures(
    results: &Results,
    spec: &SpreadSpec,
    shape: Shape,
) -> Result<Vec<NamedFigure>, ReportError> {
    spec.y.0.iter().map(|metric| figure(results, spec, metric, shape)).collect()
}

fn figure(
    results: &Results,
    spec: &SpreadSpec,
    metric: &str,
    shape: Shape,
) -> Result<NamedFigure, ReportError> {
    let first = || results.swept.first().cloned().unwrap_or_else(|| "point".to_owned());
    let x_path = spec.x.clone().unwrap_or_else(first);
    let latency = LatencyMetric::ALL.iter().any(|latency| latency.column() == metric);
    let spreads =
        if latency { of_requests(results, metric)? } else { of_replications(results, metric)? };
    let axes: Vec<&str> = [x_path.as_str()]
        .into_iter()
        .chain(spec.series.as_deref())
        .chain(spec.facet.as_deref())
        .collect();
    let data = SweptMetric::of_rows(results, &axes)?;
    let find = |path: &str| {
        data.dimension(path).ok_or_else(|| ReportError::not_swept(path, results.swept))
    };
    let x = find(&x_path)?;
    let series = spec.series.as_deref().map(find).transpose()?.filter(|series| *series != x);
    let facet = spec.facet.as_deref().map(find).transpose()?;
    let (panels, mut notes) = divide(&data, x, series, facet);
    notes.insert(0, meaning(shape, latency).to_owned());
    let styles = series.map_or_else(|| vec![style(0)], |s| results.styles.all(&data.dimensions[s]));
    let (columns, height) = grid(panels.len());
    let names: Vec<String> =
        data.dimensions[x].levels.iter().take(GROUPS).map(|level| level.name.clone()).collect();
    let name = display_names::metric(metric);
    let values: Vec<f64> = spreads.iter().flatten().flat_map(Distribution::ends).collect();
    let y = Axis::vertical(&name, Unit::of_metric(metric), &values, spec.y_scale, height);
    let drawing = Drawing {
        shape,
        x,
        series,
        styles: &styles,
        spreads: &spreads,
        y: &y,
        groups: names.len(),
    };
    let panel = |(i, panel_data): (usize, &PanelData)| {
        let mut vertical = y.clone();
        if !i.is_multiple_of(columns) {
            vertical.label.clear();
        }
        Panel {
            heading: panel_data.heading.clone(),
            legend: None,
            x: Axis::categories(&data.dimensions[x].title, &names),
            y: vertical,
            x_labels: i + columns >= panels.len(),
            marks: drawing.marks(panel_data),
        }
    };
    let by = &data.dimensions[x].title;
    let shown = || number_format::sentence(&format!("spread of {name} by {by}"));
    let subtitle = || conditions(results, Interval::None, "", notes);
    let figure = Figure {
        title: title(spec.title.as_deref(), (spec.y.0.len() > 1, &name), shown),
        subtitle: spec.subtitle.clone().unwrap_or_else(subtitle),
        legend: series.map(|s| legend(&data.dimensions[s], &styles)),
        panels: panels.iter().enumerate().map(panel).collect(),
        columns,
        height,
    };
    let kind = if shape == Shape::Box { "box" } else { "violin" };
    let name = match &spec.file {
        Some(file) if spec.y.0.len() > 1 => format!("{}-{}", file_name(file), file_name(metric)),
        Some(file) => file_name(file),
        None => format!("{}-{kind}-by-{}", file_name(metric), file_name(&x_path)),
    };
    Ok(NamedFigure { name, figure })
}

/// What the subtitle says of the marks.
const fn meaning(shape: Shape, latency: bool) -> &'static str {
    match (shape, latency) {
        (Shape::Box, true) => "box: quartiles of requests; whiskers: 5th to 95th percentile",
        (Shape::Box, false) => {
            "box: quartiles of replications; whiskers: furthest within 1.5 of its height"
        }
        (Shape::Violin, true) => "width: how many requests, to the 99th percentile; bar: quartiles",
        (Shape::Violin, false) => "width: how many replications; bar: quartiles",
    }
}

fn legend(dimension: &Dimension, styles: &[Style]) -> Legend {
    let entry = |(level, style): (&Level, &Style)| Entry::new(level.name.clone(), *style);
    Legend::above(
        &number_format::sentence(&dimension.title),
        dimension.levels.iter().zip(styles).map(entry).collect(),
        Sample::Bar,
    )
}

/// The values of a metric in `runs.csv`, by row of `points.csv`.
fn of_replications(
    results: &Results,
    metric: &str,
) -> Result<Vec<Option<Distribution>>, ReportError> {
    let table = results.table("runs.csv")?;
    let point = column(&table, "runs.csv", "point")?;
    let value = column(&table, "runs.csv", metric)?;
    let of_point = |wanted: u64| {
        let rows = table.rows.iter().filter(|row| number(&row[point]) == Some(wanted as f64));
        let values = rows.filter_map(|row| number(&row[value])).filter(|v| drawable(*v));
        Distribution::of_values(values.collect())
    };
    Ok(results.point_numbers().into_iter().map(of_point).collect())
}

/// A latency's quantiles in `latency.csv`, by row of `points.csv`.
fn of_requests(results: &Results, metric: &str) -> Result<Vec<Option<Distribution>>, ReportError> {
    let columns = [metric.to_owned()];
    let curves = results.curves("latency.csv", "quantile", &columns, &results.point_numbers())?;
    let of_curve = |curve: &Curve| {
        let places = curve.iter().filter_map(|(q, folds)| Some((*q, folds[0].mean()?)));
        Distribution::of_quantiles(places.filter(|(_, v)| drawable(*v)).collect())
    };
    Ok(curves.iter().map(of_curve).collect())
}

/// What the marks of all panels share.
struct Drawing<'a> {
    shape: Shape,
    x: usize,
    series: Option<usize>,
    styles: &'a [Style],
    spreads: &'a [Option<Distribution>],
    y: &'a Axis,
    groups: usize,
}

impl Drawing<'_> {
    fn marks(&self, panel_data: &PanelData) -> Vec<Mark> {
        let count = self.styles.len() as f64;
        let wide = (FILL / count).min(WIDEST * self.groups as f64);
        let mut marks = Vec::new();
        for o in panel_data.observations.iter().filter(|o| o.at[self.x] < self.groups) {
            let Some(spread) = &self.spreads[o.value as usize] else { continue };
            let series = self.series.map_or(0, |s| o.at[s]);
            let middle = o.at[self.x] as f64 + (series as f64 + 0.5 - count / 2.0) * wide;
            let style = self.styles[series];
            match self.shape {
                _ if spread.values().is_some_and(|values| values.len() < FEW) => {
                    let values = spread.values().unwrap_or_default();
                    let points = values.iter().map(|v| (middle, *v)).collect();
                    marks.push(Mark::Markers { points, style });
                }
                Shape::Box => boxed(spread, middle, wide, style, &mut marks),
                Shape::Violin => self.violin(spread, middle, wide, style, &mut marks),
            }
        }
        marks
    }

    fn violin(
        &self,
        spread: &Distribution,
        middle: f64,
        wide: f64,
        style: Style,
        marks: &mut Vec<Mark>,
    ) {
        let samples = spread.samples();
        let shape = density(&samples.iter().map(|v| self.y.coordinate(*v)).collect::<Vec<_>>());
        let half = 0.46 * wide;
        let side = |sign: f64| {
            shape.iter().map(move |(y, part)| (middle + sign * half * part, self.y.value(*y)))
        };
        let outline: Vec<(f64, f64)> = side(1.0).chain(side(-1.0).rev()).collect();
        if !outline.is_empty() {
            marks.push(Mark::Area { outline, style, opacity: 0.55 });
        }
        let [q1, median, q3] = [0.25, 0.5, 0.75].map(|q| spread.quantile(q));
        marks.push(Mark::Tile {
            corners: [(middle - 0.04 * wide, q1), (middle + 0.04 * wide, q3)],
            paint: INK,
            text: String::new(),
        });
        let disc = Style { marker: Marker::Circle, ..style };
        marks.push(Mark::Markers { points: vec![(middle, median)], style: disc });
    }
}

fn boxed(spread: &Distribution, middle: f64, wide: f64, style: Style, marks: &mut Vec<Mark>) {
    let ink = INK;
    let (low, high, beyond) = spread.whiskers();
    let [q1, median, q3] = [0.25, 0.5, 0.75].map(|q| spread.quantile(q));
    let half = 0.42 * wide;
    marks.push(Mark::Whisker { x: middle, low, high, style: Style { color: ink, ..style } });
    let corners = [(middle - half, q1), (middle + half, q3)];
    marks.push(Mark::Tile { corners, paint: style.color, text: String::new() });
    marks.push(Mark::Line {
        points: vec![(middle - half, median), (middle + half, median)],
        style: Style { color: ink, marker: Marker::Nothing, dash: None },
    });
    let points: Vec<(f64, f64)> = beyond.into_iter().map(|v| (middle, v)).collect();
    if !points.is_empty() {
        marks.push(Mark::Markers { points, style: Style { marker: Marker::Ring, ..style } });
    }
}
