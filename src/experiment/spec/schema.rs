//! The JSON Schema of an experiment file.

use schemars::transform::{RecursiveTransform, Transform};
use schemars::{Schema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::experiment::Experiment;

/// The schema, with the doc comments of all specs as descriptions.
pub fn schema() -> Schema {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Experiment>();
    let definitions = schema.get("$defs").cloned().unwrap_or(Value::Null);
    RecursiveTransform(|schema: &mut Schema| allow_bare_words(schema, &definitions))
        .transform(&mut schema);
    if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        fields.insert("include".to_owned(), include());
    }
    schema
}

/// `include` is gone before the experiment is read.
fn include() -> Value {
    json!({
        "description": "A file, or a list of files, that this one is laid over: sections and their fields are merged.",
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
    })
}

/// A choice whose settings all have defaults may be written as a bare word.
fn allow_bare_words(schema: &mut Schema, definitions: &Value) {
    let Some(choices) = schema.get_mut("oneOf").and_then(Value::as_array_mut) else { return };
    let words: Vec<Value> =
        choices.iter().filter_map(|choice| bare_word(choice, definitions)).collect();
    if !words.is_empty() {
        choices.push(json!({ "type": "string", "enum": words }));
    }
}

fn bare_word(choice: &Value, definitions: &Value) -> Option<Value> {
    let mut properties = choice.get("properties")?.as_object()?.iter();
    let (name, settings) = properties.next()?;
    let target = match settings.get("$ref").and_then(Value::as_str) {
        Some(reference) => definitions.get(reference.rsplit('/').next()?)?,
        None => settings,
    };
    let is_map = target.get("type").is_some_and(|kind| kind == "object");
    let optional = target.get("required").is_none();
    (properties.next().is_none() && is_map && optional).then(|| json!(name))
}
