//! The blocks of Mooncake's request traces: each is an access of size 1, in the
//! order of the prompt.

use std::path::Path;

use super::builder::{Access, Builder, KeyOf};
use crate::workload::trace::formats::beginning::Beginning;
use crate::workload::trace::formats::mooncake::{BLOCK_TOKENS, MooncakeReader, block_size};
use crate::workload::trace::input::error::TraceError;

/// Reads all requests.
pub(super) fn read(path: &Path, builder: &mut Builder) -> Result<(), TraceError> {
    // A block is an access, whatever its size.
    let size = block_size(&Beginning::of(path)?.text).unwrap_or(BLOCK_TOKENS);
    let mut reader = MooncakeReader::with_blocks(path, size)?;
    while !builder.is_full() {
        match reader.next_row() {
            Ok(None) => break,
            Ok(Some(row)) => {
                let time = Some(i128::from(row.stamp));
                for block in reader.blocks() {
                    if builder.is_full() {
                        break;
                    }
                    builder.push(Access { time, key: KeyOf::Number(*block), size: 1 })?;
                }
            }
            Err(error) => builder.refuse(error)?,
        }
    }
    Ok(())
}
