//! The `charts:` block of an experiment file: what to draw. How it is drawn is
//! the report's matter.

mod area;
mod check;
mod gantt;
mod heatmap;
mod money;
mod names;
mod scatter;
mod sensitivity;
mod spread;
mod theme;
mod timeline;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use area::{AreaSpec, Entity};
use check::{check_columns, check_file, check_metrics, check_numbers, check_path, is_swept};
pub use gantt::GanttSpec;
pub use heatmap::HeatmapSpec;
pub use money::{BudgetChartSpec, ParetoSpec, WaterfallSpec};
pub use names::Names;
pub use scatter::{Better, ScatterSpec};
pub use sensitivity::TornadoSpec;
pub use spread::SpreadSpec;
pub use theme::ThemeSpec;
pub use timeline::TimelineSpec;

use crate::spec::Problems;

/// Columns that tell apart the rows of a table other than the points: a bar
/// chart may have one of them as its `x` or `series`.
pub const ENTITIES: [&str; 7] = ["level", "model", "user", "stage", "workflow", "step", "monitor"];

/// A chart of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChartSpec {
    /// A metric along a swept path, a line for each series.
    Line(XySpec),
    /// A metric for each value of a swept path, bars grouped by series.
    Bar(XySpec),
    /// The distribution of a latency.
    Cdf(CdfSpec),
    /// Metrics over virtual time, a panel for each.
    Timeline(TimelineSpec),
    /// What was spent over virtual time, against a budget.
    Budget(BudgetChartSpec),
    /// Cost against quality, a mark for each point, and which of them are beaten
    /// by no other.
    Pareto(ParetoSpec),
    /// What each lever saved, from the list price to the bill (with `record: {
    /// spend: true }`).
    Waterfall(WaterfallSpec),
    /// Which parameters matter, a bar for each (with a sweep by `sobol`, `morris` or
    /// `one_at_a_time`).
    Tornado(TornadoSpec),
    /// A metric over two swept paths, as a field of colours with the values written
    /// in it.
    Heatmap(HeatmapSpec),
    /// One metric against another, a mark for each point, and which of them are
    /// beaten by no other in both.
    Scatter(ScatterSpec),
    /// The quartiles and the ends of a metric across replications, or of a latency
    /// across requests.
    Box(SpreadSpec),
    /// The same as shapes, as wide as values are frequent.
    Violin(SpreadSpec),
    /// Parts of a whole over virtual time, stacked.
    Area(AreaSpec),
    /// What was done when, in lanes: intervals from a table.
    Gantt(GanttSpec),
}

/// What a line or bar chart shows.
///
/// Where swept paths other than `x` and `series` leave more than one point for
/// the same place, nothing is averaged: up to six combinations of their values
/// get a panel each, and more than six are held at the first combination,
/// which the subtitle then says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct XySpec {
    /// The swept path along the horizontal axis, or `point`; bars may also
    /// take `level`, `model`, `user`, `stage`, `workflow`, `step` or `monitor`. Default: the
    /// first swept path that holds numbers.
    pub x: Option<String>,
    /// The metric, or a list of metrics with a chart for each. Default:
    /// `e2e_p99_s`.
    pub y: Names,
    /// The swept path whose values are told apart by colour. Default: none.
    pub series: Option<String>,
    /// The swept path with a panel for each value. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facet: Option<String>,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions: replications, interval, values held.
    pub subtitle: Option<String>,
    /// The horizontal scale. Default: `auto`.
    pub x_scale: ScaleSpec,
    /// The vertical scale; bars always stand on a linear one. Default: `auto`.
    pub y_scale: ScaleSpec,
    /// The name of the file in `charts/`, without extension. Default: made of
    /// the metric and the path.
    pub file: Option<String>,
}

/// What a chart of a latency's distribution shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CdfSpec {
    /// Which latency. Default: `e2e_s`, from arrival to answer.
    pub metric: LatencyMetric,
    /// The swept path with a curve for each value; other swept paths are held
    /// at their first value. Default: a curve for each point.
    pub series: Option<String>,
    /// The points to draw, by number. Default: all, or eight spread evenly
    /// over them if there are more.
    pub points: Vec<u64>,
    /// The title. Default: what is shown, in words.
    pub title: Option<String>,
    /// The subtitle. Default: the conditions.
    pub subtitle: Option<String>,
    /// The latency's scale. Default: `auto`.
    pub x_scale: ScaleSpec,
    /// The name of the file in `charts/`, without extension. Default: made of
    /// the metric.
    pub file: Option<String>,
}

/// How an axis spaces its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScaleSpec {
    /// Logarithmic where positive values span orders of magnitude.
    #[default]
    Auto,
    /// Equal differences.
    Linear,
    /// Equal ratios; where a value is not positive the scale stays linear.
    Log,
}

/// A latency of which `latency.csv` has the quantiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LatencyMetric {
    /// From arrival to the finished answer.
    #[default]
    E2eS,
    /// From arrival to the first token.
    TtftS,
    /// Waiting in queues.
    QueueS,
}

impl LatencyMetric {
    /// All of them.
    pub const ALL: [LatencyMetric; 3] =
        [LatencyMetric::E2eS, LatencyMetric::TtftS, LatencyMetric::QueueS];

    /// The column of `latency.csv`.
    pub const fn column(self) -> &'static str {
        match self {
            LatencyMetric::E2eS => "e2e_s",
            LatencyMetric::TtftS => "ttft_s",
            LatencyMetric::QueueS => "queue_s",
        }
    }
}

impl ChartSpec {
    /// Reports names that are neither swept paths nor metrics, and file names
    /// that would leave the folder.
    pub fn check(&self, swept: &[String], metrics: &[&str], problems: &mut Problems) {
        match self {
            ChartSpec::Line(xy) => {
                problems.at("line", |p| xy.check(swept, metrics, p));
            }
            ChartSpec::Bar(xy) => problems.at("bar", |p| xy.check(swept, metrics, p)),
            ChartSpec::Budget(spec) => problems.at("budget", |p| spec.check(swept, p)),
            ChartSpec::Pareto(spec) => problems.at("pareto", |p| spec.check(swept, metrics, p)),
            ChartSpec::Waterfall(spec) => problems.at("waterfall", |p| spec.check(p)),
            ChartSpec::Tornado(spec) => problems.at("tornado", |p| spec.check(metrics, p)),
            ChartSpec::Heatmap(spec) => problems.at("heatmap", |p| spec.check(swept, metrics, p)),
            ChartSpec::Scatter(spec) => problems.at("scatter", |p| spec.check(swept, metrics, p)),
            ChartSpec::Box(spec) => problems.at("box", |p| spec.check(swept, metrics, p)),
            ChartSpec::Violin(spec) => problems.at("violin", |p| spec.check(swept, metrics, p)),
            ChartSpec::Area(spec) => problems.at("area", |p| spec.check(p)),
            ChartSpec::Gantt(spec) => problems.at("gantt", |p| spec.check(p)),
            ChartSpec::Cdf(cdf) => problems.at("cdf", |p| {
                check_path("series", cdf.series.as_deref(), swept, p);
                check_file(cdf.file.as_deref(), p);
            }),
            ChartSpec::Timeline(timeline) => problems.at("timeline", |p| {
                check_path("series", timeline.series.as_deref(), swept, p);
                check_file(timeline.file.as_deref(), p);
                check_columns("metrics", &timeline.metrics, p);
            }),
        }
    }

    /// Reports points that the sweep does not have, and replications that no point has.
    pub fn check_runs(&self, points: u64, replications: u64, problems: &mut Problems) {
        match self {
            ChartSpec::Cdf(cdf) => problems.at("cdf", |p| {
                check_numbers("points", "point", &cdf.points, points, p);
            }),
            ChartSpec::Timeline(timeline) => problems.at("timeline", |p| {
                check_numbers("points", "point", &timeline.points, points, p);
                let replication = timeline.replication.as_slice();
                check_numbers("replication", "replication", replication, replications, p);
            }),
            ChartSpec::Budget(budget) => problems.at("budget", |p| {
                check_numbers("points", "point", &budget.points, points, p);
            }),
            ChartSpec::Waterfall(spec) => problems.at("waterfall", |p| {
                check_numbers("point", "point", &[spec.point], points, p);
            }),
            ChartSpec::Area(spec) => problems.at("area", |p| {
                check_numbers("points", "point", &spec.points, points, p);
            }),
            ChartSpec::Gantt(spec) => problems.at("gantt", |p| {
                check_numbers("point", "point", &[spec.point], points, p);
                let replication = [spec.replication];
                check_numbers("replication", "replication", &replication, replications, p);
            }),
            ChartSpec::Line(_)
            | ChartSpec::Bar(_)
            | ChartSpec::Pareto(_)
            | ChartSpec::Heatmap(_)
            | ChartSpec::Scatter(_)
            | ChartSpec::Box(_)
            | ChartSpec::Violin(_)
            | ChartSpec::Tornado(_) => {}
        }
    }
}

impl XySpec {
    fn check(&self, swept: &[String], metrics: &[&str], problems: &mut Problems) {
        let is_entity = |name: &str| ENTITIES.contains(&name) && !is_swept(name, swept);
        // The columns of the entities' tables are not metrics of a run.
        let mut of_run = true;
        for (field, name) in [("x", self.x.as_deref()), ("series", self.series.as_deref())] {
            if name.is_some_and(is_entity) {
                of_run = false;
            } else {
                check_path(field, name, swept, problems);
            }
        }
        check_path("facet", self.facet.as_deref(), swept, problems);
        problems.at("y", |p| {
            if self.y.0.is_empty() {
                p.error_help("there is nothing to draw", "name a metric such as `e2e_p99_s`");
            }
            for name in self.y.0.iter().filter(|name| of_run && !metrics.contains(&name.as_str())) {
                p.unknown("metric", name, metrics.iter().copied());
            }
        });
        check_file(self.file.as_deref(), problems);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<Vec<ChartSpec>, serde_yaml::Error> {
        serde_yaml::with::singleton_map_recursive::deserialize(serde_yaml::Deserializer::from_str(
            yaml,
        ))
    }

    fn found(yaml: &str) -> Vec<String> {
        let swept = vec!["cache.levels.l1.capacity".to_owned()];
        let mut problems = Problems::default();
        for chart in read(yaml).unwrap() {
            chart.check(&swept, &["e2e_p99_s", "cost_usd"], &mut problems);
        }
        problems.list().iter().map(|p| format!("{}: {}", p.path, p.message)).collect()
    }

    #[test]
    fn a_metric_or_a_list_of_metrics_can_be_drawn() {
        let charts = read("[{line: {x: a, y: b}}, {bar: {y: [b, c]}}, {cdf: {}}]").unwrap();
        let y = |chart: &ChartSpec| match chart {
            ChartSpec::Line(xy) | ChartSpec::Bar(xy) => xy.y.0.clone(),
            _ => Vec::new(),
        };
        assert_eq!(y(&charts[0]), ["b"]);
        assert_eq!(y(&charts[1]), ["b", "c"]);
        assert_eq!(charts[2], ChartSpec::Cdf(CdfSpec::default()));
    }

    #[test]
    fn a_misspelt_key_is_refused_with_the_known_ones() {
        let message = read("[{line: {serie: a}}]").unwrap_err().to_string();
        assert!(message.contains("unknown field `serie`"), "{message}");
    }

    #[test]
    fn what_reads_back_is_what_was_written() {
        let charts = read("[{line: {x: a, y: b, x_scale: log}}, {timeline: {}}]").unwrap();
        let mut out = Vec::new();
        serde_yaml::with::singleton_map_recursive::serialize(
            &charts,
            &mut serde_yaml::Serializer::new(&mut out),
        )
        .unwrap();
        assert_eq!(read(&String::from_utf8(out).unwrap()).unwrap(), charts);
    }

    #[test]
    fn unknown_paths_metrics_and_folders_are_reported() {
        assert_eq!(
            found("[{line: {x: cache.levels.l1.capacit, y: e2e_p98_s, file: ../x}}]"),
            [
                "line.x: unknown swept path `cache.levels.l1.capacit`",
                "line.y: unknown metric `e2e_p98_s`",
                "line.file: `../x` is not a plain file name",
            ]
        );
        assert_eq!(found("[{bar: {x: level, y: hits}}, {line: {x: point}}]"), [""; 0]);
        assert_eq!(
            found("[{scatter: {x: cost_used, y: cost_usd}}, {box: {y: e2e_q_s, facet: x}}]"),
            [
                "scatter.x: unknown metric `cost_used`",
                "box.facet: unknown swept path `x`",
                "box.y: unknown metric `e2e_q_s`",
            ]
        );
        assert_eq!(
            found("[{heatmap: {}}, {area: {columns: [a]}}, {gantt: {table: ../x.csv}}]"),
            [
                "heatmap: a heatmap needs two swept paths",
                "area.columns: unknown column of the timeline `a`",
                "gantt.table: `../x.csv` is not the name of a table",
            ]
        );
    }
}
