//! As the Azure traces are published: times to 100 ns, lengths.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::Offset;

use super::format::{Format, WrittenRow, refused};
use super::losses::Losses;
use crate::kernel::time::NANOS_PER_SEC;

/// The last year that readers take.
const LAST_YEAR: i16 = 2500;

#[derive(Debug)]
pub(super) struct Azure;

impl Format for Azure {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"TIMESTAMP,ContextTokens,GeneratedTokens\n")
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
        let ticks = lost.whole(row.stamp, 100, "times finer than 100 ns");
        let seconds = (row.stamp / NANOS_PER_SEC) as i64;
        let date = Timestamp::from_second(seconds).map(|time| Offset::UTC.to_datetime(time));
        let Some(date) = date.ok().filter(|date| date.year() <= LAST_YEAR) else {
            return Err(refused(format!("the time is after the year {LAST_YEAR}")));
        };
        writeln!(
            out,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:07},{},{}",
            date.year(),
            date.month(),
            date.day(),
            date.hour(),
            date.minute(),
            date.second(),
            ticks % (NANOS_PER_SEC / 100),
            row.input_tokens,
            lost.output(row)
        )
    }
}
