//! Dotted paths into a YAML value: `cache.levels.l1.capacity`.

use serde_yaml::{Mapping, Value};

use crate::spec::{Path, Segment, nearest};

/// Why a dotted path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no `{missing}`{}", within(.parent))]
pub struct NoSuchPath {
    /// The step that is missing.
    pub missing: String,
    /// What it was looked for in.
    pub parent: Path,
    /// The nearest name that is there, or a list of them.
    pub help: Option<String>,
}

fn within(parent: &Path) -> String {
    if parent.0.is_empty() { String::new() } else { format!(" in `{parent}`") }
}

/// Finds the steps of `dotted` in `root`. Keys may contain dots themselves
/// (`models.gpt-3.5.quality`): the longest key that fits is taken. An item of
/// a list is named by its index or its `name`. The last step may be new in a
/// map; whether it makes sense is found when the spec is read.
///
/// # Errors
/// If a step before the last, or an item of a list, is not there.
pub fn resolve(root: &Value, dotted: &str) -> Result<Path, NoSuchPath> {
    let words: Vec<&str> = dotted.split('.').collect();
    let mut path = Path::default();
    let mut here = root;
    let mut at = 0;
    while at < words.len() {
        let rest = &words[at..];
        let (step, next, taken) = match here {
            Value::Mapping(map) => match longest_key(map, rest) {
                Some((key, value, taken)) => (Segment::Key(key), value, taken),
                None if rest.len() == 1 => {
                    path.0.push(Segment::from(rest[0]));
                    return Ok(path);
                }
                None => return Err(missing(rest[0], path, &keys(map))),
            },
            Value::Sequence(items) => match item(items, rest) {
                Some((index, taken)) => (Segment::Index(index), &items[index], taken),
                None => return Err(missing(rest[0], path, &names(items))),
            },
            // A section that was left out; its fields may be set one by one.
            Value::Null if rest.len() == 1 && !path.0.is_empty() => {
                path.0.push(Segment::from(rest[0]));
                return Ok(path);
            }
            _ => return Err(missing(rest[0], path, &[])),
        };
        path.0.push(step);
        here = next;
        at += taken;
    }
    Ok(path)
}

fn longest_key<'v>(map: &'v Mapping, words: &[&str]) -> Option<(String, &'v Value, usize)> {
    (1..=words.len()).rev().find_map(|taken| {
        let key = words[..taken].join(".");
        map.get(key.as_str()).map(|value| (key, value, taken))
    })
}

fn item(items: &[Value], words: &[&str]) -> Option<(usize, usize)> {
    if let Some(index) = words[0].parse().ok().filter(|index| *index < items.len()) {
        return Some((index, 1));
    }
    (1..=words.len()).rev().find_map(|taken| {
        let name = words[..taken].join(".");
        let named = |item: &Value| item.get("name").and_then(Value::as_str) == Some(&name);
        items.iter().position(named).map(|index| (index, taken))
    })
}

fn keys(map: &Mapping) -> Vec<String> {
    map.keys().filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

fn names(items: &[Value]) -> Vec<String> {
    let name = |(index, item): (usize, &Value)| {
        item.get("name").and_then(Value::as_str).map_or_else(|| index.to_string(), str::to_owned)
    };
    items.iter().enumerate().map(name).collect()
}

fn missing(step: &str, parent: Path, known: &[String]) -> NoSuchPath {
    let help = match nearest(step, known.iter().map(String::as_str)) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if known.is_empty() => None,
        None => Some(format!("there are: {}", known.join(", "))),
    };
    NoSuchPath { missing: step.to_owned(), parent, help }
}

/// The value at `path`, if there is one.
pub fn get<'v>(root: &'v Value, path: &Path) -> Option<&'v Value> {
    path.0.iter().try_fold(root, |here, step| match step {
        Segment::Key(key) => here.get(key.as_str()),
        Segment::Index(index) => here.get(*index),
    })
}

/// Puts `value` at `path`, which [`resolve`] made.
pub fn put(root: &mut Value, path: &Path, value: Value) {
    let mut here = root;
    for step in &path.0 {
        here = match step {
            Segment::Key(key) => {
                if !here.is_mapping() {
                    *here = Value::Mapping(Mapping::new());
                }
                let Value::Mapping(map) = here else { return };
                map.entry(Value::String(key.clone())).or_insert(Value::Null)
            }
            Segment::Index(index) => {
                let Some(item) = here.get_mut(*index) else { return };
                item
            }
        };
    }
    *here = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Value {
        serde_yaml::from_str(
            "models: { gpt-3.5: { quality: 0.85 } }\ncache: { levels: [ { name: l1, capacity: 5 }, { name: l2 } ] }",
        )
        .expect("valid YAML")
    }

    #[test]
    fn keys_with_dots_and_named_items_are_found() {
        let root = tree();
        let quality = resolve(&root, "models.gpt-3.5.quality").expect("there");
        assert_eq!(get(&root, &quality).and_then(Value::as_f64), Some(0.85));
        let by_name = resolve(&root, "cache.levels.l1.capacity").expect("there");
        assert_eq!(by_name, resolve(&root, "cache.levels.0.capacity").expect("there"));
    }

    #[test]
    fn a_wrong_step_is_named_with_the_nearest() {
        let error = resolve(&tree(), "cache.level.0.capacity").expect_err("no such path");
        assert_eq!(error.help.as_deref(), Some("did you mean `levels`?"));
        let error = resolve(&tree(), "cache.levels.7.capacity").expect_err("no such item");
        assert_eq!(error.help.as_deref(), Some("there are: l1, l2"));
    }

    #[test]
    fn put_replaces_and_creates() {
        let mut root = tree();
        put(&mut root, &Path::parse("cache.ttl"), Value::from("1h"));
        put(&mut root, &Path::parse("cache.levels.1.name"), Value::from("disk"));
        assert_eq!(get(&root, &Path::parse("cache.ttl")).and_then(Value::as_str), Some("1h"));
        assert!(resolve(&root, "cache.levels.disk.latency").is_ok());
    }
}
