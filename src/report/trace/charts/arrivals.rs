//! Requests per second over a trace's own time: a panel for each trace.

use crate::experiment::charts::ScaleSpec;
use crate::report::error::ReportError;
use crate::report::figure::{Axis, Figure, Mark, NamedFigure, Panel, style};
use crate::report::results::columns::points;
use crate::report::trace::manifest::TraceManifest;
use crate::report::unit::Unit;
use crate::stats::Table;

/// More panels would be a page of their own.
const MOST: usize = 8;

pub(crate) fn figure(
    manifest: &TraceManifest,
    arrivals: &Table,
) -> Result<NamedFigure, ReportError> {
    let shown = &manifest.traces[..manifest.traces.len().min(MOST)];
    let height = if shown.len() == 1 { 300.0 } else { 150.0 };
    let panels = shown.iter().map(|trace| panel(arrivals, trace, shown.len() > 1, height));
    let mut subtitle = manifest.conditions();
    if let [alone] = shown {
        subtitle = format!("{alone} · {subtitle}");
    } else if shown.len() < manifest.traces.len() {
        subtitle = format!("first {MOST} of {} traces · {subtitle}", manifest.traces.len());
    }
    let figure = Figure {
        title: "Arrivals over time".to_owned(),
        subtitle,
        legend: None,
        panels: panels.collect::<Result<_, _>>()?,
        columns: 1,
        height,
    };
    Ok(NamedFigure { name: "arrivals".to_owned(), figure })
}

fn panel(table: &Table, trace: &str, headed: bool, height: f64) -> Result<Panel, ReportError> {
    let of = [("trace", trace)];
    let rates = points(table, "arrivals.csv", &of, ("from_s", "requests_rps"))?;
    let ends = points(table, "arrivals.csv", &of, ("from_s", "to_s"))?;
    // A rate holds for its whole window.
    let steps: Vec<(f64, f64)> = rates
        .iter()
        .zip(&ends)
        .flat_map(|((from, rate), (_, to))| [(*from, *rate), (*to, *rate)])
        .collect();
    let times: Vec<f64> = steps.iter().map(|(at, _)| *at).collect();
    let values: Vec<f64> = steps.iter().map(|(_, rate)| *rate).collect();
    let mut x = Axis::clock(&times, 620.0);
    x.label = x.label.replace("Virtual time", "Time since the first request");
    Ok(Panel {
        heading: if headed { trace.to_owned() } else { String::new() },
        legend: None,
        x,
        y: Axis::vertical("requests", Unit::PerSecond, &values, ScaleSpec::Linear, height),
        x_labels: true,
        marks: vec![Mark::Line { points: steps, style: style(0) }],
    })
}
