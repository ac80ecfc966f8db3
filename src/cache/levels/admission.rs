//! Which answers a level does not even take.

use std::borrow::Cow;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cache::hash;
use crate::cache::{Item, Key, Size};
use crate::spec::{Capacity, Problems, from_text};

/// Filters before a cache level: an answer must pass all that are given. What is
/// there already is always replaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdmissionSpec {
    /// The largest answer to store: `64KiB` or `2000 tokens`. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<Capacity>,
    /// What it must cost at least to make the answer again: `$0.001`. Default:
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_cost: Option<Dollars>,
    /// Stores an answer when it was asked for a second time. Default: the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doorkeeper: Option<DoorkeeperSpec>,
}

/// `TinyLFU`'s doorkeeper: a Bloom filter of what was asked for once, which is
/// emptied now and then. What is asked for only once never takes room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DoorkeeperSpec {
    /// How many different answers it remembers; then it forgets all and begins
    /// anew. Default: 100000.
    pub window: u64,
    /// The share of answers, when it is full, that it takes for known although
    /// they are not. Default: 0.01.
    pub error: f64,
}

impl Default for DoorkeeperSpec {
    fn default() -> Self {
        DoorkeeperSpec { window: 100_000, error: 0.01 }
    }
}

/// US dollars as people write them: `$0.001` or `0.001`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Dollars(pub f64);

impl FromStr for Dollars {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix('$').unwrap_or(text).replace('_', "").parse() {
            Ok(amount) if (0.0..1e15).contains(&amount) => Ok(Dollars(amount)),
            _ => Err(format!("`{text}` is not an amount")),
        }
    }
}

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "US dollars of 0 or more such as $0.001", str::parse)
    }
}

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("${}", self.0))
    }
}

impl JsonSchema for Dollars {
    fn schema_name() -> Cow<'static, str> {
        "Dollars".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "US dollars: $0.001 or 0.001.",
            "type": ["string", "number"],
            "examples": ["$0.001"],
        })
    }
}

impl AdmissionSpec {
    /// Reports what cannot be simulated.
    pub fn check(&self, problems: &mut Problems) {
        if let Some(Capacity::Entries(_)) = self.max_size {
            problems.at("max_size", |p| {
                p.error_help("an answer's size has a unit", "write `64KiB` or `2000 tokens`");
            });
        }
        let Some(doorkeeper) = &self.doorkeeper else { return };
        problems.at("doorkeeper", |problems| {
            if !(1..=1 << 32).contains(&doorkeeper.window) {
                problems.at("window", |p| {
                    p.error_help(
                        "a doorkeeper remembers 1 to 2^32 answers",
                        "leave `doorkeeper` out to store at the first request",
                    );
                });
            }
            if !(1e-6..=0.5).contains(&doorkeeper.error) {
                problems.at("error", |p| {
                    p.error_help(
                        "the share of errors is from 0.000001 to 0.5",
                        "`error: 0.01` takes 10 bits for each answer in the window",
                    );
                });
            }
        });
    }
}

/// The filters of a level. Memory: those of the doorkeeper, some 10 bits for
/// each answer of its window.
#[derive(Clone, Debug)]
pub struct Admission {
    max_size: Capacity,
    min_cost: f64,
    doorkeeper: Option<Doorkeeper>,
}

impl Admission {
    /// Filters that have seen nothing. The spec must have passed its check.
    pub fn new(spec: &AdmissionSpec) -> Self {
        Admission {
            max_size: spec.max_size.unwrap_or(Capacity::Unbounded),
            min_cost: spec.min_cost.map_or(0.0, |dollars| dollars.0),
            doorkeeper: spec.doorkeeper.as_ref().map(Doorkeeper::new),
        }
    }

    /// Whether to store an item that is not there. Asks the doorkeeper last: it
    /// remembers only what the others let pass.
    pub fn admits(&mut self, item: Item, size: Size) -> bool {
        let fits = match self.max_size {
            Capacity::Bytes(most) => size.bytes <= most,
            Capacity::Tokens(most) => size.tokens <= most,
            Capacity::Entries(_) | Capacity::Unbounded => true,
        };
        fits && f64::from(item.cost) >= self.min_cost
            && self.doorkeeper.as_mut().is_none_or(|doorkeeper| doorkeeper.knows(item.key))
    }
}

/// A Bloom filter (B. H. Bloom, CACM 13(7), 1970) whose hash functions are sums
/// of two (A. Kirsch, M. Mitzenmacher: Less hashing, same performance, 2008).
#[derive(Clone, Debug)]
struct Doorkeeper {
    words: Vec<u64>,
    functions: u64,
    window: u64,
    known: u64,
}

impl Doorkeeper {
    fn new(spec: &DoorkeeperSpec) -> Self {
        let bits_each = -libm::log2(spec.error) / std::f64::consts::LN_2;
        let bits = libm::ceil(bits_each * spec.window as f64).max(64.0);
        Doorkeeper {
            words: vec![0; (bits as u64).div_ceil(64) as usize],
            functions: libm::round(bits_each * std::f64::consts::LN_2).max(1.0) as u64,
            window: spec.window,
            known: 0,
        }
    }

    /// Word and mask of each of a key's bits.
    fn bits(&self, key: Key) -> impl Iterator<Item = (usize, u64)> + use<> {
        let (hash, bits) = (hash(key), self.words.len() as u128 * 64);
        let (first, step) = (hash >> 32, hash & 0xffff_ffff | 1);
        (0..self.functions).map(move |function| {
            // Spread, since 32 bits do not cover a filter of more.
            let spread = (first + function * step).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let bit = (u128::from(spread) * bits) >> 64;
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }

    /// Whether a key was seen in this window.
    fn contains(&self, key: Key) -> bool {
        self.bits(key).all(|(word, mask)| self.words[word] & mask != 0)
    }

    /// Whether a key was seen in this window. It is from now on.
    fn knows(&mut self, key: Key) -> bool {
        let known = self.contains(key);
        if !known {
            self.bits(key).for_each(|(word, mask)| self.words[word] |= mask);
            self.known += 1;
            if self.known == self.window {
                self.words.fill(0);
                self.known = 0;
            }
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(yaml: &str) -> Admission {
        Admission::new(&serde_yaml::from_str(yaml).unwrap())
    }

    fn ask(admission: &mut Admission, key: u64, tokens: u64, cost: f32) -> bool {
        let size = Size { bytes: tokens * 4, tokens, ..Size::default() };
        admission.admits(Item { key: Key(key), weight: 1, cost }, size)
    }

    #[test]
    fn without_filters_everything_passes() {
        assert!(ask(&mut admission("{}"), 1, 1 << 40, 0.0));
    }

    #[test]
    fn what_is_too_large_or_too_cheap_does_not_pass() {
        let mut by_tokens = admission("max_size: 100 tokens");
        assert!(ask(&mut by_tokens, 1, 100, 0.0) && !ask(&mut by_tokens, 2, 101, 1.0));
        let mut by_bytes = admission("max_size: 400B");
        assert!(ask(&mut by_bytes, 1, 100, 0.0) && !ask(&mut by_bytes, 2, 101, 1.0));
        let mut by_cost = admission("min_cost: $0.001");
        assert!(ask(&mut by_cost, 1, 1, 0.002) && !ask(&mut by_cost, 2, 1, 0.0005));
    }

    #[test]
    fn the_doorkeeper_lets_pass_the_second_time_within_a_window() {
        let mut admission = admission("doorkeeper: { window: 10, error: 0.001 }");
        let first: Vec<bool> = (0..9).map(|key| ask(&mut admission, key, 1, 1.0)).collect();
        assert_eq!(first, [false; 9]);
        assert!(ask(&mut admission, 3, 1, 1.0) && ask(&mut admission, 3, 1, 1.0));
        assert!(!ask(&mut admission, 100, 1, 1.0), "the tenth: all is forgotten");
        assert!(!ask(&mut admission, 3, 1, 1.0));
    }

    #[test]
    fn the_doorkeeper_does_not_remember_what_others_refuse() {
        let mut admission = admission("{ min_cost: 0.5, doorkeeper: {} }");
        assert!(!ask(&mut admission, 1, 1, 0.1));
        assert!(!ask(&mut admission, 1, 1, 0.9), "the first that is dear enough");
        assert!(ask(&mut admission, 1, 1, 0.9));
    }

    #[test]
    fn the_doorkeepers_errors_are_as_few_as_asked_for() {
        for error in [0.1, 0.01, 0.001] {
            let spec = DoorkeeperSpec { window: 50_001, error };
            let mut doorkeeper = Doorkeeper::new(&spec);
            (0..50_000).for_each(|key| _ = doorkeeper.knows(Key(key)));
            let strangers = (1 << 40)..(1 << 40) + 20_000;
            let wrong = strangers.filter(|key| doorkeeper.contains(Key(*key))).count();
            let share = wrong as f64 / 20_000.0;
            assert!(share < 1.5 * error, "{share} instead of {error}");
        }
    }

    #[test]
    fn mistakes_are_reported_at_their_places() {
        let found = |yaml: &str| {
            let mut problems = Problems::default();
            serde_yaml::from_str::<AdmissionSpec>(yaml).unwrap().check(&mut problems);
            let paths = problems.list().iter().map(|problem| problem.path.to_string());
            paths.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("{ max_size: 1KiB, min_cost: 0.1, doorkeeper: {} }"), "");
        assert_eq!(
            found("{ max_size: 10, doorkeeper: { window: 0, error: 0.9 } }"),
            "max_size doorkeeper.window doorkeeper.error"
        );
        assert!(serde_yaml::from_str::<AdmissionSpec>("min_cost: -1").is_err());
    }

    #[test]
    fn a_spec_reads_what_it_writes() {
        let yaml = "{ max_size: 64KiB, min_cost: $0.001, doorkeeper: { window: 5 } }";
        let spec: AdmissionSpec = serde_yaml::from_str(yaml).unwrap();
        let again = serde_yaml::to_string(&spec).unwrap();
        assert_eq!(serde_yaml::from_str::<AdmissionSpec>(&again).unwrap(), spec);
    }
}
