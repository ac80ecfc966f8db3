//! What the gateway's queue did to all flows together.

use crate::gateway::queue::{Queue, fairness};
use crate::stats::Histogram;

/// What the gateway's queue did to all flows together.
#[derive(Clone, Debug)]
pub struct GatewaySums {
    /// How long those waited that were let through.
    pub wait: Histogram,
    /// Jain's index of the flows' speeds.
    pub fairness: f64,
    /// The greatest slowdown of a flow.
    pub worst_slowdown: f64,
}

impl GatewaySums {
    /// The sums of a queue's flows.
    pub fn of(queue: &Queue) -> Self {
        let mut wait = Histogram::new();
        queue.sums().iter().for_each(|flow| wait.merge(&flow.wait));
        let [fairness, worst_slowdown] = fairness(queue.sums());
        GatewaySums { wait, fairness, worst_slowdown }
    }
}
