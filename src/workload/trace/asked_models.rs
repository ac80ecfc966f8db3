//! Which model of the experiment a recorded call asks.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::{Path, Problem, Problems, nearest};

/// Which model a recorded call asks: that of the same name, if there is one, or the one that a map
/// has for the name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AskedModelsSpec(BTreeMap<String, String>);

/// The word for nothing but equal names.
const BY_NAME: &str = "by_name";

/// A model that recorded calls asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedModel {
    /// Its name in the recording.
    pub recorded: String,
    /// The experiment's, if it has one of this name; `None` leaves the choice to it.
    pub asked: Option<String>,
}

impl AskedModelsSpec {
    /// The model that a recorded one stands for: by the map, else one of the same name.
    pub(super) fn of(&self, recorded: &str) -> String {
        self.0.get(recorded).map_or(recorded, String::as_str).to_owned()
    }

    /// Reports models that the experiment has not.
    pub fn check_models(&self, known: &[&str], problems: &mut Problems) {
        for (recorded, asked) in &self.0 {
            if known.contains(&asked.as_str()) {
                continue;
            }
            let near = nearest(asked, known.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("expected one of {}", known.join(", ")),
            };
            problems.at(recorded.as_str(), |p| {
                p.error_help(format!("there is no model `{asked}`"), help);
            });
        }
    }

    /// The first that no call of the trace asked; its place is within the map.
    pub(super) fn unknown(&self, recorded: &[String]) -> Option<Problem> {
        let name = self.0.keys().find(|name| !recorded.contains(name))?;
        let near = nearest(name, recorded.iter().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if recorded.is_empty() => "remove it".to_owned(),
            None => format!("its calls ask {}", recorded.join(", ")),
        };
        let why = match recorded {
            [] => "the trace does not say which models its calls asked".to_owned(),
            _ => format!("no call of the trace asks a model `{name}`"),
        };
        Some(Problem::error(Path::default().join(name.as_str()), why).help(help))
    }
}

impl<'de> Deserialize<'de> for AskedModelsSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrMap;

        impl<'de> Visitor<'de> for WordOrMap {
            type Value = AskedModelsSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`by_name`, or a map such as { gpt-4o: large, gpt-4o-mini: small }")
            }
            fn visit_str<E: de::Error>(self, word: &str) -> Result<AskedModelsSpec, E> {
                if word == BY_NAME {
                    return Ok(AskedModelsSpec::default());
                }
                Err(E::invalid_value(de::Unexpected::Str(word), &self))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AskedModelsSpec, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(AskedModelsSpec)
            }
        }
        deserializer.deserialize_any(WordOrMap)
    }
}

impl Serialize for AskedModelsSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() {
            serializer.serialize_str(BY_NAME)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl JsonSchema for AskedModelsSpec {
    fn schema_name() -> Cow<'static, str> {
        "AskedModels".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`by_name`, or a map from names in the recording to the experiment's models.",
            "anyOf": [
                { "const": BY_NAME },
                { "type": "object", "additionalProperties": { "type": "string" } },
            ],
            "examples": ["by_name", { "gpt-4o": "large", "gpt-4o-mini": "small" }],
        })
    }
}
