//! How long prompts and answers are: a panel for each side, a curve for each trace.

use crate::experiment::charts::ScaleSpec;
use crate::report::error::ReportError;
use crate::report::figure::{Axis, Figure, Mark, NamedFigure, Panel, Sample, style};
use crate::report::results::columns::points;
use crate::report::trace::charts::common::{legend, traced};
use crate::report::trace::manifest::TraceManifest;
use crate::report::unit::Unit;
use crate::stats::Table;

pub(crate) fn figure(
    manifest: &TraceManifest,
    lengths: &Table,
) -> Result<NamedFigure, ReportError> {
    let panels = vec![
        panel(manifest, lengths, ("input", "prompts"))?,
        panel(manifest, lengths, ("output", "answers"))?,
    ];
    let figure = Figure {
        title: "Lengths of prompts and answers".to_owned(),
        subtitle: traced(manifest),
        legend: legend(manifest, Sample::Line, |_| true),
        panels,
        columns: 2,
        height: 260.0,
    };
    Ok(NamedFigure { name: "lengths-cdf".to_owned(), figure })
}

fn panel(
    manifest: &TraceManifest,
    table: &Table,
    (side, words): (&str, &str),
) -> Result<Panel, ReportError> {
    let mut marks = Vec::new();
    let mut all = Vec::new();
    for (i, trace) in manifest.traces.iter().enumerate() {
        let of = [("trace", trace.as_str()), ("side", side)];
        let mut curve = points(table, "lengths.csv", &of, ("tokens", "quantile"))?;
        // Nothing is 0 on a logarithmic axis: failed requests begin the curve at 1.
        for (tokens, _) in &mut curve {
            *tokens = tokens.max(1.0);
        }
        all.extend(curve.iter().map(|(tokens, _)| *tokens));
        marks.push(Mark::Line { points: curve, style: style(i) });
    }
    let mut y = Axis::share(&format!("share of {words}"));
    y.label = if side == "input" { "Share of requests (%)".to_owned() } else { String::new() };
    Ok(Panel {
        heading: words.to_owned(),
        legend: None,
        x: Axis::measured("length", Unit::Tokens, &all, ScaleSpec::Log, 280.0),
        y,
        x_labels: true,
        marks,
    })
}
