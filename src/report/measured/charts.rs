//! Predictions beside what was measured: request by request, and as distributions.

use super::manifest::MeasuredManifest;
use super::pair::{Part, TIMES, Times};
use super::tables::RESIDUALS;
use crate::experiment::charts::ScaleSpec;
use crate::report::error::ReportError;
use crate::report::figure::theme::INK;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, style,
};
use crate::report::results::columns::{column, number};
use crate::report::unit::Unit;
use crate::stats::Table;

/// The width of a panel, for its labels.
const WIDTH: f64 = 230.0;
const HEIGHT: f64 = 230.0;
/// Steps of a distribution, at most.
const STEPS: usize = 400;

/// A request's part and time, measured and predicted.
type Spot = (String, f64, f64);

/// Predicted against measured, and both distributions.
pub(super) fn figures(
    manifest: &MeasuredManifest,
    residuals: &Table,
) -> Result<Vec<NamedFigure>, ReportError> {
    let mut times: Vec<(&Times, Vec<Spot>)> = Vec::new();
    for one in &TIMES {
        let all = spots(residuals, one)?;
        if !all.is_empty() {
            times.push((one, all));
        }
    }
    if times.is_empty() {
        return Ok(Vec::new());
    }
    let subtitle = format!("{} · {}", manifest.name, manifest.measured.file);
    Ok(vec![scatter(&subtitle, &times), distributions(&subtitle, &times)])
}

fn spots(table: &Table, times: &Times) -> Result<Vec<Spot>, ReportError> {
    let at = |name: &str| column(table, RESIDUALS, name);
    let part = at("part")?;
    let measured = at(&format!("{}_measured_s", times.name))?;
    let predicted = at(&format!("{}_predicted_s", times.name))?;
    let spot = |row: &Vec<crate::stats::Cell>| {
        Some((row[part].to_string(), number(&row[measured])?, number(&row[predicted])?))
    };
    Ok(table.rows.iter().filter_map(spot).collect())
}

fn scatter(subtitle: &str, times: &[(&Times, Vec<Spot>)]) -> NamedFigure {
    let parts: Vec<Part> = [Part::Fitted, Part::HeldOut, Part::All]
        .into_iter()
        .filter(|part| times.iter().any(|(_, all)| all.iter().any(|it| it.0 == part.name())))
        .collect();
    let look = |nth: usize| Style { dash: None, ..style(nth) };
    let panels = times.iter().map(|(one, all)| {
        let values: Vec<f64> = all.iter().flat_map(|it| [it.1, it.2]).collect();
        let axis =
            |label: &str| Axis::measured(label, Unit::Seconds, &values, ScaleSpec::Auto, WIDTH);
        let (x, y) = (axis("measured"), axis("predicted"));
        let (low, high) = (x.low.max(y.low), x.high.min(y.high));
        let mut marks =
            vec![Mark::Line { points: vec![(low, low), (high, high)], style: Style::REFERENCE }];
        for (nth, part) in parts.iter().enumerate() {
            let mine = all.iter().filter(|it| it.0 == part.name());
            let points = mine.map(|it| (it.1, it.2)).collect();
            marks.push(Mark::Markers { points, style: look(nth) });
        }
        Panel { heading: one.title.to_owned(), ..Panel::alone(x, y, marks) }
    });
    let panels: Vec<Panel> = panels.collect();
    let entry = |(nth, part): (usize, &Part)| {
        let name = match part {
            Part::Fitted => "fitted to",
            Part::HeldOut => "held out",
            Part::All => "request",
        };
        Entry::new(name, look(nth))
    };
    let mut entries: Vec<Entry> = parts.iter().enumerate().map(entry).collect();
    entries.push(Entry::new("the same", Style::REFERENCE));
    let figure = Figure {
        title: "Times of single requests: predicted against measured".to_owned(),
        subtitle: subtitle.to_owned(),
        legend: Some(Legend::above("", entries, Sample::LineAndMarker)),
        columns: panels.len(),
        panels,
        height: HEIGHT,
    };
    NamedFigure { name: "predicted-against-measured".to_owned(), figure }
}

fn distributions(subtitle: &str, times: &[(&Times, Vec<Spot>)]) -> NamedFigure {
    let plain = Style { color: INK, marker: Marker::Nothing, dash: None };
    let predicted = Style { marker: Marker::Nothing, ..style(0) };
    let panels = times.iter().map(|(one, all)| {
        let values: Vec<f64> = all.iter().flat_map(|it| [it.1, it.2]).collect();
        let x = Axis::measured(one.title, Unit::Seconds, &values, ScaleSpec::Auto, WIDTH);
        let line = |of: fn(&Spot) -> f64, style: Style| {
            let points = steps(all.iter().map(of).collect());
            let clamp = |(time, share): (f64, f64)| (time.clamp(x.low, x.high), share);
            Mark::Line { points: points.into_iter().map(clamp).collect(), style }
        };
        let marks = vec![line(|it| it.1, plain), line(|it| it.2, predicted)];
        let y = Axis::share("share of requests");
        Panel { heading: one.title.to_owned(), ..Panel::alone(x, y, marks) }
    });
    let panels: Vec<Panel> = panels.collect();
    let figure = Figure {
        title: "Distributions of times, measured and predicted".to_owned(),
        subtitle: subtitle.to_owned(),
        legend: Some(Legend::above(
            "",
            vec![Entry::new("measured", plain), Entry::new("predicted", predicted)],
            Sample::Line,
        )),
        columns: panels.len(),
        panels,
        height: HEIGHT,
    };
    NamedFigure { name: "cdf".to_owned(), figure }
}

/// The share of values up to each, at most so many of them.
fn steps(mut values: Vec<f64>) -> Vec<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let each = count.div_ceil(STEPS).max(1);
    let chosen = (0..count).filter(|nth| nth % each == 0 || nth + 1 == count);
    chosen.map(|nth| (values[nth], (nth + 1) as f64 / count as f64)).collect()
}
