//! What each lever saved: from the list price down to the bill.

use crate::experiment::charts::{ScaleSpec, WaterfallSpec};
use crate::report::chart::common::conditions;
use crate::report::error::ReportError;
use crate::report::figure::{Axis, Figure, Mark, NamedFigure, Panel, Style, style};
use crate::report::files::file_name;
use crate::report::number_format;
use crate::report::results::Results;
use crate::report::results::aggregate::Aggregate;
use crate::report::results::columns::{column, number};
use crate::report::results::panels::Interval;
use crate::report::results::point_label::point_in_words;
use crate::report::unit::Unit;
use crate::stats::Cell;

/// Half the width of a bar.
const HALF: f64 = 0.36;

pub(super) fn figures(
    results: &Results,
    spec: &WaterfallSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
    let steps = steps(results, spec.point)?;
    let names: Vec<String> = steps.iter().map(|(name, _)| name.clone()).collect();
    let bars = bars(&steps);
    let mut values: Vec<f64> = bars.iter().flat_map(|bar| [bar.0, bar.1]).collect();
    values.push(0.0);
    let x = Axis::categories("", &names);
    let mut y = Axis::vertical("cost", Unit::Usd, &values, ScaleSpec::Linear, 300.0);
    y.high += 0.06 * (y.high - y.low);
    let mut marks = Vec::new();
    for (i, ((from, to), (_, usd))) in bars.iter().zip(&steps).enumerate() {
        let end = i == 0 || i + 1 == bars.len();
        let style = colour(end, *usd);
        let (left, right) = (i as f64 - HALF, i as f64 + HALF);
        let outline = vec![(left, *from), (right, *from), (right, *to), (left, *to)];
        marks.push(Mark::Area { outline, style, opacity: 1.0 });
        let sign = if end {
            ""
        } else if *usd > 0.0 {
            "-"
        } else {
            "+"
        };
        let text = format!("{sign}{}", number_format::dollars(usd.abs()));
        marks.push(Mark::Text { x: i as f64, y: from.max(*to), text });
    }
    let notes =
        if results.swept.is_empty() { Vec::new() } else { vec![point_name(results, spec.point)] };
    let figure = Figure {
        title: spec.title.clone().unwrap_or_else(|| "From the list price to the bill".to_owned()),
        subtitle: spec
            .subtitle
            .clone()
            .unwrap_or_else(|| conditions(results, Interval::None, "", notes)),
        legend: None,
        panels: vec![Panel::alone(x, y, marks)],
        columns: 1,
        height: 300.0,
    };
    let file = spec.file.as_deref().map_or_else(|| "savings".to_owned(), file_name);
    Ok(vec![NamedFigure { name: file, figure }])
}

/// Blue for prices, green for what is saved, orange for what costs more.
fn colour(end: bool, usd: f64) -> Style {
    match (end, usd >= 0.0) {
        (true, _) => style(0),
        (false, true) => style(2),
        (false, false) => style(1),
    }
}

/// The steps of a point in their order, each the mean over replications.
fn steps(results: &Results, point: u64) -> Result<Vec<(String, f64)>, ReportError> {
    let table = results.table("savings.csv")?;
    let of = |name| column(&table, "savings.csv", name);
    let (at, step, usd) = (of("point")?, of("step")?, of("usd")?);
    let mut steps: Vec<(String, Aggregate)> = Vec::new();
    for row in table.rows.iter().filter(|row| row[at] == Cell::Int(point as i64)) {
        let (name, Some(usd)) = (row[step].to_string(), number(&row[usd])) else { continue };
        let known = steps.iter().position(|(known, _)| *known == name);
        let index = known.unwrap_or(steps.len());
        if known.is_none() {
            steps.push((name, Aggregate::default()));
        }
        steps[index].1.add(usd);
    }
    // A step that only a later replication has comes before what is paid.
    if let Some(paid) = steps.iter().position(|(name, _)| name == "paid") {
        let paid = steps.remove(paid);
        steps.push(paid);
    }
    Ok(steps.into_iter().map(|(name, fold)| (name, fold.mean().unwrap_or(0.0))).collect())
}

/// From where to where each bar reaches.
fn bars(steps: &[(String, f64)]) -> Vec<(f64, f64)> {
    let mut left = 0.0;
    let last = steps.len().saturating_sub(1);
    let bar = |(i, (_, usd)): (usize, &(String, f64))| {
        if i == 0 || i == last {
            left = *usd;
            return (0.0, *usd);
        }
        let before = left;
        left -= usd;
        (before, left)
    };
    steps.iter().enumerate().map(bar).collect()
}

fn point_name(results: &Results, point: u64) -> String {
    let row = results.point_numbers().iter().position(|number| *number == point).unwrap_or(0);
    point_in_words(&results.points, row, results.swept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_hang_from_one_another_and_end_at_the_bill() {
        let steps = [("list", 10.0), ("a", 4.0), ("b", -1.0), ("paid", 7.0)];
        let steps: Vec<_> = steps.map(|(name, usd)| (name.to_owned(), usd)).into();
        assert_eq!(bars(&steps), [(0.0, 10.0), (10.0, 6.0), (6.0, 7.0), (0.0, 7.0)]);
    }
}
