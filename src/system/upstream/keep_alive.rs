//! Requests that a client sends to keep its prompts in a provider's cache.
//!
//! Each conversation has one timer: so long after its last request, or the last of these, the
//! prompt as it was is sent again, for next to no answer. It is paid for, reads what is there,
//! and writes what is not. It takes no time and no server.

use std::collections::{HashMap, VecDeque};

use super::Upstream;
use super::traced::nothing;
use crate::cache::prompt::{Asked, KeepAliveSpec, PromptUse};
use crate::cost::Usage;
use crate::kernel::{Scheduler, Time};
use crate::system::context::Context;
use crate::system::event::Event;
use crate::system::tracer::{AttemptKind, AttemptOutcome, TracedAttempt};
use crate::workload::{Incoming, PromptParts};

/// The conversations of one model that are kept alive.
pub(super) struct KeepAlive {
    spec: KeepAliveSpec,
    kept: Vec<Kept>,
    free: Vec<u32>,
    /// By conversation.
    places: HashMap<u64, u32>,
    /// When which is due, in order; those whose stamp is old were asked again meanwhile.
    due: VecDeque<(Time, u32, u64)>,
    stamps: u64,
    /// Whether an event will look at what is due.
    awaited: bool,
}

/// A prompt that is kept alive.
#[derive(Default)]
struct Kept {
    conversation: u64,
    prompt: PromptParts,
    incoming: Incoming,
    request: u64,
    /// Whether that counts.
    measured: bool,
    /// Its workflow, which knows when it is over.
    workflow: Option<u64>,
    asked: Asked,
    used: Time,
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
        (conversation, scope): (Option<u64>, Option<&u32>),
        (request, measured, workflow): (u64, bool, Option<u64>),
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
        let place = match self.places.get(&conversation).copied() {
            Some(place) => place,
            None => {
                let place = self.free.pop().unwrap_or_else(|| {
                    self.kept.push(Kept::default());
                    self.kept.len() as u32 - 1
                });
                self.places.insert(conversation, place);
                place
            }
        };
        let now = sim.now();
        let kept = &mut self.kept[place as usize];
        kept.conversation = conversation;
        kept.prompt.copy(prompt);
        kept.incoming = Incoming { blocks: None, thread: None, call: None, ..*incoming };
        (kept.request, kept.measured, kept.workflow) = (request, measured, workflow);
        kept.used = now;
        let scope = scope.copied().unwrap_or(0);
        kept.asked = Asked { scope, lifetime: used.lifetime, ..Asked::default() };
        self.wait(place, now);
        self.await_next(sim, model);
    }

    fn wait(&mut self, place: u32, now: Time) {
        self.stamps += 1;
        self.kept[place as usize].stamp = self.stamps;
        self.due.push_back((now.saturating_add(self.spec.every), place, self.stamps));
    }

    /// Sees to it that an event looks at what is due next.
    fn await_next(&mut self, sim: &mut Scheduler<Event>, model: u32) {
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
    fn next(&mut self, now: Time) -> Option<u32> {
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

    fn forget(&mut self, place: u32) {
        let kept = &mut self.kept[place as usize];
        kept.stamp = 0;
        self.places.remove(&kept.conversation);
        self.free.push(place);
    }
}

impl Upstream {
    /// Conversations that nobody has asked for a while are kept alive; none where nobody will
    /// ask any more (`over`).
    pub fn keep_alive(&mut self, model: u32, over: bool, cx: &mut Context<'_, '_>) {
        let now = cx.now();
        let Some(prompts) = self.prompts.as_mut() else { return };
        let Some(here) = prompts.models[model as usize].as_mut() else { return };
        let Some(mut keep) = here.keep_alive.take() else { return };
        keep.awaited = false;
        while let Some(place) = keep.next(now) {
            let Kept { used, workflow, .. } = keep.kept[place as usize];
            let ended = workflow.is_some_and(|number| !cx.clients.has_workflow(number));
            if over || ended || now - used > keep.spec.until {
                keep.forget(place);
                continue;
            }
            let kept = &keep.kept[place as usize];
            let mut used = here.cache.look_up(&kept.prompt, &kept.asked, now);
            here.cache.touch(&kept.prompt, &used, now, now);
            here.cache.write(&kept.prompt, &used, now, now);
            used.wrote = true;
            let usage = Usage {
                cached_decitokens: 10 * used.read,
                written_decitokens: 10 * used.written(),
                for_an_hour: here.is_hour(used.lifetime),
                // What comes after the last mark is not sent.
                ..Usage::new(10 * used.until, keep.spec.output_tokens)
            };
            let (user, measured) = (kept.incoming.user, kept.measured);
            let (charge, observers) = (&mut *cx.charge, &mut *cx.observers);
            let cost = charge.keep_alive((user, measured), model, &usage, observers, now);
            if observers.traces() {
                let of = (kept.request, user.0, measured);
                observers.trace_attempt(&TracedAttempt {
                    kind: AttemptKind::KeepAlive,
                    input_decitokens: usage.input_decitokens,
                    cached_decitokens: usage.cached_decitokens,
                    output_tokens: usage.output_tokens,
                    prefix: Some(crate::cache::Match::default()),
                    cost,
                    ..nothing(of, model, now, AttemptOutcome::KeptAlive)
                });
            }
            keep.wait(place, now);
        }
        if !over {
            keep.await_next(cx.sim, model);
        }
        here.keep_alive = Some(keep);
    }
}
