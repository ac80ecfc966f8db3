//! Whole folders of random systems: the same bytes whatever happens on the way.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_yaml::Value;

use crate::block;
use crate::system;

/// Folders that are compared.
const FOLDERS: usize = 12;

/// The program with a file, in the repository's root, which traces are named from.
fn windtunnel(file: &Path, out: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("run").arg(file).arg("--out").arg(out);
    command
        .args(more)
        .arg("--quiet")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// A system with more runs than one, and no charts.
fn experiment(seed: u64) -> Value {
    let mut experiment = system::experiment(seed);
    if let Some(map) = experiment.as_mapping_mut() {
        map.insert("replications".into(), 6.into());
        map.insert("charts".into(), Value::Sequence(Vec::new()));
    }
    experiment
}

#[test]
fn folders_are_the_same_with_any_number_of_jobs_and_after_a_kill() {
    let mut compared = 0;
    for seed in 500_000.. {
        let bench = tempfile::tempdir().expect("a folder");
        let file = bench.path().join("system.yaml");
        let text = block::text(&experiment(seed));
        fs::write(&file, &text).expect("a file");
        let out = |name: &str| bench.path().join(name);
        let one = windtunnel(&file, &out("one"), &["--jobs", "1"]).output().expect("it starts");
        let told = String::from_utf8_lossy(&one.stderr);
        match one.status.code() {
            Some(0) => {}
            // Not sound; or clients and servers that take no time.
            Some(2) => continue,
            Some(1) if told.contains("think time") => continue,
            _ => panic!("system {seed}: {told}\n{text}"),
        }
        let two = windtunnel(&file, &out("two"), &["--jobs", "2"]).output().expect("it starts");
        assert!(two.status.success(), "{}", String::from_utf8_lossy(&two.stderr));
        killed(&file, &out("killed"), seed);
        let resumed = ["--jobs", "2", "--resume"];
        let resumed = windtunnel(&file, &out("killed"), &resumed).output().expect("it starts");
        assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
        for other in ["two", "killed"] {
            assert_same(&out("one"), &out(other), &format!("system {seed}, {other}\n{text}"));
        }
        compared += 1;
        if compared == FOLDERS {
            break;
        }
    }
}

/// A run that is killed once it is under way, or, if it is fast, has just ended.
fn killed(file: &Path, out: &Path, seed: u64) {
    let mut child = windtunnel(file, out, &["--jobs", "1"]).spawn().expect("it starts");
    let kept = out.join(format!(".system-{seed}.partial/runs.bin"));
    let begun = || fs::metadata(&kept).is_ok_and(|file| file.len() > 0);
    while child.try_wait().expect("a status").is_none() && !begun() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    child.wait().expect("a status");
}

/// Every file but the wall times.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            let inner = files(&path).into_iter();
            found.extend(inner.map(|(inside, bytes)| (format!("{name}/{inside}"), bytes)));
        } else if name != "timing.csv" {
            found.insert(name, fs::read(&path).expect("a file"));
        }
    }
    found
}

fn assert_same(left: &Path, right: &Path, what: &str) {
    let (left, right) = (files(left), files(right));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&left), names(&right), "{what}");
    for (name, bytes) in &left {
        assert!(right[name] == *bytes, "{name} differs: {what}");
    }
}
