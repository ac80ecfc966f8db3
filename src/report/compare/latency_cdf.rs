//! The distributions of response time of several cases, one over the other.

use crate::experiment::charts::ScaleSpec;
use crate::report::compare::manifest::ComparisonManifest;
use crate::report::error::ReportError;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, NamedFigure, Panel, Sample, band, style,
};
use crate::report::results::columns::{column, number};
use crate::report::unit::Unit;
use crate::stats::Table;

/// The most curves.
const CURVES: usize = 8;
/// The slowest of a long run would leave no room for the rest.
const TAIL: f64 = 0.999;

/// A curve for each case, as many as can be told apart.
pub(crate) fn figure(
    manifest: &ComparisonManifest,
    table: &Table,
) -> Result<NamedFigure, ReportError> {
    let at = |name: &str| column(table, "latency.csv", name);
    let (case, quantile) = (at("case")?, at("quantile")?);
    let columns = [at("low_s")?, at("e2e_s")?, at("high_s")?];
    let cases = manifest.compared.iter().take(CURVES);
    let (mut bands, mut lines, mut entries, mut values) = (vec![], vec![], vec![], vec![]);
    for (index, compared) in cases.enumerate() {
        let mine = table.rows.iter().filter(|row| row[case].to_string() == compared.case);
        let points: Vec<(f64, [f64; 3])> = mine
            .filter_map(|row| {
                let [low, mean, high] = columns.map(|column| number(&row[column]));
                Some((number(&row[quantile])?, [low?, mean?, high?]))
            })
            .filter(|(quantile, _)| *quantile <= TAIL)
            .collect();
        let curve = |which: usize| points.iter().map(move |(q, ends)| (ends[which], *q));
        values.extend(curve(1).map(|(time, _)| time));
        let style = style(index);
        let outline: Vec<(f64, f64)> =
            curve(0).chain(curve(2).collect::<Vec<_>>().into_iter().rev()).collect();
        bands.push(Mark::Area { outline, style, opacity: band(manifest.compared.len()) });
        lines.push(Mark::Line { points: curve(1).collect(), style });
        entries.push(Entry::new(compared.case.clone(), style));
    }
    let mut notes = vec![manifest.name.clone(), "band: lowest to highest replication".to_owned()];
    if manifest.compared.len() > CURVES {
        notes.push(format!("the first {CURVES} of {} cases", manifest.compared.len()));
    }
    let x = Axis::measured("latency", Unit::Seconds, &values, ScaleSpec::Auto, 620.0);
    // A band may reach beyond the means that the axis is made for.
    let inside = |mark: Mark| match mark {
        Mark::Area { outline, style, opacity } => {
            let clamp = |(time, q): (f64, f64)| (time.clamp(x.low, x.high), q);
            Mark::Area { outline: outline.into_iter().map(clamp).collect(), style, opacity }
        }
        Mark::Line { points, style } => {
            let clamp = |(time, q): (f64, f64)| (time.clamp(x.low, x.high), q);
            Mark::Line { points: points.into_iter().map(clamp).collect(), style }
        }
        other => other,
    };
    let marks = bands.into_iter().chain(lines).map(inside).collect();
    let figure = Figure {
        title: "Distribution of latency".to_owned(),
        subtitle: notes.join(" · "),
        legend: Some(Legend::above("Case", entries, Sample::Line)),
        panels: vec![Panel::alone(x, Axis::share("share of requests"), marks)],
        columns: 1,
        height: 300.0,
    };
    Ok(NamedFigure { name: "e2e_s-cdf".to_owned(), figure })
}
