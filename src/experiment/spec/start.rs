//! What the virtual clock shows at the start.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::spec::from_text;

/// An instant of the virtual calendar, UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start(pub Timestamp);

const START: &str = "an instant in UTC such as 2026-01-01T00:00:00Z";

impl Default for Start {
    fn default() -> Self {
        // 2026-01-01T00:00:00Z
        Start(Timestamp::constant(1_767_225_600, 0))
    }
}

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, START, |text| {
            text.parse().map(Start).map_err(|_| format!("`{text}` is not an instant"))
        })
    }
}

impl Serialize for Start {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl JsonSchema for Start {
    fn schema_name() -> Cow<'static, str> {
        "Start".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An instant in UTC.",
            "type": "string",
            "format": "date-time",
            "examples": ["2026-01-01T00:00:00Z"],
        })
    }
}
