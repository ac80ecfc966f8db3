//! As `BurstGPT` is published: times in seconds, lengths. The names of model and log,
//! which nothing here knows, are left empty.

use std::io::{self, Write};

use super::format::{Format, WrittenRow};
use super::losses::Losses;
use crate::kernel::time::NANOS_PER_SEC;

#[derive(Debug)]
pub(super) struct BurstGpt;

impl Format for BurstGpt {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n")
    }

    fn row(
        &mut self,
        row: &WrittenRow<'_>,
        out: &mut dyn Write,
        lost: &mut Losses,
    ) -> io::Result<()> {
        lost.user(row);
        lost.prompt(row);
        lost.blocks(row);
        let (input, output) = (row.input_tokens, lost.output(row));
        if row.output_tokens == Some(0) {
            lost.note("that an answer has no tokens (0 is how the format writes a failure)");
        }
        let total = u64::from(input) + u64::from(output);
        seconds(row.stamp, out)?;
        writeln!(out, ",,{input},{output},{total},")
    }
}

/// Seconds with as many decimals as it takes.
pub(super) fn seconds(stamp: u64, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}", stamp / NANOS_PER_SEC)?;
    let (mut rest, mut places) = (stamp % NANOS_PER_SEC, 9);
    if rest == 0 {
        return Ok(());
    }
    while rest.is_multiple_of(10) {
        rest /= 10;
        places -= 1;
    }
    write!(out, ".{rest:0places$}")
}
