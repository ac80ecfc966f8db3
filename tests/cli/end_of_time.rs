//! Virtual time ends after 584 years: what would come later is an error that names the
//! settings, not a run that never ends.

use crate::support::{Bench, stderr};

fn refused(text: &str, expected: &[&str]) {
    let bench = Bench::new(text);
    let output = bench.windtunnel(&["run", "experiment.yaml", "--quiet", "--format", "csv"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}: {told}");
    assert!(told.contains("virtual time ends 584 years after the start"), "{told}");
    for expected in expected {
        assert!(told.contains(expected), "{text} lacks {expected}:\n{told}");
    }
}

const ARRIVALS: &str = "
requests: 3
replications: 1
workload: { arrivals: { constant: { rate: 1/d } } }
";

#[test]
fn latencies_that_add_up_to_more_are_named() {
    refused(
        &format!(
            "{ARRIVALS}
cache: {{ levels: [ {{ name: l1, capacity: 10, latency: 14000w }}, {{ name: l2, capacity: 10, latency: 14000w }} ] }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 14000w }} }} }} }}
"
        ),
        &["a model's answer", "cache.levels.0.latency: 8467200000s", "ttft"],
    );
}

#[test]
fn a_fleet_s_answers_and_waits_are_named() {
    refused(
        &format!(
            "{ARRIVALS}
pipeline: {{ max_prompt_length: 1000000, stages: {{ validate: 14000w, key: 14000w }} }}
models: {{ m: {{ server: {{ replicas: 2, tokens: {{ ttft: 14000w }} }} }} }}
"
        ),
        &["pipeline.stages.validate: 8467200000s", "ttft"],
    );
}

#[test]
fn arrivals_that_never_come_are_an_error_and_not_fewer_requests() {
    for arrivals in ["constant", "poisson", "gamma", "weibull"] {
        refused(
            &format!(
                "
requests: 100
replications: 1
workload: {{ arrivals: {{ {arrivals}: {{ rate: 0.00001/h }} }} }}
"
            ),
            &["the next arrival", "`workload`"],
        );
    }
}

#[test]
fn a_window_of_arrivals_may_end_before_the_next() {
    let bench = Bench::new(
        "
duration: 100d
replications: 1
workload: { arrivals: { constant: { rate: 0.0001/d } } }
",
    );
    bench.run(&["--quiet", "--format", "csv"]);
}

#[test]
fn what_ends_within_584_years_is_a_run_like_any_other() {
    let bench = Bench::new(&format!(
        "{ARRIVALS}
name: long
cache: {{ levels: [ {{ name: l1, capacity: 10, latency: 14000w }} ] }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 14000w }} }} }} }}
"
    ));
    let folder = bench.run(&["--quiet", "--format", "csv"]);
    let runs = crate::support::rows(&folder.join("runs.csv"));
    let e2e: f64 = runs[0]["e2e_mean_s"].parse().expect("a number");
    assert!(e2e >= 2.0 * 8_467_200_000.0, "{e2e}");
}
