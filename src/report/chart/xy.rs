//! What line and bar charts share: a metric against a path, in series and
//! panels.

use crate::experiment::charts::XySpec;
use crate::report::chart::common::{conditions, grid, title};
use crate::report::display_names;
use crate::report::error::ReportError;
use crate::report::figure::{Style, style};
use crate::report::files::file_name;
use crate::report::number_format;
use crate::report::results::Results;
use crate::report::results::bounds::most;
use crate::report::results::dimension::Dimension;
use crate::report::results::joined::joins_strangers;
use crate::report::results::panels::{Observation, PanelData, SweptMetric, divide};
use crate::report::unit::Unit;

/// The most series of a chart.
const SERIES: usize = 16;

/// A metric ready to be drawn.
pub(crate) struct Xy {
    pub metric: String,
    /// The metric in words.
    pub name: String,
    pub unit: Unit,
    pub data: SweptMetric,
    pub x: usize,
    pub series: Option<usize>,
    pub panels: Vec<PanelData>,
    /// Of each series.
    pub styles: Vec<Style>,
    /// Whether points next to one another differ in more than `x`, so that no line may join
    /// them.
    pub loose: bool,
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
        let mut data = SweptMetric::read(results, metric, &axes)?;
        let find = find_in(&data, results);
        let (x, series) = (find(&x)?, series.map(find).transpose()?);
        let mut notes = Vec::new();
        if let Some(series) = series {
            limit(&mut data, series, SERIES, &mut notes);
        }
        let facet = facet.map(find_in(&data, results)).transpose()?;
        let (mut panels, held) = divide(&data, x, series, facet);
        notes.extend(held);
        let styles = match series {
            Some(series) => results.styles.all(&data.dimensions[series]),
            None => vec![style(0)],
        };
        let (name, unit) = (display_names::metric(metric), Unit::of_metric(metric));
        bound(&mut panels, metric);
        let loose = panels
            .iter()
            .any(|it| joins_strangers(&data, &it.observations, x, series, &results.drawn));
        let metric = metric.to_owned();
        Ok(Xy { metric, name, unit, data, x, series, panels, styles, loose, notes })
    }

    /// Keeps the first values of the horizontal axis.
    pub(crate) fn limit_x(&mut self, most: usize) {
        let mut notes = Vec::new();
        limit(&mut self.data, self.x, most, &mut notes);
        for panel_data in &mut self.panels {
            panel_data.observations.retain(|o| o.at[self.x] < most);
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
        self.series
            .map_or_else(String::new, |s| number_format::sentence(&self.data.dimensions[s].title))
    }

    /// The observations of a series in a panel, from left to right.
    pub(crate) fn of_series<'a>(
        &self,
        panel_data: &'a PanelData,
        series: usize,
    ) -> Vec<&'a Observation> {
        let mine = |o: &&Observation| self.series.is_none_or(|s| o.at[s] == series);
        let mut found: Vec<&Observation> = panel_data.observations.iter().filter(mine).collect();
        found.sort_by_key(|o| o.at[self.x]);
        found
    }

    /// Values and interval ends of all panels.
    pub(crate) fn values(&self) -> Vec<f64> {
        let all = self.panels.iter().flat_map(|panel_data| &panel_data.observations);
        all.flat_map(|o| [o.value, o.low, o.high]).collect()
    }

    pub(crate) fn title(&self, spec: &XySpec) -> String {
        let by = &self.x_dimension().title;
        let shown = || number_format::sentence(&format!("{} by {by}", self.name));
        title(spec.title.as_deref(), (spec.y.0.len() > 1, &self.name), shown)
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
        grid(self.panels.len())
    }

    /// The width of a panel's plotting area, about.
    pub(crate) fn width(&self) -> f64 {
        560.0 / self.grid().0 as f64
    }

    /// Whether a panel's horizontal axis is the last of its column.
    pub(crate) fn is_lowest(&self, panel: usize) -> bool {
        panel + self.grid().0 >= self.panels.len()
    }
}

/// The number of a dimension, or an error that names what was swept.
fn find_in<'d>(
    data: &'d SweptMetric,
    results: &'d Results,
) -> impl Fn(&str) -> Result<usize, ReportError> + use<'d> {
    move |path| data.dimension(path).ok_or_else(|| ReportError::not_swept(path, results.swept))
}

/// Cuts intervals where the metric cannot be: below zero, above 100 %.
fn bound(panels: &mut [PanelData], metric: &str) {
    let mut all: Vec<&mut Observation> =
        panels.iter_mut().flat_map(|panel_data| &mut panel_data.observations).collect();
    let positive = all.iter().all(|o| o.value >= 0.0);
    let most = most(metric, all.iter().map(|o| o.value));
    for observation in &mut all {
        if positive {
            observation.low = observation.low.max(0.0);
        }
        if let Some(most) = most {
            observation.high = observation.high.min(most);
        }
    }
}

/// The first swept path with numbers, else the first, else the points.
fn first_path(results: &Results) -> String {
    let numeric = |path: &&String| results.dimension(path).numeric;
    let found = results.swept.iter().find(numeric).or(results.swept.first());
    found.cloned().unwrap_or_else(|| "point".to_owned())
}

/// Keeps the first levels of a dimension, and notes that there were more.
fn limit(data: &mut SweptMetric, dimension: usize, most: usize, notes: &mut Vec<String>) {
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
