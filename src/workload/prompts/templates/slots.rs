//! What fills a slot of a template: one of a list, a number, one of many names.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extent::Extent;
use super::weighted::WeightedText;
use crate::kernel::Stream;
use crate::kernel::keyed_uniform::{keyed_bits, keyed_uniform};
use crate::spec::{NonNegative, Problems};
use crate::workload::alias::{Alias, zipf_weights};
use crate::workload::lengths::{Lengths, LengthsSpec};
use crate::workload::prompts::check_count;

/// The most values of a slot whose lengths are drawn, which takes a table of them.
const MOST_VALUES: u32 = 100_000_000;

/// The most words of a value; more are cut off.
const MOST_WORDS: u32 = 1_000_000;

/// What fills a slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotSpec {
    /// One of these texts, each alone or with its `weight`.
    List(Vec<WeightedText>),
    /// A whole number, each of a range as likely as any other.
    Range(RangeSpec),
    /// One of many made-up things, `NAME-1`, `NAME-2`, ..., of which the first is
    /// chosen most.
    Zipf(ZipfSlotSpec),
}

/// Whole numbers from `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeSpec {
    /// The least number.
    pub min: i32,
    /// The greatest number.
    pub max: i32,
    /// The distance from one to the next. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
}

/// Values named by the slot and their number, of which the one of rank r is chosen
/// in proportion to r^-exponent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ZipfSlotSpec {
    /// How many different values there are. Default: 1000.
    pub count: u32,
    /// How unequal they are: 0 makes all equally likely. Default: 0.9.
    pub exponent: NonNegative,
    /// How many words a value has, as a document in a prompt would: its name, and
    /// made-up words of five letters behind it. Drawn once for each value. Default:
    /// 1, the name alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<LengthsSpec>,
}

impl Default for ZipfSlotSpec {
    fn default() -> Self {
        let exponent = NonNegative::try_from(0.9).expect("0.9 is not negative");
        ZipfSlotSpec { count: 1000, exponent, words: None }
    }
}

impl SlotSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        match self {
            SlotSpec::List(values) => problems.at("list", |p| check_list(values, p)),
            SlotSpec::Range(spec) => problems.at("range", |p| spec.check(p)),
            SlotSpec::Zipf(spec) => problems.at("zipf", |p| {
                p.at("count", |p| check_count(spec.count, MOST_VALUES, "value", p));
                let Some(words) = &spec.words else { return };
                p.at("words", |p| {
                    words.check(p);
                    if words.mean().is_some_and(|mean| mean > f64::from(MOST_WORDS)) {
                        p.error_help(
                            "the values are too long",
                            format!("expected a mean of at most {MOST_WORDS} words"),
                        );
                    }
                });
            }),
        }
    }

    /// How many values it has.
    pub(super) fn count(&self) -> u32 {
        match self {
            SlotSpec::List(values) => values.len() as u32,
            SlotSpec::Range(spec) => spec.count(),
            SlotSpec::Zipf(spec) => spec.count,
        }
    }

    /// The slot called `name`. The spec must have passed its check.
    pub(super) fn slot(&self, name: &str) -> Slot {
        let (values, chosen) = match self {
            SlotSpec::List(list) => {
                let weights: Vec<f64> = list.iter().map(WeightedText::weight).collect();
                let texts = list.iter().map(|value| (value.text.clone(), Extent::of(&value.text)));
                let values = texts.zip(WeightedText::meanings(list)).collect();
                (Values::List(values), Some(Alias::new(&weights)))
            }
            SlotSpec::Range(spec) => (Values::Range(*spec), None),
            SlotSpec::Zipf(spec) => {
                let weights = zipf_weights(spec.count, spec.exponent.get());
                (Values::Named(Named::new(name, spec)), Some(Alias::new(&weights)))
            }
        };
        Slot { values, chosen, count: self.count() }
    }
}

/// At least one value, and none twice: equal texts are one prompt.
fn check_list(values: &[WeightedText], problems: &mut Problems) {
    if values.is_empty() {
        problems.error_help("a slot needs something to fill it", "such as `list: [Paris, Rome]`");
    }
    let mut seen = BTreeSet::new();
    for (i, value) in values.iter().enumerate() {
        if !seen.insert(value.text.as_str()) {
            problems.at(i, |p| {
                p.error_help(
                    format!("the value `{}` is there already", value.text),
                    "give it a `weight` to have it more often",
                );
            });
        }
    }
}

impl RangeSpec {
    fn check(self, problems: &mut Problems) {
        if self.min > self.max {
            problems.error(format!("min {} is greater than max {}", self.min, self.max));
        }
        if self.step == Some(0) {
            problems.at("step", |p| p.error("expected 1 or more"));
        }
    }

    fn count(self) -> u32 {
        let steps = self.max.abs_diff(self.min) / self.step.unwrap_or(1).max(1);
        steps.saturating_add(1)
    }

    fn value(self, index: u32) -> i64 {
        i64::from(self.min) + i64::from(index) * i64::from(self.step.unwrap_or(1))
    }
}

/// A slot made ready.
#[derive(Debug)]
pub(super) struct Slot {
    values: Values,
    /// `None` where all values are equally likely.
    chosen: Option<Alias>,
    pub count: u32,
}

#[derive(Debug)]
enum Values {
    /// Each with the first value that means the same.
    List(Vec<((String, Extent), u32)>),
    Range(RangeSpec),
    Named(Named),
}

impl Slot {
    /// The next value: one draw.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> u32 {
        match &self.chosen {
            Some(table) => table.pick(stream.bits()),
            None => stream.below(u64::from(self.count)) as u32,
        }
    }

    /// The first value that means the same.
    #[inline]
    pub fn meaning(&self, value: u32) -> u32 {
        match &self.values {
            Values::List(values) => values[value as usize].1,
            Values::Range(_) | Values::Named(_) => value,
        }
    }

    /// How long a value is.
    #[inline]
    pub fn extent(&self, value: u32) -> Extent {
        match &self.values {
            Values::List(values) => values[value as usize].0.1,
            Values::Range(spec) => {
                let number = spec.value(value);
                Extent::word(digits(number.unsigned_abs()) + u32::from(number < 0))
            }
            Values::Named(named) => named.extent(value),
        }
    }

    /// Writes a value behind `text`.
    pub fn write(&self, value: u32, text: &mut String) {
        match &self.values {
            Values::List(values) => text.push_str(&values[value as usize].0.0),
            // Writing to a string cannot fail.
            Values::Range(spec) => drop(write!(text, "{}", spec.value(value))),
            Values::Named(named) => named.write(value, text),
        }
    }
}

#[inline]
fn digits(number: u64) -> u32 {
    number.checked_ilog10().map_or(1, |digits| digits + 1)
}

/// Made-up things: `doc-17`, and words behind it.
#[derive(Debug)]
struct Named {
    /// `doc-`.
    prefix: String,
    extent: Extent,
    words: Words,
    /// From which the words are made.
    key: u64,
}

#[derive(Debug)]
enum Words {
    Same(u32),
    /// By value.
    Each(Vec<u32>),
}

impl Named {
    fn new(name: &str, spec: &ZipfSlotSpec) -> Self {
        let key = name.bytes().fold(0, |key, byte| keyed_bits(key, u64::from(byte)));
        let lengths = spec
            .words
            .as_ref()
            .map(|words| words.distribution().expect("a checked spec has a distribution"));
        let words = match lengths {
            None => Words::Same(1),
            Some(Lengths::Constant(words)) => Words::Same(words.min(MOST_WORDS)),
            Some(lengths) => Words::Each(
                (0..spec.count)
                    .map(|value| lengths.pick(keyed_uniform(!key, u64::from(value))))
                    .map(|words| words.min(MOST_WORDS))
                    .collect(),
            ),
        };
        let prefix = format!("{name}-");
        Named { extent: Extent::of(&prefix), prefix, words, key }
    }

    /// How many words are made up for a value, behind its name.
    #[inline]
    fn made_up(&self, value: u32) -> u32 {
        let words = match &self.words {
            Words::Same(words) => *words,
            Words::Each(words) => words[value as usize],
        };
        words.saturating_sub(1)
    }

    #[inline]
    fn extent(&self, value: u32) -> Extent {
        let made_up = self.made_up(value);
        let number = Extent::word(digits(u64::from(value) + 1));
        let mut extent = self.extent.then(number);
        // A space and five letters each.
        extent.chars += 6 * made_up;
        extent.words += made_up;
        extent
    }

    fn write(&self, value: u32, text: &mut String) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}{}", self.prefix, u64::from(value) + 1);
        let key = keyed_bits(self.key, u64::from(value));
        for word in 0..self.made_up(value) {
            let bits = keyed_bits(key, u64::from(word)) as usize;
            let (consonants, vowels) = (b"bcdfghjklmnprstv", b"aeio");
            text.push(' ');
            for (letters, shift) in
                [(&consonants[..], 0), (vowels, 4), (consonants, 6), (vowels, 10), (consonants, 12)]
            {
                text.push(char::from(letters[(bits >> shift) % letters.len()]));
            }
        }
    }
}
