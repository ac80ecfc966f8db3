//! What was done when: intervals in lanes, coloured by kind. Intervals of a lane that
//! overlap lie one below another.

use crate::experiment::charts::GanttSpec;
use crate::kernel::Duration;
use crate::report::error::ReportError;
use crate::report::figure::{Axis, Entry, Figure, Legend, Mark, NamedFigure, Panel, Sample, Tick};
use crate::report::files::file_name;
use crate::report::number_format;
use crate::report::results::Results;
use crate::report::results::columns::{column, number};
use crate::stats::{Cell, Table};

/// The most lanes.
const LANES: usize = 30;
/// Height in px of a row.
const ROW: f64 = 22.0;
const LOWEST: f64 = 90.0;
const TALLEST: f64 = 760.0;
/// The share of a row that a bar fills.
const FILL: f64 = 0.76;

/// An interval of a lane.
#[derive(Clone, Debug)]
struct Work {
    lane: usize,
    label: String,
    start: f64,
    end: f64,
    kind: String,
}

pub(super) fn figures(
    results: &Results,
    spec: &GanttSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
    let table = results.table(&spec.table)?;
    let (lanes, mut work) = read(&table, spec)?;
    let seconds = |asked: Option<Duration>, found: f64| asked.map_or(found, Duration::as_secs_f64);
    let from = seconds(spec.from, work.iter().map(|w| w.start).fold(f64::INFINITY, f64::min));
    let until = seconds(spec.until, work.iter().map(|w| w.end).fold(f64::NEG_INFINITY, f64::max));
    work.retain(|w| w.end >= from && w.start <= until);
    let x = Axis::clock_between(from, until, 560.0);
    let rows = rows(&work, lanes.len());
    let total: usize = rows.iter().map(|(_, rows)| rows).sum();
    let mut names = Axis::rows("", &lanes.iter().take(LANES).cloned().collect::<Vec<_>>());
    names.high = total.max(1) as f64 - 0.5;
    // The first lane is at the top; a lane's name stands beside the middle of its rows.
    for (lane, tick) in names.ticks.iter_mut().enumerate() {
        let (first, rows) = rows[lane];
        *tick = Tick {
            at: (total as f64 - 1.0) - (first as f64 + (rows as f64 - 1.0) / 2.0),
            label: tick.label.clone(),
        };
    }
    let kinds = kinds(&work);
    let tile = |(w, row): (&Work, usize)| {
        let y = (total - 1 - row) as f64;
        let (start, end) = (w.start.max(x.low), w.end.min(x.high));
        Mark::Tile {
            corners: [(start, y - FILL / 2.0), (end, y + FILL / 2.0)],
            paint: results.styles.of("kind", &w.kind).color,
            text: w.label.clone(),
        }
    };
    let marks = placed(&work, &rows).map(tile).collect();
    let entry = |kind: &String| Entry::new(kind.clone(), results.styles.of("kind", kind));
    let mut notes = vec![results.title.to_owned()];
    if results.points.rows.len() > 1 || results.replications > 1 {
        notes.push(format!("point {}, replication {}", spec.point, spec.replication));
    }
    if lanes.len() > LANES {
        notes.push(format!("first {LANES} of {} lanes", lanes.len()));
    }
    notes.retain(|note| !note.is_empty());
    let stem = spec.table.trim_end_matches(".csv");
    let figure = Figure {
        title: spec.title.clone().unwrap_or_else(|| {
            number_format::sentence(&format!("{} over virtual time", stem.replace('_', " ")))
        }),
        subtitle: spec.subtitle.clone().unwrap_or_else(|| notes.join(" · ")),
        legend: Some(Legend::above("", kinds.iter().map(entry).collect(), Sample::Bar))
            .filter(|_| kinds.len() > 1),
        panels: vec![Panel::alone(x, names, marks)],
        columns: 1,
        height: (ROW * total as f64).clamp(LOWEST, TALLEST),
    };
    Ok(vec![NamedFigure {
        name: spec.file.as_deref().map_or_else(|| file_name(stem), file_name),
        figure,
    }])
}

/// The lanes in their order, and the intervals of those that are drawn.
fn read(table: &Table, spec: &GanttSpec) -> Result<(Vec<String>, Vec<Work>), ReportError> {
    let at = |name: &str| column(table, &spec.table, name);
    let (lane, label, kind) = (at("lane")?, at("label")?, at("kind")?);
    let (start, end) = (at("start_s")?, at("end_s")?);
    let of_run = [("point", spec.point), ("replication", spec.replication)]
        .map(|(name, wanted)| table.column(name).map(|at| (at, wanted)));
    let mine = |row: &&Vec<Cell>| {
        of_run.iter().flatten().all(|(at, wanted)| number(&row[*at]) == Some(*wanted as f64))
    };
    let mut lanes: Vec<String> = Vec::new();
    let mut work = Vec::new();
    for row in table.rows.iter().filter(mine) {
        let (Some(start), Some(end)) = (number(&row[start]), number(&row[end])) else { continue };
        let name = row[lane].to_string();
        let lane = lanes.iter().position(|known| *known == name).unwrap_or_else(|| {
            lanes.push(name);
            lanes.len() - 1
        });
        if lane < LANES && end >= start {
            let (label, kind) = (row[label].to_string(), row[kind].to_string());
            work.push(Work { lane, label, start, end, kind });
        }
    }
    Ok((lanes, work))
}

/// Of each lane its first row, and how many it needs so that nothing overlaps.
fn rows(work: &[Work], lanes: usize) -> Vec<(usize, usize)> {
    let lanes = lanes.min(LANES);
    let mut first = 0;
    (0..lanes)
        .map(|lane| {
            let rows = packed(work, lane).iter().map(|(_, row)| row + 1).max().unwrap_or(1);
            first += rows;
            (first - rows, rows)
        })
        .collect()
}

/// The intervals of a lane by start, each in the first row that is free.
fn packed(work: &[Work], lane: usize) -> Vec<(usize, usize)> {
    let mut mine: Vec<usize> = (0..work.len()).filter(|i| work[*i].lane == lane).collect();
    mine.sort_by(|a, b| work[*a].start.total_cmp(&work[*b].start));
    let mut free: Vec<f64> = Vec::new();
    mine.into_iter()
        .map(|i| {
            let row = free.iter().position(|end| *end <= work[i].start).unwrap_or(free.len());
            if row == free.len() {
                free.push(0.0);
            }
            free[row] = work[i].end;
            (i, row)
        })
        .collect()
}

/// Every interval with its row from the top.
fn placed<'w>(
    work: &'w [Work],
    rows: &[(usize, usize)],
) -> impl Iterator<Item = (&'w Work, usize)> {
    rows.iter().enumerate().flat_map(move |(lane, (first, _))| {
        packed(work, lane).into_iter().map(move |(i, row)| (&work[i], first + row))
    })
}

/// The kinds in the order of their first intervals.
fn kinds(work: &[Work]) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for w in work {
        if !kinds.contains(&w.kind) {
            kinds.push(w.kind.clone());
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_in_a_lane_lies_one_below_another() {
        let work =
            |lane, start, end| Work { lane, label: String::new(), start, end, kind: String::new() };
        let all = [work(0, 0.0, 5.0), work(0, 1.0, 2.0), work(0, 2.0, 3.0), work(1, 0.0, 1.0)];
        assert_eq!(packed(&all, 0), [(0, 0), (1, 1), (2, 1)]);
        assert_eq!(rows(&all, 3), [(0, 2), (2, 1), (3, 1)], "an empty lane has a row");
        let placed: Vec<usize> = placed(&all, &rows(&all, 3)).map(|(_, row)| row).collect();
        assert_eq!(placed, [0, 1, 1, 2]);
    }
}
