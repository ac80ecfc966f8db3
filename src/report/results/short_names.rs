//! Short names of values that are sections of a file: only what tells them apart.

use std::collections::BTreeSet;

use serde_yaml::{Mapping, Value};

use crate::experiment::plain;
use crate::report::results::columns::show;
use crate::stats::Cell;

/// A value in parts: the choice that it is, and its settings by their paths.
struct Parts {
    /// `threshold` of `{threshold: {weak: small}}`; empty for settings without a choice, and
    /// the whole of what is no section.
    kind: String,
    settings: Vec<(Vec<String>, String)>,
}

/// A name for each of the distinct values of a path: as it stands where it is a word or a
/// number, else the choice and the settings that tell it from the others. `retries 3` for
/// `{num_retries: 3, backoff: 1s}` beside `{num_retries: 5, backoff: 1s}`. Two values never
/// have one name.
pub(crate) fn short_names(cells: &[Cell]) -> Vec<String> {
    let whole = || cells.iter().map(show).collect::<Vec<_>>();
    let sections: Vec<Option<Value>> = cells.iter().map(section).collect();
    if sections.iter().all(Option::is_none) {
        return whole();
    }
    // A choice is a map of one key; where one has more, or none, they are settings.
    let choices =
        sections.iter().flatten().all(|it| it.as_mapping().is_none_or(|map| map.len() == 1));
    let all: Vec<Parts> = cells
        .iter()
        .zip(&sections)
        .map(|(cell, section)| parts(cell, section.as_ref(), choices))
        .collect();
    let kinds: BTreeSet<&str> = all.iter().map(|parts| parts.kind.as_str()).collect();
    let mut names = vec![String::new(); all.len()];
    for kind in &kinds {
        let members: Vec<usize> = (0..all.len()).filter(|at| all[*at].kind == *kind).collect();
        let alike: Vec<&Parts> = members.iter().map(|at| &all[*at]).collect();
        for (at, told) in members.into_iter().zip(told_apart(&alike)) {
            names[at] = match (*kind, told.as_str()) {
                ("", "") => "default".to_owned(),
                (kind, "") => kind.to_owned(),
                // A choice that all are says nothing.
                (kind, told) if kinds.len() == 1 || kind.is_empty() => told.to_owned(),
                (kind, told) => format!("{kind} {told}"),
            };
        }
    }
    let distinct = names.iter().collect::<BTreeSet<_>>().len() == names.len();
    if distinct { names } else { whole() }
}

/// For each value of one kind the settings that tell it from the others: all that every one
/// has and that differ, and of those that some leave out as many as it takes.
fn told_apart(alike: &[&Parts]) -> Vec<String> {
    let mut paths: Vec<&[String]> = Vec::new();
    for (path, _) in alike.iter().flat_map(|parts| &parts.settings) {
        if !paths.contains(&path.as_slice()) {
            paths.push(path);
        }
    }
    let values = |path: &[String]| alike.iter().map(|parts| parts.value(path)).collect::<Vec<_>>();
    // One value alone is told by its first setting.
    let lone = alike.len() == 1 && (paths.len() == 1 || alike[0].kind.is_empty());
    let differs = |path: &&[String]| values(path).windows(2).any(|pair| pair[0] != pair[1]);
    let everywhere = |path: &[String]| values(path).iter().all(Option::is_some);
    let (mut told, spare): (Vec<&[String]>, Vec<&[String]>) =
        paths.iter().copied().filter(differs).partition(|path| everywhere(path));
    told.extend(paths.first().filter(|_| lone));
    let names = |told: &[&[String]]| {
        let name = |parts: &&Parts| {
            // In the order of the file.
            let shown = paths.iter().filter(|path| told.contains(path));
            let words = shown.filter_map(|path| Some(setting(path, parts.value(path)?)));
            words.collect::<Vec<_>>().join(", ")
        };
        alike.iter().map(name).collect::<Vec<_>>()
    };
    let mut found = names(&told);
    for path in spare {
        if found.iter().collect::<BTreeSet<_>>().len() == found.len() {
            break;
        }
        told.push(path);
        found = names(&told);
    }
    // Settings without a choice are no default because others have more of them.
    let unnamed = |(parts, name): &(&&Parts, &String)| {
        name.is_empty() && parts.kind.is_empty() && !parts.settings.is_empty()
    };
    if let Some((parts, _)) = alike.iter().zip(&found).find(unnamed) {
        let first = paths.iter().copied().find(|path| parts.value(path).is_some());
        told.extend(first);
        found = names(&told);
    }
    found
}

impl Parts {
    fn value(&self, path: &[String]) -> Option<&str> {
        let found = self.settings.iter().find(|(known, _)| known == path);
        found.map(|(_, value)| value.as_str())
    }
}

/// `retries 3`: a setting in words.
fn setting(path: &[String], value: &str) -> String {
    let Some(last) = path.last() else { return value.to_owned() };
    let words = last.strip_prefix("num_").unwrap_or(last).replace('_', " ");
    match value {
        "true" => words,
        "false" => format!("no {words}"),
        _ => format!("{words} {value}"),
    }
}

/// The section that a cell holds: a map, or nothing at all.
fn section(cell: &Cell) -> Option<Value> {
    let Cell::Text(text) = cell else { return None };
    let found = (text.starts_with('{') || text == "null").then(|| serde_yaml::from_str(text));
    found?.ok().filter(|value: &Value| value.is_mapping() || value.is_null())
}

fn parts(cell: &Cell, section: Option<&Value>, choices: bool) -> Parts {
    let mut settings = Vec::new();
    let kind = match section {
        None => show(cell),
        Some(Value::Mapping(map)) => match map.iter().next() {
            Some((key, inner)) if choices => {
                gather(inner, &mut Vec::new(), &mut settings);
                word(key)
            }
            _ => {
                gather_map(map, &mut Vec::new(), &mut settings);
                String::new()
            }
        },
        Some(_) => "none".to_owned(),
    };
    Parts { kind, settings }
}

fn gather(value: &Value, path: &mut Vec<String>, into: &mut Vec<(Vec<String>, String)>) {
    match value {
        Value::Mapping(map) => gather_map(map, path, into),
        _ => into.push((path.clone(), word(value))),
    }
}

fn gather_map(map: &Mapping, path: &mut Vec<String>, into: &mut Vec<(Vec<String>, String)>) {
    for (key, inner) in map {
        path.push(word(key));
        gather(inner, path, into);
        path.pop();
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Sequence(items) => items.iter().map(word).collect::<Vec<_>>().join(" + "),
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(cells: &[&str]) -> Vec<String> {
        short_names(&cells.iter().map(|text| Cell::from(*text)).collect::<Vec<_>>())
    }

    #[test]
    fn only_what_differs_is_in_a_name() {
        let retries = [
            r#"{"num_retries":0,"backoff":{"base":"1s","cap":"30s"}}"#,
            r#"{"num_retries":3,"backoff":{"base":"1s","cap":"30s"}}"#,
        ];
        assert_eq!(names(&retries), ["retries 0", "retries 3"]);
        let deep = [r#"{"a":1,"backoff":{"base":"1s"}}"#, r#"{"a":1,"backoff":{"base":"2s"}}"#];
        assert_eq!(names(&deep), ["base 1s", "base 2s"]);
        let fewer = [r#"{"num_retries":3,"backoff":"1s"}"#, r#"{"num_retries":0}"#, "null"];
        assert_eq!(names(&fewer), ["retries 3", "retries 0", "none"]);
        assert_eq!(names(&["null", retries[1]]), ["none", "retries 3"]);
        let more = [r#"{"a":1,"b":2}"#, r#"{"a":1,"b":2,"jitter":true}"#];
        assert_eq!(names(&more), ["a 1", "a 1, jitter"]);
        assert_eq!(names(&["{}", more[0]]), ["default", "a 1"]);
        let beside_none =
            ["null", r#"{"num_retries":3,"backoff":{}}"#, r#"{"num_retries":3,"timeout":"5s"}"#];
        assert_eq!(names(&beside_none), ["none", "retries 3", "retries 3, timeout 5s"]);
    }

    #[test]
    fn a_choice_is_named_and_its_settings_where_it_comes_twice() {
        let choices = [
            "best",
            r#"{"random":{}}"#,
            r#"{"fixed":"small"}"#,
            r#"{"fixed":"large"}"#,
            r#"{"utility":{"quality_threshold":0.8,"fallback":"cheapest"}}"#,
            r#"{"cascade":{"models":["small","large"],"judge":{"cost":"$1"}}}"#,
            r#"{"cascade":{"models":["small","medium","large"],"judge":{"cost":"$1"}}}"#,
        ];
        assert_eq!(
            names(&choices),
            [
                "best",
                "random",
                "fixed small",
                "fixed large",
                "utility",
                "cascade models small + large",
                "cascade models small + medium + large",
            ]
        );
        let one_kind = [r#"{"utility":{"threshold":0.7}}"#, r#"{"utility":{"threshold":0.8}}"#];
        assert_eq!(names(&one_kind), ["threshold 0.7", "threshold 0.8"]);
        assert_eq!(names(&["null", r#"{"ratio":0.1}"#]), ["none", "ratio 0.1"]);
    }

    #[test]
    fn words_and_numbers_stay_and_no_two_values_share_a_name() {
        assert_eq!(names(&["lru", "sieve"]), ["lru", "sieve"]);
        let clash = ["x", r#"{"x":{}}"#];
        assert_eq!(names(&clash), ["x", "x: {}"]);
        let keys = [r#"{"a":{"n":1,"m":2},"b":{"n":3}}"#, r#"{"a":{"n":3,"m":2},"b":{"n":1}}"#];
        assert_eq!(names(&keys), ["n 1, n 3", "n 3, n 1"]);
    }
}
