//! The `sweep:` block of an experiment file.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use super::designs::latin_hypercube::LatinHypercubeSpec;
use super::designs::morris::MorrisSpec;
use super::designs::random::RandomSpec;
use super::designs::sobol::SobolSpec;
use super::when::WhenSpec;
use crate::spec::Problems;
use crate::system::Possible;

/// Paths and the values that each takes.
pub type Values = IndexMap<String, Vec<Value>>;

/// What to vary. Designs that are given together are combined: every point of one
/// with every point of the other, the one further down this list varying faster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SweepSpec {
    /// Points one by one: a map of paths and values for each, and a `name` for the
    /// column `variant`. What a point does not set stays as it is in the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<Variant>,
    /// Paths whose values go together: the first point has the first value of each,
    /// and so on. All lists are of one length.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "IndexMap<String, Vec<serde_json::Value>>")]
    pub zip: Values,
    /// Points spread evenly over ranges: each range is cut into as many equal parts
    /// as there are points, and each part is met once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latin_hypercube: Option<LatinHypercubeSpec>,
    /// Points drawn from ranges, each independent of all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random: Option<RandomSpec>,
    /// Which parameters explain how much of a metric's variance: points for Sobol'
    /// indices, which `sensitivity.csv` then has. No other design beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sobol: Option<SobolSpec>,
    /// Which parameters matter at all: points for elementary effects, which
    /// `sensitivity.csv` then has. No other design beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub morris: Option<MorrisSpec>,
    /// The experiment as it is, then each path with each of its values, all others
    /// staying as they are.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(with = "IndexMap<String, Vec<serde_json::Value>>")]
    pub one_at_a_time: Values,
    /// Paths and the values that each takes; every combination is a point, the
    /// last path varying fastest.
    #[schemars(with = "IndexMap<String, Vec<serde_json::Value>>")]
    pub grid: Values,
    /// Which of the points are run. Default: all.
    #[serde(skip_serializing_if = "WhenSpec::is_empty")]
    pub when: WhenSpec,
}

/// A point of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Variant {
    /// What the point is called. Default: nothing; then no point of the list may have
    /// a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Paths and their values.
    #[serde(flatten)]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub settings: IndexMap<String, Value>,
}

impl SweepSpec {
    /// The columns that tell the points apart: `variant` where points have names, then
    /// the paths as they are written.
    pub fn columns(&self) -> Vec<String> {
        let named = self.list.iter().any(|variant| variant.name.is_some());
        let variant = named.then(|| VARIANT.to_owned());
        let mut paths: Vec<String> = Vec::new();
        let listed = self.list.iter().flat_map(|variant| variant.settings.keys());
        let all = listed
            .chain(self.zip.keys())
            .chain(self.latin_hypercube.iter().flat_map(|spec| spec.ranges.keys()))
            .chain(self.random.iter().flat_map(|spec| spec.ranges.keys()))
            .chain(self.sobol.iter().flat_map(|spec| spec.ranges.keys()))
            .chain(self.morris.iter().flat_map(|spec| spec.ranges.keys()))
            .chain(self.one_at_a_time.keys())
            .chain(self.grid.keys());
        for path in all {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
        variant.into_iter().chain(paths).collect()
    }

    /// How many designs there are.
    pub fn designs(&self) -> usize {
        let there = [
            !self.list.is_empty(),
            !self.zip.is_empty(),
            self.latin_hypercube.is_some(),
            self.random.is_some(),
            self.sobol.is_some(),
            self.morris.is_some(),
            !self.one_at_a_time.is_empty(),
            !self.grid.is_empty(),
        ];
        there.into_iter().filter(|there| *there).count()
    }

    /// Whether each path is varied alone, and nothing else.
    pub fn is_one_at_a_time(&self) -> bool {
        !self.one_at_a_time.is_empty() && self.designs() == 1 && self.when.is_empty()
    }

    /// The paths whose values are drawn, rather than listed: points that are next to one
    /// another on one of them differ on the others.
    pub fn drawn(&self) -> Vec<&str> {
        let latin = self.latin_hypercube.iter().flat_map(|spec| spec.ranges.keys());
        let random = self.random.iter().flat_map(|spec| spec.ranges.keys());
        let sobol = self.sobol.iter().flat_map(|spec| spec.ranges.keys());
        let morris = self.morris.iter().flat_map(|spec| spec.ranges.keys());
        latin.chain(random).chain(sobol).chain(morris).map(String::as_str).collect()
    }

    /// Whether `sensitivity.csv` is a result.
    pub fn is_sensitivity(&self) -> bool {
        self.sobol.is_some() || self.morris.is_some() || self.is_one_at_a_time()
    }

    /// Checks what needs no other part of the file.
    pub fn check(&self, metrics: &Possible, problems: &mut Problems) {
        let asked = [
            ("sobol", self.sobol.as_ref().map(|spec| &spec.metrics)),
            ("morris", self.morris.as_ref().map(|spec| &spec.metrics)),
        ];
        for (design, names) in asked {
            for (index, name) in names.into_iter().flatten().enumerate() {
                problems.within(&format!("{design}.metrics.{index}"), |p| metrics.check(name, p));
            }
        }
    }

    /// The most points that the designs can give; less are run where `when` leaves some
    /// out.
    pub fn most_points(&self) -> u128 {
        let zip = self.zip.values().map(Vec::len).max();
        let once = self.one_at_a_time.values().map(Vec::len).sum::<usize>() + 1;
        let blocks = [
            (!self.list.is_empty()).then_some(self.list.len() as u128),
            zip.map(|points| points as u128),
            self.latin_hypercube.as_ref().map(|spec| u128::from(spec.points)),
            self.random.as_ref().map(|spec| u128::from(spec.points)),
            self.sobol.as_ref().map(|spec| {
                u128::from(spec.samples).saturating_mul(spec.points_of_sample() as u128)
            }),
            self.morris.as_ref().map(|spec| {
                u128::from(spec.trajectories).saturating_mul(spec.ranges.len() as u128 + 1)
            }),
            (!self.one_at_a_time.is_empty()).then_some(once as u128),
        ];
        let grid = self.grid.values().map(|values| values.len() as u128);
        blocks.into_iter().flatten().chain(grid).fold(1, u128::saturating_mul)
    }
}

/// The column of points' names.
pub const VARIANT: &str = "variant";
