//! What an LRU cache of every size would answer of a trace.

use crate::experiment::charts::ScaleSpec;
use crate::report::error::ReportError;
use crate::report::figure::{Axis, Figure, Mark, NamedFigure, Panel, Sample, style};
use crate::report::results::columns::points;
use crate::report::trace::charts::common::{legend, traced};
use crate::report::trace::manifest::TraceManifest;
use crate::report::unit::Unit;
use crate::stats::Table;

/// The figure, if any trace knows what is asked for again.
pub(crate) fn figure(
    manifest: &TraceManifest,
    reuse: &Table,
) -> Result<Option<NamedFigure>, ReportError> {
    let mut marks = Vec::new();
    let (mut sizes, mut ratios, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for (i, trace) in manifest.traces.iter().enumerate() {
        let of = [("trace", trace.as_str())];
        let curve = points(reuse, "reuse.csv", &of, ("capacity", "lru_hit_ratio"))?;
        if !curve.is_empty() {
            shown.push(i);
        }
        sizes.extend(curve.iter().map(|(size, _)| *size));
        ratios.extend(curve.iter().map(|(_, ratio)| *ratio));
        marks.push(Mark::Line { points: curve.clone(), style: style(i) });
        marks.push(Mark::Markers { points: curve, style: style(i) });
    }
    if sizes.is_empty() {
        return Ok(None);
    }
    let panel = Panel::alone(
        Axis::measured("cache size", Unit::Entries, &sizes, ScaleSpec::Log, 620.0),
        Axis::vertical("hit ratio of LRU", Unit::Fraction, &ratios, ScaleSpec::Linear, 300.0),
        marks,
    );
    let figure = Figure {
        title: "Reuse: hit ratio of LRU by cache size".to_owned(),
        subtitle: format!("{} · blocks where they are known, else prompts", traced(manifest)),
        legend: legend(manifest, Sample::LineAndMarker, |i| shown.contains(&i)),
        panels: vec![panel],
        columns: 1,
        height: 300.0,
    };
    Ok(Some(NamedFigure { name: "reuse".to_owned(), figure }))
}
