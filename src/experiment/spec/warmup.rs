//! When measuring begins, as it is written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::{from_text, parse_count, parse_duration};
use crate::system::Warmup;

const EXPECTED: &str = "a duration such as 5m, a number such as `1000 requests`, auto, or none";

fn parse(text: &str) -> Result<Warmup, String> {
    match text {
        "none" => return Ok(Warmup::None),
        "auto" => return Ok(Warmup::Auto),
        _ => {}
    }
    match text.strip_suffix("requests").or_else(|| text.strip_suffix("request")) {
        None => parse_duration(text).map(Warmup::After),
        Some(count) => {
            let count = parse_count(count.trim());
            count.map(Warmup::Requests).ok_or_else(|| format!("`{text}` is no number of requests"))
        }
    }
}

impl<'de> Deserialize<'de> for Warmup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, EXPECTED, parse)
    }
}

impl Serialize for Warmup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Warmup::None => serializer.serialize_str("none"),
            Warmup::After(span) => span.serialize(serializer),
            Warmup::Requests(count) => serializer.collect_str(&format_args!("{count} requests")),
            Warmup::Auto => serializer.serialize_str("auto"),
        }
    }
}

impl JsonSchema for Warmup {
    fn schema_name() -> Cow<'static, str> {
        "Warmup".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration, a number of requests, auto, or none.",
            "type": ["string", "number"],
            "examples": ["5m", "1000 requests", "auto", "none"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Duration;

    #[test]
    fn every_way_to_write_it_reads_back() {
        for (text, warmup) in [
            ("none", Warmup::None),
            ("auto", Warmup::Auto),
            ("1000 requests", Warmup::Requests(1000)),
            ("1e3 requests", Warmup::Requests(1000)),
            ("1_000 requests", Warmup::Requests(1000)),
            ("1m30s", Warmup::After(Duration::from_secs(90))),
        ] {
            let read: Warmup = serde_yaml::from_str(text).expect("a warm-up");
            assert_eq!(read, warmup);
            let written = serde_yaml::to_string(&read).expect("plain data");
            assert_eq!(serde_yaml::from_str::<Warmup>(&written).expect("a warm-up"), warmup);
        }
        assert!(serde_yaml::from_str::<Warmup>("many requests").is_err());
    }
}
