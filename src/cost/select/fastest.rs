//! The fastest model, by the latencies measured so far.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::selector::{Select, SelectorSpec, default_threshold};
use super::worth::Worth;
use crate::cost::demand::Quality;
use crate::cost::{Choice, Lesson, ModelId};
use crate::kernel::{Duration, Stream};
use crate::spec::Fraction;

/// The fastest affordable model that meets the quality threshold, by a moving
/// average of each model's measured latencies (waiting included), as gateways
/// route by latency. With an SLO every model within it is fast enough, and the
/// cheapest of these is taken. A model not yet measured counts as instant, so
/// that each is tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FastestSpec {
    /// The latency that is fast enough. Default: none; the fastest wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slo: Option<Duration>,
    /// The least quality that will do where a request names none; if no model
    /// meets it, all may answer. Default 0.8.
    pub quality_threshold: Fraction,
    /// The weight of the newest latency in the moving average. Default 0.1.
    pub smoothing: Fraction,
    /// The share of requests sent to any of the models, so that one that was slow
    /// is measured again. Default 0.02.
    pub explore: Fraction,
}

impl Default for FastestSpec {
    fn default() -> Self {
        FastestSpec {
            slo: None,
            quality_threshold: default_threshold(),
            smoothing: Fraction::percent(10),
            explore: Fraction::percent(2),
        }
    }
}

impl SelectorSpec for FastestSpec {}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Fastest {
    threshold: Quality,
    slo: f64,
    smoothing: f64,
    explore: f64,
    /// By model, in seconds.
    latency: Vec<Option<f64>>,
    stream: Stream,
}

impl Fastest {
    pub fn new(spec: &FastestSpec, models: usize, stream: Stream) -> Self {
        Fastest {
            threshold: Quality::new(spec.quality_threshold.get()),
            slo: spec.slo.map_or(0.0, Duration::as_secs_f64),
            smoothing: spec.smoothing.get(),
            explore: spec.explore.get(),
            latency: vec![None; models],
            stream,
        }
    }

    /// Among models of at least this quality.
    fn pick(&self, ask: &Ask, least: Quality, explore: f64, draw: f64) -> Option<ModelId> {
        if explore < self.explore {
            let count = ask.affordable(least).count();
            let found = ask.affordable(least).nth((draw * count as f64) as usize);
            return found.map(|worth| worth.model);
        }
        // What is within the SLO is equally fast, and then the price counts.
        let mut best: Option<(f64, Worth)> = None;
        ask.each_affordable(least, |worth| {
            let latency = self.latency[worth.model.0 as usize].unwrap_or(0.0).max(self.slo);
            let is_better = |(least, best): (f64, Worth)| {
                latency < least || latency == least && worth.picos < best.picos
            };
            if best.is_none_or(is_better) {
                best = Some((latency, worth));
            }
        });
        best.map(|(_, worth)| worth.model)
    }
}

impl Select for Fastest {
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        let threshold = ask.demand.quality_threshold.map_or(self.threshold, Quality::new);
        let (explore, draw) = (self.stream.uniform(), self.stream.uniform());
        let found = self
            .pick(ask, threshold, explore, draw)
            .or_else(|| self.pick(ask, Quality::WORST, explore, draw))?;
        ask.choice(found)
    }

    fn learn(&mut self, lesson: &Lesson) {
        let measured = lesson.latency.as_secs_f64();
        let average = &mut self.latency[lesson.model.0 as usize];
        let before = average.unwrap_or(measured);
        *average = Some(before + self.smoothing * (measured - before));
    }
}
