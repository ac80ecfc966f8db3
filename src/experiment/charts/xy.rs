//! A metric along a swept path: lines, or bars.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{check_file, check_path, is_swept};
use super::kind::Kind;
use super::names::Names;
use super::scale::ScaleSpec;
use crate::spec::Problems;
use crate::system::{Possible, entity_columns};

/// Columns that tell apart the rows of a table other than the points: a bar
/// chart may have one of them as its `x` or `series`.
pub const ENTITIES: [&str; 7] = ["level", "model", "user", "stage", "workflow", "step", "monitor"];

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

impl Kind for XySpec {
    fn check(&self, swept: &[String], metrics: &Possible, problems: &mut Problems) {
        let is_entity = |name: &str| ENTITIES.contains(&name) && !is_swept(name, swept);
        // Where bars are of an entity, they show the columns of its table.
        let mut entity = None;
        for (field, name) in [("x", self.x.as_deref()), ("series", self.series.as_deref())] {
            if let Some(name) = name.filter(|name| is_entity(name)) {
                entity = entity.or(Some(name));
                problems.at(field, |p| metrics.check_rows(name, p));
            } else {
                check_path(field, name, swept, problems);
            }
        }
        check_path("facet", self.facet.as_deref(), swept, problems);
        problems.at("y", |p| {
            if self.y.0.is_empty() {
                p.error_help("there is nothing to draw", "name a metric such as `e2e_p99_s`");
            }
            let columns = entity.map(entity_columns);
            for name in &self.y.0 {
                match (&columns, entity) {
                    (Some(columns), Some(entity)) if !columns.contains(name) => {
                        let what = format!("column of {entity}s.csv");
                        p.unknown(&what, name, columns.iter().map(String::as_str));
                    }
                    (Some(_), _) => {}
                    (None, _) => metrics.check(name, p),
                }
            }
        });
        check_file(self.file.as_deref(), problems);
    }

    fn metrics(&self) -> Vec<&str> {
        self.y.iter().collect()
    }
}
