//! What follows an answer: the next turn of a session, the next request of a
//! closed loop.

use super::model::{Event, System};
use super::run::RunError;
use crate::kernel::Scheduler;
use crate::workload::Incoming;

/// Requests of clients that wait for answers, without any time passing, after which
/// a run is given up: each of them has been answered at once and asked again.
const MOST_AT_ONCE: u32 = 20_000_000;

impl System<'_> {
    /// A client has its answer, of so many tokens, or an error: its next request is
    /// scheduled.
    pub(super) fn go_on(
        &mut self,
        incoming: &Incoming,
        measured: bool,
        answer: Option<u32>,
        sim: &mut Scheduler<Event>,
    ) {
        let now = sim.now();
        let follow_up = self.source.follow_up(incoming, answer, now);
        if let Some(end) = follow_up.ended
            && measured
        {
            self.measures.sessions += 1;
            self.measures.sessions_abandoned += u64::from(end.abandoned);
            self.measures.turns += u64::from(end.turns);
        }
        let Some(next) = follow_up.next else { return };
        if next.at > self.last_arrival {
            return;
        }
        self.at_once = if next.at > incoming.at { 0 } else { self.at_once + 1 };
        if self.at_once > MOST_AT_ONCE {
            let at_s = now.as_secs_f64();
            self.failure = Some(RunError::Standstill { at_s, requests: self.at_once });
            sim.stop();
            return;
        }
        let slot = self.following.insert(next) as u32;
        sim.schedule_at(next.at, Event::Follow(slot));
    }

    /// The request comes.
    pub(super) fn follow(&mut self, slot: u32, sim: &mut Scheduler<Event>) {
        let incoming = self.following.remove(slot as usize);
        if let Some(call) = incoming.call {
            self.make_call(call, incoming, sim);
            return;
        }
        if self.arrived < self.most_requests {
            self.arrived += 1;
            self.take_in(incoming, sim);
        }
    }
}
