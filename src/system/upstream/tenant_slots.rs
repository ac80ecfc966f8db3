//! Slots at models that tenants share: taken before a model is asked, left when
//! its answer is there.

use super::Upstream;
use crate::cost::ModelId;
use crate::cost::allocate::{Places, Seated, Tenant};
use crate::kernel::{Scheduler, Time};
use crate::system::event::Event;
use crate::system::ids::{InferenceId, RequestId};
use crate::workload::UserId;

/// What becomes of a request that asks for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Nothing limits it.
    Unlimited,
    /// It has one of this tenant's.
    Has(Tenant),
    /// It waits.
    Waits,
    /// Its tenant's queue is full.
    Refused,
}

impl Upstream {
    /// Asks for a slot for a request of `user` that has chosen `model`.
    pub fn take_slot(
        &mut self,
        id: RequestId,
        (user, model): (UserId, u32),
        sim: &mut Scheduler<Event>,
    ) -> Slot {
        let Some(slots) = &mut self.slots else { return Slot::Unlimited };
        let Some(tenant) = slots.tenant(user, ModelId(model)) else { return Slot::Unlimited };
        match slots.ask(tenant, id.slot(), sim.now()) {
            Seated::Now => Slot::Has(tenant),
            Seated::Waits => {
                self.await_division(sim);
                Slot::Waits
            }
            Seated::Refused => Slot::Refused,
        }
    }

    /// A request leaves its slot, if it has one.
    #[inline]
    pub fn leave_slot(&mut self, of: InferenceId) {
        let slot = self.inferences[of].spend.slot.take();
        if let (Some(slots), Some(tenant)) = (&mut self.slots, slot) {
            slots.leave(tenant);
        }
    }

    /// The next request that waits and for which there is a slot now, which it has.
    pub fn next_seated(&mut self, now: Time) -> Option<(u32, Tenant)> {
        self.slots.as_mut()?.next(now)
    }

    /// Slots are divided anew.
    pub fn divide(&mut self, now: Time) {
        self.division_awaited = false;
        if let Some(slots) = &mut self.slots {
            slots.turn_to(now);
        }
    }

    /// Where anybody waits, the next division may give them a slot.
    pub fn await_division(&mut self, sim: &mut Scheduler<Event>) {
        let at = self.slots.as_ref().and_then(Places::awaited);
        if let Some(at) = at.filter(|_| !self.division_awaited) {
            self.division_awaited = true;
            sim.schedule_at(at, Event::Divide);
        }
    }
}
