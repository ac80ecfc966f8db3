//! What was spent over virtual time, against a budget.

use crate::experiment::charts::{BudgetChartSpec, ScaleSpec};
use crate::kernel::Duration;
use crate::report::chart::choose_curves::{CURVES, choose_curves};
use crate::report::chart::common::conditions;
use crate::report::error::ReportError;
use crate::report::figure::{Axis, Figure, Mark, Marker, NamedFigure, Panel, Style, band, theme};
use crate::report::files::file_name;
use crate::report::results::Results;
use crate::report::results::aggregate::{Aggregate, Curve, thin};
use crate::report::results::panels::Interval;
use crate::report::unit::Unit;

/// The most places of a curve.
const PLACES: usize = 400;

pub(super) fn figures(
    results: &Results,
    spec: &BudgetChartSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
    let pick = choose_curves(results, spec.series.as_deref(), &spec.points, CURVES)?;
    let points: Vec<u64> = pick.points.iter().map(|(point, _)| *point).collect();
    // Budgets are of what users are charged.
    let columns = ["charged_usd".to_owned()];
    let curves = results.over_time(&columns, &points, None)?;
    let every = spec.every.map(Duration::as_secs_f64);
    let sums: Vec<Vec<(f64, f64)>> = curves.iter().map(|curve| cumulated(curve, every)).collect();
    let times: Vec<f64> = sums.iter().flatten().map(|(time, _)| *time).collect();
    let mut values: Vec<f64> = sums.iter().flatten().map(|(_, usd)| *usd).collect();
    let budget = spec.budget.map(crate::cost::Money::usd);
    values.extend(budget);
    let x = Axis::clock(&times, 620.0);
    let y = Axis::vertical("spent so far", Unit::Usd, &values, ScaleSpec::Linear, 260.0);
    let mut marks = Vec::new();
    if let Some(budget) = budget {
        marks.extend(budget_marks(budget, every, x.high));
    }
    for (i, sum) in sums.into_iter().enumerate() {
        // Areas under several curves would hide them.
        if pick.points.len() == 1 && sum.len() > 1 {
            let opacity = band(1) / 2.0;
            let last = sum.last().map_or(0.0, |(time, _)| *time);
            let outline = sum.iter().copied().chain([(last, 0.0), (0.0, 0.0)]).collect();
            marks.push(Mark::Area { outline, style: pick.styles[i], opacity });
        }
        marks.push(Mark::Line { points: sum, style: pick.styles[i] });
    }
    let panel = Panel::alone(x, y, marks);
    let mut notes = pick.notes.clone();
    if let Some(budget) = spec.budget {
        notes.push(format!("dashed: the budget of {budget}, and an even pace to it"));
    }
    let figure = Figure {
        title: spec.title.clone().unwrap_or_else(|| title(&pick.by, pick.points.len())),
        subtitle: spec
            .subtitle
            .clone()
            .unwrap_or_else(|| conditions(results, Interval::None, "", notes)),
        legend: pick.legend(),
        panels: vec![panel],
        columns: 1,
        height: 280.0,
    };
    let file = spec.file.as_deref().map_or_else(|| "budget".to_owned(), file_name);
    Ok(vec![NamedFigure { name: file, figure }])
}

fn title(by: &str, curves: usize) -> String {
    if curves > 1 && !by.is_empty() {
        format!("Spending over virtual time by {by}")
    } else {
        "Spending over virtual time".to_owned()
    }
}

/// The running sum of a curve's means, from 0; it begins anew every so often.
fn cumulated(curve: &Curve, every: Option<f64>) -> Vec<(f64, f64)> {
    let mut sum = 0.0;
    let mut span = 0.0;
    let mut running: Curve = vec![(0.0, vec![point(0.0)])];
    for (time, folds) in curve {
        if let Some(every) = every {
            // An interval that ends with the span is part of it.
            let now = libm::floor((time - 1e-9 * every) / every);
            if now > span {
                (span, sum) = (now, 0.0);
                running.push((now * every, vec![point(0.0)]));
            }
        }
        sum += folds[0].mean().unwrap_or(0.0);
        running.push((*time, vec![point(sum)]));
    }
    if every.is_none() {
        running = thin(&running, PLACES);
    }
    running.iter().map(|(time, folds)| (*time, folds[0].mean().unwrap_or(0.0))).collect()
}

fn point(value: f64) -> Aggregate {
    let mut fold = Aggregate::default();
    fold.add(value);
    fold
}

/// The budget as a level, and an even pace to it in each span.
fn budget_marks(budget: f64, every: Option<f64>, end: f64) -> Vec<Mark> {
    let ink = |dash| Style { color: theme::FAINT_INK, marker: Marker::Nothing, dash: Some(dash) };
    let level = vec![(0.0, budget), (end, budget)];
    let mut marks = vec![Mark::Line { points: level, style: ink((6.0, 4.0)) }];
    let span = every.unwrap_or(end);
    let mut from = 0.0;
    while from < end && marks.len() < 64 {
        let until = (from + span).min(end);
        let pace = vec![(from, 0.0), (until, budget * (until - from) / span)];
        marks.push(Mark::Line { points: pace, style: ink((2.0, 3.0)) });
        from += span;
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_adds_up_and_begins_anew() {
        let curve: Curve = (1..=4).map(|i| (f64::from(i), vec![point(1.0)])).collect();
        let whole = cumulated(&curve, None);
        assert_eq!(whole, [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (4.0, 4.0)]);
        let halves = cumulated(&curve, Some(2.0));
        assert_eq!(
            halves,
            [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (2.0, 0.0), (3.0, 1.0), (4.0, 2.0)]
        );
    }
}
