//! What requests at a gateway are told apart by, and how each flow fared.

use super::spec::FlowSpec;
use crate::cost::{CostSpec, TenantKind, Tenants};
use crate::kernel::Duration;
use crate::stats::{Histogram, jain};
use crate::workload::{Incoming, User};

/// How a flow fared: measured requests only.
#[derive(Clone, Debug, Default)]
pub struct FlowSums {
    /// Requests that came to the gateway's queue.
    pub requests: u64,
    /// Of these, refused as the queue was full.
    pub refused: u64,
    /// Of these, those that waited as long as they may, or would.
    pub expired: u64,
    /// Tokens of those that were let through: of their prompts, and the most that may come
    /// back.
    pub tokens: u64,
    /// How long those waited that were let through.
    pub wait: Histogram,
    /// The sums of that, and of how long they then were at the models, of those that have
    /// left: nanoseconds.
    pub waited_ns: u128,
    /// See above.
    pub held_ns: u128,
}

impl FlowSums {
    /// How many times as long its requests took as they would have without the queue.
    pub fn slowdown(&self) -> Option<f64> {
        let held = self.held_ns as f64;
        (self.held_ns > 0).then(|| (self.waited_ns as f64 + held) / held)
    }

    /// A request has left that waited and was then at the models for so long.
    pub fn leave(&mut self, waited: Duration, held: Duration) {
        self.waited_ns += u128::from(waited.as_nanos());
        self.held_ns += u128::from(held.as_nanos());
    }
}

/// Which flow a request is of.
#[derive(Clone, Debug)]
pub(super) struct Flows {
    by: By,
    names: Vec<String>,
}

#[derive(Clone, Debug)]
enum By {
    /// Who asks. Users who were not there at first are of a flow after all others.
    Users(Tenants),
    SloClass,
}

/// The flow of users who were not there at first.
const OTHERS: &str = "others";

impl Flows {
    pub fn new(by: FlowSpec, cost: &CostSpec, users: &[User], slo_classes: &[String]) -> Self {
        let kind = match by {
            FlowSpec::SloClass => {
                return Flows { by: By::SloClass, names: slo_classes.to_vec() };
            }
            FlowSpec::Class => TenantKind::Class,
            FlowSpec::Team => TenantKind::Team,
            FlowSpec::Key => TenantKind::Key,
            FlowSpec::User => TenantKind::User,
        };
        let tenants = Tenants::of_users(kind, cost, users);
        let mut names = tenants.names().to_vec();
        names.push(OTHERS.to_owned());
        Flows { by: By::Users(tenants), names }
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    #[inline]
    pub fn of(&self, incoming: &Incoming) -> u32 {
        match &self.by {
            By::SloClass => u32::from(incoming.slo_class.0),
            By::Users(tenants) => tenants.of(incoming.user).unwrap_or(self.names.len() as u32 - 1),
        }
    }
}

/// Jain's index over flows of how fast they were served, 1 / slowdown, and the greatest
/// slowdown; NaN where nobody was.
pub fn fairness(flows: &[FlowSums]) -> [f64; 2] {
    let slowdowns: Vec<f64> = flows.iter().filter_map(FlowSums::slowdown).collect();
    let worst = slowdowns.iter().copied().fold(f64::NAN, f64::max);
    [jain(slowdowns.iter().map(|slowdown| 1.0 / slowdown)), worst]
}
