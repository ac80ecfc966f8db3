//! Groups of deployments: which of them an attempt goes to, and what their gateway hears.

use super::deployments::failure_of;
use super::{Inference, Upstream};
use crate::cost::{ModelId, Optimizer, Usage};
use crate::kernel::{Duration, Time};
use crate::pipeline::RequestError;
use crate::serving::groups::{Asked, NoDeployment};
use crate::system::context::Context;
use crate::system::ids::{AttemptId, InferenceId};

impl Upstream {
    /// The deployment for the next attempt of a request, if it asks a group.
    ///
    /// # Errors
    /// None may get it, or the one that it falls to does not take it.
    pub(super) fn choose_deployment(
        &mut self,
        id: InferenceId,
        cx: &mut Context<'_, '_>,
    ) -> Result<(), RequestError> {
        let Some(group) = self.groups.of_target(self.inferences[id].target) else { return Ok(()) };
        let now = cx.now();
        let Inference { request, measured, waiting_for, mut failed, .. } = self.inferences[id];
        // A second attempt beside another goes elsewhere, too.
        let mut beside = waiting_for;
        while let Some(other) = beside {
            let other = &self.attempts[other];
            failed |= self.groups.of_model(other.model).map_or(0, |(_, place)| 1 << place);
            beside = other.next;
        }
        let incoming = &cx.requests[request].incoming;
        let asked = Asked { now, input_tokens: incoming.input_decitokens.div_ceil(10), failed };
        let optimizer = &cx.charge.optimizer;
        let models = &mut self.models;
        let chosen = self.groups.all[group].choose(
            &asked,
            |model| !models[model as usize].fleet.available(now).is_empty(),
            |model| token_pair(optimizer, model),
        );
        let place = match chosen {
            Ok(place) => place,
            Err(NoDeployment::AllOut) => return Err(RequestError::Unavailable),
            Err(NoDeployment::AllFull) => return Err(RequestError::Throttled),
        };
        let model = self.groups.all[group].model(place);
        let inference = &mut self.inferences[id];
        inference.model = model;
        let newly = inference.asked_deployments & (1 << place) == 0;
        inference.asked_deployments |= 1 << place;
        if measured && newly {
            cx.observers.measures.models[model as usize].requests += 1;
        }
        if self.groups.all[group].takes(place, now) {
            return Ok(());
        }
        // The gateway's own limit: its provider never heard of it.
        self.inferences[id].failed |= 1 << place;
        Err(RequestError::Throttled)
    }

    /// The deployment whose batch API a request goes to, if it asks a group: the batch API
    /// has limits of its own, so that the first has to take what none else does.
    pub fn choose_for_batch(&mut self, id: InferenceId, cx: &mut Context<'_, '_>) {
        let chosen = self.choose_deployment(id, cx);
        let inference = &mut self.inferences[id];
        if chosen.is_err() && inference.asked_deployments == 0 {
            inference.asked_deployments = 1;
            if inference.measured {
                cx.observers.measures.models[inference.model as usize].requests += 1;
            }
        }
    }

    /// An attempt is on its way to a model.
    #[inline]
    pub(super) fn deployment_sent(&mut self, model: u32) {
        if let Some((group, place)) = self.groups.of_model(model) {
            self.groups.all[group].sent(place);
        }
    }

    /// An attempt at a model is not waited for any more.
    #[inline]
    pub(super) fn deployment_ended(&mut self, model: u32) {
        if let Some((group, place)) = self.groups.of_model(model) {
            self.groups.all[group].ended(place);
        }
    }

    /// An attempt at a model that was waited for came to nothing.
    #[inline]
    pub(super) fn deployment_failed(
        &mut self,
        (id, model): (InferenceId, u32),
        error: RequestError,
        now: Time,
    ) {
        if let Some((group, place)) = self.groups.of_model(model) {
            self.inferences[id].failed |= 1 << place;
            self.groups.all[group].failed(place, now, failure_of(error));
        }
    }

    /// An attempt at a model was called off by its client.
    #[inline]
    pub(super) fn deployment_called_off(&mut self, model: u32, now: Time) {
        if let Some((group, place)) = self.groups.of_model(model) {
            self.groups.all[group].called_off(place, now);
        }
    }

    /// An attempt answered that was waited for.
    #[inline]
    pub(super) fn deployment_answered(&mut self, id: AttemptId, cx: &Context<'_, '_>) {
        let attempt = &self.attempts[id];
        let Some((group, place)) = self.groups.of_model(attempt.model) else { return };
        let request = self.inferences[attempt.inference].request;
        let input = cx.requests[request].incoming.input_decitokens.div_ceil(10);
        let output = u64::from(attempt.output_tokens);
        let took = cx.now() - attempt.queued;
        self.groups.all[group].succeeded(place, cx.now(), took, [input + output, output]);
    }

    /// Whether none of the servers that a request asks may get it now.
    pub(super) fn all_out(&mut self, target: u32, now: Time) -> bool {
        let models = &mut self.models;
        let mut is_up = |model: u32| !models[model as usize].fleet.available(now).is_empty();
        match self.groups.of_target(target) {
            Some(group) => !self.groups.all[group].any_open(now, is_up),
            None => !is_up(target),
        }
    }

    /// Whether a group has another deployment that a request may be given at once; with
    /// `again` those that have failed it count, too.
    pub(super) fn has_another(&mut self, id: InferenceId, again: bool, now: Time) -> bool {
        let Inference { target, failed, .. } = self.inferences[id];
        let Some(group) = self.groups.of_target(target) else { return false };
        let models = &mut self.models;
        let is_up = |model: u32| !models[model as usize].fleet.available(now).is_empty();
        self.groups.all[group].has_another(failed, now, again, is_up)
    }

    /// How long an attempt at a model may take.
    #[inline]
    pub(super) fn timeout_of(&self, model: u32) -> Option<Duration> {
        let own = || {
            self.groups.of_model(model).and_then(|(at, place)| self.groups.all[at].timeout(place))
        };
        own().or(self.rules.timeout)
    }

    /// Requests under way at all servers of a target, and replicas that are up.
    pub(super) fn load_of(&self, target: u32) -> (u64, u64) {
        let load = |model: u32| {
            let fleet = &self.models[model as usize].fleet;
            (fleet.outstanding(), fleet.up())
        };
        match self.groups.of_target(target) {
            Some(group) => {
                let loads = self.groups.all[group].models().map(load);
                loads.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
            }
            None => load(target),
        }
    }
}

/// What a token of prompt and one of answer cost, in pico-dollars.
fn token_pair(optimizer: &Optimizer, model: u32) -> u64 {
    let cost = optimizer.price(ModelId(model)).of_usage(&Usage::new(10, 1));
    u64::try_from(cost.picos()).unwrap_or(u64::MAX)
}
