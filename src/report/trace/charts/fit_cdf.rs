//! Laws beside what they were fitted to: distribution functions.

use crate::experiment::charts::ScaleSpec;
use crate::report::error::ReportError;
use crate::report::figure::theme::INK;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, style,
};
use crate::report::results::columns::points;
use crate::report::trace::charts::common::traced;
use crate::report::trace::manifest::TraceManifest;
use crate::report::unit::Unit;
use crate::stats::Table;

/// What a part is called, and what it is measured in.
const PARTS: [(&str, &str, &str, Unit); 3] = [
    ("gaps", "Gaps between requests", "gap", Unit::Seconds),
    ("input", "Lengths of prompts", "length", Unit::Tokens),
    ("output", "Lengths of answers", "length", Unit::Tokens),
];

/// A figure for each part: the sample, then the law that was taken, then the others
/// dashed. `laws` are a part, a law, whether it was taken, and its distance.
pub(crate) fn figures(
    manifest: &TraceManifest,
    laws: &[(String, String, bool, f64)],
    curves: &Table,
) -> Result<Vec<NamedFigure>, ReportError> {
    let figure = |part: &(&str, &str, &str, Unit)| figure(manifest, laws, curves, part);
    PARTS.iter().map(figure).collect()
}

fn figure(
    manifest: &TraceManifest,
    laws: &[(String, String, bool, f64)],
    curves: &Table,
    (part, title, words, unit): &(&str, &str, &str, Unit),
) -> Result<NamedFigure, ReportError> {
    let read = |law: &str| {
        let of = [("part", *part), ("law", law)];
        points(curves, "cdf.csv", &of, ("value", "share"))
    };
    let measured = read("trace")?;
    let plain = Style { color: INK, marker: Marker::Nothing, dash: None };
    let mut entries = vec![Entry::new("trace", plain)];
    let mut marks = vec![Mark::Line { points: rising(measured.clone()), style: plain }];
    let mine = laws.iter().filter(|(of, ..)| of == part);
    for (i, (_, law, taken, distance)) in mine.enumerate() {
        let dash = if *taken { None } else { Some((4.0, 3.0)) };
        let style = Style { dash, marker: Marker::Nothing, ..style(i) };
        let told = if *taken { ", taken" } else { "" };
        entries.push(Entry::new(format!("{law} (KS {distance:.3}{told})"), style));
        marks.push(Mark::Line { points: rising(read(law)?), style });
    }
    let values: Vec<f64> = measured.iter().map(|(value, _)| *value).filter(|v| *v > 0.0).collect();
    let panel = Panel::alone(
        Axis::measured(words, *unit, &values, ScaleSpec::Log, 620.0),
        Axis::share("share of requests"),
        marks,
    );
    let figure = Figure {
        title: format!("{title}: the trace and what was fitted"),
        subtitle: traced(manifest),
        legend: Some(Legend::above("Law", entries, Sample::Line)),
        panels: vec![panel],
        columns: 1,
        height: 300.0,
    };
    Ok(NamedFigure { name: format!("{part}-fit"), figure })
}

/// Without what a logarithmic axis does not show.
fn rising(curve: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    curve.into_iter().filter(|(value, _)| *value > 0.0).collect()
}
