//! What is kept of prompts: how far along each line, and until when.
//!
//! A *line* stands for a part of prompts and all before it (see
//! [`PromptParts`](crate::workload::PromptParts)). On each there are *ends*: up to this token
//! it is kept until then. Ends that are no more stay as ghosts for a while, so that a miss can
//! be told from what was never there.

use crate::cache::structures::{Hashed, hash};
use crate::cache::{Key, Slot};
use crate::kernel::Time;

const NONE: u32 = u32::MAX;

/// Ghosts that are kept at most; older ones are forgotten, and count as never there.
const MOST_GHOSTS: usize = 1 << 17;

/// What an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Live,
    Expired,
    Evicted,
}

/// Up to where a line is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// Tokens from the beginning of the prompt.
    pub tokens: u64,
    /// It is there before that.
    pub expires: Time,
    /// When it was used, for what goes first.
    pub used: Time,
    pub lifetime: u8,
    pub state: State,
    line: u32,
    /// The next shorter end of the line.
    shorter: u32,
    /// Neighbours in its list: the less and the more recently used.
    older: u32,
    newer: u32,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    key: u64,
    /// Where it begins, in tokens of the prompt.
    from: u64,
    /// The longest end.
    longest: u32,
}

/// Ends in the order of their use.
#[derive(Clone, Copy, Debug)]
struct Order {
    oldest: u32,
    newest: u32,
    len: usize,
}

const EMPTY: Order = Order { oldest: NONE, newest: NONE, len: 0 };

/// All lines of a cache. Memory is used again: nothing is allocated once as much was there as
/// ever is.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    index: Hashed,
    lines: Vec<Line>,
    free_lines: Vec<u32>,
    ends: Vec<End>,
    free_ends: Vec<u32>,
    /// By lifetime, the live ends; last the ghosts.
    orders: Vec<Order>,
    /// Tokens that are kept: of each line up to its longest live end.
    held: u64,
    pub evictions: u64,
}

impl Lines {
    /// Nothing, for so many lifetimes.
    pub fn new(lifetimes: usize) -> Self {
        Lines {
            index: Hashed::default(),
            lines: Vec::new(),
            free_lines: Vec::new(),
            ends: Vec::new(),
            free_ends: Vec::new(),
            orders: vec![EMPTY; lifetimes + 1],
            held: 0,
            evictions: 0,
        }
    }

    /// Tokens that are kept.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// Ends that are alive, as far as anybody has looked.
    pub fn len(&self) -> usize {
        self.orders[..self.orders.len() - 1].iter().map(|order| order.len).sum()
    }

    fn find(&self, key: u64) -> Option<u32> {
        let lines = &self.lines;
        self.index.find(hash(Key(key)), |slot| lines[slot as usize].key == key)
    }

    /// The ends of a line, the longest first.
    pub fn ends(&self, key: u64) -> impl Iterator<Item = (Slot, &End)> {
        let mut at = self.find(key).map_or(NONE, |line| self.lines[line as usize].longest);
        std::iter::from_fn(move || {
            let end = self.ends.get(at as usize)?;
            let here = at;
            at = end.shorter;
            Some((Slot(here), end))
        })
    }

    /// The longest of the ends that are there at `now` and not beyond `most` tokens.
    pub fn live(&self, key: u64, most: u64, now: Time) -> Option<(Slot, u64)> {
        self.ends(key)
            .find(|(_, end)| end.tokens <= most && end.is_there(now))
            .map(|(slot, end)| (slot, end.tokens))
    }

    /// Up to where a line is there at `now`, and until when; nowhere if it is not.
    pub fn reach(&self, key: u64, now: Time) -> (u64, Time) {
        let there = self.ends(key).find(|(_, end)| end.is_there(now));
        there.map_or((0, Time::ZERO), |(_, end)| (end.tokens, end.expires))
    }

    /// An end is used: it is there until `expires`, unless that is earlier.
    pub fn renew(&mut self, at: Slot, expires: Time, now: Time) {
        let index = at.0;
        let end = &mut self.ends[index as usize];
        end.expires = end.expires.max(expires);
        end.used = now;
        let order = usize::from(end.lifetime);
        self.unlink(index, order);
        self.push(index, order);
    }

    /// A line that begins at `from` is kept up to `tokens` until `expires`. With `covers` an end
    /// stands for all shorter ones, which go if they are there no longer than it.
    pub fn keep(
        &mut self,
        (key, from): (u64, u64),
        tokens: u64,
        (expires, now): (Time, Time),
        lifetime: u8,
        covers: bool,
    ) {
        let line = self.find(key).unwrap_or_else(|| self.add_line(key, from));
        let before = self.extent(line);
        // Where it belongs: after all that are longer.
        let (mut last, mut at) = (NONE, self.lines[line as usize].longest);
        while at != NONE && self.ends[at as usize].tokens > tokens {
            let end = self.ends[at as usize];
            if covers && end.is_there(now) && end.expires >= expires {
                // All of it is there for longer anyway.
                self.renew(Slot(at), end.expires, now);
                return;
            }
            last = at;
            at = end.shorter;
        }
        // Of those that are not longer, ghosts and what it stands for go.
        let mut expires = expires;
        let mut previous = last;
        while at != NONE {
            let end = self.ends[at as usize];
            let same = end.tokens == tokens;
            let goes = same || end.state != State::Live || covers && end.expires <= expires;
            if goes {
                if same && end.is_there(now) {
                    expires = expires.max(end.expires);
                }
                self.cut(line, previous, end.shorter);
                self.forget(at);
            } else {
                previous = at;
            }
            at = end.shorter;
        }
        let shorter = match last {
            NONE => self.lines[line as usize].longest,
            last => self.ends[last as usize].shorter,
        };
        let state = State::Live;
        let end = End {
            tokens,
            expires,
            used: now,
            lifetime,
            state,
            line,
            shorter,
            older: NONE,
            newer: NONE,
        };
        let index = match self.free_ends.pop() {
            Some(index) => {
                self.ends[index as usize] = end;
                index
            }
            None => {
                self.ends.push(end);
                self.ends.len() as u32 - 1
            }
        };
        self.cut(line, last, index);
        self.push(index, usize::from(lifetime));
        self.held += self.extent(line) - before;
    }

    /// What has expired becomes ghosts.
    pub fn reap(&mut self, now: Time) {
        for order in 0..self.orders.len() - 1 {
            loop {
                let at = self.orders[order].oldest;
                if at == NONE || self.ends[at as usize].expires > now {
                    break;
                }
                self.bury(at, order, State::Expired);
            }
        }
    }

    /// The least recently used go until no more than `most` tokens are kept.
    pub fn make_room(&mut self, most: u64) {
        while self.held > most {
            let live = 0..self.orders.len() - 1;
            let oldest = live
                .filter(|order| self.orders[*order].oldest != NONE)
                .min_by_key(|order| self.ends[self.orders[*order].oldest as usize].used);
            let Some(order) = oldest else {
                debug_assert!(false, "what is kept is in some order");
                return;
            };
            let at = self.orders[order].oldest;
            self.evictions += 1;
            self.bury(at, order, State::Evicted);
        }
    }

    fn bury(&mut self, at: u32, order: usize, state: State) {
        let line = self.ends[at as usize].line;
        let before = self.extent(line);
        self.ends[at as usize].state = state;
        self.unlink(at, order);
        self.held -= before - self.extent(line);
        let ghosts = self.orders.len() - 1;
        self.push(at, ghosts);
        if self.orders[ghosts].len > MOST_GHOSTS {
            let gone = self.orders[ghosts].oldest;
            self.drop_ghost(gone);
        }
    }

    /// Takes a ghost off its line.
    fn drop_ghost(&mut self, at: u32) {
        let End { line, shorter, .. } = self.ends[at as usize];
        let mut previous = NONE;
        let mut here = self.lines[line as usize].longest;
        while here != at && here != NONE {
            previous = here;
            here = self.ends[here as usize].shorter;
        }
        self.cut(line, previous, shorter);
        self.forget(at);
        if self.lines[line as usize].longest == NONE {
            self.index.remove(hash(Key(self.lines[line as usize].key)), line);
            self.free_lines.push(line);
        }
    }

    /// Tokens of a line up to its longest live end.
    fn extent(&self, line: u32) -> u64 {
        let Line { from, longest, .. } = self.lines[line as usize];
        let mut at = longest;
        while at != NONE {
            let end = &self.ends[at as usize];
            if end.state == State::Live {
                return end.tokens.saturating_sub(from);
            }
            at = end.shorter;
        }
        0
    }

    fn add_line(&mut self, key: u64, from: u64) -> u32 {
        let line = Line { key, from, longest: NONE };
        let slot = match self.free_lines.pop() {
            Some(slot) => {
                self.lines[slot as usize] = line;
                slot
            }
            None => {
                self.lines.push(line);
                self.lines.len() as u32 - 1
            }
        };
        let lines = &self.lines;
        let hash_of = |slot: u32| hash(Key(lines[slot as usize].key));
        self.index.insert(hash(Key(key)), slot, usize::MAX, hash_of);
        slot
    }

    /// What follows an end of a line, or the longest of it.
    fn cut(&mut self, line: u32, previous: u32, next: u32) {
        match previous {
            NONE => self.lines[line as usize].longest = next,
            previous => self.ends[previous as usize].shorter = next,
        }
    }

    /// An end that is on no line any more is free.
    fn forget(&mut self, at: u32) {
        let End { state, lifetime, .. } = self.ends[at as usize];
        let ghosts = self.orders.len() - 1;
        let order = if state == State::Live { usize::from(lifetime) } else { ghosts };
        self.unlink(at, order);
        self.free_ends.push(at);
    }

    fn push(&mut self, at: u32, order: usize) {
        let list = &mut self.orders[order];
        let before = std::mem::replace(&mut list.newest, at);
        list.len += 1;
        if before == NONE {
            list.oldest = at;
        } else {
            self.ends[before as usize].newer = at;
        }
        let end = &mut self.ends[at as usize];
        (end.older, end.newer) = (before, NONE);
    }

    fn unlink(&mut self, at: u32, order: usize) {
        let End { older, newer, .. } = self.ends[at as usize];
        let list = &mut self.orders[order];
        list.len -= 1;
        match older {
            NONE => list.oldest = newer,
            older => self.ends[older as usize].newer = newer,
        }
        match newer {
            NONE => self.orders[order].newest = older,
            newer => self.ends[newer as usize].older = older,
        }
    }
}

impl End {
    /// Whether it may be read at `now`.
    #[inline]
    pub fn is_there(&self, now: Time) -> bool {
        self.state == State::Live && now < self.expires
    }

    /// Why it may not be, if it may not.
    pub fn gone(&self, now: Time) -> Option<State> {
        match self.state {
            State::Live if now < self.expires => None,
            State::Live => Some(State::Expired),
            gone => Some(gone),
        }
    }
}
