//! Which replica gets a request.

use super::{DisaggregateSpec, Fleet, Server};
use crate::kernel::Time;
use crate::serving::balance::{Among, Ask, room_for};

impl Fleet {
    /// The replicas that may get a request now.
    pub fn available(&mut self, now: Time) -> &[u32] {
        self.availability.refresh(now, &self.nodes, &mut self.loads);
        self.availability.all()
    }

    /// Until when the replicas that may get a request stay the same if nothing happens.
    pub const fn valid_until(&self) -> Time {
        self.availability.valid_until()
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
        self.look_into_engines();
        // Where prompts are computed apart, that is done by the first side.
        let among = if self.queue.is_none() {
            Among::side(self.availability.side(0), 0, not)
        } else if self.needs.only_next {
            Among::with_room(0, kv_tokens, not)
        } else if self.all_have_room(kv_tokens) {
            Among::side(self.availability.side(0), 0, not)
        } else {
            if self.candidates.len() > 1 {
                self.candidates.retain(|replica| Some(*replica) != not);
            }
            Among::List(&self.candidates)
        };
        let some = match among {
            Among::Side { available, .. } => !available.is_empty(),
            Among::WithRoom { .. } => self.somebody_has_room(kv_tokens),
            Among::List(list) => !list.is_empty(),
        };
        some.then(|| self.balancer.pick(&Ask { affinity, loads: &self.loads, among }))
    }

    fn somebody_has_room(&self, kv_tokens: u64) -> bool {
        let side = self.loads.side(0);
        let most = self.loads.by_room().map(|by_room| by_room.least(side.start, side.end));
        most.is_some_and(|most| most <= room_for(kv_tokens))
    }

    /// Lists the available replicas that have room; whether those are all.
    fn all_have_room(&mut self, kv_tokens: u64) -> bool {
        self.candidates.clear();
        if !self.somebody_has_room(kv_tokens) {
            return false;
        }
        let Some(by_room) = self.loads.by_room() else { return false };
        let (room, available) = (room_for(kv_tokens), self.availability.side(0));
        let has_room = |replica: &u32| by_room.key(*replica) <= room;
        self.candidates.extend(available.iter().copied().filter(has_room));
        self.candidates.len() == available.len()
    }

    /// Looks again at the engines that something has been done with.
    fn look_into_engines(&mut self) {
        let Some(stale) = &mut self.stale else { return };
        while let Some(replica) = stale.take() {
            let Server::Engine(batching) = &mut self.nodes[replica as usize].server else {
                continue;
            };
            self.loads.set_kv_tokens(replica, batching.demand_tokens());
            if self.queue.is_some() {
                self.loads.set_room(replica, batching.room_tokens());
            }
            if let Some((holders, _)) = &mut self.holders {
                for (block, known) in batching.take_noted() {
                    if known {
                        holders.add(block, replica);
                    } else {
                        holders.remove(block, replica);
                    }
                }
            }
        }
    }

    /// Says of each replica what share of the prompt at hand it has.
    pub fn set_matched(&mut self, share: impl Fn(u32) -> f32) {
        self.loads.clear_matched();
        for replica in 0..self.len() {
            self.loads.set_matched(replica, share(replica));
        }
    }

    /// Finds what the engines have of a prompt, which is a chain of `blocks`; `share` says
    /// what share of it so many tokens are.
    pub fn match_engines(&mut self, blocks: &[u64], share: impl Fn(u32) -> f32) {
        self.look_into_engines();
        self.loads.clear_matched();
        if !self.needs.matched {
            return;
        }
        if let Some((holders, tokens)) = &mut self.holders {
            holders.matched(blocks, |replica, known| {
                self.loads.set_matched(replica, share(known * *tokens));
            });
            return;
        }
        for (replica, node) in (0..).zip(&self.nodes) {
            if let Server::Engine(batching) = &node.server {
                self.loads.set_matched(replica, share(batching.engine().cached_tokens(blocks)));
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
        self.look_into_engines();
        let (_, balancer) = self.split.as_mut()?;
        let available = self.availability.side(1);
        let among = Among::side(available, 1, None);
        (!available.is_empty()).then(|| balancer.pick(&Ask { affinity, loads: &self.loads, among }))
    }
}
