//! What a request costs, once its answer is there.

use super::measure::Served;
use super::model::{Next, System};
use super::request::Request;
use crate::cost::{ModelId, Usage};
use crate::kernel::Time;
use crate::pipeline::Stage;

impl System<'_> {
    /// Charges the model's answer to the request's user.
    pub(super) fn charge_answer(&mut self, request: &mut Request, now: Time) -> Next {
        let Some(mut answer) = request.answer else { return Next::Finish };
        let (user, model) = (request.incoming.user, ModelId(request.model));
        let usage = Usage {
            cached_decitokens: request.cached_decitokens,
            written_decitokens: self.written_decitokens(
                request.incoming.input_decitokens,
                request.cached_decitokens,
                request.model,
            ),
            ..Usage::new(request.incoming.input_decitokens, answer.output_tokens)
        };
        answer.cost = self.optimizer.charge(user, model, &usage, now);
        request.answer = Some(answer);
        self.timeline.at(now).spend += answer.cost;
        if request.measured {
            let served = Served {
                queue: request.started - request.queued,
                inference: request.inference,
                first_token: request.first_token,
                usage,
                prefix: request.prefix,
                cost: answer.cost,
                full_price: self.optimizer.price(model).of_usage(&usage.uncached()),
            };
            self.measures.serve(user.0, request.model, &served);
        }
        Next::Stage(Stage::Postprocess)
    }
}
