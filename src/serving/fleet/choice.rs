//! Which replica gets a request.

use super::{DisaggregateSpec, Fleet, Phase, Server};
use crate::kernel::Time;
use crate::serving::balance::Ask;

impl Fleet {
    /// The replicas that may get a request now.
    pub fn available(&mut self, now: Time) -> &[u32] {
        if now >= self.valid_until {
            self.refresh(now);
        }
        &self.available
    }

    /// Until when the replicas that may get a request stay the same if nothing happens.
    pub const fn valid_until(&self) -> Time {
        self.valid_until
    }

    /// The replica for a request with a prompt of `kv_tokens`, if any may get it; another
    /// than `not` if there is one. Before replicas that share a queue only those may that
    /// have room.
    pub fn choose(
        &mut self,
        now: Time,
        affinity: u64,
        not: Option<u32>,
        kv_tokens: u64,
    ) -> Option<u32> {
        self.available(now);
        // They are in rising order, those that compute prompts first.
        let side = self.split.as_ref().map_or(self.available.len(), |(split, _)| {
            self.available.partition_point(|replica| *replica < split.prefill)
        });
        if self.queue.is_some() || not.is_some() {
            self.pick_candidates(side, not, kv_tokens);
        }
        let Fleet { available, candidates, loads, balancer, queue, .. } = self;
        let from = if queue.is_some() || not.is_some() { candidates } else { &available[..side] };
        (!from.is_empty()).then(|| balancer.pick(&Ask { affinity, loads, available: from }))
    }

    /// Those of the first `side` available replicas that may get a request.
    fn pick_candidates(&mut self, side: usize, not: Option<u32>, kv_tokens: u64) {
        let mut candidates = std::mem::take(&mut self.candidates);
        let may = |replica: &&u32| self.queue.is_none() || self.has_room(**replica, kv_tokens);
        candidates.clear();
        candidates.extend(self.available[..side].iter().filter(may));
        if candidates.len() > 1 {
            candidates.retain(|replica| Some(*replica) != not);
        }
        self.candidates = candidates;
    }

    /// Whether a replica could begin at once with a request with a prompt of `kv_tokens`:
    /// it has a server or a seat free, and its engine's memory is not spoken for.
    fn has_room(&self, replica: u32, kv_tokens: u64) -> bool {
        let node = &self.nodes[replica as usize];
        let outstanding = self.loads[replica as usize].outstanding;
        let seats = node.server.limit().is_none_or(|limit| outstanding < limit);
        match &node.server {
            Server::Station(_) => seats,
            // A prompt that fits no engine is refused by the one that gets it.
            Server::Engine(_) if outstanding == 0 => true,
            Server::Engine(batching) => {
                let demand = batching.demand_tokens() + kv_tokens;
                seats && demand <= batching.engine().capacity_tokens()
            }
        }
    }

    /// How prompts are computed apart, if `replica` is one that does so.
    pub fn prefills(&self, replica: u32) -> Option<&DisaggregateSpec> {
        self.split.as_ref().map(|(split, _)| split).filter(|split| replica < split.prefill)
    }

    /// The replica that decodes a request whose prompt is computed, if any is available.
    pub fn choose_decode(&mut self, now: Time, affinity: u64) -> Option<u32> {
        self.available(now);
        let Fleet { available, loads, split, .. } = self;
        let (split, balancer) = split.as_mut()?;
        let from = &available[available.partition_point(|it| *it < split.prefill)..];
        (!from.is_empty()).then(|| balancer.pick(&Ask { affinity, loads, available: from }))
    }

    /// Who may get a request, and until when that stays so if nothing happens.
    fn refresh(&mut self, now: Time) {
        self.available.clear();
        self.valid_until = Time::MAX;
        for (replica, node) in self.nodes.iter().enumerate() {
            if node.phase() != Phase::Up {
                continue;
            }
            match &node.breaker {
                Some(breaker) if !breaker.admits(now) => {
                    let reopens = breaker.reopens().unwrap_or(Time::MAX);
                    self.valid_until = self.valid_until.min(reopens);
                }
                _ => self.available.push(replica as u32),
            }
        }
    }
}
