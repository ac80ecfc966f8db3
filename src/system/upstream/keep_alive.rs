//! Requests that a client sends to keep its prompts in a provider's cache.
//!
//! Each conversation has one timer: so long after its last request, or the last of these, the
//! prompt as it was is sent again, for next to no answer. It is paid for, reads what is there,
//! and writes what is not. It takes no time and no server.

use std::collections::{HashMap, VecDeque};

use crate::cache::prompt::{Asked, KeepAliveSpec, PromptUse};
use crate::kernel::{Scheduler, Time};
use crate::system::event::Event;
use crate::workload::{Incoming, PromptParts};

/// The conversations of one model that are kept alive.
pub(super) struct KeepAlive {
    pub spec: KeepAliveSpec,
    pub kept: Vec<Kept>,
    free: Vec<u32>,
    /// By conversation.
    places: HashMap<u64, u32>,
    /// When which is due, in order; those whose stamp is old were asked again meanwhile.
    due: VecDeque<(Time, u32, u64)>,
    stamps: u64,
    /// Whether an event will look at what is due.
    pub awaited: bool,
}

/// A prompt that is kept alive.
#[derive(Default)]
pub(super) struct Kept {
    conversation: u64,
    pub prompt: PromptParts,
    pub incoming: Incoming,
    pub request: u64,
    /// Whether that counts.
    pub measured: bool,
    /// Its workflow, which knows when it is over, and its step.
    pub workflow: Option<(u64, u32)>,
    pub asked: Asked,
    pub used: Time,
    stamp: u64,
}

impl KeepAlive {
    pub fn new(spec: KeepAliveSpec) -> Self {
        KeepAlive {
            spec,
            kept: Vec::new(),
            free: Vec::new(),
            places: HashMap::new(),
            due: VecDeque::new(),
            stamps: 0,
            awaited: false,
        }
    }

    /// A request of a conversation was sent: the next of these comes so long after it.
    #[expect(clippy::too_many_arguments, reason = "who asked what, and where the timer is")]
    pub fn used(
        &mut self,
        (conversation, scope): (Option<u64>, u32),
        (request, measured, workflow): (u64, bool, Option<(u64, u32)>),
        incoming: &Incoming,
        prompt: &PromptParts,
        used: &PromptUse,
        sim: &mut Scheduler<Event>,
        model: u32,
    ) {
        let first = prompt.parts().first().map_or(0, |(line, _)| *line);
        let conversation = conversation.unwrap_or(first);
        if used.until == 0 {
            return;
        }
        let KeepAlive { places, free, kept, .. } = self;
        let place = *places.entry(conversation).or_insert_with(|| {
            free.pop().unwrap_or_else(|| {
                kept.push(Kept::default());
                kept.len() as u32 - 1
            })
        });
        let now = sim.now();
        let kept = &mut self.kept[place as usize];
        kept.conversation = conversation;
        kept.prompt.copy(prompt);
        kept.incoming = Incoming { blocks: None, thread: None, call: None, ..*incoming };
        (kept.request, kept.measured, kept.workflow) = (request, measured, workflow);
        kept.used = now;
        kept.asked = Asked { scope, lifetime: used.lifetime, ..Asked::default() };
        self.wait(place, now);
        self.await_next(sim, model);
    }

    pub fn wait(&mut self, place: u32, now: Time) {
        self.stamps += 1;
        self.kept[place as usize].stamp = self.stamps;
        self.due.push_back((now.saturating_add(self.spec.every), place, self.stamps));
    }

    /// Sees to it that an event looks at what is due next.
    pub fn await_next(&mut self, sim: &mut Scheduler<Event>, model: u32) {
        while let Some((_, place, stamp)) = self.due.front()
            && self.kept[*place as usize].stamp != *stamp
        {
            self.due.pop_front();
        }
        if let (Some((at, ..)), false) = (self.due.front(), self.awaited) {
            self.awaited = true;
            sim.schedule_at(*at, Event::KeepAlive(model));
        }
    }

    /// The next that is due by `now`, if any is.
    pub fn next(&mut self, now: Time) -> Option<u32> {
        while let Some((at, place, stamp)) = self.due.front().copied()
            && at <= now
        {
            self.due.pop_front();
            if self.kept[place as usize].stamp == stamp {
                return Some(place);
            }
        }
        None
    }

    /// Nobody is kept alive any more, until somebody asks again.
    pub fn forget_all(&mut self) {
        while let Some((_, place, stamp)) = self.due.pop_front() {
            if self.kept[place as usize].stamp == stamp {
                self.forget(place);
            }
        }
    }

    pub fn forget(&mut self, place: u32) {
        let kept = &mut self.kept[place as usize];
        kept.stamp = 0;
        self.places.remove(&kept.conversation);
        self.free.push(place);
    }
}
