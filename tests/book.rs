//! The book in `docs/` and the README: what they link to, name and show is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use windtunnel::experiment::load::{Document, read};
use windtunnel::experiment::{Experiment, Overrides, prepare};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files of a folder with this ending, by name.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == ending));
    files.sort();
    files
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// The pages: the book's, and those at the root.
fn pages() -> Vec<PathBuf> {
    let own = ["README.md", "CONTRIBUTING.md"].map(|name| root().join(name));
    own.into_iter().chain(files("docs", "md")).collect()
}

/// A fenced block: its language, the line it begins at, its text.
struct Block {
    language: String,
    line: usize,
    text: String,
}

/// A page apart: its lines outside of fences, and the fenced blocks.
fn apart(page: &str) -> (Vec<(usize, &str)>, Vec<Block>) {
    let (mut prose, mut blocks) = (Vec::new(), Vec::<Block>::new());
    let mut inside = false;
    for (line, text) in (1..).zip(page.lines()) {
        if let Some(language) = text.strip_prefix("```") {
            if !inside {
                let language = language.to_owned();
                blocks.push(Block { language, line: line + 1, text: String::new() });
            }
            inside = !inside;
        } else if inside {
            let block = blocks.last_mut().expect("a block was begun");
            block.text.push_str(text);
            block.text.push('\n');
        } else if !text.starts_with("    ") {
            prose.push((line, text));
        }
    }
    assert!(!inside, "a fence is left open");
    (prose, blocks)
}

/// The code spans of prose. One may go on in the next line.
fn spans(page: &str) -> Vec<String> {
    let prose: Vec<&str> = apart(page).0.into_iter().map(|(_, text)| text.trim()).collect();
    prose.join(" ").split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A heading's anchor, as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(page: &str) -> BTreeSet<String> {
    let headings = apart(page).0.into_iter().filter(|(_, text)| text.starts_with('#'));
    headings.map(|(_, text)| slug(text.trim_start_matches('#'))).collect()
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let docs = root().join("docs");
    let mut broken = Vec::new();
    for path in pages() {
        let page = text(&path);
        for (line, prose) in apart(&page).0 {
            let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            for target in targets.filter(|target| !target.starts_with("http")) {
                let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
                let folder = path.parent().expect("a folder");
                let file = if file.is_empty() { path.clone() } else { folder.join(file) };
                let is_page = file.extension().is_some_and(|it| it == "md");
                let known = |page: &Path| anchors(&text(page)).contains(anchor);
                let what = match file.canonicalize() {
                    Err(_) => "is not there",
                    Ok(found) if is_page && !anchor.is_empty() && !known(&found) => {
                        "has no such heading"
                    }
                    // mdBook would look for its HTML.
                    Ok(found) if is_page && folder == docs && !found.starts_with(&docs) => {
                        "is no page of the book"
                    }
                    Ok(_) => continue,
                };
                broken.push(format!("{}:{line}: {target} {what}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn the_summary_has_every_page_once() {
    let summary = text(&root().join("docs/SUMMARY.md"));
    let mut listed: Vec<&str> =
        summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    listed.sort_unstable();
    let there: Vec<String> = files("docs", "md")
        .iter()
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .filter(|name| name != "SUMMARY.md")
        .collect();
    assert_eq!(listed, there);
}

#[test]
fn the_gallery_has_every_experiment_with_a_chart_and_the_command() {
    let gallery = text(&root().join("docs/gallery.md"));
    let entries: BTreeMap<&str, &str> =
        gallery.split("\n### ").skip(1).filter_map(|entry| entry.split_once('\n')).collect();
    let experiments: Vec<String> = files("experiments", "yaml").iter().map(|it| stem(it)).collect();
    assert_eq!(entries.keys().copied().collect::<Vec<_>>(), experiments);
    for (name, entry) in entries {
        let chart = format!("](../results/{name}/charts/");
        assert!(entry.contains(&chart), "{name} has no chart of its own");
        let command = ["run", "search"]
            .map(|verb| entry.contains(&format!("`windtunnel {verb} experiments/{name}.yaml`")));
        assert!(command.contains(&true), "{name} has no command");
    }
}

#[test]
fn yaml_blocks_are_sound() {
    let schema = windtunnel::experiment::schema();
    let fields = schema.as_value()["properties"].as_object().expect("fields").clone();
    let mut wrong = Vec::new();
    for path in pages() {
        let page = text(&path);
        for block in apart(&page).1.into_iter().filter(|block| block.language == "yaml") {
            let place = format!("{}:{}", path.display(), block.line);
            if block.text.starts_with("name:") {
                let document = Document::from_text(&place, &block.text);
                let found = document.and_then(|it| prepare(&it, &Overrides::default()));
                let told = found.err().into_iter().flatten();
                wrong.extend(told.map(|problem| problem.to_string()));
                continue;
            }
            match serde_yaml::from_str::<serde_yaml::Value>(&block.text) {
                Err(error) => wrong.push(format!("{place}: {error}")),
                // Blocks of an experiment: names may dangle, fields may not.
                Ok(serde_yaml::Value::Mapping(mut map)) => {
                    let own = |key: &serde_yaml::Value| key.as_str().map(|it| fields.get(it));
                    if map.keys().all(|key| own(key).flatten().is_some()) {
                        map.remove("include");
                        let problems = read::<Experiment>(&map.into()).problems;
                        let told = |it: &windtunnel::spec::Problem| {
                            format!("{place}: {}: {}", it.path, it.message)
                        };
                        wrong.extend(problems.iter().map(told));
                    }
                }
                Ok(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn help(verb: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_windtunnel"))
        .args(verb)
        .arg("--help")
        .output()
        .expect("the program starts");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What is called in the code of a page: `windtunnel` or `cargo`, with its arguments.
fn commands(page: &str) -> Vec<Vec<String>> {
    let shell = apart(page).1.into_iter().filter(|block| block.language == "sh");
    let lines = shell.flat_map(|block| {
        let joined = block.text.replace("\\\n", " ");
        joined.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    let words = |line: String| -> Vec<String> {
        let code = line.split(" #").next().unwrap_or_default();
        let words = code.split_whitespace().skip_while(|word| word.contains('='));
        words.map(str::to_owned).collect()
    };
    let called = |words: &Vec<String>| {
        words.len() > 1 && ["windtunnel", "cargo"].contains(&words[0].as_str())
    };
    lines.chain(spans(page)).map(words).filter(called).collect()
}

#[test]
fn commands_have_the_verbs_and_flags_that_the_pages_say() {
    let mut known: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for path in pages() {
        for words in commands(&text(&path)) {
            let all = words.join(" ");
            if words[0] == "cargo" {
                let target = words.windows(2).find(|it| it[0] == "--test" || it[0] == "--bench");
                let Some([kind, name]) = target else { continue };
                let folder = if kind == "--test" { "tests" } else { "benches" };
                let places = [format!("{folder}/{name}.rs"), format!("{folder}/{name}/main.rs")];
                if !places.iter().any(|place| root().join(place).exists()) {
                    wrong.push(format!("{}: `{all}`", path.display()));
                }
                continue;
            }
            let verbs = if words[1] == "trace" && words.len() > 2 { 2 } else { 1 };
            let verb: Vec<String> = words[1..].iter().take(verbs).cloned().collect();
            let told = known
                .entry(verb.clone())
                .or_insert_with(|| help(&verb.iter().map(String::as_str).collect::<Vec<_>>()));
            let flags = words.iter().filter(|word| word.starts_with("--"));
            let mut flags = flags.map(|flag| flag.split('=').next().unwrap_or(flag));
            let listed = |flag: &str, told: &str| {
                told.split(|c: char| c.is_whitespace() || c == ',').any(|word| word == flag)
            };
            let fine = told.as_ref().is_some_and(|told| flags.all(|flag| listed(flag, told)));
            // `windtunnel trace VERB` stands for all of them.
            if !fine && !all.contains("VERB") {
                wrong.push(format!("{}: `{all}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// All Rust code of the tests and the library, for a look-up of names.
fn code(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            code(&path, all);
        } else if path.extension().is_some_and(|it| it == "rs") {
            all.push_str(&text(&path));
        }
    }
}

#[test]
fn files_and_tests_that_are_named_are_there() {
    let mut all = String::new();
    for folder in ["src", "tests"] {
        code(&root().join(folder), &mut all);
    }
    let tops = ["src/", "tests/", "benches/", "examples/", "experiments/", "deploy/", "fuzz/"];
    let mut wrong = Vec::new();
    for path in pages() {
        let page = text(&path);
        for span in spans(&page) {
            let is_path = tops.iter().any(|top| span.starts_with(top));
            let open = span.contains(['*', ' ', '<']) || span.contains("NAME");
            if is_path && !open && !root().join(&span).exists() {
                wrong.push(format!("{}: `{span}`", path.display()));
            }
            let is_name = span.chars().all(|c| c.is_ascii_lowercase() || "_0123456789".contains(c));
            let is_test = path.ends_with("validation.md") && span.split('_').count() > 4;
            if is_name && is_test && !all.contains(&format!("fn {span}(")) {
                wrong.push(format!("{}: no test `{span}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
