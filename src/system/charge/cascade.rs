//! An answer before a judge: taken, or asked for again of a dearer model.

use super::Charge;
use crate::kernel::{Duration, Time};
use crate::pipeline::Stage;
use crate::system::clients::Clients;
use crate::system::measure::Observers;
use crate::system::request::Request;
use crate::system::upstream::Inference;

impl Charge {
    /// The stage that follows a model's answer, and how long the judge took.
    pub fn judge(
        &mut self,
        request: &mut Request,
        inference: &mut Inference,
        clients: &mut Clients,
        observers: &mut Observers<'_>,
        now: Time,
    ) -> (Stage, Duration) {
        let taken = (Stage::Postprocess, Duration::ZERO);
        let Some(answer) = request.answer else { return taken };
        // Who asks one model and no other takes its answer.
        if clients.pinned(request).is_some() {
            return taken;
        }
        let lots = clients.draws(request).0;
        let spend = &mut inference.spend;
        let Some(verdict) = self.optimizer.judge(lots, spend.attempt, answer.quality) else {
            return taken;
        };
        self.judgement(request, spend, verdict.cost, clients, observers, now);
        if let Some(answer) = &mut request.answer {
            answer.cost = spend.spent;
        }
        if verdict.accepted {
            return (Stage::Postprocess, verdict.latency);
        }
        spend.attempt += 1;
        // The next model's server has a prefix cache of its own, or none.
        (inference.prefix, inference.cached_decitokens) = (None, 0);
        observers.measures.escalations += u64::from(request.measured);
        (Stage::Select, verdict.latency)
    }
}
