//! What was measured of a trace's requests, by model.

use std::sync::Arc;

use indexmap::IndexMap;

use super::measured::{Measured, Status};
use super::row::Row;
use crate::kernel::Duration;
use crate::stats::Histogram;

/// More requests than this are not kept one by one: of twice as many every second.
const MOST: usize = 1 << 18;

/// What was measured, by model in the order of their first requests.
#[derive(Clone, Debug, Default)]
pub struct MeasuredProfile {
    models: IndexMap<Option<Arc<str>>, ModelProfile>,
}

/// What was measured of one model. Requests that failed are counted, and are in no time.
#[derive(Clone, Debug, Default)]
pub struct ModelProfile {
    /// Its requests.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that the gateway's own cache answered, and those of which that is known.
    pub cache_hits: (u64, u64),
    /// Tokens of prompts that the provider had in its cache, and those of the same prompts in
    /// all.
    pub cached_tokens: (u64, u64),
    /// What was spent, US dollars, where that is known.
    pub spend: Option<f64>,
    /// Times to the first token.
    pub ttft: Histogram,
    /// Times by each token after the first, one a request.
    pub tpot: Histogram,
    /// Times to the end of the answer.
    pub e2e: Histogram,
    /// Requests one by one.
    pub samples: Samples,
}

/// Requests that were answered by the model, one by one; of very many every so manieth.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    kept: Vec<Answered>,
    seen: u64,
    every: u64,
}

/// A request that was answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answered {
    /// Tokens of its prompt.
    pub input_tokens: u32,
    /// Those that the provider had in its cache.
    pub cached_tokens: u32,
    /// Tokens of its answer.
    pub output_tokens: u32,
    /// To the first token.
    pub ttft: Option<Duration>,
    /// By each token after the first.
    pub tpot: Option<Duration>,
    /// What was spent, US dollars.
    pub cost: Option<f64>,
}

impl Samples {
    fn push(&mut self, answered: Answered) {
        let every = self.every.max(1);
        self.seen += 1;
        if !(self.seen - 1).is_multiple_of(every) {
            return;
        }
        self.kept.push(answered);
        if self.kept.len() >= MOST {
            let mut at = 0;
            self.kept.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.every = every * 2;
        }
    }

    /// Those that are kept.
    pub fn kept(&self) -> &[Answered] {
        &self.kept
    }
}

impl MeasuredProfile {
    /// Counts a request.
    pub(super) fn record(&mut self, row: &Row, measured: &Measured) {
        if measured.is_empty() {
            return;
        }
        let model = match self.models.get_index_of(&measured.model) {
            Some(known) => &mut self.models[known],
            None => self.models.entry(measured.model.clone()).or_default(),
        };
        model.record(row, measured);
    }

    /// Each model, by its name if that is known.
    pub fn models(&self) -> impl Iterator<Item = (Option<&str>, &ModelProfile)> {
        self.models.iter().map(|(name, model)| (name.as_deref(), model))
    }

    /// How many requests failed.
    pub fn failed(&self) -> u64 {
        self.models.values().map(|model| model.failed).sum()
    }
}

impl ModelProfile {
    fn record(&mut self, row: &Row, measured: &Measured) {
        self.requests += 1;
        if let Some(cost) = measured.cost {
            *self.spend.get_or_insert(0.0) += cost;
        }
        if measured.status == Status::Failed {
            self.failed += 1;
            return;
        }
        if let Some(hit) = measured.cache_hit {
            self.cache_hits.0 += u64::from(hit);
            self.cache_hits.1 += 1;
        }
        // What the gateway's cache answered is no measure of the model.
        if measured.cache_hit == Some(true) {
            return;
        }
        if let Some(cached) = measured.cached_tokens {
            self.cached_tokens.0 += u64::from(cached);
            self.cached_tokens.1 += u64::from(row.input_tokens);
        }
        let tpot = measured.tpot(row.output_tokens);
        for (times, time) in
            [(&mut self.ttft, measured.ttft), (&mut self.tpot, tpot), (&mut self.e2e, measured.e2e)]
        {
            if let Some(time) = time {
                times.record(time);
            }
        }
        self.samples.push(Answered {
            input_tokens: row.input_tokens,
            cached_tokens: measured.cached_tokens.unwrap_or(0).min(row.input_tokens),
            output_tokens: row.output_tokens.unwrap_or(0),
            ttft: measured.ttft,
            tpot,
            cost: measured.cost,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_and_hits_are_no_measure_of_the_model() {
        let row =
            Row { stamp: 0, input_tokens: 10, output_tokens: Some(11), prompt: None, user: None };
        let ms = |ms: u64| Some(Duration(ms * 1_000_000));
        let good =
            Measured { ttft: ms(100), e2e: ms(1100), cost: Some(0.5), ..Measured::default() };
        let mut profile = MeasuredProfile::default();
        profile.record(&row, &good);
        profile.record(&row, &Measured { status: Status::Failed, ttft: ms(1), ..good.clone() });
        profile.record(&row, &Measured { cache_hit: Some(true), ttft: ms(1), ..good.clone() });
        profile.record(&row, &Measured::default());
        let (_, model) = profile.models().next().unwrap();
        assert_eq!((model.requests, model.failed, model.cache_hits), (3, 1, (1, 1)));
        assert_eq!((model.ttft.mean(), model.tpot.mean(), model.e2e.mean()), (0.1, 0.1, 1.1));
        assert_eq!((model.spend, model.samples.kept().len()), (Some(1.5), 1));
    }

    #[test]
    fn of_very_many_some_are_kept_evenly() {
        let mut samples = Samples::default();
        for input_tokens in 0..3 * MOST as u32 {
            samples.push(Answered {
                input_tokens,
                cached_tokens: 0,
                output_tokens: 0,
                ttft: None,
                tpot: None,
                cost: None,
            });
        }
        let kept = samples.kept();
        assert!(kept.len() >= MOST / 2 && kept.len() < MOST, "{}", kept.len());
        let gap = kept[1].input_tokens - kept[0].input_tokens;
        assert!(kept.windows(2).all(|two| two[1].input_tokens - two[0].input_tokens == gap));
    }
}
