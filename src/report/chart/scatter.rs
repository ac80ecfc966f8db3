//! One metric against another: a mark for each point of the sweep, and a line
//! through those that no other beats in both.

use crate::experiment::charts::{Better, ScaleSpec, ScatterSpec};
use crate::report::chart::common::{conditions, grid};
use crate::report::error::ReportError;
use crate::report::figure::axis::{Scale, drawable};
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, style, theme,
};
use crate::report::files::file_name;
use crate::report::results::Results;
use crate::report::results::columns::{column, number, show};
use crate::report::results::dimension::{Dimension, Level};
use crate::report::results::estimates::EstimateColumns;
use crate::report::results::panels::Interval;
use crate::report::unit::Unit;
use crate::report::{display_names, number_format};

/// More series than this share one style.
const SERIES: usize = 16;
/// More marks than this have no names.
const NAMED: usize = 14;
/// More values than this have no panels.
const FACETS: usize = 12;

/// A point of the sweep.
#[derive(Clone, Debug)]
struct Place {
    x: f64,
    y: f64,
    low: f64,
    high: f64,
    series: usize,
    facet: usize,
    name: String,
}

pub(super) fn figures(
    results: &Results,
    spec: &ScatterSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
    let facet = spec.facet.as_deref().map(|path| swept(results, path)).transpose()?;
    let other = || results.swept.iter().find(|path| spec.facet.as_ref() != Some(*path));
    let series = spec.series.as_ref().or_else(other);
    let series = series.map(|path| swept(results, path)).transpose()?;
    let series = series.filter(|dimension| dimension.levels.len() <= SERIES);
    let places = places(results, spec, series.as_ref(), facet.as_ref())?;
    let styles = series.as_ref().map_or_else(|| vec![style(0)], |it| results.styles.all(it));
    let panels = facet.as_ref().map_or(1, |it| it.levels.len().min(FACETS));
    let (columns, height) = grid(panels);
    let (x, y) = axes(spec, &places, (560.0 / columns as f64, height));
    let panel = |i: usize| {
        let mine: Vec<&Place> = places.iter().filter(|place| place.facet == i).collect();
        let mut y = y.clone();
        if !i.is_multiple_of(columns) {
            y.label.clear();
        }
        Panel {
            heading: facet
                .as_ref()
                .map_or_else(String::new, |it| number_format::sentence(&it.with(i))),
            legend: None,
            x: x.clone(),
            y,
            x_labels: i + columns >= panels,
            marks: marks(&mine, &styles, spec),
        }
    };
    let whiskers = format!("whiskers of {}", display_names::metric(&spec.y));
    let mut notes = Vec::new();
    if spec.front {
        notes.push("dashed: beaten by no other".to_owned());
    }
    let figure = Figure {
        title: spec.title.clone().unwrap_or_else(|| {
            let (x, y) = (display_names::metric(&spec.x), display_names::metric(&spec.y));
            number_format::sentence(&format!("{y} against {x}"))
        }),
        subtitle: spec
            .subtitle
            .clone()
            .unwrap_or_else(|| conditions(results, Interval::Confidence, &whiskers, notes)),
        legend: series
            .as_ref()
            .filter(|it| it.levels.len() > 1)
            .map(|it| legend(it, &styles, &spec.labels)),
        panels: (0..panels).map(panel).collect(),
        columns,
        height: if panels == 1 { 320.0 } else { height },
    };
    let name = || format!("{}-against-{}", file_name(&spec.y), file_name(&spec.x));
    Ok(vec![NamedFigure { name: spec.file.as_deref().map_or_else(name, file_name), figure }])
}

fn swept(results: &Results, path: &str) -> Result<Dimension, ReportError> {
    if !results.swept.iter().any(|known| known == path) {
        return Err(ReportError::not_swept(path, results.swept));
    }
    Ok(results.dimension(path))
}

/// The axes that all panels share.
fn axes(spec: &ScatterSpec, places: &[Place], (width, height): (f64, f64)) -> (Axis, Axis) {
    let xs: Vec<f64> = places.iter().map(|place| place.x).collect();
    let ys: Vec<f64> = places.iter().flat_map(|it| [it.low, it.y, it.high]).collect();
    let (x_name, y_name) = (display_names::metric(&spec.x), display_names::metric(&spec.y));
    let (x_unit, y_unit) = (Unit::of_metric(&spec.x), Unit::of_metric(&spec.y));
    let mut x = Axis::measured(&x_name, x_unit, &xs, spec.x_scale, width);
    let mut y = Axis::vertical(&y_name, y_unit, &ys, spec.y_scale, height);
    if y.scale == Scale::Linear {
        tighten(&mut y, &ys);
    }
    if x.scale == Scale::Linear || spec.x_scale == ScaleSpec::Auto {
        x.high += 0.03 * (x.high - x.low);
    }
    (x, y)
}

fn places(
    results: &Results,
    spec: &ScatterSpec,
    series: Option<&Dimension>,
    facet: Option<&Dimension>,
) -> Result<Vec<Place>, ReportError> {
    let table = &results.points;
    let x = column(table, "points.csv", &spec.x)?;
    column(table, "points.csv", &spec.y)?;
    let y = EstimateColumns::find(table, &spec.y);
    let told = |path: &str| [series, facet].into_iter().flatten().any(|it| it.path == path);
    let rest: Vec<&String> = results.swept.iter().filter(|path| !told(path)).collect();
    let level = |row: usize, dimension: Option<&Dimension>| {
        dimension.map_or(0, |dimension| {
            let name = show(results.cell(row, &dimension.path));
            dimension.levels.iter().position(|level| level.name == name).unwrap_or(0)
        })
    };
    let place = |row: usize| {
        let cells = &table.rows[row];
        let (x, estimate) = (number(&cells[x])?, y.and_then(|y| y.read(cells))?);
        let names: Vec<String> = rest.iter().map(|path| show(results.cell(row, path))).collect();
        Some(Place {
            x,
            y: estimate.mean,
            low: estimate.low,
            high: estimate.high,
            series: level(row, series),
            facet: level(row, facet),
            name: names.join(", "),
        })
    };
    let found = (0..table.rows.len()).filter_map(place);
    Ok(found.filter(|it| [it.x, it.low, it.high].into_iter().all(drawable)).collect())
}

fn marks(places: &[&Place], styles: &[Style], spec: &ScatterSpec) -> Vec<Mark> {
    let ink = Style { color: theme::FAINT_INK, marker: Marker::Nothing, dash: Some((6.0, 4.0)) };
    let mut marks = Vec::new();
    if spec.front {
        let wanted = |asked: Option<Better>, metric: &str| {
            asked.unwrap_or_else(|| Better::of_metric(metric))
        };
        let better = [wanted(spec.x_better, &spec.x), wanted(spec.y_better, &spec.y)];
        let points: Vec<(f64, f64)> = places.iter().map(|place| (place.x, place.y)).collect();
        let front = front(&points, better);
        if front.len() > 1 {
            marks.push(Mark::Line { points: front, style: ink });
        }
    }
    for place in places.iter().filter(|place| place.high > place.low) {
        let (low, high) = (place.low, place.high);
        marks.push(Mark::Whisker { x: place.x, low, high, style: styles[place.series] });
    }
    for (index, style) in styles.iter().enumerate() {
        let mine = places.iter().filter(|place| place.series == index);
        let points: Vec<(f64, f64)> = mine.map(|place| (place.x, place.y)).collect();
        marks.push(Mark::Markers { points, style: *style });
    }
    if places.len() <= NAMED {
        for place in places.iter().filter(|place| place.name.chars().count() <= 24) {
            let Place { x, low, high, .. } = **place;
            marks.push(Mark::Name { x, low, high, text: place.name.clone() });
        }
    }
    marks
}

/// The points that no other beats, from the best `x` on.
fn front(points: &[(f64, f64)], better: [Better; 2]) -> Vec<(f64, f64)> {
    // Little is wanted of both once the signs are turned.
    let sign = better.map(|it| if it == Better::Low { 1.0 } else { -1.0 });
    let mut sorted: Vec<(f64, f64)> =
        points.iter().map(|(x, y)| (sign[0] * x, sign[1] * y)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut front: Vec<(f64, f64)> = Vec::new();
    for place in sorted {
        if front.last().is_none_or(|last| place.1 < last.1) {
            front.push(place);
        }
    }
    front.into_iter().map(|(x, y)| (sign[0] * x, sign[1] * y)).collect()
}

/// Begins the axis at the tick below the lowest value, as there are no bars that
/// would have to stand on zero, and leaves room for a name at the top.
fn tighten(y: &mut Axis, values: &[f64]) {
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let below = y.ticks.iter().map(|tick| tick.at).filter(|at| *at <= lowest);
    if let Some(low) = below.reduce(f64::max) {
        y.low = y.low.max(low);
        y.ticks.retain(|tick| tick.at >= low);
        y.minor.retain(|at| *at >= low);
    }
    y.high += 0.06 * (y.high - y.low);
}

fn legend(dimension: &Dimension, styles: &[Style], labels: &[String]) -> Legend {
    let entry = |(i, level): (usize, &Level)| {
        Entry::new(labels.get(i).unwrap_or(&level.name).clone(), styles[i])
    };
    Legend::above(
        &number_format::sentence(&dimension.title),
        dimension.levels.iter().enumerate().map(entry).collect(),
        Sample::Marker,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_what_no_other_beats() {
        let places = [(3.0, 0.9), (1.0, 0.5), (2.0, 0.4), (3.0, 0.8), (2.5, 0.7), (4.0, 0.9)];
        assert_eq!(
            front(&places, [Better::Low, Better::High]),
            [(1.0, 0.5), (2.5, 0.7), (3.0, 0.9)]
        );
        assert_eq!(front(&places, [Better::Low, Better::Low]), [(1.0, 0.5), (2.0, 0.4)]);
        assert_eq!(front(&places, [Better::High, Better::High]), [(4.0, 0.9)]);
        assert_eq!(
            front(&places, [Better::High, Better::Low]),
            [(4.0, 0.9), (3.0, 0.8), (2.5, 0.7), (2.0, 0.4)]
        );
    }

    #[test]
    fn what_is_wanted_of_a_metric_follows_from_its_name() {
        for low in ["e2e_p99_s", "cost_usd", "error_rate", "replica_hours", "semantic_false_hits"] {
            assert_eq!(Better::of_metric(low), Better::Low, "{low}");
        }
        for high in ["quality_mean", "throughput_rps", "cache_hit_rate", "cost_saved_usd"] {
            assert_eq!(Better::of_metric(high), Better::High, "{high}");
        }
    }
}
