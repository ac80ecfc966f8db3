//! Faults of which alerts may tell, and which rule told of which.

use std::collections::VecDeque;

use crate::kernel::Time;

/// Something that went wrong and of which an alert may tell.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// The model that it happened to.
    pub model: u32,
    /// The replica that crashed; none of a brown-out.
    pub replica: Option<u32>,
    /// When it began.
    pub from: Time,
    /// When it ended, if it has.
    pub until: Option<Time>,
}

impl Fault {
    /// Whether it was there after `after`.
    fn lasts(&self, after: Option<Time>) -> bool {
        after.is_none_or(|after| self.until.is_none_or(|end| end > after))
    }
}

/// The number of a fault. Faults are never taken out of their list, so that it always
/// means the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FaultId(u32);

/// What one rule has told. Its alerts come one after the other and reach back ever less
/// far: what is behind them is never looked at again.
#[derive(Clone, Debug, Default)]
struct Told {
    /// How many of those that began first no alert reaches any more.
    behind: usize,
    /// How many of those that began first were told or are out of reach.
    settled: usize,
    /// By fault: when it was told.
    at: Vec<Option<Time>>,
}

/// All faults of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    /// In the order in which they became known.
    list: Vec<Fault>,
    /// In the order in which they began.
    begun: Vec<FaultId>,
    /// Those that are yet to begin, in that order.
    planned: VecDeque<FaultId>,
    /// By rule.
    told: Vec<Told>,
    /// When the run ended, once it has.
    end: Option<Time>,
}

impl Faults {
    /// Of which so many rules may tell.
    pub fn new(rules: usize) -> Self {
        Faults { told: vec![Told::default(); rules], ..Faults::default() }
    }

    /// Something is going to go wrong.
    pub fn plan(&mut self, model: u32, from: Time, until: Time) {
        let id = self.add(Fault { model, replica: None, from, until: Some(until) });
        let at = self.planned.partition_point(|id| self[*id].from <= from);
        self.planned.insert(at, id);
    }

    /// A replica crashes.
    pub fn crash(&mut self, model: u32, replica: u32, now: Time) {
        self.begin(now);
        let id = self.add(Fault { model, replica: Some(replica), from: now, until: None });
        self.begun.push(id);
    }

    /// A replica that crashed is repaired.
    pub fn repair(&mut self, model: u32, replica: u32, now: Time) {
        let is_it = |fault: &&mut Fault| {
            fault.model == model && fault.replica == Some(replica) && fault.until.is_none()
        };
        if let Some(fault) = self.list.iter_mut().rev().find(is_it) {
            fault.until = Some(now);
        }
    }

    fn add(&mut self, fault: Fault) -> FaultId {
        self.list.push(fault);
        FaultId(self.list.len() as u32 - 1)
    }

    /// What was planned until `now` has begun.
    fn begin(&mut self, now: Time) {
        while let Some(id) = self.planned.front().copied().filter(|id| self[*id].from <= now) {
            self.planned.pop_front();
            self.begun.push(id);
        }
    }

    /// Of the faults that began by `until` and were there after `after`: the first that the
    /// rule has not told of, and the first of all.
    pub fn first(
        &mut self,
        rule: usize,
        (after, until): (Option<Time>, Time),
    ) -> (Option<FaultId>, Option<FaultId>) {
        self.begin(until);
        let Told { behind, settled, .. } = self.told[rule];
        let reached = |id: &&FaultId| self[**id].lasts(after);
        let untold = self.begun[settled..].iter().find(reached).copied();
        let out = self.begun[behind..].iter().take_while(|id| !reached(id)).count();
        let any = self.begun.get(behind + out).copied();
        self.told[rule].behind += out;
        let began = |id: &FaultId| self[*id].from <= until;
        (untold.filter(began), any.filter(began))
    }

    /// An alert of the rule that fired at `fired` and reaches back to `after` tells of what
    /// began by `until`: of what began later than it fired, then.
    pub fn tell(&mut self, rule: usize, after: Option<Time>, fired: Time, until: Time) {
        self.begin(until);
        let (list, told) = (&self.list, &mut self.told[rule]);
        told.at.resize(list.len(), None);
        for id in &self.begun[told.settled..] {
            let fault = &list[id.0 as usize];
            if fault.from > until {
                break;
            }
            told.settled += 1;
            if fault.lasts(after) {
                told.at[id.0 as usize] = Some(fault.from.max(fired));
            }
        }
    }

    /// The run is over: nothing counts that came later than `end`.
    pub fn close(&mut self, end: Time) {
        self.end = Some(end);
        for fault in &mut self.list {
            fault.until = fault.until.filter(|until| *until <= end);
        }
    }

    /// All that began in the run, in the order in which they became known.
    pub fn all(&self) -> impl Iterator<Item = (FaultId, &Fault)> {
        let began = |fault: &Fault| self.end.is_none_or(|end| fault.from <= end);
        let all = self.list.iter().enumerate().map(|(id, fault)| (FaultId(id as u32), fault));
        all.filter(move |(_, fault)| began(fault))
    }

    /// Whether an alert of the rule told of it in the run.
    pub fn was_told(&self, id: FaultId, rule: usize) -> bool {
        let at = self.told[rule].at.get(id.0 as usize).copied().flatten();
        at.is_some_and(|at| self.end.is_none_or(|end| at <= end))
    }
}

impl std::ops::Index<FaultId> for Faults {
    type Output = Fault;
    fn index(&self, id: FaultId) -> &Fault {
        &self.list[id.0 as usize]
    }
}
