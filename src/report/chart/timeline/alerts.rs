//! When alerts fired, beside the curves of a timeline: a lane for each monitor above the
//! panels, where names have a place of their own, and shades behind the curves.

use std::collections::BTreeSet;

use crate::report::chart::choose_curves::ChosenCurves;
use crate::report::error::ReportError;
use crate::report::figure::{Axis, Mark, Marker, Paint, Panel, Style};
use crate::report::results::Results;
use crate::report::results::columns::{column, number};
use crate::stats::{Cell, Table};

/// The most lanes.
const LANES: usize = 12;
/// The height in px of a lane.
const LANE: f64 = 18.0;
/// The share of a lane that its bars fill.
const FILL: f64 = 0.7;
/// The least part of the time axis that is seen.
const THINNEST: f64 = 0.002;

const FAULTS: &str = "faults";

/// A span of time in a replication of a point, by its number among those drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    point: usize,
    replication: u64,
    from: f64,
    until: f64,
}

/// A piece of time in which so many replications were in a span.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    from: f64,
    until: f64,
    count: usize,
}

/// What there is to show of a monitor, or of faults.
struct Lane {
    name: String,
    paint: Option<Paint>,
    spans: Vec<Span>,
}

/// The alerts of the points that are drawn.
pub(super) struct Alerts {
    lanes: Vec<Lane>,
    /// Monitors that have no lane.
    left: usize,
    points: usize,
    replications: usize,
    thinnest: f64,
}

impl Alerts {
    /// Reads the alerts of these points; `None` where there are no monitors.
    pub(super) fn read(
        results: &Results,
        (points, replication): (&[u64], Option<u64>),
        x: &Axis,
    ) -> Result<Option<Self>, ReportError> {
        if !results.has("monitors.csv") {
            return Ok(None);
        }
        let monitors = results.table("monitors.csv")?;
        let alerts = results.table("alerts.csv")?;
        let spans = |table: &Table, file: &str, lane: &str, ends: [&str; 2]| {
            let mut all = read(table, file, lane, ends, points, x)?;
            all.retain(|(_, span)| replication.is_none_or(|only| span.replication == only));
            Ok::<_, ReportError>(all)
        };
        let fired = spans(&alerts, "alerts.csv", "monitor", ["fired_s", "resolved_s"])?;
        let mut lanes: Vec<Lane> = Vec::new();
        if results.has("faults.csv") {
            let faults = results.table("faults.csv")?;
            let all = spans(&faults, "faults.csv", "fault", ["from_s", "until_s"])?;
            let spans = all.into_iter().map(|(_, span)| span).collect();
            lanes.push(Lane { name: FAULTS.to_owned(), paint: Some(Paint::FaintInk), spans });
        }
        let name = column(&monitors, "monitors.csv", "monitor")?;
        for row in &monitors.rows {
            let name = row[name].to_string();
            if lanes.iter().all(|lane| lane.paint.is_some() || lane.name != name) {
                let mine = fired.iter().filter(|(monitor, _)| *monitor == name);
                let spans = mine.map(|(_, span)| *span).collect();
                lanes.push(Lane { name, paint: None, spans });
            }
        }
        let left = lanes.len().saturating_sub(LANES);
        lanes.truncate(LANES);
        Ok(Some(Alerts {
            lanes,
            left,
            points: points.len(),
            replications: if replication.is_some() { 1 } else { results.replications.max(1) },
            thinnest: (x.high - x.low) * THINNEST,
        }))
    }

    /// The panel of lanes: the more replications, the more opaque a bar.
    pub(super) fn lanes(&self, pick: &ChosenCurves, x: Axis) -> Panel {
        // The first lane is at the top.
        let names: Vec<String> = self.lanes.iter().rev().map(|lane| lane.name.clone()).collect();
        let mut y = Axis::rows("", &names);
        y.length = Some(LANE * self.lanes.len().max(1) as f64);
        let mut marks = Vec::new();
        let part = FILL / self.points.max(1) as f64;
        for (index, lane) in self.lanes.iter().enumerate() {
            let top = (self.lanes.len() - 1 - index) as f64 + FILL / 2.0;
            for point in 0..self.points {
                let of_point =
                    if self.points > 1 { pick.styles[point].color } else { Paint::Alert };
                let high = top - point as f64 * part;
                let spans = lane.spans.iter().filter(|span| span.point == point);
                for piece in pieces(spans, self.thinnest) {
                    let share = piece.count as f64 / self.replications as f64;
                    marks.push(Mark::Area {
                        outline: rectangle(piece, high - part, high),
                        style: plain(lane.paint.unwrap_or(of_point)),
                        opacity: 0.2 + 0.8 * share.min(1.0),
                    });
                }
            }
        }
        if marks.is_empty() {
            let (x, y) = (x.low.midpoint(x.high), y.low.midpoint(y.high) - 0.3);
            marks.push(Mark::Text { x, y, text: "nothing fired".to_owned() });
        }
        Panel { heading: "Alerts".to_owned(), legend: None, x, y, x_labels: false, marks }
    }

    /// Shades a panel where any alert fired, below all else. Of several points nothing
    /// could be told apart.
    pub(super) fn shade(&self, panel: &mut Panel) {
        if self.points != 1 {
            return;
        }
        let alerts = self.lanes.iter().filter(|lane| lane.paint.is_none());
        let spans = alerts.flat_map(|lane| &lane.spans);
        let (low, high) = (panel.y.low, panel.y.high);
        let shade = |piece: Piece| Mark::Area {
            outline: rectangle(piece, low, high),
            style: plain(Paint::Alert),
            opacity: 0.04 + 0.12 * (piece.count as f64 / self.replications as f64).min(1.0),
        };
        let shades: Vec<Mark> = pieces(spans, self.thinnest).into_iter().map(shade).collect();
        panel.marks.splice(0..0, shades);
    }

    /// What the subtitle says of all this.
    pub(super) fn note(&self) -> String {
        let what = if self.points == 1 { "shaded" } else { "lanes" };
        let share =
            if self.replications > 1 { ", the stronger, the more replications" } else { "" };
        let left = match self.left {
            0 => String::new(),
            left => format!("; {left} monitors are left out"),
        };
        format!("{what}: an alert fires{share}{left}")
    }
}

fn plain(color: Paint) -> Style {
    Style { color, marker: Marker::Nothing, dash: None }
}

fn rectangle(piece: Piece, low: f64, high: f64) -> Vec<(f64, f64)> {
    let Piece { from, until, .. } = piece;
    vec![(from, low), (until, low), (until, high), (from, high)]
}

/// The spans of a table with the names of their lanes. What has no end goes on.
fn read(
    table: &Table,
    file: &str,
    lane: &str,
    [from, until]: [&str; 2],
    points: &[u64],
    x: &Axis,
) -> Result<Vec<(String, Span)>, ReportError> {
    let at = |name: &str| column(table, file, name);
    let (point, replication, lane) = (at("point")?, at("replication")?, at(lane)?);
    let (from, until) = (at(from)?, at(until)?);
    let span = |row: &Vec<Cell>| {
        let number_of = number(&row[point])? as u64;
        Some(Span {
            point: points.iter().position(|point| *point == number_of)?,
            replication: number(&row[replication])? as u64,
            from: number(&row[from])?.min(x.high),
            until: number(&row[until]).unwrap_or(x.high).min(x.high),
        })
    };
    Ok(table.rows.iter().filter_map(|row| Some((row[lane].to_string(), span(row)?))).collect())
}

/// The time line cut where the number of replications in a span changes; none is shorter
/// than `thinnest`.
fn pieces<'s>(spans: impl Iterator<Item = &'s Span>, thinnest: f64) -> Vec<Piece> {
    let mut changes: Vec<(f64, bool, u64)> = Vec::new();
    for span in spans {
        changes.push((span.from, true, span.replication));
        changes.push((span.until.max(span.from + thinnest), false, span.replication));
    }
    changes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut inside: Vec<u64> = Vec::new();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut since = 0.0;
    for (at, begins, replication) in changes {
        let count = inside.iter().collect::<BTreeSet<_>>().len();
        if count > 0 && at > since {
            match pieces.last_mut() {
                Some(last) if last.count == count && last.until == since => last.until = at,
                _ => pieces.push(Piece { from: since, until: at, count }),
            }
        }
        since = at;
        if begins {
            inside.push(replication);
        } else if let Some(index) = inside.iter().position(|inside| *inside == replication) {
            inside.swap_remove(index);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(replication: u64, from: f64, until: f64) -> Span {
        Span { point: 0, replication, from, until }
    }

    #[test]
    fn replications_that_overlap_are_counted_once_each() {
        let spans = [span(0, 0.0, 10.0), span(0, 5.0, 12.0), span(1, 8.0, 20.0)];
        let piece = |from, until, count| Piece { from, until, count };
        assert_eq!(
            pieces(spans.iter(), 0.0),
            [piece(0.0, 8.0, 1), piece(8.0, 12.0, 2), piece(12.0, 20.0, 1)]
        );
    }

    #[test]
    fn what_is_short_is_still_seen() {
        let spans = [span(0, 5.0, 5.0)];
        assert_eq!(pieces(spans.iter(), 2.0), [Piece { from: 5.0, until: 7.0, count: 1 }]);
    }
}
