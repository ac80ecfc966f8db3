//! A date in a file.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::from_text;

/// An instant of the virtual calendar (UTC); a date is its midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

const MOMENT: &str = "a date such as 2026-03-01, or an instant such as 2026-03-01T12:00:00Z";

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, MOMENT, |text| {
            let midnight = || format!("{text}T00:00:00Z").parse();
            text.parse()
                .or_else(|_: jiff::Error| midnight())
                .map(Moment)
                .map_err(|_| format!("`{text}` is neither a date nor an instant"))
        })
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A date (its midnight, UTC) or an instant.",
            "type": "string",
            "examples": ["2026-03-01", "2026-03-01T12:00:00Z"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight() {
        let read = |yaml: &str| serde_yaml::from_str::<Moment>(yaml).map(|it| it.0.to_string());
        assert_eq!(read("2026-03-01").unwrap(), "2026-03-01T00:00:00Z");
        assert_eq!(read("2026-03-01T12:30:00Z").unwrap(), "2026-03-01T12:30:00Z");
        assert!(read("March").unwrap_err().to_string().contains("`March` is neither"));
    }
}
