//! What a request costs: held when a model is chosen, charged when its answer is
//! there, and told apart by what made it cheaper.

use super::measure::Served;
use super::model::{Next, System, fail};
use super::request::Request;
use crate::cost::allocate::Tenant;
use crate::cost::{Demand, Lesson, ModelId, Money, Refusal, Usage};
use crate::kernel::{Duration, Time};
use crate::pipeline::RequestError;
use crate::workload::UserId;

/// A request's money, and what was done about it.
#[derive(Clone, Copy, Debug)]
pub struct Spend {
    /// Held of budgets.
    pub hold: Money,
    /// Charged so far, for all models that were asked.
    pub spent: Money,
    /// The tenant whose place it has at its model.
    pub place: Option<Tenant>,
    /// How long it waited for that.
    pub seated_after: Duration,
    /// Models that were asked before the present one.
    pub attempt: u32,
    /// Whether it has just waited for its budget.
    pub waited: bool,
    /// Whether levers were pulled.
    pub pulled: bool,
    /// Whether the batch API answers.
    pub batch: bool,
    /// Tenths of a token of the prompt before it was compressed.
    pub full_input: u64,
    /// Tokens of the answer if it had not been cut.
    pub full_output: u32,
    /// What is left of the model's quality.
    pub quality: f64,
}

impl Default for Spend {
    fn default() -> Self {
        Spend {
            hold: Money::ZERO,
            spent: Money::ZERO,
            place: None,
            seated_after: Duration::ZERO,
            attempt: 0,
            waited: false,
            pulled: false,
            batch: false,
            full_input: 0,
            full_output: 0,
            quality: 1.0,
        }
    }
}

/// What levers saved on the way from the list price to the bill.
#[derive(Clone, Copy, Debug, Default)]
pub struct Savings {
    /// What the baseline would have cost for what models answered.
    pub list: Money,
    /// By the choice of models; below zero where it cost more.
    pub routing: Money,
    /// By shorter prompts.
    pub compression: Money,
    /// By shorter answers.
    pub trimming: Money,
    /// By the batch API.
    pub batch: Money,
}

impl System<'_> {
    /// What the request demands of the optimizer now.
    pub(super) fn demand(&self, request: &mut Request) -> Demand {
        let params = &self.params[request.incoming.profile.0 as usize];
        let asked = params.max_tokens;
        let (lots, question) = self.draws(request);
        let max_tokens = self.levers.as_ref().map_or(asked, |levers| levers.most_tokens(asked));
        Demand {
            quality_threshold: params.quality_threshold,
            request: lots,
            prompt: question,
            only: self.pinned(request).map(ModelId),
            attempt: request.spend.attempt,
            waited: std::mem::take(&mut request.spend.waited),
            ..Demand::new(request.incoming.user, request.incoming.input_decitokens, max_tokens)
        }
    }

    /// No model can be paid for: the request ends, waits, or makes do with the
    /// answer that it has.
    pub(super) fn refused(&mut self, request: &mut Request, refusal: Refusal, now: Time) -> Next {
        match refusal {
            Refusal::InsufficientBudget => self.give_up(request, RequestError::InsufficientBudget),
            Refusal::Wait(until) => {
                request.spend.waited = true;
                self.measures.budget_waits += u64::from(request.measured);
                self.call_waits(request, until - now);
                Next::After(until - now)
            }
        }
    }

    /// Lets go of what is held for a request: money, and its place.
    pub(super) fn release(&mut self, request: &mut Request) {
        self.leave_place(request);
        let hold = std::mem::take(&mut request.spend.hold);
        self.optimizer.release(request.incoming.user, hold);
    }

    /// Ends a request with an error, unless a cheaper model has answered already.
    pub(super) fn give_up(&mut self, request: &mut Request, error: RequestError) -> Next {
        self.release(request);
        match request.answer {
            None => fail(request, error),
            Some(answer) => {
                request.model = answer.model;
                request.queued = request.queued.min(request.started);
                Next::Stage(crate::pipeline::Stage::Postprocess)
            }
        }
    }

    /// Charges the model's answer to the request's user.
    pub(super) fn charge_answer(&mut self, request: &mut Request, now: Time) -> Next {
        self.release(request);
        let Some(mut answer) = request.answer else { return Next::Finish };
        let (user, model) = (request.incoming.user, ModelId(request.model));
        let usage = Usage {
            cached_decitokens: request.cached_decitokens,
            written_decitokens: request.prefix.map_or(0, |_| {
                let (input, cached) =
                    (request.incoming.input_decitokens, request.cached_decitokens);
                self.written_decitokens(input, cached, request.model)
            }),
            batch: request.spend.batch,
            ..Usage::new(request.incoming.input_decitokens, answer.output_tokens)
        };
        let cost = self.optimizer.charge(user, model, &usage, now);
        request.spend.spent += cost;
        self.charge_call(request.incoming.call, cost, now);
        answer.cost = request.spend.spent;
        request.answer = Some(answer);
        self.timeline.at(now).spend += cost;
        if request.measured {
            let full_price = self.optimizer.price(model).of_usage(&usage.uncached());
            let served = Served {
                queue: request.started - request.queued + request.spend.seated_after,
                inference: request.inference,
                first_token: request.first_token,
                usage,
                prefix: request.prefix,
                cost,
                full_price,
            };
            self.measures.serve(user.0, request.model, &served);
            self.count_savings(request, &usage, full_price);
        }
        self.optimizer.learn(&Lesson {
            model,
            request: self.draws(request).0,
            quality: answer.quality,
            cost,
            latency: now - request.queued + request.spend.seated_after,
        });
        self.judge(request, now)
    }

    /// From the list price to what would have been charged without a prefix cache.
    fn count_savings(&mut self, request: &Request, usage: &Usage, full_price: Money) {
        let Some(levers) = &self.levers else { return };
        let price = self.optimizer.price(ModelId(request.model));
        let Spend { full_input, full_output, attempt, .. } = request.spend;
        let full = Usage::new(full_input, full_output);
        let at_full_length = price.of_usage(&full);
        let compressed = price.of_usage(&Usage::new(usage.input_decitokens, full_output));
        let trimmed = price.of_usage(&Usage { batch: false, ..usage.uncached() });
        let list = match levers.baseline() {
            None => at_full_length,
            Some(baseline) if attempt == 0 => self.optimizer.price(baseline).of_usage(&full),
            // The baseline would have answered once.
            Some(_) => Money::ZERO,
        };
        let savings = &mut self.measures.savings;
        savings.list += list;
        savings.routing += list - at_full_length;
        savings.compression += at_full_length - compressed;
        savings.trimming += compressed - trimmed;
        savings.batch += trimmed - full_price;
    }

    /// Charges something other than a model's tokens to the request's user.
    pub(super) fn charge_fee(&mut self, request: &mut Request, amount: Money, now: Time) {
        request.spend.spent += amount;
        self.charge_call(request.incoming.call, amount, now);
        self.charge_user(request.incoming.user, amount, request.measured, now);
    }

    /// Charges something other than a model's tokens to a user.
    pub(super) fn charge_user(&mut self, user: UserId, amount: Money, measured: bool, now: Time) {
        self.optimizer.charge_fee(user, amount, now);
        self.timeline.at(now).spend += amount;
        if measured {
            self.measures.cost += amount;
            self.measures.fees += amount;
            self.measures.users[user.0 as usize].cost += amount;
            self.measures.savings.routing -= amount;
        }
    }

    /// Charges for models' own servers over the measured window: every model has
    /// one server of one GPU, unless it has replicas.
    pub(super) fn charge_servers(&mut self, window: Duration) {
        // Replicas that come and go are charged for one by one.
        if self.pool.active {
            return;
        }
        for model in (0..self.servers.len() as u32).map(ModelId) {
            self.measures.servers_cost += self.optimizer.charge_servers(model, 1, window);
        }
    }
}
