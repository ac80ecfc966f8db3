//! The blocks of Mooncake's request traces: `hash_ids` are ids of 512-token
//! blocks of the prompt, in order (Qin et al., "Mooncake", FAST 2025;
//! <https://github.com/kvcache-ai/Mooncake>).

use std::io::BufRead;

use serde::Deserialize;

use super::builder::{Access, Builder, KeyOf};
use super::input::next_line;
use crate::workload::trace::TraceError;

/// The longest line in bytes: a prompt of some ten million blocks.
const LONGEST: u64 = 1 << 27;

/// What matters here of a request.
#[derive(Deserialize)]
struct Request {
    /// In milliseconds.
    timestamp: f64,
    hash_ids: Vec<u64>,
}

/// Reads all requests; each block is an access of size 1.
pub(super) fn read(input: &mut impl BufRead, builder: &mut Builder) -> Result<(), TraceError> {
    let mut line = Vec::new();
    let mut row = 0;
    while !builder.is_full() && next_line(input, &mut line, LONGEST).map_err(|e| builder.io(e))? {
        row += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Request>(&line) {
            Ok(request) => push(&request, builder)?,
            Err(error) => {
                let why = error.to_string();
                let why = why.split(" at line 1").next().unwrap_or(&why);
                builder.bad_row(row, format!("{why} (column {})", error.column()))?;
            }
        }
    }
    Ok(())
}

fn push(request: &Request, builder: &mut Builder) -> Result<(), TraceError> {
    for block in &request.hash_ids {
        if builder.is_full() {
            break;
        }
        builder.push(Access { time: request.timestamp, key: KeyOf::Number(*block), size: 1 })?;
    }
    Ok(())
}
