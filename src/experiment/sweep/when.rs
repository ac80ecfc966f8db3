//! Which points of a sweep are run.
//!
//! ```yaml
//! when:
//!   cache.levels.l1.policy: [lru, sieve]                              # one of these
//!   cache.levels.l1.capacity: { below: cache.levels.l2.capacity }     # and less than that
//! ```
//! A list of such maps keeps the points for which any of them holds.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_yaml::Value;

use super::quantity::{comparable, same_value};
use crate::experiment::load::path::{self, NoSuchPath};
use crate::experiment::load::plain::plain;
use crate::spec::{Path, Problem, nearest};

/// Conditions by path, all of which must hold.
type All = IndexMap<String, Value>;

/// Conditions on a point: any of the maps, and all conditions of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhenSpec(pub Vec<All>);

impl WhenSpec {
    /// Whether there is no condition.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for WhenSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let wrong = "expected a map of paths and what they must be, or a list of such maps";
        let all = |value: Value| All::deserialize(value).map_err(|_| D::Error::custom(wrong));
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(WhenSpec::default()),
            Value::Sequence(any) => {
                any.into_iter().map(all).collect::<Result<_, _>>().map(WhenSpec)
            }
            value => all(value).map(|all| WhenSpec(vec![all])),
        }
    }
}

impl Serialize for WhenSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [all] => all.serialize(serializer),
            any => any.serialize(serializer),
        }
    }
}

impl JsonSchema for WhenSpec {
    fn schema_name() -> Cow<'static, str> {
        "WhenSpec".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Paths and what each must be: a value, a list of values, or a map with `above`, `below`, `at_least`, `at_most` or `not`, whose value may be another path. All must hold; of a list of such maps, any.",
            "anyOf": [{ "type": "object" }, { "type": "array", "items": { "type": "object" } }],
        })
    }
}

/// How two values may compare.
const TESTS: [&str; 5] = ["above", "below", "at_least", "at_most", "not"];

/// Every path that is named, and where it stands in the file.
pub(super) fn paths(when: &WhenSpec) -> Vec<(Path, String)> {
    let all = when.0.iter().enumerate();
    let named = all.flat_map(|(index, all)| all.keys().map(move |name| (index, name.clone())));
    named.map(|(index, name)| (place(when, index).join(name.as_str()), name)).collect()
}

/// Whether something stands at a path, be it left empty.
pub(super) fn is_there(point: &Value, name: &str) -> bool {
    path::resolve(point, name).is_ok_and(|path| path::get(point, &path).is_some())
}

/// Where a map of conditions stands in the file.
fn place(when: &WhenSpec, index: usize) -> Path {
    let root = Path::parse("sweep.when");
    if when.0.len() == 1 { root } else { root.join(index) }
}

/// Whether the experiment of a point meets the conditions.
///
/// # Errors
/// The first condition that has no meaning.
pub(super) fn holds(when: &WhenSpec, point: &Value) -> Result<bool, Problem> {
    let mut any = when.is_empty();
    for (index, all) in when.0.iter().enumerate() {
        let here = place(when, index);
        let mut every = true;
        for (name, condition) in all {
            let place = here.join(name.as_str());
            let found = value_at(point, name)
                .map_err(|error| Problem::error(place.clone(), error.to_string()).help(error.help))
                .map_err(Problem::at_key)?;
            every &= meets(found, condition, point, &place)?;
        }
        any |= every;
    }
    Ok(any)
}

/// What stands at a path; nothing where it is left out.
fn value_at<'v>(point: &'v Value, name: &str) -> Result<&'v Value, NoSuchPath> {
    let path = path::resolve(point, name)?;
    Ok(path::get(point, &path).unwrap_or(&Value::Null))
}

fn meets(found: &Value, condition: &Value, point: &Value, place: &Path) -> Result<bool, Problem> {
    match condition {
        Value::Sequence(values) => Ok(values.iter().any(|value| same(found, value))),
        Value::Mapping(tests) => {
            let mut all = true;
            for (test, value) in tests {
                let test = test.as_str().unwrap_or_default();
                all &= passes(found, test, value, point, &place.join(test))?;
            }
            Ok(all)
        }
        value => Ok(same(found, value)),
    }
}

fn passes(
    found: &Value,
    test: &str,
    value: &Value,
    point: &Value,
    place: &Path,
) -> Result<bool, Problem> {
    if !TESTS.contains(&test) {
        let help = match nearest(test, TESTS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected one of: {}", TESTS.join(", ")),
        };
        let message = format!("unknown condition `{test}`");
        return Err(Problem::error(place.clone(), message).help(help).at_key());
    }
    let other = operand(value, point, place)?;
    if test == "not" {
        // What stands at another path is a value, be it a map.
        return match value {
            Value::String(_) => Ok(!same(found, other)),
            _ => meets(found, value, point, place).map(|it| !it),
        };
    }
    let Some((found, other)) = comparable(found, other) else {
        let (found, other) = (plain(found), plain(other));
        let message = format!("cannot compare `{found}` with `{other}`");
        return Err(Problem::error(place.clone(), message));
    };
    Ok(match test {
        "above" => found > other,
        "below" => found < other,
        "at_least" => found >= other,
        _ => found <= other,
    })
}

/// What the other side of a condition is: what stands at another path, if it begins as
/// one does, or the value itself.
fn operand<'v>(value: &'v Value, point: &'v Value, place: &Path) -> Result<&'v Value, Problem> {
    let Value::String(name) = value else { return Ok(value) };
    let section = name.split_once('.').and_then(|(section, _)| point.get(section));
    if section.is_none() {
        return Ok(value);
    }
    let found = value_at(point, name)
        .map_err(|error| Problem::error(place.clone(), error.to_string()).help(error.help))?;
    if found.is_null() && !is_there(point, name) {
        return Err(Problem::error(place.clone(), format!("there is nothing at `{name}`")));
    }
    Ok(found)
}

/// Whether two values mean the same: `60s` is `1m`, and a choice is known by its bare
/// word.
fn same(a: &Value, b: &Value) -> bool {
    let word = |value: &Value| match value {
        Value::String(word) => Some(word.clone()),
        _ => None,
    };
    let choice = |value: &Value| match value {
        Value::Mapping(map) if map.len() == 1 => map.keys().next().and_then(word),
        _ => None,
    };
    a == b
        || same_value(a, b)
        || choice(a).is_some_and(|choice| word(b) == Some(choice))
        || choice(b).is_some_and(|choice| word(a) == Some(choice))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(when: &str) -> Result<bool, String> {
        let point: Value = serde_yaml::from_str(
            "cache: { ttl: 1h, levels: [ { name: l1, capacity: 100, policy: lru }, { name: l2, capacity: 1000, policy: { slru: { segments: 2 } } } ] }",
        )
        .expect("YAML");
        let when = serde_yaml::from_str(when).map_err(|error| error.to_string())?;
        holds(&when, &point).map_err(|problem| format!("{}: {}", problem.path, problem.message))
    }

    #[test]
    fn values_lists_and_comparisons_with_values_or_paths() {
        for (when, expected) in [
            ("{ cache.levels.l1.policy: lru }", true),
            ("{ cache.levels.l1.policy: [fifo, sieve] }", false),
            ("{ cache.levels.l2.policy: slru }", true),
            ("{ cache.ttl: { at_least: 60m, below: 2h } }", true),
            ("{ cache.ttl: 60m }", true),
            ("{ cache.levels.l1.capacity: { below: cache.levels.l2.capacity } }", true),
            ("{ cache.levels.l1.capacity: { above: cache.levels.l2.capacity } }", false),
            ("{ cache.levels.l1.policy: { not: [lru, fifo] } }", false),
            ("{ cache.levels.l1.capacity: { not: cache.levels.l1.capacity } }", false),
            ("{ cache.levels.l1.capacity: { not: cache.levels.l2.capacity } }", true),
            ("{ cache.levels.l1.policy: { not: cache.levels.l2.policy } }", true),
            ("{ cache.levels.l2.policy: { not: cache.levels.l2.policy } }", false),
            ("{ cache.levels.l1.policy: lru, cache.levels.l1.capacity: 5 }", false),
            ("[{ cache.levels.l1.capacity: 5 }, { cache.levels.l1.policy: lru }]", true),
            ("{ cache.levels.l1.ttl: 5s }", false),
        ] {
            assert_eq!(test(when), Ok(expected), "{when}");
        }
    }

    #[test]
    fn conditions_without_a_meaning_are_refused_with_their_place() {
        for (when, message) in [
            ("{ cache.levels.l9.policy: lru }", "there is no `l9`"),
            ("{ cache.levels.l1.capacity: { not: cache.levels.l9.capacity } }", "there is no `l9`"),
            ("{ cache.ttl: { below: cache.tttl } }", "there is nothing at `cache.tttl`"),
            ("{ cache.ttl: { over: 5m } }", "sweep.when.cache.ttl.over: unknown condition `over`"),
            ("{ cache.ttl: { above: lru } }", "cannot compare `1h` with `lru`"),
            ("[{ cache.ttl: 1h }, { cache.ttl: { above: 5 } }]", "sweep.when.1.cache.ttl.above"),
            ("lru", "expected a map of paths"),
        ] {
            let error = test(when).expect_err("refused");
            assert!(error.contains(message), "{when}: {error}");
        }
    }
}
