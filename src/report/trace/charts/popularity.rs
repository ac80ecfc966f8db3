//! How often the most asked for, the second, ... is asked for, and Zipf's law.

use crate::experiment::charts::ScaleSpec;
use crate::report::error::ReportError;
use crate::report::figure::{Axis, Figure, Mark, Marker, NamedFigure, Panel, Sample, Style, style};
use crate::report::number_format;
use crate::report::results::columns::points;
use crate::report::trace::charts::common::{legend, traced};
use crate::report::trace::manifest::TraceManifest;
use crate::report::unit::Unit;
use crate::stats::Table;

/// A figure for one kind of thing, if any trace knows it.
pub(crate) fn figure(
    manifest: &TraceManifest,
    popularity: &Table,
    things: &str,
) -> Result<Option<NamedFigure>, ReportError> {
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
        let solid = style(i);
        if !fitted.is_empty() {
            let style = Style { dash: Some((5.0, 4.0)), marker: Marker::Nothing, ..solid };
            marks.push(Mark::Line { points: fitted, style });
        }
        marks.push(Mark::Line { points: seen, style: solid });
    }
    if ranks.is_empty() {
        return Ok(None);
    }
    let x = format!("rank of {things}");
    let panel = Panel::alone(
        Axis::measured(&x, Unit::Plain, &ranks, ScaleSpec::Log, 620.0),
        Axis::vertical("requests", Unit::Plain, &counts, ScaleSpec::Log, 300.0),
        marks,
    );
    let figure = Figure {
        title: number_format::sentence(&format!("popularity of {things}")),
        subtitle: format!("{} · dashed: Zipf's law fitted to the spectrum", traced(manifest)),
        legend: legend(manifest, Sample::Line, |i| shown.contains(&i)),
        panels: vec![panel],
        columns: 1,
        height: 300.0,
    };
    Ok(Some(NamedFigure { name: format!("popularity-{things}"), figure }))
}
