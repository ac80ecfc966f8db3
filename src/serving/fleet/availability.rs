//! Which replicas may get a request.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::marks::Marks;
use super::{Node, Phase};
use crate::kernel::Time;
use crate::serving::balance::Loads;

/// The replicas that may get a request, kept as they change.
#[derive(Clone, Debug)]
pub(super) struct Availability {
    /// In rising order; right before `valid_until`.
    list: Vec<u32>,
    /// How many of them are on the first side.
    first_side: usize,
    valid_until: Time,
    /// Replicas of which something has changed.
    changed: Marks,
    /// When circuit breakers let a request through again; some have been closed or opened
    /// anew since.
    reopening: BinaryHeap<Reverse<(Time, u32)>>,
}

impl Availability {
    /// Nothing is known of any of `replicas`.
    pub fn new(replicas: u32) -> Self {
        Availability {
            list: Vec::with_capacity(replicas as usize),
            first_side: 0,
            valid_until: Time::ZERO,
            changed: Marks::all(replicas),
            reopening: BinaryHeap::new(),
        }
    }

    /// Something of a replica has changed.
    pub fn touch(&mut self, replica: u32) {
        self.changed.mark(replica);
        self.valid_until = Time::ZERO;
    }

    /// Until when they stay the same if nothing happens.
    pub const fn valid_until(&self) -> Time {
        self.valid_until
    }

    /// All of them.
    pub fn all(&self) -> &[u32] {
        &self.list
    }

    /// Those of a side.
    #[inline]
    pub fn side(&self, side: usize) -> &[u32] {
        let (first, second) = self.list.split_at(self.first_side);
        if side == 0 { first } else { second }
    }

    /// Brings them up to `now`.
    #[inline]
    pub fn refresh(&mut self, now: Time, nodes: &[Node], loads: &mut Loads) {
        if now >= self.valid_until {
            self.settle_changes(now, nodes, loads);
        }
    }

    fn settle_changes(&mut self, now: Time, nodes: &[Node], loads: &mut Loads) {
        while let Some(replica) = self.changed.take() {
            self.settle(now, replica, nodes, loads);
        }
        self.valid_until = Time::MAX;
        while let Some(Reverse((at, replica))) = self.reopening.peek().copied() {
            let waits = reopens(&nodes[replica as usize]) == Some(at);
            if waits && at > now {
                self.valid_until = at;
                break;
            }
            self.reopening.pop();
            if waits {
                self.settle(now, replica, nodes, loads);
            }
        }
        self.first_side = self.list.partition_point(|replica| loads.side(0).contains(replica));
    }

    fn settle(&mut self, now: Time, replica: u32, nodes: &[Node], loads: &mut Loads) {
        let node = &nodes[replica as usize];
        let is_up = node.phase() == Phase::Up;
        let admits = node.breaker.as_ref().is_none_or(|breaker| breaker.admits(now));
        let available = is_up && admits;
        match (self.list.binary_search(&replica), available) {
            (Err(place), true) => self.list.insert(place, replica),
            (Ok(place), false) => {
                self.list.remove(place);
            }
            _ => {}
        }
        loads.set_available(replica, available);
        if !admits && let Some(at) = reopens(node) {
            self.reopening.push(Reverse((at, replica)));
        }
    }
}

/// When the circuit breaker of a replica that is up lets a request through again.
fn reopens(node: &Node) -> Option<Time> {
    let breaker = node.breaker.as_ref().filter(|_| node.phase() == Phase::Up)?;
    breaker.reopens()
}
