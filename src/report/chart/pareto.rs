//! Cost against quality: a mark for each point of the sweep, and a line through
//! those that no other beats in both.

use super::super::ReportError;
use super::super::data::{Dimension, Interval};
use super::super::figure::axis::drawable;
use super::super::figure::{
    Axis, Entry, Figure, Legend, Look, Mark, Marker, Panel, Sample, look, theme,
};
use super::super::human;
use super::super::names;
use super::super::results::{Results, column, number, show};
use super::super::unit::Unit;
use super::{Named, conditions, file_name};
use crate::experiment::charts::{ParetoSpec, ScaleSpec};

/// More series than this share one look.
const SERIES: usize = 16;
/// More marks than this have no names.
const NAMED: usize = 14;

/// A point of the sweep.
#[derive(Clone, Debug)]
struct Place {
    cost: f64,
    quality: f64,
    low: f64,
    high: f64,
    series: usize,
    name: String,
}

pub(super) fn figure(results: &Results, spec: &ParetoSpec) -> Result<Named, ReportError> {
    let series = spec.series.clone().or_else(|| results.swept.first().cloned());
    if let Some(series) = series.as_ref().filter(|series| !results.swept.contains(series)) {
        return Err(ReportError::not_swept(series, results.swept));
    }
    let rows = 0..results.points.rows.len();
    let dimension = series
        .as_ref()
        .map(|path| Dimension::new(path, rows.map(|row| results.cell(row, path).clone())))
        .filter(|dimension| dimension.levels.len() <= SERIES);
    let places = places(results, spec, series.as_deref(), dimension.as_ref())?;
    let costs: Vec<f64> = places.iter().map(|place| place.cost).collect();
    let values: Vec<f64> = places.iter().flat_map(|it| [it.low, it.quality, it.high]).collect();
    let mut x = Axis::measured(
        &names::metric(&spec.cost),
        Unit::of_metric(&spec.cost),
        &costs,
        ScaleSpec::Auto,
        560.0,
    );
    let mut y = Axis::vertical(
        &names::metric(&spec.quality),
        Unit::of_metric(&spec.quality),
        &values,
        ScaleSpec::Linear,
        300.0,
    );
    tighten(&mut y, &values);
    x.high += 0.03 * (x.high - x.low);
    let figure = Figure {
        title: spec.title.clone().unwrap_or_else(|| {
            let (cost, quality) = (names::metric(&spec.cost), names::metric(&spec.quality));
            human::sentence(&format!("{quality} against {cost}"))
        }),
        subtitle: spec.subtitle.clone().unwrap_or_else(|| {
            let note = vec!["dashed: points that no other beats in both".to_owned()];
            conditions(results, Interval::Confidence, "whiskers", note)
        }),
        legend: dimension
            .as_ref()
            .filter(|it| it.levels.len() > 1)
            .map(|it| legend(it, &spec.labels)),
        panels: vec![Panel {
            heading: String::new(),
            legend: None,
            x,
            y,
            x_labels: true,
            marks: marks(&places, dimension.as_ref().map_or(1, |it| it.levels.len())),
        }],
        columns: 1,
        height: 320.0,
    };
    let file = spec.file.as_deref().map_or_else(|| "pareto".to_owned(), file_name);
    Ok(Named { name: file, figure })
}

fn places(
    results: &Results,
    spec: &ParetoSpec,
    series: Option<&str>,
    dimension: Option<&Dimension>,
) -> Result<Vec<Place>, ReportError> {
    let table = &results.points;
    let cost = column(table, "points.csv", &spec.cost)?;
    let quality = column(table, "points.csv", &spec.quality)?;
    let ci = table.column(&format!("{}_ci95", spec.quality));
    let rest: Vec<&String> = results
        .swept
        .iter()
        .filter(|path| Some(path.as_str()) != series || dimension.is_none())
        .collect();
    let place = |row: usize| {
        let cells = &table.rows[row];
        let (cost, quality) = (number(&cells[cost])?, number(&cells[quality])?);
        let half = ci.and_then(|ci| number(&cells[ci])).unwrap_or(0.0);
        let level = series.zip(dimension).map_or(0, |(path, dimension)| {
            let name = show(results.cell(row, path));
            dimension.levels.iter().position(|level| level.name == name).unwrap_or(0)
        });
        let names: Vec<String> = rest.iter().map(|path| show(results.cell(row, path))).collect();
        let name = names.join(", ");
        Some(Place {
            cost,
            quality,
            low: quality - half,
            high: quality + half,
            series: level,
            name,
        })
    };
    let found = (0..table.rows.len()).filter_map(place);
    Ok(found.filter(|it| [it.cost, it.low, it.high].into_iter().all(drawable)).collect())
}

fn marks(places: &[Place], series: usize) -> Vec<Mark> {
    let ink = Look { color: theme::FAINT_INK, marker: Marker::Nothing, dash: Some((6.0, 4.0)) };
    let mut marks = Vec::new();
    let front = front(places);
    if front.len() > 1 {
        marks.push(Mark::Line { points: front, look: ink });
    }
    for place in places.iter().filter(|place| place.high > place.low) {
        let (low, high) = (place.low, place.high);
        marks.push(Mark::Whisker { x: place.cost, low, high, look: look(place.series) });
    }
    for index in 0..series {
        let mine = places.iter().filter(|place| place.series == index);
        let points: Vec<(f64, f64)> = mine.map(|place| (place.cost, place.quality)).collect();
        marks.push(Mark::Markers { points, look: look(index) });
    }
    if places.len() <= NAMED {
        for place in places.iter().filter(|place| place.name.chars().count() <= 24) {
            let (x, y) = (place.cost, place.high.max(place.quality));
            marks.push(Mark::Text { x, y, text: place.name.clone() });
        }
    }
    marks
}

/// The places that no other beats, from the cheapest up.
fn front(places: &[Place]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<(f64, f64)> = places.iter().map(|it| (it.cost, it.quality)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let mut front: Vec<(f64, f64)> = Vec::new();
    for place in sorted {
        if front.last().is_none_or(|last| place.1 > last.1) {
            front.push(place);
        }
    }
    front
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

fn legend(dimension: &Dimension, labels: &[String]) -> Legend {
    let entry = |(i, level): (usize, &super::super::data::Level)| Entry {
        name: labels.get(i).unwrap_or(&level.name).clone(),
        look: look(i),
        end: None,
    };
    Legend {
        heading: human::sentence(&dimension.title),
        entries: dimension.levels.iter().enumerate().map(entry).collect(),
        sample: Sample::LineAndMarker,
        at_ends: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_what_no_other_beats() {
        let place = |(cost, quality): (f64, f64)| Place {
            cost,
            quality,
            low: quality,
            high: quality,
            series: 0,
            name: String::new(),
        };
        let places =
            [(3.0, 0.9), (1.0, 0.5), (2.0, 0.4), (3.0, 0.8), (2.5, 0.7), (4.0, 0.9)].map(place);
        assert_eq!(front(&places), [(1.0, 0.5), (2.5, 0.7), (3.0, 0.9)]);
    }
}
