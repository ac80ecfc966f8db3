//! A request before the models: admitted, tried, tried again, and given up.

use super::{Inference, Upstream};
use crate::cost::{Demand, ModelId};
use crate::kernel::Time;
use crate::pipeline::RequestError;
use crate::serving::resilience::Per;
use crate::system::agenda::Task;
use crate::system::context::Context;
use crate::system::event::Event;
use crate::system::ids::InferenceId;

impl Upstream {
    /// A request that has chosen its model asks it. The error with which it is given up, if
    /// it is at once; else [`Task::Advance`] tells when there is an answer, or none will
    /// come.
    pub fn request(&mut self, id: InferenceId, cx: &mut Context<'_, '_>) -> Option<RequestError> {
        let now = cx.now();
        self.inferences[id].begin(now);
        if let Err(error) = self.pass_gateway(id, cx) {
            return Some(error);
        }
        if let Some(budget) = &mut self.rules.budget {
            budget.deposit(now);
        }
        match self.ask(id, cx) {
            Ok(()) => None,
            Err(error) => self.retry_or_fall_back(id, error, cx),
        }
    }

    /// Whether the client and the model's load allow it.
    fn pass_gateway(
        &mut self,
        id: InferenceId,
        cx: &mut Context<'_, '_>,
    ) -> Result<(), RequestError> {
        let Inference { request, model, .. } = self.inferences[id];
        let rules = &mut self.rules;
        if rules.clients.is_empty() && rules.thresholds.is_none() {
            return Ok(());
        }
        let incoming = &cx.requests[request].incoming;
        let client = match rules.per {
            Per::User => incoming.user.0 as usize,
            Per::Class => usize::from(incoming.slo_class.0),
            Per::All => 0,
        };
        if let Some(limits) = rules.clients.get_mut(client)
            && !limits.admit(cx.sim.now(), cx.clients.most_tokens(incoming))
        {
            return Err(RequestError::RateLimited);
        }
        if let Some(thresholds) = &rules.thresholds {
            let fleet = &self.models[model as usize].fleet;
            let most = thresholds[usize::from(incoming.slo_class.0)] * fleet.up() as f64;
            if fleet.outstanding() as f64 >= most {
                return Err(RequestError::Shed);
            }
        }
        Ok(())
    }

    /// Makes an attempt with the model whose turn it is.
    fn ask(&mut self, id: InferenceId, cx: &mut Context<'_, '_>) -> Result<(), RequestError> {
        self.inferences[id].asked = cx.now();
        self.launch(id, false, cx)?;
        self.arm_hedge(id, cx);
        Ok(())
    }

    /// No attempt is left that could succeed: tries again later, or with another model.
    /// The error with which it is given up, if none is left.
    fn retry_or_fall_back(
        &mut self,
        id: InferenceId,
        mut error: RequestError,
        cx: &mut Context<'_, '_>,
    ) -> Option<RequestError> {
        let now = cx.now();
        loop {
            let rules = &mut self.rules;
            let inference = &mut self.inferences[id];
            debug_assert_eq!(inference.waiting_for, None, "none is left");
            if let Some(timer) = inference.hedge_timer.take() {
                cx.sim.cancel(timer);
            }
            let counts = &mut cx.observers.measures.attempts;
            if inference.tries < rules.num_retries {
                if rules.budget.as_mut().is_none_or(|budget| budget.withdraw(now)) {
                    let wait = rules.backoff.wait(inference.tries);
                    inference.tries += 1;
                    counts.retries += u64::from(inference.measured);
                    cx.sim.schedule_in(wait, Event::Retry(id));
                    return None;
                }
                counts.retries_denied += u64::from(inference.measured);
            }
            if !self.fall_back(id, cx) {
                return Some(error);
            }
            match self.ask(id, cx) {
                Ok(()) => return None,
                Err(next) => error = next,
            }
        }
    }

    /// Turns to the next model of the chain that the budget pays for. False if there is
    /// none.
    fn fall_back(&mut self, id: InferenceId, cx: &mut Context<'_, '_>) -> bool {
        let inference = &mut self.inferences[id];
        let chain = &self.rules.fallbacks[inference.first as usize];
        if inference.fallbacks as usize >= chain.len() {
            return false;
        }
        let incoming = &cx.requests[inference.request].incoming;
        let asked = cx.clients.params[incoming.profile.0 as usize].max_tokens;
        let max_tokens = cx.charge.cut(asked);
        let demand = Demand::new(incoming.user, incoming.input_decitokens, max_tokens);
        let known = self
            .prompts
            .as_mut()
            .map_or(&[][..], |prompts| prompts.known(incoming, cx.clients, cx.sim.now()));
        let measures = &mut cx.observers.measures;
        while let Some(next) = chain.get(inference.fallbacks as usize) {
            inference.fallbacks += 1;
            let (model, now) = (ModelId(*next), cx.sim.now());
            let before = inference.spend.hold;
            let cached = known.get(*next as usize).copied().unwrap_or_default();
            let held = cx.charge.optimizer.hold_instead(&demand, model, before, cached, now);
            inference.spend.hold = held.unwrap_or_default();
            if held.is_none() {
                measures.attempts.fallbacks_denied += u64::from(inference.measured);
                continue;
            }
            (inference.model, inference.tries) = (*next, 0);
            if inference.measured {
                measures.attempts.fallbacks += 1;
                measures.models[*next as usize].requests += 1;
            }
            return true;
        }
        false
    }

    /// Nobody waits for a request any more: its attempts are given up, if there are
    /// any. Between two of them, and where it is no more before a model, it goes on in
    /// vain.
    pub fn call_off_request(&mut self, id: InferenceId, cx: &mut Context<'_, '_>) {
        let Some(inference) = self.inferences.get_mut(id) else { return };
        if inference.waiting_for.is_none() {
            return;
        }
        if let Some(timer) = inference.hedge_timer.take() {
            cx.sim.cancel(timer);
        }
        while let Some(attempt) = self.inferences[id].waiting_for {
            self.call_off(attempt, cx);
        }
        self.give_up(id, RequestError::CalledOff, cx);
    }

    /// The backoff is over.
    pub fn retry(&mut self, id: InferenceId, cx: &mut Context<'_, '_>) {
        let Some(inference) = self.inferences.get(id) else { return };
        debug_assert!(!inference.over, "a request that is finished is not tried again");
        if let Err(error) = self.ask(id, cx) {
            self.attempts_failed(id, error, cx);
        }
    }

    /// The last attempt that was waited for has failed.
    pub fn attempts_failed(
        &mut self,
        id: InferenceId,
        error: RequestError,
        cx: &mut Context<'_, '_>,
    ) {
        let Some(inference) = self.inferences.get(id) else { return };
        // It was called off meanwhile, or has another attempt.
        if inference.over || inference.error.is_some() || inference.waiting_for.is_some() {
            return;
        }
        if let Some(error) = self.retry_or_fall_back(id, error, cx) {
            self.give_up(id, error, cx);
        }
    }

    /// The request goes on without an answer.
    fn give_up(&mut self, id: InferenceId, error: RequestError, cx: &mut Context<'_, '_>) {
        let inference = &mut self.inferences[id];
        inference.error = Some(error);
        cx.agenda.push(Task::Advance(inference.request));
    }

    /// From now on a second attempt is due, if there may be one.
    fn arm_hedge(&mut self, id: InferenceId, cx: &mut Context<'_, '_>) {
        if self.rules.most_hedges == 0 {
            return;
        }
        let inference = &mut self.inferences[id];
        if inference.hedges < self.rules.most_hedges {
            let after = self.rules.hedges[inference.model as usize].get();
            inference.hedge_timer = Some(cx.sim.schedule_in(after, Event::Hedge(id)));
        }
    }

    /// An attempt has taken long: another is made beside it.
    pub fn hedge(&mut self, id: InferenceId, cx: &mut Context<'_, '_>) {
        let Some(inference) = self.inferences.get_mut(id) else { return };
        inference.hedge_timer = None;
        if inference.waiting_for.is_none() {
            debug_assert!(false, "there is one to stand beside");
            return;
        }
        let measured = inference.measured;
        let attempts = &mut cx.observers.measures.attempts;
        let budget = self.rules.budget.as_mut();
        if budget.is_some_and(|budget| !budget.withdraw(cx.sim.now())) {
            attempts.retries_denied += u64::from(measured);
            return;
        }
        inference.hedges += 1;
        attempts.hedges += u64::from(measured);
        if self.launch(id, true, cx).is_ok() {
            self.arm_hedge(id, cx);
        }
    }

    /// A request is finished: what it left behind goes, or stays until its abandoned
    /// attempts are gone. Whether it may be forgotten.
    pub fn leave(&mut self, id: Option<InferenceId>, now: Time) -> bool {
        self.last_work = now;
        let Some(id) = id else { return true };
        let inference = &mut self.inferences[id];
        debug_assert_eq!(inference.waiting_for, None, "nothing is waited for any more");
        inference.over = true;
        if inference.attempts > 0 {
            return false;
        }
        self.inferences.remove(id);
        true
    }
}
