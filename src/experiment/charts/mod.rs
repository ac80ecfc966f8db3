//! The `charts:` block of an experiment file: what to draw. How it is drawn is
//! the report's matter.

mod area;
mod cdf;
mod check;
pub(super) mod gantt;
mod heatmap;
mod money;
mod names;
mod scale;
mod scatter;
mod sensitivity;
mod spread;
pub(super) mod theme;
mod timeline;
mod xy;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use area::{AreaSpec, Entity};
pub use cdf::{CdfSpec, LatencyMetric};
use check::check_numbers;
pub use gantt::GanttSpec;
pub use heatmap::HeatmapSpec;
pub use money::{BudgetChartSpec, ParetoSpec, WaterfallSpec};
pub use names::Names;
pub use scale::ScaleSpec;
pub use scatter::{Better, ScatterSpec};
pub use sensitivity::TornadoSpec;
pub use spread::SpreadSpec;
pub use theme::ThemeSpec;
pub use timeline::TimelineSpec;
pub use xy::{ENTITIES, XySpec};

use crate::spec::Problems;

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

impl ChartSpec {
    /// Reports names that are neither swept paths nor metrics, and file names
    /// that would leave the folder.
    pub fn check(&self, swept: &[String], metrics: &[&str], problems: &mut Problems) {
        match self {
            ChartSpec::Line(xy) => problems.at("line", |p| xy.check(swept, metrics, p)),
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
            ChartSpec::Cdf(spec) => problems.at("cdf", |p| spec.check(swept, p)),
            ChartSpec::Timeline(spec) => problems.at("timeline", |p| spec.check(swept, p)),
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
