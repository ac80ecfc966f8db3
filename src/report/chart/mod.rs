//! The kinds of charts of experiments, one file each. A kind turns a spec and the CSV files
//! of a results folder into [figures](NamedFigure).
//!
//! To add one: a file here and a line in [`figures`], beside its spec in
//! [`crate::experiment::charts`].

mod area;
mod bar;
mod budget;
mod cdf;
mod choose_curves;
mod cloud;
mod common;
mod frontier;
mod gantt;
mod heatmap;
mod line;
mod scatter;
mod spread;
mod timeline;
mod tornado;
mod waterfall;
mod xy;

use crate::experiment::charts::ChartSpec;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::results::{Results, survivors};
use spread::Shape;

/// The figures of a chart: one, or one for each metric. Those of times that many did not
/// come to say so.
pub(super) fn figures(
    results: &Results,
    spec: &ChartSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
    let mut figures = drawn(results, spec)?;
    let metrics: Vec<&str> = match spec {
        ChartSpec::Cdf(spec) => vec![spec.metric.column()],
        _ => spec.metrics(),
    };
    let each = metrics.len() == figures.len();
    for (index, named) in figures.iter_mut().enumerate() {
        let shown = if each { &metrics[index..=index] } else { &metrics[..] };
        for note in survivors::notes(&results.points, shown) {
            let NamedFigure { figure, .. } = named;
            figure.subtitle = format!("{} · {note}", figure.subtitle);
        }
    }
    Ok(figures)
}

fn drawn(results: &Results, spec: &ChartSpec) -> Result<Vec<NamedFigure>, ReportError> {
    match spec {
        ChartSpec::Line(spec) => line::figures(results, spec),
        ChartSpec::Bar(spec) => bar::figures(results, spec),
        ChartSpec::Cdf(spec) => cdf::figures(results, spec),
        ChartSpec::Timeline(spec) => timeline::figures(results, spec),
        ChartSpec::Budget(spec) => budget::figures(results, spec),
        ChartSpec::Frontier(spec) => frontier::figures(results, spec),
        ChartSpec::Waterfall(spec) => waterfall::figures(results, spec),
        ChartSpec::Tornado(spec) => tornado::figures(results, spec),
        ChartSpec::Heatmap(spec) => heatmap::figures(results, spec),
        ChartSpec::Scatter(spec) => scatter::figures(results, spec),
        ChartSpec::Box(spec) => spread::figures(results, spec, Shape::Box),
        ChartSpec::Violin(spec) => spread::figures(results, spec, Shape::Violin),
        ChartSpec::Area(spec) => area::figures(results, spec),
        ChartSpec::Gantt(spec) => gantt::figures(results, spec),
    }
}
