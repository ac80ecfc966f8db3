//! The blocks of prompts: those that a trace brings, in lists whose memory is used
//! again, and those made up for prompts known by their ids alone.

use std::num::NonZeroU32;

use super::incoming::PromptId;
use super::shared_prefix::Prefix;

/// A list of blocks in [`Source::blocks`](super::Source::blocks), from the
/// request's arrival until [`Source::release`](super::Source::release).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlocksId(NonZeroU32);

impl BlocksId {
    fn new(index: usize) -> Self {
        let index = u32::try_from(index).expect("fewer than 2^32 requests are under way");
        BlocksId(NonZeroU32::MIN.saturating_add(index))
    }

    fn index(self) -> usize {
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

/// Names the blocks of a prompt of which only its id and length are known: a chain
/// that is the same whenever the prompt is asked. Blocks that lie within the first
/// tokens that are `shared` are common to all prompts that begin alike. A last block
/// that is not full has no name, as it cannot be found again.
pub(super) fn chain(
    prompt: PromptId,
    tokens: u64,
    shared: Prefix,
    block_tokens: u32,
    into: &mut Vec<u64>,
) {
    let full = tokens / u64::from(block_tokens);
    let common = (u64::from(shared.tokens) / u64::from(block_tokens)).min(full);
    into.clear();
    // The common ones are named as if they were of a prompt of their own.
    let own = PromptId(u64::MAX - u64::from(shared.id));
    into.extend((0..common).map(|block| name(own, block)));
    into.extend((common..full).map(|block| name(prompt, block)));
}

/// Two rounds of splitmix64's finalizer (Steele, Lea, Flood, OOPSLA 2014), which
/// takes no two values to the same: blocks of one prompt never share a name, and
/// those of different prompts as seldom as random numbers.
#[inline]
fn name(prompt: PromptId, block: u64) -> u64 {
    let mix = |mut bits: u64| {
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    };
    mix(mix(prompt.0.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_add(block))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            chain(PromptId(prompt), tokens, Prefix { id, tokens: shared }, 100, &mut blocks);
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
