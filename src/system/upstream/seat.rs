//! Slots at the models: who gives them, and what a request has of one.

use crate::cost::allocate::{Places, Tenant};
use crate::gateway::queue::{Queue, Waiting};
use crate::kernel::EventId;

/// Who gives slots.
pub enum Slots {
    /// Tenants divide them.
    Tenants(Places),
    /// The gateway.
    Gateway(Box<Queue>),
}

/// A slot that a request has.
#[derive(Clone, Copy, Debug)]
pub enum Seat {
    /// One of a tenant's.
    Tenant(Tenant),
    /// One of the gateway's: the request's flow.
    Flow(u32),
}

/// A request in the gateway's queue.
#[derive(Clone, Copy, Debug)]
pub struct Queued {
    /// Where it stands.
    pub place: Waiting,
    /// When it gives up.
    pub expiry: Option<EventId>,
}
