//! What line and bar charts share: a metric against a path, in series and
//! panels.

use crate::experiment::charts::XySpec;
use crate::report::chart::common::{conditions, grid};
use crate::report::display_names;
use crate::report::error::ReportError;
use crate::report::figure::{Look, look};
use crate::report::files::file_name;
use crate::report::results::Results;
use crate::report::results::dimension::Dimension;
use crate::report::results::panels::{Data, Observation, Share, divide};
use crate::report::unit::Unit;

/// The most series of a chart.
const SERIES: usize = 16;

/// A metric ready to be drawn.
pub(crate) struct Xy {
    pub metric: String,
    /// The metric in words.
    pub name: String,
    pub unit: Unit,
    pub data: Data,
    pub x: usize,
    pub series: Option<usize>,
    pub shares: Vec<Share>,
    /// Of each series.
    pub looks: Vec<Look>,
    /// What the subtitle has to say besides replications and interval.
    pub notes: Vec<String>,
}

impl Xy {
    /// Reads one metric of a spec.
    pub(crate) fn read(
        results: &Results,
        spec: &XySpec,
        metric: &str,
    ) -> Result<Self, ReportError> {
        let x = spec.x.clone().unwrap_or_else(|| first_path(results));
        let series = spec.series.as_deref().filter(|series| *series != x);
        let facet = spec.facet.as_deref();
        let axes: Vec<&str> = std::iter::once(x.as_str()).chain(series).chain(facet).collect();
        let mut data = Data::read(results, metric, &axes)?;
        let find = find_in(&data, results);
        let (x, series) = (find(&x)?, series.map(find).transpose()?);
        let mut notes = Vec::new();
        if let Some(series) = series {
            limit(&mut data, series, SERIES, &mut notes);
        }
        let facet = facet.map(find_in(&data, results)).transpose()?;
        let (mut shares, held) = divide(&data, x, series, facet);
        notes.extend(held);
        let looks = match series {
            Some(series) => results.looks.all(&data.dimensions[series]),
            None => vec![look(0)],
        };
        let (name, unit) = (display_names::metric(metric), Unit::of_metric(metric));
        bound(&mut shares, unit);
        Ok(Xy { metric: metric.to_owned(), name, unit, data, x, series, shares, looks, notes })
    }

    /// Keeps the first values of the horizontal axis.
    pub(crate) fn limit_x(&mut self, most: usize) {
        let mut notes = Vec::new();
        limit(&mut self.data, self.x, most, &mut notes);
        for share in &mut self.shares {
            share.observations.retain(|o| o.at[self.x] < most);
        }
        self.notes.extend(notes);
    }

    pub(crate) fn x_dimension(&self) -> &Dimension {
        &self.data.dimensions[self.x]
    }

    /// The names of the series; one without a name if there are none.
    pub(crate) fn series_names(&self) -> Vec<String> {
        match self.series {
            None => vec![String::new()],
            Some(series) => {
                self.data.dimensions[series].levels.iter().map(|l| l.name.clone()).collect()
            }
        }
    }

    /// What tells the series apart, in words.
    pub(crate) fn series_title(&self) -> String {
        self.series.map_or_else(String::new, |s| {
            crate::report::number_format::sentence(&self.data.dimensions[s].title)
        })
    }

    /// The observations of a series in a share, from left to right.
    pub(crate) fn of_series<'a>(&self, share: &'a Share, series: usize) -> Vec<&'a Observation> {
        let mine = |o: &&Observation| self.series.is_none_or(|s| o.at[s] == series);
        let mut found: Vec<&Observation> = share.observations.iter().filter(mine).collect();
        found.sort_by_key(|o| o.at[self.x]);
        found
    }

    /// Values and interval ends of all panels.
    pub(crate) fn values(&self) -> Vec<f64> {
        let all = self.shares.iter().flat_map(|share| &share.observations);
        all.flat_map(|o| [o.value, o.low, o.high]).collect()
    }

    pub(crate) fn title(&self, spec: &XySpec) -> String {
        let by = &self.x_dimension().title;
        let title = || crate::report::number_format::sentence(&format!("{} by {by}", self.name));
        spec.title.clone().unwrap_or_else(title)
    }

    pub(crate) fn subtitle(&self, results: &Results, spec: &XySpec, drawn: &str) -> String {
        let subtitle = || conditions(results, self.data.interval, drawn, self.notes.clone());
        spec.subtitle.clone().unwrap_or_else(subtitle)
    }

    pub(crate) fn file(&self, spec: &XySpec) -> String {
        let path = &self.x_dimension().path;
        let metric = file_name(&self.metric);
        match &spec.file {
            Some(file) if spec.y.0.len() > 1 => format!("{}-{metric}", file_name(file)),
            Some(file) => file_name(file),
            None => format!("{metric}-by-{}", file_name(path)),
        }
    }

    /// Panels in a row, and the height of each.
    pub(crate) fn grid(&self) -> (usize, f64) {
        grid(self.shares.len())
    }

    /// The width of a panel's plotting area, about.
    pub(crate) fn width(&self) -> f64 {
        560.0 / self.grid().0 as f64
    }

    /// Whether a panel's horizontal axis is the last of its column.
    pub(crate) fn is_lowest(&self, panel: usize) -> bool {
        panel + self.grid().0 >= self.shares.len()
    }
}

/// The number of a dimension, or an error that names what was swept.
fn find_in<'d>(
    data: &'d Data,
    results: &'d Results,
) -> impl Fn(&str) -> Result<usize, ReportError> + use<'d> {
    move |path| data.dimension(path).ok_or_else(|| ReportError::not_swept(path, results.swept))
}

/// Cuts intervals where the metric cannot be: below zero, above 100 %.
fn bound(shares: &mut [Share], unit: Unit) {
    let mut all: Vec<&mut Observation> =
        shares.iter_mut().flat_map(|share| &mut share.observations).collect();
    let positive = all.iter().all(|o| o.value >= 0.0);
    let part = unit == Unit::Fraction && all.iter().all(|o| o.value <= 1.0);
    for observation in &mut all {
        if positive {
            observation.low = observation.low.max(0.0);
        }
        if part {
            observation.high = observation.high.min(1.0);
        }
    }
}

/// The first swept path with numbers, else the first, else the points.
fn first_path(results: &Results) -> String {
    let rows = 0..results.points.rows.len();
    let numeric = |path: &&String| {
        Dimension::new(path, rows.clone().map(|row| results.cell(row, path).clone())).numeric
    };
    let found = results.swept.iter().find(numeric).or(results.swept.first());
    found.cloned().unwrap_or_else(|| "point".to_owned())
}

/// Keeps the first levels of a dimension, and notes that there were more.
fn limit(data: &mut Data, dimension: usize, most: usize, notes: &mut Vec<String>) {
    let levels = &mut data.dimensions[dimension].levels;
    if levels.len() > most {
        notes.push(format!(
            "first {most} of {} values of {}",
            levels.len(),
            display_names::path(&data.dimensions[dimension].path)
        ));
        data.dimensions[dimension].levels.truncate(most);
        data.observations.retain(|o| o.at[dimension] < most);
    }
}
