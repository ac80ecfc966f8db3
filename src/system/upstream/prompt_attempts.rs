//! Attempts at hosted models: what their providers' caches have of a prompt, and what they keep
//! of it.

use super::keep_alive::Kept;
use super::prompts::put;
use super::traced::nothing;
use super::{Attempt, Upstream};
use crate::cache::Match;
use crate::cache::prompt::{PromptUse, Reason, Visible};
use crate::cost::{ModelId, Rates, Usage};
use crate::kernel::Time;
use crate::serving::Service;
use crate::stats::{Cell, Table};
use crate::system::clients::Clients;
use crate::system::context::Context;
use crate::system::ids::{AttemptId, InferenceId};
use crate::system::measure::{Observers, PromptSums};
use crate::system::setup::Setup;
use crate::system::tracer::{AttemptKind, AttemptOutcome, TracedAttempt};
use crate::workload::Incoming;

impl Upstream {
    /// Whether prompts are kept alive, by timers that may go on after the last request.
    pub fn keeps_alive(&self) -> bool {
        let mut models = self.prompts.iter().flat_map(|it| it.models.iter().flatten());
        models.any(|model| model.keep_alive.is_some())
    }

    /// A hosted model begins to work on a prompt: what it has of it. `None` where its provider
    /// keeps nothing.
    #[inline]
    pub(super) fn find_prompt(
        &mut self,
        incoming: &Incoming,
        model: u32,
        now: Time,
        clients: &Clients,
    ) -> Option<PromptUse> {
        let prompts = self.prompts.as_mut()?;
        prompts.models[model as usize].as_ref()?;
        clients.parts(incoming, &mut prompts.made);
        let asked = prompts.asked(incoming, model, clients, now);
        let here = prompts.models[model as usize].as_mut()?;
        Some(here.cache.look_up(&prompts.made, &asked, now))
    }

    /// It is known how long that takes: what was read is kept for longer, and what is written
    /// perhaps there at once. Returns whether it is there at the first token.
    pub(super) fn begin_prompt(
        &mut self,
        id: AttemptId,
        mut used: PromptUse,
        (service, fails): (Service, bool),
        cx: &mut Context<'_, '_>,
    ) -> bool {
        let now = cx.now();
        let Attempt { inference, model, .. } = self.attempts[id];
        let request = &cx.requests[self.inferences[inference].request];
        let incoming = &request.incoming;
        let Some(prompts) = self.prompts.as_mut() else { return false };
        let Some(here) = prompts.models[model as usize].as_mut() else { return false };
        let mut at_first_token = false;
        if !fails {
            let base = here.cache.base(now, now.saturating_add(service.total));
            here.cache.touch(&prompts.made, &used, base, now);
            match here.cache.rules().visible {
                Visible::RequestStart => {
                    here.cache.write(&prompts.made, &used, base, now);
                    used.wrote = true;
                }
                Visible::FirstToken => at_first_token = true,
                Visible::ResponseEnd => {}
            }
            let scope = here.scope(incoming);
            if let Some(keep) = &mut here.keep_alive {
                let conversation = cx.clients.conversation(incoming);
                let number = cx.clients.workflow_of(incoming);
                let whose = (conversation, scope);
                let asked = (request.id, request.measured, number);
                keep.used(whose, asked, incoming, &prompts.made, &used, cx.sim, model);
            }
        }
        put(&mut prompts.by_attempt, id.slot(), used);
        at_first_token
    }

    /// What an attempt has written is there for others from now on.
    pub(super) fn keep_prompt(
        &mut self,
        id: AttemptId,
        incoming: &Incoming,
        clients: &Clients,
        now: Time,
    ) {
        let Attempt { model, started, service, .. } = self.attempts[id];
        let Some(prompts) = self.prompts.as_mut() else { return };
        let Some(here) = prompts.models[model as usize].as_mut() else { return };
        let used = &mut prompts.by_attempt[id.slot() as usize];
        if used.wrote {
            return;
        }
        used.wrote = true;
        clients.parts(incoming, &mut prompts.made);
        let base = here.cache.base(started, started.saturating_add(service.total));
        here.cache.write(&prompts.made, used, base, now);
    }

    /// The attempt that is taken as an inference's answer.
    pub(super) fn take_prompt(&mut self, id: AttemptId, inference: InferenceId) {
        if let Some(prompts) = &mut self.prompts
            && let Some(used) = prompts.by_attempt.get(id.slot() as usize).copied()
        {
            put(&mut prompts.by_inference, inference.slot(), used);
        }
    }

    /// A model has answered: its conversation is with it from now on. Whether it was with
    /// another one before.
    pub fn conversation_answered(
        &mut self,
        id: InferenceId,
        incoming: &Incoming,
        clients: &Clients,
        now: Time,
    ) -> bool {
        let Some(prompts) = &mut self.prompts else { return false };
        let Some(conversation) = clients.conversation(incoming) else { return false };
        let inference = &self.inferences[id];
        let used = inference.prefix.and_then(|_| {
            let here = prompts.models[inference.model as usize].as_ref()?;
            let used = prompts.by_inference.get(id.slot() as usize)?;
            let ends = inference.started.saturating_add(inference.service.total);
            let rules = here.cache.rules();
            let ttl = rules.lifetimes[usize::from(used.lifetime)].ttl;
            Some((used.until, here.cache.base(inference.started, ends).saturating_add(ttl)))
        });
        prompts.answered(conversation, inference.model, now, used)
    }

    /// What the answer of an inference has written: tenths of a token, and whether for an hour.
    pub fn written_by(&self, id: InferenceId, found: Option<Match>, input: u64) -> (u64, bool) {
        let model = self.inferences[id].model;
        let used = self.prompts.as_ref().filter(|_| found.is_some());
        let used = used.and_then(|it| it.used(model, it.by_inference.get(id.slot() as usize)));
        used.unwrap_or_else(|| (self.written_decitokens(model, found, input), false))
    }

    /// The same of an attempt.
    pub(super) fn written_by_attempt(&self, id: AttemptId, input: u64) -> (u64, bool) {
        let Attempt { model, prefix, .. } = self.attempts[id];
        let used = self.prompts.as_ref().filter(|_| prefix.is_some());
        let used = used.and_then(|it| it.used(model, it.by_attempt.get(id.slot() as usize)));
        used.unwrap_or_else(|| (self.written_decitokens(model, prefix, input), false))
    }

    /// Counts what a measured answer had to do with its model's prompt cache.
    pub fn count_prompt(
        &self,
        id: InferenceId,
        usage: &Usage,
        rates: &Rates,
        observers: &mut Observers<'_>,
    ) {
        let inference = &self.inferences[id];
        let Some(prompts) = self.prompts.as_ref().filter(|_| inference.prefix.is_some()) else {
            return;
        };
        let used = prompts.by_inference.get(id.slot() as usize);
        prompts.count(inference.model, used, (usage, rates), observers);
    }

    /// The same of an attempt that nobody got anything of.
    pub(super) fn count_prompt_of(&self, id: AttemptId, usage: &Usage, cx: &mut Context<'_, '_>) {
        let Attempt { model, prefix, .. } = self.attempts[id];
        let Some(prompts) = self.prompts.as_ref().filter(|_| prefix.is_some()) else { return };
        let rates = cx.charge.optimizer.price(ModelId(model)).rates_of(usage);
        let used = prompts.by_attempt.get(id.slot() as usize);
        prompts.count(model, used, (usage, &rates), cx.observers);
    }

    /// Tokens of a prompt that do not count against its provider's limit.
    pub(super) fn uncounted_tokens(
        &mut self,
        incoming: &Incoming,
        model: u32,
        clients: &Clients,
        now: Time,
    ) -> u64 {
        let Some(prompts) = self.prompts.as_mut() else { return 0 };
        let Some(here) = prompts.models[model as usize].as_ref() else { return 0 };
        if here.cache.rules().counts_against_limits {
            return 0;
        }
        clients.parts(incoming, &mut prompts.made);
        here.cache.peek(&prompts.made, here.scope(incoming), now).0
    }

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
            let ended = workflow.is_some_and(|(number, _)| !cx.clients.has_workflow(number));
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
            let (payer, measured) = (kept.incoming.user, kept.measured);
            let (charge, observers) = (&mut *cx.charge, &mut *cx.observers);
            let cost = charge.keep_alive((payer, measured), model, &usage, observers, now);
            if let (Some(place), Some(workflows)) = (workflow, &mut cx.clients.workflows) {
                workflows.engine.kept_alive(place, cost, now);
            }
            if observers.traces() {
                let of = (kept.request, payer.0, measured);
                observers.trace_attempt(&TracedAttempt {
                    kind: AttemptKind::KeepAlive,
                    input_decitokens: usage.input_decitokens,
                    cached_decitokens: usage.cached_decitokens,
                    output_tokens: usage.output_tokens,
                    prefix: Some(Match::default()),
                    cost,
                    ..nothing(of, model, now, AttemptOutcome::KeptAlive)
                });
            }
            keep.wait(place, now);
        }
        if over {
            keep.forget_all();
        } else {
            keep.await_next(cx.sim, model);
        }
        here.keep_alive = Some(keep);
    }
}

/// A row for each prompt cache.
pub fn table(upstream: &Upstream, sums: &[PromptSums], setup: &Setup) -> Table {
    let counts = ["model", "requests", "hit_rate"].map(str::to_owned);
    let of = |name: &str| [format!("{name}_tokens"), format!("{name}_usd")];
    let parts = ["read", "written", "uncached"].into_iter().flat_map(of);
    let reasons = Reason::ALL.into_iter().flat_map(|reason| of(reason.name()));
    let rest = ["keep_alives", "keep_alive_usd", "entries", "held_tokens", "evictions"];
    let columns = counts.into_iter().chain(parts).chain(reasons);
    let mut table = Table::new(columns.chain(rest.map(str::to_owned)));
    let Some(prompts) = &upstream.prompts else { return table };
    for (((name, _), here), sums) in setup.models.iter().zip(&prompts.models).zip(sums) {
        let Some(here) = here else { continue };
        let mut row = vec![name.as_str().into(), sums.requests.into(), sums.hit_rate().into()];
        for part in [sums.read, sums.written, sums.uncached].iter().chain(&sums.missed) {
            row.extend([Cell::Num(part.tokens()), Cell::Num(part.usd())]);
        }
        row.extend([sums.keep_alives.into(), Cell::Num(sums.keep_alive_cost.usd())]);
        let cache = &here.cache;
        row.extend([cache.len() as u64, cache.held(), cache.evictions()].map(Cell::from));
        table.push(row);
    }
    table
}
