//! The blocks of prompts: those that a trace brings, in lists whose memory is used
//! again, and those made up for prompts known by their ids alone.

use std::num::NonZeroU32;

use super::incoming::PromptId;
use crate::kernel::keyed_uniform::{GOLDEN, mix};

/// A list of blocks in [`Source::blocks`](super::Source::blocks), from the
/// request's arrival until [`Source::release`](super::Source::release).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlocksId(NonZeroU32);

impl BlocksId {
    fn new(index: usize) -> Self {
        let index = u32::try_from(index).expect("fewer than 2^32 requests are under way");
        BlocksId(NonZeroU32::MIN.saturating_add(index))
    }

    pub(super) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// Lists of blocks: as many as were ever under way together, each as long as its
/// longest use.
#[derive(Debug, Default)]
pub(super) struct BlockLists {
    lists: Vec<Vec<u64>>,
    free: Vec<BlocksId>,
}

impl BlockLists {
    /// Keeps a copy of `blocks`.
    pub fn keep(&mut self, blocks: &[u64]) -> BlocksId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.lists.push(Vec::new());
            BlocksId::new(self.lists.len() - 1)
        });
        let list = &mut self.lists[id.index()];
        list.clear();
        list.extend_from_slice(blocks);
        id
    }

    pub fn get(&self, id: BlocksId) -> &[u64] {
        &self.lists[id.index()]
    }

    /// Takes a list back, to be used again.
    pub fn release(&mut self, id: BlocksId) {
        debug_assert!(!self.free.contains(&id), "a list is given back once");
        self.free.push(id);
    }
}

/// Whose blocks are common to all prompts that begin with a prefix, as if they were
/// of a prompt of their own.
pub(super) const fn shared_by(prefix: u32) -> PromptId {
    PromptId(u64::MAX - prefix as u64)
}

/// What names the blocks of a system prompt that has a name of its own.
pub(crate) const fn shared_by_name(name: u64) -> PromptId {
    PromptId(!mix(name))
}

/// Names the blocks of a prompt of which only its length and its parts are known:
/// up to which token it is whose. The chain is the same whenever the prompt is
/// asked. A block that is not wholly within a part is the next part's; a last block
/// that is not full has no name, as it cannot be found again.
pub(crate) fn chain(
    parts: &[(PromptId, u64)],
    tokens: u64,
    block_tokens: u32,
    into: &mut Vec<u64>,
) {
    let block_tokens = u64::from(block_tokens);
    let full = tokens / block_tokens;
    into.clear();
    for (whose, until) in parts {
        let (from, until) = (into.len() as u64, (until / block_tokens).min(full));
        into.extend((from..until).map(|block| name(*whose, block)));
    }
}

/// Two rounds of `SplitMix64`'s finalizer, which
/// takes no two values to the same: blocks of one prompt never share a name, and
/// those of different prompts as seldom as random numbers.
#[inline]
fn name(prompt: PromptId, block: u64) -> u64 {
    mix(mix(prompt.0.wrapping_add(GOLDEN)).wrapping_add(block))
}

/// What a prompt is made of, to the token: parts that others may begin with too. A part's
/// *line* stands for what it is and for all before it, so that two prompts have as much in
/// common as their parts of equal lines have. Its memory is used again.
///
/// ```
/// use windtunnel::workload::PromptParts;
///
/// let mut prompt = PromptParts::default();
/// prompt.begin(5000);
/// prompt.push(7, 1500);
/// prompt.end_system();
/// prompt.push(42, 5000);
/// assert_eq!((prompt.system(), prompt.tokens(), prompt.parts().len()), (1500, 5000, 2));
/// ```
#[derive(Clone, Debug, Default)]
pub struct PromptParts {
    /// A line, and up to which token it goes.
    parts: Vec<(u64, u64)>,
    tokens: u64,
    system: u64,
}

impl PromptParts {
    /// A prompt of so many tokens, of which nothing is known yet.
    pub fn begin(&mut self, tokens: u64) {
        self.parts.clear();
        (self.tokens, self.system) = (tokens, 0);
    }

    /// The next part: whose it is, and up to which token. Nothing where it would not go beyond
    /// the last one, or the prompt's end.
    #[inline]
    pub fn push(&mut self, whose: u64, until: u64) {
        let (line, from) = self.parts.last().copied().unwrap_or_default();
        let until = until.min(self.tokens);
        if until > from {
            let before = mix(line.wrapping_add(GOLDEN) ^ from);
            self.parts.push((mix(before ^ mix(whose.wrapping_add(GOLDEN))), until));
        }
    }

    /// The parts so far are the system prompt.
    pub fn end_system(&mut self) {
        self.system = self.parts.last().map_or(0, |(_, until)| *until);
    }

    /// The same as another, whose memory is left alone.
    pub fn copy(&mut self, other: &PromptParts) {
        self.parts.clone_from(&other.parts);
        (self.tokens, self.system) = (other.tokens, other.system);
    }

    /// Lines, and up to which token each goes, rising.
    #[inline]
    pub fn parts(&self) -> &[(u64, u64)] {
        &self.parts
    }

    /// Whole tokens of the prompt.
    #[inline]
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Tokens of its system prompt; 0 where it has none.
    #[inline]
    pub fn system(&self) -> u64 {
        self.system
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_have_the_lines_of_their_common_beginning_in_common() {
        let parts = |all: &[(u64, u64)], tokens| {
            let mut prompt = PromptParts::default();
            prompt.begin(tokens);
            all.iter().for_each(|(whose, until)| prompt.push(*whose, *until));
            prompt.parts().to_vec()
        };
        let (a, b) = (parts(&[(1, 100), (2, 300)], 300), parts(&[(1, 100), (3, 400)], 400));
        assert_eq!(a[0], b[0]);
        assert_ne!(a[1].0, b[1].0);
        // After another beginning, or one of another length, the same words are others.
        assert_ne!(a[1].0, parts(&[(9, 100), (2, 300)], 300)[1].0);
        assert_ne!(a[1].0, parts(&[(1, 99), (2, 300)], 300)[1].0);
        assert_eq!(parts(&[(1, 0), (2, 300)], 300), parts(&[(2, 300)], 300), "nothing is no part");
        assert_eq!(parts(&[(1, 500), (2, 900)], 300).len(), 1, "no more than there is");
    }

    #[test]
    fn what_was_given_back_is_used_again() {
        let mut lists = BlockLists::default();
        let (a, b) = (lists.keep(&[1, 2, 3]), lists.keep(&[4]));
        assert_eq!((lists.get(a), lists.get(b)), (&[1, 2, 3][..], &[4][..]));
        lists.release(a);
        let c = lists.keep(&[5, 6]);
        assert_eq!((lists.get(b), lists.get(c)), (&[4][..], &[5, 6][..]));
        assert_eq!(lists.lists.len(), 2);
    }

    #[test]
    fn a_prompt_is_the_same_chain_whenever_it_is_asked() {
        let begins = |prompt, tokens, id, shared| {
            let mut blocks = vec![7];
            let all = [(shared_by(id), shared), (PromptId(prompt), tokens)];
            chain(&all, tokens, 100, &mut blocks);
            blocks
        };
        let of = |prompt, tokens, shared| begins(prompt, tokens, 0, shared);
        let one = of(1, 250, 0);
        assert_eq!(one.len(), 2, "the last block is not full");
        assert_eq!(one, of(1, 299, 0));
        assert_eq!(of(1, 300, 0)[..2], one);
        assert!(of(2, 250, 0).iter().all(|block| !one.contains(block)));
        // 199 shared tokens fill one block of 100.
        let (a, b) = (of(1, 400, 199), of(2, 400, 199));
        assert_eq!((a.len(), a[0] == b[0], a[1] == b[1]), (4, true, false));
        assert_eq!(of(1, 150, 900), of(2, 150, 900), "no more is shared than there is");
        let (a, b) = (begins(1, 400, 3, 200), begins(2, 400, 4, 200));
        assert!(a.iter().all(|block| !b.contains(block)), "other prefixes");
    }
}
