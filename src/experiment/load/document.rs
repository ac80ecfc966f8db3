//! An experiment file as text: includes, merges, and where things stand.

use std::fs;
use std::io::Read;
use std::path::Path as FilePath;

use serde_yaml::{Mapping, Value};

use super::as_written::AsWritten;
use super::diagnostic::Diagnostic;
use super::locate::{Location, Source, locate, locate_repeated};
use crate::spec::{Path, Problem};
use crate::workload::text_of;

/// No experiment file is larger; a trace belongs in a file of its own.
const MOST_BYTES: u64 = 64 << 20;
const DEEPEST_INCLUDE: usize = 8;

/// A YAML file with what it includes, as one value.
#[derive(Clone, Debug)]
pub struct Document {
    /// The merged value.
    pub value: Value,
    /// The file itself, then what it includes.
    pub sources: Vec<Source>,
}

impl Document {
    /// Reads the file at `path` and what it includes.
    ///
    /// # Errors
    /// If a file cannot be read or is not YAML.
    pub fn open(path: &FilePath) -> Result<Document, Vec<Diagnostic>> {
        let mut sources = Vec::new();
        let value = open_into(path, &mut sources, 0)?;
        Ok(Document { value, sources })
    }

    /// A document made from a text; `name` is shown in errors.
    ///
    /// # Errors
    /// If the text is not YAML.
    pub fn from_text(name: &str, text: &str) -> Result<Document, Vec<Diagnostic>> {
        let source = Source { name: name.to_owned(), text: text.to_owned() };
        let value = parse(&source)?;
        Ok(Document { value, sources: vec![source] })
    }

    /// A problem with its place in the text.
    pub fn diagnose(&self, problem: &Problem) -> Diagnostic {
        let mut best: Option<(usize, &Source, Location)> = None;
        for source in &self.sources {
            let (location, steps) = locate(&source.text, &problem.path, problem.at_key);
            if let Some(location) = location
                && best.is_none_or(|(most, ..)| steps > most)
            {
                best = Some((steps, source, location));
            }
        }
        let place = best.map(|(_, source, location)| (source.clone(), location));
        Diagnostic::new(problem, place)
    }
}

fn open_into(
    path: &FilePath,
    sources: &mut Vec<Source>,
    depth: usize,
) -> Result<Value, Vec<Diagnostic>> {
    let name = path.display().to_string();
    let text = read_text(path).map_err(|why| vec![Diagnostic::of_file(&name, &why)])?;
    let source = Source { name, text };
    let mut value = parse(&source)?;
    let own = sources.len();
    sources.push(source);
    let Some(include) = value.as_mapping_mut().and_then(|map| map.remove("include")) else {
        return Ok(value);
    };
    let refuse = |message: &str| {
        let problem = Problem::error(Path::parse("include"), message);
        let source = sources[own].clone();
        let place = locate(&source.text, &problem.path, false).0;
        vec![Diagnostic::new(&problem, place.map(|place| (source, place)))]
    };
    let names: Option<Vec<&str>> = match &include {
        Value::String(name) => Some(vec![name]),
        Value::Sequence(names) => names.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let Some(names) = names else {
        return Err(refuse("expected the name of a file to include, or a list of names"));
    };
    if depth >= DEEPEST_INCLUDE {
        return Err(refuse("files include each other more than 8 deep: is this a circle?"));
    }
    let folder = path.parent().unwrap_or(FilePath::new("."));
    let mut base = Value::Mapping(Mapping::new());
    for name in names {
        overlay(&mut base, open_into(&folder.join(name), sources, depth + 1)?, 2);
    }
    overlay(&mut base, value, 2);
    Ok(base)
}

fn read_text(path: &FilePath) -> Result<String, String> {
    let file = fs::File::open(path).map_err(|error| format!("cannot open: {error}"))?;
    let mut text = String::new();
    text_of(file.take(MOST_BYTES + 1))
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot read: {error}"))?;
    if text.len() as u64 > MOST_BYTES {
        return Err("the file is larger than 64 MiB: put requests into a trace file".to_owned());
    }
    Ok(text)
}

/// Parses a text; `serde_yaml` refuses duplicate keys, deep nests and aliases
/// that expand without end.
fn parse(source: &Source) -> Result<Value, Vec<Diagnostic>> {
    let AsWritten(mut value) =
        serde_yaml::from_str(&source.text).map_err(|error| vec![refuse(source, &error)])?;
    if value.is_null() {
        return Err(vec![Diagnostic::of_file(
            &source.name,
            "the file is empty; `windtunnel new NAME` writes one to start from",
        )]);
    }
    if !value.is_mapping() {
        return Err(vec![Diagnostic::of_file(
            &source.name,
            "expected a map of settings such as `name: my-experiment`",
        )]);
    }
    value.apply_merge().map_err(|error| vec![refuse(source, &error)])?;
    Ok(value)
}

/// What `serde_yaml` says of a text that is not YAML, with its place.
fn refuse(source: &Source, error: &serde_yaml::Error) -> Diagnostic {
    let whole = error.to_string();
    let message = whole.split(" at line ").next().unwrap_or(&whole);
    let (message, help) = in_plain_words(message);
    let problem = Problem::error(Path::default(), message).help(help);
    let told = error.location().map(|at| Location { line: at.line(), column: at.column() });
    let repeated = whole.contains("duplicate entry").then(|| locate_repeated(&source.text));
    match repeated.flatten().or(told) {
        Some(place) => Diagnostic::new(&problem, Some((source.clone(), place))),
        None => Diagnostic::of_place(&problem, source.name.clone()),
    }
}

/// The parser's message as a user would say it, and the remedy if it is known.
fn in_plain_words(message: &str) -> (String, Option<String>) {
    let says = |words: &str| message.contains(words);
    let help = if says("repetition limit") {
        "aliases expand to far more than the file holds; write the values out"
    } else if says("cannot start any token") {
        "YAML is indented with spaces, not with tabs; quote text that begins with `@`, `%` or `` ` ``"
    } else if let Some((_, key)) = message.split_once("duplicate entry with key ") {
        return (format!("{key} is set twice"), Some("keep one of them".to_owned()));
    } else if says("more than one document") {
        return (
            "the file holds more than one document".to_owned(),
            Some("remove the `---` and what is below it".to_owned()),
        );
    } else if says("expected any YAML value") && says("128") {
        return ("the whole number is too large".to_owned(), None);
    } else {
        return (message.to_owned(), None);
    };
    (message.to_owned(), Some(help.to_owned()))
}

/// Lays `over` on `base`: maps are merged `depth` levels deep (a section and
/// its fields), anything below is replaced, so that a choice replaces another.
fn overlay(base: &mut Value, over: Value, depth: usize) {
    match (base, over) {
        (Value::Mapping(base), Value::Mapping(over)) if depth > 0 => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(below) => overlay(below, value, depth - 1),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}
