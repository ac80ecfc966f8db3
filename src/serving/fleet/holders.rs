//! Which replicas have computed which prefixes.

use crate::cache::{Key, KeyMap};

/// So many holders are listed; of more there is a bit for each replica.
const FEW: usize = 3;

/// The replicas that have a block.
#[derive(Clone, Debug)]
enum Held {
    /// The first so many.
    Few(u8, [u32; FEW]),
    /// By replica, 64 to a word; and how many there are.
    Many(u32, Box<[u64]>),
}

impl Held {
    fn has(&self, replica: u32) -> bool {
        match self {
            Held::Few(count, few) => few[..usize::from(*count)].contains(&replica),
            Held::Many(_, bits) => bits[replica as usize / 64] & (1 << (replica % 64)) != 0,
        }
    }
}

/// By block, the replicas that have it: told of what becomes known in a replica and what
/// is forgotten, it says how much each has of a prompt without asking any.
#[derive(Clone, Debug)]
pub(super) struct Holders {
    words: usize,
    blocks: KeyMap<Held>,
    /// Room for those that have all blocks of a prompt so far.
    left: Vec<u64>,
}

impl Holders {
    /// No replica of so many has any block.
    pub fn new(replicas: u32) -> Self {
        let words = replicas.div_ceil(64) as usize;
        Holders { words, blocks: KeyMap::default(), left: Vec::new() }
    }

    /// A replica has a block that it had not.
    pub fn add(&mut self, block: u64, replica: u32) {
        let Some(held) = self.blocks.get_mut(Key(block)) else {
            self.blocks.insert(Key(block), Held::Few(1, [replica; FEW]));
            return;
        };
        debug_assert!(!held.has(replica), "a block becomes known once");
        match held {
            Held::Few(count, few) if usize::from(*count) < FEW => {
                few[usize::from(*count)] = replica;
                *count += 1;
            }
            Held::Few(_, few) => {
                let mut bits = vec![0; self.words].into_boxed_slice();
                for other in few.iter().chain([&replica]) {
                    bits[*other as usize / 64] |= 1 << (other % 64);
                }
                *held = Held::Many(FEW as u32 + 1, bits);
            }
            Held::Many(count, bits) => {
                bits[replica as usize / 64] |= 1 << (replica % 64);
                *count += 1;
            }
        }
    }

    /// A replica has a block no more.
    pub fn remove(&mut self, block: u64, replica: u32) {
        let Some(held) = self.blocks.get_mut(Key(block)) else { return };
        debug_assert!(held.has(replica), "only what is known is forgotten");
        let left = match held {
            Held::Few(count, few) => {
                *count -= 1;
                let last = usize::from(*count);
                if let Some(place) = few[..last].iter().position(|it| *it == replica) {
                    few[place] = few[last];
                }
                u32::from(*count)
            }
            Held::Many(count, bits) => {
                bits[replica as usize / 64] &= !(1 << (replica % 64));
                *count -= 1;
                *count
            }
        };
        if left == 0 {
            self.blocks.remove(Key(block));
        }
    }

    /// Tells of each replica that has the first of a chain of `blocks` how many it has from
    /// the first on.
    pub fn matched(&mut self, blocks: &[u64], mut tell: impl FnMut(u32, u32)) {
        let Some(first) = blocks.first().and_then(|block| self.blocks.get(Key(*block))) else {
            return;
        };
        let mut left = std::mem::take(&mut self.left);
        left.clear();
        match first {
            Held::Few(count, few) => self.follow(&few[..usize::from(*count)], 1, blocks, &mut tell),
            Held::Many(_, bits) => {
                left.extend_from_slice(bits);
                self.follow_many(&mut left, blocks, &mut tell);
            }
        }
        self.left = left;
    }

    /// The same of a few that have the first `depth` blocks.
    fn follow(&self, few: &[u32], depth: usize, blocks: &[u64], tell: &mut impl FnMut(u32, u32)) {
        for replica in few {
            let has =
                |block: &&u64| self.blocks.get(Key(**block)).is_some_and(|held| held.has(*replica));
            let more = blocks[depth..].iter().take_while(has).count();
            tell(*replica, (depth + more) as u32);
        }
    }

    /// The same of those in `left`, who have the first block.
    fn follow_many(&self, left: &mut [u64], blocks: &[u64], tell: &mut impl FnMut(u32, u32)) {
        for (block, depth) in blocks[1..].iter().zip(1..) {
            match self.blocks.get(Key(*block)) {
                None => return each(left, |replica| tell(replica, depth)),
                Some(Held::Few(count, few)) => {
                    let mut on = [0; FEW];
                    let mut going_on = 0;
                    for replica in &few[..usize::from(*count)] {
                        let bit = 1 << (replica % 64);
                        if left[*replica as usize / 64] & bit != 0 {
                            left[*replica as usize / 64] &= !bit;
                            on[going_on] = *replica;
                            going_on += 1;
                        }
                    }
                    each(left, |replica| tell(replica, depth));
                    return self.follow(&on[..going_on], depth as usize + 1, blocks, tell);
                }
                Some(Held::Many(_, bits)) => {
                    let mut any = 0;
                    for (word, (left, bits)) in left.iter_mut().zip(bits).enumerate() {
                        let gone = *left & !bits;
                        if gone != 0 {
                            each_of(word, gone, &mut |replica| tell(replica, depth));
                        }
                        *left &= bits;
                        any |= *left;
                    }
                    if any == 0 {
                        return;
                    }
                }
            }
        }
        each(left, |replica| tell(replica, blocks.len() as u32));
    }
}

/// Calls with each replica of a set.
fn each(set: &[u64], mut call: impl FnMut(u32)) {
    for (word, bits) in set.iter().enumerate() {
        each_of(word, *bits, &mut call);
    }
}

fn each_of(word: usize, mut bits: u64, call: &mut impl FnMut(u32)) {
    while bits != 0 {
        call((word * 64) as u32 + bits.trailing_zeros());
        bits &= bits - 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_says_what_each_replica_would_say(
            changes in prop::collection::vec((0_u32..150, 0_u64..8), 0..1500),
            prompts in prop::collection::vec(prop::collection::vec(0_u64..9, 0..9), 10),
        ) {
            let mut holders = Holders::new(150);
            let mut plain = vec![BTreeSet::new(); 150];
            for (replica, block) in changes {
                // What is there goes, what is not comes, more often than it goes.
                if plain[replica as usize].insert(block) {
                    holders.add(block, replica);
                } else if (u64::from(replica) + block).is_multiple_of(3) {
                    plain[replica as usize].remove(&block);
                    holders.remove(block, replica);
                }
            }
            for prompt in prompts {
                let known = |held: &BTreeSet<u64>| {
                    prompt.iter().take_while(|block| held.contains(block)).count() as u32
                };
                let expected: Vec<u32> = plain.iter().map(known).collect();
                let mut found = vec![0; 150];
                holders.matched(&prompt, |replica, depth| found[replica as usize] += depth);
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn what_nobody_has_takes_no_memory() {
        let mut holders = Holders::new(100);
        (0..100).for_each(|replica| holders.add(7, replica));
        (0..100).for_each(|replica| holders.remove(7, replica));
        assert!(holders.blocks.is_empty());
    }
}
