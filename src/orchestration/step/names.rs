//! One name, or a list of names.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::one_or_many;

/// Names of steps: `plan`, or `[plan, search]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl Names {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for Names {
    fn from(names: [S; N]) -> Self {
        Names(names.map(Into::into).to_vec())
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_or_many(deserializer, "a step's name, or a list of names").map(Names)
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [name] => serializer.serialize_str(name),
            names => serializer.collect_seq(names),
        }
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A step's name, or a list of names.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_written_without_brackets() {
        for (yaml, wanted) in
            [("plan\n", &["plan"][..]), ("- plan\n- search\n", &["plan", "search"])]
        {
            let names: Names = serde_yaml::from_str(yaml).unwrap();
            assert_eq!(names.iter().collect::<Vec<_>>(), wanted);
            assert_eq!(serde_yaml::to_string(&names).unwrap(), yaml);
        }
        assert!(serde_yaml::from_str::<Names>("[]").unwrap().is_empty());
        assert_eq!(serde_yaml::from_str::<Names>("[a, b]").unwrap(), Names::from(["a", "b"]));
    }

    #[test]
    fn what_is_no_name_is_said() {
        let error = serde_yaml::from_str::<Names>("{ a: 1 }").unwrap_err().to_string();
        assert!(error.contains("a step's name, or a list of names"), "{error}");
        assert!(serde_yaml::from_str::<Names>("[[a]]").is_err());
    }
}
