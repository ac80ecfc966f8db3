//! The `charts:` block of an experiment file: what to draw. How it is drawn is
//! the report's matter.
//!
//! To add a kind: write its file, implementing `Kind` on its spec, and give it a line in
//! the list below: its name in experiments and its spec.

#[macro_use]
pub(super) mod kind;

mod area;
mod better;
mod budget;
mod cdf;
mod check;
mod frontier;
mod gantt;
mod heatmap;
mod latency;
mod names;
mod scale;
mod scatter;
mod spread;
pub(super) mod theme;
mod timeline;
mod tornado;
mod waterfall;
mod xy;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use area::{AreaSpec, Entity};
pub use better::Better;
pub use budget::BudgetChartSpec;
pub use cdf::CdfSpec;
pub use frontier::FrontierSpec;
pub use gantt::GanttSpec;
pub use heatmap::HeatmapSpec;
use kind::Kind;
pub use kind::Recording;
pub use latency::LatencyMetric;
pub use names::Names;
pub use scale::ScaleSpec;
pub use scatter::ScatterSpec;
pub use spread::SpreadSpec;
pub use theme::ThemeSpec;
pub use timeline::TimelineSpec;
pub use tornado::TornadoSpec;
pub use waterfall::WaterfallSpec;
pub use xy::{ENTITIES, XySpec};

use crate::spec::Problems;
use crate::system::Possible;

kinds! {
    /// A metric along a swept path, a line for each series.
    "line": Line(XySpec);
    /// A metric for each value of a swept path, bars grouped by series.
    "bar": Bar(XySpec);
    /// The distribution of a latency.
    "cdf": Cdf(CdfSpec);
    /// Metrics over virtual time, a panel for each.
    "timeline": Timeline(TimelineSpec);
    /// What was spent over virtual time, against a budget.
    "budget": Budget(BudgetChartSpec);
    /// Two metrics that are both wanted, such as cost and quality, a mark for each point,
    /// and which of them are beaten by no other.
    "frontier": Frontier(FrontierSpec);
    /// What each lever saved, from the list price to the bill (with `record: {
    /// spend: true }`).
    "waterfall": Waterfall(WaterfallSpec);
    /// Which parameters matter, a bar for each (with a sweep by `sobol`, `morris` or
    /// `one_at_a_time`).
    "tornado": Tornado(TornadoSpec);
    /// A metric over two swept paths, as a field of colours with the values written
    /// in it.
    "heatmap": Heatmap(HeatmapSpec);
    /// A metric against another or against a swept path, a mark for each point, and the
    /// trend.
    "scatter": Scatter(ScatterSpec);
    /// The quartiles and the ends of a metric across replications, or of a latency
    /// across requests.
    "box": Box(SpreadSpec);
    /// The same as shapes, as wide as values are frequent.
    "violin": Violin(SpreadSpec);
    /// Parts of a whole over virtual time, stacked.
    "area": Area(AreaSpec);
    /// What was done when, in lanes: intervals from a table.
    "gantt": Gantt(GanttSpec);
}

impl ChartSpec {
    /// Reports names that are neither swept paths nor metrics, and file names
    /// that would leave the folder.
    pub fn check(&self, swept: &[String], metrics: &Possible, problems: &mut Problems) {
        problems.at(self.name(), |p| self.kind().check(swept, metrics, p));
    }

    /// Reports points that the sweep does not have, and replications that no point has.
    pub fn check_runs(&self, points: u64, replications: u64, problems: &mut Problems) {
        problems.at(self.name(), |p| self.kind().check_runs(points, replications, p));
    }

    /// What must be recorded, or there is nothing to draw.
    pub fn needs(&self) -> Option<Recording> {
        self.kind().needs()
    }

    /// The metrics of each point that it shows.
    pub fn metrics(&self) -> Vec<&str> {
        self.kind().metrics()
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
            chart.check(&swept, &Possible::all(), &mut problems);
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
            found("[{bar: {x: model, y: makespan_p99_s}}]"),
            ["bar.y: unknown column of models.csv `makespan_p99_s`"]
        );
        assert_eq!(
            found("[{scatter: {x: cost_used, y: cost_usd}}, {box: {y: e2e_q_s, facet: x}}]"),
            [
                "scatter.x: unknown metric or swept path `cost_used`",
                "box.facet: unknown swept path `x`",
                "box.y: unknown metric `e2e_q_s`",
            ]
        );
        assert_eq!(found("[{scatter: {x: cache.levels.l1.capacity, y: cost_usd}}]"), [""; 0]);
        assert_eq!(
            found(
                "[{frontier: {x: cost_us, y: e2e_p99_s, series: cache.levels}},
                  {frontier: {x: cost_usd, y: cost_usd}},
                  {scatter: {x: [cost_usd, e2e_p99_s], facet: cache.levels.l1.capacity}}]"
            ),
            [
                "frontier.series: unknown swept path `cache.levels`",
                "frontier.x: unknown metric `cost_us`",
                "frontier.y: `x` and `y` are the same metric",
                "scatter.facet: each `x` has a panel already",
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
