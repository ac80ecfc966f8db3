//! Clients that wait for an answer before they go on: sessions, closed loops, and
//! bounds on concurrency.

use std::num::NonZeroU32;

use slab::Slab;

use super::incoming::PromptId;

/// A client that waits for an answer, from its first request until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadId(NonZeroU32);

impl ThreadId {
    /// The client in a table's row `index`.
    pub(in crate::workload) fn new(index: usize) -> Self {
        let index = u32::try_from(index).expect("fewer than 2^32 clients");
        ThreadId(NonZeroU32::MIN.checked_add(index).expect("fewer than 2^32 clients"))
    }

    /// Its row.
    pub(in crate::workload) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// What follows a request that was answered, or that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FollowUp {
    /// The client's next request, at its time.
    pub next: Option<super::Incoming>,
    /// The session that ends with it, if it was of one.
    pub ended: Option<SessionEnd>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionEnd {
    /// Turns that were answered.
    pub turns: u32,
    /// Whether the user left before all turns that were meant.
    pub abandoned: bool,
}

/// A client on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thread {
    /// Index of its class.
    pub client: u32,
    /// Its session's number, for draws: the same in every system.
    pub number: u64,
    /// Its session's number in the order in which sessions began.
    pub ordinal: u64,
    /// Turns that the session is meant to have.
    pub turns: u32,
    /// The session's first prompt, and tenths of tokens of it that its prompts
    /// still begin with.
    pub first: PromptId,
    pub first_decitokens: u64,
    /// What names the blocks after these; it changes where the beginning is left
    /// out.
    pub own: PromptId,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct WaitingClients(Slab<Thread>);

impl WaitingClients {
    pub fn open(&mut self, thread: Thread) -> ThreadId {
        ThreadId::new(self.0.insert(thread))
    }

    pub fn get(&self, id: ThreadId) -> Option<&Thread> {
        self.0.get(id.index())
    }

    pub fn get_mut(&mut self, id: ThreadId) -> Option<&mut Thread> {
        self.0.get_mut(id.index())
    }

    pub fn close(&mut self, id: ThreadId) {
        self.0.try_remove(id.index());
    }
}

/// Ids of prompts from here on are later turns of sessions, each of its own: the
/// session's ordinal, and the turn in the last bits.
const TURNS: u64 = 1 << 47;

/// The most turns of a session; one that goes on begins another.
pub(super) const MOST_TURNS: u32 = 1 << TURN_BITS;

const TURN_BITS: u32 = 12;

/// The prompt of turn `turn`, from 1, of session `ordinal`.
pub(super) const fn turn_prompt(ordinal: u64, turn: u32) -> PromptId {
    PromptId(TURNS | (ordinal << TURN_BITS) | turn as u64)
}

/// What results call such a prompt; `None` for any other.
pub(super) fn turn_name(prompt: PromptId) -> Option<String> {
    let number = prompt.0.checked_sub(TURNS)?;
    let (session, turn) = (number >> TURN_BITS, number % (1 << TURN_BITS));
    Some(format!("session {} turn {}", session + 1, turn + 1))
}

/// The prompt of this name.
pub(super) fn turn_named(name: &str) -> Option<PromptId> {
    let (session, turn) = name.strip_prefix("session ")?.split_once(" turn ")?;
    let session = session.parse::<u64>().ok()?.checked_sub(1)?;
    let turn = turn.parse::<u32>().ok()?.checked_sub(1)?;
    (session < 1 << 35 && (1..MOST_TURNS).contains(&turn)).then(|| turn_prompt(session, turn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turns_name_reads_back() {
        for (ordinal, turn) in [(0, 1), (7, 4095), ((1 << 35) - 1, 12)] {
            let prompt = turn_prompt(ordinal, turn);
            assert!(prompt.0 < 1 << 48);
            assert_eq!(turn_named(&turn_name(prompt).unwrap()), Some(prompt));
        }
        assert_eq!(turn_name(turn_prompt(7, 1)).unwrap(), "session 8 turn 2");
        assert_eq!(turn_name(PromptId(17)), None);
        for name in ["session 1 turn 1", "session 0 turn 2", "session 1", "session 1 turn 5000"] {
            assert_eq!(turn_named(name), None, "{name}");
        }
    }
}
