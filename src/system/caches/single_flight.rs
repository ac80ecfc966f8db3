//! Single flight: of concurrent misses of one key only the first asks a model;
//! the others wait for its answer.
//!
//! An answer goes to all who wait, as with Go's `singleflight`. A failure does
//! not: it may be the first one's own (its budget is used up), and so the next
//! one asks in its place, as behind nginx's `proxy_cache_lock`.

use crate::cache::{Key, KeyMap};

/// What a request has to do with a flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flight {
    /// Nothing.
    #[default]
    None,
    /// It asks a model; others may wait for it.
    Leads,
    /// It waits for another's answer.
    Waits,
    /// It has got another's answer.
    Landed,
}

const NOBODY: u32 = u32::MAX;

/// Those who wait, in order of their coming: a list threaded through the slots
/// of the request table.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    first: u32,
    last: u32,
}

/// The keys that a model is asked for now.
#[derive(Debug, Default)]
pub(super) struct Flights {
    waiting: KeyMap<Waiting>,
    /// By slot of the one who waits: who waits behind it.
    behind: Vec<u32>,
}

impl Flights {
    /// The request in `slot` needs `key`: it leads, or waits for who does.
    pub fn join(&mut self, key: Key, slot: u32) -> Flight {
        let Some(waiting) = self.waiting.get_mut(key) else {
            self.waiting.insert(key, Waiting { first: NOBODY, last: NOBODY });
            return Flight::Leads;
        };
        let place = slot as usize;
        if place >= self.behind.len() {
            self.behind.resize(place + 1, NOBODY);
        }
        self.behind[place] = NOBODY;
        if waiting.first == NOBODY {
            waiting.first = slot;
        } else {
            self.behind[waiting.last as usize] = slot;
        }
        waiting.last = slot;
        Flight::Waits
    }

    /// Takes out the first who waits for `key`: to be given the answer, or to lead
    /// if there is none. `None`: nobody waits, and the flight is over.
    pub fn next(&mut self, key: Key) -> Option<u32> {
        let waiting = self.waiting.get_mut(key)?;
        let first = waiting.first;
        if first == NOBODY {
            self.waiting.remove(key);
            return None;
        }
        waiting.first = self.behind[first as usize];
        Some(first)
    }

    /// Whether no flight is on its way.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_leads_and_the_others_land_in_order() {
        let mut flights = Flights::default();
        let joined: Vec<Flight> = (3..7).map(|slot| flights.join(Key(1), slot)).collect();
        assert_eq!(joined, [Flight::Leads, Flight::Waits, Flight::Waits, Flight::Waits]);
        assert_eq!(flights.join(Key(2), 9), Flight::Leads, "another key is another flight");
        let landed: Vec<u32> = std::iter::from_fn(|| flights.next(Key(1))).collect();
        assert_eq!(landed, [4, 5, 6]);
        assert_eq!(flights.join(Key(1), 4), Flight::Leads, "the flight was over");
        assert_eq!(flights.next(Key(1)), None);
        assert_eq!(flights.next(Key(2)), None);
        assert!(flights.is_empty());
    }

    #[test]
    fn after_a_failure_the_next_leads_and_those_who_come_wait_behind() {
        let mut flights = Flights::default();
        for slot in 0..3 {
            flights.join(Key(1), slot);
        }
        assert_eq!(flights.next(Key(1)), Some(1));
        assert_eq!(flights.join(Key(1), 0), Flight::Waits);
        assert_eq!(flights.next(Key(1)), Some(2));
        assert_eq!(flights.next(Key(1)), Some(0));
        assert_eq!(flights.next(Key(1)), None);
        assert!(flights.is_empty());
    }
}
