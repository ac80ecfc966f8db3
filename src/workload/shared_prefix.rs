//! What prompts begin with in common: one system prompt, or several.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::alias::{Alias, zipf_weights};
use super::incoming::{Incoming, MAX_TOKENS, PromptId};
use super::lengths::LengthsSpec;
use super::prompts::check_count;
use crate::kernel::keyed_uniform::{keyed_bits, keyed_uniform};
use crate::spec::{NonNegative, Positive, Problems};

/// Each system prompt has a row in a table; more would hardly be shared.
const MOST: u32 = 1_000_000;

/// System prompts: `1200` tokens for all, a list of several, or
/// `{ zipf: { count: 50 } }`.
#[derive(Clone, Debug, PartialEq)]
pub enum SharedPrefixSpec {
    /// One of so many tokens, with which all prompts begin.
    One(u32),
    /// Several; each prompt begins with one of them.
    List(Vec<SystemPromptSpec>),
    /// Many, of which few are usual.
    Zipf(ZipfPrefixSpec),
}

/// A system prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemPromptSpec {
    /// What it is called in paths, as in `workload.shared_prefix.support.tokens`.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long it is; 0 for prompts that have none.
    pub tokens: u32,
    /// How many prompts begin with it, relative to the others. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Positive>,
}

/// System prompts of which prompts begin with the one of rank r in proportion to
/// r^-exponent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ZipfPrefixSpec {
    /// How many there are. Default: 50.
    pub count: u32,
    /// How unequal they are: 0 makes all equally likely. Default: 1.
    pub exponent: NonNegative,
    /// How long they are, in tokens. Drawn once for each. Default:
    /// `constant: 1000`.
    pub tokens: LengthsSpec,
}

impl Default for ZipfPrefixSpec {
    fn default() -> Self {
        ZipfPrefixSpec {
            count: 50,
            exponent: NonNegative::ONE,
            tokens: LengthsSpec::Constant(1000),
        }
    }
}

impl SharedPrefixSpec {
    /// Reports what is too long, and what nothing is chosen from.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            SharedPrefixSpec::One(tokens) => check_tokens(*tokens, problems),
            SharedPrefixSpec::List(list) => {
                if list.is_empty() {
                    problems.error_help("the list is empty", "such as `- { tokens: 1200 }`");
                }
                for (i, prefix) in list.iter().enumerate() {
                    problems.at(i, |p| p.at("tokens", |p| check_tokens(prefix.tokens, p)));
                }
            }
            SharedPrefixSpec::Zipf(spec) => problems.at("zipf", |p| {
                p.at("count", |p| check_count(spec.count, MOST, "system prompt", p));
                p.at("tokens", |p| spec.tokens.check(p));
            }),
        }
    }

    /// The prefixes made ready. The spec must have passed its check.
    pub(super) fn prefixes(&self) -> SharedPrefixes {
        match self {
            SharedPrefixSpec::One(tokens) => {
                SharedPrefixes { tokens: vec![*tokens], ..SharedPrefixes::default() }
            }
            SharedPrefixSpec::List(list) => {
                let weight = |it: &SystemPromptSpec| it.weight.map_or(1.0, Positive::get);
                let weights: Vec<f64> = list.iter().map(weight).collect();
                let tokens = list.iter().map(|it| it.tokens).collect();
                SharedPrefixes { tokens, chosen: Some(Alias::new(&weights)), on_top: false }
            }
            SharedPrefixSpec::Zipf(spec) => {
                let lengths = spec.tokens.distribution();
                let lengths = lengths.expect("a checked spec has a distribution");
                let length = |rank| lengths.pick(keyed_uniform(0, u64::from(rank)));
                let weights = zipf_weights(spec.count, spec.exponent.get());
                SharedPrefixes {
                    tokens: (0..spec.count).map(length).collect(),
                    chosen: Some(Alias::new(&weights)),
                    on_top: false,
                }
            }
        }
    }
}

fn check_tokens(tokens: u32, problems: &mut Problems) {
    if tokens > MAX_TOKENS {
        problems.error(format!("{tokens} tokens are out of range: expected 0 to {MAX_TOKENS}"));
    }
}

/// The prefix of a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Prefix {
    /// Which one: prompts of the same begin alike.
    pub id: u32,
    /// How long it is.
    pub tokens: u32,
}

/// What prompts begin with.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedPrefixes {
    /// By prefix; none where prompts have nothing in common.
    tokens: Vec<u32>,
    /// `None` where there is no choice.
    chosen: Option<Alias>,
    /// Whether they come on top of lengths that are drawn or traced.
    pub on_top: bool,
}

impl SharedPrefixes {
    /// The same on top of all lengths.
    pub fn on_top(self) -> Self {
        SharedPrefixes { on_top: true, ..self }
    }

    /// What a prompt begins with: the same whenever it is asked, whoever asks. A
    /// draw keyed by the prompt's id.
    #[inline]
    pub fn of(&self, prompt: PromptId, key: u64) -> Prefix {
        let id = self.chosen.as_ref().map_or(0, |table| table.pick(keyed_bits(key, prompt.0)));
        Prefix { id, tokens: self.tokens.get(id as usize).copied().unwrap_or(0) }
    }

    /// A request whose length is that of its own part: what it begins with in common with
    /// others comes on top.
    #[inline]
    pub fn before(&self, request: Incoming, key: u64) -> Incoming {
        if self.tokens.is_empty() {
            return request;
        }
        let shared = u64::from(self.of(request.prompt, key).tokens);
        Incoming { input_decitokens: request.input_decitokens + 10 * shared, ..request }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Zipf,
}

impl<'de> Deserialize<'de> for SharedPrefixSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PrefixVisitor;

        impl<'de> Visitor<'de> for PrefixVisitor {
            type Value = SharedPrefixSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of tokens, a list of system prompts, or { zipf: ... }")
            }
            fn visit_u64<E: de::Error>(self, tokens: u64) -> Result<SharedPrefixSpec, E> {
                let tokens = u32::try_from(tokens);
                tokens.map(SharedPrefixSpec::One).map_err(|_| E::custom("too many tokens"))
            }
            fn visit_i64<E: de::Error>(self, tokens: i64) -> Result<SharedPrefixSpec, E> {
                let tokens = u64::try_from(tokens);
                self.visit_u64(tokens.map_err(|_| E::custom("expected 0 tokens or more"))?)
            }
            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<SharedPrefixSpec, A::Error> {
                let mut list = Vec::new();
                while let Some(prefix) = seq.next_element()? {
                    list.push(prefix);
                }
                Ok(SharedPrefixSpec::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<SharedPrefixSpec, A::Error> {
                let Some(Kind::Zipf) = map.next_key()? else {
                    return Err(de::Error::missing_field("zipf"));
                };
                let spec = SharedPrefixSpec::Zipf(map.next_value()?);
                match map.next_key::<String>()? {
                    None => Ok(spec),
                    Some(_) => Err(de::Error::custom("expected `zipf` alone")),
                }
            }
        }
        deserializer.deserialize_any(PrefixVisitor)
    }
}

impl Serialize for SharedPrefixSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            SharedPrefixSpec::One(tokens) => tokens.serialize(serializer),
            SharedPrefixSpec::List(list) => list.serialize(serializer),
            SharedPrefixSpec::Zipf(spec) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("zipf", spec)?;
                map.end()
            }
        }
    }
}

impl JsonSchema for SharedPrefixSpec {
    fn schema_name() -> Cow<'static, str> {
        "SharedPrefix".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<u32>();
        let list = generator.subschema_for::<Vec<SystemPromptSpec>>();
        let zipf = generator.subschema_for::<ZipfPrefixSpec>();
        json_schema!({
            "description": "One system prompt by its tokens, a list of several, or many by Zipf's law.",
            "anyOf": [one, list, {
                "type": "object",
                "additionalProperties": false,
                "required": ["zipf"],
                "properties": { "zipf": zipf },
            }],
            "examples": [1200, [{ "name": "support", "tokens": 1200, "weight": 3 }, { "tokens": 0 }]],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(yaml: &str) -> SharedPrefixSpec {
        let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
        serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap()
    }

    #[test]
    fn each_way_of_writing_reads_back_and_nonsense_is_refused() {
        for yaml in [
            "640",
            "[{name: support, tokens: 1200, weight: 3}, {tokens: 0}]",
            "{zipf: {count: 5, tokens: {lognormal: {mean: 900, sigma: 1}}}}",
        ] {
            let value = serde_yaml::with::singleton_map_recursive::serialize(
                &spec(yaml),
                serde_yaml::value::Serializer,
            );
            let text = serde_yaml::to_string(&value.unwrap()).unwrap();
            assert_eq!(spec(&text), spec(yaml), "{text}");
        }
        for yaml in ["-1", "{}", "{uniform: 1}", "5000000000", "[{tokens: 1, wieght: 2}]", "many"] {
            assert!(serde_yaml::from_str::<SharedPrefixSpec>(yaml).is_err(), "{yaml}");
        }
        for yaml in ["[]", "2000000000", "{zipf: {count: 0}}", "[{tokens: 2000000000}]"] {
            let mut problems = Problems::default();
            spec(yaml).check(&mut problems);
            assert_eq!(problems.list().len(), 1, "{yaml}");
        }
    }

    #[test]
    fn prompts_are_spread_over_prefixes_by_weight_and_stay_with_theirs() {
        let prefixes = spec("[{tokens: 100, weight: 3}, {tokens: 50}]").prefixes();
        let n = 100_000;
        let first = (0..n).filter(|id| prefixes.of(PromptId(*id), 7).id == 0).count() as f64;
        // 4.5 standard deviations.
        assert!((first - 75_000.0).abs() < 4.5 * (0.1875 * n as f64).sqrt(), "{first}");
        for id in (0..1000).map(PromptId) {
            let prefix = prefixes.of(id, 7);
            assert_eq!(prefix, prefixes.of(id, 7));
            assert_eq!(prefix.tokens, [100, 50][prefix.id as usize]);
        }
        let other_run = (0..n)
            .filter(|id| prefixes.of(PromptId(*id), 7).id != prefixes.of(PromptId(*id), 8).id);
        assert!(other_run.count() > 30_000, "runs differ in who has which");
    }
}
