//! A metric along a swept path: a line with markers for each series, and the
//! confidence interval as a band. Where the points next to one another differ in other
//! paths too, they are not joined, and a dashed curve shows the trend.

use crate::experiment::charts::XySpec;
use crate::report::chart::common::{OVERLOADED, trend};
use crate::report::chart::xy::Xy;
use crate::report::error::ReportError;
use crate::report::figure::axis::{Scale, drawable};
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, band,
};
use crate::report::results::Results;
use crate::report::results::panels::{Observation, PanelData};

/// Lines with more points than this have no markers.
const MARKERS: usize = 40;

/// A figure for each metric of the spec.
pub(super) fn figures(results: &Results, spec: &XySpec) -> Result<Vec<NamedFigure>, ReportError> {
    spec.y.0.iter().map(|metric| figure(results, spec, metric)).collect()
}

fn figure(results: &Results, spec: &XySpec, metric: &str) -> Result<NamedFigure, ReportError> {
    let mut xy = Xy::read(results, spec, metric)?;
    if xy.loose {
        xy.notes.push("points differ in more than this; dashed: trend (LOWESS)".to_owned());
    }
    let (x, y) = axes(&xy, spec);
    let (columns, height) = xy.grid();
    let panels: Vec<Panel> = xy
        .panels
        .iter()
        .enumerate()
        .map(|(i, panel_data)| panel(&xy, panel_data, i, x.clone(), y.clone()))
        .collect();
    let figure = Figure {
        title: xy.title(spec),
        subtitle: xy.subtitle(results, spec, if xy.loose { "whiskers" } else { "band" }),
        legend: legend(&xy, &x),
        panels,
        columns,
        height,
    };
    Ok(NamedFigure { name: xy.file(spec), figure: figure.with_hollow(OVERLOADED) })
}

/// The axes that all panels share.
fn axes(xy: &Xy, spec: &XySpec) -> (Axis, Axis) {
    let dimension = xy.x_dimension();
    let x = if dimension.numeric {
        let values: Vec<(f64, &str)> =
            dimension.levels.iter().map(|level| (level.value, level.name.as_str())).collect();
        Axis::horizontal(&dimension.title, dimension.unit, &values, spec.x_scale, xy.width())
    } else {
        let names: Vec<String> = dimension.levels.iter().map(|l| l.name.clone()).collect();
        Axis::categories(&dimension.title, &names)
    };
    let height = xy.grid().1;
    let shown = xy.panels.iter().flat_map(|panel_data| &panel_data.observations);
    // An interval that reaches zero should not forbid a logarithmic axis.
    let ends = shown.flat_map(|o| [o.value, if o.low > 0.0 { o.low } else { o.value }, o.high]);
    let values: Vec<f64> = ends.collect();
    (x, Axis::vertical(&xy.name, xy.unit, &values, spec.y_scale, height))
}

fn panel(xy: &Xy, panel_data: &PanelData, index: usize, x: Axis, mut y: Axis) -> Panel {
    let mut bands = Vec::new();
    let mut lines = Vec::new();
    for series in 0..xy.series_names().len() {
        if xy.loose {
            draw_loose(xy, panel_data, (&x, &y), series, &mut lines);
            continue;
        }
        for run in runs(xy, panel_data, series) {
            draw_run(xy, &run, &y, xy.styles[series], &mut bands, &mut lines);
        }
    }
    for series in 0..xy.series_names().len() {
        let mine = xy.of_series(panel_data, series).into_iter();
        let overloaded = mine.filter(|o| o.overloaded && is_drawn(xy, o));
        let points = overloaded.map(|o| place(xy, o)).collect();
        lines.push(Mark::Hollow { points, style: xy.styles[series] });
    }
    bands.extend(lines);
    if !index.is_multiple_of(xy.grid().0) {
        y.label.clear();
    }
    let x_labels = xy.is_lowest(index);
    Panel { heading: panel_data.heading.clone(), legend: None, x, y, x_labels, marks: bands }
}

/// The pieces of a line between gaps.
fn runs<'a>(xy: &Xy, panel_data: &'a PanelData, series: usize) -> Vec<Vec<&'a Observation>> {
    let mut runs: Vec<Vec<&Observation>> = Vec::new();
    let mut last = None;
    // Levels that other series have and this one lacks are gaps; levels that
    // no series of this panel has are not.
    let mut present: Vec<usize> = panel_data.observations.iter().map(|o| o.at[xy.x]).collect();
    present.sort_unstable();
    present.dedup();
    let drawn = xy.of_series(panel_data, series).into_iter();
    for observation in drawn.filter(|o| is_drawn(xy, o)) {
        let rank = present.binary_search(&observation.at[xy.x]).unwrap_or(0);
        match runs.last_mut() {
            Some(run) if last.is_some_and(|last| rank <= last + 1) => run.push(observation),
            _ => runs.push(vec![observation]),
        }
        last = Some(rank);
    }
    runs
}

/// Whether an observation can be drawn with its interval.
fn is_drawn(xy: &Xy, o: &Observation) -> bool {
    [place(xy, o).0, o.value, o.low, o.high].into_iter().all(drawable)
}

/// Where an observation is drawn.
fn place(xy: &Xy, o: &Observation) -> (f64, f64) {
    (xy.x_dimension().levels[o.at[xy.x]].value, o.value)
}

/// Points that no line may join: marks, and their trend.
fn draw_loose(
    xy: &Xy,
    panel_data: &PanelData,
    (x, y): (&Axis, &Axis),
    series: usize,
    lines: &mut Vec<Mark>,
) {
    let style = xy.styles[series];
    let mine = xy.of_series(panel_data, series);
    let drawn: Vec<&Observation> = mine.into_iter().filter(|o| is_drawn(xy, o)).collect();
    let points: Vec<(f64, f64)> = drawn.iter().map(|o| place(xy, o)).collect();
    let steady: Vec<(f64, f64)> =
        drawn.iter().filter(|o| !o.overloaded).map(|o| place(xy, o)).collect();
    if x.scale != Scale::Category {
        let dashed = Style { marker: Marker::Nothing, dash: Some((6.0, 4.0)), ..style };
        let trend = trend(&steady, x, y);
        if !trend.is_empty() {
            lines.push(Mark::Line { points: trend, style: dashed });
        }
    }
    for o in drawn.iter().filter(|o| o.high > o.low) {
        let (low, high) = (o.low.clamp(y.low, y.high), o.high.clamp(y.low, y.high));
        lines.push(Mark::Whisker { x: place(xy, o).0, low, high, style: style.faded() });
    }
    lines.push(Mark::Markers { points, style });
}

fn draw_run(
    xy: &Xy,
    run: &[&Observation],
    y: &Axis,
    style: Style,
    bands: &mut Vec<Mark>,
    lines: &mut Vec<Mark>,
) {
    let x = |o: &Observation| place(xy, o).0;
    let inside = |value: f64| value.clamp(y.low, y.high);
    let points: Vec<(f64, f64)> = run.iter().map(|o| (x(o), o.value)).collect();
    let opacity = band(xy.series_names().len());
    let wide = run.iter().any(|o| o.high > o.low);
    match run {
        [alone] if wide => {
            let (low, high) = (inside(alone.low), inside(alone.high));
            bands.push(Mark::Whisker { x: x(alone), low, high, style });
        }
        _ if wide => {
            let upper = run.iter().map(|o| (x(o), inside(o.high)));
            let lower = run.iter().rev().map(|o| (x(o), inside(o.low)));
            bands.push(Mark::Area { outline: upper.chain(lower).collect(), style, opacity });
        }
        _ => {}
    }
    if points.len() > 1 {
        lines.push(Mark::Line { points: points.clone(), style });
    }
    if points.len() <= MARKERS {
        lines.push(Mark::Markers { points, style });
    }
}

fn legend(xy: &Xy, x: &Axis) -> Option<Legend> {
    xy.series?;
    let end = |series: usize| {
        let [panel_data] = xy.panels.as_slice() else { return None };
        let last = *xy.of_series(panel_data, series).last()?;
        Some((xy.x_dimension().levels[last.at[xy.x]].value, last.value))
    };
    let entries: Vec<Entry> = xy
        .series_names()
        .into_iter()
        .enumerate()
        .map(|(i, name)| Entry { end: end(i), ..Entry::new(name, xy.styles[i]) })
        .collect();
    let at_ends = entries.len() <= 10 && x.low < x.high && !xy.loose;
    let sample = if xy.loose { Sample::Marker } else { Sample::LineAndMarker };
    Some(Legend { heading: xy.series_title(), entries, sample, at_ends })
}
