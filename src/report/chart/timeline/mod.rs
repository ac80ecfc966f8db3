//! Metrics over virtual time, a panel for each; for a single point, related
//! metrics share a panel.

mod alerts;

use crate::experiment::charts::{ScaleSpec, TimelineSpec};
use crate::report::chart::choose_curves::{CURVES, ChosenCurves, choose_curves};
use crate::report::chart::common::conditions;
use crate::report::chart::timeline::alerts::Alerts;
use crate::report::error::ReportError;
use crate::report::figure::axis::drawable;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, NamedFigure, Panel, Sample, Style, band, style,
};
use crate::report::files::file_name;
use crate::report::results::Results;
use crate::report::results::aggregate::{Aggregate, Curve, thin};
use crate::report::results::panels::Interval;
use crate::report::unit::Unit;
use crate::report::{display_names, number_format};

/// The most places of a curve; neighbours are averaged beyond.
const PLACES: usize = 400;

/// Metrics that are read together: a heading, and their columns.
const FAMILIES: [(&str, &[&str]); 4] = [
    ("Rates", &["arrivals_rps", "completions_rps", "errors_rps"]),
    ("Requests in the system", &["in_flight", "queue"]),
    ("Utilization and cache hit rate", &["utilization", "cache_hit_rate"]),
    ("Spend per interval", &["spend_usd"]),
];

/// What a chart of several points shows if it is not told.
const TELLING: [&str; 5] =
    ["completions_rps", "queue", "utilization", "cache_hit_rate", "spend_usd"];

pub(super) fn figures(
    results: &Results,
    spec: &TimelineSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
    let pick = choose_curves(results, spec.series.as_deref(), &spec.points, CURVES)?;
    let columns = metrics(results, spec, pick.points.len());
    let points: Vec<u64> = pick.points.iter().map(|(point, _)| *point).collect();
    let curves = results.over_time(&columns, &points, spec.replication)?;
    let curves: Vec<Curve> = curves.iter().map(|curve| thin(curve, PLACES)).collect();
    let groups = groups(&columns, &curves, spec.metrics.is_empty());
    let times: Vec<f64> = curves.iter().flatten().map(|(time, _)| *time).collect();
    let x = Axis::clock(&times, 620.0);
    let last = groups.len().saturating_sub(1);
    let mut panels: Vec<Panel> = groups
        .iter()
        .enumerate()
        .map(|(i, group)| panel(group, &columns, &curves, &pick.styles, x.clone(), i == last))
        .collect();
    let mut notes = pick.notes.clone();
    if let Some(alerts) = Alerts::read(results, (&points, spec.replication), &x)? {
        for panel in &mut panels {
            alerts.shade(panel);
        }
        panels.insert(0, alerts.lanes(&pick, x));
        notes.push(alerts.note());
    }
    let interval = match spec.replication {
        None if results.replications > 1 => Interval::Range,
        _ => Interval::None,
    };
    let subtitle = match spec.replication {
        None => conditions(results, interval, "band", notes),
        Some(number) => alone(results, number, notes),
    };
    let figure = Figure {
        title: spec.title.clone().unwrap_or_else(|| title(&pick, &groups)),
        subtitle: spec.subtitle.clone().unwrap_or(subtitle),
        legend: pick.legend(),
        panels,
        columns: 1,
        height: if groups.len() > 1 { 115.0 } else { 260.0 },
    };
    let file = spec.file.as_deref().map_or_else(|| "timeline".to_owned(), file_name);
    Ok(vec![NamedFigure { name: file, figure }])
}

/// The conditions of a chart of one replication.
fn alone(results: &Results, replication: u64, notes: Vec<String>) -> String {
    let parts = [results.title.to_owned(), format!("replication {replication}")];
    let parts = parts.into_iter().chain(notes).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" · ")
}

fn title(pick: &ChosenCurves, groups: &[Group]) -> String {
    let what = match groups {
        [one] => number_format::sentence(&one.heading),
        _ => "Behaviour".to_owned(),
    };
    match pick.by.as_str() {
        by if pick.points.len() > 1 && !by.is_empty() => {
            format!("{what} over virtual time by {by}")
        }
        _ => format!("{what} over virtual time"),
    }
}

/// The columns to read: those asked for, or all known that are there.
fn metrics(results: &Results, spec: &TimelineSpec, points: usize) -> Vec<String> {
    if !spec.metrics.is_empty() {
        return spec.metrics.clone();
    }
    let there = results.columns("timeline.csv");
    let known: Vec<&str> = if points > 1 {
        TELLING.to_vec()
    } else {
        FAMILIES.iter().flat_map(|(_, columns)| columns.iter().copied()).collect()
    };
    known.into_iter().filter(|name| there.iter().any(|c| c == name)).map(str::to_owned).collect()
}

/// The metrics of a panel, by their numbers among the columns.
struct Group {
    heading: String,
    unit: Unit,
    metrics: Vec<usize>,
}

/// Which metrics share a panel. Of those that nobody asked for, the ones that
/// are zero throughout are left out.
fn groups(columns: &[String], curves: &[Curve], by_default: bool) -> Vec<Group> {
    let moves = |metric: usize| {
        let folds = curves.iter().flatten().map(|(_, folds)| &folds[metric]);
        folds.clone().any(|fold| fold.mean().is_some_and(|mean| mean != 0.0))
    };
    let shown = |metric: &usize| !by_default || moves(*metric);
    let alone = |metric: usize| Group {
        heading: display_names::metric(&columns[metric]),
        unit: Unit::of_metric(&columns[metric]),
        metrics: vec![metric],
    };
    let mut groups: Vec<Group> = if curves.len() > 1 || !by_default {
        (0..columns.len()).filter(shown).map(alone).collect()
    } else {
        let family = |(heading, members): &(&str, &[&str])| {
            let found = members.iter().filter_map(|m| columns.iter().position(|c| c == m));
            let metrics: Vec<usize> = found.filter(shown).collect();
            match metrics.as_slice() {
                [] => None,
                [one] => Some(alone(*one)),
                _ => {
                    let unit = Unit::of_metric(&columns[metrics[0]]);
                    Some(Group { heading: (*heading).to_owned(), unit, metrics })
                }
            }
        };
        FAMILIES.iter().filter_map(family).collect()
    };
    if groups.is_empty() && !columns.is_empty() {
        groups.push(alone(0));
    }
    groups
}

fn panel(
    group: &Group,
    columns: &[String],
    curves: &[Curve],
    styles: &[Style],
    x: Axis,
    last: bool,
) -> Panel {
    let mut bands = Vec::new();
    let mut lines = Vec::new();
    let mut values = Vec::new();
    for (i, curve) in curves.iter().enumerate() {
        for (j, &metric) in group.metrics.iter().enumerate() {
            let style = if curves.len() > 1 { styles[i] } else { style(j) };
            for run in runs(curve, metric) {
                values.extend(run.iter().flat_map(|(_, fold)| [fold.low, fold.high]));
                let line = run.iter().map(|(t, fold)| (*t, fold.mean().unwrap_or(fold.low)));
                lines.push(Mark::Line { points: line.collect(), style });
                if run.iter().any(|(_, fold)| fold.high > fold.low) {
                    let upper = run.iter().map(|(t, fold)| (*t, fold.high));
                    let lower = run.iter().rev().map(|(t, fold)| (*t, fold.low));
                    let outline = upper.chain(lower).collect();
                    bands.push(Mark::Area { outline, style, opacity: band(curves.len()) });
                }
            }
        }
    }
    bands.extend(lines);
    let mut y = Axis::vertical(&group.heading, group.unit, &values, ScaleSpec::Linear, 115.0);
    let heading = std::mem::take(&mut y.label);
    let entry = |(j, metric): (usize, &usize)| {
        Entry::new(display_names::metric(&columns[*metric]), style(j))
    };
    let legend = (group.metrics.len() > 1).then(|| {
        Legend::above("", group.metrics.iter().enumerate().map(entry).collect(), Sample::Line)
    });
    Panel { heading, legend, x, y, x_labels: last, marks: bands }
}

/// The pieces of a curve between gaps.
fn runs(curve: &Curve, metric: usize) -> Vec<Vec<(f64, Aggregate)>> {
    let mut runs = vec![Vec::new()];
    for (time, folds) in curve {
        let fold = folds[metric];
        let there = fold.mean().is_some() && [fold.low, fold.high, *time].into_iter().all(drawable);
        match runs.last_mut() {
            Some(run) if there => run.push((*time, fold)),
            Some(run) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}
