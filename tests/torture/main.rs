//! Whole systems at random: whatever an experiment file may say together, its books balance.
//!
//! `cargo test --test torture`. Other systems: `WINDTUNNEL_TORTURE_SYSTEMS=5000` (how many)
//! and `WINDTUNNEL_TORTURE_SEED=70000` (the first one's seed). `WINDTUNNEL_TORTURE_KEEP=DIR`
//! writes each kind of failure with its smallest file there. Files name traces of this
//! folder, so run them in the repository's root.

mod block;
mod cases;
mod draw;
mod features;
mod folders;
mod hold;
mod recompute;
mod run;
mod shrink;
mod sums;
mod system;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use rayon::prelude::*;

use features::Seen;
use run::{Failure, Verdict, try_system};

/// At least this share of what is drawn up should be legal.
const LEAST_VALID: f64 = 0.7;

/// Kinds of failures that are shrunk; the others are told by their seed.
const MOST_SHRUNK: usize = 8;

/// A system that takes so many seconds is told.
const SLOW_S: u64 = 3;

#[test]
fn two_thousand_random_systems_keep_their_books() {
    torture(0, 2_000);
}

#[test]
#[ignore = "takes an hour or two"]
fn a_hundred_thousand_random_systems_keep_their_books() {
    torture(1_000_000, 100_000);
}

/// Runs systems, as many as asked for, and tells of all kinds of failures at once.
fn torture(first: u64, systems: u64) {
    let first = number("WINDTUNNEL_TORTURE_SEED").unwrap_or(first);
    let systems = number("WINDTUNNEL_TORTURE_SYSTEMS").unwrap_or(systems);
    let began = Instant::now();
    let tried: Vec<(u64, Verdict, Vec<String>)> = (first..first + systems)
        .into_par_iter()
        .map(|seed| {
            let experiment = system::experiment(seed);
            let since = Instant::now();
            let verdict = try_system(&experiment, &label(seed));
            if since.elapsed().as_secs() > SLOW_S {
                println!("{} took {:.0} s", label(seed), since.elapsed().as_secs_f64());
            }
            (seed, verdict, block::features(&experiment))
        })
        .collect();
    let (mut seen, mut invalid) = (Seen::default(), 0_u64);
    let mut kinds: BTreeMap<String, Vec<(u64, Failure)>> = BTreeMap::new();
    for (seed, verdict, features) in tried {
        match verdict {
            Verdict::Invalid(refusal) => {
                invalid += 1;
                if env::var_os("WINDTUNNEL_TORTURE_INVALID").is_some() {
                    println!("{}: {refusal}", label(seed));
                }
            }
            Verdict::Ran(failures) => {
                seen.add(&features);
                for failure in failures {
                    kinds.entry(failure.kind.clone()).or_default().push((seed, failure));
                }
            }
        }
    }
    let failed: usize = kinds.values().map(Vec::len).sum();
    println!(
        "{systems} systems from seed {first} in {:.0} s: {invalid} invalid, {failed} failures of \
         {} kinds; seen: {seen}",
        began.elapsed().as_secs_f64(),
        kinds.len()
    );
    let told = told(&kinds);
    assert!(kinds.is_empty(), "{told}");
    let valid = 1.0 - invalid as f64 / systems as f64;
    assert!(systems < 100 || valid >= LEAST_VALID, "only {valid:.2} of the systems are valid");
    let missing = seen.missing();
    assert!(systems < 1000 || missing.is_empty(), "never seen: {missing:?}");
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: {text}?")))
}

fn label(seed: u64) -> String {
    format!("system {seed}")
}

/// Each kind of failure with its seeds and a small file, the most frequent first.
fn told(kinds: &BTreeMap<String, Vec<(u64, Failure)>>) -> String {
    let mut kinds: Vec<_> = kinds.iter().collect();
    kinds.sort_by_key(|(_, cases)| std::cmp::Reverse(cases.len()));
    let mut told = String::new();
    for (at, (kind, cases)) in kinds.into_iter().enumerate() {
        let Some((seed, failure)) = cases.first() else { continue };
        let seeds: Vec<u64> = cases.iter().take(8).map(|(seed, _)| *seed).collect();
        let _ = writeln!(
            told,
            "\n{kind} ({} times: {})\n  seeds {seeds:?}",
            cases.len(),
            failure.detail
        );
        if at < MOST_SHRUNK || env::var_os("WINDTUNNEL_TORTURE_KEEP").is_some() {
            let smallest = shrink::shrunk(&system::experiment(*seed), kind, &label(*seed));
            let text = block::text(&smallest);
            keep(kind, &failure.detail, cases.len(), &text);
            told += &text;
        }
    }
    told
}

/// Writes a kind of failure to the folder for them, if there is one.
fn keep(kind: &str, detail: &str, times: usize, text: &str) {
    let Some(folder) = env::var_os("WINDTUNNEL_TORTURE_KEEP") else { return };
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = kind.chars().map(plain).collect();
    let path = Path::new(&folder).join(format!("{name}.yaml"));
    let detail = detail.replace('\n', "\n# ");
    let whole = format!("# {kind} ({times} times)\n# {detail}\n{text}");
    fs::write(&path, whole).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
