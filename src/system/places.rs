//! Places at models that tenants share: taken before a model is asked, left when
//! its answer is there.

use super::model::{Event, Next, System};
use super::request::Request;
use crate::cost::ModelId;
use crate::cost::allocate::{Places, Seated, fairness, utility_had};
use crate::kernel::{Scheduler, Time};
use crate::pipeline::RequestError;

impl System<'_> {
    /// Asks for a place for a request that has its model. `Some`: it has none, and
    /// waits or gives up.
    pub(super) fn take_place(
        &mut self,
        slot: u32,
        request: &mut Request,
        sim: &mut Scheduler<Event>,
    ) -> Option<Next> {
        let now = sim.now();
        let places = self.places.as_mut()?;
        let tenant = places.tenant(request.incoming.user, ModelId(request.model))?;
        match places.ask(tenant, slot, now) {
            Seated::Now => {
                request.spend.place = Some(tenant);
                None
            }
            Seated::Waits => {
                self.timeline.set(now, |levels| levels.queue += 1);
                self.await_division(sim);
                Some(Next::Wait)
            }
            Seated::Refused => Some(self.give_up(request, RequestError::QueueFull)),
        }
    }

    /// A request leaves its place, if it has one.
    pub(super) fn leave_place(&mut self, request: &mut Request) {
        if let (Some(places), Some(tenant)) = (&mut self.places, request.spend.place.take()) {
            places.leave(tenant);
        }
    }

    /// Seats those who wait as far as there is room: they ask their models.
    pub(super) fn seat_waiting(&mut self, sim: &mut Scheduler<Event>) {
        let now = sim.now();
        while let Some((slot, tenant)) = self.places.as_mut().and_then(|it| it.next(now)) {
            let mut request = self.requests[slot as usize];
            let waited = now - request.queued;
            self.timeline.set(now, |levels| levels.queue -= 1);
            self.waited_ns += u128::from(waited.0);
            request.spend.place = Some(tenant);
            request.spend.seated_after = waited;
            request.queued = now;
            let next = self.ask_model(slot, &mut request, sim);
            self.proceed(slot, request, next, sim);
        }
    }

    /// Places are divided anew.
    pub(super) fn divide_places(&mut self, sim: &mut Scheduler<Event>) {
        self.division_awaited = false;
        if let Some(places) = &mut self.places {
            places.turn_to(sim.now());
        }
        self.seat_waiting(sim);
        self.await_division(sim);
    }

    /// Where anybody waits, the next division may give them a place.
    fn await_division(&mut self, sim: &mut Scheduler<Event>) {
        let at = self.places.as_ref().and_then(Places::awaited);
        if let Some(at) = at.filter(|_| !self.division_awaited) {
            self.division_awaited = true;
            sim.schedule_at(at, Event::Divide);
        }
    }

    /// Jain's index and the utility of what is divided, if anything is.
    pub(super) fn division(&mut self, end: Time) -> [f64; 2] {
        if let Some(places) = &mut self.places {
            places.close(end);
        }
        let parts = match (&self.places, self.optimizer.allocation()) {
            (Some(places), _) => places.parts(),
            (None, Some(allocation)) => allocation.parts(),
            (None, None) => return [f64::NAN; 2],
        };
        [fairness(parts), utility_had(parts)]
    }
}
