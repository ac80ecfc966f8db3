//! Results that are kept for the same input.

use std::collections::BTreeMap;

use super::frames::Said;
use crate::kernel::{Duration, Time};
use crate::orchestration::plan;

/// The results of a step, the least recently used of which goes first.
#[derive(Debug)]
pub(super) struct Memo {
    ttl: Option<Duration>,
    capacity: usize,
    kept: BTreeMap<u64, Kept>,
    /// Inputs by their last use.
    order: BTreeMap<u64, u64>,
    uses: u64,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    said: Said,
    since: Time,
    used: u64,
}

impl Memo {
    pub fn new(plan: &plan::Memo) -> Self {
        let capacity = plan.capacity as usize;
        let (kept, order) = (BTreeMap::new(), BTreeMap::new());
        Memo { ttl: plan.ttl, capacity, kept, order, uses: 0 }
    }

    /// The result of this input, if it is kept and not too old.
    pub fn get(&mut self, input: u64, now: Time) -> Option<Said> {
        let kept = self.kept.get_mut(&input)?;
        self.order.remove(&kept.used);
        if self.ttl.is_some_and(|ttl| now.since(kept.since) >= ttl) {
            self.kept.remove(&input);
            return None;
        }
        self.uses += 1;
        kept.used = self.uses;
        self.order.insert(self.uses, input);
        Some(kept.said)
    }

    /// Keeps a result.
    pub fn put(&mut self, input: u64, said: Said, now: Time) {
        self.uses += 1;
        let kept = Kept { said, since: now, used: self.uses };
        if let Some(before) = self.kept.insert(input, kept) {
            self.order.remove(&before.used);
        }
        self.order.insert(self.uses, input);
        if self.kept.len() > self.capacity
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.kept.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_and_the_old_is_not_found() {
        let ttl = Some(Duration::from_secs(10));
        let mut memo = Memo::new(&plan::Memo { ttl, capacity: 2 });
        let said = |tokens| Said { tokens, ..Said::default() };
        memo.put(1, said(1), Time::ZERO);
        memo.put(2, said(2), Time::from_secs(5));
        assert_eq!(memo.get(1, Time::from_secs(6)), Some(said(1)));
        memo.put(3, said(3), Time::from_secs(7));
        assert_eq!(memo.get(2, Time::from_secs(7)), None);
        assert_eq!(memo.get(1, Time::from_secs(10)), None, "its time is over");
        assert_eq!(memo.get(3, Time::from_secs(10)), Some(said(3)));
        assert_eq!((memo.kept.len(), memo.order.len()), (1, 1));
    }
}
