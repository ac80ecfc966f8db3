//! The chart kinds, one file each. A kind turns a spec and the CSV files of a
//! results folder into a [`Figure`].
//!
//! | kind | shows |
//! |---|---|
//! | `line` | a metric along a swept path, with confidence bands |
//! | `bar` | a metric for each value of a path, model or cache level |
//! | `cdf` | the distribution of a latency |
//! | `timeline` | metrics over virtual time, with alerts (`alerts`) |
//! | `budget` | what was spent over virtual time, against a budget |
//! | `pareto` | cost against quality, and the points that no other beats |
//! | `scatter` | the same for any two metrics |
//! | `heatmap` | a metric over two swept paths, as a field of colours |
//! | `spread` | boxes and violins: how values spread |
//! | `area` | parts of a whole over virtual time, stacked |
//! | `gantt` | what was done when, in lanes |
//! | `waterfall` | what each lever saved, from the list price to the bill |
//! | `forest` | differences with their intervals, of a comparison |
//! | `overlay` | distributions of latency, of a comparison |
//! | `tornado` | which parameters matter |
//! | `searched` | what a search tried |
//! | `mrc` | miss ratios by cache size, of a replay |
//! | `arrivals`, `lengths`, `popularity`, `reuse` | what a trace holds |
//! | `fitted` | laws beside what they were fitted to |
//!
//! To add one: a file here, a line in [`ChartSpec`] and one in [`figures`].

mod alerts;
mod area;
pub(crate) mod arrivals;
mod bar;
mod budget;
mod cdf;
mod curves;
mod density;
pub(crate) mod fitted;
pub(crate) mod forest;
mod gantt;
mod heatmap;
pub(crate) mod lengths;
mod line;
pub(crate) mod mrc;
pub(crate) mod overlay;
mod pareto;
mod pick;
pub(crate) mod popularity;
pub(crate) mod reuse;
mod scatter;
pub(crate) mod searched;
mod spread;
mod timeline;
mod tornado;
mod waterfall;
mod xy;

use super::ReportError;
use super::data::Interval;
use super::figure::Figure;
use super::results::Results;
use super::trace::TraceManifest;
use crate::experiment::charts::ChartSpec;
use spread::Shape;

/// The figures of a chart: one, or one for each metric.
pub(crate) fn figures(results: &Results, spec: &ChartSpec) -> Result<Vec<Named>, ReportError> {
    match spec {
        ChartSpec::Line(spec) => line::figures(results, spec),
        ChartSpec::Bar(spec) => bar::figures(results, spec),
        ChartSpec::Cdf(spec) => cdf::figure(results, spec).map(|figure| vec![figure]),
        ChartSpec::Timeline(spec) => timeline::figure(results, spec).map(|figure| vec![figure]),
        ChartSpec::Budget(spec) => budget::figure(results, spec).map(|figure| vec![figure]),
        ChartSpec::Pareto(spec) => pareto::figure(results, spec).map(|figure| vec![figure]),
        ChartSpec::Tornado(spec) => tornado::figures(results, spec),
        ChartSpec::Waterfall(spec) => waterfall::figure(results, spec).map(|figure| vec![figure]),
        ChartSpec::Heatmap(spec) => heatmap::figures(results, spec),
        ChartSpec::Scatter(spec) => scatter::figure(results, spec).map(|figure| vec![figure]),
        ChartSpec::Box(spec) => spread::figures(results, spec, Shape::Box),
        ChartSpec::Violin(spec) => spread::figures(results, spec, Shape::Violin),
        ChartSpec::Area(spec) => area::figure(results, spec).map(|figure| vec![figure]),
        ChartSpec::Gantt(spec) => gantt::figure(results, spec).map(|figure| vec![figure]),
    }
}
