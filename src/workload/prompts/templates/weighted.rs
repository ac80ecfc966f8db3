//! A text among others, and how often it is chosen.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::Positive;

/// A text among others: `Paris`, or `{ text: Paris, weight: 3 }`.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedText {
    /// The text.
    pub text: String,
    /// How often it is chosen, relative to the others; 1 if not given.
    pub weight: Option<Positive>,
    /// What it means: all with the same `means` say the same in other words. A text
    /// without it means itself.
    pub means: Option<String>,
}

/// The long form.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Full {
    /// The text.
    text: Written,
    /// How often it is chosen, relative to the others. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<Positive>,
    /// What it means: all with the same `means` say the same in other words, which
    /// semantic caches should notice. Default: it means itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    means: Option<Written>,
}

/// A text, which YAML may take for a number.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a text")]
enum Written {
    Text(String),
    Whole(i64),
    Real(f64),
}

impl Written {
    fn into_text(self) -> String {
        match self {
            Written::Text(text) => text,
            Written::Whole(number) => number.to_string(),
            Written::Real(number) => number.to_string(),
        }
    }
}

impl WeightedText {
    pub(super) fn weight(&self) -> f64 {
        self.weight.map_or(1.0, Positive::get)
    }

    /// For each text the first of `list` that means the same, itself if none does.
    pub(super) fn meanings(list: &[WeightedText]) -> Vec<u32> {
        let mut firsts = BTreeMap::new();
        let first = |(i, text): (u32, &WeightedText)| match &text.means {
            Some(meaning) => *firsts.entry(meaning.clone()).or_insert(i),
            None => i,
        };
        (0..).zip(list).map(first).collect()
    }
}

impl<'de> Deserialize<'de> for WeightedText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = WeightedText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or { text: ..., weight: ... }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<WeightedText, E> {
                Ok(WeightedText { text: text.to_owned(), weight: None, means: None })
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<WeightedText, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<WeightedText, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<WeightedText, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WeightedText, A::Error> {
                let Full { text, weight, means } =
                    Full::deserialize(MapAccessDeserializer::new(map))?;
                Ok(WeightedText {
                    text: text.into_text(),
                    weight,
                    means: means.map(Written::into_text),
                })
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

impl Serialize for WeightedText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let WeightedText { text, weight, means } = self.clone();
        if weight.is_none() && means.is_none() {
            return text.serialize(serializer);
        }
        let full = Full { text: Written::Text(text), weight, means: means.map(Written::Text) };
        full.serialize(serializer)
    }
}

impl JsonSchema for WeightedText {
    fn schema_name() -> Cow<'static, str> {
        "WeightedText".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = generator.subschema_for::<Full>();
        json_schema!({
            "description": "A text among others, alone or with its weight and meaning.",
            "anyOf": [{ "type": ["string", "number"] }, full],
            "examples": ["Paris", { "text": "Paris", "weight": 3 }],
        })
    }
}
