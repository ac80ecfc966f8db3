//! As the Mooncake traces are published: times in milliseconds, lengths, blocks of
//! prompts. Where blocks are not known, they are made of the prompt: equal prompts
//! have equal blocks, and no others share any.

use std::io::{self, Write};

use super::format::{Format, WrittenRow};
use super::losses::Losses;
use crate::workload::trace::formats::mooncake::BLOCK_TOKENS;
use crate::workload::trace::identity::TextHash;

#[derive(Debug)]
pub(super) struct Mooncake {
    /// Tokens of a block: as many as the rows' blocks have, if they have any.
    size: u32,
    /// The next block of a prompt that is asked once.
    next: u64,
}

impl Mooncake {
    pub fn new(block_tokens: Option<u32>) -> Self {
        Mooncake { size: block_tokens.unwrap_or(BLOCK_TOKENS), next: 0 }
    }
}

impl Format for Mooncake {
    fn row(
        &mut self,
        row: &WrittenRow<'_>,
        out: &mut dyn Write,
        lost: &mut Losses,
    ) -> io::Result<()> {
        lost.user(row);
        let millis = lost.whole(row.stamp, 1_000_000, "times finer than 1 ms");
        write!(
            out,
            "{{\"timestamp\": {millis}, \"input_length\": {}, \"output_length\": {}, \
             \"hash_ids\": [",
            row.input_tokens,
            lost.output(row)
        )?;
        let blocks = u64::from(row.input_tokens.div_ceil(self.size));
        // The last block may not be known, as it is not full.
        let full = u64::from(row.input_tokens / self.size);
        let known = (full..=blocks).contains(&(row.blocks.len() as u64));
        if !known && !row.blocks.is_empty() {
            lost.note("blocks that are not as many as the prompt's tokens take");
        }
        for block in 0..blocks {
            let own = row.blocks.get(block as usize).filter(|_| known);
            let id = match (own, row.prompt) {
                (Some(id), _) => *id,
                (None, Some(prompt)) => made(prompt.0, block),
                (None, None) => self.next + block,
            };
            let comma = if block == 0 { "" } else { ", " };
            write!(out, "{comma}{id}")?;
        }
        if row.prompt.is_none() {
            self.next += blocks;
        }
        out.write_all(b"]}\n")
    }
}

/// The id of a block of a prompt, of as many bits as a JSON number holds exactly
/// everywhere.
fn made(prompt: u64, block: u64) -> u64 {
    let mut hash = TextHash::default();
    hash.add(&prompt.to_le_bytes());
    hash.add(&block.to_le_bytes());
    hash.value() >> 11
}
