//! A metric for each value of a path, model or cache level: bars from zero,
//! grouped by series, with the interval as a whisker. Bars of what was overloaded are
//! faded, with a hollow mark.

use crate::experiment::charts::{ScaleSpec, XySpec};
use crate::report::chart::common::OVERLOADED;
use crate::report::chart::xy::Xy;
use crate::report::error::ReportError;
use crate::report::figure::axis::drawable;
use crate::report::figure::theme::INK;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, Tick,
};
use crate::report::number_format;
use crate::report::results::Results;
use crate::report::results::panels::PanelData;
use crate::report::unit::Unit;

/// The most groups of bars.
const GROUPS: usize = 40;
/// The share of a group's room that its bars fill.
const FILL: f64 = 0.78;
/// The widest bar, as a share of a panel.
const WIDEST: f64 = 0.09;
/// Bars have their values above them if there are at most this many.
const NAMED: usize = 12;

/// A figure for each metric of the spec.
pub(super) fn figures(results: &Results, spec: &XySpec) -> Result<Vec<NamedFigure>, ReportError> {
    spec.y.0.iter().map(|metric| figure(results, spec, metric)).collect()
}

fn figure(results: &Results, spec: &XySpec, metric: &str) -> Result<NamedFigure, ReportError> {
    let mut xy = Xy::read(results, spec, metric)?;
    xy.limit_x(GROUPS);
    let names: Vec<String> = xy.x_dimension().levels.iter().map(|l| l.name.clone()).collect();
    let title = match (xy.x_dimension().numeric, xy.x_dimension().unit) {
        (true, Unit::Entries) => format!("{} (entries)", xy.x_dimension().title),
        (true, Unit::PerSecond) => format!("{} (requests/s)", xy.x_dimension().title),
        _ => xy.x_dimension().title.clone(),
    };
    let x = Axis::categories(&title, &names);
    let (columns, height) = xy.grid();
    let mut values = xy.values();
    values.push(0.0);
    let mut y = Axis::vertical(&xy.name, xy.unit, &values, ScaleSpec::Linear, height);
    let with_values = xy.panels.len() == 1 && names.len() * xy.series_names().len() <= NAMED;
    if with_values {
        make_room(&mut y, &values);
    }
    let draw = |(i, panel_data)| panel(&xy, panel_data, i, x.clone(), y.clone(), with_values);
    let panels = xy.panels.iter().enumerate().map(draw).collect();
    let figure = Figure {
        title: xy.title(spec),
        subtitle: xy.subtitle(results, spec, "whiskers"),
        legend: legend(&xy),
        panels,
        columns,
        height,
    };
    Ok(NamedFigure { name: xy.file(spec), figure: figure.with_hollow(OVERLOADED) })
}

/// Room for a line of text above the largest value.
fn make_room(y: &mut Axis, values: &[f64]) {
    let largest = values.iter().copied().filter(|v| drawable(*v)).fold(0.0, f64::max);
    y.high = y.high.max(y.low + (largest - y.low) * 1.08);
}

fn panel(
    xy: &Xy,
    panel_data: &PanelData,
    index: usize,
    x: Axis,
    mut y: Axis,
    with_values: bool,
) -> Panel {
    let mut marks = Vec::new();
    let series = xy.series_names().len();
    let groups = x.high - x.low;
    let wide = (FILL / series as f64).min(WIDEST * groups);
    for s in 0..series {
        let style = xy.styles[s];
        let offset = (s as f64 - series as f64 / 2.0) * wide;
        // A hair of white between neighbours.
        let gap = if series > 1 { 0.06 * wide } else { 0.0 };
        for o in xy.of_series(panel_data, s) {
            if ![o.value, o.low, o.high].into_iter().all(drawable) {
                continue;
            }
            let left = o.at[xy.x] as f64 + offset + gap / 2.0;
            let right = left + wide - gap;
            let middle = f64::midpoint(left, right);
            let shade = if o.overloaded { style.faded() } else { style };
            marks.push(Mark::Bar { left, right, value: o.value, style: shade });
            if o.overloaded {
                let round = Style { marker: Marker::Circle, ..style };
                marks.push(Mark::Hollow { points: vec![(middle, o.value)], style: round });
            }
            let (low, high) = (o.low.max(y.low), o.high.min(y.high));
            if high > low {
                marks.push(Mark::Whisker { x: middle, low, high, style: ink(style) });
            }
            if with_values {
                let text = value_text(xy.unit, o.value, &y.ticks);
                marks.push(Mark::Text { x: middle, y: high.max(o.value).max(0.0), text });
            }
        }
    }
    if !index.is_multiple_of(xy.grid().0) {
        y.label.clear();
    }
    let x_labels = xy.is_lowest(index);
    Panel { heading: panel_data.heading.clone(), legend: None, x, y, x_labels, marks }
}

/// Whiskers are dark on every colour.
fn ink(style: Style) -> Style {
    Style { color: INK, ..style }
}

/// The value in the unit of the axis, without its sign.
fn value_text(unit: Unit, value: f64, ticks: &[Tick]) -> String {
    let largest = ticks.last().map_or(value, |tick| tick.at);
    let shown = unit.shown(largest.abs());
    let value = value / shown.factor;
    match unit {
        _ if value.abs() >= 10_000.0 => number_format::short(value),
        // Counts are whole more often than not.
        Unit::Plain | Unit::Tokens => number_format::significant(value, 3),
        _ => number_format::rounded(value, 3),
    }
}

fn legend(xy: &Xy) -> Option<Legend> {
    xy.series?;
    let entry = |(i, name): (usize, String)| Entry::new(name, xy.styles[i]);
    let entries = xy.series_names().into_iter().enumerate().map(entry).collect();
    Some(Legend::above(&xy.series_title(), entries, Sample::Bar))
}
