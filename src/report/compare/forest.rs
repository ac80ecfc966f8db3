//! Differences with their intervals, one below the other, around the line of no
//! difference.

use crate::experiment::charts::ScaleSpec;
use crate::report::compare::manifest::ComparisonManifest;
use crate::report::error::ReportError;
use crate::report::figure::axis::drawable;
use crate::report::figure::theme::FAINT_INK;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, style,
};
use crate::report::files::file_name;
use crate::report::results::columns::column;
use crate::report::results::estimates::EstimateColumns;
use crate::report::unit::Unit;
use crate::report::{display_names, number_format};
use crate::stats::{Cell, Estimate, Table};

/// The most rows of a figure.
const ROWS: usize = 40;
/// The height of a row in px.
const ROW: f64 = 26.0;

/// A row of a forest plot: a difference and its interval, as shares of the first mean.
struct Row {
    metric: String,
    /// Which cases, or where.
    pair: String,
    relative: Estimate,
    real: bool,
}

/// One figure with all metrics where two cases are compared; otherwise one for each
/// metric, with all pairs.
pub(crate) fn figures(
    manifest: &ComparisonManifest,
    table: &Table,
) -> Result<Vec<NamedFigure>, ReportError> {
    let rows = rows(table)?;
    let mut pairs: Vec<&str> = rows.iter().map(|row| row.pair.as_str()).collect();
    pairs.dedup();
    pairs.sort_unstable();
    pairs.dedup();
    if pairs.len() <= 1 {
        let name = |row: &Row| number_format::sentence(&display_names::metric(&row.metric));
        let title = pairs.first().map_or_else(String::new, |pair| number_format::sentence(pair));
        let all: Vec<&Row> = rows.iter().collect();
        return Ok(vec![NamedFigure {
            name: "differences".to_owned(),
            figure: figure(manifest, title, &all, name),
        }]);
    }
    let mut metrics: Vec<&str> = Vec::new();
    for row in &rows {
        if !metrics.contains(&row.metric.as_str()) {
            metrics.push(&row.metric);
        }
    }
    let of_metric = |metric: &&str| {
        let mine: Vec<&Row> = rows.iter().filter(|row| row.metric == *metric).collect();
        let title =
            number_format::sentence(&format!("differences in {}", display_names::metric(metric)));
        NamedFigure {
            name: file_name(&format!("{metric}-differences")),
            figure: figure(manifest, title, &mine, |row| row.pair.clone()),
        }
    };
    Ok(metrics.iter().map(of_metric).collect())
}

/// What can be drawn of `comparison.csv`: where the first mean is 0 there is no share
/// of it.
fn rows(table: &Table) -> Result<Vec<Row>, ReportError> {
    let at = |name: &str| column(table, "comparison.csv", name);
    let (place, a, b, metric) = (at("at")?, at("a")?, at("b")?, at("metric")?);
    let verdict = at("verdict")?;
    at("relative")?;
    let relative = EstimateColumns::find(table, "relative");
    let text = |cell: &Cell| cell.to_string();
    let row = |cells: &Vec<Cell>| {
        let pair = match text(&cells[place]) {
            place if place.is_empty() => format!("{} against {}", text(&cells[b]), text(&cells[a])),
            place => place,
        };
        let relative = relative.and_then(|it| it.read(cells))?;
        drawable(relative.mean).then_some(())?;
        let whole = drawable(relative.low) && drawable(relative.high);
        Some(Row {
            metric: text(&cells[metric]),
            pair,
            relative: if whole { relative } else { Estimate::exact(relative.mean) },
            real: ["higher", "lower"].contains(&text(&cells[verdict]).as_str()),
        })
    };
    Ok(table.rows.iter().filter_map(row).collect())
}

fn figure(
    manifest: &ComparisonManifest,
    title: String,
    rows: &[&Row],
    name: impl Fn(&Row) -> String,
) -> Figure {
    let shown = &rows[..rows.len().min(ROWS)];
    // The first row stands on top.
    let from_below = || shown.iter().rev();
    let labels: Vec<String> = from_below().map(|row| name(row)).collect();
    let ends = shown.iter().flat_map(|row| [row.relative.low, row.relative.high]);
    let values: Vec<f64> = ends.chain([0.0]).collect();
    let real = style(0);
    let none = Style { color: FAINT_INK, marker: Marker::Ring, dash: None };
    let zero = Style::REFERENCE;
    let y = Axis::rows_from_one(&labels);
    let ends = vec![(0.0, y.low), (0.0, y.high)];
    let mut marks = vec![Mark::Line { points: ends, style: zero }];
    for (place, row) in from_below().enumerate() {
        let (y, style) = (place as f64 + 1.0, if row.real { real } else { none });
        let whisker = Style { dash: None, ..style };
        let ends = [row.relative.low, row.relative.high];
        marks.push(Mark::Line { points: ends.map(|x| (x, y)).to_vec(), style: whisker });
        marks.push(Mark::Markers { points: vec![(row.relative.mean, y)], style });
    }
    let entry = |name: &str, style: Style| Entry::new(name, style);
    let entries = vec![entry("shown", real), entry("not shown", none)];
    let mut notes = vec![manifest.name.clone(), "lines: 95 % interval of each alone".to_owned()];
    notes.push("shown: p below 5 % after Holm's correction".to_owned());
    if rows.len() > ROWS {
        notes.push(format!("the first {ROWS} of {}", rows.len()));
    }
    Figure {
        title,
        subtitle: notes.join(" · "),
        legend: Some(Legend::above("Difference", entries, Sample::LineAndMarker)),
        panels: vec![Panel::alone(
            Axis::vertical("difference", Unit::Fraction, &values, ScaleSpec::Linear, 420.0),
            y,
            marks,
        )],
        columns: 1,
        height: (labels.len() as f64 * ROW).max(80.0),
    }
}
