//! Parts of a whole over virtual time, stacked: a panel for each point.

use std::collections::{BTreeMap, BTreeSet};

use crate::experiment::charts::{AreaSpec, ScaleSpec};
use crate::report::chart::choose_curves::choose_curves;
use crate::report::chart::common::{conditions, grid};
use crate::report::error::ReportError;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, theme,
};
use crate::report::files::file_name;
use crate::report::results::Results;
use crate::report::results::columns::{column, number};
use crate::report::results::intervals::{How, Joiner, Wide, Widest, number_of};
use crate::report::results::panels::Interval;
use crate::report::unit::Unit;
use crate::report::{display_names, number_format};
use crate::stats::{Cell, Table};

/// The most panels.
const PANELS: usize = 6;
/// The most parts; further ones are drawn as one.
const PARTS: usize = 8;
/// What those are called.
const OTHERS: &str = "others";
const FILE: &str = "breakdown.csv";

/// The parts of a point: their names from the largest, and their values by time.
struct Stack {
    times: Vec<f64>,
    /// For each part a value for each time.
    parts: BTreeMap<String, Vec<f64>>,
}

pub(super) fn figures(results: &Results, spec: &AreaSpec) -> Result<Vec<NamedFigure>, ReportError> {
    let pick = choose_curves(results, None, &spec.points, PANELS)?;
    let points = &pick.points;
    let entity = spec.by.unwrap_or_default().name();
    let stacks: Vec<Stack> = points
        .iter()
        .map(|(point, _)| {
            if spec.needs_breakdown() {
                answered(&results.table(FILE)?, entity, *point)
            } else {
                columns(results, &spec.columns, *point)
            }
        })
        .collect::<Result<_, _>>()?;
    let (what, unit, key) = if spec.needs_breakdown() {
        ("answers", Unit::PerSecond, display_names::path(entity))
    } else {
        let first = spec.columns.first().map_or("", String::as_str);
        (
            if unit_of_all(&spec.columns) == Some(Unit::PerSecond) { "requests" } else { "sum" },
            Unit::of_metric(first),
            "metric".to_owned(),
        )
    };
    let order = order(&stacks);
    let styles: Vec<Style> = order.iter().map(|part| part_style(results, &key, part)).collect();
    let stacks: Vec<(Vec<f64>, Vec<Vec<f64>>)> =
        stacks.iter().map(|stack| heights(stack, &order, spec.share)).collect();
    let times: Vec<f64> = stacks.iter().flat_map(|(times, _)| times.iter().copied()).collect();
    let tops: Vec<f64> =
        stacks.iter().filter_map(|(_, tops)| tops.last()).flatten().copied().chain([0.0]).collect();
    let (columns, height) = grid(points.len());
    let x = Axis::clock(&times, 620.0 / columns as f64);
    let y = if spec.share {
        Axis::share(&format!("share of {what}"))
    } else {
        Axis::vertical(what, unit, &tops, ScaleSpec::Linear, height)
    };
    let panel = |(i, (times, tops)): (usize, &(Vec<f64>, Vec<Vec<f64>>))| {
        let mut y = y.clone();
        if !i.is_multiple_of(columns) {
            y.label.clear();
        }
        Panel {
            heading: if points.len() > 1 {
                number_format::sentence(&points[i].1)
            } else {
                String::new()
            },
            legend: None,
            x: x.clone(),
            y,
            x_labels: i + columns >= points.len(),
            marks: marks(times, tops, &styles),
        }
    };
    let by = if spec.needs_breakdown() { format!(" by {key}") } else { String::new() };
    let title = || number_format::sentence(&format!("{what} over virtual time{by}"));
    let entry = |(part, style): (&String, &Style)| Entry::new(part_name(part, &key), *style);
    let figure = Figure {
        title: spec.title.clone().unwrap_or_else(title),
        subtitle: spec
            .subtitle
            .clone()
            .unwrap_or_else(|| conditions(results, Interval::None, "", pick.notes.clone())),
        legend: Some(Legend::above(
            &if spec.needs_breakdown() { number_format::sentence(&key) } else { String::new() },
            order.iter().zip(&styles).map(entry).collect(),
            Sample::Bar,
        )),
        panels: stacks.iter().enumerate().map(panel).collect(),
        columns,
        height,
    };
    let name = || {
        if spec.needs_breakdown() {
            format!("answers-by-{entity}-area")
        } else {
            "timeline-area".to_owned()
        }
    };
    Ok(vec![NamedFigure { name: spec.file.as_deref().map_or_else(name, file_name), figure }])
}

fn unit_of_all(columns: &[String]) -> Option<Unit> {
    let unit = Unit::of_metric(columns.first()?);
    columns.iter().all(|column| Unit::of_metric(column) == unit).then_some(unit)
}

fn part_style(results: &Results, key: &str, part: &str) -> Style {
    if part == OTHERS {
        return Style { color: theme::GRID, marker: Marker::Nothing, dash: None };
    }
    results.styles.of(key, part)
}

fn part_name(part: &str, key: &str) -> String {
    if key == "metric" { display_names::metric(part) } else { part.to_owned() }
}

/// Columns of the timeline, means over replications.
fn columns(results: &Results, columns: &[String], point: u64) -> Result<Stack, ReportError> {
    let curves = results.over_time(columns, &[point], None)?;
    let curve = curves.into_iter().next().unwrap_or_default();
    let values = |i: usize| curve.iter().map(|(_, folds)| folds[i].mean().unwrap_or(0.0)).collect();
    Ok(Stack {
        times: curve.iter().map(|(time, _)| *time).collect(),
        parts: columns.iter().enumerate().map(|(i, name)| (name.clone(), values(i))).collect(),
    })
}

/// Answers by who gave or got them, means over the replications that have rows.
fn answered(table: &Table, entity: &str, point: u64) -> Result<Stack, ReportError> {
    let at = |name: &str| column(table, FILE, name);
    let (of, replication, time) = (at("point")?, at("replication")?, at("time_s")?);
    let (by, name, rate) = (at("by")?, at("name")?, at("answers_rps")?);
    let mine = |row: &&Vec<Cell>| number(&row[of]) == Some(point as f64);
    let rows = table.rows.iter().filter(mine).filter_map(|row| {
        let end_s = number(&row[time]).filter(|end_s| *end_s >= 0.0)?;
        Some((row, row[replication].to_string(), end_s))
    });
    let mut widest = Widest::default();
    rows.clone().for_each(|(_, replication, end_s)| widest.see(&replication, end_s));
    let width_s = widest.width_s();
    // Of each interval its end and who has rows of it.
    let mut places: BTreeMap<u64, (f64, BTreeSet<String>)> = BTreeMap::new();
    let mut sums: BTreeMap<String, BTreeMap<u64, f64>> = BTreeMap::new();
    let mut add = |wide: Wide<(String, String)>| {
        let sum = sums.entry(wide.of.1).or_default().entry(wide.number).or_default();
        *sum += wide.values[0].unwrap_or(0.0);
    };
    let mut joiner = Joiner::new(vec![How::Mean]);
    for (row, replication, end_s) in rows {
        let place = places.entry(number_of(end_s, width_s)).or_default();
        place.0 = place.0.max(end_s);
        place.1.insert(replication.clone());
        if row[by].to_string() == entity {
            let part = (replication, row[name].to_string());
            let closed = joiner.row(part, (end_s, width_s), &[number(&row[rate])]);
            closed.into_iter().for_each(&mut add);
        }
    }
    joiner.finish().into_iter().for_each(&mut add);
    let means = |part: BTreeMap<u64, f64>| {
        let mean = |(place, (_, runs)): (&u64, &(f64, BTreeSet<String>))| {
            part.get(place).copied().unwrap_or(0.0) / runs.len() as f64
        };
        places.iter().map(mean).collect()
    };
    Ok(Stack {
        parts: sums.into_iter().map(|(name, part)| (name, means(part))).collect(),
        times: places.values().map(|(end_s, _)| *end_s).collect(),
    })
}

/// The parts of all stacks from the largest down; beyond eight they are one, as are
/// those that the table has as one already.
fn order(stacks: &[Stack]) -> Vec<String> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, values) in stacks.iter().flat_map(|stack| &stack.parts) {
        *sums.entry(name).or_default() += values.iter().sum::<f64>();
    }
    let mut order: Vec<(&str, f64)> = sums.into_iter().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let mut names: Vec<String> = order.iter().map(|(name, _)| (*name).to_owned()).collect();
    let all = names.len();
    names.retain(|name| name != OTHERS);
    if names.len() < all || all > PARTS {
        names.truncate(PARTS - 1);
        names.push(OTHERS.to_owned());
    }
    names
}

/// The tops of the parts, one upon another.
fn heights(stack: &Stack, order: &[String], share: bool) -> (Vec<f64>, Vec<Vec<f64>>) {
    let is_rest = |name: &String| name == OTHERS || !order.contains(name);
    let rest = |i: usize| -> f64 {
        stack.parts.iter().filter(|(name, _)| is_rest(name)).map(|(_, values)| values[i]).sum()
    };
    let whole: Vec<f64> = (0..stack.times.len())
        .map(|i| stack.parts.values().map(|values| values[i]).sum())
        .collect();
    let mut below = vec![0.0; stack.times.len()];
    let mut tops = Vec::new();
    for part in order {
        for (i, top) in below.iter_mut().enumerate() {
            let value = match stack.parts.get(part) {
                _ if part == OTHERS => rest(i),
                Some(values) => values[i],
                None => 0.0,
            };
            *top += match share {
                true if whole[i] > 0.0 => value / whole[i],
                true => 0.0,
                false => value,
            };
        }
        tops.push(below.clone());
    }
    (stack.times.clone(), tops)
}

fn marks(times: &[f64], tops: &[Vec<f64>], styles: &[Style]) -> Vec<Mark> {
    let zero = vec![0.0; times.len()];
    let below = std::iter::once(&zero).chain(tops);
    let layer = |((top, below), style): ((&Vec<f64>, &Vec<f64>), &Style)| {
        let upper = times.iter().copied().zip(top.iter().copied());
        let lower = times.iter().copied().zip(below.iter().copied()).rev();
        Mark::Area { outline: upper.chain(lower).collect(), style: *style, opacity: 0.85 }
    };
    tops.iter().zip(below).zip(styles).map(layer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack() -> Stack {
        let part = |name: &str, values: &[f64]| (name.to_owned(), values.to_vec());
        Stack {
            times: vec![1.0, 2.0],
            parts: [part("a", &[1.0, 0.0]), part("b", &[3.0, 0.0])].into_iter().collect(),
        }
    }

    #[test]
    fn parts_stand_on_one_another_the_largest_first() {
        let order = order(&[stack()]);
        assert_eq!(order, ["b", "a"]);
        assert_eq!(heights(&stack(), &order, false).1, [[3.0, 0.0], [4.0, 0.0]]);
        assert_eq!(heights(&stack(), &order, true).1, [[0.75, 0.0], [1.0, 0.0]]);
    }

    #[test]
    fn what_is_left_is_one_part() {
        let parts = (0..20).map(|i| (format!("{i:02}"), vec![f64::from(i)])).collect();
        let stack = Stack { times: vec![1.0], parts };
        let order = order(std::slice::from_ref(&stack));
        assert_eq!((order.len(), order[0].as_str(), order[7].as_str()), (8, "19", OTHERS));
        let tops = heights(&stack, &order, false).1;
        assert_eq!(tops[7][0], f64::from((0..20).sum::<i32>()), "nothing is lost");
    }

    #[test]
    fn what_the_table_calls_others_is_part_of_the_rest() {
        for (users, others) in [(5, 1.0), (7, 1.0), (8, 1000.0), (20, 0.5), (20, 1000.0)] {
            let mut parts: BTreeMap<String, Vec<f64>> =
                (0..users).map(|i| (format!("{i:02}"), vec![f64::from(i)])).collect();
            parts.insert(OTHERS.to_owned(), vec![others]);
            let stack = Stack { times: vec![1.0], parts };
            let order = order(std::slice::from_ref(&stack));
            let named = order.iter().filter(|name| *name == OTHERS).count();
            assert_eq!((named, order.last().map(String::as_str)), (1, Some(OTHERS)), "{users}");
            assert_eq!(order.len(), PARTS.min(users as usize + 1));
            let shares = heights(&stack, &order, true).1;
            assert!((shares[order.len() - 1][0] - 1.0).abs() < 1e-12, "{users}: {shares:?}");
        }
    }

    #[test]
    fn answers_of_intervals_of_unlike_width_are_joined_before_the_mean_is_taken() {
        let mut table = Table::new(["point", "replication", "by", "name", "time_s", "answers_rps"]);
        let mut part = |replication: u64, name: &str, rows: &[(f64, f64)]| {
            for (end_s, rate) in rows {
                let row = [0_u64.into(), replication.into(), "user".into(), name.into()];
                let numbers = [Cell::from(*end_s), Cell::from(*rate)];
                table.push(row.into_iter().chain(numbers).collect());
            }
        };
        part(0, "a", &[(1.0, 1.0), (2.0, 3.0), (3.0, 1.0)]);
        part(0, "b", &[(1.0, 1.0), (2.0, 1.0), (3.0, 0.0)]);
        part(1, "a", &[(2.0, 4.0), (4.0, 2.0), (6.0, 5.0)]);
        let stack = answered(&table, "user", 0).unwrap();
        // Only the second was still running at the end.
        assert_eq!(stack.times, [2.0, 4.0, 6.0]);
        assert_eq!(stack.parts["a"], [3.0, 1.5, 5.0]);
        assert_eq!(stack.parts["b"], [0.5, 0.0, 0.0]);
    }
}
