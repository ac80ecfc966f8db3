//! A sweep on several machines gives the bytes of one.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use crate::determinism::SWEEP;
use crate::support::{Bench, assert_same, stderr, stdout};

/// Runs a shard; it must succeed.
fn shard(bench: &Bench, shard: &str, out: &str, more: &[&str]) {
    let arguments = ["run", "experiment.yaml", "--shard", shard, "--out", out];
    let output = bench.windtunnel(&[&arguments, more].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = bench.path().join(stdout(&output).trim_end());
    assert!(folder.join("shard.yaml").exists(), "{} is a shard", folder.display());
}

fn merge(bench: &Bench, folders: &[&str]) -> Output {
    bench.windtunnel(&[&["merge", "--out", "merged", "--quiet"], folders].concat())
}

/// That a merge is refused with this, and leaves nothing.
fn assert_refused(bench: &Bench, folders: &[&str], messages: &[&str]) {
    let output = merge(bench, folders);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for message in messages {
        assert!(told.contains(message), "`{message}` is not in: {told}");
    }
    assert!(told.contains("nothing was merged"), "{told}");
    assert!(!bench.path().join("merged").exists(), "nothing is written");
}

#[test]
fn shards_merge_to_the_bytes_of_one_machine() {
    let bench = Bench::new(SWEEP);
    let whole = bench.run(&["--out", "whole"]);
    // One, some that do not divide the 12 runs, and more than there are runs.
    for of in [1, 5, 14] {
        let out = format!("shards-{of}");
        for number in 1..=of {
            shard(&bench, &format!("{number}/{of}"), &out, &["--quiet"]);
        }
        let merged = merge(&bench, &[&out]);
        assert!(merged.status.success(), "{}", stderr(&merged));
        assert_eq!(stdout(&merged).trim_end(), "merged/sweep");
        assert_same(&whole, &bench.path().join("merged/sweep"));
    }
    let left = fs::read_dir(bench.path().join("merged")).expect("a folder").count();
    assert_eq!(left, 1, "nothing else is left there");
}

#[test]
fn a_merge_needs_no_data_and_takes_folders_from_anywhere() {
    let mut rows = String::from("timestamp,user,prompt,input_tokens,output_tokens\n");
    for i in 0..200 {
        let _ = writeln!(rows, "{i}.5,u{},p{},100,20", i % 7, i % 13);
    }
    let bench = Bench::new(
        "workload: { trace: { csv: { file: requests.csv, prompt: prompt, user: user } } }\nreplications: 4\nname: replayed\ncharts: []\n",
    );
    fs::write(bench.path().join("requests.csv"), rows).expect("a trace");
    let whole = bench.run(&["--out", "whole"]);
    shard(&bench, "1/2", "here", &[]);
    shard(&bench, "2/2", "there", &[]);
    fs::remove_file(bench.path().join("requests.csv")).expect("removed");
    fs::remove_file(bench.path().join("experiment.yaml")).expect("removed");
    // A folder twice is no shard twice.
    let output = merge(&bench, &["here", "there/replayed.shard-2-of-2", "here"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    assert_same(&whole, &bench.path().join("merged/replayed"));
}

#[test]
fn a_shard_that_is_lost_or_unfinished_is_named_with_its_runs() {
    let bench = Bench::new(SWEEP);
    shard(&bench, "1/4", "shards", &[]);
    shard(&bench, "3/4", "shards", &[]);
    let missing =
        ["shard 2/4 of sweep is missing: runs 1, 7 and 9", "shard 4/4 of sweep is missing"];
    assert_refused(&bench, &["shards"], &missing);
    fs::create_dir(bench.path().join("shards/.sweep.shard-2-of-4.partial")).expect("a folder");
    let unfinished = "shard 2/4 of sweep is not finished: `shards/.sweep.shard-2-of-4.partial`";
    assert_refused(&bench, &["shards"], &[unfinished, "shard 4/4 of sweep is missing"]);
    let unfinished = bench.path().join("elsewhere/.sweep.shard-2-of-4.partial");
    fs::create_dir_all(unfinished).expect("a folder");
    let named = "but the unfinished `elsewhere/.sweep.shard-2-of-4.partial`";
    assert_refused(&bench, &["shards", "elsewhere"], &["holds no finished shard", named]);
    assert_refused(&bench, &["nowhere"], &["`nowhere` holds no finished shard"]);
}

#[test]
fn a_shard_that_ran_twice_must_have_the_same_results() {
    let bench = Bench::new(SWEEP);
    for (number, out) in [("1/2", "a"), ("2/2", "a"), ("2/2", "b")] {
        shard(&bench, number, out, &[]);
    }
    let output = merge(&bench, &["a", "b"]);
    let told = stderr(&output);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("shard 2/2 is there twice, `a/sweep.shard-2-of-2`"), "{told}");
    assert!(told.contains("with the same results"), "{told}");
    assert_same(&bench.run(&[]), &bench.path().join("merged/sweep"));
    fs::remove_dir_all(bench.path().join("merged")).expect("removed");
    // Another seed's runs that say they are of this experiment.
    shard(&bench, "2/2", "c", &["--seed", "7"]);
    let manifest = |out: &str| bench.path().join(out).join("sweep.shard-2-of-2/shard.yaml");
    fs::copy(manifest("b"), manifest("c")).expect("copied");
    let different = "with different results: runs 1, 2, 5, 6, 9 and 10";
    assert_refused(&bench, &["a", "c"], &["shard 2/2 is there twice", different]);
}

#[test]
fn shards_of_other_experiments_versions_and_divisions_are_named() {
    let bench = Bench::new(SWEEP);
    shard(&bench, "1/2", "shards", &[]);
    shard(&bench, "2/2", "seven", &["--seed", "7"]);
    let other = "are of different experiments, both named `sweep`";
    assert_refused(&bench, &["shards", "seven"], &[other, "seven/sweep.shard-2-of-2"]);
    shard(&bench, "2/3", "three", &[]);
    let division = "is shard 1/2, but `three/sweep.shard-2-of-3` is shard 2/3";
    assert_refused(&bench, &["shards", "three"], &[division]);
    shard(&bench, "2/2", "shards", &[]);
    let manifest = bench.path().join("shards/sweep.shard-2-of-2/shard.yaml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let version = format!("version: {}", env!("CARGO_PKG_VERSION"));
    fs::write(&manifest, text.replace(&version, "version: 99.0.0")).expect("written");
    assert_refused(&bench, &["shards"], &["is of windtunnel 99.0.0", "merge with the version"]);
    fs::write(&manifest, text.replace("shard: 2/2", "shard: 3/2")).expect("written");
    assert_refused(&bench, &["shards"], &["shard.yaml`", "expected `1/2` to `2/2`"]);
}

#[test]
fn damage_is_named_and_resume_mends_the_shard() {
    let bench = Bench::new(SWEEP);
    let whole = bench.run(&["--out", "whole"]);
    shard(&bench, "1/2", "shards", &[]);
    shard(&bench, "2/2", "shards", &[]);
    let folder = bench.path().join("shards/sweep.shard-2-of-2");
    let harmed = |file: &str, harm: fn(&mut Vec<u8>), messages: &[&str]| {
        let path = folder.join(file);
        let sound = fs::read(&path).expect("a file");
        let mut bytes = sound.clone();
        harm(&mut bytes);
        fs::write(&path, bytes).expect("written");
        assert_refused(&bench, &["shards"], messages);
        path
    };
    let flip = |bytes: &mut Vec<u8>| bytes[200] ^= 16;
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    let lacks = "shard 2/2 (`shards/sweep.shard-2-of-2`) lacks run";
    let mend = "run it again with --shard 2/2 --resume";
    harmed("runs.bin", flip, &["runs.bin` is damaged at byte 0", lacks, mend]);
    shard(&bench, "2/2", "shards", &["--resume"]);
    harmed("runs.bin", cut, &["runs.bin` is damaged at byte", lacks, mend]);
    shard(&bench, "2/2", "shards", &["--resume"]);
    harmed("requests-2.csv", cut, &["requests-2.csv` is damaged", lacks, "run 2;"]);
    harmed("trace-5.json", flip, &["trace-5.json` is damaged", lacks, "runs 2 and 5"]);
    fs::remove_file(folder.join("requests-9.csv")).expect("removed");
    assert_refused(&bench, &["shards"], &["requests-9.csv` is damaged", "runs 2, 5 and 9"]);
    shard(&bench, "2/2", "shards", &["--resume"]);
    let merged = merge(&bench, &["shards"]);
    assert!(merged.status.success(), "{}", stderr(&merged));
    assert_same(&whole, &bench.path().join("merged/sweep"));
}

#[test]
fn a_bad_shard_is_told_with_what_would_be_one() {
    let bench = Bench::new(SWEEP);
    for (given, expected) in [
        ("0/4", "shards are numbered from 1: expected `1/4` to `4/4`"),
        ("5/4", "expected `1/4` to `4/4`"),
        ("x", "expected a shard and how many there are, such as `1/4`"),
        ("", "such as `1/4`"),
        ("1/0", "expected at least 1 shard"),
    ] {
        let output = bench.windtunnel(&["run", "experiment.yaml", "--shard", given]);
        assert_eq!(output.status.code(), Some(2), "{given}");
        assert!(stderr(&output).contains(expected), "{given}: {}", stderr(&output));
        assert!(!Path::new(&bench.path().join("results")).exists());
    }
}
