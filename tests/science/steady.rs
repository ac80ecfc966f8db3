//! Warm-up, steady state and overload of whole systems.

use std::sync::atomic::AtomicBool;

use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, Prepared, find_warmup, prepare};
use windtunnel::kernel::{Duration, Streams};
use windtunnel::system::{self, METRICS, RunTables};

use crate::support::{Bench, stderr};

fn prepared(yaml: &str) -> Prepared {
    let document = Document::from_text("test.yaml", yaml).expect("YAML");
    prepare(&document, &Overrides::default()).unwrap_or_else(|found| panic!("{found:?}"))
}

fn run(prepared: &Prepared, replication: u64) -> RunTables {
    let streams = Streams::new(prepared.resolved.experiment.seed, replication);
    system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), None).expect("a run")
}

fn metric(run: &RunTables, name: &str) -> f64 {
    run.metrics[METRICS.iter().position(|metric| metric.name == name).expect("a metric")]
}

/// M/M/1 with a mean service of a second, and no cache.
fn mm1(rate: f64, rest: &str) -> String {
    format!(
        "
name: mm1
duration: 2h
workload:
  arrivals: {{ poisson: {{ rate: {rate} }} }}
  prompts: {{ uniform: {{ count: 1000000 }} }}
  tokens: {{ input: {{ constant: 1 }}, output: {{ constant: 1001 }} }}
  max_tokens: 1001
models:
  m:
    price: {{ per_token: $0.000001 }}
    server: {{ tokens: {{ ttft: 0s, tpot: {{ exponential: {{ mean: 1ms }} }} }}, concurrency: 1 }}
{rest}
"
    )
}

fn overloads(rate: f64, runs: u64) -> u64 {
    let prepared = prepared(&mm1(rate, "warmup: 10m"));
    (0..runs).filter(|r| metric(&run(&prepared, *r), "overloaded") == 1.0).count() as u64
}

#[test]
fn an_overload_is_seen_and_a_busy_system_is_none() {
    assert_eq!(overloads(0.5, 20), 0);
    assert!(overloads(0.9, 60) <= 2, "a busy queue wanders");
    assert_eq!(overloads(1.2, 20), 20);
    assert!(overloads(1.05, 20) >= 17);
}

#[test]
fn neither_a_long_warm_up_nor_wide_intervals_hide_an_overload() {
    // A pilot that never settles leaves out its first half; the backlog that is left then
    // is large beside what comes on top of it.
    for rest in [
        "warmup: none",
        "warmup: auto",
        "warmup: 108m",
        "record: { interval: 20m }",
        "warmup: auto\nrecord: { interval: 1s }",
    ] {
        let told = |rate: f64| {
            let prepared = prepared(&mm1(rate, rest));
            (0..5).filter(|r| metric(&run(&prepared, *r), "overloaded") == 1.0).count()
        };
        assert_eq!((told(1.3), told(5.0)), (5, 5), "{rest}");
        assert_eq!(told(0.5), 0, "{rest}");
    }
}

#[test]
fn a_pilot_finds_the_end_of_a_warm_up() {
    // An empty cache makes the first answers slow: 2000 prompts at 20 a second.
    let cold = "
name: cold
duration: 20m
warmup: auto
workload:
  arrivals: { poisson: { rate: 20/s } }
  prompts: { uniform: { count: 2000 } }
cache: { levels: [ { name: l1, capacity: 2000 } ] }
models: { m: { price: { per_token: $0.000001 }, server: { tokens: { ttft: 1s, tpot: 0s } } } }
";
    let stop = AtomicBool::new(false);
    let cold = prepared(cold);
    let found = find_warmup(&cold.setups[0], 42, &stop).expect("a pilot");
    // After 100 s 63 % are held, after 500 s all but 0.7 %.
    let found_s = found.as_secs_f64();
    assert!((200.0..600.0).contains(&found_s), "{found}");
    assert_eq!(found, find_warmup(&cold.setups[0], 42, &stop).expect("a pilot"));
    // A system that is steady from its start loses little.
    let steady = prepared(&mm1(0.2, "warmup: auto"));
    let found = find_warmup(&steady.setups[0], 42, &stop).expect("a pilot");
    assert!(found < Duration::from_secs(1800), "{found}");
}

#[test]
fn a_warm_up_by_count_leaves_out_so_many_requests() {
    let all = run(&prepared(&mm1(0.5, "requests: 1000")), 0);
    let some = run(&prepared(&mm1(0.5, "requests: 1000\nwarmup: 300 requests")), 0);
    assert_eq!(metric(&all, "requests"), 1000.0);
    assert_eq!(metric(&some, "requests"), 700.0);
    assert!((500.0..700.0).contains(&some.window_start_s), "{}", some.window_start_s);
    let none = run(
        &prepared(&mm1(0.5, "duration: 1m\nwarmup: 300 requests").replacen(
            "duration: 2h\n",
            "",
            1,
        )),
        0,
    );
    assert_eq!(metric(&none, "requests"), 0.0);
    assert!(metric(&none, "e2e_mean_s").is_nan(), "nothing was measured");
}

#[test]
fn one_long_run_has_an_interval_by_batch_means() {
    let prepared = prepared(&mm1(0.5, "warmup: 10m\nreplications: 1").replace("2h", "10h"));
    let mut held = 0;
    for replication in 0..40 {
        let run = run(&prepared, replication);
        let half = run.half_widths[0];
        held += u32::from(half.is_nan() || (metric(&run, "e2e_mean_s") - 2.0).abs() <= half);
        assert!(half.is_nan() || half < 0.4, "{half}");
    }
    assert!(held >= 34, "{held} of 40 hold W = 2");
}

#[test]
fn the_summary_warns_of_an_overload_and_of_a_drift() {
    let sweep = "replications: 3\nsweep: { grid: { workload.arrivals.poisson.rate: [0.5, 1.3] } }";
    let bench = Bench::new(&mm1(0.5, sweep));
    let output = bench.windtunnel(&["run", "experiment.yaml"]);
    let told = stderr(&output);
    assert!(told.contains("warning: point 1 (rate 1.3) is overloaded in 3 of 3 runs"), "{told}");
    assert!(!told.contains("point 0"), "{told}");
}

/// An API of unlimited concurrency whose answers take 30 s of a run of 100 s.
fn slow_api(server: &str) -> String {
    format!(
        "
name: slow
duration: 100s
workload:
  arrivals: {{ poisson: {{ rate: 2/s }} }}
  tokens: {{ input: {{ constant: 100 }}, output: {{ constant: 11 }} }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 30s, tpot: 10ms }}{server} }} }} }}
"
    )
}

#[test]
fn answers_that_take_a_third_of_the_run_are_no_overload() {
    for (server, most) in [("", 0), (", concurrency: 1000", 0), (", concurrency: 75", 1)] {
        let prepared = prepared(&slow_api(server));
        let told = (0..20).filter(|r| metric(&run(&prepared, *r), "overloaded") == 1.0).count();
        assert!(told <= most, "{server}: {told} of 20");
    }
    // Half of what comes can be served.
    let prepared = prepared(&slow_api(", concurrency: 30"));
    let told = (0..20).filter(|r| metric(&run(&prepared, *r), "overloaded") == 1.0).count();
    assert!(told >= 18, "{told} of 20");
}

#[test]
fn a_load_that_is_meant_to_change_has_no_drift_of_its_own() {
    let with = |arrivals: &str, duration: &str| {
        let poisson = "arrivals: { poisson: { rate: 0.5 } }";
        let yaml = mm1(0.5, "").replace(poisson, arrivals);
        let yaml = yaml.replace("duration: 2h", &format!("duration: {duration}"));
        metric(&run(&prepared(&yaml), 0), "drift")
    };
    let swings = "arrivals: { sinusoidal: { mean: 0.5/s, amplitude: 0.6, period: 2h } }";
    assert!(with(swings, "3h").is_nan(), "one period cannot be compared with another");
    let drift = with(swings, "20h");
    assert!(drift.abs() < 0.3, "{drift}");
    assert!(with("arrivals: { ramp: { from: 0.1/s, to: 0.8/s, over: 2h } }", "2h").is_nan());
}

#[test]
fn a_run_that_only_drains_in_the_end_is_steady() {
    // 300 requests in ten minutes, of which each takes two.
    let text = "
name: drains
requests: 300
workload: { arrivals: { constant: { rate: 0.5/s } } }
warmup: 100 requests
models: { m: { server: { tokens: { ttft: 120s, tpot: 0s } } } }
";
    let found = metric(&run(&prepared(text), 0), "drift");
    assert!(found.abs() < 0.1, "{found}");
}

#[test]
fn no_interval_of_a_share_is_beyond_0_or_1() {
    let bench = Bench::new(
        "
name: shares
duration: 20s
replications: 3
slo: { e2e: 700ms }
workload: { arrivals: { poisson: { rate: 1/s } }, prompts: { zipf: { count: 20 } } }
cache: { levels: [ { name: l1, capacity: 5 } ] }
models: { m: { quality: 0.97, server: { concurrency: 1 } } }
",
    );
    let folder = bench.run(&["--format", "csv"]);
    let text = std::fs::read_to_string(folder.join("points.csv")).expect("points");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let (head, row) = (lines.next().expect("a header"), lines.next().expect("a point"));
    let mut wide = 0;
    for (name, cell) in head.iter().zip(&row) {
        let of = ["_lo95", "_hi95"].iter().find_map(|end| name.strip_suffix(end));
        let (Some(of), Ok(end)) = (of, cell.parse::<f64>()) else { continue };
        if system::scale_of(of) == windtunnel::stats::Scale::Share {
            assert!((0.0..=1.0).contains(&end), "{name} {end}");
            wide += usize::from(end > 0.0 && end < 1.0);
        } else if !of.ends_with("drift") && !of.ends_with("_saved_usd") {
            assert!(end >= 0.0, "{name} {end}");
        }
    }
    assert!(wide >= 6, "{wide} ends of intervals");
}

#[test]
fn jobs_of_steps_that_never_wait_are_no_overload() {
    let text = "
name: jobs
requests: 300
workload: { arrivals: { poisson: { rate: 10/s } } }
orchestration:
  workflows: { job: { steps: { a: { llm: {} }, b: { llm: {}, after: [a] } } } }
models: { m: { server: { tokens: { ttft: 6s, tpot: 0s } } } }
";
    let prepared = prepared(text);
    let told = (0..10).filter(|r| metric(&run(&prepared, *r), "overloaded") == 1.0).count();
    assert_eq!(told, 0);
}
