//! `windtunnel compare`.

use std::path::Path;

use crate::support::{Bench, bytes, rows, stderr, stdout};

/// A server with a queue before it, with variants that differ, or do not.
const VARIANTS: &str = "
name: x
duration: 10m
replications: 8
workload:
  arrivals: { poisson: { rate: 20/s } }
  prompts: { zipf: { count: 500, exponent: 0.9 } }
cache: { ttl: 1m, levels: [ { name: l1, capacity: 20 } ] }
models:
  m: { price: { per_token: $0.00003 }, server: { tokens: { ttft: 10ms, tpot: { exponential: { mean: 1ms } } }, concurrency: 4 } }
sweep:
  list:
    - { name: base }
    - { name: more cache, cache.levels.l1.capacity: 60 }
    - { name: same, cache.levels.l1.name: first }
";

fn row<'r>(
    rows: &'r [std::collections::BTreeMap<String, String>],
    b: &str,
    metric: &str,
) -> &'r std::collections::BTreeMap<String, String> {
    rows.iter().find(|row| row["b"] == b && row["metric"] == metric).expect("the row")
}

#[test]
fn points_of_a_sweep_are_paired_on_their_common_random_numbers() {
    let bench = Bench::new(VARIANTS);
    bench.run(&[]);
    let output = bench.windtunnel(&["compare", "results/x", "--metric", "all"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = bench.path().join(stdout(&output).trim());
    let found = rows(&folder.join("comparison.csv"));
    assert!(found.iter().all(|row| row["a"] == "base" && row["method"] == "paired t"));
    let hits = row(&found, "more cache", "cache_hit_rate");
    assert_eq!((hits["verdict"].as_str(), hits["values_a"].as_str()), ("higher", "8"));
    assert_eq!(row(&found, "more cache", "cost_usd")["verdict"], "lower");
    for metric in ["e2e_p99_s", "cost_usd"] {
        let same = row(&found, "same", metric);
        assert_eq!(same["verdict"], "no difference shown");
        assert_eq!((same["difference"].as_str(), same["p"].as_str()), ("0", "1"));
    }
    let chart = std::fs::read_to_string(folder.join("charts/cache_hit_rate-differences.svg"));
    assert!(chart.expect("a forest plot").contains("more cache against base"));
    assert!(folder.join("charts/e2e_s-cdf.png").exists());
}

#[test]
fn the_same_results_are_compared_and_nothing_is_shown() {
    let bench = Bench::new(VARIANTS);
    bench.run(&["--out", "a", "--replications", "3"]);
    bench.run(&["--out", "b", "--replications", "3"]);
    let output = bench.windtunnel(&["compare", "a/x:base", "b/x:base"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let found = rows(&bench.path().join(stdout(&output).trim()).join("comparison.csv"));
    assert!(!found.is_empty());
    assert!(found.iter().all(|row| row["verdict"] == "no difference shown"));
}

#[test]
fn equal_quantities_are_one_point_and_points_left_alone_are_told() {
    let bench = Bench::new("name: a\nduration: 5m\nreplications: 3\n");
    bench.run(&["--set", "sweep.grid={ cache.ttl: [2s, 1m] }"]);
    bench.run(&["--set", "name=b", "--set", "sweep.grid={ cache.ttl: [60s, 2s, 90s] }"]);
    let output = bench.windtunnel(&["compare", "results/a", "results/b", "--metric", "e2e_p99_s"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("warning: 1 of the points have no counterpart"));
    let found = rows(&bench.path().join(stdout(&output).trim()).join("comparison.csv"));
    let at: Vec<&str> = found.iter().map(|row| row["at"].as_str()).collect();
    assert_eq!(at, ["ttl 2s", "ttl 1m"]);
    let named = bench.windtunnel(&["compare", "results/a:ttl=60s", "results/b:ttl=2s"]);
    assert!(named.status.success(), "{}", stderr(&named));
}

#[test]
fn a_comparison_never_takes_the_place_of_other_results() {
    let bench = Bench::new("name: a\nduration: 5m\nreplications: 2\n");
    bench.run(&["--set", "name=b"]);
    bench.run(&["--set", "name=other"]);
    bench.run(&["--seed", "7"]);
    for (name, why) in [("a", "is what is compared"), ("other", "holds other results")] {
        let output = bench.windtunnel(&["compare", "results/a", "results/b", "--name", name]);
        let told = stderr(&output);
        assert!(output.status.code() == Some(2) && told.contains(why), "{told}");
        assert!(bench.path().join("results").join(name).join("runs.csv").exists());
    }
    for _ in 0..2 {
        let output = bench.windtunnel(&["compare", "results/a", "results/b", "--name", "ab"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

#[test]
fn folders_of_another_seed_are_compared_as_independent_runs() {
    let bench = Bench::new(VARIANTS);
    bench.run(&["--out", "a"]);
    bench.run(&["--out", "b", "--seed", "7"]);
    let output = bench.windtunnel(&["compare", "a/x:base", "b/x:base", "b/x:1"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = bench.path().join(stdout(&output).trim());
    let found = rows(&folder.join("comparison.csv"));
    assert!(found.iter().all(|row| row["method"] == "Welch's t"));
    let told = stderr(&output);
    assert!(told.contains("no difference shown") && told.contains("higher"), "{told}");
    let same = found.iter().filter(|row| row["b"] == "b/x: base");
    assert!(same.clone().all(|row| row["verdict"] == "no difference shown"));
    assert!(same.count() >= 3);
}

#[test]
fn whole_sweeps_are_compared_point_by_point_and_redrawn_from_the_folder() {
    let bench = Bench::new(VARIANTS);
    bench.run(&["--out", "a"]);
    bench.run(&["--out", "b", "--set", "models.m.server.concurrency=3"]);
    let output = bench.windtunnel(&[
        "compare",
        "a/x",
        "b/x",
        "--metric",
        "e2e_p99_s",
        "--out",
        "c",
        "--name",
        "fewer",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).trim(), "c/fewer");
    let folder = bench.path().join("c/fewer");
    let found = rows(&folder.join("comparison.csv"));
    let places: Vec<&str> = found.iter().map(|row| row["at"].as_str()).collect();
    assert_eq!(places, ["base", "more cache", "same"]);
    assert!(found.iter().all(|row| row["verdict"] == "higher"));
    let before = bytes(&folder);
    std::fs::remove_dir_all(folder.join("charts")).expect("removed");
    assert!(bench.windtunnel(&["plot", "c/fewer"]).status.success());
    assert!(before == bytes(&folder));
}

#[test]
fn points_are_named_by_variants_that_look_like_numbers_and_by_values_of_any_form() {
    let (system, _) = VARIANTS.split_once("sweep:").expect("a sweep");
    let bench = Bench::new(&format!(
        "{}sweep:
  list:
    - {{ name: '1', cache.levels.l1.policy: lru }}
    - {{ name: '2', cache.levels.l1.policy: {{ lru_k: {{ k: 2 }} }} }}
    - {{ name: 'a, b: c', cache.levels.l1.policy: fifo }}
",
        system.replace("duration: 10m", "duration: 10s")
    ));
    bench.run(&["--format", "csv"]);
    let cases = |a: &str, b: &str| {
        let points = [a, b].map(|point| format!("results/x:{point}"));
        let arguments = ["compare", &points[0], &points[1], "--format", "csv"];
        let output = bench.windtunnel(&arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        let found = rows(&bench.path().join(stdout(&output).trim()).join("comparison.csv"));
        [&found[0]["a"], &found[0]["b"]].map(String::clone)
    };
    assert_eq!(cases("1", "2"), ["1", "2"]);
    assert_eq!(cases("0", "a, b: c"), ["1", "a, b: c"]);
    assert_eq!(cases(r#"policy={"lru_k":{"k":2}}"#, "variant=1,policy=lru"), ["2", "1"]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let bench = Bench::new(&VARIANTS.replace("duration: 10m", "duration: 10s"));
    bench.run(&[]);
    let refused = |arguments: &[&str], message: &str| {
        let output = bench.windtunnel(&[&["compare"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
    };
    refused(&["results/x:0"], "nothing to compare");
    refused(&["results/x:7", "results/x:0"], "no point 7: expected 0 to 2");
    refused(&["results/x:bas", "results/x:0"], "no point `bas`");
    refused(&["results/x:cache=5", "results/x:0"], "was not swept by `cache`");
    refused(&["nowhere", "results/x"], "not a results folder");
    refused(&["results/x", "--metric", "e2e_p98_s"], "did you mean `e2e_p90_s`?");
    refused(&["results/x", "--name", "../x"], "--name");
    assert!(!Path::new(&bench.path().join("results/compare-x-and-first")).exists());
}

#[test]
fn a_node_of_one_s_own_is_dearer_than_an_api_where_it_is() {
    // At 2 requests a second, $10 an hour are $0.00139 each; the API takes $0.00123.
    let bench = Bench::new(
        "
name: x
duration: 10m
replications: 4
workload: { arrivals: { constant: { rate: 2/s } }, prompts: unique, tokens: { input: { constant: 1000 }, output: { constant: 230 } }, max_tokens: 300 }
models: { m: { server: { tokens: { ttft: 10ms, tpot: 1ms } } } }
sweep:
  list:
    - { name: api, models.m.price.per_token: 0.000001 }
    - { name: own, models.m.price.per_gpu_hour: $10 }
",
    );
    bench.run(&[]);
    let output = bench.windtunnel(&["compare", "results/x", "--metric", "all"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let found = rows(&bench.path().join(stdout(&output).trim()).join("comparison.csv"));
    for metric in ["cost_usd", "cost_per_request_usd"] {
        assert_eq!(row(&found, "own", metric)["verdict"], "higher", "{metric}");
    }
}
