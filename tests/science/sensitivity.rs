//! Sensitivity studies from the file to `sensitivity.csv`.

use std::fs;

use crate::support::{Bench, assert_same, rows, stderr};

/// Every request is answered by a model whose time is constant, so that the mean time is
/// the wait before the first token and that for each token: 3 x ttft + 1 x the rest, say.
const LINEAR: &str = "
name: x
requests: 40
replications: 1
workload:
  arrivals: { poisson: { rate: 1/s } }
  prompts: unique
  tokens: { input: { constant: 100 }, output: { constant: 101 } }
  max_tokens: 200
models:
  m: { price: { per_token: $0.00001 }, server: { tokens: { ttft: 500ms, tpot: 5ms } } }
";

fn number(row: &std::collections::BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {row:?}"))
}

#[test]
fn sobol_indices_of_a_sum_are_the_shares_of_its_terms() {
    let bench = Bench::new(&format!(
        "{LINEAR}sweep:
  sobol:
    samples: 64
    metrics: [e2e_mean_s]
    ranges:
      models.m.server.tokens.ttft: {{ from: 0ms, to: 600ms }}
      models.m.server.tokens.tpot: {{ from: 1ms, to: 3ms }}
      workload.max_tokens: {{ from: 150, to: 300 }}
"
    ));
    let folder = bench.run(&["--format", "svg"]);
    let found = rows(&folder.join("sensitivity.csv"));
    // Variances of 600 ms and of 100 x 2 ms, by uniform laws: 9 to 1; the limit on tokens
    // does nothing.
    for (row, share) in found.iter().zip([0.9, 0.1, 0.0]) {
        assert_eq!(row["metric"], "e2e_mean_s");
        for index in ["first_order", "total"] {
            assert!((number(row, index) - share).abs() < 0.04, "{row:?}");
        }
    }
    assert_eq!(found.len(), 3);
    let chart = fs::read_to_string(folder.join("charts/e2e_mean_s-sensitivity.svg"));
    assert!(chart.expect("a chart").contains("What mean latency depends on"));
    assert_same(&folder, &bench.run(&["--format", "svg", "--jobs", "1", "--out", "again"]));
}

#[test]
fn elementary_effects_of_a_sum_are_its_slopes() {
    let bench = Bench::new(&format!(
        "{LINEAR}sweep:
  morris:
    trajectories: 4
    metrics: [e2e_mean_s, cost_per_request_usd]
    ranges:
      models.m.server.tokens.ttft: {{ from: 100ms, to: 700ms }}
      models.m.server.tokens.tpot: {{ from: 1ms, to: 4ms }}
"
    ));
    let found = rows(&bench.run(&["--format", "csv"]).join("sensitivity.csv"));
    // Over the whole range: 600 ms, and 3 ms for each of 100 tokens. Money does not vary.
    assert_eq!(found.len(), 2);
    for (row, slope) in found.iter().zip([0.6, 0.3]) {
        assert!((number(row, "mu_star") - slope).abs() < 1e-6, "{row:?}");
        assert!((number(row, "mu") - slope).abs() < 1e-6 && number(row, "sigma") < 1e-6);
    }
}

#[test]
fn elementary_effects_over_lists_and_whole_numbers_are_those_of_the_whole_range() {
    let bench = Bench::new(&format!(
        "{LINEAR}sweep:
  morris:
    trajectories: 40
    metrics: [e2e_mean_s]
    ranges:
      models.m.server.tokens.ttft: [100ms, 300ms, 500ms]
      models.m.server.tokens.tpot: [1ms, 4ms]
      workload.tokens.output.constant: {{ from: 101, to: 106 }}
"
    ));
    let folder = bench.run(&["--format", "csv"]);
    let found = rows(&folder.join("sensitivity.csv"));
    // 400 ms; 3 ms for each of 100 to 105 further tokens; 5 tokens of 1 or 4 ms each.
    assert!((number(&found[0], "mu") - 0.4).abs() < 1e-6, "{:?}", found[0]);
    assert!(number(&found[0], "sigma") < 1e-6, "{:?}", found[0]);
    assert!((0.3..=0.315).contains(&number(&found[1], "mu")), "{:?}", found[1]);
    assert!((0.005..=0.02).contains(&number(&found[2], "mu")), "{:?}", found[2]);
    let points = rows(&folder.join("points.csv"));
    for value in ["100ms", "300ms", "500ms"] {
        assert!(points.iter().any(|row| row["models.m.server.tokens.ttft"] == value), "{value}");
    }
}

#[test]
fn values_changed_alone_are_compared_with_the_experiment_as_it_is() {
    let bench = Bench::new(
        &format!(
            "{LINEAR}sweep:
  one_at_a_time:
    models.m.server.tokens.ttft: [400ms, 800ms]
    models.m.server.tokens.tpot: [4ms, 6ms]
"
        )
        .replace("replications: 1", "replications: 3"),
    );
    let folder = bench.run(&[]);
    let found = rows(&folder.join("sensitivity.csv"));
    let mean: Vec<f64> = found
        .iter()
        .filter(|row| row["metric"] == "e2e_mean_s")
        .map(|row| number(row, "difference"))
        .collect();
    for (found, expected) in mean.iter().zip([-0.1, 0.3, -0.1, 0.1]) {
        assert!((found - expected).abs() < 1e-6, "{mean:?}");
    }
    assert!(folder.join("charts/e2e_mean_s-sensitivity.png").exists());
}

#[test]
fn a_study_stands_alone_and_says_what_is_wrong() {
    let refused = |sweep: &str, place: &str, message: &str| {
        let bench = Bench::new(&format!("{LINEAR}sweep: {{ {sweep} }}\n"));
        let output = bench.windtunnel(&["check", "experiment.yaml"]);
        let told = stderr(&output);
        assert!(told.contains(place) && told.contains(message), "{told}");
        assert_eq!(output.status.code(), Some(2));
    };
    let ranges = "ranges: { requests: { from: 10, to: 20 } }";
    refused(
        &format!("sobol: {{ {ranges} }}, grid: {{ seed: [1] }}"),
        "sweep.sobol",
        "stands alone",
    );
    refused(&format!("sobol: {{ samples: 1, {ranges} }}"), "sweep.sobol.samples", "expected 2");
    refused(&format!("morris: {{ levels: 3, {ranges} }}"), "sweep.morris.levels", "even number");
    refused("morris: { ranges: { requests: [10] } }", "sweep.morris", "at least 2 values");
    refused(
        &format!("morris: {{ metrics: [e2e_p98_s], {ranges} }}"),
        "sweep.morris.metrics",
        "unknown metric",
    );
}
