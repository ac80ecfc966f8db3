//! What is common to all formats: order, offset, speed, bad rows.

use super::{OnBadRow, Reader, Row, TraceError};
use crate::kernel::{Duration, Time};

/// The rows of a trace on the virtual clock: the first at 0, the others after
/// it, each `speed` times as early as recorded.
#[derive(Debug)]
pub struct Rows {
    reader: Reader,
    /// How much faster than recorded; `None` for exactly as recorded.
    speed: Option<f64>,
    on_bad_row: OnBadRow,
    /// Stamps of the first and the latest good row.
    first: Option<u64>,
    latest: u64,
    skipped: u64,
    first_bad: Option<String>,
}

/// What reading a trace once tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceInfo {
    /// Good rows.
    pub rows: u64,
    /// Bad rows that were left out.
    pub skipped: u64,
    /// The first bad row, if any: file, line and what is wrong.
    pub first_bad: Option<String>,
    /// From the first row to the last, at the speed of replay.
    pub span: Duration,
}

impl Rows {
    /// The rows that `reader` gives.
    pub fn new(reader: Reader, speed: f64, on_bad_row: OnBadRow) -> Self {
        let speed = (speed.to_bits() != 1f64.to_bits()).then_some(speed);
        Rows { reader, speed, on_bad_row, first: None, latest: 0, skipped: 0, first_bad: None }
    }

    /// The next good row and its time.
    ///
    /// # Errors
    /// If the file cannot be read, or at a bad row unless those are skipped.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<(Time, Row)>, TraceError> {
        loop {
            match self.reader.next_row().and_then(|row| self.in_order(row)) {
                Ok(Some(row)) => return Ok(Some((self.on_clock(row.stamp), row))),
                Ok(None) => return Ok(None),
                Err(error) => self.bad(error)?,
            }
        }
    }

    /// The ids of the prompt's blocks of the row read last, in their order; none
    /// where the format does not know them.
    #[inline]
    pub fn blocks(&self) -> &[u64] {
        self.reader.blocks()
    }

    /// How many bad rows were left out so far.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Reads to the end and tells what there was.
    ///
    /// # Errors
    /// As [`Rows::next_row`].
    pub fn survey(mut self) -> Result<TraceInfo, TraceError> {
        let (mut rows, mut last) = (0, Time::ZERO);
        while let Some((at, _)) = self.next_row()? {
            rows += 1;
            last = at;
        }
        Ok(TraceInfo {
            rows,
            skipped: self.skipped,
            first_bad: self.first_bad,
            span: last.since(Time::ZERO),
        })
    }

    #[inline]
    fn in_order(&self, row: Option<Row>) -> Result<Option<Row>, TraceError> {
        match row {
            Some(row) if row.stamp < self.latest => {
                Err(self.reader.blame("the row's time is before the last row's".into()))
            }
            other => Ok(other),
        }
    }

    /// Recorded stamp to virtual time; exact at the recorded speed.
    #[inline]
    fn on_clock(&mut self, stamp: u64) -> Time {
        self.latest = stamp;
        let nanos = stamp - *self.first.get_or_insert(stamp);
        // The cast saturates; below 2^53 ns (104 days) nothing is lost.
        Time(self.speed.map_or(nanos, |speed| (nanos as f64 / speed + 0.5) as u64))
    }

    #[cold]
    fn bad(&mut self, error: TraceError) -> Result<(), TraceError> {
        match (&error, self.on_bad_row) {
            (TraceError::BadRow { .. }, OnBadRow::Skip) => {
                self.skipped += 1;
                self.first_bad.get_or_insert_with(|| error.to_string());
                Ok(())
            }
            _ => Err(error),
        }
    }
}
