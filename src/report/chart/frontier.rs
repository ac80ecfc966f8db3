//! Two metrics that are both wanted: a mark for each point of the sweep, and a line through
//! those that no other beats in both.

use crate::experiment::charts::{Better, FrontierSpec};
use crate::experiment::sweep::VARIANT;
use crate::report::chart::cloud::{Cloud, Place, metric_axis, names, spots, whiskers};
use crate::report::chart::common::{OVERLOADED, conditions, grid};
use crate::report::error::ReportError;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, style, theme,
};
use crate::report::files::file_name;
use crate::report::results::Results;
use crate::report::results::panels::Interval;
use crate::report::{display_names, number_format};

/// A path with more values than this is not the series, unless that is asked for.
const SERIES: usize = 8;
/// Where there are more marks than this, only those of the front have names.
const NAMED: usize = 16;

pub(super) fn figures(
    results: &Results,
    spec: &FrontierSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
    let series = spec.series.clone().or_else(|| series(results, spec.facet.as_deref()));
    let axes = (spec.x.as_str(), spec.y.as_str());
    let mut cloud = Cloud::read(results, axes, series.as_deref(), spec.facet.as_deref())?;
    if series.is_none() {
        relabel(&mut cloud, results, &spec.labels);
    }
    let panels = cloud.panels();
    let (columns, height) = grid(panels);
    let height = if panels == 1 { 340.0 } else { height };
    let (x, y) = between(spec, &cloud, (560.0 / columns as f64, height));
    let panel = |i: usize| {
        let marks = marks(&cloud.of_panel(i), &cloud.styles, &y, better(spec));
        let mut y = y.clone();
        if !i.is_multiple_of(columns) {
            y.label.clear();
        }
        Panel {
            heading: cloud.heading(i),
            legend: None,
            x: x.clone(),
            y,
            x_labels: i + columns >= panels,
            marks,
        }
    };
    let panels: Vec<Panel> = (0..panels).map(panel).collect();
    let mut notes = Vec::new();
    if !cloud.named_by.is_empty() {
        notes.push(format!("names: {}", cloud.named_by));
    }
    if cloud.places.iter().any(|place| place.overloaded) {
        notes.push("what is overloaded beats nothing".to_owned());
    }
    let drawn = format!("whiskers of {}", display_names::metric(&spec.y));
    let wide = cloud.places.iter().any(|place| place.high > place.low);
    let interval = if wide { Interval::Confidence } else { Interval::None };
    let shown = || {
        let (x, y) = (display_names::metric(&spec.x), display_names::metric(&spec.y));
        number_format::sentence(&format!("{y} against {x}"))
    };
    let figure = Figure {
        title: spec.title.clone().unwrap_or_else(shown),
        subtitle: spec
            .subtitle
            .clone()
            .unwrap_or_else(|| conditions(results, interval, &drawn, notes)),
        legend: Some(legend(&cloud, &spec.labels)),
        panels,
        columns,
        height,
    };
    let name = || format!("{}-against-{}", file_name(&spec.y), file_name(&spec.x));
    let name = spec.file.as_deref().map_or_else(name, file_name);
    Ok(vec![NamedFigure { name, figure: figure.with_hollow(OVERLOADED) }])
}

/// The path whose values have colours, where none is asked for: where one name tells all
/// points apart there is no need of it.
fn series(results: &Results, facet: Option<&str>) -> Option<String> {
    let axes = results.axes(&[]).into_iter().filter(|path| facet != Some(path.as_str()));
    let axes: Vec<(&String, usize)> = axes
        .map(|path| (path, results.dimension(path).levels.len()))
        .filter(|(_, levels)| *levels > 1)
        .collect();
    if axes.len() < 2 {
        return None;
    }
    let named = axes.iter().find(|(path, _)| *path == VARIANT);
    let few = || axes.iter().find(|(_, levels)| *levels <= SERIES);
    named.or_else(few).map(|(path, _)| (*path).clone())
}

/// Gives the points of the only path the names that were asked for.
fn relabel(cloud: &mut Cloud, results: &Results, labels: &[String]) {
    let facet = cloud.facet.as_ref().map(|it| it.path.clone());
    let only = results
        .axes(&[])
        .into_iter()
        .filter(|path| Some(path.as_str()) != facet.as_deref())
        .map(|path| results.dimension(path))
        .find(|it| it.levels.len() > 1);
    let Some(only) = only else { return };
    for place in &mut cloud.places {
        let level = only.levels.iter().position(|level| level.name == place.name);
        if let Some(label) = level.and_then(|level| labels.get(level)) {
            place.name.clone_from(label);
        }
    }
    if !labels.is_empty() {
        cloud.named_by.clear();
    }
}

/// Which ends are wanted.
fn better(spec: &FrontierSpec) -> [Better; 2] {
    [(spec.x_better, &spec.x), (spec.y_better, &spec.y)]
        .map(|(asked, metric)| asked.unwrap_or_else(|| Better::of_metric(metric)))
}

/// The axes that all panels share; each says which end is wanted.
fn between(spec: &FrontierSpec, cloud: &Cloud, (width, height): (f64, f64)) -> (Axis, Axis) {
    let xs: Vec<f64> = cloud.places.iter().map(|place| place.x).collect();
    let mut x = metric_axis(&spec.x, &xs, spec.x_scale, width);
    let mut y = metric_axis(&spec.y, &cloud.heights(), spec.y_scale, height);
    for (axis, better) in [&mut x, &mut y].into_iter().zip(better(spec)) {
        axis.label = format!("{}, {}", axis.label, better.in_words());
    }
    (x, y)
}

/// The colour of the palette that fades to grey.
const GREY: usize = 6;

/// What joins the front.
const FRONT: Style = Style { color: theme::FAINT_INK, marker: Marker::Nothing, dash: None };

fn marks(places: &[&Place], styles: &[Style], y: &Axis, better: [Better; 2]) -> Vec<Mark> {
    let steady: Vec<(f64, f64)> = spots(places.iter().copied().filter(|it| !it.overloaded));
    let line = front(&steady, better);
    let is_best = |it: &Place| !it.overloaded && line.contains(&(it.x, it.y));
    let style = |it: &Place| {
        if is_best(it) || it.overloaded { styles[it.series] } else { styles[it.series].faded() }
    };
    let mut marks = Vec::new();
    if line.len() > 1 {
        marks.push(Mark::Line { points: line.clone(), style: FRONT });
    }
    // The front lies above what it beats.
    let (best, beaten): (Vec<&Place>, Vec<&Place>) =
        places.iter().copied().partition(|it| is_best(it));
    for (group, is_front) in [(&beaten, false), (&best, true)] {
        marks.extend(whiskers(group.iter().copied(), y, style));
        for (index, full) in styles.iter().enumerate() {
            let mine = || group.iter().copied().filter(move |it| it.series == index);
            let points = spots(mine().filter(|it| !it.overloaded));
            let shade = if is_front { *full } else { full.faded() };
            if !points.is_empty() {
                marks.push(Mark::Markers { points, style: shade });
            }
            let points = spots(mine().filter(|it| it.overloaded));
            if !points.is_empty() {
                marks.push(Mark::Hollow { points, style: *full });
            }
        }
    }
    // Names of the front have the first choice of places.
    marks.extend(names(best.iter().copied(), y));
    if places.len() <= NAMED {
        marks.extend(names(beaten.iter().copied(), y));
    }
    marks
}

/// The points that no other beats, from the best `x` on.
fn front(points: &[(f64, f64)], better: [Better; 2]) -> Vec<(f64, f64)> {
    // Little is wanted of both once the signs are turned.
    let sign = better.map(|it| if it == Better::Lower { 1.0 } else { -1.0 });
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

/// The series, the front and what it beats.
fn legend(cloud: &Cloud, labels: &[String]) -> Legend {
    let series = cloud.legend(labels, Sample::Marker);
    // Beside colours that tell series apart the samples have none.
    let (full, faded) = match series {
        Some(_) => (FRONT, style(GREY).faded()),
        None => (style(0), style(0).faded()),
    };
    let mut legend = series.unwrap_or_else(|| Legend::above("", Vec::new(), Sample::Marker));
    let circle = |style: Style| Style { marker: Marker::Circle, ..style };
    legend.entries.push(Entry::new("front: beaten by no other", circle(full)));
    legend.entries.push(Entry::new("beaten by another", circle(faded)));
    legend
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::charts::ScaleSpec;

    #[test]
    fn the_front_is_what_no_other_beats() {
        use Better::{Higher, Lower};
        let places = [(3.0, 0.9), (1.0, 0.5), (2.0, 0.4), (3.0, 0.8), (2.5, 0.7), (4.0, 0.9)];
        assert_eq!(front(&places, [Lower, Higher]), [(1.0, 0.5), (2.5, 0.7), (3.0, 0.9)]);
        assert_eq!(front(&places, [Lower, Lower]), [(1.0, 0.5), (2.0, 0.4)]);
        assert_eq!(front(&places, [Higher, Higher]), [(4.0, 0.9)]);
        assert_eq!(
            front(&places, [Higher, Lower]),
            [(4.0, 0.9), (3.0, 0.8), (2.5, 0.7), (2.0, 0.4)]
        );
    }

    #[test]
    fn what_is_overloaded_is_hollow_and_beats_nothing() {
        let place = |x: f64, y: f64, overloaded: bool| Place {
            x,
            y,
            low: y,
            high: y,
            series: 0,
            facet: 0,
            name: String::new(),
            overloaded,
        };
        let places = [place(1.0, 5.0, true), place(2.0, 4.0, false), place(3.0, 3.0, false)];
        let places: Vec<&Place> = places.iter().collect();
        let y = metric_axis("quality_mean", &[3.0, 5.0], ScaleSpec::Auto, 300.0);
        let marks = marks(&places, &[style(0)], &y, [Better::Higher; 2]);
        let line: Vec<(f64, f64)> = (marks.iter())
            .filter_map(|mark| match mark {
                Mark::Line { points, .. } => Some(points.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        let hollow: Vec<(f64, f64)> = (marks.iter())
            .filter_map(|mark| match mark {
                Mark::Hollow { points, .. } => Some(points.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        assert_eq!(line, [(3.0, 3.0), (2.0, 4.0)]);
        assert_eq!(hollow, [(1.0, 5.0)]);
    }
}
