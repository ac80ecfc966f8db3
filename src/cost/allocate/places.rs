//! Places at models divided among tenants: how many requests each may have in
//! flight, as on a fleet of GPUs that they share.

use std::collections::{BTreeMap, VecDeque};

use super::part::{Part, divide};
use super::tenants::Tenants;
use super::{AllocateSpec, RuleSpec};
use crate::cost::{ModelId, SharedBudgetSpec, UserId};
use crate::kernel::{Duration, Time};

/// Requests of a tenant that wait, unless the file says otherwise.
const MOST_WAITING: u32 = 10_000;

/// The places of one tenant.
#[derive(Clone, Debug, Default)]
struct Seats {
    given: u32,
    taken: u32,
    /// Requests that wait for a place, in the order in which they came.
    waiting: VecDeque<u32>,
    /// Until when what is taken and asked for has been added up.
    since: Time,
}

/// A tenant, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenant(u32);

/// What becomes of a request that asks for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seated {
    /// It has one.
    Now,
    /// It waits until [`Places::next`] names it.
    Waits,
    /// Its tenant's queue is full, or the tenant has no place at all.
    Refused,
}

/// A division of places under way.
///
/// A tenant holds no more places than it was given, nor all together more than
/// there are. Where places are lent (work-conserving), a tenant may hold more as
/// long as any is free; nobody is driven out of a place, so that who lends waits
/// until one is free again, and then comes first.
#[derive(Clone, Debug)]
pub struct Places {
    total: u32,
    every: Duration,
    rule: RuleSpec,
    lend: bool,
    queue: usize,
    tenants: Tenants,
    parts: Vec<Part>,
    seats: Vec<Seats>,
    taken: u32,
    /// Requests that had a place so far.
    seated: u64,
    waiting: u32,
    leaving: Vec<Tenant>,
    /// When it is divided anew.
    end: Time,
}

impl Places {
    /// The division of a checked spec; `None` where it divides something else.
    pub fn new(
        spec: &AllocateSpec,
        users: &[(String, Option<String>)],
        teams: &BTreeMap<String, SharedBudgetSpec>,
        models: &[&str],
    ) -> Option<Self> {
        let tenants = Tenants::new(spec, users, teams, models);
        let parts: Vec<Part> = tenants.names().iter().map(|name| Part::new(name, spec)).collect();
        let mut places = Places {
            total: spec.places?,
            every: Duration::from_nanos(spec.every.as_nanos().max(1)),
            rule: spec.by,
            lend: spec.lend,
            queue: spec.queue.unwrap_or(MOST_WAITING) as usize,
            seats: vec![Seats::default(); parts.len()],
            tenants,
            parts,
            taken: 0,
            seated: 0,
            waiting: 0,
            leaving: Vec::new(),
            end: Time::ZERO,
        };
        places.turn_to(Time::ZERO);
        Some(places)
    }

    /// The tenant of a request; `None` where nothing limits it.
    pub fn tenant(&self, user: UserId, model: ModelId) -> Option<Tenant> {
        self.tenants.of(user, model).map(|index| Tenant(index as u32))
    }

    /// A request asks for a place.
    pub fn ask(&mut self, tenant: Tenant, request: u32, now: Time) -> Seated {
        self.settle(now);
        let index = tenant.0 as usize;
        self.add_up(index, now);
        if self.seats[index].waiting.is_empty() && self.has_room(index) {
            self.take(index);
            return Seated::Now;
        }
        let seats = &mut self.seats[index];
        let hopeless = seats.given == 0 && !self.lend;
        if hopeless || seats.waiting.len() >= self.queue {
            let stay = self.mean_stay();
            self.parts[index].want(stay);
            return Seated::Refused;
        }
        seats.waiting.push_back(request);
        self.waiting += 1;
        Seated::Waits
    }

    /// A request leaves its place, at the moment of the next call that names one.
    pub fn leave(&mut self, tenant: Tenant) {
        self.leaving.push(tenant);
    }

    /// Frees the places of those who left.
    fn settle(&mut self, now: Time) {
        self.turn_to(now);
        while let Some(Tenant(index)) = self.leaving.pop() {
            self.add_up(index as usize, now);
            self.seats[index as usize].taken -= 1;
            self.taken -= 1;
        }
    }

    /// The next request that waited and has a place now, and its tenant: one of the
    /// tenant that has least of its part.
    pub fn next(&mut self, now: Time) -> Option<(u32, Tenant)> {
        if self.waiting == 0 && self.leaving.is_empty() {
            return None;
        }
        self.settle(now);
        let waits = |index: &usize| !self.seats[*index].waiting.is_empty();
        let rank = |index: &usize| {
            let seats = &self.seats[*index];
            f64::from(seats.taken) / f64::from(seats.given)
        };
        let able = (0..self.seats.len()).filter(waits).filter(|index| self.has_room(*index));
        let index = able.min_by(|a, b| rank(a).total_cmp(&rank(b)))?;
        self.add_up(index, now);
        let request = self.seats[index].waiting.pop_front()?;
        self.waiting -= 1;
        self.take(index);
        Some((request, Tenant(index as u32)))
    }

    /// When places are divided anew, if anybody waits for that.
    pub fn awaited(&self) -> Option<Time> {
        (self.waiting > 0).then_some(self.end)
    }

    fn has_room(&self, index: usize) -> bool {
        let seats = &self.seats[index];
        self.taken < self.total && (self.lend || seats.taken < seats.given)
    }

    /// How long a request keeps its place on average: what one asks for that is
    /// refused.
    fn mean_stay(&self) -> f64 {
        let used: f64 = self.parts.iter().map(|part| part.used_in_all).sum();
        used / self.seated.max(1) as f64
    }

    fn take(&mut self, index: usize) {
        self.seated += 1;
        self.seats[index].taken += 1;
        self.taken += 1;
        debug_assert!(self.taken <= self.total, "no place is taken twice");
    }

    /// Divides anew what is over at `now`.
    pub fn turn_to(&mut self, now: Time) {
        while now >= self.end {
            let at = self.end;
            (0..self.seats.len()).for_each(|index| self.add_up(index, at));
            let before: Vec<f64> = self.parts.iter().map(|part| part.wanted).collect();
            self.divide();
            let every = self.every.as_nanos();
            self.end = at + self.every;
            // Nothing happens until `now`: after a whole interval of that, each
            // division is like the one before.
            let until = self.end.min(now);
            (0..self.seats.len()).for_each(|index| self.add_up(index, until));
            let last = now.as_nanos() - now.as_nanos() % every;
            let same = before.iter().zip(&self.parts).all(|(a, b)| *a == b.wanted);
            if same && last > self.end.as_nanos() {
                let from = Time(last - every);
                (0..self.seats.len()).for_each(|index| self.add_up(index, from));
                self.parts.iter_mut().for_each(|part| part.wanted = 0.0);
                self.end = Time(last);
            }
        }
    }

    fn divide(&mut self) {
        let length = self.every.as_secs_f64();
        // What was asked for in place-seconds, as places: less than one is one.
        let places = |wanted: f64| libm::ceil(wanted / length - 1e-9);
        self.parts.iter_mut().for_each(|part| part.wanted = places(part.wanted));
        let given = whole(&divide(self.rule, f64::from(self.total), &mut self.parts), self.total);
        self.seats.iter_mut().zip(given).for_each(|(seats, given)| seats.given = given);
    }

    /// Adds up what a tenant has had, used and asked for until `now`.
    fn add_up(&mut self, index: usize, now: Time) {
        let (part, seats) = (&mut self.parts[index], &mut self.seats[index]);
        let span = now.since(seats.since).as_secs_f64();
        seats.since = now;
        part.given_in_all += span * f64::from(seats.given);
        part.used_in_all += span * f64::from(seats.taken);
        part.want(span * (f64::from(seats.taken) + seats.waiting.len() as f64));
    }

    /// Adds up everything until `now`, the end of the run.
    pub fn close(&mut self, now: Time) {
        self.settle(now);
        (0..self.seats.len()).for_each(|index| self.add_up(index, now));
    }

    /// The tenants, in place-seconds.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// How many places a tenant was given and has taken.
    pub fn standing(&self, tenant: Tenant) -> (u32, u32) {
        let seats = &self.seats[tenant.0 as usize];
        (seats.given, seats.taken)
    }
}

/// Whole places next to the parts: one for each part above 0 if there are enough,
/// and the rest by largest remainder (Hamilton's method).
fn whole(parts: &[f64], total: u32) -> Vec<u32> {
    let mut given: Vec<u32> = parts.iter().map(|part| *part as u32).collect();
    let entitled = |index: &usize| parts[*index] > 0.0;
    if (0..parts.len()).filter(entitled).count() as u32 <= total {
        given.iter_mut().zip(parts).for_each(|(given, part)| {
            *given = (*given).max(u32::from(*part > 0.0));
        });
    }
    let mut sum: u32 = given.iter().sum();
    let ahead = |given: &[u32], index: usize| parts[index] - f64::from(given[index]);
    while sum < total {
        let first = |a: &usize, b: &usize| ahead(&given, *a).total_cmp(&ahead(&given, *b));
        let Some(index) = (0..parts.len()).rev().filter(entitled).max_by(first) else { break };
        given[index] += 1;
        sum += 1;
    }
    while sum > total {
        let spare = (0..parts.len()).filter(|index| given[*index] > 1);
        let first = |a: &usize, b: &usize| ahead(&given, *a).total_cmp(&ahead(&given, *b));
        let Some(index) = spare.min_by(first) else { break };
        given[index] -= 1;
        sum -= 1;
    }
    given
}

#[cfg(test)]
mod tests;
