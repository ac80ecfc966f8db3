//! Service level objectives: which answers came in time, by class and by user.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Measures;
use crate::kernel::{Duration, Time};
use crate::pipeline::RequestError;
use crate::serving::Service;
use crate::spec::Problems;
use crate::stats::{Cell, Histogram, Table, jain};
use crate::system::request::Request;
use crate::system::upstream::Inference;

/// What an answer must meet to be good. Targets that are left out are met.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SloSpec {
    /// From arrival to the first token, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttft: Option<Duration>,
    /// Mean time per token after the first, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpot: Option<Duration>,
    /// From arrival to the whole answer, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e2e: Option<Duration>,
    /// Targets of single classes, in place of these:
    /// `classes: { batch: { e2e: 1h } }`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub classes: IndexMap<String, TargetsSpec>,
}

/// What an answer of a class must meet to be good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetsSpec {
    /// From arrival to the first token, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttft: Option<Duration>,
    /// Mean time per token after the first, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpot: Option<Duration>,
    /// From arrival to the whole answer, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e2e: Option<Duration>,
}

impl SloSpec {
    /// Reports classes that no request is of.
    pub fn check(&self, classes: &[String], problems: &mut Problems) {
        let known: BTreeSet<&String> = classes.iter().collect();
        problems.at("classes", |p| {
            for class in self.classes.keys().filter(|class| !known.contains(class)) {
                p.unknown("SLO class", class, classes.iter().map(String::as_str));
            }
        });
    }

    /// The targets of a class.
    pub fn targets(&self, class: &str) -> TargetsSpec {
        let own = TargetsSpec { ttft: self.ttft, tpot: self.tpot, e2e: self.e2e };
        self.classes.get(class).copied().unwrap_or(own)
    }
}

/// Times of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// From arrival to the first token.
    pub ttft: Duration,
    /// Mean time per token after the first; 0 where it did not stream.
    pub tpot: Duration,
    /// From arrival to the whole answer.
    pub e2e: Duration,
}

impl Times {
    /// Those of a request that finishes at `now`. A cached answer, and one that does not
    /// stream, comes all at once.
    #[inline]
    pub fn of(request: &Request, inference: Option<&Inference>, now: Time) -> Self {
        let e2e = now - request.incoming.at;
        let Some(inference) = inference.filter(|_| !request.cached) else {
            return Times { ttft: e2e, tpot: Duration::ZERO, e2e };
        };
        let Service { total, first_token } = inference.service;
        let ttft = if first_token == total {
            e2e
        } else {
            inference.started + first_token - request.incoming.at
        };
        let streamed = total.0.saturating_sub(first_token.0);
        let tokens = request.answer.map_or(0, |answer| answer.output_tokens);
        let gaps = u64::from(tokens.saturating_sub(1));
        let tpot = if gaps == 0 { 0 } else { streamed / gaps };
        Times { ttft, tpot: Duration(tpot), e2e }
    }
}

impl TargetsSpec {
    /// Whether an answer with these times is good.
    pub fn met(&self, times: &Times) -> bool {
        self.ttft.is_none_or(|most| times.ttft <= most)
            && self.tpot.is_none_or(|most| times.tpot <= most)
            && self.e2e.is_none_or(|most| times.e2e <= most)
    }
}

/// What became of the requests of one class.
#[derive(Clone, Debug, Default)]
pub struct ClassShare {
    requests: u64,
    completed: u64,
    good: u64,
    good_in_window: u64,
    rejected: u64,
    shed: u64,
    e2e: Histogram,
    ttft: Histogram,
}

/// Requests by class, and which answers were good. Kept where there are targets or
/// several classes.
#[derive(Clone, Debug)]
pub struct Classes {
    targets: Vec<TargetsSpec>,
    shares: Vec<ClassShare>,
    /// By user: good answers.
    users: Vec<u64>,
    /// Good answers, and those of them within the window.
    pub good: u64,
    /// See above.
    pub good_in_window: u64,
}

impl Classes {
    /// `None` where there is nothing to tell apart.
    pub fn new(slo: Option<&SloSpec>, classes: &[String], users: usize) -> Option<Self> {
        let spec = slo.cloned().unwrap_or_default();
        (slo.is_some() || classes.len() > 1).then(|| Classes {
            targets: classes.iter().map(|class| spec.targets(class)).collect(),
            shares: vec![ClassShare::default(); classes.len()],
            users: vec![0; users],
            good: 0,
            good_in_window: 0,
        })
    }

    /// Jain's index over the classes: of the shares of their requests that were
    /// answered well.
    pub fn fairness(&self) -> f64 {
        jain(shares(self.shares.iter().map(|it| (it.good, it.requests))))
    }

    /// A measured request is finished.
    pub fn count(&mut self, request: &Request, times: &Times, in_window: bool) {
        let class = usize::from(request.incoming.slo_class.0);
        let share = &mut self.shares[class];
        share.requests += 1;
        if let Some(error) = request.error {
            // Given up by its workflow, it is neither.
            if error == RequestError::CalledOff {
                return;
            }
            share.rejected += u64::from(error.is_rejection());
            share.shed += u64::from(error == RequestError::Shed);
            return;
        }
        share.completed += 1;
        share.e2e.record(times.e2e);
        share.ttft.record(times.ttft);
        if self.targets[class].met(times) {
            share.good += 1;
            share.good_in_window += u64::from(in_window);
            self.users[request.incoming.user.0 as usize] += 1;
            self.good += 1;
            self.good_in_window += u64::from(in_window);
        }
    }

    /// The same over users, who had so many requests.
    pub fn user_fairness(&self, requests: impl Iterator<Item = u64>) -> f64 {
        jain(shares(self.users.iter().copied().zip(requests)))
    }
}

/// What part of each whole that there is.
fn shares(parts: impl Iterator<Item = (u64, u64)>) -> impl Iterator<Item = f64> {
    parts.filter(|(_, whole)| *whole > 0).map(|(part, whole)| part as f64 / whole as f64)
}

/// A row for each class.
pub fn table(measures: &Measures, names: &[String]) -> Table {
    let mut table = Table::new([
        "class",
        "requests",
        "completed",
        "good",
        "slo_attainment",
        "goodput_rps",
        "rejected",
        "shed",
        "e2e_mean_s",
        "e2e_p50_s",
        "e2e_p99_s",
        "ttft_p50_s",
        "ttft_p99_s",
    ]);
    let Some(classes) = &measures.classes else { return table };
    let window = measures.window_s();
    for (name, share) in names.iter().zip(&classes.shares) {
        let attained = (share.requests > 0).then(|| share.good as f64 / share.requests as f64);
        table.push(vec![
            name.as_str().into(),
            share.requests.into(),
            share.completed.into(),
            share.good.into(),
            attained.into(),
            Cell::Num(share.good_in_window as f64 / window),
            share.rejected.into(),
            share.shed.into(),
            share.e2e.mean().into(),
            share.e2e.quantile(0.5).into(),
            share.e2e.quantile(0.99).into(),
            share.ttft.quantile(0.5).into(),
            share.ttft.quantile(0.99).into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jain_s_index_is_1_for_equals_and_1_nth_for_one_who_has_all() {
        assert!((jain(shares([(5, 10), (50, 100), (1, 2)].into_iter())) - 1.0).abs() < 1e-12);
        assert!(
            (jain(shares([(10, 10), (0, 10), (0, 10), (0, 10)].into_iter())) - 0.25).abs() < 1e-12
        );
        assert!(
            (jain(shares([(10, 10), (0, 0)].into_iter())) - 1.0).abs() < 1e-12,
            "who asks nothing"
        );
        assert!(jain(shares([(0, 10)].into_iter())).is_nan());
    }

    #[test]
    fn a_class_has_its_own_targets_or_those_of_all() {
        let spec: SloSpec =
            serde_yaml::from_str("{ ttft: 500ms, tpot: 50ms, classes: { batch: { e2e: 1h } } }")
                .unwrap();
        let slow = Times {
            ttft: Duration::from_secs(9),
            e2e: Duration::from_secs(99),
            ..Times::default()
        };
        assert!(!spec.targets("standard").met(&slow) && spec.targets("batch").met(&slow));
        let mut problems = Problems::default();
        spec.check(&["standard".to_owned()], &mut problems);
        assert_eq!(problems.list()[0].path.to_string(), "classes");
    }
}
