//! Which entry goes at what instant, or at what event.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::cache::Key;

/// Deadlines in order. An entry that goes earlier, or lives on, leaves its mark
/// behind: whoever takes a mark asks whether it is still meant.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines {
    marks: BinaryHeap<Reverse<(u64, Key)>>,
}

/// Fewer marks than this are never cleared away.
const FEW: usize = 64;

impl Deadlines {
    /// Notes that `key` has a deadline.
    #[inline]
    pub fn add(&mut self, deadline: u64, key: Key) {
        self.marks.push(Reverse((deadline, key)));
    }

    /// The next mark due at `now` or before.
    #[inline]
    pub fn due(&mut self, now: u64) -> Option<(u64, Key)> {
        let Reverse((deadline, _)) = *self.marks.peek()?;
        if deadline > now {
            return None;
        }
        self.marks.pop().map(|Reverse(mark)| mark)
    }

    /// Drops marks that are not `meant` any more once they outnumber the
    /// `entries`, so that memory follows these.
    #[inline]
    pub fn tidy(&mut self, entries: usize, meant: impl Fn(u64, Key) -> bool) {
        if self.marks.len() > FEW + 2 * entries {
            self.marks.retain(|Reverse((deadline, key))| meant(*deadline, *key));
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.marks.len()
    }
}
