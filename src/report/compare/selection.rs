//! Points of results folders, as they are named on the command line.

use std::path::{Path, PathBuf};

use serde_yaml::Value;

use crate::experiment::sweep::base_number;
use crate::report::csv::read_cell;
use crate::stats::Cell;

/// A results folder that was named, and which of its points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The folder.
    pub folder: PathBuf,
    /// A point's name, number, or swept values; without it all points.
    pub point: Option<String>,
}

impl Selection {
    /// Reads `DIR`, `DIR:NAME`, `DIR:3` or `DIR:path=value,path=value`. Folders and values
    /// may hold colons: the folder is the shortest that holds results.
    pub fn parse(text: &str) -> Self {
        let all = || Selection { folder: text.into(), point: None };
        if Path::new(text).exists() {
            return all();
        }
        let splits = || text.match_indices(':').map(|(at, _)| (&text[..at], &text[at + 1..]));
        let holds = |what: fn(&Path) -> bool| splits().find(|(folder, _)| what(Path::new(folder)));
        let split = holds(|folder| folder.join("manifest.yaml").is_file())
            .or_else(|| holds(Path::exists))
            .or_else(|| splits().next());
        match split {
            Some((folder, point)) if !folder.is_empty() => {
                Selection { folder: folder.into(), point: Some(point.to_owned()) }
            }
            _ => all(),
        }
    }
}

/// The parts of `path=value,path=value`: commas in braces, brackets and quotes belong to a
/// value.
pub(super) fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut depth) = (0, 0_usize);
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// A swept value as text, which is the same for equal quantities with units, such as 60s
/// and 1m.
pub(super) fn plain(cell: &Cell) -> String {
    let text = cell.to_string();
    let bare = text.parse::<f64>().is_ok();
    let number = base_number(&Value::from(text.as_str())).filter(|_| !bare);
    number.map_or(text, |number| number.to_string())
}

/// Whether a cell holds a value, which may be in quotes.
pub(super) fn is(cell: &Cell, value: &str) -> bool {
    // Names made of digits stay names: `007` is no 7.
    let equals = |value: &str| matches!(cell, Cell::Num(own) if value.parse() == Ok(*own));
    let is = |value: &str| {
        cell.to_string() == value || equals(value) || plain(cell) == plain(&read_cell(value))
    };
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    is(value) || inner.is_some_and(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_ends_where_there_are_results() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().display();
        for folder in ["o/j", "a:b"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
            std::fs::write(dir.path().join(folder).join("manifest.yaml"), "").unwrap();
        }
        for (folder, point) in [
            ("o/j", Some("3")),
            ("o/j", Some(r#"policy={"lru_k":{"k":2}}"#)),
            ("o/j", Some("day: one")),
            ("a:b", Some("x:y")),
            ("a:b", None),
            ("gone", Some("x:y")),
        ] {
            let text = point.map_or(String::new(), |point| format!(":{point}"));
            let found = Selection::parse(&format!("{root}/{folder}{text}"));
            assert_eq!(found.folder, dir.path().join(folder), "{folder}{text}");
            assert_eq!(found.point.as_deref(), point, "{folder}{text}");
        }
    }

    #[test]
    fn commas_within_a_value_do_not_part_it() {
        assert_eq!(parts("a=1,b=2"), ["a=1", "b=2"]);
        let json = r#"a={"x":{"k":2,"l":[1,2]}}"#;
        assert_eq!(parts(&format!("{json},b=[1,2]")), [json, "b=[1,2]"]);
        let quoted = r#"a="x, {y \" ,",b=2"#;
        assert_eq!(parts(quoted), [r#"a="x, {y \" ,""#, "b=2"]);
    }

    #[test]
    fn values_are_known_however_they_are_written() {
        assert!(is(&Cell::Num(0.5), "0.50") && is(&Cell::from("a, b"), r#""a, b""#));
        assert!(is(&Cell::Int(1), "1") && is(&Cell::from("007"), "007"));
        assert!(!is(&Cell::Int(7), "007") && !is(&Cell::from("a"), "b"));
    }
}
