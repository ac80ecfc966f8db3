//! How often the most asked for, the second, ... is asked for, and Zipf's law.

use super::super::ReportError;
use super::super::figure::{Axis, Figure, Look, Mark, Marker, Panel, Sample, look};
use super::super::human;
use super::super::trace::TraceManifest;
use super::super::unit::Unit;
use super::Named;
use super::curves::points;
use super::lengths::legend;
use crate::experiment::charts::ScaleSpec;
use crate::stats::Table;

/// A figure for one kind of thing, if any trace knows it.
pub(crate) fn figure(
    manifest: &TraceManifest,
    popularity: &Table,
    things: &str,
) -> Result<Option<Named>, ReportError> {
    let mut marks = Vec::new();
    let (mut ranks, mut counts, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for (i, trace) in manifest.traces.iter().enumerate() {
        let of = [("trace", trace.as_str()), ("things", things)];
        let read = |y| points(popularity, "popularity.csv", &of, ("rank", y));
        let (seen, fitted) = (read("requests")?, read("zipf_requests")?);
        if !seen.is_empty() {
            shown.push(i);
        }
        ranks.extend(seen.iter().map(|(rank, _)| *rank));
        counts.extend(seen.iter().chain(&fitted).map(|(_, count)| *count));
        let solid = look(i);
        if !fitted.is_empty() {
            let look = Look { dash: Some((5.0, 4.0)), marker: Marker::Nothing, ..solid };
            marks.push(Mark::Line { points: fitted, look });
        }
        marks.push(Mark::Line { points: seen, look: solid });
    }
    if ranks.is_empty() {
        return Ok(None);
    }
    let x = format!("rank of {things}");
    let panel = Panel {
        heading: String::new(),
        legend: None,
        x: Axis::measured(&x, Unit::Plain, &ranks, ScaleSpec::Log, 620.0),
        y: Axis::vertical("requests", Unit::Plain, &counts, ScaleSpec::Log, 300.0),
        x_labels: true,
        marks,
    };
    let figure = Figure {
        title: human::sentence(&format!("popularity of {things}")),
        subtitle: format!(
            "{} · dashed: Zipf's law fitted to the spectrum",
            super::traced(manifest)
        ),
        legend: legend(manifest, Sample::Line, |i| shown.contains(&i)),
        panels: vec![panel],
        columns: 1,
        height: 300.0,
    };
    Ok(Some(Named { name: format!("popularity-{things}"), figure }))
}
