//! The house stays as it is drawn: which module may use which, how large a circle of
//! files may be, and how much a folder, a file and `System` may hold.
//!
//! Read from the text of `src/`. Names that only tests use are left out.

mod graph;
mod names;
mod source;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use graph::{Arrow, arrows, circles};
use source::{Source, sources};

/// The order of modules, from the top: each may use only those after it.
const ORDER: [&str; 16] = [
    "lib.rs",
    "cli",
    "report",
    "experiment",
    "system",
    "orchestration",
    "pipeline",
    "gateway",
    "serving",
    "cost",
    "cache",
    "workload",
    "stats",
    "spec",
    "kernel",
    "unfinished.rs",
];

/// The most files that may import each other in a circle.
const MOST_IN_A_CIRCLE: usize = 3;
/// The most files that may hold methods of `System`.
const MOST_OF_SYSTEM: usize = 3;
/// The most files right in `src/system`.
const MOST_AT_THE_TOP_OF_SYSTEM: usize = 15;
/// The most files right in any folder.
const MOST_IN_A_FOLDER: usize = 25;
/// The most lines of a file.
const MOST_LINES: usize = 500;

#[test]
fn modules_use_only_those_below_them() {
    let rank = |file: &str| {
        let module = file.split('/').next().unwrap_or(file);
        let known = ORDER.iter().position(|it| *it == module);
        known.unwrap_or_else(|| panic!("src/{file}: `{module}` has no place in ORDER"))
    };
    let sources = sources();
    let upwards: Vec<Arrow> =
        arrows(&sources).into_iter().filter(|it| rank(&it.from) > rank(&it.to)).collect();
    assert!(upwards.is_empty(), "arrows that run upwards:\n{}", listed(&upwards));
}

#[test]
fn no_circle_has_more_than_three_files() {
    let arrows = arrows(&sources());
    let mut said = String::new();
    for circle in circles(&arrows).iter().filter(|it| it.len() > MOST_IN_A_CIRCLE) {
        let within = |it: &&Arrow| circle.contains(&it.from) && circle.contains(&it.to);
        let tie: Vec<Arrow> = arrows.iter().filter(within).cloned().collect();
        let _ = writeln!(said, "{} files import each other in a circle:", circle.len());
        let _ = writeln!(said, "{}", listed(&tie));
    }
    assert!(said.is_empty(), "{said}");
}

#[test]
fn system_is_made_of_parts() {
    let sources = sources();
    let of_system: Vec<&str> =
        sources.iter().filter(|it| it.implements("System")).map(|it| it.file.as_str()).collect();
    assert!(
        of_system.len() <= MOST_OF_SYSTEM,
        "{} files hold methods of `System`, at most {MOST_OF_SYSTEM} may: {}",
        of_system.len(),
        of_system.join(", ")
    );
    let top = by_folder(&sources).remove("system").unwrap_or_default();
    assert!(
        top.len() <= MOST_AT_THE_TOP_OF_SYSTEM,
        "src/system has {} files at its top, at most {MOST_AT_THE_TOP_OF_SYSTEM} may be: {}",
        top.len(),
        top.join(", ")
    );
}

#[test]
fn folders_and_files_can_be_taken_in() {
    let sources = sources();
    let mut said = String::new();
    for (folder, files) in by_folder(&sources) {
        if files.len() > MOST_IN_A_FOLDER {
            let _ = writeln!(said, "src/{folder}: {} files, more than 25", files.len());
        }
    }
    for source in sources.iter().filter(|it| it.lines > MOST_LINES) {
        let _ = writeln!(said, "src/{}: {} lines, more than 500", source.file, source.lines);
    }
    assert!(said.is_empty(), "{said}");
}

/// The files right in each folder.
fn by_folder(sources: &[Source]) -> BTreeMap<&str, Vec<&str>> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in sources {
        let (folder, name) = source.file.rsplit_once('/').unwrap_or(("", &source.file));
        folders.entry(folder).or_default().push(name);
    }
    folders
}

/// A line for each two files: `from -> to: names`.
fn listed(arrows: &[Arrow]) -> String {
    let mut names: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for arrow in arrows {
        names.entry((&arrow.from, &arrow.to)).or_default().insert(&arrow.name);
    }
    let line = |((from, to), names): (&(&str, &str), &BTreeSet<&str>)| {
        let names: Vec<&str> = names.iter().copied().collect();
        format!("  src/{from} -> src/{to}: {}\n", names.join(", "))
    };
    names.iter().map(line).collect()
}
