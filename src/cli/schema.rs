//! `windtunnel schema`: the JSON Schema of an experiment file.

use super::{Failure, print};
use crate::experiment::schema;

pub(super) fn main() -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(&schema())
        .map_err(|error| Failure::Run(format!("error: {error}")))?;
    print(&text)
}
