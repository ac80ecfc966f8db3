//! Models as files name them: by name, by their `config.json`, or by a few figures.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::serving::step::model_config::{KnownModel, LayerKind, ModelConfig};
use crate::serving::step::precision::WeightPrecision;
use crate::spec::{Path, Positive, Problem, suggestion};
use crate::workload::DataPaths;

/// A model whose figures are known, one with a `config.json`, or `custom` figures.
#[derive(Clone, Debug, PartialEq)]
pub enum TransformerSpec {
    /// One that is built in.
    Known(KnownModel),
    /// A `config.json`, looked for beside the experiment file.
    File(PathBuf),
    /// A dense one, of a few figures.
    Custom(TransformerFigures),
}

impl Default for TransformerSpec {
    fn default() -> Self {
        TransformerSpec::Known(KnownModel::default())
    }
}

/// The figures of a dense model that has no `config.json`. The names are those of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TransformerFigures {
    /// Weights, in billions. Default: 8.03.
    pub parameters_billion: Positive,
    /// Layers. Default: 32.
    pub num_hidden_layers: u32,
    /// Heads that ask. Default: 32.
    pub num_attention_heads: u32,
    /// Heads that keep keys and values. Default: 8.
    pub num_key_value_heads: u32,
    /// Numbers in a head. Default: 128.
    pub head_dim: u32,
}

impl Default for TransformerFigures {
    fn default() -> Self {
        TransformerFigures {
            parameters_billion: Positive::try_from(8.03).expect("models have weights"),
            num_hidden_layers: 32,
            num_attention_heads: 32,
            num_key_value_heads: 8,
            head_dim: 128,
        }
    }
}

impl TransformerFigures {
    /// A model of as many weights: what is not attention's is of the feed-forward layers,
    /// and there is no vocabulary.
    fn config(&self) -> Result<ModelConfig, String> {
        let (layers, heads, kv_heads, head_dim) = (
            self.num_hidden_layers,
            self.num_attention_heads,
            self.num_key_value_heads,
            self.head_dim,
        );
        if [layers, heads, kv_heads, head_dim].contains(&0) {
            return Err("layers, heads and their numbers are at least 1".to_owned());
        }
        if layers > 10_000 {
            return Err("`num_hidden_layers` is more than any model has (10000)".to_owned());
        }
        let (f, hidden) = (f64::from, heads.saturating_mul(head_dim));
        let attention = f(hidden) * f(head_dim) * 2.0 * (f(heads) + f(kv_heads));
        let left = self.parameters_billion.get() * 1e9 / f(layers) - attention;
        let intermediate = (left / (3.0 * f(hidden)) + 0.5).max(0.0) as u32;
        if left < 0.0 {
            let billion = attention * f(layers) / 1e9;
            return Err(format!("attention alone has {billion:.3} billion weights"));
        }
        ModelConfig {
            architecture: "custom".to_owned(),
            layers,
            hidden,
            heads,
            kv_heads,
            head_dim,
            latent: None,
            intermediate,
            vocabulary: 0,
            tied: true,
            experts: None,
            kinds: vec![LayerKind::default(); layers as usize],
            max_position: None,
            weights: WeightPrecision::default(),
        }
        .checked()
    }
}

impl TransformerSpec {
    /// Its figures; a file is looked for in `paths`.
    ///
    /// # Errors
    /// The file is not there, or what it says is no model; the problem's place is `at`.
    pub fn config(&self, paths: &DataPaths, at: &Path) -> Result<ModelConfig, Problem> {
        match self {
            TransformerSpec::Known(model) => Ok(model.config()),
            TransformerSpec::File(file) => ModelConfig::load(file, paths, at),
            TransformerSpec::Custom(figures) => {
                figures.config().map_err(|why| Problem::error(at.join("custom"), why))
            }
        }
    }
}

impl<'de> Deserialize<'de> for TransformerSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ModelVisitor;

        impl<'de> Visitor<'de> for ModelVisitor {
            type Value = TransformerSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a model, the path of its config.json, or { custom: … }")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<TransformerSpec, E> {
                if let Some(known) = KnownModel::ALL.iter().find(|model| model.name() == name) {
                    return Ok(TransformerSpec::Known(*known));
                }
                let path = PathBuf::from(name);
                if name.contains('/') || path.extension().is_some_and(|it| it == "json") {
                    return Ok(TransformerSpec::File(path));
                }
                let names: Vec<&str> = KnownModel::ALL.iter().map(|it| it.name()).collect();
                Err(E::custom(format!(
                    "unknown model `{name}`, {}; any other by the path of its `config.json`",
                    suggestion(name, &names)
                )))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TransformerSpec, A::Error> {
                let key: Option<String> = map.next_key()?;
                if key.as_deref() != Some("custom") {
                    let key = key.unwrap_or_default();
                    return Err(de::Error::unknown_field(&key, &["custom"]));
                }
                let figures = TransformerSpec::Custom(map.next_value()?);
                match map.next_key::<String>()? {
                    None => Ok(figures),
                    Some(other) => Err(de::Error::unknown_field(&other, &["custom"])),
                }
            }
        }
        deserializer.deserialize_any(ModelVisitor)
    }
}

impl Serialize for TransformerSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            TransformerSpec::Known(model) => model.serialize(serializer),
            TransformerSpec::File(file) => file.serialize(serializer),
            TransformerSpec::Custom(figures) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("custom", figures)?;
                map.end()
            }
        }
    }
}

impl JsonSchema for TransformerSpec {
    fn schema_name() -> Cow<'static, str> {
        "TransformerSpec".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let known = generator.subschema_for::<KnownModel>();
        let custom = generator.subschema_for::<TransformerFigures>();
        json_schema!({
            "description": "The name of a model, the path of a config.json, or custom figures.",
            "anyOf": [
                known,
                { "type": "string" },
                {
                    "type": "object",
                    "properties": { "custom": custom },
                    "required": ["custom"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}
