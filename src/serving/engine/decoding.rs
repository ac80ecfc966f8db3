//! The sequences that make a token in each step.
//!
//! All of them advance together, so that what is different between them need not be
//! touched while they do: each is known by the count of decode steps when it joined.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::sequences::{Sequence, Sequences, State};

/// Decoding sequences.
#[derive(Clone, Debug)]
pub struct Decoding {
    /// Decode steps done, ever.
    steps: u64,
    count: u32,
    /// The sum of their computed tokens.
    context: u64,
    /// How many there are by their computed tokens less `steps`, modulo the block
    /// size: those of one class need a new block in the same steps.
    classes: Vec<u32>,
    /// When each will have made all its tokens, in decode steps; then by the order in
    /// which they began. Some have left already.
    ends: BinaryHeap<Reverse<(u64, u64, u32)>>,
    /// The shortest and the longest, if that is asked.
    spread: Option<Box<Spread>>,
}

/// Which of them have the shortest and the longest contexts: by their computed tokens less
/// `steps`, which stay as they are while all advance; then who began, and its slot. Some
/// have left already.
#[derive(Clone, Debug, Default)]
struct Spread {
    shortest: BinaryHeap<Reverse<(i64, u64, u32)>>,
    longest: BinaryHeap<(i64, u64, u32)>,
}

impl Decoding {
    pub fn new(block_size: u32, spread: bool) -> Self {
        Decoding {
            spread: spread.then(Box::default),
            steps: 0,
            count: 0,
            context: 0,
            classes: vec![0; block_size.max(1) as usize],
            ends: BinaryHeap::new(),
        }
    }

    /// How many there are.
    #[inline]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Tokens that they have computed.
    #[inline]
    pub const fn context(&self) -> u64 {
        self.context
    }

    /// Decode steps done, ever.
    #[inline]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    fn class(&self, computed: u32) -> usize {
        let size = self.classes.len() as u64;
        ((u64::from(computed) + size - self.steps % size) % size) as usize
    }

    /// The sequence in `slot`, all of whose tokens so far save the last are computed,
    /// decodes from the next step on.
    pub fn join(&mut self, sequences: &mut Sequences, slot: u32) {
        let sequence = &mut sequences[slot];
        sequence.state = State::Decode;
        sequence.joined = self.steps;
        let class = self.class(sequence.computed);
        self.classes[class] += 1;
        self.count += 1;
        self.context += u64::from(sequence.computed);
        let end = self.steps + u64::from(sequence.output - sequence.made);
        self.ends.push(Reverse((end, sequence.began, slot)));
        let (began, start) = (sequence.began, start(sequence));
        if let Some(spread) = &mut self.spread {
            spread.shortest.push(Reverse((start, began, slot)));
            spread.longest.push((start, began, slot));
            let most = 2 * self.count as usize + 64;
            if spread.shortest.len() > most {
                spread
                    .shortest
                    .retain(|Reverse((_, began, slot))| is_here(sequences, *began, *slot));
            }
            if spread.longest.len() > most {
                spread.longest.retain(|(_, began, slot)| is_here(sequences, *began, *slot));
            }
        }
        if self.ends.len() > 2 * self.count as usize + 64 {
            self.ends.retain(|Reverse((end, began, slot))| decodes(sequences, *end, *began, *slot));
        }
    }

    /// The sequence in `slot` decodes no more; what it has computed and made is up to
    /// date afterwards.
    pub fn leave(&mut self, sequences: &mut Sequences, slot: u32) {
        let sequence = &mut sequences[slot];
        let tokens = (self.steps - sequence.joined) as u32;
        sequence.computed += tokens;
        sequence.made += tokens;
        sequence.state = State::Prefill;
        let class = self.class(sequence.computed);
        self.classes[class] -= 1;
        self.count -= 1;
        self.context -= u64::from(sequence.computed);
    }

    /// All make `steps` tokens.
    #[inline]
    pub fn advance(&mut self, steps: u64) {
        self.steps += steps;
        self.context += steps * u64::from(self.count);
    }

    /// Steps until the first of them has made all its tokens.
    pub fn until_first_end(&mut self, sequences: &Sequences) -> Option<u64> {
        self.first_end(sequences).map(|(end, _)| end - self.steps)
    }

    /// The next one, in the order in which they began, that has made all its tokens.
    pub fn ended(&mut self, sequences: &Sequences) -> Option<u32> {
        let (_, slot) = self.first_end(sequences).filter(|(end, _)| *end == self.steps)?;
        Some(slot)
    }

    fn first_end(&mut self, sequences: &Sequences) -> Option<(u64, u32)> {
        while let Some(Reverse((end, began, slot))) = self.ends.peek() {
            if decodes(sequences, *end, *began, *slot) {
                return Some((*end, *slot));
            }
            self.ends.pop();
        }
        None
    }

    /// The fewest and the most tokens that one of them has computed, if that is asked and
    /// there is one.
    pub fn spread(&mut self, sequences: &Sequences) -> Option<(u64, u64)> {
        let spread = self.spread.as_deref_mut()?;
        while let Some(Reverse((_, began, slot))) = spread.shortest.peek()
            && !is_here(sequences, *began, *slot)
        {
            spread.shortest.pop();
        }
        while let Some((_, began, slot)) = spread.longest.peek()
            && !is_here(sequences, *began, *slot)
        {
            spread.longest.pop();
        }
        let now = |start: i64| self.steps.saturating_add_signed(start);
        Some((now(spread.shortest.peek()?.0.0), now(spread.longest.peek()?.0)))
    }

    /// New blocks that the next step takes.
    #[inline]
    pub fn blocks_of_next_step(&self) -> u32 {
        self.classes[self.class(0)]
    }

    /// New blocks that the `steps` steps after the next one take.
    pub fn blocks_after_next_step(&self, steps: u64) -> u64 {
        let size = self.classes.len() as u64;
        let mut blocks = u64::from(self.count) * (steps / size);
        // What a class needs in the next step, the one below it needs in the step
        // after that.
        let mut class = self.class(0);
        for _ in 0..steps % size {
            class = if class == 0 { self.classes.len() - 1 } else { class - 1 };
            blocks += u64::from(self.classes[class]);
        }
        blocks
    }

    /// Forgets all sequences.
    pub fn clear(&mut self) {
        self.count = 0;
        self.context = 0;
        self.classes.fill(0);
        self.ends.clear();
        if let Some(spread) = &mut self.spread {
            spread.shortest.clear();
            spread.longest.clear();
        }
    }
}

/// Tokens that a sequence had computed when it began to decode, less the count of steps.
fn start(sequence: &Sequence) -> i64 {
    i64::from(sequence.computed) - sequence.joined as i64
}

/// Whether the sequence in `slot` is still the one that began as `began`, and decodes.
fn is_here(sequences: &Sequences, began: u64, slot: u32) -> bool {
    let sequence = &sequences[slot];
    sequence.state == State::Decode && sequence.began == began
}

/// Whether the sequence in `slot` is still the one that began as `began`, and will
/// have made all its tokens at `end`.
fn decodes(sequences: &Sequences, end: u64, began: u64, slot: u32) -> bool {
    let sequence = &sequences[slot];
    is_here(sequences, began, slot)
        && sequence.joined + u64::from(sequence.output - sequence.made) == end
}
