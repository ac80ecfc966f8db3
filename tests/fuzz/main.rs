//! Mutations of seeds, a fixed number of each: nothing that a user may hand us makes
//! a reader panic. `FUZZ_TIMES=100` makes a hundred times as many; `fuzz/README.md` tells
//! how to look where coverage leads.

mod mutate;
#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use mutate::{Dice, mutated};

/// The files of a folder, by name, so that the order is the same everywhere.
fn seeds(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).expect("the seeds");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    assert!(!files.is_empty(), "{} has seeds", folder.display());
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(path).expect("a seed"))
    };
    files.iter().map(read).collect()
}

/// Feeds every seed and `rounds` mutations of each to `target`.
fn feed(seeds: &[(String, Vec<u8>)], rounds: u64, target: impl Fn(&[u8])) {
    let times = std::env::var("FUZZ_TIMES").ok().and_then(|times| times.parse().ok());
    let rounds = rounds * times.unwrap_or(1);
    for (index, (name, seed)) in seeds.iter().enumerate() {
        for round in 0..=rounds {
            let mut dice = Dice((round << 16) | index as u64);
            let other = &seeds[round as usize % seeds.len()].1;
            let input = if round == 0 { seed.clone() } else { mutated(seed, other, &mut dice) };
            let fed = catch_unwind(AssertUnwindSafe(|| target(&input)));
            assert!(
                fed.is_ok(),
                "mutation {round} of {name} makes it panic:\n{}",
                String::from_utf8_lossy(&input)
            );
        }
    }
}

#[test]
fn no_experiment_file_panics() {
    feed(&seeds("fuzz/seeds/experiment"), 150, targets::experiment);
}

#[test]
fn no_shipped_experiment_with_a_slip_panics() {
    feed(&seeds("experiments"), 12, targets::experiment);
}

#[test]
fn no_trace_panics() {
    for format in targets::TRACES {
        feed(&seeds(&format!("fuzz/seeds/{format}")), 150, |bytes| targets::trace(format, bytes));
    }
}

#[test]
fn no_trace_taken_for_another_panics() {
    let all: Vec<_> =
        targets::TRACES.iter().flat_map(|format| seeds(&format!("fuzz/seeds/{format}"))).collect();
    for format in targets::TRACES {
        feed(&all, 8, |bytes| targets::trace(format, bytes));
    }
}

#[test]
fn no_cache_trace_panics() {
    feed(&seeds("fuzz/seeds/cache_trace"), 150, targets::cache_trace);
}

#[test]
fn no_price_map_panics() {
    feed(&seeds("fuzz/seeds/prices"), 1000, targets::prices);
}

#[test]
fn no_shard_panics() {
    feed(&seeds("fuzz/seeds/shard"), 300, targets::shard);
}
