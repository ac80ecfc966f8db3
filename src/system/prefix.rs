//! A prompt before a model's server: what the prefix cache has of it.

use super::flows::prefix;
use super::model::System;
use super::request::Request;
use super::setup::Setup;
use crate::cache::Match;
use crate::cache::prefix::Stored;
use crate::kernel::Time;
use crate::stats::{Cell, Table};
use crate::workload::Incoming;

/// What a server has of a prompt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// `None` where it keeps no prefixes.
    pub matched: Option<Match>,
    /// Tenths of a token that need not be computed therefore.
    pub cached_decitokens: u64,
    /// Whether it wants to know when it has read the prompt.
    pub stores: bool,
}

impl System<'_> {
    /// A server of `model` begins to work on a prompt: looks up what it has of it.
    #[inline]
    pub(super) fn look_up_prefix(
        &mut self,
        incoming: &Incoming,
        model: usize,
        server: usize,
        now: Time,
    ) -> Found {
        let System { source, flows, prefixes, blocks, servers, .. } = self;
        let Some(cache) = &mut prefixes[model] else { return Found::default() };
        let size = cache.block_tokens();
        let prompt = prefix(source, flows.as_deref(), incoming, size, blocks);
        let found = cache.match_prefix(server, prompt, now, servers[model].per_input_token());
        Found {
            matched: Some(found),
            cached_decitokens: cache.decitokens(&found, incoming.input_decitokens),
            stores: cache.stored() == Stored::AfterPrefill,
        }
    }

    /// Tenths of a token of a prompt that a server of `model` did not have, and keeps
    /// now: whole blocks only.
    pub(super) fn written_decitokens(&self, input: u64, cached: u64, model: u32) -> u64 {
        let Some(cache) = &self.prefixes[model as usize] else { return 0 };
        let block = 10 * u64::from(cache.block_tokens());
        (input - input % block).saturating_sub(cached)
    }

    /// The only server of a model has read the prompt.
    pub(super) fn prefilled(&mut self, slot: u32) {
        let Request { incoming, model, .. } = self.requests[slot as usize];
        self.keep_prefix(&incoming, model as usize, 0);
    }

    /// A server has read a prompt, which others may use from now on.
    pub(super) fn keep_prefix(&mut self, incoming: &Incoming, model: usize, server: usize) {
        let System { source, flows, prefixes, blocks, .. } = self;
        let Some(cache) = &mut prefixes[model] else { return };
        let size = cache.block_tokens();
        let prompt = prefix(source, flows.as_deref(), incoming, size, blocks);
        cache.commit(server, prompt);
    }
}

/// A row for each tier of each model's prefix cache.
pub(super) fn table(system: &System<'_>, setup: &Setup) -> Table {
    let mut table = Table::new([
        "model",
        "tier",
        "lookups",
        "hits",
        "hit_rate",
        "used",
        "loading_s",
        "insertions",
        "promotions",
        "evictions",
        "blocks",
    ]);
    for ((name, _), cache) in setup.models.iter().zip(&system.prefixes) {
        let Some(cache) = cache else { continue };
        for (depth, tier) in cache.names().iter().enumerate() {
            let (stats, blocks) = cache.stats(depth);
            let asked = cache.asked();
            let rate = (asked > 0).then(|| stats.found as f64 / asked as f64);
            table.push(vec![
                name.as_str().into(),
                tier.as_str().into(),
                asked.into(),
                stats.found.into(),
                rate.into(),
                stats.used.into(),
                Cell::Num(stats.loading_ns as f64 / 1e9),
                stats.insertions.into(),
                stats.promotions.into(),
                stats.evictions.into(),
                blocks.into(),
            ]);
        }
    }
    table
}
