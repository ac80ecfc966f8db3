//! Prices as `LiteLLM` keeps them: `model_prices_and_context_window.json`, a map
//! from names of models to their prices and limits, plain or gzip.
//!
//! <https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json>
//!
//! | field of the map | field of a price |
//! |---|---|
//! | `input_cost_per_token` | `input` |
//! | `output_cost_per_token` | `output` |
//! | `cache_read_input_token_cost`, else `input_cost_per_token_cache_hit` | `cached_input` |
//! | `cache_creation_input_token_cost` | `cache_write` |
//! | `cache_creation_input_token_cost_above_1hr` | `cache_write_1h` |
//! | each of these with `_above_128k_tokens` | `above: [ { tokens: 128000 } ]` |
//! | `input_cost_per_token_batches`, `output_cost_per_token_batches`, `cache_read_input_token_cost_batches` | `batch` |
//! | `tiered_pricing` with `range` | `input`, `output` and `above` |
//!
//! All other fields (images, seconds, other service tiers) are of no concern to
//! a text. Numbers are read as decimals, not through floating point.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::spec::{BatchPriceSpec, PriceSpec, TierSpec};
use crate::cost::Money;
use crate::spec::nearest;
use crate::workload::{TraceError, TracePosition, read_text, read_unique, text_of};

/// Not a model, but an explanation of the fields.
const SAMPLE: &str = "sample_spec";

/// Why a map has no price for a model.
#[derive(Debug, thiserror::Error)]
pub enum PriceMapError {
    /// The file cannot be read, or is no map of models, with the place.
    #[error("no price map: {0}")]
    Unreadable(#[from] TraceError),
    /// It has no such model.
    #[error("the price map has no model `{name}`")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The nearest name that is there.
        near: Option<String>,
    },
    /// The model is not paid for by the token.
    #[error("the price map has no price per token for `{name}`{}", of_mode(.mode.as_deref()))]
    NotByToken {
        /// The model.
        name: String,
        /// What it does, such as `image_generation`.
        mode: Option<String>,
    },
    /// A field of the model is not what it should be.
    #[error("the price map's entry `{name}` is malformed: `{field}` is {what}")]
    Malformed {
        /// The model.
        name: String,
        /// The field.
        field: String,
        /// What is wrong.
        what: String,
    },
}

fn of_mode(mode: Option<&str>) -> String {
    mode.map_or_else(String::new, |mode| format!(" (its mode is {mode})"))
}

/// Prices by the names of models. Entries are looked into when they are asked
/// for, so that a strange one harms nobody else.
#[derive(Clone, Debug)]
pub struct PriceMap {
    entries: BTreeMap<String, Box<RawValue>>,
}

/// The fields of an entry, as they stand there.
type Fields = BTreeMap<String, Box<RawValue>>;

impl PriceMap {
    /// Reads a file, plain, gzip or zstd.
    ///
    /// # Errors
    /// If it cannot be read, is not a JSON object, or has a name or field twice.
    pub fn read(path: &Path) -> Result<Self, PriceMapError> {
        let (position, text) = read_text(path)?;
        Ok(PriceMap { entries: read_unique(&text, &position)? })
    }

    /// Parses a JSON object.
    ///
    /// # Errors
    /// If it is none, or has a name or field twice.
    pub fn parse(json: &[u8]) -> Result<Self, PriceMapError> {
        let position = TracePosition::before(Path::new("price map"));
        let mut text = String::new();
        let read = text_of(json).read_to_string(&mut text);
        read.map_err(|error| position.io(error))?;
        Ok(PriceMap { entries: read_unique(&text, &position)? })
    }

    /// The names of all entries, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str).filter(|name| *name != SAMPLE)
    }

    /// Whether there is an entry of this name.
    pub fn has(&self, name: &str) -> bool {
        name != SAMPLE && self.entries.contains_key(name)
    }

    /// The price of a model.
    ///
    /// # Errors
    /// If there is none per token, or if any part of it is malformed.
    pub fn price(&self, name: &str) -> Result<PriceSpec, PriceMapError> {
        let Some(raw) = self.entries.get(name).filter(|_| name != SAMPLE) else {
            let near = nearest(name, self.names()).map(str::to_owned);
            return Err(PriceMapError::Unknown { name: name.to_owned(), near });
        };
        let fields: Fields = serde_json::from_str(raw.get())
            .map_err(|_| malformed(name, "(the entry)", "not an object"))?;
        Entry { name, fields: &fields }.price()
    }
}

fn malformed(name: &str, field: &str, what: impl Into<String>) -> PriceMapError {
    PriceMapError::Malformed { name: name.to_owned(), field: field.to_owned(), what: what.into() }
}

/// A model's entry.
struct Entry<'m> {
    name: &'m str,
    fields: &'m Fields,
}

const INPUT: &str = "input_cost_per_token";
const OUTPUT: &str = "output_cost_per_token";
const READ: &str = "cache_read_input_token_cost";
const HIT: &str = "input_cost_per_token_cache_hit";
const WRITE: &str = "cache_creation_input_token_cost";
const WRITE_1H: &str = "cache_creation_input_token_cost_above_1hr";
const TIERED: &str = "tiered_pricing";

impl Entry<'_> {
    fn price(&self) -> Result<PriceSpec, PriceMapError> {
        if let Some(tiers) = self.fields.get(TIERED) {
            return self.tiered(tiers);
        }
        let (Some(input), Some(output)) = (self.money(INPUT)?, self.money(OUTPUT)?) else {
            let mode = self.fields.get("mode").map(|mode| mode.get().trim_matches('"').to_owned());
            return Err(PriceMapError::NotByToken { name: self.name.to_owned(), mode });
        };
        Ok(PriceSpec {
            input: Some(input),
            output: Some(output),
            cached_input: self.money(READ)?.or(self.money(HIT)?),
            cache_write: self.money(WRITE)?,
            cache_write_1h: self.money(WRITE_1H)?,
            batch: self.batch("")?,
            above: self.above()?,
            ..PriceSpec::default()
        })
    }

    /// The amount in a field, exactly; absent where the field is, or is null.
    fn money(&self, field: &str) -> Result<Option<Money>, PriceMapError> {
        let Some(raw) = self.fields.get(field).map(|raw| raw.get()).filter(|raw| *raw != "null")
        else {
            return Ok(None);
        };
        match raw.parse::<Money>() {
            Ok(money) if money >= Money::ZERO => Ok(Some(money)),
            Ok(_) => Err(malformed(self.name, field, format!("negative: {raw}"))),
            Err(_) => Err(malformed(self.name, field, format!("not an amount: {raw}"))),
        }
    }

    fn batch(&self, above: &str) -> Result<Option<BatchPriceSpec>, PriceMapError> {
        let field = |base: &str| self.money(&format!("{base}{above}_batches"));
        Ok(match (field(INPUT)?, field(OUTPUT)?) {
            (Some(input), Some(output)) => {
                Some(BatchPriceSpec { input, output, cached_input: field(READ)? })
            }
            _ => None,
        })
    }

    /// The thresholds that any of the four prices has.
    fn above(&self) -> Result<Vec<TierSpec>, PriceMapError> {
        let thousands = |field: &str| {
            let rest =
                [INPUT, OUTPUT, READ, WRITE].iter().find_map(|base| field.strip_prefix(base))?;
            rest.strip_prefix("_above_")?.strip_suffix("k_tokens")?.parse::<u64>().ok()
        };
        let thresholds: BTreeSet<u64> =
            self.fields.keys().filter_map(|field| thousands(field)).collect();
        let tier = |thousands: u64| {
            let above = format!("_above_{thousands}k_tokens");
            let field = |base: &str| self.money(&format!("{base}{above}"));
            Ok(TierSpec {
                tokens: thousands.saturating_mul(1000),
                input: field(INPUT)?,
                output: field(OUTPUT)?,
                cached_input: field(READ)?,
                cache_write: field(WRITE)?,
                cache_write_1h: field(WRITE_1H)?,
                batch: self.batch(&above)?,
            })
        };
        thresholds.into_iter().map(tier).collect()
    }

    fn tiered(&self, raw: &RawValue) -> Result<PriceSpec, PriceMapError> {
        let bad = |what: &str| malformed(self.name, TIERED, what);
        let tiers: Vec<Fields> =
            serde_json::from_str(raw.get()).map_err(|_| bad("not a list of prices"))?;
        let mut above = Vec::with_capacity(tiers.len());
        for fields in &tiers {
            let range = fields.get("range").ok_or_else(|| bad("without a `range`"))?;
            let range = Range::deserialize(&**range).map_err(|_| bad("without a sound `range`"))?;
            let entry = Entry { name: self.name, fields };
            let (Some(input), Some(output)) = (entry.money(INPUT)?, entry.money(OUTPUT)?) else {
                return Err(bad("without a price for input and output"));
            };
            above.push(TierSpec {
                tokens: range.0 as u64,
                input: Some(input),
                output: Some(output),
                cached_input: entry.money(READ)?,
                cache_write: entry.money(WRITE)?,
                cache_write_1h: entry.money(WRITE_1H)?,
                batch: None,
            });
        }
        if above.is_empty() || above[0].tokens != 0 || !above.is_sorted_by_key(|tier| tier.tokens) {
            return Err(bad("not ranges that rise from 0"));
        }
        let TierSpec { input, output, cached_input, cache_write, cache_write_1h, .. } =
            above.remove(0);
        let base = PriceSpec { input, output, cached_input, cache_write, ..PriceSpec::default() };
        Ok(PriceSpec { cache_write_1h, above, ..base })
    }
}

/// From so many tokens on, and to how many.
#[derive(Deserialize)]
struct Range(f64, #[expect(dead_code, reason = "the next range says it again")] f64);

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = r#"{
        "sample_spec": { "input_cost_per_token": 0.0, "output_cost_per_token": 0.0 },
        "gpt-4o": { "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05,
            "cache_read_input_token_cost": 1.25e-06, "input_cost_per_token_batches": 1.25e-06,
            "output_cost_per_token_batches": 5e-06, "mode": "chat" },
        "gemini": { "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
            "input_cost_per_token_above_200k_tokens": 2.5e-06, "output_cost_per_token_above_200k_tokens": 1.5e-05,
            "input_cost_per_token_above_200k_tokens_priority": 9 },
        "qwen": { "tiered_pricing": [
            { "input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07, "range": [0, 256000.0] },
            { "input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06, "range": [256000.0, 1000000.0] } ] },
        "dall-e": { "output_cost_per_image": 0.04, "mode": "image_generation" },
        "words": { "input_cost_per_token": "free", "output_cost_per_token": 0 },
        "debt": { "input_cost_per_token": -1, "output_cost_per_token": 0 },
        "number": 7
    }"#;

    fn map() -> PriceMap {
        PriceMap::parse(MAP.as_bytes()).unwrap()
    }

    fn yaml(name: &str) -> String {
        serde_yaml::to_string(&map().price(name).unwrap()).unwrap().replace('\n', " ")
    }

    #[test]
    fn prices_are_read_as_they_stand_there() {
        assert_eq!(
            yaml("gpt-4o"),
            "input: $0.0000025 output: $0.00001 cached_input: $0.00000125 \
             batch:   input: $0.00000125   output: $0.000005 "
        );
        assert_eq!(
            yaml("gemini"),
            "input: $0.00000125 output: $0.00001 above: - tokens: 200000   input: $0.0000025   output: $0.000015 "
        );
        assert_eq!(
            yaml("qwen"),
            "input: $0.00000005 output: $0.0000004 above: - tokens: 256000   input: $0.00000025   output: $0.000002 "
        );
    }

    #[test]
    fn what_is_unknown_or_malformed_is_named_and_not_guessed() {
        let refused = |name| map().price(name).unwrap_err().to_string();
        assert_eq!(refused("gpt4o"), "the price map has no model `gpt4o`");
        let PriceMapError::Unknown { near, .. } = map().price("gpt4o").unwrap_err() else {
            panic!()
        };
        assert_eq!(near.as_deref(), Some("gpt-4o"));
        assert_eq!(refused("sample_spec"), "the price map has no model `sample_spec`");
        assert_eq!(
            refused("dall-e"),
            "the price map has no price per token for `dall-e` (its mode is image_generation)"
        );
        assert_eq!(
            refused("words"),
            "the price map's entry `words` is malformed: `input_cost_per_token` is not an amount: \"free\""
        );
        assert_eq!(
            refused("debt"),
            "the price map's entry `debt` is malformed: `input_cost_per_token` is negative: -1"
        );
        assert_eq!(
            refused("number"),
            "the price map's entry `number` is malformed: `(the entry)` is not an object"
        );
        let refused = |json: &str| PriceMap::parse(json.as_bytes()).unwrap_err().to_string();
        assert!(refused("[]").starts_with("no price map: price map:1: invalid type: sequence"));
        let twice = refused("{\"a\": {}, \"b\":\n{\"x\": 1, \"x\": 2}}");
        assert!(twice.contains("price map:2: the field `x` is there twice"), "{twice}");
        assert!(refused("{\"a\": 1,\n\"a\": 1}").contains(":2: the field `a` is there twice"));
    }
}
