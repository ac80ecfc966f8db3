//! Which parameters matter: a bar for each, the one that matters most on top.

use crate::experiment::charts::{ScaleSpec, TornadoSpec};
use crate::report::chart::common::title;
use crate::report::error::ReportError;
use crate::report::figure::axis::drawable;
use crate::report::figure::theme::INK;
use crate::report::figure::{
    Axis, Entry, Figure, Legend, Mark, Marker, NamedFigure, Panel, Sample, Style, style,
};
use crate::report::files::file_name;
use crate::report::results::columns::{column, number, show};
use crate::report::results::estimates::{EstimateColumns, columns_of};
use crate::report::results::{Results, SENSITIVITY};
use crate::report::unit::Unit;
use crate::report::{display_names, number_format};
use crate::stats::{Cell, Table};

/// The most parameters.
const MOST: usize = 25;
/// The height of a parameter's room in px.
const ROOM: f64 = 42.0;

/// Values stand at the ends of bars that are longer than this share of the axis: at shorter
/// ones two would overlap, and each value has a row of its own.
const SHORT: f64 = 0.03;

/// A bar: from where to where, and the interval of its end.
#[derive(Clone, Debug)]
struct Bar {
    series: usize,
    from: f64,
    to: f64,
    low: f64,
    high: f64,
    /// Stands at its end.
    text: String,
}

/// A parameter and its bars.
struct Parameter {
    name: String,
    bars: Vec<Bar>,
}

impl Parameter {
    /// A row for each value, unless there is one to either side, each with a bar that is
    /// long enough for the value to stand at its end.
    fn rows(self, span: f64) -> Vec<Parameter> {
        let one_side = |side| self.bars.iter().filter(|bar| bar.series == side).count() <= 1;
        let long = |bar: &Bar| (bar.to - bar.from).abs() > SHORT * span;
        if one_side(0) && one_side(1) && self.bars.iter().all(long) {
            return vec![self];
        }
        let row = |bar: Bar| Parameter {
            name: format!("{} {}", self.name, bar.text),
            bars: vec![Bar { text: String::new(), ..bar }],
        };
        self.bars.into_iter().map(row).collect()
    }

    fn size(&self) -> f64 {
        self.bars.iter().map(|bar| (bar.to - bar.from).abs()).fold(0.0, f64::max)
    }
}

/// What the bars of a method mean.
struct Method {
    /// The column of the value, and the series' name.
    series: &'static [(&'static str, &'static str)],
    label: &'static str,
    note: &'static str,
}

const SOBOL: Method = Method {
    series: &[
        ("total", "total, with all that it has a part in"),
        ("first_order", "first order, alone"),
    ],
    label: "share of the variance",
    note: "Sobol' indices",
};

const MORRIS: Method = Method {
    series: &[("mu_star", "mean size of the elementary effects")],
    label: "mean size of the change over the whole range",
    note: "elementary effects of Morris",
};

/// A figure for each metric, or for the one that is named.
pub(super) fn figures(
    results: &Results,
    spec: &TornadoSpec,
) -> Result<Vec<NamedFigure>, ReportError> {
    let table = results.table(SENSITIVITY)?;
    let metric = column(&table, SENSITIVITY, "metric")?;
    let mut metrics: Vec<String> = Vec::new();
    for row in &table.rows {
        let name = row[metric].to_string();
        if !metrics.contains(&name) && spec.metric.as_ref().is_none_or(|only| *only == name) {
            metrics.push(name);
        }
    }
    let several = metrics.len() > 1;
    metrics.iter().map(|metric| figure(results, spec, &table, (metric, several))).collect()
}

fn figure(
    results: &Results,
    spec: &TornadoSpec,
    table: &Table,
    (metric, several): (&str, bool),
) -> Result<NamedFigure, ReportError> {
    let method = ["total", "mu_star"].into_iter().find(|name| table.column(name).is_some());
    let method = method.map(|name| if name == "total" { &SOBOL } else { &MORRIS });
    let (mut parameters, base) = match method {
        Some(method) => (indices(table, metric, method)?, 0.0),
        None => swings(table, metric, results.swept)?,
    };
    parameters.sort_by(|a, b| b.size().total_cmp(&a.size()));
    let count = parameters.len();
    parameters.truncate(MOST);
    let words = display_names::metric(metric);
    let unit = if method.is_some_and(|it| it.note == SOBOL.note) {
        Unit::Fraction
    } else {
        Unit::of_metric(metric)
    };
    let mut notes = vec![results.title.to_owned()];
    notes.push(method.map_or("one parameter changed at a time", |it| it.note).to_owned());
    notes.push("whiskers: 95 % interval".to_owned());
    if count > MOST {
        notes.push(format!("the {MOST} that matter most of {count}"));
    }
    if method.is_none() {
        let bars = || parameters.iter().flat_map(|parameter| &parameter.bars);
        let low = bars().map(|bar| bar.low).fold(base, f64::min);
        let high = bars().map(|bar| bar.high).fold(base, f64::max);
        parameters = parameters.into_iter().flat_map(|it| it.rows(high - low)).collect();
    }
    let label = method.map_or_else(|| words.clone(), |it| it.label.to_owned());
    let figure = Figure {
        title: title(spec.title.as_deref(), (several, &words), || {
            number_format::sentence(&format!("what {words} depends on"))
        }),
        subtitle: spec.subtitle.clone().unwrap_or_else(|| notes.join(" · ")),
        legend: Some(legend(method)),
        panels: vec![panel(&parameters, base, &label, unit)],
        columns: 1,
        height: (parameters.len() as f64 * ROOM).max(80.0),
    };
    let file = spec.file.as_deref().map_or_else(|| format!("{metric}-sensitivity"), file_name);
    Ok(NamedFigure { name: file, figure })
}

fn legend(method: Option<&Method>) -> Legend {
    let names: Vec<&str> = match method {
        Some(method) => method.series.iter().map(|(_, name)| *name).collect(),
        None => vec!["lower", "higher"],
    };
    let heading = if method.is_some() { "Index" } else { "Than as it is" };
    let entry = |(i, name): (usize, &str)| Entry::new(name, style(i));
    Legend::above(heading, names.into_iter().enumerate().map(entry).collect(), Sample::Bar)
}

/// The bars of indices, from 0.
fn indices(table: &Table, metric: &str, method: &Method) -> Result<Vec<Parameter>, ReportError> {
    let at = |name: &str| column(table, SENSITIVITY, name);
    let (of, path) = (at("metric")?, at("path")?);
    let mut columns = Vec::new();
    for (value, _) in method.series {
        at(value)?;
        columns.push(EstimateColumns::find(table, value));
    }
    let mine = table.rows.iter().filter(|row| row[of].to_string() == metric);
    let parameter = |row: &Vec<Cell>| {
        let bar = |(series, found): (usize, &Option<EstimateColumns>)| {
            let found = found.and_then(|found| found.read(row))?;
            let (to, low, high) = (found.mean, found.low, found.high);
            let bar = Bar { series, from: 0.0, to, low, high, text: String::new() };
            [to, low, high].into_iter().all(drawable).then_some(bar)
        };
        let bars = columns.iter().enumerate().filter_map(bar).collect();
        Parameter {
            name: number_format::sentence(&display_names::path(&row[path].to_string())),
            bars,
        }
    };
    Ok(mine.map(parameter).collect())
}

/// The bars of a parameter that was changed alone, from the mean of the experiment as it
/// is.
fn swings(
    table: &Table,
    metric: &str,
    swept: &[String],
) -> Result<(Vec<Parameter>, f64), ReportError> {
    let at = |name: &str| column(table, SENSITIVITY, name);
    let (of, path, value) = (at("metric")?, at("path")?, at("value")?);
    let (base, mean) = (at("base_mean")?, at("mean")?);
    let [_, low, high] = columns_of("difference");
    let (low, high) = (at(&low)?, at(&high)?);
    let mut parameters: Vec<(String, Parameter)> = Vec::new();
    let mut from = 0.0;
    for row in table.rows.iter().filter(|row| row[of].to_string() == metric) {
        let ends = [base, mean].map(|column| number(&row[column]).filter(|it| drawable(*it)));
        let [Some(start), Some(to)] = ends else { continue };
        from = start;
        let path = row[path].to_string();
        let known = parameters.iter().position(|(known, _)| *known == path);
        let index = known.unwrap_or_else(|| {
            let short = display_names::shortest(&path, swept);
            let words = display_names::path(&path);
            let name = number_format::sentence(if words.is_empty() { short } else { &words });
            parameters.push((path.clone(), Parameter { name, bars: Vec::new() }));
            parameters.len() - 1
        });
        let end = |column: usize| number(&row[column]).map_or(to, |by| start + by);
        parameters[index].1.bars.push(Bar {
            series: usize::from(to >= start),
            from: start,
            to,
            low: end(low),
            high: end(high),
            text: show(&row[value]),
        });
    }
    Ok((parameters.into_iter().map(|(_, parameter)| parameter).collect(), from))
}

fn panel(parameters: &[Parameter], base: f64, label: &str, unit: Unit) -> Panel {
    let from_below = || parameters.iter().rev();
    let labels: Vec<String> = from_below().map(|parameter| parameter.name.clone()).collect();
    let bars = parameters.iter().flat_map(|parameter| &parameter.bars);
    let values: Vec<f64> = bars.flat_map(|bar| [bar.from, bar.low, bar.high]).collect();
    let x = Axis::vertical(label, unit, &values, ScaleSpec::Linear, 420.0);
    let mut marks = Vec::new();
    for (row, parameter) in from_below().enumerate() {
        // Values to either side share a line, indices have one each.
        let values = parameter.bars.iter().any(|bar| !bar.text.is_empty());
        let lanes = if values { 1 } else { parameter.bars.len().max(1) };
        let wide = 0.6 / lanes as f64;
        for (number, bar) in parameter.bars.iter().enumerate() {
            let lane = if lanes > 1 { number } else { 0 };
            let top = row as f64 + 1.3 - lane as f64 * wide;
            let (bottom, middle) = (top - wide, top - wide / 2.0);
            let corners =
                vec![(bar.from, bottom), (bar.to, bottom), (bar.to, top), (bar.from, top)];
            marks.push(Mark::Area { outline: corners, style: style(bar.series), opacity: 0.85 });
            if bar.high > bar.low {
                let ink = Style { color: INK, marker: Marker::Nothing, dash: None };
                let ends = [bar.low, bar.high];
                marks.push(Mark::Line { points: ends.map(|x| (x, middle)).to_vec(), style: ink });
            }
            if !bar.text.is_empty() {
                marks.push(Mark::Text { x: bar.to, y: top - 0.05, text: bar.text.clone() });
            }
        }
    }
    let line = Style::REFERENCE;
    let y = Axis::rows_from_one(&labels);
    marks.push(Mark::Line { points: vec![(base, y.low), (base, y.high)], style: line });
    Panel::alone(x, y, marks)
}
