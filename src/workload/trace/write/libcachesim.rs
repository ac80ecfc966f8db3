//! A CSV that libCacheSim reads: time in seconds, object, size in bytes.

use std::io::{self, Write};

use super::burstgpt::seconds;
use super::format::{Format, WrittenRow};
use super::losses::Losses;
use crate::workload::incoming::CHARS_PER_TOKEN;

/// The object of each request.
#[derive(Debug, Default)]
pub(super) struct Objects {
    next: u64,
}

impl Objects {
    /// The object, and the size of its answer in bytes.
    pub fn of(&mut self, row: &WrittenRow<'_>, lost: &mut Losses) -> (u64, u32) {
        lost.user(row);
        lost.blocks(row);
        lost.note("the lengths of prompts");
        let object = row.prompt.map_or_else(
            || {
                lost.note("which prompts are the same, which is not known (each is an object)");
                self.next += 1;
                self.next - 1
            },
            |prompt| prompt.0,
        );
        let size = u64::from(lost.output(row)) * u64::from(CHARS_PER_TOKEN);
        (object, u32::try_from(size).unwrap_or(u32::MAX))
    }
}

#[derive(Debug, Default)]
pub(super) struct LibCacheSim {
    objects: Objects,
}

impl Format for LibCacheSim {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"time,id,size\n")
    }

    fn row(
        &mut self,
        row: &WrittenRow<'_>,
        out: &mut dyn Write,
        lost: &mut Losses,
    ) -> io::Result<()> {
        let (object, size) = self.objects.of(row, lost);
        seconds(row.stamp, out)?;
        writeln!(out, ",{object},{size}")
    }
}
