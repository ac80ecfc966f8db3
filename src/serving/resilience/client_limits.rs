//! What clients may ask for, as several copies of a gateway count it.

use super::Limits;
use crate::kernel::Time;

/// The limits of clients: as they are, and as each copy of the gateway knows them, which is
/// what all had taken when they last told each other, and what went through itself since.
#[derive(Clone, Debug, Default)]
pub struct ClientLimits {
    truth: Vec<Limits>,
    /// By copy; empty where all know the truth.
    views: Vec<Vec<Limits>>,
    /// As they would be if all knew the truth, where not all do.
    exact: Vec<Limits>,
    /// Clients of whom a copy does not know all; some of them more than once.
    unknown: Vec<u32>,
}

/// Whether a request goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It does.
    Yes,
    /// It does, and would not if copies knew of each other.
    Beyond,
    /// It does not.
    No,
}

impl ClientLimits {
    /// Limits that so many copies look at, each with a view of its own where there are
    /// several.
    pub fn new(limits: Vec<Limits>, copies: usize) -> Self {
        let (views, exact) = match copies {
            0 | 1 => (Vec::new(), Vec::new()),
            _ => (vec![limits.clone(); copies], limits.clone()),
        };
        ClientLimits { truth: limits, views, exact, unknown: Vec::new() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.truth.is_empty()
    }

    /// A request of `tokens` of a client comes to a copy; it is counted if it goes
    /// through.
    pub fn admit(&mut self, client: usize, copy: u16, now: Time, tokens: u64) -> Admitted {
        let Some(truth) = self.truth.get_mut(client) else { return Admitted::Yes };
        let view = self.views.get_mut(usize::from(copy)).and_then(|view| view.get_mut(client));
        let Some(view) = view else {
            return if truth.admit(now, tokens) { Admitted::Yes } else { Admitted::No };
        };
        if !view.admit(now, tokens) {
            return Admitted::No;
        }
        self.unknown.push(client as u32);
        if !truth.admit(now, tokens) {
            truth.drain(tokens);
        }
        if self.exact[client].admit(now, tokens) { Admitted::Yes } else { Admitted::Beyond }
    }

    /// Whether a copy does not know yet what went through another.
    pub fn is_out_of_sync(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// All learn the truth.
    pub fn sync(&mut self) {
        self.unknown.sort_unstable();
        self.unknown.dedup();
        for view in &mut self.views {
            for client in &self.unknown {
                view[*client as usize] = self.truth[*client as usize];
            }
        }
        self.unknown.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_let_through_what_they_do_not_know_of() {
        let mut limits = ClientLimits::new(vec![Limits::new(Some(3), None)], 2);
        let mut admit = |copy| limits.admit(0, copy, Time::ZERO, 1);
        assert_eq!(
            [0, 0, 1, 1].map(&mut admit),
            [Admitted::Yes, Admitted::Yes, Admitted::Yes, Admitted::Beyond]
        );
        assert_eq!(admit(0), Admitted::Beyond, "its third");
        assert_eq!(admit(0), Admitted::No);
        assert!(limits.is_out_of_sync());
        limits.sync();
        assert!(!limits.is_out_of_sync());
        assert_eq!(limits.admit(0, 1, Time::ZERO, 1), Admitted::No, "now it knows");
        assert_eq!(limits.admit(0, 1, Time::from_secs(20), 1), Admitted::Yes);
    }
}
