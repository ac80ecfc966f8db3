//! The blocks of Mooncake's request traces: each is an access of size 1, in the
//! order of the prompt.

use std::path::Path;

use super::builder::{Access, Builder, KeyOf};
use crate::kernel::time::NANOS_PER_SEC;
use crate::workload::trace::{MooncakeReader, TraceError};

/// Reads all requests.
pub(super) fn read(path: &Path, builder: &mut Builder) -> Result<(), TraceError> {
    let mut reader = MooncakeReader::open(path)?;
    while !builder.is_full() {
        match reader.next_row() {
            Ok(None) => break,
            Ok(Some(row)) => {
                let time = row.stamp as f64 / NANOS_PER_SEC as f64;
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
