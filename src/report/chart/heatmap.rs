//! A metric over two swept paths: a field of colours, with the values in it.

use crate::experiment::charts::{HeatmapSpec, ScaleSpec};
use crate::report::chart::common::{conditions, grid, title};
use crate::report::error::ReportError;
use crate::report::figure::axis::drawable;
use crate::report::figure::symlog::{linear_part, symexp, symlog};
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Paint, Panel, Sample, Style,
};
use crate::report::files::file_name;
use crate::report::results::Results;
use crate::report::results::dimension::Dimension;
use crate::report::results::panels::{Interval, PanelData, SweptMetric, divide};
use crate::report::unit::{Shown, Unit};
use crate::report::{display_names, number_format};

/// Values whose largest is this many times the smallest have a logarithmic scale.
const WIDE: f64 = 100.0;
/// Samples of the scale in the legend.
const SAMPLES: usize = 6;
/// Height in px of a row of the field.
const ROW: f64 = 34.0;
/// The lowest panel, px: as high as the name of its axis is long.
const LOWEST: f64 = 110.0;
/// Beyond that the field is too tall for a page.
const TALLEST: f64 = 560.0;

/// A figure for each metric of the spec.
pub(super) fn figures(
    results: &Results,
    spec: &HeatmapSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
    spec.metric.0.iter().map(|metric| figure(results, spec, metric)).collect()
}

fn figure(results: &Results, spec: &HeatmapSpec, metric: &str) -> Result<NamedFigure, ReportError> {
    let (x, y) = paths(results, spec)?;
    let axes: Vec<&str> =
        [x.as_str(), y.as_str()].into_iter().chain(spec.facet.as_deref()).collect();
    let data = SweptMetric::read(results, metric, &axes)?;
    let find = |path: &str| {
        data.dimension(path).ok_or_else(|| ReportError::not_swept(path, results.swept))
    };
    let facet = spec.facet.as_deref().map(find).transpose()?;
    let (x_at, y_at) = (find(&x)?, find(&y)?);
    let (panels, notes) = divide(&data, x_at, Some(y_at), facet);
    let values: Vec<f64> =
        panels.iter().flat_map(|panel_data| &panel_data.observations).map(|o| o.value).collect();
    let scale = Scale::of(&values, Unit::of_metric(metric), spec.scale);
    let (columns, _) = grid(panels.len());
    let rows = data.dimensions[y_at].levels.len() as f64;
    let height = (ROW * rows).max(LOWEST).min(TALLEST / if columns > 1 { 2.0 } else { 1.0 });
    let panel = |(i, panel_data): (usize, &PanelData)| {
        let (x, y) = (&data.dimensions[x_at], &data.dimensions[y_at]);
        let mut vertical = Axis::rows(&titled(y), &level_names(y));
        if !i.is_multiple_of(columns) {
            vertical.label.clear();
        }
        Panel {
            heading: panel_data.heading.clone(),
            legend: None,
            x: Axis::categories(&titled(x), &level_names(x)),
            y: vertical,
            x_labels: i + columns >= panels.len(),
            marks: panel_data
                .observations
                .iter()
                .filter(|o| drawable(o.value))
                .map(|o| scale.tile(o.at[x_at], o.at[y_at], o.value))
                .collect(),
        }
    };
    let name = display_names::metric(metric);
    let shown = || {
        let (x, y) = (&data.dimensions[x_at].title, &data.dimensions[y_at].title);
        number_format::sentence(&format!("{name} by {x} and {y}"))
    };
    let figure = Figure {
        title: title(spec.title.as_deref(), (spec.metric.0.len() > 1, &name), shown),
        subtitle: spec
            .subtitle
            .clone()
            .unwrap_or_else(|| conditions(results, Interval::None, "", notes)),
        legend: scale.legend(&name),
        panels: panels.iter().enumerate().map(panel).collect(),
        columns,
        height,
    };
    let file = match &spec.file {
        Some(file) if spec.metric.0.len() > 1 => {
            format!("{}-{}", file_name(file), file_name(metric))
        }
        Some(file) => file_name(file),
        None => format!("{}-by-{}-and-{}", file_name(metric), file_name(&x), file_name(&y)),
    };
    Ok(NamedFigure { name: file, figure })
}

/// The two paths: those asked for, else the first that are left.
fn paths(results: &Results, spec: &HeatmapSpec) -> Result<(String, String), ReportError> {
    let asked = [&spec.x, &spec.y, &spec.facet];
    let mut left =
        results.swept.iter().filter(|path| !asked.contains(&&Some((*path).clone()))).cloned();
    let x = spec.x.clone().or_else(|| left.next());
    let y = spec.y.clone().or_else(|| left.next());
    x.zip(y).ok_or_else(|| ReportError::not_swept("a second path", results.swept))
}

/// The title with the unit that the names of the levels lack.
fn titled(dimension: &Dimension) -> String {
    match (dimension.numeric, dimension.unit) {
        (true, Unit::Entries) => format!("{} (entries)", dimension.title),
        (true, Unit::PerSecond) => format!("{} (requests/s)", dimension.title),
        _ => dimension.title.clone(),
    }
}

fn level_names(dimension: &Dimension) -> Vec<String> {
    dimension.levels.iter().map(|level| level.name.clone()).collect()
}

/// How colours are spaced.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spacing {
    Linear,
    Log,
    /// By logarithms, but linear up to this distance of zero.
    SymLog(f64),
}

/// From values to colours.
struct Scale {
    low: f64,
    high: f64,
    spacing: Spacing,
    unit: Unit,
    shown: Shown,
}

impl Scale {
    fn of(values: &[f64], unit: Unit, asked: ScaleSpec) -> Scale {
        let drawn = || values.iter().copied().filter(|value| drawable(*value));
        let (low, high) =
            (drawn().fold(f64::INFINITY, f64::min), drawn().fold(f64::NEG_INFINITY, f64::max));
        let spacing = match (asked, linear_part(asked, values)) {
            (_, Some(linear)) => Spacing::SymLog(linear),
            (ScaleSpec::Log, None) if low > 0.0 => Spacing::Log,
            (ScaleSpec::Auto, None) if low > 0.0 && high / low >= WIDE => Spacing::Log,
            _ => Spacing::Linear,
        };
        let largest = if high.is_finite() { high.abs().max(low.abs()) } else { 0.0 };
        Scale { low, high, spacing, unit, shown: unit.shown(largest) }
    }

    /// The place of a value on the scale, from 0 to 1.
    fn part(&self, value: f64) -> f64 {
        let at = |v: f64| match self.spacing {
            Spacing::Linear => v,
            Spacing::Log => libm::log(v),
            Spacing::SymLog(linear) => symlog(v, linear),
        };
        let span = at(self.high) - at(self.low);
        if span > 0.0 { ((at(value) - at(self.low)) / span).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// The value at a place.
    fn value(&self, part: f64) -> f64 {
        match self.spacing {
            Spacing::Linear => self.low + (self.high - self.low) * part,
            Spacing::Log => {
                // The ratio of the ends may be too large a number.
                let (low, high) = (libm::log10(self.low), libm::log10(self.high));
                libm::pow(10.0, low + (high - low) * part)
            }
            Spacing::SymLog(linear) => {
                let (low, high) = (symlog(self.low, linear), symlog(self.high, linear));
                symexp(low + (high - low) * part, linear)
            }
        }
    }

    fn text(&self, value: f64) -> String {
        let value = value / self.shown.factor;
        match self.unit {
            _ if value.abs() >= 10_000.0 => number_format::short(value),
            Unit::Plain | Unit::Tokens => number_format::significant(value, 3),
            _ => number_format::rounded(value, 3),
        }
    }

    fn tile(&self, column: usize, row: usize, value: f64) -> Mark {
        let (x, y) = (column as f64, row as f64);
        Mark::Tile {
            corners: [(x - 0.5, y - 0.5), (x + 0.5, y + 0.5)],
            paint: Paint::Scale(self.part(value)),
            text: self.text(value),
        }
    }

    /// Samples of the scale, from the lowest value to the highest.
    fn legend(&self, name: &str) -> Option<Legend> {
        if self.low >= self.high {
            return None;
        }
        let entry = |i: usize| {
            let part = i as f64 / (SAMPLES - 1) as f64;
            let color = Paint::Scale(part);
            Entry::new(
                self.text(self.value(part)),
                Style { color, marker: Marker::Nothing, dash: None },
            )
        };
        let unit = if self.shown.sign.is_empty() { "" } else { &format!(" ({})", self.shown.sign) };
        let spacing = match self.spacing {
            Spacing::Linear => String::new(),
            Spacing::Log => ", logarithmic".to_owned(),
            Spacing::SymLog(linear) => {
                format!(", logarithmic, linear below {}", self.text(linear))
            }
        };
        Some(Legend {
            heading: number_format::sentence(&format!("{name}{unit}{spacing}")),
            entries: (0..SAMPLES).map(entry).collect(),
            sample: Sample::Bar,
            at_ends: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_spaces_differences_or_ratios() {
        let linear = Scale::of(&[1.0, 11.0, f64::NAN], Unit::Plain, ScaleSpec::Auto);
        assert_eq!([1.0, 6.0, 11.0].map(|v| linear.part(v)), [0.0, 0.5, 1.0]);
        let log = Scale::of(&[1.0, 10_000.0], Unit::Plain, ScaleSpec::Auto);
        assert!(log.spacing == Spacing::Log && (log.part(100.0) - 0.5).abs() < 1e-12);
        assert!((log.value(0.5) - 100.0).abs() < 1e-9);
        let zeros = Scale::of(&[0.0, 1.0, 10_000.0], Unit::Plain, ScaleSpec::Log);
        assert!(zeros.part(0.0) == 0.0 && zeros.part(1.0) > 0.05 && zeros.part(100.0) > 0.45);
        let heading = zeros.legend("x").map(|legend| legend.heading);
        assert!(heading.is_some_and(|it| it.contains("logarithmic, linear below 1")));
        let flat = Scale::of(&[3.0, 3.0], Unit::Plain, ScaleSpec::Auto);
        assert!(flat.part(3.0) == 0.5 && flat.legend("x").is_none());
    }
}
