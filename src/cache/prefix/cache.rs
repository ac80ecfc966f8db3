//! The prefix cache of all servers of a model.

use super::loading::Loading;
use super::spec::{Load, PrefixCacheSpec, Stored};
use super::tier::{Tier, TierStats};
use crate::cache::{Key, Slot};
use crate::kernel::{Duration, Streams, Time};

/// What a server has of a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// Blocks of the prompt.
    pub blocks: u32,
    /// Of these, blocks in any tier, wherever they are in the prompt.
    pub found: u32,
    /// Blocks from the first on that need not be computed.
    pub used: u32,
    /// Until they are loaded.
    pub loading: Duration,
}

/// Blocks in tiers: of each server its own, then those that all share. A block is
/// in at most one of a server's own tiers; what it evicts from one moves on to the
/// next. A block found below the first tier moves up to it, or is copied from a
/// shared tier, where others may want it.
///
/// ```
/// use windtunnel::cache::{PrefixCache, PrefixCacheSpec};
/// use windtunnel::kernel::{Duration, Streams, Time};
///
/// let spec = PrefixCacheSpec::default();
/// let mut cache = PrefixCache::new(&spec, 1, "llama", &Streams::new(42, 0));
/// assert_eq!(cache.match_prefix(0, &[1, 2, 3], Time::ZERO, Duration::ZERO).used, 0);
/// cache.commit(0, &[1, 2, 3]);
/// let found = cache.match_prefix(0, &[1, 2, 7], Time::ZERO, Duration::ZERO);
/// assert_eq!((found.blocks, found.used), (3, 2));
/// assert_eq!(cache.decitokens(&found, 15_000), 10_240, "two blocks of 512 tokens");
/// ```
#[derive(Clone, Debug)]
pub struct PrefixCache {
    block_tokens: u32,
    stored: Stored,
    load: Load,
    names: Vec<String>,
    /// Tiers that each server has of its own; the others are shared.
    own: usize,
    servers: usize,
    /// The first server's own tiers, the second's, ..., the shared ones.
    tiers: Vec<Tier>,
    /// By depth, a server's own tiers as they were at first.
    blank: Vec<Tier>,
    /// Blocks that were looked for.
    asked: u64,
    loading: Loading,
    /// Blocks on their way down, to this tier and to the next.
    going: Vec<Key>,
    gone: Vec<Key>,
}

impl PrefixCache {
    /// Empty tiers for `servers` servers of the model called `name`. A policy that
    /// draws lots has the stream `serving.NAME.prefix.TIER.SERVER`.
    pub fn new(spec: &PrefixCacheSpec, servers: usize, name: &str, streams: &Streams) -> Self {
        let specs = spec.all_tiers();
        let own = specs.iter().position(|tier| tier.shared).unwrap_or(specs.len());
        let names: Vec<_> = specs.iter().zip(0..).map(|(tier, at)| tier.name_at(at)).collect();
        let tier = |depth: usize, server: usize| {
            let stream = format!("serving.{name}.prefix.{}.{server}", names[depth]);
            let last = depth + 1 == specs.len();
            let capacity = spec.blocks(specs[depth].capacity);
            Tier::new(&specs[depth], capacity, spec.block_bytes(), last, streams.stream(&stream))
        };
        let of_servers = (0..servers).flat_map(|server| (0..own).map(move |depth| (depth, server)));
        let shared = (own..specs.len()).map(|depth| (depth, 0));
        let blank = (0..own).map(|depth| tier(depth, 0)).collect();
        PrefixCache {
            blank,
            block_tokens: spec.block_tokens,
            stored: spec.stored,
            load: spec.load,
            own,
            servers,
            tiers: of_servers.chain(shared).map(|(depth, server)| tier(depth, server)).collect(),
            asked: 0,
            loading: Loading::new(specs.len()),
            going: Vec::new(),
            gone: Vec::new(),
            names,
        }
    }

    /// Tokens of a block.
    pub fn block_tokens(&self) -> u32 {
        self.block_tokens
    }

    /// When blocks are stored.
    pub fn stored(&self) -> Stored {
        self.stored
    }

    /// The names of the tiers.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// A tier of a server, or one that it shares.
    pub fn tier(&self, server: usize, depth: usize) -> &Tier {
        &self.tiers[self.index(server, depth)]
    }

    /// Blocks that were looked for since the last
    /// [`reset_stats`](PrefixCache::reset_stats).
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// What happened in the tiers at `depth` of all servers, and the blocks that
    /// they hold.
    pub fn stats(&self, depth: usize) -> (TierStats, u64) {
        let servers = if depth < self.own { self.servers } else { 1 };
        let mut sum = (TierStats::default(), 0);
        for server in 0..servers {
            let tier = self.tier(server, depth);
            sum.0.add(&tier.stats);
            sum.1 += tier.len() as u64;
        }
        sum
    }

    /// Counts from zero again; the blocks stay.
    pub fn reset_stats(&mut self) {
        self.asked = 0;
        for tier in &mut self.tiers {
            tier.stats = TierStats::default();
        }
    }

    /// Server `server` begins to work on a prompt of `blocks` at `now`: what it has
    /// of it. To compute a token takes `per_token`.
    ///
    /// Where blocks are stored [`AfterPrefill`](Stored::AfterPrefill), nothing
    /// moves until [`commit`](PrefixCache::commit).
    pub fn match_prefix(
        &mut self,
        server: usize,
        blocks: &[u64],
        now: Time,
        per_token: Duration,
    ) -> Match {
        let compute = match self.load {
            Load::Always => None,
            Load::IfFaster => Some(per_token * u64::from(self.block_tokens)),
        };
        self.loading.begin();
        let (mut found, mut begins) = (0, true);
        for block in blocks {
            let place = self.find(server, Key(*block));
            if let Some((depth, _)) = place {
                let index = self.index(server, depth);
                found += 1;
                self.tiers[index].stats.found += 1;
                if begins {
                    self.loading.add(depth, &self.tiers[index], now, compute);
                }
            } else {
                begins = false;
            }
            if self.stored == Stored::AtLookup {
                self.ask(server, Key(*block), place);
            }
        }
        self.asked += blocks.len() as u64;
        let used = self.loading.kept();
        Match { blocks: blocks.len() as u32, found, used, loading: self.load(server, now) }
    }

    /// How many blocks from the first on a server has, in any tier. Nothing moves, and
    /// nothing is counted.
    pub fn matched(&self, server: usize, blocks: &[u64]) -> usize {
        blocks.iter().take_while(|block| self.find(server, Key(**block)).is_some()).count()
    }

    /// A server loses all that it has of its own: it crashed, or was switched off.
    pub fn clear(&mut self, server: usize) {
        for depth in 0..self.own {
            let index = self.index(server, depth);
            self.tiers[index].empty(&self.blank[depth]);
        }
    }

    /// The server has read a prompt of `blocks`: all of them are in its first tier
    /// now, as far as they fit, the first used last.
    pub fn commit(&mut self, server: usize, blocks: &[u64]) {
        if self.stored == Stored::AtLookup {
            return;
        }
        for block in blocks.iter().rev() {
            let place = self.find(server, Key(*block));
            self.ask(server, Key(*block), place);
        }
    }

    /// Tenths of a token of a prompt that need not be computed. The last token
    /// always is: what comes next is made of it.
    #[inline]
    pub fn decitokens(&self, found: &Match, input_decitokens: u64) -> u64 {
        let used = u64::from(found.used) * u64::from(self.block_tokens) * 10;
        used.min(input_decitokens.saturating_sub(10))
    }

    #[inline]
    fn index(&self, server: usize, depth: usize) -> usize {
        debug_assert!(server < self.servers && depth < self.names.len());
        if depth < self.own {
            server * self.own + depth
        } else {
            self.servers * self.own + depth - self.own
        }
    }

    /// The first tier of a server that has a block.
    #[inline]
    fn find(&self, server: usize, block: Key) -> Option<(usize, Slot)> {
        (0..self.names.len()).find_map(|depth| {
            let slot = self.tiers[self.index(server, depth)].find(block)?;
            Some((depth, slot))
        })
    }

    /// Loads what was found, over all links at the same time.
    fn load(&mut self, server: usize, now: Time) -> Duration {
        let mut time = Duration::ZERO;
        for depth in 0..self.names.len() {
            let index = self.index(server, depth);
            time = time.max(self.tiers[index].load(self.loading.kept_of(depth), now));
        }
        time
    }

    /// A block is asked for: used where it is in the first tier, brought there
    /// where it is not.
    #[inline]
    fn ask(&mut self, server: usize, block: Key, place: Option<(usize, Slot)>) {
        match place {
            Some((0, slot)) => {
                let index = self.index(server, 0);
                self.tiers[index].touch(slot);
                return;
            }
            Some((depth, slot)) => {
                let index = self.index(server, depth);
                if depth < self.own {
                    self.tiers[index].promote(slot);
                } else {
                    self.tiers[index].touch(slot);
                }
            }
            None => {}
        }
        self.insert(server, block);
    }

    /// Puts a block into the first tier, what has to go for it into the second, and
    /// so on.
    fn insert(&mut self, server: usize, block: Key) {
        let first = self.index(server, 0);
        self.tiers[first].insert(block, &mut self.going);
        for depth in 1..self.names.len() {
            if self.going.is_empty() {
                return;
            }
            let index = self.index(server, depth);
            let tier = &mut self.tiers[index];
            for block in self.going.drain(..) {
                // Another server may have put it into a shared tier.
                match tier.find(block) {
                    Some(slot) => tier.touch(slot),
                    None => tier.insert(block, &mut self.gone),
                }
            }
            std::mem::swap(&mut self.going, &mut self.gone);
        }
        debug_assert!(self.going.is_empty(), "the last tier passes nothing on");
    }
}
