//! Miss-ratio curves: policies at the capacities that were replayed, and LRU's
//! whole curve.

use crate::experiment::charts::ScaleSpec;
use crate::report::error::ReportError;
use crate::report::figure::axis::Scale;
use crate::report::figure::theme::FAINT_INK;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, Tick, style,
};
use crate::report::number_format;
use crate::report::replay::manifest::ReplayManifest;
use crate::report::results::columns::{column, points};
use crate::report::unit::Unit;
use crate::stats::{Cell, Table};

/// What may be shown, and how it is called.
const RATIOS: [(&str, &str); 2] =
    [("object_miss_ratio", "object miss ratio"), ("byte_miss_ratio", "byte miss ratio")];

/// A line of the chart.
struct Line {
    name: String,
    style: Style,
    /// A whole curve.
    curve: Vec<(f64, f64)>,
    /// What was replayed.
    points: Vec<(f64, f64)>,
}

/// A figure for each unit of the capacities and each kind of ratio that the
/// trace has.
pub(crate) fn figures(
    manifest: &ReplayManifest,
    ratios: &Table,
    curves: &Table,
) -> Result<Vec<NamedFigure>, ReportError> {
    let unit = column(ratios, "miss_ratios.csv", "unit")?;
    let mut figures = Vec::new();
    for (name, shown) in [("objects", Unit::Entries), ("bytes", Unit::Bytes)] {
        let has = |row: &Vec<Cell>| row[unit] == Cell::from(name);
        if !ratios.rows.iter().any(has) {
            continue;
        }
        let kinds =
            if manifest.replay.footprint_bytes.is_some() { &RATIOS[..] } else { &RATIOS[..1] };
        for (metric, words) in kinds {
            let lines = lines(manifest, (ratios, curves), name, metric)?;
            let file = format!("{}-by-{name}", metric.replace('_', "-"));
            figures
                .push(NamedFigure { name: file, figure: figure(manifest, &lines, words, shown) });
        }
    }
    Ok(figures)
}

/// The lines of a figure: the policies, then the curves that are no policy's.
fn lines(
    manifest: &ReplayManifest,
    (ratios, curves): (&Table, &Table),
    unit: &str,
    metric: &str,
) -> Result<Vec<Line>, ReportError> {
    let replayed = |name: &str| {
        by_capacity(ratios, "miss_ratios.csv", &[("policy", name), ("unit", unit)], metric)
    };
    let drawn =
        |name: &str| by_capacity(curves, "curves.csv", &[("curve", name), ("unit", unit)], metric);
    let mut lines = Vec::new();
    for (i, name) in manifest.policies.iter().enumerate() {
        // The exact curve runs through LRU's points.
        let exact = name == "lru" && manifest.curves.iter().any(|curve| curve == "exact");
        let curve = if exact { drawn("exact")? } else { Vec::new() };
        lines.push(Line { name: name.clone(), style: style(i), curve, points: replayed(name)? });
    }
    let taken = lines.iter().any(|line| !line.curve.is_empty());
    for name in manifest.curves.iter().filter(|name| !(taken && *name == "exact")) {
        let sample = name.strip_prefix("shards:").and_then(|rate| rate.parse::<f64>().ok());
        let shown = match sample {
            Some(rate) => format!("lru, {} % sample", number_format::significant(100.0 * rate, 3)),
            None => format!("lru, {name}"),
        };
        let color = if sample.is_some() { FAINT_INK } else { style(lines.len()).color };
        let dash = sample.map(|rate| (2.0, if rate < 0.05 { 4.0 } else { 2.5 }));
        let style = Style { color, dash, marker: Marker::Nothing };
        lines.push(Line { name: shown, style, curve: drawn(name)?, points: Vec::new() });
    }
    Ok(lines)
}

/// Capacities and ratios of the rows of one name, by capacity.
fn by_capacity(
    table: &Table,
    file: &str,
    of: &[(&str, &str)],
    metric: &str,
) -> Result<Vec<(f64, f64)>, ReportError> {
    let mut points = points(table, file, of, ("capacity", metric))?;
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(points)
}

fn figure(manifest: &ReplayManifest, lines: &[Line], words: &str, unit: Unit) -> Figure {
    let x = capacity_axis(lines, unit);
    let seen = |points: &[(f64, f64)]| {
        points.iter().filter(|(at, _)| *at >= x.low && *at <= x.high).copied().collect::<Vec<_>>()
    };
    let mut marks = Vec::new();
    let mut entries = Vec::new();
    for line in lines {
        let (curve, points) = (seen(&line.curve), seen(&line.points));
        let path = if curve.is_empty() { &points } else { &curve };
        if path.len() > 1 {
            marks.push(Mark::Line { points: path.clone(), style: line.style });
        }
        entries.push(Entry::new(line.name.clone(), line.style));
    }
    // Markers lie above every line.
    for line in lines.iter().filter(|line| !line.points.is_empty()) {
        marks.push(Mark::Markers { points: seen(&line.points), style: line.style });
    }
    let values: Vec<f64> = lines
        .iter()
        .flat_map(|line| seen(&line.curve).into_iter().chain(seen(&line.points)))
        .map(|(_, ratio)| ratio)
        .collect();
    let y = Axis::vertical(words, Unit::Fraction, &values, ScaleSpec::Linear, 300.0);
    let panel = Panel::alone(x, y, marks);
    Figure {
        title: number_format::sentence(&format!("{words} by cache size")),
        subtitle: conditions(manifest),
        legend: Some(Legend::above("Policy", entries, Sample::LineAndMarker)),
        panels: vec![panel],
        columns: 1,
        height: 300.0,
    }
}

/// The trace, and what was not counted.
fn conditions(manifest: &ReplayManifest) -> String {
    let trace = &manifest.replay;
    let count = |value: u64| number_format::grouped(value as f64, 0);
    let mut parts = vec![
        trace.trace.clone(),
        format!("{} accesses to {} objects", count(trace.accesses), count(trace.objects)),
    ];
    if trace.warmup_accesses > 0 {
        parts.push(format!("the first {} not counted", count(trace.warmup_accesses)));
    }
    if manifest.policies.iter().any(|name| name == "lru")
        && manifest.curves.iter().any(|curve| curve == "exact")
    {
        parts.push("LRU's whole curve from stack distances".to_owned());
    }
    parts.join(" · ")
}

/// A logarithmic axis: from well below the smallest capacity that was replayed
/// to the largest of all.
fn capacity_axis(lines: &[Line], unit: Unit) -> Axis {
    let all = |part: fn(&Line) -> &Vec<(f64, f64)>| {
        lines.iter().flat_map(move |line| part(line).iter().map(|(at, _)| *at))
    };
    let replayed = all(|line| &line.points).fold(f64::INFINITY, f64::min);
    let drawn = all(|line| &line.curve).fold(f64::INFINITY, f64::min);
    let high = all(|line| &line.points).chain(all(|line| &line.curve)).fold(1.0, f64::max);
    let low = replayed.min((replayed / 4.0).max(drawn)).clamp(1.0, high);
    let chosen: Vec<(f64, &str)> = [(low, ""), (high, "")].repeat(7);
    let mut axis = Axis::horizontal("cache size", unit, &chosen, ScaleSpec::Log, 620.0);
    if unit == Unit::Bytes && axis.scale == Scale::Log {
        binary_ticks(&mut axis);
    }
    axis
}

/// Ticks at powers of two, with their units.
fn binary_ticks(axis: &mut Axis) {
    let power = |n: i32| libm::ldexp(1.0, n);
    let (first, last) =
        (libm::ceil(libm::log2(axis.low)) as i32, libm::floor(libm::log2(axis.high)) as i32);
    let every =
        [1, 2, 5, 10, 20].into_iter().find(|every| (last - first) / every < 9).unwrap_or(20);
    let ticks: Vec<Tick> = (first..=last)
        .filter(|n| n % every == 0)
        .map(|n| Tick { at: power(n), label: number_format::bytes(power(n)) })
        .collect();
    if ticks.len() > 1 {
        axis.ticks = ticks;
        axis.minor = Vec::new();
        axis.label = String::from("Cache size");
    }
}
