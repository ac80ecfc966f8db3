//! Where a path stands in a YAML text.
//!
//! `serde_yaml` tells line and column in its errors only. So a probe walks the
//! path and fails on purpose at its end: the error carries the place.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::spec::{Path, Segment};

/// A text that values came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file's path as the user gave it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A place in a text: line and column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// The place of `path` in `text`, or of its deepest ancestor that is there, and
/// how many of its steps were found; `at_key` asks for the last step's key
/// rather than its value.
pub fn locate(text: &str, path: &Path, at_key: bool) -> (Option<Location>, usize) {
    for steps in (0..=path.0.len()).rev() {
        let whole = steps == path.0.len();
        let probe = Probe { steps: &path.0[..steps], at_key: at_key && whole && steps > 0 };
        if let Some(location) = run(text, probe) {
            return (Some(location), steps);
        }
    }
    (None, 0)
}

/// The place of the first key that its map has already; `serde_yaml` tells where
/// the map begins.
pub(super) fn locate_repeated(text: &str) -> Option<Location> {
    place_of(&Repeated.deserialize(serde_yaml::Deserializer::from_str(text)).err()?)
}

const FOUND: &str = "the probe is here";

fn run(text: &str, probe: Probe) -> Option<Location> {
    place_of(&probe.deserialize(serde_yaml::Deserializer::from_str(text)).err()?)
}

fn place_of(error: &serde_yaml::Error) -> Option<Location> {
    if !error.to_string().contains(FOUND) {
        return None;
    }
    let place = error.location()?;
    Some(Location { line: place.line(), column: place.column() })
}

struct Probe<'p> {
    steps: &'p [Segment],
    at_key: bool,
}

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Probe<'_> {
    fn here<E: de::Error>(&self) -> Result<(), E> {
        if self.steps.is_empty() { Err(E::custom(FOUND)) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FOUND)
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.here()
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.here()
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.here()
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.here()
    }
    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.here()
    }
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.here()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.here()?;
        let wanted = match &self.steps[0] {
            Segment::Index(index) => Some(*index),
            Segment::Key(_) => None,
        };
        for index in 0.. {
            if Some(index) == wanted {
                let inner =
                    Probe { steps: &self.steps[1..], at_key: self.at_key && self.steps.len() > 1 };
                if items.next_element_seed(inner)?.is_none() {
                    break;
                }
            } else if items.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.here()?;
        let wanted = match &self.steps[0] {
            Segment::Key(key) => key.clone(),
            Segment::Index(index) => index.to_string(),
        };
        let last = self.steps.len() == 1;
        loop {
            match entries.next_key_seed(KeyProbe { wanted: &wanted, stop: self.at_key && last })? {
                None => return Ok(()),
                Some(Match::Wanted) => {
                    entries
                        .next_value_seed(Probe { steps: &self.steps[1..], at_key: self.at_key })?;
                }
                // A merge: what is not here may be there.
                Some(Match::Merge) => {
                    entries.next_value_seed(Probe { steps: self.steps, at_key: self.at_key })?;
                }
                Some(Match::Other) => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
    }
}

enum Match {
    Wanted,
    Merge,
    Other,
}

struct KeyProbe<'p> {
    wanted: &'p str,
    stop: bool,
}

impl<'de> DeserializeSeed<'de> for KeyProbe<'_> {
    type Value = Match;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Match, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyProbe<'_> {
    type Value = Match;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: de::Error>(self, key: &str) -> Result<Match, E> {
        match key {
            key if key == self.wanted && self.stop => Err(E::custom(FOUND)),
            key if key == self.wanted => Ok(Match::Wanted),
            "<<" => Ok(Match::Merge),
            _ => Ok(Match::Other),
        }
    }
}

/// Walks a whole text and fails at a key that its map has already.
struct Repeated;

impl<'de> DeserializeSeed<'de> for Repeated {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Repeated {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FOUND)
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Repeated)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while entries.next_key_seed(NewKey(&mut seen))?.is_some() {
            entries.next_value_seed(Repeated)?;
        }
        Ok(())
    }
}

struct NewKey<'s>(&'s mut BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: de::Error>(self, key: &str) -> Result<(), E> {
        if self.0.insert(key.to_owned()) { Ok(()) } else { Err(E::custom(FOUND)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, path: &str, at_key: bool) -> (usize, usize, usize) {
        let (location, steps) = locate(text, &Path::parse(path), at_key);
        let location = location.expect("a place");
        (location.line, location.column, steps)
    }

    #[test]
    fn values_and_keys_are_found_in_block_and_flow_style() {
        let text = "a:\n  b: 1\n  c: { d: [x, { e: 2 }] }\n";
        assert_eq!(at(text, "a.b", false), (2, 6, 2));
        assert_eq!(at(text, "a.b", true), (2, 3, 2));
        assert_eq!(at(text, "a.c.d.1.e", false), (3, 20, 5));
        assert_eq!(at(text, "a.c.d.1.e", true), (3, 17, 5));
    }

    #[test]
    fn a_repeated_key_is_found_where_it_comes_again() {
        let place = locate_repeated("a:\n  b: [1, { c: 2 }]\n  d: 1\n  b: 3\n").expect("a place");
        assert_eq!((place.line, place.column), (4, 3));
        assert_eq!(locate_repeated("a: { b: 1 }\nb: { b: 1 }\n"), None);
    }

    #[test]
    fn an_absent_path_gives_its_deepest_ancestor() {
        assert_eq!(at("a:\n  b: 1\n", "a.z.q", false), (2, 3, 1));
    }

    #[test]
    fn a_merged_key_is_found_where_it_was_written() {
        let text = "base: &base\n  x: 7\nuse:\n  <<: *base\n  y: 1\n";
        assert_eq!(at(text, "use.x", false), (2, 6, 2));
    }
}
