//! The distribution of a latency: the share of requests that took at most so
//! long, a curve for each point.

use crate::experiment::charts::CdfSpec;
use crate::report::chart::choose_curves::{CURVES, ChosenCurves, choose_curves};
use crate::report::chart::common::conditions;
use crate::report::error::ReportError;
use crate::report::figure::axis::drawable;
use crate::report::figure::{Axis, Figure, Mark, NamedFigure, Panel, Style, band};
use crate::report::files::file_name;
use crate::report::results::Results;
use crate::report::results::aggregate::Curve;
use crate::report::results::panels::Interval;
use crate::report::unit::Unit;
use crate::report::{display_names, number_format};

/// A linear axis ends here; the slowest of a long run would leave no room for
/// the rest.
const TAIL: f64 = 0.999;

pub(super) fn figures(results: &Results, spec: &CdfSpec) -> Result<Vec<NamedFigure>, ReportError> {
    let metric = spec.metric.column();
    let mut pick = choose_curves(results, spec.series.as_deref(), &spec.points, CURVES)?;
    let points: Vec<u64> = pick.points.iter().map(|(point, _)| *point).collect();
    let columns = [metric.to_owned()];
    let curves = results.curves("latency.csv", "quantile", &columns, &points)?;
    let name = display_names::metric(metric);
    let values = |to: f64| -> Vec<f64> {
        let shown = curves.iter().flatten().filter(|(q, _)| *q <= to);
        shown.filter_map(|(_, folds)| folds[0].mean()).collect()
    };
    let x = Axis::measured(&name, Unit::Seconds, &values(TAIL), spec.x_scale, 620.0);
    let all = values(1.0);
    // A hair's breadth is not worth a note.
    if all.iter().any(|v| *v > x.high * 1.01) {
        let largest = all.iter().copied().filter(|v| drawable(*v)).fold(0.0, f64::max);
        pick.notes.push(format!(
            "to the 99.9th percentile; the longest is {}",
            number_format::seconds(largest)
        ));
    }
    let panel = panel(&curves, &pick.styles, x);
    let interval = if results.replications > 1 { Interval::Range } else { Interval::None };
    let subtitle = || conditions(results, interval, "band", pick.notes.clone());
    let figure = Figure {
        title: spec.title.clone().unwrap_or_else(|| title(&name, &pick)),
        subtitle: spec.subtitle.clone().unwrap_or_else(subtitle),
        legend: pick.legend(),
        panels: vec![panel],
        columns: 1,
        height: 300.0,
    };
    let file = spec.file.as_deref().map_or_else(|| format!("{metric}-cdf"), file_name);
    Ok(vec![NamedFigure { name: file, figure }])
}

fn title(name: &str, pick: &ChosenCurves) -> String {
    match pick.points.len() {
        0 | 1 => number_format::sentence(&format!("distribution of {name}")),
        _ => {
            let by = if pick.by.is_empty() { "point" } else { &pick.by };
            number_format::sentence(&format!("distribution of {name} by {by}"))
        }
    }
}

fn panel(curves: &[Curve], styles: &[Style], x: Axis) -> Panel {
    let mut bands = Vec::new();
    let mut lines = Vec::new();
    for (i, curve) in curves.iter().enumerate() {
        let measured: Vec<(f64, f64, f64, f64)> = curve
            .iter()
            .filter_map(|(q, folds)| Some((*q, folds[0].low, folds[0].mean()?, folds[0].high)))
            .filter(|(q, low, mean, high)| {
                *q <= 1.0 && [*low, *mean, *high].into_iter().all(drawable)
            })
            .collect();
        let low = cut(measured.iter().map(|(q, low, ..)| (*low, *q)), &x);
        let mean = cut(measured.iter().map(|(q, _, mean, _)| (*mean, *q)), &x);
        let high = cut(measured.iter().map(|(q, .., high)| (*high, *q)), &x);
        if low != high && !low.is_empty() {
            let outline = low.into_iter().chain(high.into_iter().rev()).collect();
            bands.push(Mark::Area { outline, style: styles[i], opacity: band(curves.len()) });
        }
        if !mean.is_empty() {
            lines.push(Mark::Line { points: mean, style: styles[i] });
        }
    }
    bands.extend(lines);
    let y = Axis::share("share of requests");
    Panel::alone(x, y, bands)
}

/// A rising curve up to the end of the axis, cut where it crosses it.
fn cut(points: impl Iterator<Item = (f64, f64)>, x: &Axis) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (value, share) in points {
        if value > x.high {
            if let Some(&(before, below)) = kept.last() {
                let part = (x.high - before) / (value - before);
                kept.push((x.high, below + part * (share - below)));
            }
            break;
        }
        kept.push((value.max(x.low), share));
    }
    kept
}
