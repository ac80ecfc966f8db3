//! What a search tried: how near each load is to the bounds, or cost against response
//! time, and which systems hold.

use crate::experiment::charts::ScaleSpec;
use crate::report::error::ReportError;
use crate::report::figure::axis::drawable;
use crate::report::figure::theme::FAINT_INK;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, style,
};
use crate::report::results::columns::{column, number};
use crate::report::results::estimates::EstimateColumns;
use crate::report::search::manifest::SearchManifest;
use crate::report::unit::{Unit, quantity};
use crate::report::{display_names, number_format};
use crate::stats::{Cell, Estimate, Table};

const FILE: &str = "search.csv";
/// Values that span more than this factor are drawn by their logarithms.
const WIDE: f64 = 20.0;

/// The figure of a search.
pub(crate) fn figure(manifest: &SearchManifest, table: &Table) -> Result<NamedFigure, ReportError> {
    match &manifest.cost {
        None => along_the_load(manifest, table),
        Some(cost) => costs(manifest, table, cost),
    }
}

fn named(
    name: &str,
    title: String,
    manifest: &SearchManifest,
    legend: Legend,
    panel: Panel,
) -> NamedFigure {
    let subtitle = format!("{} · {}", manifest.name, manifest.found);
    let (legend, panels) = (Some(legend), vec![panel]);
    let figure = Figure { title, subtitle, legend, panels, columns: 1, height: 300.0 };
    NamedFigure { name: name.to_owned(), figure }
}

/// Each bounded metric as a share of its bound, along the load.
fn along_the_load(manifest: &SearchManifest, table: &Table) -> Result<NamedFigure, ReportError> {
    let path = manifest.changed.first().map_or("", String::as_str);
    let load = column(table, FILE, path)?;
    let number_of = |cell: &Cell| quantity(cell).map(|(_, value)| value);
    let unit = table.rows.first().and_then(|row| quantity(&row[load]));
    let unit = unit.map_or(Unit::Plain, |(unit, _)| unit);
    let (mut marks, mut entries, mut loads, mut shares) = (vec![], vec![], vec![], vec![1.0]);
    for (series, bound) in manifest.bounds.iter().enumerate() {
        column(table, FILE, &bound.metric)?;
        let metric = EstimateColumns::find(table, &bound.metric);
        let Some(limit) = bound.below.or(bound.above).filter(|limit| *limit != 0.0) else {
            continue;
        };
        let mut points: Vec<(f64, Estimate)> = table
            .rows
            .iter()
            .filter_map(|row| {
                let estimate = metric.and_then(|metric| metric.read(row))?;
                Some((number_of(&row[load])?, estimate.per(limit)))
            })
            .filter(|(_, it)| [it.mean, it.low, it.high].into_iter().all(drawable))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let style = style(series);
        let line: Vec<(f64, f64)> = points.iter().map(|(load, it)| (*load, it.mean)).collect();
        for (load, Estimate { low, high, .. }) in &points {
            let (low, high) = (low.min(*high), high.max(*low));
            shares.extend([low.max(0.0), high]);
            marks.push(Mark::Whisker { x: *load, low: low.max(1e-9), high, style });
        }
        loads.extend(line.iter().map(|(load, _)| *load));
        marks.push(Mark::Line { points: line.clone(), style });
        marks.push(Mark::Markers { points: line, style });
        entries.push(Entry::new(display_names::metric(&bound.metric), style));
    }
    let (low, high) = loads
        .iter()
        .fold((f64::INFINITY, 0.0f64), |(low, high), load| (low.min(*load), high.max(*load)));
    let bound = Style::REFERENCE;
    marks.insert(0, Mark::Line { points: vec![(low, 1.0), (high, 1.0)], style: bound });
    let chosen: Vec<(f64, &str)> = loads.iter().map(|load| (*load, "")).collect();
    let panel = Panel::alone(
        Axis::horizontal(&display_names::path(path), unit, &chosen, ScaleSpec::Linear, 620.0),
        Axis::vertical("share of the bound", Unit::Plain, &shares, ScaleSpec::Auto, 300.0),
        marks,
    );
    let legend = Legend::above("Metric", entries, Sample::LineAndMarker);
    let title = number_format::sentence(&format!("how much {} holds", display_names::path(path)));
    Ok(named("load", title, manifest, legend, panel))
}

/// Cost against the first bounded metric; the front of those that hold is a line.
fn costs(manifest: &SearchManifest, table: &Table, cost: &str) -> Result<NamedFigure, ReportError> {
    let metric = manifest.bounds.first().map_or("e2e_p99_s", |bound| bound.metric.as_str());
    let (x, y) = (column(table, FILE, cost)?, column(table, FILE, metric)?);
    let verdict = column(table, FILE, "verdict")?;
    let holds = |row: &Vec<Cell>| row[verdict].to_string() == "holds";
    let place = |row: &Vec<Cell>| Some((number(&row[x])?, number(&row[y])?));
    let of = |wanted: bool| -> Vec<(f64, f64)> {
        table.rows.iter().filter(|row| holds(row) == wanted).filter_map(place).collect()
    };
    let (good, bad) = (of(true), of(false));
    let best: Vec<(f64, f64)> =
        manifest.best.and_then(|best| table.rows.get(best)).and_then(place).into_iter().collect();
    let holding = Style { dash: None, ..style(0) };
    let failing = Style { color: FAINT_INK, marker: Marker::Cross, dash: None };
    let chosen = Style { marker: Marker::Diamond, ..style(1) };
    let all: Vec<(f64, f64)> = good.iter().chain(&bad).copied().collect();
    let values = |axis: fn(&(f64, f64)) -> f64| all.iter().map(axis).collect::<Vec<f64>>();
    let (costs, mut times) = (values(|it| it.0), values(|it| it.1));
    let bound = manifest.bounds.first().and_then(|bound| bound.below.or(bound.above));
    times.extend(bound);
    // What does not hold may be far beyond what does.
    let (least, most) = times
        .iter()
        .fold((f64::INFINITY, 0.0f64), |(least, most), time| (least.min(*time), most.max(*time)));
    let scale = if most > WIDE * least { ScaleSpec::Log } else { ScaleSpec::Linear };
    let x = Axis::vertical(
        &display_names::metric(cost),
        Unit::of_metric(cost),
        &costs,
        ScaleSpec::Linear,
        420.0,
    );
    let line = Style::REFERENCE;
    let ends = |bound: f64| vec![(x.low, bound), (x.high, bound)];
    let marks = vec![
        Mark::Line { points: bound.map(ends).unwrap_or_default(), style: line },
        Mark::Markers { points: bad, style: failing },
        Mark::Markers { points: good, style: holding },
        Mark::Markers { points: best, style: chosen },
    ];
    let entry = |name: &str, style: Style| Entry::new(name, style);
    let legend = Legend::above(
        "System",
        vec![
            entry("holds", holding),
            entry("does not hold", failing),
            entry("cheapest that holds", chosen),
        ],
        Sample::LineAndMarker,
    );
    let panel = Panel::alone(
        x,
        Axis::vertical(
            &display_names::metric(metric),
            Unit::of_metric(metric),
            &times,
            scale,
            300.0,
        ),
        marks,
    );
    let title = number_format::sentence(&format!(
        "{} against {}",
        display_names::metric(metric),
        display_names::metric(cost)
    ));
    Ok(named("systems", title, manifest, legend, panel))
}
