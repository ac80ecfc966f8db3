//! The blocks of prompts under way: lists of ids, their memory used again.

use std::num::NonZeroU32;

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
}
