//! Monitors from the command line: tables, charts, sweeps, errors.

use std::fs;

use crate::support::{Bench, assert_same, bytes, rows, stderr};

const FLEET: &str = "
name: fleet
duration: 1h
warmup: 5m
replications: 2
workload:
  arrivals: { poisson: { rate: 4/s } }
  prompts: { uniform: { count: 100000 } }
  tokens: { input: { constant: 100 }, output: { lognormal: { mean: 100, p90: 200 } } }
models:
  m:
    price: { per_token: $0.00001 }
    server:
      tokens: { ttft: 200ms, tpot: 8ms }
      replicas: 3
      concurrency: 2
      faults: { mtbf: 30m, mttr: 2m, error_rate: 0.01, brown_outs: [{ from: 20m, until: 25m, factor: 4 }] }
slo: { e2e: 3s }
monitors:
  - { name: errors & more, metric: error_rate, above: 2% }
  - { name: slow, metric: e2e_p99_s, above: 4s, for: 1m }
  - { name: queue, metric: queue, above: 3 }
  - { name: burn, slo: { objective: 95% }, burn_rate: 2, long: 10m, short: 2m }
";

#[test]
fn alerts_and_charts_are_the_same_at_any_number_of_jobs() {
    let text = format!("{FLEET}sweep: {{ grid: {{ monitors.slow.for: [0s, 2m, 10m] }} }}\n");
    let bench = Bench::new(&text);
    let one = bench.run(&["--jobs", "1", "--out", "one"]);
    assert_same(&one, &bench.run(&["--jobs", "8", "--out", "eight"]));
    let alerts = rows(&one.join("alerts.csv"));
    let slow = |point: &str| {
        let mine = |row: &&std::collections::BTreeMap<String, String>| {
            row["monitor"] == "slow" && row["point"] == point
        };
        alerts.iter().filter(mine).count()
    };
    let slow = ["0", "1", "2"].map(slow);
    assert!(slow[0] >= slow[1] && slow[1] > slow[2], "{slow:?}");
    // The other rules are the same at every point.
    let queue = |point: &str| -> Vec<String> {
        let mine = alerts.iter().filter(|row| row["monitor"] == "queue" && row["point"] == point);
        mine.map(|row| format!("{} {}", row["replication"], row["fired_s"])).collect()
    };
    assert_eq!(queue("0"), queue("2"));
    let monitors = rows(&one.join("monitors.csv"));
    assert_eq!(monitors.len(), 3 * 2 * 4, "points, replications, rules");
    let points = rows(&one.join("points.csv"));
    let fired = |point: &str| {
        let mine = monitors.iter().filter(|row| row["point"] == point);
        mine.map(|row| row["fired"].parse::<f64>().expect("a number")).sum::<f64>() / 2.0
    };
    for row in &points {
        assert_eq!(row["alerts_fired"].parse::<f64>().expect("a number"), fired(&row["point"]));
    }
}

#[test]
fn alerts_are_drawn_in_lanes_beside_the_curves_and_drawn_again() {
    let bench = Bench::new(&format!(
        "{FLEET}charts: [ {{ timeline: {{}} }}, {{ bar: {{ x: monitor, y: fired }} }} ]\n"
    ));
    let folder = bench.run(&[]);
    let svg = fs::read_to_string(folder.join("charts/timeline.svg")).expect("a chart");
    for name in ["Alerts", "faults", "errors &amp; more", "slow", "queue", "burn", "an alert fires"]
    {
        assert!(svg.contains(name), "{name}");
    }
    let before = bytes(&folder);
    let output = bench.windtunnel(&["plot", "results/fleet"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(before == bytes(&folder), "the charts are the same");
}

#[test]
fn monitors_that_never_fire_leave_a_table_without_rows() {
    let bench = Bench::new(
        "duration: 2m\nmonitors: [ { metric: queue, above: 1000000 } ]\ncharts: [ { timeline: {} } ]\n",
    );
    let folder = bench.run(&[]);
    assert!(rows(&folder.join("alerts.csv")).is_empty());
    assert!(!folder.join("faults.csv").exists(), "none is injected");
    let svg = fs::read_to_string(folder.join("charts/timeline.svg")).expect("a chart");
    assert!(svg.contains("nothing fired"));
    let plain = Bench::new("duration: 2m\n");
    assert!(!plain.run(&[]).join("alerts.csv").exists());
}

#[test]
fn a_rule_is_set_by_its_name_and_wrong_ones_are_located() {
    let bench = Bench::new(FLEET);
    let set = bench.run(&["--set", "monitors.slow.above=1h", "--set", "monitors.2.above=1000000"]);
    let fired = |name: &str| rows(&set.join("alerts.csv")).iter().any(|row| row["monitor"] == name);
    assert!(!fired("slow") && !fired("queue") && fired("errors & more"));
    let wrong = "
monitors:
  - { metric: e2e_p99s, above: 2s }
  - { metric: error_rate, above: 2s }
  - { metric: queue, above: 3, fro: 5m }
  - { metric: queue, above: lots }
  - { slo: { objective: 100% } }
  - { slo: { objective: 99%, bad: slow } }
  - { metric: e2e_p99_s, above: 2s, below: 1s }
  - { metric: e2e_p99_s, above: 2s, class: batsh }
";
    let output = Bench::new(wrong).windtunnel(&["check", "experiment.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = stderr(&output);
    for expected in [
        "experiment.yaml:3:15 (monitors.0.metric)",
        "unknown metric of a monitor `e2e_p99s`",
        "did you mean `e2e_p99_s`?",
        "experiment.yaml:4:34 (monitors.1.above)",
        "expected a share such as 5% or 0.05 for `error_rate`",
        "experiment.yaml:5:32 (monitors.2.fro)",
        "did you mean `for`?",
        "experiment.yaml:6:29 (monitors.3.above)",
        "experiment.yaml:7:25 (monitors.4.slo.objective)",
        "experiment.yaml:8:35 (monitors.5.slo.bad)",
        "experiment.yaml:9:5 (monitors.6)",
        "expected either `above` or `below`",
    ] {
        assert!(errors.contains(expected), "{expected}\n{errors}");
    }
    let class = "monitors: [ { metric: e2e_p99_s, above: 2s, class: standart } ]\n";
    let output = Bench::new(class).windtunnel(&["check", "experiment.yaml"]);
    let errors = stderr(&output);
    assert!(errors.contains("(monitors.0.class)") && errors.contains("`standard`"), "{errors}");
}
