//! Which answers were good, by SLO class and by user.

use super::slo_spec::{SloSpec, TargetsSpec};
use super::times::Times;
use crate::pipeline::RequestError;
use crate::stats::{Histogram, jain};
use crate::system::request::Request;

/// What became of the requests of one class.
#[derive(Clone, Debug, Default)]
pub struct ClassShare {
    /// All that came.
    pub requests: u64,
    /// Answered.
    pub completed: u64,
    /// Answered well.
    pub good: u64,
    /// Answered well within the window, whenever the request came.
    pub good_in_window: u64,
    /// Turned away.
    pub rejected: u64,
    /// Of these, so that others are served in time.
    pub shed: u64,
    /// From arrival to the whole answer.
    pub e2e: Histogram,
    /// From arrival to the first token.
    pub ttft: Histogram,
}

/// Requests by class, and which answers were good. Kept where there are targets or
/// several classes.
#[derive(Clone, Debug)]
pub struct Classes {
    targets: Vec<TargetsSpec>,
    /// By class.
    pub shares: Vec<ClassShare>,
    /// By user: good answers.
    users: Vec<u64>,
    /// Good answers.
    pub good: u64,
    /// Good answers within the window, whenever the requests came.
    pub good_in_window: u64,
}

impl Classes {
    /// `None` where there is nothing to tell apart.
    pub fn new(slo: Option<&SloSpec>, classes: &[String], users: usize) -> Option<Self> {
        let spec = slo.cloned().unwrap_or_default();
        (slo.is_some() || classes.len() > 1).then(|| Classes {
            targets: classes.iter().map(|class| spec.targets(class)).collect(),
            shares: vec![ClassShare::default(); classes.len()],
            users: vec![0; users],
            good: 0,
            good_in_window: 0,
        })
    }

    /// Jain's index over the classes: of the shares of their requests that were
    /// answered well.
    pub fn fairness(&self) -> f64 {
        jain(shares(self.shares.iter().map(|it| (it.good, it.requests))))
    }

    /// Whether an answer met the targets of its class.
    pub fn met(&self, request: &Request, times: &Times) -> bool {
        self.targets[usize::from(request.incoming.slo_class.0)].met(times)
    }

    /// A request is finished: whether with a good answer.
    pub fn count(&mut self, request: &Request, times: &Times, in_window: bool) -> bool {
        let class = usize::from(request.incoming.slo_class.0);
        let answered = request.error.is_none() && request.answer.is_some();
        let good = answered && self.targets[class].met(times);
        let share = &mut self.shares[class];
        if in_window {
            share.good_in_window += u64::from(good);
            self.good_in_window += u64::from(good);
        }
        if request.measured {
            self.count_measured(request, times, good);
        }
        good
    }

    fn count_measured(&mut self, request: &Request, times: &Times, good: bool) {
        let share = &mut self.shares[usize::from(request.incoming.slo_class.0)];
        share.requests += 1;
        if let Some(error) = request.error {
            // Given up by its workflow, it is neither.
            if error == RequestError::CalledOff {
                return;
            }
            share.rejected += u64::from(error.is_rejection());
            share.shed += u64::from(error == RequestError::Shed);
            return;
        }
        share.completed += 1;
        share.e2e.record(times.e2e);
        share.ttft.record(times.ttft);
        if good {
            share.good += 1;
            self.users[request.incoming.user.0 as usize] += 1;
            self.good += 1;
        }
    }

    /// The same over users, who had so many requests.
    pub fn user_fairness(&self, requests: impl Iterator<Item = u64>) -> f64 {
        jain(shares(self.users.iter().copied().zip(requests)))
    }
}

/// What part of each whole that there is.
fn shares(parts: impl Iterator<Item = (u64, u64)>) -> impl Iterator<Item = f64> {
    parts.filter(|(_, whole)| *whole > 0).map(|(part, whole)| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jain_s_index_is_1_for_equals_and_1_nth_for_one_who_has_all() {
        assert!((jain(shares([(5, 10), (50, 100), (1, 2)].into_iter())) - 1.0).abs() < 1e-12);
        assert!(
            (jain(shares([(10, 10), (0, 10), (0, 10), (0, 10)].into_iter())) - 0.25).abs() < 1e-12
        );
        assert!(
            (jain(shares([(10, 10), (0, 0)].into_iter())) - 1.0).abs() < 1e-12,
            "who asks nothing"
        );
        assert!(jain(shares([(0, 10)].into_iter())).is_nan());
    }
}
