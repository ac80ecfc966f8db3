//! The committed results are what the shipped experiments give today.

use std::fs;

use crate::support::{assert_same, root, stderr, windtunnel};

/// Runs a shipped experiment and compares every byte with `results/`.
fn assert_reproduced(name: &str) {
    let out = tempfile::tempdir().expect("a temporary folder");
    let output = windtunnel(&["run", &format!("experiments/{name}.yaml"), "--quiet", "--out"])
        .arg(out.path())
        .current_dir(root())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_same(&root().join("results").join(name), &out.path().join(name));
}

#[test]
fn the_notebook_s_results_are_reproduced() {
    for name in ["notebook-pipeline", "notebook-cache", "notebook-cost"] {
        assert_reproduced(name);
    }
}

#[test]
fn the_quickstart_s_results_are_reproduced() {
    assert_reproduced("quickstart");
}

#[test]
fn the_results_about_caches_are_reproduced() {
    for name in ["cache-sizing", "thundering-herd"] {
        assert_reproduced(name);
    }
}

#[test]
fn the_results_of_real_traces_are_reproduced() {
    if crate::support::data().is_some() {
        for name in ["azure-conversation", "prefix-cache", "mooncake-policies"] {
            assert_reproduced(name);
        }
    }
}

#[test]
fn no_results_are_kept_of_an_experiment_that_is_gone() {
    for entry in fs::read_dir(root().join("results")).expect("a folder") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let file = root().join("experiments").join(format!("{name}.yaml"));
        assert!(name.starts_with('.') || file.exists(), "results/{name} has no experiment");
    }
}
