//! The cost optimizer: estimate, choose, hold, charge.

mod charging;
mod fallback;
#[cfg(test)]
mod tests;
mod views;

use jiff::Timestamp;

use super::allocate::Allocation;
use super::budget::{Allowance, Budgets, Purse, Refused, Standing};
use super::ledger::Ledger;
use super::quality::Truth;
use super::select::{Among, Ask, Offers, Selector, Verdict, estimate_rates};
use super::{
    Candidate, ChargeSpec, Choice, CostSpec, Demand, Known, Lesson, ModelId, Money, Payer, Price,
    Refusal, Stayed, StickySpec, SwitchPenaltySpec, UserId,
};
use crate::kernel::{Duration, Streams, Time};
use views::Views;

/// Chooses models for requests and charges for their answers.
///
/// Unless the file says `charge: reserve`, an estimate is no reservation: as in
/// the seed, budgets are checked when a model is chosen and charged when its
/// answer is there, so that requests under way together may overshoot them. By
/// how much is in the [`Ledger`].
#[derive(Clone, Debug)]
pub struct Optimizer {
    offers: Offers,
    prices: Vec<Price>,
    quality: Vec<f64>,
    /// When any price changes next.
    next_change: Time,
    start: Timestamp,
    selector: Selector,
    truth: Option<Truth>,
    budgets: Views,
    allocation: Option<Box<Allocation>>,
    /// By model: whether its part is used up; empty where models have none.
    closed: Vec<bool>,
    /// Groups of models, whose ids come after those of models.
    groups: Vec<Vec<ModelId>>,
    /// By id: whether it is asked only by name, as a group's deployments are; empty where
    /// there are no groups.
    hidden: Vec<bool>,
    /// The share of `max_tokens` that is held.
    reserve: Option<f64>,
    /// How long a session stays with its model, if it does.
    sticky: Option<Duration>,
    /// What another model must be better by.
    penalty: Option<SwitchPenaltySpec>,
    ledger: Ledger,
}

impl Optimizer {
    /// An optimizer among `models`, in the order of the file, for `users` (name
    /// and class), with virtual time 0 at `start`. Users beyond those given are
    /// taken in when first seen, with the `default` budget; ids are dense, for
    /// memory grows with the highest.
    pub fn new(
        spec: &CostSpec,
        models: &[(String, Candidate)],
        users: &[(String, Option<String>)],
        start: Timestamp,
        streams: &Streams,
    ) -> Self {
        Optimizer::with_groups(spec, models, &[], users, start, streams)
    }

    /// The same where some models are deployments of `groups`: these have the ids after
    /// those of models and are chosen in the place of their deployments. A group costs as
    /// much as its dearest deployment and is as good as its worst, so that what holds for it
    /// holds whichever answers.
    pub fn with_groups(
        spec: &CostSpec,
        models: &[(String, Candidate)],
        groups: &[(String, Vec<ModelId>)],
        users: &[(String, Option<String>)],
        start: Timestamp,
        streams: &Streams,
    ) -> Self {
        let names = models.iter().map(|(name, _)| name.as_str());
        let names: Vec<&str> = names.chain(groups.iter().map(|(name, _)| name.as_str())).collect();
        let groups: Vec<Vec<ModelId>> = groups.iter().map(|(_, members)| members.clone()).collect();
        let is_deployment = |id: usize| groups.iter().flatten().any(|it| it.0 as usize == id);
        let mut prices: Vec<Price> = models.iter().map(|(_, it)| it.price.clone()).collect();
        for price in &mut prices {
            price.turn_to(start);
        }
        let next_change = next_change(&prices, start);
        let truth = spec.quality.as_ref().map(|table| Truth::new(table, &names, &groups, streams));
        let difficulties = spec.quality.as_ref().map(|table| table.names()).unwrap_or_default();
        let mut quality: Vec<f64> = models.iter().map(|(_, it)| it.quality).collect();
        for group in &groups {
            let worst = group.iter().map(|it| quality[it.0 as usize]).fold(1.0, f64::min);
            quality.push(worst);
        }
        let expected = |model: usize| match &truth {
            Some(truth) => truth.mean(model),
            None => quality[model],
        };
        let among = Among {
            models: &names,
            difficulties: &difficulties,
            truth: truth.as_ref(),
            stream: streams.stream("cost.select"),
        };
        let hidden: Vec<bool> = if groups.is_empty() {
            Vec::new()
        } else {
            (0..names.len()).map(is_deployment).collect()
        };
        Optimizer {
            offers: Offers::new(&prices, &groups, expected),
            prices,
            next_change,
            start,
            selector: Selector::new(&spec.select, among),
            quality,
            truth,
            budgets: Views::new(Budgets::new(spec, &names, users, start)),
            allocation: spec
                .allocate
                .as_ref()
                .filter(|it| it.places.is_none())
                .map(|it| Box::new(Allocation::new(it, users, &spec.teams, &names))),
            closed: Vec::new(),
            hidden,
            groups,
            reserve: match &spec.charge {
                ChargeSpec::OnCompletion => None,
                ChargeSpec::Reserve(spec) => Some(spec.output.get()),
            },
            sticky: spec.sticky.as_ref().map(|StickySpec::Session(session)| session.idle),
            penalty: spec.switch_penalty,
            ledger: Ledger::new(models.len(), users.len()),
        }
    }

    /// The model for a request. Where estimates are reserved, this one is held
    /// from now on until it is charged or let go.
    ///
    /// # Errors
    /// The user's budget pays for no model that the selector would take: the
    /// ledger counts this, unless the request is to wait and ask again.
    #[inline]
    pub fn choose(&mut self, demand: &Demand, now: Time) -> Result<Choice, Refusal> {
        self.choose_knowing(demand, &Known::default(), now).map(|(choice, _)| choice)
    }

    /// The same where more is known: what providers have of the prompt, and which model its
    /// conversation was with. Tells also of a request that stays with its session's model
    /// though another would have been chosen.
    ///
    /// # Errors
    /// As [`choose`](Optimizer::choose).
    #[inline]
    pub fn choose_knowing(
        &mut self,
        demand: &Demand,
        known: &Known<'_>,
        now: Time,
    ) -> Result<(Choice, Option<Stayed>), Refusal> {
        self.change_prices(now);
        if demand.waited {
            self.budgets.waited();
        }
        let mut purse = self.budgets.purse(demand.user, demand.copy, now);
        let demand = &self.expected(demand);
        if self.allocation.is_some() {
            self.allot(&mut purse, demand, known, now);
        }
        // Who asks for a deployment by its name may have it.
        let hidden = if demand.only.is_some() { &[][..] } else { &self.hidden };
        let before = known.before.filter(|_| demand.attempt == 0);
        let own = before.and_then(|(model, _)| Some((model, self.penalty?)));
        let ask = Ask::new(&self.offers, &self.prices, demand, purse.allowance, now)
            .with_truth(self.truth.as_ref())
            .without(if hidden.is_empty() { &self.closed } else { hidden })
            .with_cached(known.cached, self.reserve.is_some())
            .with_own(own);
        let mut stayed = None;
        let chosen = if let Some(model) = demand.only {
            ask.choice(model)
        } else {
            let soft = purse.soft.and_then(|model| ask.choice(model));
            soft.or_else(|| {
                let chosen = self.selector.choose(&ask);
                let stays = before.filter(|(_, idle)| self.sticky.is_some_and(|it| *idle <= it));
                let stays = stays.and_then(|(model, _)| ask.stay(model));
                if let (Some(own), Some(other)) = (stays, chosen)
                    && own.model != other.model
                {
                    let quality = |choice: Choice| match &self.truth {
                        Some(truth) => {
                            let difficulty = truth.difficulty(demand.prompt);
                            truth.accuracy(choice.model.0 as usize, difficulty)
                        }
                        None => ask.worth(choice.model).share,
                    };
                    stayed = Some(Stayed { quality_lost: quality(other) - quality(own) });
                }
                stays.or(chosen)
            })
        };
        let mut choice = match chosen {
            Some(choice) => choice,
            // An answer at hand is as good as any that cannot be paid for.
            None if demand.attempt > 0 => return Err(Refusal::InsufficientBudget),
            None => {
                let needed = self.cheapest_estimate(demand);
                let found = self.refuse(&purse, demand.user, needed, now);
                if found == Err(Refusal::InsufficientBudget)
                    && let Some(allocation) = &mut self.allocation
                    && !allocation.is_among_models()
                {
                    // It is wanted in vain.
                    want(allocation, demand, ModelId::default(), needed);
                }
                let model = found?;
                let ask = Ask::new(&self.offers, &self.prices, demand, Allowance::Unlimited, now)
                    .with_cached(known.cached, self.reserve.is_some());
                ask.choice(model).ok_or(Refusal::InsufficientBudget)?
            }
        };
        if let Some(allocation) = &mut self.allocation {
            want(allocation, demand, choice.model, choice.estimate);
        }
        if self.reserve.is_some() {
            choice.hold = choice.estimate;
            if !known.cached.is_empty() {
                let ask = Ask::new(&self.offers, &self.prices, demand, Allowance::Unlimited, now);
                choice.hold = ask.with_cached(known.cached, true).dues(choice.model);
            }
            self.budgets.hold(Payer { user: demand.user, copy: Some(demand.copy) }, choice.hold);
            self.ledger.hold(demand.user, choice.hold);
        }
        Ok((choice, stayed))
    }

    /// So many copies of the gateway look at budgets, each as it knows them: to be called
    /// before anything is spent.
    pub fn look_from(&mut self, copies: usize) {
        self.budgets.look_from(copies);
    }

    /// Copies of the gateway learn of each other what was charged and held.
    pub fn sync_copies(&mut self) {
        self.budgets.sync();
    }

    /// Whether a copy does not know yet what another has charged or held.
    pub fn is_out_of_sync(&self) -> bool {
        self.budgets.is_out_of_sync()
    }

    /// What the budget does with a request that it does not pay for and that would
    /// have cost `needed` at least: another model answers all the same.
    #[cold]
    fn refuse(
        &mut self,
        purse: &Purse,
        user: UserId,
        needed: Money,
        now: Time,
    ) -> Result<ModelId, Refusal> {
        if let Some(payer) = purse.payer {
            match self.budgets.refuse(payer, needed, now) {
                Refused::Wait(until) => return Err(Refusal::Wait(until)),
                Refused::Downgrade(model) => return Ok(model),
                Refused::Reject => {}
            }
        }
        self.ledger.reject(user);
        Err(Refusal::InsufficientBudget)
    }

    /// What the cheapest of all that may be chosen would cost.
    #[cold]
    fn cheapest_estimate(&self, demand: &Demand) -> Money {
        let ids = (0..(self.prices.len() + self.groups.len()) as u32).map(ModelId);
        let may_be_chosen = |id: &ModelId| match demand.only {
            Some(only) if !self.hidden.is_empty() => *id == only,
            _ => !self.hidden.get(id.0 as usize).copied().unwrap_or(false),
        };
        ids.filter(may_be_chosen).map(|id| self.estimate(id, demand)).min().unwrap_or_default()
    }

    /// What a request costs at most at a model, or at any deployment of a group.
    fn estimate(&self, id: ModelId, demand: &Demand) -> Money {
        let (input, output) = (demand.input_decitokens, demand.most_output());
        estimate_rates(&self.prices, &self.groups, id, input).of(input, output)
    }

    /// What is left of the amount that is divided: a tenant's part limits the purse,
    /// a model's part closes the model.
    fn allot(&mut self, purse: &mut Purse, demand: &Demand, known: &Known<'_>, now: Time) {
        let Some(allocation) = &mut self.allocation else { return };
        allocation.turn_to(now);
        let tokens = tokens_of(demand);
        if allocation.is_among_models() {
            let ask = Ask::new(&self.offers, &self.prices, demand, Allowance::Unlimited, now)
                .with_cached(known.cached, false);
            self.closed.clear();
            self.closed.extend(ask.all().map(|worth| {
                let cost = if allocation.is_of_tokens() { tokens } else { worth.picos as f64 };
                cost > allocation.left(demand.user, worth.model)
            }));
            // A request that no part pays for is refused, whatever a budget does.
            purse.payer = purse.payer.filter(|_| !self.closed.contains(&true));
            return;
        }
        let left = allocation.left(demand.user, ModelId::default());
        if allocation.is_of_tokens() {
            if tokens > left {
                *purse = Purse { allowance: Allowance::Nothing, payer: None, ..*purse };
            }
            return;
        }
        let left = Money::from_picos(left.clamp(0.0, 1e30) as i128);
        if purse.allowance.least().is_none_or(|less| left < less) {
            *purse = Purse { allowance: Allowance::Left(left), payer: None, ..*purse };
        }
    }

    /// The division of a fixed amount, if there is one.
    pub fn allocation(&self) -> Option<&Allocation> {
        self.allocation.as_deref()
    }

    /// The demand with as long an answer as is expected, where estimates are held.
    #[inline]
    fn expected(&self, demand: &Demand) -> Demand {
        match self.reserve {
            Some(share) if share < 1.0 => {
                let max_tokens = libm::ceil(f64::from(demand.max_tokens) * share) as u32;
                Demand { max_tokens, ..*demand }
            }
            _ => *demand,
        }
    }

    /// How good the answer of a model to a request is; `factor` is what is left of
    /// the model's quality.
    #[inline]
    pub fn quality(&self, model: ModelId, request: u64, prompt: u64, factor: f64) -> f64 {
        match &self.truth {
            Some(truth) => f64::from(u8::from(truth.is_right(model, request, prompt, factor))),
            None => self.quality[model.0 as usize] * factor,
        }
    }

    /// Whether an answer of that quality is known to be wrong: where none is drawn as right
    /// or wrong, none is.
    #[inline]
    pub fn is_wrong(&self, quality: f64) -> bool {
        self.truth.is_some() && quality < 0.5
    }

    /// Tells the selector what became of an answer.
    #[inline]
    pub fn learn(&mut self, lesson: &Lesson) {
        self.selector.learn(lesson);
    }

    /// What the judge of a cascade says of an answer; `None` where nobody judges.
    #[inline]
    pub fn judge(&self, request: u64, attempt: u32, quality: f64) -> Option<Verdict> {
        self.selector.judge(request, attempt, quality >= 0.5)
    }

    /// Notes what a hit in a cache has saved a user.
    #[inline]
    pub fn save(&mut self, user: UserId, amount: Money) {
        self.ledger.save(user, amount);
    }

    /// The price of a model.
    ///
    /// # Panics
    /// `model` is not one of those given to [`new`](Optimizer::new).
    #[inline]
    pub fn price(&self, model: ModelId) -> &Price {
        &self.prices[model.0 as usize]
    }

    /// Applies the changes of prices until `now`.
    #[inline]
    fn change_prices(&mut self, now: Time) {
        if now >= self.next_change {
            self.apply_changes(now);
        }
    }

    #[cold]
    fn apply_changes(&mut self, now: Time) {
        let date = self.start.as_nanosecond() + i128::from(now.as_nanos());
        let date = Timestamp::from_nanosecond(date).unwrap_or(Timestamp::MAX);
        for price in &mut self.prices {
            price.turn_to(date);
        }
        self.offers.set_prices(&self.prices);
        self.next_change = next_change(&self.prices, self.start);
    }

    /// Everything charged, saved and refused since the last
    /// [`reset_stats`](Optimizer::reset_stats).
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether every total equals the sum of its parts: in the ledger, and between
    /// the ledger and the budgets.
    pub fn balances(&self) -> bool {
        self.ledger.balances() && self.ledger.held() == self.budgets.held()
    }

    /// The budgets with a limit and what became of them: kind, name (of a user,
    /// the id), limits of a day, of a month and `max_budget`.
    pub fn standings(
        &self,
    ) -> impl Iterator<Item = (&str, Result<&str, UserId>, [Option<Money>; 3], Standing)> {
        self.budgets.standings()
    }

    /// Begins the ledger anew, at the end of the warm-up. What users have spent
    /// of their budgets stays spent, and what is held stays held.
    pub fn reset_stats(&mut self) {
        self.ledger.reset();
    }
}

/// The most tokens of a request, in tenths.
fn tokens_of(demand: &Demand) -> f64 {
    demand.input_decitokens.saturating_add(demand.most_output()) as f64
}

/// Notes what a request asks for of what is divided.
fn want(allocation: &mut Allocation, demand: &Demand, model: ModelId, estimate: Money) {
    let tokens = allocation.is_of_tokens();
    let amount = if tokens { tokens_of(demand) } else { estimate.picos() as f64 };
    allocation.want(demand.user, model, amount);
}

/// When any price changes next, as virtual time from `start`.
fn next_change(prices: &[Price], start: Timestamp) -> Time {
    let next = prices.iter().filter_map(Price::changes_at).min();
    let nanos = next.map(|at| (at.as_nanosecond() - start.as_nanosecond()).max(0));
    nanos.map_or(Time::MAX, |nanos| Time(u64::try_from(nanos).unwrap_or(u64::MAX)))
}
