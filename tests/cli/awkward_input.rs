//! Input that is nearly right: it is refused, or the user is told.

use std::fs;

use crate::support::{Bench, stderr, stdout};

/// What `check` says of an experiment, and its exit status.
fn check(text: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let bench = Bench::new(text);
    let output = bench.windtunnel(&[&["check", "experiment.yaml"], arguments].concat());
    (output.status.code(), stderr(&output))
}

fn refused(text: &str, expected: &str) {
    let (status, errors) = check(text, &[]);
    assert_eq!(status, Some(2), "{text}: {errors}");
    assert!(errors.contains(expected), "{text} lacks {expected}:\n{errors}");
}

#[test]
fn the_quick_block_is_checked_even_if_it_is_not_used() {
    refused("quick: { duratoin: 2m }\n", "did you mean `duration`?");
    refused("quick: { duration: fast }\n", "experiment.yaml:1:20 (quick.duration)");
    refused("quick: { cache.levels.l1.capacity: 5 }\n", "there is no `levels` in `cache`");
}

#[test]
fn a_list_is_no_map_of_settings() {
    refused("pipeline: [5000]\n", "experiment.yaml:1:11 (pipeline)");
    refused("cache: [1h]\n", "expected a map of settings, found a list");
}

#[test]
fn what_a_sweep_cannot_change_is_not_swept() {
    for path in ["name", "replications", "seed", "charts", "record.requests", "sweep.grid"] {
        refused(&format!("sweep: {{ grid: {{ {path}: [1, 2] }} }}\n"), "all points share it");
    }
    refused("sweep: { grid: { requests: [5, 7, 5] } }\n", "`5` is listed twice");
}

#[test]
fn a_timeline_too_fine_for_the_memory_is_refused_or_bounded() {
    refused("record: { interval: 1ns }\n", "too fine for a duration of 600s");
    refused("record: { interval: 0s }\nrequests: 5\n", "longer than 0");
    // Where the end is not known beforehand.
    let bench = Bench::new(
        "replications: 1\nrecord: { interval: 1ns }\n\
         workload: { requests: [ { prompt: a }, { at: 1h, prompt: b } ] }\n",
    );
    let folder = bench.run(&["--format", "csv"]);
    let rows = fs::read_to_string(folder.join("timeline.csv")).expect("a table").lines().count();
    assert!((40_000..=100_001).contains(&rows), "{rows}");
}

#[test]
fn a_warm_up_that_leaves_nothing_is_told() {
    refused("warmup: 20m\n", "leaves nothing of the duration of 600s");
    let (status, warnings) = check("warmup: 20m\nworkload: { requests: [ { prompt: a } ] }\n", &[]);
    assert_eq!(status, Some(0));
    assert!(warnings.contains("nothing is measured"), "{warnings}");
    // How many requests come is known after the run.
    let bench = Bench::new(
        "duration: 20s\nwarmup: 1000 requests\nreplications: 1\n\
         workload: { arrivals: { poisson: { rate: 2/s } } }\n",
    );
    let output = bench.windtunnel(&["run", "experiment.yaml", "--format", "csv"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("nothing is measured"), "{}", stderr(&output));
}

#[test]
fn charts_of_what_is_not_there_are_refused_before_the_runs() {
    refused("charts: [ { timeline: { metrics: [queu] } } ]\n", "did you mean `queue`?");
    refused("charts: [ { cdf: { points: [7] } } ]\n", "there is no point 7: expected 0 to 0");
    refused(
        "replications: 5\ncharts: [ { timeline: { replication: 5 } } ]\n",
        "there is no replication 5: expected 0 to 4",
    );
    let frontier = "charts:\n  - frontier: { x: cost_per_requests_usd, y_better: more }\n";
    refused(frontier, "experiment.yaml:2:");
    refused(frontier, "higher");
    let metric = frontier.replace(", y_better: more", "");
    refused(&metric, "experiment.yaml:2:20 (charts.0.frontier.x)");
    refused(&metric, "did you mean `cost_per_request_usd`?");
    refused("charts: [ { frontier: { x: e2e_p99_s, y: e2e_p99_s } } ]\n", "are the same metric");
    refused("charts: [ { scatter: { x: cach_hit_rate } } ]\n", "did you mean `cache_hit_rate`?");
}

#[test]
fn a_chart_that_cannot_be_drawn_leaves_the_tables() {
    let bench = Bench::new(
        "name: x\nduration: 5s\nreplications: 1\ncache: { levels: [ { name: l1 } ] }\n\
         charts: [ { gantt: { table: levels.csv } } ]\n",
    );
    let output = bench.windtunnel(&["run", "experiment.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("levels.csv has no column `lane`"), "{}", stderr(&output));
    assert!(bench.path().join("results/x/points.csv").exists());
}

#[test]
fn what_yaml_says_is_said_in_plain_words() {
    refused("workload:\n\tusers: 5\n", "spaces, not with tabs");
    refused("name: a\n---\nname: b\n", "--> experiment.yaml");
    refused("seed: 99999999999999999999999\n", "the whole number is too large");
    refused("name: a\nname: b\n", "experiment.yaml:2:1");
    refused("name: a\nname: b\n", "\"name\" is set twice");
    refused("workload: { prompts: { zipf: { count: 99999999999 } } }\n", "0 to 4294967295");
    refused(&format!("name: {}\n", "x".repeat(300)), "at most 200");
}

#[test]
fn all_bad_overrides_are_told_at_once_and_as_they_were_written() {
    let (status, errors) = check("name: x\n", &["--set", "a", "--set", "bb=1", "--set", "seed=["]);
    assert_eq!(status, Some(2));
    for expected in ["--set a\n", "--set seed=[", "2 errors found"] {
        assert!(errors.contains(expected), "lacks {expected}:\n{errors}");
    }
    let (_, errors) = check("name: x\n", &["--replications", "0"]);
    assert!(errors.contains("--> --replications 0"), "{errors}");
}

#[test]
fn a_section_that_the_file_leaves_out_can_be_set() {
    let (status, errors) = check("name: x\n", &["--set", "cache.ttl=5m"]);
    assert_eq!(status, Some(0), "{errors}");
    let (status, errors) = check("name: x\n", &["--set", "cache.tll=5m"]);
    assert_eq!(status, Some(2));
    assert!(errors.contains("did you mean `ttl`?"), "{errors}");
}

#[test]
fn skipped_trace_rows_are_told() {
    let bench = Bench::new(
        "replications: 1\nworkload: { max_tokens: 500, trace: { azure: t.csv, on_bad_row: skip } }\n",
    );
    let rows = "TIMESTAMP,ContextTokens,GeneratedTokens\n\
                2023-11-16 18:15:46.6805900,374,44\n\
                2023-11-16 18:15:50.9951690,many,109\n";
    fs::write(bench.path().join("t.csv"), rows).expect("a trace");
    for command in ["check", "run"] {
        let told = stderr(&bench.windtunnel(&[command, "experiment.yaml"]));
        assert!(told.contains("1 bad row is left out"), "{command}: {told}");
        assert!(told.contains("t.csv:3"), "{command}: {told}");
    }
}

#[test]
fn a_file_whose_name_names_no_folder_is_refused() {
    let bench = Bench::new("");
    fs::write(bench.path().join("..yaml"), "duration: 1s\n").expect("a file");
    let output = bench.windtunnel(&["run", "..yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("give the experiment a `name`"), "{}", stderr(&output));
}

#[test]
fn more_threads_than_runs_are_not_started() {
    let bench = Bench::new("name: x\nduration: 1s\nreplications: 2\n");
    let began = std::time::Instant::now();
    let output = bench.windtunnel(&["run", "experiment.yaml", "--jobs", "100000", "--quiet"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(began.elapsed().as_secs() < 60);
    assert_eq!(stdout(&output), "results/x\n");
}

#[cfg(unix)]
#[test]
fn nobody_listening_is_no_crash() {
    let bench = Bench::new("cache: { ttl: long }\n");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = crate::support::windtunnel(&["check", "experiment.yaml"])
        .current_dir(bench.path())
        .stderr(writer)
        .status()
        .expect("the program starts");
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_chart_of_what_was_not_measured_says_so() {
    let bench = Bench::new(
        "name: x\nduration: 5s\nreplications: 1\nsweep: { grid: { requests: [5, 10] } }\n\
         charts: [ { line: { y: [utilization, requests] } } ]\n",
    );
    let charts = bench.run(&["--quiet", "--format", "svg"]).join("charts");
    let says = |chart: &str| {
        let svg = fs::read_to_string(charts.join(chart)).expect("a chart");
        svg.contains("not measured")
    };
    assert!(says("utilization-by-requests.svg"), "no server is limited");
    assert!(!says("requests-by-requests.svg"));
}
