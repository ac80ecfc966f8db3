//! What is searched for, as it is written.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use super::bound::{Bound, BoundSpec};
use crate::experiment::sweep::range_spec::{RangeSpec, SpanSpec};
use crate::spec::{Positive, Problems};
use crate::system::Possible;

/// What `windtunnel search` looks for: one of the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchSpec {
    /// The most load that holds the bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximize_load: Option<LoadSpec>,
    /// The cheapest system that holds the bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cheapest: Option<CheapestSpec>,
    /// The most replications of a trial; `replications` are run at a time until the
    /// interval of every bounded metric is on one side of its bound. Default 40.
    #[serde(default = "SearchSpec::max_replications")]
    pub max_replications: u32,
}

/// The most load that holds the bounds, by bisection: it supposes that a system that
/// holds a load holds all lower ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadSpec {
    /// The path of the load, such as `workload.arrivals.poisson.rate`.
    pub path: String,
    /// The least load to try.
    #[schemars(with = "serde_json::Value")]
    pub from: Value,
    /// The most load to try.
    #[schemars(with = "serde_json::Value")]
    pub to: Value,
    /// Metrics and their bounds.
    pub slo: IndexMap<String, BoundSpec>,
    /// The search ends when the load that holds and the one that does not are as near as
    /// this share of the load. Default 0.01.
    #[serde(default = "LoadSpec::tolerance")]
    pub tolerance: Positive,
}

/// The cheapest system that holds the bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheapestSpec {
    /// Paths and what each may take.
    pub space: IndexMap<String, RangeSpec>,
    /// Metrics and their bounds: response times from above, quality from below.
    pub slo: IndexMap<String, BoundSpec>,
    /// The metric that is made small. Default: `cost_usd`, all that is paid.
    #[serde(default = "CheapestSpec::cost")]
    pub cost: String,
    /// Systems to begin with: every combination of the space if these are no more, else
    /// so many of a Latin hypercube. Default 64.
    #[serde(default = "CheapestSpec::points")]
    pub points: u32,
    /// Rounds of looking around the best one, in ever smaller steps. Default 3.
    #[serde(default = "CheapestSpec::rounds")]
    pub rounds: u32,
}

impl SearchSpec {
    const fn max_replications() -> u32 {
        40
    }

    /// Metrics and their bounds.
    pub fn slo(&self) -> &IndexMap<String, BoundSpec> {
        static NONE: std::sync::LazyLock<IndexMap<String, BoundSpec>> =
            std::sync::LazyLock::new(IndexMap::new);
        let load = self.maximize_load.as_ref().map(|load| &load.slo);
        load.or(self.cheapest.as_ref().map(|cheapest| &cheapest.slo)).unwrap_or(&NONE)
    }

    /// The paths that it changes.
    pub(in crate::experiment) fn paths(&self) -> impl Iterator<Item = &str> {
        let load = self.maximize_load.iter().map(|load| load.path.as_str());
        let space = self.cheapest.iter().flat_map(|cheapest| cheapest.space.keys());
        load.chain(space.map(String::as_str))
    }

    /// The bounds of a checked search.
    pub fn bounds(&self) -> Vec<Bound> {
        self.slo().iter().filter_map(|(name, spec)| spec.of(name)).collect()
    }

    /// Checks what needs no other part of the file but its `replications`.
    pub(in crate::experiment) fn check(
        &self,
        replications: u32,
        metrics: &Possible,
        problems: &mut Problems,
    ) {
        if self.maximize_load.is_some() == self.cheapest.is_some() {
            problems.error("expected either `maximize_load` or `cheapest`");
        }
        if replications < 2 || self.max_replications < replications {
            problems.at("max_replications", |p| {
                p.error_help(
                    "too few replications to tell on which side of a bound a system is",
                    "set `replications` to 2 or more, and this to at least as many",
                );
            });
        }
        let name = if self.maximize_load.is_some() { "maximize_load" } else { "cheapest" };
        problems.at(name, |p| {
            p.at("slo", |p| check_slo(self.slo(), metrics, p));
            let Some(cheapest) = &self.cheapest else { return };
            if cheapest.points < 2 {
                p.at("points", |p| p.error("expected at least 2"));
            }
            if cheapest.space.is_empty() {
                p.at("space", |p| p.error("expected at least one path to change"));
            }
            p.at("cost", |p| metrics.check(&cheapest.cost, p));
        });
    }
}

fn check_slo(slo: &IndexMap<String, BoundSpec>, metrics: &Possible, problems: &mut Problems) {
    if slo.is_empty() {
        problems.error_help("there is nothing to hold", "such as `e2e_p99_s: { below: 2s }`");
    }
    for (name, bound) in slo {
        problems.at(name.as_str(), |p| bound.check(name, metrics, p));
    }
}

impl LoadSpec {
    fn tolerance() -> Positive {
        Positive::try_from(0.01).expect("a hundredth is above zero")
    }

    /// The loads to try.
    pub(super) fn range(&self) -> RangeSpec {
        let (from, to) = (self.from.clone(), self.to.clone());
        RangeSpec::Span(SpanSpec { from, to, log: false })
    }
}

impl CheapestSpec {
    fn cost() -> String {
        "cost_usd".to_owned()
    }

    const fn points() -> u32 {
        64
    }

    const fn rounds() -> u32 {
        3
    }
}
