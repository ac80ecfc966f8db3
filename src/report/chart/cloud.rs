//! What scatters and frontiers share: the points of a sweep between two axes, in series and
//! panels, and what they are called.

use crate::experiment::charts::ScaleSpec;
use crate::experiment::sweep::VARIANT;
use crate::report::error::ReportError;
use crate::report::figure::axis::{Scale, drawable};
use crate::report::figure::{Axis, Entry, Legend, Mark, Sample, Style, style};
use crate::report::results::Results;
use crate::report::results::bounds::{Bounds, most};
use crate::report::results::columns::{column, number};
use crate::report::results::dimension::Dimension;
use crate::report::unit::{Unit, quantity};
use crate::report::{display_names, number_format};

/// More series than this share one style.
const SERIES: usize = 16;
/// More values than this have no panels.
const FACETS: usize = 12;
/// Values that span more than this factor are drawn by their logarithms.
const WIDE: f64 = 50.0;
/// Names of more characters than this are left out.
const NAME: usize = 32;

/// A point of the sweep.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub x: f64,
    pub y: f64,
    /// The interval of `y`.
    pub low: f64,
    pub high: f64,
    pub series: usize,
    pub facet: usize,
    /// What tells it from the others of its series; may be empty.
    pub name: String,
    pub overloaded: bool,
}

/// The points of a sweep by two columns.
pub(super) struct Cloud {
    pub places: Vec<Place>,
    pub series: Option<Dimension>,
    pub facet: Option<Dimension>,
    /// Of each series.
    pub styles: Vec<Style>,
    /// What the names of marks are of, in words; empty where they say it themselves.
    pub named_by: String,
}

impl Cloud {
    /// Reads a metric against another, or against a swept path.
    pub(super) fn read(
        results: &Results,
        (x, y): (&str, &str),
        series: Option<&str>,
        facet: Option<&str>,
    ) -> Result<Self, ReportError> {
        let series = series.map(|path| swept(results, path)).transpose()?;
        let series = series.filter(|dimension| dimension.levels.len() <= SERIES);
        let facet = facet.map(|path| swept(results, path)).transpose()?;
        let styles = series.as_ref().map_or_else(|| vec![style(0)], |it| results.styles.all(it));
        let along = is_swept(results, x).then(|| results.dimension(x));
        let told = [&series, &facet, &along].into_iter().flatten();
        let rest = naming(results, &told.map(|it| it.path.as_str()).collect::<Vec<_>>());
        let named_by = match rest.as_slice() {
            // Words say themselves what they are.
            rest if rest.iter().all(|it| !it.numeric || it.path == VARIANT) => String::new(),
            rest => rest.iter().map(|it| it.title.clone()).collect::<Vec<_>>().join(", "),
        };
        let table = &results.points;
        let (x_at, y_at) = (column(table, "points.csv", x)?, column(table, "points.csv", y)?);
        let bounds = Bounds::of(table, y);
        let level = |row: usize, dimension: &Option<Dimension>| {
            dimension.as_ref().map_or(0, |it| it.find(results.cell(row, &it.path)))
        };
        let place = |row: usize| {
            let cells = &table.rows[row];
            let x = match &along {
                // Quantities have their units in them; words stand in their order.
                Some(it) if it.numeric => quantity(&cells[x_at])?.1,
                Some(it) => it.find(&cells[x_at]) as f64,
                None => number(&cells[x_at])?,
            };
            let y = number(&cells[y_at])?;
            let (low, high) = bounds.around(cells).unwrap_or((y, y));
            let names: Vec<String> =
                rest.iter().map(|it| it.in_words(results.cell(row, &it.path))).collect();
            Some(Place {
                x,
                y,
                // What is never negative has no part of its interval below zero.
                low: if y >= 0.0 { low.max(0.0) } else { low },
                high,
                series: level(row, &series),
                facet: level(row, &facet),
                name: names.join(", "),
                overloaded: results.overloaded(row),
            })
        };
        let found = (0..table.rows.len()).filter_map(place);
        let drawn = |it: &Place| [it.x, it.low, it.y, it.high].into_iter().all(drawable);
        let mut places: Vec<Place> = found.filter(drawn).collect();
        if let Some(most) = most(y, places.iter().map(|place| place.y)) {
            for place in &mut places {
                place.high = place.high.min(most);
            }
        }
        Ok(Cloud { places, series, facet, styles, named_by })
    }

    /// How many panels there are.
    pub(super) fn panels(&self) -> usize {
        self.facet.as_ref().map_or(1, |it| it.levels.len().min(FACETS))
    }

    /// What stands above a panel.
    pub(super) fn heading(&self, panel: usize) -> String {
        self.facet.as_ref().map_or_else(String::new, |it| number_format::sentence(&it.with(panel)))
    }

    /// The points of a panel.
    pub(super) fn of_panel(&self, panel: usize) -> Vec<&Place> {
        self.places.iter().filter(|place| place.facet == panel).collect()
    }

    /// The legend of the series, if there is more than one.
    pub(super) fn legend(&self, labels: &[String], sample: Sample) -> Option<Legend> {
        let dimension = self.series.as_ref().filter(|it| it.levels.len() > 1)?;
        let named = dimension.levels.iter().zip(&self.styles).enumerate();
        let entries = named.map(|(i, (level, style))| {
            Entry::new(labels.get(i).unwrap_or(&level.name).clone(), *style)
        });
        let heading = number_format::sentence(&dimension.title);
        Some(Legend::above(&heading, entries.collect(), sample))
    }

    /// Every value that the vertical axis has to show. An interval that reaches zero should
    /// not forbid a logarithmic one.
    pub(super) fn heights(&self) -> Vec<f64> {
        let ends = |it: &Place| {
            let reaches_zero = it.low <= 0.0 && it.y > 0.0;
            [if reaches_zero { it.y } else { it.low }, it.y, it.high]
        };
        self.places.iter().flat_map(ends).collect()
    }
}

/// Whether the sweep varies it.
pub(super) fn is_swept(results: &Results, path: &str) -> bool {
    results.swept.iter().any(|known| known == path)
}

fn swept(results: &Results, path: &str) -> Result<Dimension, ReportError> {
    if !is_swept(results, path) {
        return Err(ReportError::not_swept(path, results.swept));
    }
    Ok(results.dimension(path))
}

/// The paths that tell points apart, beside those that are told already: the names of
/// variants say all that these set.
fn naming(results: &Results, told: &[&str]) -> Vec<Dimension> {
    let axes = results.axes(told).into_iter().filter(|path| !told.contains(&path.as_str()));
    axes.map(|path| results.dimension(path)).filter(|it| it.levels.len() > 1).collect()
}

/// The whiskers of places in their styles, as far as they are within the axis.
pub(super) fn whiskers<'p>(
    places: impl Iterator<Item = &'p Place>,
    y: &Axis,
    style: impl Fn(&Place) -> Style,
) -> Vec<Mark> {
    let whisker = |it: &Place| {
        let [low, high] = within(y, it);
        Mark::Whisker { x: it.x, low, high, style: style(it) }
    };
    places.filter(|place| place.high > place.low).map(whisker).collect()
}

/// The names of places, of those that are short.
pub(super) fn names<'p>(places: impl Iterator<Item = &'p Place>, y: &Axis) -> Vec<Mark> {
    let short = |it: &&Place| !it.name.is_empty() && it.name.chars().count() <= NAME;
    let name = |it: &Place| {
        let [low, high] = within(y, it);
        Mark::Name { x: it.x, low, high, text: it.name.clone() }
    };
    places.filter(short).map(name).collect()
}

/// The ends of a place's interval within an axis.
fn within(y: &Axis, place: &Place) -> [f64; 2] {
    [place.low, place.high].map(|end| end.clamp(y.low, y.high))
}

/// Where places are.
pub(super) fn spots<'p>(places: impl Iterator<Item = &'p Place>) -> Vec<(f64, f64)> {
    places.map(|place| (place.x, place.y)).collect()
}

/// An axis of a metric, either way: marks need not stand on zero, and have room for a name
/// beyond the last. Values that span much are drawn by their logarithms.
pub(super) fn metric_axis(metric: &str, values: &[f64], asked: ScaleSpec, length: f64) -> Axis {
    let (low, high) = values
        .iter()
        .copied()
        .filter(|value| drawable(*value))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let wide = low > 1e-290 && high >= WIDE * low;
    let scale = if asked == ScaleSpec::Auto && wide { ScaleSpec::Log } else { asked };
    let (name, unit) = (display_names::metric(metric), Unit::of_metric(metric));
    let mut axis = Axis::vertical(&name, unit, values, scale, length);
    // Values that are all alike look so on an axis from zero.
    if axis.scale != Scale::Linear || low >= high {
        return axis;
    }
    let below = axis.ticks.iter().map(|tick| tick.at).filter(|at| *at <= low);
    if let Some(from) = below.reduce(f64::max) {
        axis.low = axis.low.max(from);
        axis.ticks.retain(|tick| tick.at >= from);
        axis.minor.retain(|at| *at >= from);
    }
    let margin = 0.06 * (axis.high - axis.low);
    if axis.high < high + margin {
        axis.high += margin;
    }
    axis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_begins_below_its_values_and_has_room_beyond_them() {
        let axis = metric_axis("quality_mean", &[0.82, 0.94], ScaleSpec::Auto, 300.0);
        assert!(axis.low > 0.7 && axis.low < 0.821 && axis.high > 0.94, "{axis:?}");
        let wide = metric_axis("e2e_p99_s", &[0.2, 90.0], ScaleSpec::Auto, 300.0);
        assert_eq!(wide.scale, Scale::Log);
        // Nothing, or all alike, on a round number or beyond reason.
        for values in [&[][..], &[100.0; 3], &[0.0; 2], &[-3e120], &[f64::NAN, f64::INFINITY]] {
            for scale in [ScaleSpec::Auto, ScaleSpec::Linear, ScaleSpec::Log] {
                let axis = metric_axis("requests", values, scale, 300.0);
                assert!(axis.low < axis.high, "{values:?} {axis:?}");
            }
        }
    }
}
