//! From a config of `LiteLLM`'s proxy to an experiment.
//!
//! Groups, limits, weights, retries, cooldowns and fallbacks are taken over with that
//! version's defaults (1.110). What an experiment needs beyond that (who asks, how long
//! answers take) is at its default. Each field is used, or told of with what it would
//! need, or told of as changing nothing here.

mod fields;
mod models;
mod reader;
mod settings;

#[cfg(test)]
mod tests;

use serde_yaml::{Mapping, Value};

use super::load::{Diagnostic, Document};
use crate::spec::Path;
use models::ModelList;
use reader::{Reader, Unknown};
use settings::Settings;

/// An experiment made of a config.
#[derive(Debug)]
pub struct Translated {
    /// The experiment's file.
    pub text: String,
    /// Fields that would need something, located.
    pub warnings: Vec<Diagnostic>,
}

/// Makes an experiment called `name` of a config.
///
/// # Errors
/// Every mistake in it, located.
pub fn from_config(document: &Document, name: &str) -> Result<Translated, Vec<Diagnostic>> {
    let mut reader = Reader::default();
    let experiment = experiment(&mut reader, &document.value, name);
    let list = reader.problems.list();
    let found: Vec<Diagnostic> = list.iter().map(|problem| document.diagnose(problem)).collect();
    let (errors, warnings): (Vec<_>, Vec<_>) = found.into_iter().partition(Diagnostic::is_error);
    if !errors.is_empty() {
        return Err(errors);
    }
    let file = document.sources.first().map_or("config.yaml", |source| source.name.as_str());
    let mut text =
        format!("# Made of {file}, a config of LiteLLM, by the rules of its version 1.110.\n");
    for line in [
        "What it does not say is to be filled in: who asks (`workload`), and how long each",
        "model takes (`server`). Prices are those of LiteLLM's map, unless it has its own.",
    ] {
        text += &format!("# {line}\n");
    }
    for (what, fields) in
        [("Not simulated", &reader.needed), ("Without effect here", &reader.meaningless)]
    {
        if !fields.is_empty() {
            text += &format!("#\n# {what}:\n");
            fields.iter().for_each(|field| text += &format!("#   {field}\n"));
        }
    }
    text += &serde_yaml::to_string(&experiment).unwrap_or_default();
    Ok(Translated { text, warnings })
}

/// The experiment of a config.
fn experiment(reader: &mut Reader, config: &Value, name: &str) -> Value {
    let empty = Mapping::new();
    let Some(config) = config.as_mapping() else {
        reader.problems.error("expected a config of LiteLLM: a map with a `model_list`");
        return Value::Null;
    };
    let block = |name: &str| config.get(name).and_then(Value::as_mapping).unwrap_or(&empty);
    const READ: [&str; 4] =
        ["model_list", "router_settings", "litellm_settings", "general_settings"];
    for key in config.keys().filter_map(Value::as_str).filter(|key| !READ.contains(key)) {
        reader.note(&Path::default(), key, fields::BLOCKS, Unknown::Refused(&READ));
    }
    let router = block("router_settings");
    let settings = Settings::read(reader, router, block("litellm_settings"));
    reader.rest(
        "general_settings",
        block("general_settings"),
        &[],
        fields::GENERAL,
        Unknown::Passed,
    );
    let list = ModelList::read(reader, config.get("model_list"), &settings);
    check_names(reader, &settings, &list);
    list.experiment(&settings, name)
}

/// Fallbacks are of groups that there are.
fn check_names(reader: &mut Reader, settings: &Settings, list: &ModelList) {
    let names: Vec<&str> = list.groups.keys().map(String::as_str).collect();
    for (path, name) in settings.named() {
        if !names.contains(&name) {
            reader.problems.within(path, |p| p.unknown("model_name", name, names.iter().copied()));
        }
    }
}
