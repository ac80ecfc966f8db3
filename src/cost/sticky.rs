//! Conversations and their models: whether they stay, and what it takes to change.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Cached, ModelId, Money};
use crate::kernel::Duration;
use crate::spec::{Fraction, Problems};

/// What stays with its model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StickySpec {
    /// The requests of a session, or of one conversation of a workflow.
    Session(StickySessionSpec),
}

/// How long a session stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StickySessionSpec {
    /// A session of which nothing was heard for longer chooses anew. Default: 1h.
    pub idle: Duration,
}

impl Default for StickySessionSpec {
    fn default() -> Self {
        StickySessionSpec { idle: Duration::from_secs(3600) }
    }
}

/// What another model than the conversation's own must be better by: an amount that is added
/// to its estimate (`$0.002`), or a share that its utility must be higher by
/// (`{ utility: 0.2 }`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SwitchPenaltySpec {
    /// Added to estimates.
    Money(Money),
    /// Estimates count 1 / (1 - share) times.
    Utility(Fraction),
}

impl SwitchPenaltySpec {
    /// Reports what lets no other model be chosen.
    pub fn check(self, problems: &mut Problems) {
        if let SwitchPenaltySpec::Utility(share) = self
            && share.get() >= 1.0
        {
            problems.at("utility", |p| {
                p.error_help("nothing is better by all of it", "say `sticky: session` to stay");
            });
        }
    }

    /// What an estimate counts with it, in pico-dollars.
    pub(super) fn on(self, picos: u64) -> u64 {
        match self {
            SwitchPenaltySpec::Money(more) => {
                picos.saturating_add(more.picos().clamp(0, u64::MAX.into()) as u64)
            }
            SwitchPenaltySpec::Utility(share) => (picos as f64 / (1.0 - share.get()) + 0.5) as u64,
        }
    }
}

/// What is known when a model is chosen, beside the demand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'k> {
    /// By model, what it has of the prompt; empty where nobody knows.
    pub cached: &'k [Cached],
    /// The model that the conversation was with, and how long ago that was.
    pub before: Option<(ModelId, Duration)>,
}

/// A request that stayed with its session's model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stayed {
    /// How much better the model that would have been chosen is expected to be.
    pub quality_lost: f64,
}

impl<'de> Deserialize<'de> for SwitchPenaltySpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PenaltyVisitor;

        impl<'de> Visitor<'de> for PenaltyVisitor {
            type Value = SwitchPenaltySpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount such as $0.002, or { utility: 0.2 }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let amount: Money = text.parse().map_err(E::custom)?;
                if amount < Money::ZERO {
                    return Err(E::custom(format!("`{text}` is negative")));
                }
                Ok(SwitchPenaltySpec::Money(amount))
            }
            fn visit_f64<E: de::Error>(self, amount: f64) -> Result<Self::Value, E> {
                self.visit_str(&amount.to_string())
            }
            fn visit_u64<E: de::Error>(self, amount: u64) -> Result<Self::Value, E> {
                self.visit_str(&amount.to_string())
            }
            fn visit_i64<E: de::Error>(self, amount: i64) -> Result<Self::Value, E> {
                self.visit_str(&amount.to_string())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                const KEYS: &[&str] = &["utility"];
                match map.next_key::<String>()?.as_deref() {
                    Some("utility") => {}
                    Some(other) => return Err(de::Error::unknown_field(other, KEYS)),
                    None => return Err(de::Error::missing_field("utility")),
                }
                let share = map.next_value()?;
                match map.next_key::<String>()? {
                    None => Ok(SwitchPenaltySpec::Utility(share)),
                    Some(other) => Err(de::Error::unknown_field(&other, KEYS)),
                }
            }
        }
        deserializer.deserialize_any(PenaltyVisitor)
    }
}

impl Serialize for SwitchPenaltySpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            SwitchPenaltySpec::Money(amount) => amount.serialize(serializer),
            SwitchPenaltySpec::Utility(share) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("utility", share)?;
                map.end()
            }
        }
    }
}

impl JsonSchema for SwitchPenaltySpec {
    fn schema_name() -> Cow<'static, str> {
        "SwitchPenalty".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (amount, share) =
            (generator.subschema_for::<Money>(), generator.subschema_for::<Fraction>());
        json_schema!({
            "description": "An amount that is added to the estimates of other models, or a share that their utility must be higher by.",
            "anyOf": [amount, {
                "type": "object",
                "additionalProperties": false,
                "required": ["utility"],
                "properties": { "utility": share },
            }],
            "examples": ["$0.002", { "utility": 0.2 }],
        })
    }
}
