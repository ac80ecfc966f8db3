//! What a path may take, as it is written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_yaml::Value;

/// What a path may take: all between two ends, or one of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RangeSpec {
    /// All between two ends.
    Span(SpanSpec),
    /// One of these.
    Values(Vec<Value>),
}

/// All between two ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanSpec {
    /// The lower end.
    #[schemars(with = "serde_json::Value")]
    pub from: Value,
    /// The upper end. Where both are whole numbers, whole numbers are taken.
    #[schemars(with = "serde_json::Value")]
    pub to: Value,
    /// Equal ratios instead of equal differences. Default false.
    #[serde(default)]
    pub log: bool,
}

impl<'de> Deserialize<'de> for RangeSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        match Value::deserialize(deserializer)? {
            Value::Sequence(values) => Ok(RangeSpec::Values(values)),
            map @ Value::Mapping(_) => {
                let span = SpanSpec::deserialize(map).map_err(D::Error::custom)?;
                Ok(RangeSpec::Span(span))
            }
            _ => Err(D::Error::custom("expected { from: ..., to: ... } or a list of values")),
        }
    }
}

impl JsonSchema for RangeSpec {
    fn schema_name() -> Cow<'static, str> {
        "RangeSpec".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let span = generator.subschema_for::<SpanSpec>();
        json_schema!({
            "description": "All between two ends, or one of a list of values.",
            "anyOf": [span, { "type": "array" }],
        })
    }
}
