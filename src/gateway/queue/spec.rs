//! The `queue:` block of a gateway.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Duration;
use crate::spec::{Positive, Problems};

/// The name of the flows that an order does not name.
pub(super) const DEFAULT: &str = "default";

/// Requests that are let through to the models, and a queue of those that wait. A request is
/// let through once its model is chosen, and counts until its answer is there, retries and
/// hedges included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueSpec {
    /// Requests at the models at a time, all models together.
    pub concurrency: u32,
    /// The most that wait; a further one is refused. Default 10000.
    #[serde(default = "most_waiting")]
    pub capacity: u32,
    /// The most that wait of each flow; a further one of it is refused. Default: as many
    /// as `capacity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_per_flow: Option<u32>,
    /// Who goes first. Default: `arrival`.
    #[serde(default)]
    pub order: OrderSpec,
    /// What requests are told apart by: each is a flow. Default: `class`.
    #[serde(default)]
    pub by: FlowSpec,
    /// A request that has waited so long is refused. Default: it waits as long as it
    /// takes. A session's user with `patience` leaves once that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
}

const fn most_waiting() -> u32 {
    10_000
}

/// What requests are told apart by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowSpec {
    /// The class of the user.
    #[default]
    Class,
    /// The SLO class of the request.
    SloClass,
    /// The user's team of `cost.teams`, or `default`.
    Team,
    /// The API key of `cost.keys`, or `default`.
    Key,
    /// The user.
    User,
}

/// Who goes first; among equals, who came first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderSpec {
    /// Who came to the queue first.
    #[default]
    Arrival,
    /// Whose deadline is nearest (earliest deadline first; Liu and Layland, JACM 20(1),
    /// 1973): how long after its arrival a request of each flow wants its answer, such as
    /// `deadline: { interactive: 2s, default: 1m }`. Flows without a deadline come last.
    Deadline(IndexMap<String, Duration>),
    /// Whose flow stands first in a list, such as `priority: [interactive, default]`.
    /// Flows that are not in it come last.
    Priority(Vec<String>),
    /// Flows take turns, each with as many tokens as its weight says (deficit round robin;
    /// Shreedhar and Varghese, SIGCOMM 1995). A request counts with the tokens of its
    /// prompt and the most that may come back.
    DeficitRoundRobin(DeficitSpec),
}

/// Turns by tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeficitSpec {
    /// Tokens that a flow of weight 1 has for each turn. Less is fairer in the short run.
    /// Default 1000.
    pub quantum: u32,
    /// The weights of flows by name. Default 1 each.
    pub weights: IndexMap<String, Positive>,
}

impl Default for DeficitSpec {
    fn default() -> Self {
        DeficitSpec { quantum: 1000, weights: IndexMap::new() }
    }
}

impl QueueSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if self.concurrency == 0 {
            problems.at("concurrency", |p| {
                p.error_help("nothing would ever get through", "leave `queue` out for no limit");
            });
        }
        if self.ttl.is_some_and(Duration::is_zero) {
            problems.at("ttl", |p| {
                p.error_help(
                    "nobody could wait",
                    "set `capacity: 0` for a gateway without a queue",
                );
            });
        }
        problems.at("order", |p| match &self.order {
            OrderSpec::Arrival => {}
            OrderSpec::Deadline(deadlines) => p.at("deadline", |p| {
                if deadlines.is_empty() {
                    p.error_help(
                        "no flow has a deadline",
                        "such as `{ interactive: 2s, default: 1m }`",
                    );
                }
            }),
            OrderSpec::Priority(flows) => p.at("priority", |p| {
                for (place, flow) in flows.iter().enumerate() {
                    if flows[..place].contains(flow) {
                        p.at(place, |p| p.error(format!("`{flow}` stands in the list twice")));
                    }
                }
                if flows.is_empty() {
                    p.error_help("no flow has a priority", "list them, the most urgent first");
                }
            }),
            OrderSpec::DeficitRoundRobin(spec) => p.at("deficit_round_robin", |p| {
                if spec.quantum == 0 {
                    p.at("quantum", |p| p.error("expected at least 1 token"));
                }
            }),
        });
    }

    /// Reports flows that no request is of.
    pub fn check_flows(&self, flows: &BTreeSet<&str>, problems: &mut Problems) {
        let known = |name: &str| name == DEFAULT || flows.contains(name);
        problems.at("order", |p| match &self.order {
            OrderSpec::Arrival => {}
            OrderSpec::Deadline(deadlines) => p.at("deadline", |p| {
                for name in deadlines.keys().filter(|name| !known(name)) {
                    p.at(name.as_str(), |p| p.unknown("flow", name, flows.iter().copied()));
                }
            }),
            OrderSpec::Priority(list) => p.at("priority", |p| {
                for (place, name) in list.iter().enumerate().filter(|(_, name)| !known(name)) {
                    p.at(place, |p| p.unknown("flow", name, flows.iter().copied()));
                }
            }),
            OrderSpec::DeficitRoundRobin(spec) => p.at("deficit_round_robin", |p| {
                p.at("weights", |p| {
                    for name in spec.weights.keys().filter(|name| !known(name)) {
                        p.at(name.as_str(), |p| p.unknown("flow", name, flows.iter().copied()));
                    }
                });
            }),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(yaml: &str) -> String {
        let spec: QueueSpec = serde_yaml::with::singleton_map_recursive::deserialize(
            serde_yaml::Deserializer::from_str(yaml),
        )
        .unwrap();
        let mut problems = Problems::default();
        spec.check(&mut problems);
        spec.check_flows(&["vip", "batch"].into(), &mut problems);
        let paths = problems.list().iter().map(|problem| problem.path.to_string());
        paths.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_mistake_is_reported_at_its_place() {
        assert_eq!(found("{ concurrency: 1 }"), "");
        assert_eq!(found("{ concurrency: 0, ttl: 0s }"), "concurrency ttl");
        assert_eq!(found("{ concurrency: 1, order: { deadline: {} } }"), "order.deadline");
        assert_eq!(
            found("{ concurrency: 1, order: { priority: [vip, vip, vop, default] } }"),
            "order.priority.1 order.priority.2"
        );
        assert_eq!(
            found(
                "{ concurrency: 1, order: { deficit_round_robin: { quantum: 0, \
                 weights: { bach: 2, vip: 1 } } } }"
            ),
            "order.deficit_round_robin.quantum order.deficit_round_robin.weights.bach"
        );
    }
}
