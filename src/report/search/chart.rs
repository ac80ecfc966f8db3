//! What a search tried: how near each load is to the bounds, or cost against response
//! time, and which systems hold. Trials near the bound have a panel of their own, where
//! others are far away.

use crate::experiment::charts::ScaleSpec;
use crate::report::error::ReportError;
use crate::report::figure::axis::drawable;
use crate::report::figure::theme::FAINT_INK;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, style,
};
use crate::report::results::bounds::Bounds;
use crate::report::results::columns::{column, number};
use crate::report::results::overloaded::is_overloaded;
use crate::report::search::manifest::SearchManifest;
use crate::report::unit::{Unit, quantity};
use crate::report::{display_names, number_format};
use crate::stats::{Cell, Table};

const FILE: &str = "search.csv";
/// Values that span more than this factor are drawn by their logarithms.
const WIDE: f64 = 10.0;
/// A trial is near the bound if it is less than this factor away from it.
const NEAR: f64 = 2.0;
/// Trials near the bound have a panel of their own where all of them together span this many
/// times as much.
const APART: f64 = 4.0;

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
    panels: Vec<Panel>,
) -> NamedFigure {
    let subtitle = format!("{} · {}", manifest.name, manifest.found);
    let columns = panels.len();
    let height = if columns > 1 { 260.0 } else { 300.0 };
    let figure = Figure { title, subtitle, legend: Some(legend), panels, columns, height };
    NamedFigure { name: name.to_owned(), figure: figure.with_hollow("overloaded") }
}

/// A trial between two axes.
#[derive(Clone, Copy, Debug)]
struct Spot {
    x: f64,
    y: f64,
    low: f64,
    high: f64,
    overloaded: bool,
}

/// Logarithmic where values that are not zero span much.
fn scale(values: &[f64]) -> ScaleSpec {
    let (low, high) = range(values.iter().copied().filter(|value| *value > 0.0));
    if high > WIDE * low { ScaleSpec::Log } else { ScaleSpec::Linear }
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let both = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
    values.filter(|value| drawable(*value)).fold((f64::INFINITY, f64::NEG_INFINITY), both)
}

/// The trials to show in a panel of their own: those near the bound, if there are two or
/// more and the others are far from them.
fn near_the_bound(all: &[Spot], bound: f64) -> Option<Vec<bool>> {
    let is_near = |spot: &Spot| {
        let share = spot.y / bound;
        (1.0 / NEAR..=NEAR).contains(&share)
    };
    let near: Vec<bool> = all.iter().map(is_near).collect();
    let shown = || all.iter().zip(&near).filter(|(_, near)| **near).map(|(spot, _)| spot.y);
    let ((least, most), (low, high)) = (range(all.iter().map(|it| it.y)), range(shown()));
    // The bound itself is part of what is near it.
    let span = (high.max(bound) - low.min(bound)).max(1e-3 * bound.abs());
    (shown().count() > 1 && most - least > APART * span).then_some(near)
}

/// Each bounded metric as a share of its bound, along the load.
fn along_the_load(manifest: &SearchManifest, table: &Table) -> Result<NamedFigure, ReportError> {
    let path = manifest.changed.first().map_or("", String::as_str);
    let load = column(table, FILE, path)?;
    let number_of = |cell: &Cell| quantity(cell).map(|(_, value)| value);
    let unit = table.rows.first().and_then(|row| quantity(&row[load]));
    let unit = unit.map_or(Unit::Plain, |(unit, _)| unit);
    let (mut entries, mut series) = (vec![], vec![]);
    for (number_of_bound, bound) in manifest.bounds.iter().enumerate() {
        let mean = column(table, FILE, &bound.metric)?;
        let bounds = Bounds::of(table, &bound.metric);
        let Some(limit) = bound.below.or(bound.above).filter(|limit| *limit != 0.0) else {
            continue;
        };
        let spot = |row: &Vec<Cell>| {
            let mean = number(&row[mean])?;
            let (low, high) = bounds.around(row).unwrap_or((mean, mean));
            let (x, y) = (number_of(&row[load])?, mean / limit);
            let (low, high) = ((low / limit).max(0.0).min(y), high / limit);
            Some(Spot { x, y, low, high, overloaded: is_overloaded(table, row) })
        };
        let mut spots: Vec<Spot> = table.rows.iter().filter_map(spot).collect();
        spots.retain(|it| [it.x, it.y, it.low, it.high].into_iter().all(drawable));
        spots.sort_by(|a, b| a.x.total_cmp(&b.x));
        let style = style(number_of_bound);
        entries.push(Entry::new(display_names::metric(&bound.metric), style));
        series.push((spots, style));
    }
    let words = display_names::path(path);
    let panel = |heading: &str, series: &[(Vec<Spot>, Style)], width: f64| {
        along(series, (&words, unit), heading, width)
    };
    let all: Vec<Spot> = series.iter().flat_map(|(spots, _)| spots).copied().collect();
    let panels = match near_the_bound(&all, 1.0) {
        None => vec![panel("", &series, 620.0)],
        Some(near) => {
            // From the lowest to the highest load that is near a bound.
            let loads = all.iter().zip(&near).filter(|(_, near)| **near).map(|(spot, _)| spot.x);
            let (low, high) = range(loads);
            let mut close = series.clone();
            for (spots, _) in &mut close {
                let y = |it: &Spot| (1.0 / NEAR..=NEAR).contains(&it.y);
                spots.retain(|it| (low..=high).contains(&it.x) && y(it));
            }
            vec![panel("All trials", &series, 290.0), panel("Near the bound", &close, 290.0)]
        }
    };
    let legend = Legend::above("Metric", entries, Sample::LineAndMarker);
    let title = number_format::sentence(&format!("how much {words} holds"));
    Ok(named("load", title, manifest, legend, panels))
}

/// A panel of trials along the load, with the bound at 100 %.
fn along(
    series: &[(Vec<Spot>, Style)],
    (words, unit): (&str, Unit),
    heading: &str,
    width: f64,
) -> Panel {
    let all = || series.iter().flat_map(|(spots, _)| spots);
    let loads: Vec<f64> = all().map(|it| it.x).collect();
    let mut shares = vec![1.0];
    // An interval that reaches zero should not forbid a logarithmic axis.
    shares.extend(all().flat_map(|it| [it.y, it.high, if it.low > 0.0 { it.low } else { it.y }]));
    let chosen: Vec<(f64, &str)> = loads.iter().map(|load| (*load, "")).collect();
    let x = Axis::horizontal(words, unit, &chosen, scale(&loads), width);
    let y = Axis::vertical("share of the bound", Unit::Fraction, &shares, scale(&shares), 280.0);
    let bound = vec![(x.low, 1.0), (x.high, 1.0)];
    let mut marks = vec![Mark::Line { points: bound, style: Style::REFERENCE }];
    for (spots, style) in series {
        let whisker = |it: &Spot| {
            let (low, high) = (it.low.max(y.low), it.high.min(y.high));
            Mark::Whisker { x: it.x, low, high, style: *style }
        };
        marks.extend(spots.iter().filter(|it| it.high > it.low).map(whisker));
        let points = |wanted: fn(&Spot) -> bool| {
            spots.iter().filter(|it| wanted(it)).map(|it| (it.x, it.y)).collect::<Vec<_>>()
        };
        if spots.len() > 1 {
            marks.push(Mark::Line { points: points(|_| true), style: *style });
        }
        marks.push(Mark::Markers { points: points(|_| true), style: *style });
        marks.push(Mark::Hollow { points: points(|it| it.overloaded), style: *style });
    }
    Panel { heading: heading.to_owned(), ..Panel::alone(x, y, marks) }
}

/// The trials of a search for the cheapest system, by what they are.
struct Systems {
    holding: Vec<Spot>,
    failing: Vec<Spot>,
    best: Vec<Spot>,
}

/// Cost against the first bounded metric.
fn costs(manifest: &SearchManifest, table: &Table, cost: &str) -> Result<NamedFigure, ReportError> {
    let metric = manifest.bounds.first().map_or("e2e_p99_s", |bound| bound.metric.as_str());
    let (x, y) = (column(table, FILE, cost)?, column(table, FILE, metric)?);
    let verdict = column(table, FILE, "verdict")?;
    let holds = |row: &Vec<Cell>| row[verdict].to_string() == "holds";
    let place = |row: &Vec<Cell>| {
        let (x, y) = (number(&row[x])?, number(&row[y])?);
        let spot = Spot { x, y, low: y, high: y, overloaded: is_overloaded(table, row) };
        (drawable(x) && drawable(y)).then_some(spot)
    };
    let of = |wanted: bool| -> Vec<Spot> {
        table.rows.iter().filter(|row| holds(row) == wanted).filter_map(place).collect()
    };
    let best = manifest.best.and_then(|best| table.rows.get(best)).and_then(place);
    let all = Systems { holding: of(true), failing: of(false), best: best.into_iter().collect() };
    let bound = manifest.bounds.first().and_then(|bound| bound.below.or(bound.above));
    let spots: Vec<Spot> = all.holding.iter().chain(&all.failing).copied().collect();
    let near =
        bound.filter(|bound| *bound > 0.0).filter(|bound| near_the_bound(&spots, *bound).is_some());
    let panel = |heading: &str, systems: &Systems, width: f64| {
        against(systems, (cost, metric), bound, heading, width)
    };
    let panels = match near {
        None => vec![panel("", &all, 600.0)],
        Some(bound) => {
            let close = |spots: &[Spot]| -> Vec<Spot> {
                let is_near = |it: &&Spot| (1.0 / NEAR..=NEAR).contains(&(it.y / bound));
                spots.iter().filter(is_near).copied().collect()
            };
            let near = Systems {
                holding: close(&all.holding),
                failing: close(&all.failing),
                best: close(&all.best),
            };
            vec![panel("All trials", &all, 290.0), panel("Near the bound", &near, 290.0)]
        }
    };
    let [holding, failing, chosen] = looks();
    let legend = Legend::above(
        "System",
        vec![
            Entry::new("holds", holding),
            Entry::new("does not hold", failing),
            Entry::new("cheapest that holds", chosen),
        ],
        Sample::Marker,
    );
    let title = number_format::sentence(&format!(
        "{} against {}",
        display_names::metric(metric),
        display_names::metric(cost)
    ));
    Ok(named("systems", title, manifest, legend, panels))
}

/// How what holds, what does not and the cheapest are drawn.
fn looks() -> [Style; 3] {
    let holding = Style { dash: None, ..style(0) };
    let failing = Style { color: FAINT_INK, marker: Marker::Cross, dash: None };
    [holding, failing, Style { marker: Marker::Diamond, ..style(1) }]
}

/// A panel of systems, with the bound as a line.
fn against(
    systems: &Systems,
    (cost, metric): (&str, &str),
    bound: Option<f64>,
    heading: &str,
    width: f64,
) -> Panel {
    let all = || systems.holding.iter().chain(&systems.failing);
    let costs: Vec<f64> = all().map(|it| it.x).collect();
    let mut values: Vec<f64> = all().map(|it| it.y).collect();
    values.extend(bound);
    let (name, unit) = (display_names::metric(cost), Unit::of_metric(cost));
    let x = Axis::vertical(&name, unit, &costs, scale(&costs), 0.6 * width);
    let (name, unit) = (display_names::metric(metric), Unit::of_metric(metric));
    let y = Axis::vertical(&name, unit, &values, scale(&values), 280.0);
    let ends = |bound: f64| vec![(x.low, bound), (x.high, bound)];
    let points = |spots: &[Spot], wanted: fn(&Spot) -> bool| -> Vec<(f64, f64)> {
        spots.iter().filter(|it| wanted(it)).map(|it| (it.x, it.y)).collect()
    };
    let [holding, failing, chosen] = looks();
    let bound = bound.map(ends).unwrap_or_default();
    let marks = vec![
        Mark::Line { points: bound, style: Style::REFERENCE },
        Mark::Markers { points: points(&systems.failing, |_| true), style: failing },
        Mark::Hollow { points: points(&systems.failing, |it| it.overloaded), style: failing },
        Mark::Markers { points: points(&systems.holding, |_| true), style: holding },
        Mark::Hollow { points: points(&systems.holding, |it| it.overloaded), style: holding },
        Mark::Markers { points: points(&systems.best, |_| true), style: chosen },
    ];
    Panel { heading: heading.to_owned(), ..Panel::alone(x, y, marks) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots(shares: &[f64]) -> Vec<Spot> {
        let spot = |y: &f64| Spot { x: 1.0, y: *y, low: *y, high: *y, overloaded: false };
        shares.iter().map(spot).collect()
    }

    #[test]
    fn trials_near_the_bound_are_set_apart_where_others_are_far_away() {
        let near = |shares: &[f64]| near_the_bound(&spots(shares), 1.0);
        assert_eq!(near(&[0.9, 1.1, 70.0]), Some(vec![true, true, false]));
        assert_eq!(near(&[0.6, 1.1, 1.9]), None, "all are near");
        assert_eq!(near(&[0.1, 1.1, 70.0]), None, "one alone");
        assert_eq!(near(&[]), None);
        assert_eq!(scale(&[0.9, 1.0, 70.0]), ScaleSpec::Log);
        assert_eq!(scale(&[0.0, 0.9, 70.0]), ScaleSpec::Log);
        assert_eq!(scale(&[0.0, 0.9, 1.0, 1.1]), ScaleSpec::Linear);
        assert_eq!(scale(&[0.0]), ScaleSpec::Linear);
    }
}
