//! Who pays: what is held when a model is chosen, charged when its answer is there, and
//! told apart by what made it cheaper.

mod cascade;
mod levers;

use super::clients::Clients;
use super::measure::{Observers, Served, Waste};
use super::request::{Answer, Request};
use super::upstream::{Inference, Upstream};
use crate::cost::allocate::Tenant;
use crate::cost::{Choice, Demand, Lesson, Levers, ModelId, Money, Optimizer, Refusal, Usage};
use crate::kernel::{Duration, Time};
use crate::workload::{Incoming, UserId};

/// Prices, budgets, the choice of models, and what makes requests cheaper.
pub struct Charge {
    /// Chooses and charges.
    pub optimizer: Optimizer,
    /// What makes requests cheaper, if anything does.
    pub levers: Option<Levers>,
}

/// A request's money, and what was done about it.
#[derive(Clone, Copy, Debug)]
pub struct Spend {
    /// Held of budgets.
    pub hold: Money,
    /// Charged so far, for all models that were asked.
    pub spent: Money,
    /// The tenant whose slot it has at its model.
    pub slot: Option<Tenant>,
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

impl Spend {
    /// Nothing was spent on a prompt of so many tenths of a token.
    pub fn new(full_input: u64) -> Self {
        Spend {
            hold: Money::ZERO,
            spent: Money::ZERO,
            slot: None,
            seated_after: Duration::ZERO,
            attempt: 0,
            waited: false,
            pulled: false,
            batch: false,
            full_input,
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

impl Charge {
    /// Chooses a model within the budget, and holds what it may cost.
    #[inline]
    pub fn choose(
        &mut self,
        request: &Request,
        inference: &mut Inference,
        clients: &Clients,
        now: Time,
    ) -> Result<Choice, Refusal> {
        let params = &clients.params[request.incoming.profile.0 as usize];
        let (lots, question) = clients.draws(request);
        let spend = &mut inference.spend;
        let demand = Demand {
            quality_threshold: params.quality_threshold,
            request: lots,
            prompt: question,
            only: clients.pinned(request).map(ModelId),
            attempt: spend.attempt,
            waited: std::mem::take(&mut spend.waited),
            ..Demand::new(
                request.incoming.user,
                request.incoming.input_decitokens,
                self.cut(params.max_tokens),
            )
        };
        let choice = self.optimizer.choose(&demand, now)?;
        spend.hold = choice.hold;
        inference.estimate = choice.estimate;
        Ok(choice)
    }

    /// Lets go of the money that is held for a request.
    #[inline]
    pub fn release(&mut self, user: UserId, spend: &mut Spend) {
        let hold = std::mem::take(&mut spend.hold);
        self.optimizer.release(user, hold);
    }

    /// A model's answer is there: charges it to the request's user.
    pub fn answer(
        &mut self,
        request: &mut Request,
        inference: &mut Inference,
        upstream: &Upstream,
        clients: &mut Clients,
        observers: &mut Observers<'_>,
        now: Time,
    ) {
        let (user, model) = (request.incoming.user, ModelId(inference.model));
        let input = request.incoming.input_decitokens;
        let spend = &mut inference.spend;
        let prefix = inference.prefix;
        let usage = Usage {
            cached_decitokens: inference.cached_decitokens,
            written_decitokens: upstream.written_decitokens(model.0, prefix, input),
            batch: spend.batch,
            ..Usage::new(input, inference.output_tokens)
        };
        let cost = self.optimizer.charge(user, model, &usage, now);
        spend.spent += cost;
        clients.charge_call(request.incoming.call, cost, now);
        let (lots, question) = clients.draws(request);
        let quality = self.quality(model, spend, inference.output_tokens, (lots, question));
        request.model = model.0;
        request.answer = Some(Answer {
            cost: spend.spent,
            quality,
            output_tokens: inference.output_tokens,
            model: model.0,
        });
        observers.timeline.at(now).spend += cost;
        let waited = spend.seated_after;
        if request.measured {
            let full_price = self.optimizer.price(model).of_usage(&usage.uncached());
            observers.measures.serve(
                user.0,
                model.0,
                &Served {
                    queue: inference.started - inference.queued + waited,
                    inference: inference.service.total,
                    first_token: inference.service.first_token,
                    usage,
                    prefix,
                    cost,
                    full_price,
                },
            );
            let savings = &mut observers.measures.savings;
            self.count_savings(savings, &inference.spend, model, &usage, full_price);
        }
        self.optimizer.learn(&Lesson {
            model,
            request: lots,
            quality,
            cost,
            latency: now - inference.queued + waited,
        });
    }

    /// Charges for work that nobody got; `counts` tells whether the request is measured,
    /// and whether the server keeps prefixes.
    #[expect(clippy::too_many_arguments, reason = "who pays, for what, and who is told")]
    pub fn waste(
        &mut self,
        incoming: &Incoming,
        model: u32,
        usage: &Usage,
        (measured, prefix): (bool, bool),
        clients: &mut Clients,
        observers: &mut Observers<'_>,
        now: Time,
    ) {
        let cost = self.optimizer.charge(incoming.user, ModelId(model), usage, now);
        observers.timeline.at(now).spend += cost;
        clients.charge_call(incoming.call, cost, now);
        if measured {
            let waste = Waste { usage: *usage, cost, prefix };
            observers.measures.waste(incoming.user.0, model, &waste);
        }
    }

    /// Charges something other than a model's tokens to a request's user.
    pub fn fee(
        &mut self,
        request: &Request,
        spend: &mut Spend,
        amount: Money,
        clients: &mut Clients,
        observers: &mut Observers<'_>,
        now: Time,
    ) {
        spend.spent += amount;
        clients.charge_call(request.incoming.call, amount, now);
        self.user(request.incoming.user, amount, request.measured, observers, now);
    }

    /// Charges something other than a model's tokens to a user.
    pub fn user(
        &mut self,
        user: UserId,
        amount: Money,
        measured: bool,
        observers: &mut Observers<'_>,
        now: Time,
    ) {
        self.optimizer.charge_fee(user, amount, now);
        observers.timeline.at(now).spend += amount;
        if measured {
            let measures = &mut observers.measures;
            measures.cost += amount;
            measures.fees += amount;
            measures.users[user.0 as usize].cost += amount;
            measures.savings.routing -= amount;
        }
    }
}
