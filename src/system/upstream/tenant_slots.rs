//! Slots at models: taken before a model is asked, left when its answer is there.
//!
//! Tenants share a number of them ([`Places`]), or the gateway lets so many through and
//! keeps a queue of the others ([`Queue`]).

use super::Upstream;
use super::seat::{Queued, Seat, Slots};
use crate::cost::ModelId;
use crate::cost::allocate::{Places, Seated};
use crate::gateway::queue::{Asked, Queue};
use crate::kernel::{Duration, Scheduler, Time};
use crate::system::clients::Clients;
use crate::system::event::Event;
use crate::system::ids::{InferenceId, RequestId};
use crate::system::request::Request;

/// What becomes of a request that asks for a slot.
#[derive(Clone, Copy, Debug)]
pub enum Slot {
    /// Nothing limits it.
    Unlimited,
    /// It has one.
    Has(Seat),
    /// It waits; in the gateway's queue where it may leave.
    Waits(Option<Queued>),
    /// There is no room to wait.
    Refused,
}

impl Upstream {
    /// Asks for a slot for a request that has chosen `model`.
    pub fn take_slot(
        &mut self,
        (id, request): (RequestId, &Request),
        model: u32,
        clients: &Clients,
        sim: &mut Scheduler<Event>,
    ) -> Slot {
        match &mut self.slots {
            None => Slot::Unlimited,
            Some(Slots::Tenants(places)) => {
                let tenant = places.tenant(request.incoming.user, ModelId(model));
                let Some(tenant) = tenant else { return Slot::Unlimited };
                match places.ask(tenant, id.slot(), sim.now()) {
                    Seated::Now => Slot::Has(Seat::Tenant(tenant)),
                    Seated::Waits => {
                        self.await_division(sim);
                        Slot::Waits(None)
                    }
                    Seated::Refused => Slot::Refused,
                }
            }
            Some(Slots::Gateway(queue)) => {
                let incoming = &request.incoming;
                let tokens = clients.most_tokens(incoming);
                match queue.ask(id.slot(), incoming, tokens, request.measured) {
                    Asked::Through(flow) => Slot::Has(Seat::Flow(flow)),
                    Asked::Waits(place) => {
                        let ttl = queue.ttl().map(|ttl| sim.now().saturating_add(ttl));
                        let patience = clients.source.patience(incoming);
                        let until = [ttl, patience].into_iter().flatten().min();
                        let until = until.map(|at| at.max(sim.now()));
                        let expiry = until.map(|at| sim.schedule_at(at, Event::Expire(id)));
                        Slot::Waits(Some(Queued { place, expiry }))
                    }
                    Asked::Refused => Slot::Refused,
                }
            }
        }
    }

    /// A request leaves its slot, if it has one.
    #[inline]
    pub fn leave_slot(&mut self, of: InferenceId, now: Time) {
        let inference = &mut self.inferences[of];
        let spend = &mut inference.spend;
        match (&mut self.slots, spend.slot.take()) {
            (Some(Slots::Tenants(places)), Some(Seat::Tenant(tenant))) => places.leave(tenant),
            (Some(Slots::Gateway(queue)), Some(Seat::Flow(flow))) => {
                let stay = (spend.seated_after, spend.seated_at);
                queue.leave(flow, stay, now, inference.measured);
            }
            _ => {}
        }
    }

    /// The next request that waits and for which there is a slot now, which it has.
    pub fn next_seated(&mut self, now: Time) -> Option<(u32, Seat)> {
        match self.slots.as_mut()? {
            Slots::Tenants(places) => {
                places.next(now).map(|(slot, tenant)| (slot, Seat::Tenant(tenant)))
            }
            Slots::Gateway(queue) => queue.pop().map(|(slot, flow)| (slot, Seat::Flow(flow))),
        }
    }

    /// A request that waited has its slot.
    pub fn seated(
        &mut self,
        (of, seat): (InferenceId, Seat),
        (waited, tokens): (Duration, u64),
        sim: &mut Scheduler<Event>,
    ) {
        let inference = &mut self.inferences[of];
        let spend = &mut inference.spend;
        spend.slot = Some(seat);
        (spend.seated_after, spend.seated_at) = (waited, sim.now());
        if let Some(Queued { expiry: Some(expiry), .. }) = spend.queued.take() {
            sim.cancel(expiry);
        }
        if let (Some(Slots::Gateway(queue)), Seat::Flow(flow)) = (&mut self.slots, seat)
            && inference.measured
        {
            queue.count(flow, waited, tokens);
        }
    }

    /// A request leaves the gateway's queue if it is there: it `expired`, or nobody wants
    /// it any more. Returns whether it was there.
    pub fn leave_gateway(
        &mut self,
        of: InferenceId,
        expired: bool,
        sim: &mut Scheduler<Event>,
    ) -> bool {
        let inference = &mut self.inferences[of];
        let Some(queued) = inference.spend.queued.take() else { return false };
        if let Some(expiry) = queued.expiry {
            sim.cancel(expiry);
        }
        if let Some(Slots::Gateway(queue)) = &mut self.slots {
            queue.remove(queued.place, expired && inference.measured);
        }
        true
    }

    /// Slots are divided anew.
    pub fn divide(&mut self, now: Time) {
        self.division_awaited = false;
        if let Some(Slots::Tenants(places)) = &mut self.slots {
            places.turn_to(now);
        }
    }

    /// Where anybody waits, the next division may give them a slot.
    pub fn await_division(&mut self, sim: &mut Scheduler<Event>) {
        let Some(Slots::Tenants(places)) = &self.slots else { return };
        if let Some(at) = places.awaited().filter(|_| !self.division_awaited) {
            self.division_awaited = true;
            sim.schedule_at(at, Event::Divide);
        }
    }

    /// The slots that tenants divide.
    pub fn places(&self) -> Option<&Places> {
        match &self.slots {
            Some(Slots::Tenants(places)) => Some(places),
            _ => None,
        }
    }

    /// The gateway's queue.
    pub fn queue(&self) -> Option<&Queue> {
        match &self.slots {
            Some(Slots::Gateway(queue)) => Some(queue),
            _ => None,
        }
    }
}
