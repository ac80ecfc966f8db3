//! libCacheSim's binary records of 24 bytes: see
//! [`accesses`](crate::workload::trace::accesses). Each holds the number of the
//! object's next access, so that records are kept in memory until the end.

use std::collections::HashMap;
use std::io::{self, Write};

use super::format::{Format, WrittenRow, refused};
use super::libcachesim::Objects;
use super::losses::Losses;
use crate::kernel::time::NANOS_PER_SEC;

/// What stands for no next access.
const NEVER: i64 = -1;

#[derive(Debug, Default)]
pub(super) struct OracleGeneral {
    objects: Objects,
    records: Vec<Record>,
    /// The latest access of each object.
    latest: HashMap<u64, usize>,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    object: u64,
    next: i64,
    time: u32,
    size: u32,
}

impl Format for OracleGeneral {
    fn row(
        &mut self,
        row: &WrittenRow<'_>,
        _out: &mut dyn Write,
        lost: &mut Losses,
    ) -> io::Result<()> {
        let (object, size) = self.objects.of(row, lost);
        let seconds = lost.whole(row.stamp, NANOS_PER_SEC, "times finer than 1 s");
        let time = u32::try_from(seconds)
            .map_err(|_| refused(format!("a time of {seconds} s does not fit into 32 bits")))?;
        let at = self.records.len();
        if let Some(last) = self.latest.insert(object, at) {
            self.records[last].next = at as i64;
        }
        self.records.push(Record { object, next: NEVER, time, size });
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for Record { object, next, time, size } in &self.records {
            out.write_all(&time.to_le_bytes())?;
            out.write_all(&object.to_le_bytes())?;
            out.write_all(&size.to_le_bytes())?;
            out.write_all(&next.to_le_bytes())?;
        }
        Ok(())
    }
}
