//! The same file and seed give the same bytes.

use std::fs;

use crate::support::{Bench, assert_same, stderr};

const SWEEP: &str = "
name: sweep
duration: 2m
warmup: 10s
replications: 3
workload:
  arrivals: { poisson: { rate: 20/s } }
  prompts: { zipf: { count: 500, exponent: 0.9 } }
  tokens: { input: { lognormal: { mean: 400, p90: 900 } }, output: { lognormal: { mean: 50, p90: 90 } } }
  users: { zipf: { count: 10, exponent: 1.0 } }
cache: { ttl: 1m, levels: [ { name: l1, capacity: 20 }, { name: l2, capacity: 100, latency: 10ms } ] }
models:
  large: { price: { per_token: $0.00003 }, quality: 0.95, server: { seed: { speed: 1.0 }, concurrency: 4, queue_limit: 50 } }
  small: { price: { per_token: $0.000002 }, quality: 0.85, server: { seed: { speed: 2.0 } } }
cost: { budgets: { default: { daily: $0.5 } } }
sweep:
  grid:
    cache.levels.l1.capacity: [5, 50]
    cache.levels.l1.policy: [lru, fifo]
record: { requests: true, log: true }
";

#[test]
fn any_number_of_threads_and_a_second_time_give_the_same_bytes() {
    let bench = Bench::new(SWEEP);
    let first = bench.run(&["--jobs", "1", "--out", "one"]);
    for (jobs, out) in [("1", "again"), ("2", "two"), ("8", "eight")] {
        assert_same(&first, &bench.run(&["--jobs", jobs, "--out", out]));
    }
}

#[test]
fn an_interrupted_sweep_resumes_to_the_same_bytes() {
    let bench = Bench::new(SWEEP);
    let whole = bench.run(&["--out", "whole"]);
    let resumed = bench.path().join("resumed");
    // As if it had been stopped: some records are there, one is damaged.
    let partial = resumed.join(".sweep.partial");
    let stopped = bench.windtunnel(&[
        "run",
        "experiment.yaml",
        "--out",
        "resumed",
        "--set",
        "replications=3",
    ]);
    assert!(stopped.status.success(), "{}", stderr(&stopped));
    fs::remove_dir_all(resumed.join("sweep")).expect("removed");
    interrupt(&bench, "resumed");
    let kept = fs::read_dir(&partial).expect("the kept runs").count();
    assert!(kept > 2, "some runs are kept");
    let record = partial.join("run-0.bin");
    if record.exists() {
        let mut damaged = fs::read(&record).expect("a record");
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        fs::write(&record, damaged).expect("written");
    }
    let output = bench.run(&["--out", "resumed", "--resume"]);
    assert_same(&whole, &output);
    assert!(!partial.exists(), "nothing is left behind");
}

/// Starts the sweep, slowed down to one thread, and stops it as Ctrl-C would
/// when the first records are there.
fn interrupt(bench: &Bench, out: &str) {
    use std::process::Stdio;
    let mut child =
        crate::support::windtunnel(&["run", "experiment.yaml", "--jobs", "1", "--out", out])
            .current_dir(bench.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
    let records = bench.path().join(out).join(".sweep.partial");
    while child.try_wait().expect("a status").is_none() {
        let count = fs::read_dir(&records).map_or(0, |entries| {
            entries
                .flatten()
                .filter(|entry| entry.path().extension().is_some_and(|end| end == "bin"))
                .count()
        });
        if count >= 2 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill");
    assert!(killed.success(), "the program was still running");
    let status = child.wait().expect("a status");
    assert_eq!(status.code(), Some(130), "interrupted");
}

#[test]
fn common_random_numbers_give_every_point_the_same_arrivals() {
    let bench = Bench::new(SWEEP);
    let folder = bench.run(&["--format", "csv"]);
    let runs = crate::support::rows(&folder.join("runs.csv"));
    for run in &runs {
        let twin = &runs[run["replication"].parse::<usize>().expect("a number")];
        assert_eq!(run["requests"], twin["requests"]);
    }
}
