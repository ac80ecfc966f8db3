//! The text of an experiment as it is put together: blocks of keys and values.

use std::fmt::Write as _;

use serde_yaml::{Mapping, Value};

use crate::draw::Draw;

/// A map under construction.
#[derive(Clone, Debug, Default)]
pub struct Block(pub Mapping);

/// An empty one.
pub fn block() -> Block {
    Block::default()
}

/// A choice with its settings: `{ name: value }`.
pub fn one(name: &str, value: impl Into<Value>) -> Value {
    block().set(name, value).into()
}

impl Block {
    /// With that key.
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// With that key, by chance.
    pub fn maybe<V: Into<Value>>(
        self,
        draw: &mut Draw,
        chance: f64,
        key: &str,
        value: impl FnOnce(&mut Draw) -> V,
    ) -> Self {
        if draw.chance(chance) { self.set(key, value(draw)) } else { self }
    }
}

impl Block {
    /// What occurs in it: see [`features`].
    pub fn features(&self) -> Vec<String> {
        features(&self.clone().into())
    }
}

impl From<Block> for Value {
    fn from(block: Block) -> Self {
        Value::Mapping(block.0)
    }
}

/// An experiment as a file: a line for each block.
pub fn text(experiment: &Value) -> String {
    let mut text = String::new();
    for (key, value) in experiment.as_mapping().into_iter().flatten() {
        let _ = writeln!(text, "{}: {}", scalar(key), flow(value));
    }
    text
}

fn flow(value: &Value) -> String {
    let join = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Mapping(map) if map.is_empty() => "{}".to_owned(),
        Value::Mapping(map) => {
            let pair = |(key, value): (&Value, &Value)| format!("{}: {}", scalar(key), flow(value));
            format!("{{ {} }}", join(map.iter().map(pair).collect()))
        }
        Value::Sequence(items) => format!("[{}]", join(items.iter().map(flow).collect())),
        other => scalar(other),
    }
}

/// As it stands in a line: quoted where YAML would take it for something else.
fn scalar(value: &Value) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '$' | '.' | '_' | '-');
    match value {
        Value::String(text) if !text.is_empty() && text.chars().all(plain) => {
            let same = serde_yaml::from_str::<Value>(text).is_ok_and(|read| read == *value);
            if same { text.clone() } else { format!("{text:?}") }
        }
        Value::String(text) => format!("{text:?}"),
        other => serde_yaml::to_string(other).unwrap_or_default().trim_end().to_owned(),
    }
}

/// Every `parent.key` and `key.word` in it, such as `policy.sieve`: its features.
pub fn features(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

fn walk(value: &Value, parent: &str, found: &mut Vec<String>) {
    match value {
        Value::Mapping(map) => {
            for (key, value) in map {
                let key = key.as_str().unwrap_or_default();
                found.push(format!("{parent}.{key}"));
                walk(value, key, found);
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| walk(item, parent, found)),
        Value::String(word) => found.push(format!("{parent}.{word}")),
        _ => {}
    }
}
