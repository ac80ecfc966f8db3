//! A request before the models: admitted, tried, tried again, and given up.

use super::model::{Event, Next, System};
use super::pool::{NOBODY, Pursuit};
use super::request::Request;
use crate::cost::{Demand, ModelId};
use crate::kernel::{Scheduler, Time};
use crate::pipeline::RequestError;
use crate::serving::resilience::Per;

impl System<'_> {
    /// A request that has its model asks it.
    pub(super) fn pursue(
        &mut self,
        slot: u32,
        request: &mut Request,
        sim: &mut Scheduler<Event>,
    ) -> Next {
        let now = sim.now();
        if let Err(error) = self.pass_gateway(request, now) {
            return self.give_up(request, error);
        }
        if let Some(budget) = &mut self.pool.rules.budget {
            budget.deposit(now);
        }
        let pursuit = Pursuit {
            incoming: request.incoming,
            measured: request.measured,
            request: slot,
            over: false,
            first: request.model,
            model: request.model,
            fallbacks: 0,
            tries: 0,
            hedges: 0,
            asked: now,
            hold: request.spend.hold,
            waiting_for: NOBODY,
            attempts: 0,
            hedge_timer: None,
        };
        // A request that asks a second model goes on with what it has.
        if let Some(known) = request.pursuit {
            let attempts = self.pool.pursuits[known as usize].attempts;
            self.pool.pursuits[known as usize] = Pursuit { attempts, ..pursuit };
        } else {
            request.pursuit = Some(self.pool.pursuits.insert(pursuit) as u32);
        }
        let Some(id) = request.pursuit else { return Next::Wait };
        match self.ask(id, sim) {
            None => Next::Wait,
            Some(error) => {
                let pursuit = &self.pool.pursuits[id as usize];
                (request.model, request.spend.hold) = (pursuit.model, pursuit.hold);
                self.give_up(request, error)
            }
        }
    }

    /// Whether the client and the model's load allow it.
    fn pass_gateway(&mut self, request: &Request, now: Time) -> Result<(), RequestError> {
        let incoming = &request.incoming;
        let tokens = self.tokens(incoming);
        let rules = &mut self.pool.rules;
        let client = match rules.per {
            Per::User => incoming.user.0 as usize,
            Per::Class => usize::from(incoming.slo_class.0),
            Per::All => 0,
        };
        if let Some(limits) = rules.clients.get_mut(client)
            && !limits.admit(now, tokens)
        {
            return Err(RequestError::RateLimited);
        }
        if let Some(thresholds) = &rules.thresholds {
            let fleet = &self.pool.fleets[request.model as usize];
            let most = thresholds[usize::from(incoming.slo_class.0)] * fleet.up() as f64;
            if fleet.outstanding() as f64 >= most {
                self.measures.attempts.shed += u64::from(request.measured);
                return Err(RequestError::Shed);
            }
        }
        Ok(())
    }

    /// Makes an attempt with the pursuit's model, or what comes after that. The
    /// error with which it is given up, if it is.
    fn ask(&mut self, id: u32, sim: &mut Scheduler<Event>) -> Option<RequestError> {
        self.pool.pursuits[id as usize].asked = sim.now();
        match self.launch(id, false, sim) {
            Ok(()) => {
                self.arm_hedge(id, sim);
                None
            }
            Err(error) => self.carry_on(id, error, sim),
        }
    }

    /// No attempt is left that could succeed: tries again later, or with another
    /// model, or gives up with the error.
    fn carry_on(
        &mut self,
        id: u32,
        error: RequestError,
        sim: &mut Scheduler<Event>,
    ) -> Option<RequestError> {
        let now = sim.now();
        let rules = &mut self.pool.rules;
        let pursuit = &mut self.pool.pursuits[id as usize];
        debug_assert_eq!(pursuit.waiting_for, NOBODY, "none is left");
        if let Some(timer) = pursuit.hedge_timer.take() {
            sim.cancel(timer);
        }
        let counts = &mut self.measures.attempts;
        if pursuit.tries < rules.num_retries {
            if rules.budget.as_mut().is_none_or(|budget| budget.withdraw(now)) {
                let wait = rules.backoff.wait(pursuit.tries);
                pursuit.tries += 1;
                counts.retries += u64::from(pursuit.measured);
                sim.schedule_in(wait, Event::Retry(id));
                return None;
            }
            counts.retries_denied += u64::from(pursuit.measured);
        }
        if self.fall_back(id, now) { self.ask(id, sim) } else { Some(error) }
    }

    /// Turns to the next model of the chain that the budget pays for. False if there is
    /// none.
    fn fall_back(&mut self, id: u32, now: Time) -> bool {
        let pursuit = &mut self.pool.pursuits[id as usize];
        let chain = &self.pool.rules.fallbacks[pursuit.first as usize];
        let asked = self.params[pursuit.incoming.profile.0 as usize].max_tokens;
        let max_tokens = self.levers.as_ref().map_or(asked, |levers| levers.most_tokens(asked));
        let incoming = &pursuit.incoming;
        let demand = Demand::new(incoming.user, incoming.input_decitokens, max_tokens);
        while let Some(next) = chain.get(pursuit.fallbacks as usize) {
            pursuit.fallbacks += 1;
            let hold = self.optimizer.hold_instead(&demand, ModelId(*next), pursuit.hold, now);
            pursuit.hold = hold.unwrap_or_default();
            if hold.is_none() {
                self.measures.attempts.fallbacks_denied += u64::from(pursuit.measured);
                continue;
            }
            (pursuit.model, pursuit.tries) = (*next, 0);
            if pursuit.measured {
                self.measures.attempts.fallbacks += 1;
                self.measures.models[*next as usize].requests += 1;
            }
            return true;
        }
        false
    }

    /// Nobody waits for a request any more: its attempts are given up, if there are
    /// any. Between two of them, and where it is no more before a model, it goes on in
    /// vain.
    pub(super) fn call_off_pursuit(&mut self, id: u32, sim: &mut Scheduler<Event>) {
        if self.pool.pursuits[id as usize].waiting_for == NOBODY {
            return;
        }
        if let Some(timer) = self.pool.pursuits[id as usize].hedge_timer.take() {
            sim.cancel(timer);
        }
        loop {
            let attempt = self.pool.pursuits[id as usize].waiting_for;
            if attempt == NOBODY {
                break;
            }
            self.call_off(attempt, sim);
        }
        self.abandon(id, RequestError::CalledOff, sim);
    }

    /// The backoff is over.
    pub(super) fn retry(&mut self, id: u32, sim: &mut Scheduler<Event>) {
        if let Some(error) = self.ask(id, sim) {
            self.abandon(id, error, sim);
        }
    }

    /// The last attempt that was waited for has failed.
    pub(super) fn attempts_failed(
        &mut self,
        id: u32,
        error: RequestError,
        sim: &mut Scheduler<Event>,
    ) {
        if let Some(error) = self.carry_on(id, error, sim) {
            self.abandon(id, error, sim);
        }
    }

    fn abandon(&mut self, id: u32, error: RequestError, sim: &mut Scheduler<Event>) {
        let pursuit = &self.pool.pursuits[id as usize];
        let (slot, model, hold) = (pursuit.request, pursuit.model, pursuit.hold);
        let request = &mut self.requests[slot as usize];
        (request.model, request.spend.hold) = (model, hold);
        request.error = Some(error);
        self.advance(slot, sim);
    }

    /// From now on a second attempt is due, if there may be one.
    fn arm_hedge(&mut self, id: u32, sim: &mut Scheduler<Event>) {
        let pursuit = &mut self.pool.pursuits[id as usize];
        if pursuit.hedges < self.pool.rules.most_hedges {
            let after = self.pool.rules.hedges[pursuit.model as usize].get();
            pursuit.hedge_timer = Some(sim.schedule_in(after, Event::Hedge(id)));
        }
    }

    /// An attempt has taken long: another is made beside it.
    pub(super) fn hedge(&mut self, id: u32, sim: &mut Scheduler<Event>) {
        let pursuit = &mut self.pool.pursuits[id as usize];
        pursuit.hedge_timer = None;
        debug_assert_ne!(pursuit.waiting_for, NOBODY, "there is one to stand beside");
        let budget = self.pool.rules.budget.as_mut();
        if budget.is_some_and(|budget| !budget.withdraw(sim.now())) {
            self.measures.attempts.retries_denied += u64::from(pursuit.measured);
            return;
        }
        pursuit.hedges += 1;
        let measured = pursuit.measured;
        if self.launch(id, true, sim).is_ok() {
            self.measures.attempts.hedges += u64::from(measured);
            self.arm_hedge(id, sim);
        }
    }

    /// A request is finished: what it left behind goes, or stays until its
    /// abandoned attempts are gone.
    pub(super) fn part(&mut self, request: &Request, now: Time) {
        self.pool.last_work = now;
        let Some(id) = request.pursuit else {
            self.forget_incoming(&request.incoming);
            return;
        };
        let pursuit = &mut self.pool.pursuits[id as usize];
        debug_assert_eq!(pursuit.waiting_for, NOBODY, "nothing is waited for any more");
        pursuit.over = true;
        if pursuit.attempts == 0 {
            self.forget(id);
        }
    }

    /// The last of a finished request's attempts is gone.
    pub(super) fn forget(&mut self, id: u32) {
        let pursuit = self.pool.pursuits.remove(id as usize);
        self.forget_incoming(&pursuit.incoming);
    }
}
