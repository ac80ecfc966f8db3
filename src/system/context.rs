//! What surrounds a part at work.

use super::agenda::Agenda;
use super::charge::Charge;
use super::clients::Clients;
use super::event::Event;
use super::measure::Observers;
use super::request::Requests;
use crate::kernel::{Scheduler, Time};

/// What the models' servers read, whom they tell, and what they set going: all parts but
/// their own.
pub struct Context<'c, 'r> {
    /// The requests, which only their own way changes.
    pub requests: &'c Requests,
    /// Who asked.
    pub clients: &'c mut Clients,
    /// Who pays.
    pub charge: &'c mut Charge,
    /// Who looks on.
    pub observers: &'c mut Observers<'r>,
    /// What is to be ended.
    pub agenda: &'c mut Agenda,
    /// What is to come.
    pub sim: &'c mut Scheduler<Event>,
}

impl Context<'_, '_> {
    /// The virtual time.
    #[inline]
    pub fn now(&self) -> Time {
        self.sim.now()
    }
}
