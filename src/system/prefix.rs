//! A prompt before a model's server: what the prefix cache has of it.

use super::model::System;
use super::request::Request;
use super::setup::Setup;
use crate::cache::prefix::Stored;
use crate::kernel::Time;
use crate::stats::{Cell, Table};

/// Every model has one server so far.
const SERVER: usize = 0;

impl System<'_> {
    /// A server begins to work on a request: looks up what it has of the prompt. True
    /// if it wants to know when it has read it.
    pub(super) fn look_up_prefix(&mut self, request: &mut Request, now: Time) -> bool {
        let model = request.model as usize;
        let System { source, prefixes, blocks, servers, .. } = self;
        let Some(cache) = &mut prefixes[model] else { return false };
        let prompt = source.prefix(&request.incoming, cache.block_tokens(), blocks);
        let found = cache.look(SERVER, prompt, now, servers[model].per_input_token());
        request.cached_decitokens = cache.decitokens(&found, request.incoming.input_decitokens);
        request.prefix = Some(found);
        cache.stored() == Stored::AfterPrefill
    }

    /// Tenths of a token of the prompt that the server did not have, and keeps now:
    /// whole blocks only.
    pub(super) fn written_decitokens(&self, request: &Request) -> u64 {
        let cache = self.prefixes[request.model as usize].as_ref();
        let Some(cache) = cache.filter(|_| request.prefix.is_some()) else { return 0 };
        let input = request.incoming.input_decitokens;
        let block = 10 * u64::from(cache.block_tokens());
        (input - input % block).saturating_sub(request.cached_decitokens)
    }

    /// The server has read the prompt, which others may use from now on.
    pub(super) fn prefilled(&mut self, slot: u32) {
        let request = &self.requests[slot as usize];
        let System { source, prefixes, blocks, .. } = self;
        let Some(cache) = &mut prefixes[request.model as usize] else { return };
        let prompt = source.prefix(&request.incoming, cache.block_tokens(), blocks);
        cache.commit(SERVER, prompt);
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
