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

use crate::experiment::charts::{ChartSpec, ScaleSpec};
use crate::report::error::ReportError;
use crate::report::figure::axis::Scale;
use crate::report::figure::{Axis, Figure, NamedFigure, Panel};
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
    let count = figures.len();
    for (index, named) in figures.iter_mut().enumerate() {
        let shown = of_figure(spec, &metrics, (index, count));
        for note in survivors::notes(&results.points, &shown) {
            let NamedFigure { figure, .. } = named;
            figure.subtitle = format!("{} · {note}", figure.subtitle);
        }
        if let Some(note) = linear_note(results, spec, &named.figure) {
            named.figure.subtitle = format!("{} · {note}", named.figure.subtitle);
        }
    }
    Ok(figures)
}

/// Why an axis is linear that should have been logarithmic.
fn linear_note(results: &Results, spec: &ChartSpec, figure: &Figure) -> Option<&'static str> {
    let measured = |x: &str| !results.swept.iter().any(|path| path == x) && x != "point";
    let [x, y] = match spec {
        ChartSpec::Bar(spec) => {
            return (spec.y_scale == ScaleSpec::Log).then_some("linear: bars stand on 0");
        }
        ChartSpec::Line(spec) => [ScaleSpec::Auto, spec.y_scale],
        ChartSpec::Cdf(spec) => [spec.x_scale, ScaleSpec::Auto],
        ChartSpec::Frontier(spec) => [spec.x_scale, spec.y_scale],
        ChartSpec::Scatter(spec) if spec.x.iter().all(measured) => [spec.x_scale, spec.y_scale],
        ChartSpec::Scatter(spec) => [ScaleSpec::Auto, spec.y_scale],
        ChartSpec::Box(spec) | ChartSpec::Violin(spec) => [ScaleSpec::Auto, spec.y_scale],
        _ => return None,
    };
    let linear = |asked: ScaleSpec, axis: fn(&Panel) -> &Axis| {
        let is_linear = |panel: &Panel| matches!(axis(panel).scale, Scale::Linear);
        asked == ScaleSpec::Log && figure.panels.iter().all(is_linear)
    };
    match (linear(x, |panel| &panel.x), linear(y, |panel| &panel.y)) {
        (false, false) => None,
        (true, false) if !matches!(spec, ChartSpec::Cdf(_)) => Some("linear across: all are 0"),
        _ => Some("linear: all are 0"),
    }
}

/// Of a chart's metrics those that one of its figures shows.
fn of_figure<'a>(
    spec: &'a ChartSpec,
    metrics: &[&'a str],
    (index, count): (usize, usize),
) -> Vec<&'a str> {
    match spec {
        // A figure for each `y`, all with the same `x`.
        ChartSpec::Scatter(spec) => spec.x.iter().chain(spec.y.iter().nth(index)).collect(),
        _ if metrics.len() == count => vec![metrics[index]],
        _ => metrics.to_vec(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::charts::{Names, ScatterSpec, XySpec};
    use crate::report::csv::write_table;
    use crate::stats::{Cell, Table};

    #[test]
    fn an_axis_that_is_linear_although_a_logarithm_was_asked_for_says_why() {
        let mut points = Table::new(["point", "a.rate", "error_rate", "e2e_p99_s"]);
        for row in [[0.0, 1.0, 0.0, 0.1], [1.0, 2.0, 0.0, 30.0]] {
            points.push(row.map(Cell::from).to_vec());
        }
        let dir = tempfile::tempdir().unwrap();
        write_table(&dir.path().join("points.csv"), &points).unwrap();
        let swept = ["a.rate".to_owned()];
        let results = Results::open(dir.path(), &swept, "").unwrap();
        let y = Names(vec!["error_rate".to_owned(), "e2e_p99_s".to_owned()]);
        let spec = XySpec { y, y_scale: ScaleSpec::Log, ..XySpec::default() };
        let subtitles = |spec: &ChartSpec| -> Vec<String> {
            let all = figures(&results, spec).unwrap();
            all.into_iter().map(|named| named.figure.subtitle).collect()
        };
        let lines = subtitles(&ChartSpec::Line(spec.clone()));
        assert!(lines[0].ends_with("linear: all are 0"), "{lines:?}");
        assert!(!lines[1].contains("linear"), "{lines:?}");
        let bars = subtitles(&ChartSpec::Bar(spec));
        assert!(bars[1].ends_with("linear: bars stand on 0"), "{bars:?}");
    }

    #[test]
    fn a_scatter_of_no_time_says_nothing_of_times() {
        let y = Names(vec!["error_rate".to_owned(), "e2e_p99_s".to_owned()]);
        let x = Names(vec!["models.m.server.queue_limit".to_owned()]);
        let spec = ChartSpec::Scatter(ScatterSpec { x, y, ..ScatterSpec::default() });
        let metrics = spec.metrics();
        let shown = |index| of_figure(&spec, &metrics, (index, 2));
        assert_eq!(shown(0), ["models.m.server.queue_limit", "error_rate"]);
        assert_eq!(shown(1), ["models.m.server.queue_limit", "e2e_p99_s"]);
    }
}
