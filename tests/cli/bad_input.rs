//! Whatever is wrong with the input: a clear error, exit status 2, nothing
//! half-written.

use std::fmt::Write as _;
use std::fs;

use crate::support::{Bench, stderr, stdout};

/// The errors of an experiment; it must be refused and leave nothing behind.
fn refused(text: &str) -> String {
    refused_with(text, &[])
}

fn refused_with(text: &str, arguments: &[&str]) -> String {
    let bench = Bench::new(text);
    let output = bench.windtunnel(&[&["run", "experiment.yaml"], arguments].concat());
    let errors = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{errors}\n{}", stdout(&output));
    let left: Vec<_> = fs::read_dir(bench.path())
        .expect("a folder")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(left, ["experiment.yaml"], "nothing is written");
    errors
}

#[test]
fn an_empty_file_is_told_how_to_start() {
    assert!(refused("").contains("the file is empty; `windtunnel new NAME`"));
    assert!(refused("# only a comment\n").contains("the file is empty"));
    assert!(refused("- a\n- list\n").contains("expected a map of settings"));
}

#[test]
fn text_that_is_not_yaml_is_located() {
    let errors = refused("name: x\nworkload: { arrivals: [ }\n");
    assert!(errors.contains("experiment.yaml:2:"), "{errors}");
}

#[test]
fn a_yaml_bomb_is_refused_at_once() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        let _ = writeln!(text, "a{level}: &a{level} [{}]", below.trim_end_matches(", "));
    }
    let began = std::time::Instant::now();
    let errors = refused(&text);
    assert!(errors.contains("repetition limit"), "{errors}");
    assert!(began.elapsed().as_secs() < 30);
    let deep = format!("a: {}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(refused(&deep).contains("recursion limit"));
}

#[test]
fn every_mistake_is_reported_at_once_with_its_place_and_the_nearest_name() {
    let errors = refused(
        "name: many\n\
         durration: 1h\n\
         workload:\n\
         \x20 arrivals: { poison: { rate: 20/s } }\n\
         \x20 prompts: { zipf: { count: many, exponent: 0.9 } }\n\
         cache:\n\
         \x20 ttl: 5 parsecs\n\
         \x20 levels: [ { name: l1, capacity: 5 }, { name: l2, policy: lruu } ]\n\
         models:\n\
         \x20 gpt-4: { price: { per_token: $-1 }, quality: 1.5 }\n",
    );
    for expected in [
        "experiment.yaml:2:1 (durration)",
        "unknown field `durration`",
        "did you mean `duration`?",
        "experiment.yaml:4:15 (workload.arrivals.poison)",
        "did you mean `poisson`?",
        "experiment.yaml:5:29 (workload.prompts.zipf.count)",
        "experiment.yaml:7:8 (cache.ttl)",
        "`parsecs` is not a unit of time",
        "experiment.yaml:8:60 (cache.levels.1.policy)",
        "did you mean `lru`?",
        "(models.gpt-4.price.per_token)",
        "(models.gpt-4.quality)",
        "a number from 0 to 1",
        "7 errors found; nothing was run",
    ] {
        assert!(errors.contains(expected), "lacks {expected}:\n{errors}");
    }
}

#[test]
fn a_mistake_is_told_once_and_hides_no_other() {
    let errors = refused(
        "workload:\n\
         \x20 users: { list: [ { name: ann }, { nam: bob } ] }\n\
         charts: [ { line: { y: e2e_p98_s } } ]\n\
         sweep: { grid: { cache.levels.l1.capacity: [1, 2] } }\n",
    );
    assert!(errors.contains("did you mean `name`?"), "{errors}");
    assert!(!errors.contains("missing field"), "that is the same mistake:\n{errors}");
    assert!(errors.contains("e2e_p98_s"), "{errors}");
    assert!(errors.contains("cannot vary `cache.levels.l1.capacity`"), "{errors}");
    assert!(errors.contains("3 errors found"), "{errors}");
}

#[test]
fn rates_that_are_no_rates_are_refused() {
    for rate in [".nan", ".inf", "-5/s", "5/fortnight", "fast", "1e999/s"] {
        let errors =
            refused(&format!("workload:\n  arrivals: {{ poisson: {{ rate: {rate} }} }}\n"));
        assert!(errors.contains("experiment.yaml:2:"), "{rate}: {errors}");
        assert!(errors.contains("expected a rate"), "{rate}: {errors}");
    }
    refused("workload: { arrivals: { poisson: { rate: 0/s } } }\n");
}

#[test]
fn dangling_names_are_found() {
    let errors = refused(
        "models: { gpt-4: { price: { per_token: $1e-5 }, quality: 0.9 } }\n\
         cost: { select: { fixed: gtp-4 } }\n\
         charts: [ { line: { x: workload.arrivals.poisson.rate, y: e2e_p98_s } } ]\n",
    );
    assert!(errors.contains("did you mean `gpt-4`?"), "{errors}");
    assert!(errors.contains("e2e_p98_s"), "{errors}");
}

#[test]
fn a_grid_of_a_billion_points_is_refused_with_the_count() {
    let list = (1..=1000).map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
    let errors = refused(&format!(
        "sweep: {{ grid: {{ duration: [{list}], warmup: [{list}], requests: [{list}] }} }}\n"
    ));
    assert!(errors.contains("1000000000 points"), "{errors}");
}

#[test]
fn a_bad_value_in_a_grid_is_located_in_the_grid() {
    let errors = refused(
        "cache: { levels: [ { name: l1 } ] }\n\
         sweep:\n  grid:\n    cache.levels.l1.capacity: [10, ten]\n    cache.levels.l9.capacity: [1]\n",
    );
    assert!(errors.contains("experiment.yaml:5:5"), "{errors}");
    assert!(errors.contains("there is no `l9` in `cache.levels`"), "{errors}");
    let errors = refused(
        "cache: { levels: [ { name: l1 } ] }\n\
         sweep:\n  grid:\n    cache.levels.l1.capacity: [10, ten]\n",
    );
    assert!(errors.contains("experiment.yaml:4:36"), "{errors}");
}

#[test]
fn a_bad_set_names_itself() {
    let errors = refused_with("name: x\n", &["--set", "workload.arrivals.poisson.rate=fast"]);
    assert!(errors.contains("--set workload.arrivals.poisson.rate=fast"), "{errors}");
    let errors = refused_with("name: x\n", &["--set", "durationn=1h"]);
    assert!(errors.contains("did you mean `duration`?"), "{errors}");
    let errors = refused_with("name: x\n", &["--set", "nonsense"]);
    assert!(errors.contains("expected path=value"), "{errors}");
}

#[test]
fn a_missing_file_and_a_missing_trace_are_named() {
    let bench = Bench::new("");
    let output = bench.windtunnel(&["run", "absent.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("absent.yaml"));
    let errors = refused("workload: { trace: { azure: nowhere.csv } }\n");
    assert!(errors.contains("nowhere.csv") && errors.contains("searched"), "{errors}");
}

fn trace_with_a_bad_row(on_bad_row: &str) -> Bench {
    let bench = Bench::new(&format!(
        "replications: 1\nworkload: {{ trace: {{ azure: trace.csv, on_bad_row: {on_bad_row} }} }}\n"
    ));
    let rows = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n\
                2023-11-16 18:15:46.6805900,374,44\r\n\
                2023-11-16 18:15:50.9951690,many,109\r\n\
                2023-11-16 18:15:51.2224670,879,55";
    fs::write(bench.path().join("trace.csv"), rows).expect("a trace");
    bench
}

#[test]
fn a_bad_trace_row_is_named_or_counted() {
    let bench = trace_with_a_bad_row("fail");
    let output = bench.windtunnel(&["run", "experiment.yaml"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("trace.csv:3"), "{}", stderr(&output));
    assert!(!bench.path().join("results").exists());

    let bench = trace_with_a_bad_row("skip");
    let folder = bench.run(&["--quiet"]);
    let manifest = fs::read_to_string(folder.join("manifest.yaml")).expect("a manifest");
    assert!(manifest.contains("skipped_trace_rows: 1"), "{manifest}");
}

#[test]
fn an_output_folder_that_cannot_be_written_is_refused() {
    let bench = Bench::new("duration: 1s\nreplications: 1\n");
    fs::write(bench.path().join("file"), "in the way").expect("a file");
    let output = bench.windtunnel(&["run", "experiment.yaml", "--out", "file"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("file"), "{}", stderr(&output));
}

#[test]
fn a_stranger_s_folder_is_left_alone_even_if_it_has_a_manifest() {
    let bench = Bench::new("name: base\nduration: 10s\nreplications: 1\n");
    let folder = bench.path().join("results/base");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("manifest.yaml"), "apiVersion: v1\nkind: Pod\n").expect("a file");
    let output = bench.windtunnel(&["run", "experiment.yaml"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let left = fs::read_to_string(folder.join("manifest.yaml")).expect("still there");
    assert!(left.starts_with("apiVersion"), "{left}");
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let bench = Bench::new("duration: 1s\nreplications: 1\n");
    let folder = bench.path().join("results/experiment");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("thesis.txt"), "precious").expect("a file");
    let output = bench.windtunnel(&["run", "experiment.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.join("thesis.txt")).expect("still there"), "precious");
}

#[test]
fn a_metric_that_no_point_can_have_is_refused_with_those_it_can() {
    let system = "duration: 10s\nreplications: 2\nmodels: { m: {} }\n";
    for (asked, place, message) in [
        (
            "columns: [makespan_p99_s]",
            "4:11",
            "no `makespan_p99_s` in this system: there are no workflows",
        ),
        ("columns: [cache_hit_rate]", "4:11", "there is no cache"),
        ("charts: [{ line: { y: semantic_precision } }]", "4:", "there is no semantic cache"),
        ("charts: [{ bar: { x: workflow, y: cost_usd } }]", "4:", "there are no workflows"),
        (
            "charts: [{ bar: { x: model, y: makespan_p99_s } }]",
            "4:",
            "unknown column of models.csv",
        ),
        ("charts: [{ tornado: {} }]", "4:", "no parameter's effect is measured"),
        ("precision: { metric: makespan_p99_s }", "4:", "there are no workflows"),
        ("monitors: [{ metric: cache_hit_rate, below: 50% }]", "4:", "there is no cache"),
        (
            "search: { cheapest: { space: { models.m.quality: [0.5, 0.9] }, slo: { coalesced: { below: 2 } } } }",
            "4:",
            "no request waits for another's answer",
        ),
    ] {
        let errors = refused(&format!("{system}{asked}\n"));
        assert!(errors.contains(&format!("experiment.yaml:{place}")), "{asked}: {errors}");
        assert!(errors.contains(message), "{asked}: {errors}");
    }
    let errors = refused(&format!("{system}columns: [makespan_p99_s]\n"));
    let help = errors.lines().find(|line| line.contains("the nearest of")).unwrap_or(&errors);
    assert!(help.contains("e2e_p99_s") && help.matches(", ").count() >= 5, "{help}");
    // What one point of a sweep has, the file may name.
    let bench = Bench::new(&format!(
        "{system}columns: [cache_hit_rate]\nsweep: {{ grid: {{ cache: [null, {{}}] }} }}\n"
    ));
    let output = bench.windtunnel(&["check", "experiment.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // What the file has is no mistake where `--set` takes it away.
    let bench = Bench::new(&format!("{system}columns: [cache_hit_rate]\ncache: {{}}\n"));
    let output = bench.windtunnel(&["check", "experiment.yaml", "--set", "cache=null"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
