//! A prompt before a model's servers: what their prefix caches have of it.

use super::Upstream;
use crate::cache::prefix::Stored;
use crate::cache::{Match, PrefixCache};
use crate::kernel::Time;
use crate::stats::{Cell, Table};
use crate::system::clients::Clients;
use crate::system::setup::Setup;
use crate::workload::Incoming;

/// Tokens of a block where no prefix cache says.
const BLOCK_TOKENS: u32 = 512;

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

impl Upstream {
    /// What a balancer needs to know of the prompt: what stands for its beginning, and what
    /// each replica has of it.
    #[inline]
    pub(super) fn prepare_choice(
        &mut self,
        incoming: &Incoming,
        model: u32,
        clients: &Clients,
    ) -> u64 {
        let servers = &self.models[model as usize];
        if servers.matched {
            self.look_into_replicas(incoming, model, clients);
        }
        let Upstream { models, blocks, .. } = self;
        let servers = &models[model as usize];
        let Some(count) = servers.affinity else { return 0 };
        let of_cache = servers.prefixes.as_ref().map(PrefixCache::block_tokens);
        let size = servers.engine_blocks.or(of_cache).unwrap_or(BLOCK_TOKENS);
        let prompt = clients.prefix(incoming, size, blocks);
        match prompt.get(..prompt.len().min(count as usize)) {
            // Equal ids mean equal blocks after equal prefixes, so that the last
            // stands for all.
            Some([.., last]) => *last,
            _ => incoming.prompt.0,
        }
    }

    fn look_into_replicas(&mut self, incoming: &Incoming, model: u32, clients: &Clients) {
        let Upstream { models, blocks, .. } = self;
        let servers = &mut models[model as usize];
        let of_cache = servers.prefixes.as_ref().map(PrefixCache::block_tokens);
        let size = servers.engine_blocks.or(of_cache).unwrap_or(BLOCK_TOKENS);
        let prompt = clients.prefix(incoming, size, blocks);
        let whole = incoming.input_decitokens.max(10) as f32 / 10.0;
        let share = |tokens: u64| (tokens as f32 / whole).min(1.0);
        let fleet = &mut servers.fleet;
        match &servers.prefixes {
            Some(cache) => fleet.set_matched(|replica| {
                share(cache.matched(replica as usize, prompt) as u64 * u64::from(size))
            }),
            None => fleet.match_engines(prompt, |tokens| share(u64::from(tokens))),
        }
    }

    /// A replica begins to work on a prompt: looks up what it has of it.
    #[inline]
    pub(super) fn look_up_prefix(
        &mut self,
        incoming: &Incoming,
        model: u32,
        replica: u32,
        now: Time,
        clients: &Clients,
    ) -> Found {
        let Upstream { models, blocks, .. } = self;
        let servers = &mut models[model as usize];
        let Some(cache) = &mut servers.prefixes else { return Found::default() };
        let size = cache.block_tokens();
        let prompt = clients.prefix(incoming, size, blocks);
        let per_token = servers.latency.per_input_token();
        let found = cache.match_prefix(replica as usize, prompt, now, per_token);
        Found {
            matched: Some(found),
            cached_decitokens: cache.decitokens(&found, incoming.input_decitokens),
            stores: cache.stored() == Stored::AfterPrefill,
        }
    }

    /// Tenths of a token of a prompt of `input` that a replica of `model` keeps now and did
    /// not have: the whole blocks that were not `found`.
    pub fn written_decitokens(&self, model: u32, found: Option<Match>, input: u64) -> u64 {
        let Some(found) = found else { return 0 };
        let servers = &self.models[model as usize];
        let of_cache = servers.prefixes.as_ref().map(PrefixCache::block_tokens);
        let Some(size) = of_cache.or(servers.keeps_blocks) else { return 0 };
        let block = 10 * u64::from(size);
        (input / block).saturating_sub(u64::from(found.used)) * block
    }

    /// A replica has read a prompt, which others may use from now on.
    pub(super) fn keep_prefix(
        &mut self,
        incoming: &Incoming,
        model: u32,
        replica: u32,
        clients: &Clients,
    ) {
        let Upstream { models, blocks, .. } = self;
        let Some(cache) = &mut models[model as usize].prefixes else { return };
        let size = cache.block_tokens();
        let prompt = clients.prefix(incoming, size, blocks);
        cache.commit(replica as usize, prompt);
    }
}

/// A row for each tier of each model's prefix cache.
pub fn table(upstream: &Upstream, setup: &Setup) -> Table {
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
    for ((name, _), servers) in setup.models.iter().zip(&upstream.models) {
        let Some(cache) = &servers.prefixes else { continue };
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
