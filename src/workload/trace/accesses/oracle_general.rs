//! libCacheSim's binary traces: records of 24 bytes without a header, each a
//! little-endian `u32` time, `u64` object, `u32` size and `i64` number of the
//! object's next access, -1 for none
//! (<https://github.com/1a1a11a/libCacheSim>, `oracleGeneralBin.h`).
//!
//! The next access is not used: a bound such as Belady's works it out from the
//! accesses that are replayed, so that it is right with `--limit` and for every
//! format.

use std::io::BufRead;

use super::builder::{Access, Builder, KeyOf};
use crate::workload::trace::input::error::TraceError;

const RECORD: usize = 24;
/// In a second, which is what times are in.
const NANOS: i128 = 1_000_000_000;

/// Reads all records.
pub(super) fn read(input: &mut impl BufRead, builder: &mut Builder) -> Result<(), TraceError> {
    // A record across two blocks.
    let mut torn = Vec::with_capacity(RECORD);
    let mut records = 0;
    loop {
        let block = input.fill_buf().map_err(|error| builder.io(error))?;
        let length = block.len();
        if length == 0 || builder.is_full() {
            break;
        }
        let mut rest = block;
        if !torn.is_empty() {
            let missing = (RECORD - torn.len()).min(length);
            torn.extend_from_slice(&rest[..missing]);
            rest = &rest[missing..];
            if torn.len() == RECORD {
                records += push(&torn, builder)?;
                torn.clear();
            }
        }
        records += push(rest, builder)?;
        torn.extend_from_slice(rest.chunks_exact(RECORD).remainder());
        input.consume(length);
    }
    if !torn.is_empty() && !builder.is_full() {
        let why = format!("the file ends within this record, after {} of 24 bytes", torn.len());
        builder.bad_row(records + 1, why)?;
    }
    Ok(())
}

/// Pushes the whole records in a block; how many there were.
#[inline]
fn push(block: &[u8], builder: &mut Builder) -> Result<u64, TraceError> {
    let (records, _) = block.as_chunks::<RECORD>();
    for record in records {
        if builder.is_full() {
            break;
        }
        let [t0, t1, t2, t3, k0, k1, k2, k3, k4, k5, k6, k7, s0, s1, s2, s3, ..] = *record;
        builder.push(Access {
            time: Some(i128::from(u32::from_le_bytes([t0, t1, t2, t3])) * NANOS),
            key: KeyOf::Number(u64::from_le_bytes([k0, k1, k2, k3, k4, k5, k6, k7])),
            size: u32::from_le_bytes([s0, s1, s2, s3]),
        })?;
    }
    Ok(records.len() as u64)
}
