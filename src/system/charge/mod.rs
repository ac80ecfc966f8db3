//! Who pays: what is held when a model is chosen, charged when its answer is there, and
//! told apart by what made it cheaper.

mod cascade;
mod levers;
mod spend;

pub use spend::{Savings, Spend};

use super::caches::NOBODY;
use super::clients::Clients;
use super::measure::{Observers, Served, Waste};
use super::request::{Answer, Request};
use super::upstream::{Inference, Paid, traced_answer};
use crate::cost::{
    Choice, Demand, Known, Lesson, Levers, ModelId, Money, Optimizer, Refusal, Usage,
};
use crate::kernel::Time;
use crate::workload::{Incoming, UserId};

/// Prices, budgets, the choice of models, and what makes requests cheaper.
pub struct Charge {
    /// Chooses and charges.
    pub optimizer: Optimizer,
    /// What makes requests cheaper, if anything does.
    pub levers: Option<Levers>,
    /// Whether anybody wants to know what answers cost by the list.
    pub lists: bool,
}

impl Charge {
    /// Chooses a model within the budget, and holds what it may cost.
    #[inline]
    pub fn choose(
        &mut self,
        request: &Request,
        inference: &mut Inference,
        known: &Known<'_>,
        clients: &Clients,
        observers: &mut Observers<'_>,
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
        let (choice, stayed) = self.optimizer.choose_knowing(&demand, known, now)?;
        if let Some(stayed) = stayed.filter(|_| request.measured)
            && let Some(conversations) = &mut observers.measures.conversations
        {
            conversations.kept += 1;
            conversations.quality_lost += stayed.quality_lost;
        }
        spend.hold = choice.hold;
        inference.estimate = choice.estimate;
        Ok(choice)
    }

    /// Tokens of a request's prompt, and the most that may come back.
    pub fn most_tokens(&self, request: &Request, clients: &Clients) -> u64 {
        let params = &clients.params[request.incoming.profile.0 as usize];
        request.incoming.input_decitokens.div_ceil(10) + u64::from(self.cut(params.max_tokens))
    }

    /// Lets go of the money that is held for a request.
    #[inline]
    pub fn release(&mut self, user: UserId, spend: &mut Spend) {
        let hold = std::mem::take(&mut spend.hold);
        self.optimizer.release(user, hold);
    }

    /// A model's answer is there: charges it to the request's user. Of the prompt so many
    /// tenths of a token were written to a prefix cache, for an hour or not. Returns what was
    /// charged for.
    pub fn answer(
        &mut self,
        request: &mut Request,
        inference: &mut Inference,
        (written_decitokens, for_an_hour): (u64, bool),
        clients: &mut Clients,
        observers: &mut Observers<'_>,
        now: Time,
    ) -> Usage {
        let (user, model) = (request.incoming.user, ModelId(inference.model));
        let input = request.incoming.input_decitokens;
        let spend = &mut inference.spend;
        let prefix = inference.prefix;
        let usage = Usage {
            cached_decitokens: inference.cached_decitokens,
            written_decitokens,
            for_an_hour,
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
            full_output: spend.full_output,
            model: model.0,
            made_for: NOBODY,
            wrong: self.optimizer.is_wrong(quality),
        });
        observers.used(model.0, &usage, cost, now);
        if self.lists {
            spend.list = self.list_price(model, spend.full_input, spend.full_output);
        }
        let waited = inference.queue();
        inference.waited += waited;
        inference.worked += inference.service.total;
        if observers.traces() {
            let paid = Paid { usage, cost };
            observers.trace_attempt(&traced_answer(request, inference, &paid, now));
        }
        if request.measured {
            let full_price = self.optimizer.price(model).of_usage(&usage.uncached());
            observers.measures.serve(
                user.0,
                model.0,
                &Served {
                    queue: waited,
                    inference: inference.service.total,
                    first_token: inference.service.first_token,
                    usage,
                    prefix,
                    cost,
                    full_price,
                },
            );
            if self.lists {
                let savings = &mut observers.measures.savings;
                self.count_savings(savings, &inference.spend, model, &usage, full_price);
            }
        }
        self.optimizer.learn(&Lesson {
            model,
            request: lots,
            quality,
            cost,
            latency: now - inference.queued + inference.spend.seated_after,
        });
        usage
    }

    /// Charges for work that nobody got, and returns how much. It is told whether the request
    /// is measured, and whether the server keeps prefixes.
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
    ) -> Money {
        let cost = self.optimizer.charge(incoming.user, ModelId(model), usage, now);
        observers.used(model, usage, cost, now);
        clients.charge_call(incoming.call, cost, now);
        if measured {
            let waste = Waste { usage: *usage, cost, prefix };
            observers.measures.waste(incoming.user.0, model, &waste);
        }
        cost
    }

    /// Charges a user for a request that keeps a prompt in the cache of a model's provider, and
    /// returns how much. It is measured if the request before it was.
    pub fn keep_alive(
        &mut self,
        (user, measured): (UserId, bool),
        model: u32,
        usage: &Usage,
        observers: &mut Observers<'_>,
        now: Time,
    ) -> Money {
        let cost = self.optimizer.charge(user, ModelId(model), usage, now);
        observers.used(model, usage, cost, now);
        if measured {
            observers.measures.keep_alive(user.0, model, usage, cost);
        }
        cost
    }

    /// Charges a judge of an answer to a request's user.
    pub fn judgement(
        &mut self,
        request: &Request,
        spend: &mut Spend,
        amount: Money,
        clients: &mut Clients,
        observers: &mut Observers<'_>,
        now: Time,
    ) {
        spend.spent += amount;
        spend.judged += amount;
        clients.judge_call(request.incoming.call, amount, now);
        let user = request.incoming.user;
        self.fee(user, amount, observers, now);
        if request.measured {
            observers.measures.judge(user.0, amount);
        }
    }

    /// Charges a workflow's tool to a user.
    pub fn tool(
        &mut self,
        user: UserId,
        amount: Money,
        measured: bool,
        observers: &mut Observers<'_>,
        now: Time,
    ) {
        self.fee(user, amount, observers, now);
        if measured {
            observers.measures.tool(user.0, amount);
        }
    }

    /// Charges something other than a model's tokens.
    fn fee(&mut self, user: UserId, amount: Money, observers: &mut Observers<'_>, now: Time) {
        self.optimizer.charge_fee(user, amount, now);
        observers.charged(amount, now);
    }
}
