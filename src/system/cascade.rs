//! An answer before a judge: taken, or asked for again of a dearer model.

use super::model::{Next, System};
use super::request::Request;
use crate::kernel::{Duration, Time};
use crate::pipeline::Stage;

impl System<'_> {
    /// What follows a model's answer.
    pub(super) fn judge(&mut self, request: &mut Request, now: Time) -> Next {
        let Some(answer) = request.answer else { return Next::Finish };
        // Who asks one model and no other takes its answer.
        if self.pinned(request).is_some() {
            return Next::Stage(Stage::Postprocess);
        }
        let lots = self.draws(request).0;
        let verdict = self.optimizer.judge(lots, request.spend.attempt, answer.quality);
        let Some(verdict) = verdict else { return Next::Stage(Stage::Postprocess) };
        self.charge_fee(request, verdict.cost, now);
        request.answer.as_mut().expect("it was judged").cost = request.spend.spent;
        let stage = if verdict.accepted {
            Stage::Postprocess
        } else {
            request.spend.attempt += 1;
            // The next model's server has a prefix cache of its own, or none.
            (request.prefix, request.cached_decitokens) = (None, 0);
            self.measures.escalations += u64::from(request.measured);
            Stage::Select
        };
        if verdict.latency == Duration::ZERO {
            return Next::Stage(stage);
        }
        self.leave_stage(request, now);
        request.stage = stage;
        Next::After(verdict.latency + self.stages.time(stage))
    }
}
