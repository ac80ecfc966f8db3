//! What follows an answer: the next turn of a session, the next request of a
//! closed loop.

use super::Clients;
use crate::kernel::Scheduler;
use crate::system::event::Event;
use crate::system::measure::Measures;
use crate::system::run_error::RunError;
use crate::workload::Incoming;

/// Requests of clients that wait for answers, without any time passing, after which
/// a run is given up: each of them has been answered at once and asked again.
const MOST_AT_ONCE: u32 = 20_000_000;

impl Clients {
    /// A client has its answer, of so many tokens, or an error: its next request is
    /// scheduled.
    pub fn follow_up(
        &mut self,
        incoming: &Incoming,
        measured: bool,
        answer: Option<u32>,
        counts: &mut Measures,
        sim: &mut Scheduler<Event>,
    ) {
        let now = sim.now();
        let follow_up = self.source.follow_up(incoming, answer, now);
        if let Some(end) = follow_up.ended
            && measured
        {
            counts.sessions += 1;
            counts.sessions_abandoned += u64::from(end.abandoned);
            counts.turns += u64::from(end.turns);
        }
        if let Some(error) = self.source.take_failure() {
            self.fail(error.into(), sim);
        }
        let Some(next) = follow_up.next else { return };
        if !self.is_open(next.at) {
            return;
        }
        self.at_once = if next.at > incoming.at { 0 } else { self.at_once + 1 };
        if self.at_once > MOST_AT_ONCE {
            let at_s = now.as_secs_f64();
            self.fail(RunError::Standstill { at_s, requests: self.at_once }, sim);
            return;
        }
        let id = self.following.insert(next);
        sim.schedule_at(next.at, Event::Follow(id));
    }
}
