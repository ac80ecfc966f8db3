//! A metric against others, or against swept paths: a mark for each point of the sweep, a
//! panel for each `x`, and the trend.

use crate::experiment::charts::{ScaleSpec, ScatterSpec};
use crate::experiment::sweep::VARIANT;
use crate::report::chart::cloud::{Cloud, Place, is_swept, metric_axis, names, spots, whiskers};
use crate::report::chart::common::{OVERLOADED, conditions, grid, title, trend};
use crate::report::error::ReportError;
use crate::report::figure::axis::Scale;
use crate::report::figure::{Axis, Figure, Mark, Marker, NamedFigure, Panel, Sample, Style, theme};
use crate::report::files::file_name;
use crate::report::results::Results;
use crate::report::results::dimension::Dimension;
use crate::report::results::panels::Interval;
use crate::report::{display_names, number_format};

/// A path with more values than this is not the series, unless that is asked for.
const SERIES: usize = 8;
/// More marks than this have no names.
const NAMED: usize = 14;

/// A figure for each `y`.
pub(super) fn figures(
    results: &Results,
    spec: &ScatterSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
    spec.y.iter().map(|metric| figure(results, spec, metric)).collect()
}

fn figure(results: &Results, spec: &ScatterSpec, y: &str) -> Result<NamedFigure, ReportError> {
    let series = spec.series.clone().or_else(|| series(results, spec));
    let read = |x: &str| Cloud::read(results, (x, y), series.as_deref(), spec.facet.as_deref());
    let clouds: Vec<(&str, Cloud)> =
        spec.x.iter().map(|x| Ok((x, read(x)?))).collect::<Result<_, ReportError>>()?;
    let panels: usize = clouds.iter().map(|(_, cloud)| cloud.panels()).sum();
    let (columns, height) = grid(panels);
    let height = if panels == 1 { 320.0 } else { height };
    let heights: Vec<f64> = clouds.iter().flat_map(|(_, cloud)| cloud.heights()).collect();
    let vertical = metric_axis(y, &heights, spec.y_scale, height);
    let several = clouds.len() > 1;
    let mut all = Vec::new();
    let mut has_trend = false;
    for (x, cloud) in &clouds {
        let across = across(results, spec, x, cloud, 560.0 / columns as f64);
        for i in 0..cloud.panels() {
            let mut y_axis = vertical.clone();
            if !all.len().is_multiple_of(columns) {
                y_axis.label.clear();
            }
            let mine = cloud.of_panel(i);
            let curves = match spec.trend {
                Some(false) => Vec::new(),
                None if !is_swept(results, x) => Vec::new(),
                _ => curves(&mine, &cloud.styles, (&across, &vertical)),
            };
            has_trend |= !curves.is_empty();
            all.push(Panel {
                heading: cloud.heading(i),
                legend: None,
                x: across.clone(),
                y: y_axis,
                x_labels: several || all.len() + columns >= panels,
                marks: marks(&mine, (&cloud.styles, &vertical), curves, !is_swept(results, x)),
            });
        }
    }
    let subtitle = || subtitle(results, y, &clouds, has_trend);
    let shown = || {
        let x = match spec.x.0.as_slice() {
            [only] => in_words(results, only),
            _ => "what was varied".to_owned(),
        };
        let against = if spec.x.iter().all(|x| is_swept(results, x)) { "by" } else { "against" };
        number_format::sentence(&format!("{} {against} {x}", display_names::metric(y)))
    };
    let legend = clouds.first().and_then(|(_, cloud)| cloud.legend(&spec.labels, Sample::Marker));
    let name = display_names::metric(y);
    let figure = Figure {
        title: title(spec.title.as_deref(), (spec.y.0.len() > 1, &name), shown),
        subtitle: spec.subtitle.clone().unwrap_or_else(subtitle),
        legend,
        panels: all,
        columns,
        height,
    };
    let file = match (&spec.file, spec.x.0.as_slice()) {
        (Some(file), _) if spec.y.0.len() > 1 => format!("{}-{}", file_name(file), file_name(y)),
        (Some(file), _) => file_name(file),
        (None, [x]) => format!("{}-against-{}", file_name(y), file_name(x)),
        (None, _) => format!("{}-scatter", file_name(y)),
    };
    Ok(NamedFigure { name: file, figure: figure.with_hollow(OVERLOADED) })
}

/// The conditions, and what the marks are.
fn subtitle(results: &Results, y: &str, clouds: &[(&str, Cloud)], has_trend: bool) -> String {
    let all = || clouds.iter().flat_map(|(_, cloud)| &cloud.places);
    let interval =
        if all().any(|it| it.high > it.low) { Interval::Confidence } else { Interval::None };
    let mut notes = Vec::new();
    if has_trend {
        notes.push("dashed: trend (LOWESS)".to_owned());
    }
    let named = clouds.iter().find(|(x, cloud)| {
        !cloud.named_by.is_empty() && !is_swept(results, x) && cloud.places.len() <= NAMED
    });
    notes.extend(named.map(|(_, cloud)| format!("names: {}", cloud.named_by)));
    conditions(results, interval, &format!("whiskers of {}", display_names::metric(y)), notes)
}

/// The path whose values have colours, where none is asked for: the first with few values
/// that is no `x` and not drawn at random.
fn series(results: &Results, spec: &ScatterSpec) -> Option<String> {
    let free = |path: &&String| {
        let levels = results.dimension(path).levels.len();
        !spec.x.iter().any(|x| x == path.as_str())
            && spec.facet.as_ref() != Some(*path)
            && !results.drawn.contains(*path)
            && (2..=SERIES).contains(&levels)
    };
    let axes: Vec<&String> = results.axes(&[]).into_iter().filter(free).collect();
    // Where one name tells all points apart there is no need of colours.
    let alone = |path: &String| {
        path == VARIANT && results.dimension(path).levels.len() == results.points.rows.len()
    };
    axes.into_iter().find(|path| !alone(path)).cloned()
}

/// A metric or a swept path in words.
fn in_words(results: &Results, x: &str) -> String {
    if is_swept(results, x) { results.dimension(x).title } else { display_names::metric(x) }
}

/// The horizontal axis of one `x`.
fn across(results: &Results, spec: &ScatterSpec, x: &str, cloud: &Cloud, length: f64) -> Axis {
    if is_swept(results, x) {
        return along(&results.dimension(x), spec.x_scale, length);
    }
    let values: Vec<f64> = cloud.places.iter().map(|place| place.x).collect();
    metric_axis(x, &values, spec.x_scale, length)
}

fn along(dimension: &Dimension, scale: ScaleSpec, length: f64) -> Axis {
    if dimension.numeric {
        let values: Vec<(f64, &str)> =
            dimension.levels.iter().map(|level| (level.value, level.name.as_str())).collect();
        Axis::horizontal(&dimension.title, dimension.unit, &values, scale, length)
    } else {
        let names: Vec<String> = dimension.levels.iter().map(|l| l.name.clone()).collect();
        Axis::categories(&dimension.title, &names)
    }
}

/// The trend of each series, where the axis has distances.
fn curves(places: &[&Place], styles: &[Style], (x, y): (&Axis, &Axis)) -> Vec<Mark> {
    if x.scale == Scale::Category {
        return Vec::new();
    }
    let curve = |(index, style): (usize, &Style)| {
        let mine = places.iter().copied().filter(|it| it.series == index && !it.overloaded);
        let points = trend(&spots(mine), x, y);
        let color = if styles.len() > 1 { style.color } else { theme::FAINT_INK };
        let style = Style { color, marker: Marker::Nothing, dash: Some((6.0, 4.0)) };
        (!points.is_empty()).then_some(Mark::Line { points, style })
    };
    styles.iter().enumerate().filter_map(curve).collect()
}

fn marks(
    places: &[&Place],
    (styles, y): (&[Style], &Axis),
    curves: Vec<Mark>,
    named: bool,
) -> Vec<Mark> {
    let mut marks = whiskers(places.iter().copied(), y, |it| styles[it.series].faded());
    for (index, style) in styles.iter().enumerate() {
        let mine = |overloaded: bool| {
            spots(
                places
                    .iter()
                    .copied()
                    .filter(move |it| it.series == index && it.overloaded == overloaded),
            )
        };
        marks.push(Mark::Markers { points: mine(false), style: *style });
        marks.push(Mark::Hollow { points: mine(true), style: *style });
    }
    // Among many marks a curve below them could not be seen.
    marks.extend(curves);
    if named && places.len() <= NAMED {
        marks.extend(names(places.iter().copied(), y));
    }
    marks
}
