//! A model that says who answers (as the routing workflow of E. Schluntz, B. Zhang:
//! Building Effective Agents. 2024).

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::common::{asks, taken};
use super::member::{LimitsSpec, MemberSpec};
use crate::orchestration::step::{LlmSpec, Names, StepOf, StepsOf, UseToolSpec};
use crate::spec::{NonNegative, Problems};
use crate::workload::lengths::LengthsSpec;

/// A model says which of several routes a request takes. One call is made for that,
/// and then those of the route: on average 1 + sum(weight x calls) / sum(weight).
///
/// A wrong choice (`route.right`) makes the answer wrong, unless who answers
/// `recovers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "RouterSpec", bound = "A: JsonSchema + Serialize")]
pub struct RouterSpec<A> {
    /// How it chooses. Default: an answer of 10 tokens.
    pub route: LlmSpec,
    /// The routes by name. Default: `simple`, taken 3 times as often as `hard`, each
    /// a call of a model.
    pub routes: IndexMap<String, RouteSpec<A>>,
}

/// A route: one of `llm`, `agent` and `tool`; a call of a model if nothing is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "RouteSpec", bound = "A: JsonSchema + Serialize")]
pub struct RouteSpec<A> {
    /// How often it is taken, relative to the others. Default: 1.
    pub weight: NonNegative,
    /// Asks a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm: Option<LlmSpec>,
    /// Agents in a known pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<A>>,
    /// Calls a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<UseToolSpec>,
    /// What it must keep to. Default: nothing.
    #[serde(skip_serializing_if = "LimitsSpec::is_none")]
    pub limits: LimitsSpec,
}

impl<A> Default for RouteSpec<A> {
    fn default() -> Self {
        RouteSpec {
            weight: NonNegative::ONE,
            llm: None,
            agent: None,
            tool: None,
            limits: LimitsSpec::default(),
        }
    }
}

impl<A> Default for RouterSpec<A> {
    fn default() -> Self {
        let three = NonNegative::try_from(3.0).unwrap_or(NonNegative::ONE);
        let simple = RouteSpec { weight: three, ..RouteSpec::default() };
        RouterSpec {
            route: LlmSpec { output: Some(LengthsSpec::Constant(10)), ..LlmSpec::default() },
            routes: IndexMap::from([
                ("simple".to_owned(), simple),
                ("hard".to_owned(), RouteSpec::default()),
            ]),
        }
    }
}

impl<A: Clone> RouterSpec<A> {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.at("routes", |p| {
            if self.routes.is_empty() {
                p.error("expected at least 1 route");
            }
            taken(self.routes.keys(), "route", p);
        });
    }

    /// A step that chooses, and one for each route.
    pub(super) fn steps(&self) -> StepsOf<A> {
        let weights = self.routes.iter().map(|(name, route)| (name.clone(), route.weight));
        let route = StepOf { choose: weights.collect(), ..asks(&self.route) };
        let chosen = |route: &RouteSpec<A>| {
            let RouteSpec { weight: _, llm, agent, tool, limits } = route.clone();
            let member = MemberSpec { llm, agent, tool, limits };
            StepOf { after: Names::from(["route"]), ..member.step() }
        };
        let mut steps = IndexMap::from([("route".to_owned(), route)]);
        steps.extend(self.routes.iter().map(|(name, route)| (name.clone(), chosen(route))));
        steps
    }
}
