//! `windtunnel search` against closed forms.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{Bench, assert_same, rows, stderr, stdout};

/// M/M/1 with a mean service of a second: the mean time is 1 / (1 - rate), and its 99th
/// percentile ln(100) times that.
const MM1: &str = "
name: mm1
duration: 3h
warmup: 10m
replications: 4
workload:
  arrivals: { poisson: { rate: 0.5 } }
  prompts: { uniform: { count: 1000000 } }
  tokens: { input: { constant: 1 }, output: { constant: 1001 } }
  max_tokens: 1001
models:
  m:
    price: { per_token: $0.000001 }
    server: { tokens: { ttft: 0s, tpot: { exponential: { mean: 1ms } } }, concurrency: 1 }
";

fn load(slo: &str) -> String {
    format!(
        "{MM1}search:
  max_replications: 24
  maximize_load:
    path: workload.arrivals.poisson.rate
    from: 0.1/s
    to: 1.5/s
    tolerance: 0.01
    slo: {{ {slo} }}
"
    )
}

/// Searches and returns the table, and what was told.
fn searched(bench: &Bench, arguments: &[&str]) -> (Vec<BTreeMap<String, String>>, String) {
    let output = bench.windtunnel(&[&["search", "experiment.yaml"], arguments].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = bench.path().join(stdout(&output).trim());
    (rows(&folder.join("search.csv")), stderr(&output))
}

/// The highest load that holds.
fn most(rows: &[BTreeMap<String, String>]) -> f64 {
    let held = rows.iter().filter(|row| row["verdict"] == "holds");
    let rate = |row: &BTreeMap<String, String>| {
        row["workload.arrivals.poisson.rate"].trim_end_matches("/s").parse().expect("a rate")
    };
    held.map(rate).fold(0.0, f64::max)
}

#[test]
fn the_most_load_is_that_of_the_closed_form() {
    // 1 / (1 - 0.75) = 4, and ln(100) / (1 - 0.6) = 11.51.
    let bench = Bench::new(&load("e2e_mean_s: { below: 4s }, e2e_p99_s: { below: 30s }"));
    let (found, told) = searched(&bench, &[]);
    println!("mean of 4 s: theory 0.75, found {}", most(&found));
    assert!((most(&found) - 0.75).abs() < 0.025, "{}", most(&found));
    assert!(told.contains("e2e_mean_s does not hold"), "{told}");
    let bench = Bench::new(&load("e2e_p99_s: { below: 11.513s }, error_rate: { below: 0.01 }"));
    let (found, told) = searched(&bench, &["--format", "csv"]);
    println!("p99 of 11.5 s: theory 0.6, found {}", most(&found));
    assert!((most(&found) - 0.6).abs() < 0.03, "{}", most(&found));
    assert!(told.contains("e2e_p99_s does not hold"), "{told}");
    // Far from the bound two steps are one too many.
    let runs = |row: &BTreeMap<String, String>| row["replications"].parse().expect("a count");
    let counts: Vec<usize> = found.iter().map(runs).collect();
    assert_eq!(counts[..2], [4, 4]);
    assert!(counts.iter().any(|count| *count > 4), "{counts:?}");
}

#[test]
fn a_search_goes_on_where_it_was_stopped_and_ends_the_same() {
    let text = load("e2e_mean_s: { below: 3s }").replace("3h", "30m");
    let bench = Bench::new(&text);
    searched(&bench, &["--out", "whole"]);
    searched(&bench, &["--out", "again", "--jobs", "1"]);
    let (whole, again) = (bench.path().join("whole"), bench.path().join("again"));
    assert_same(&whole.join("mm1-search"), &again.join("mm1-search"));
    // As if it had been killed: its first runs are kept.
    let resumed = bench.path().join("resumed");
    let mut child = crate::support::windtunnel(&["search", "experiment.yaml", "--out", "resumed"])
        .current_dir(bench.path())
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let partial = resumed.join(".mm1-search.partial");
    for _ in 0..2000 {
        let kept = fs::metadata(partial.join("runs.bin")).map_or(0, |it| it.len());
        if kept > 50_000 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    searched(&bench, &["--out", "resumed", "--resume"]);
    assert_same(&whole.join("mm1-search"), &resumed.join("mm1-search"));
    // The charts are drawn from the folder.
    let chart = whole.join("mm1-search/charts/load.svg");
    let before = fs::read(&chart).expect("a chart");
    fs::remove_file(&chart).expect("removed");
    assert!(bench.windtunnel(&["plot", "whole/mm1-search"]).status.success());
    assert!(before == fs::read(&chart).expect("a chart"));
}

/// Two models, one of them good and dear; replicas by the hour.
const FLEET: &str = "
name: fleet
duration: 20m
replications: 3
workload:
  arrivals: { poisson: { rate: 2/s } }
  prompts: { uniform: { count: 1000000 } }
  tokens: { input: { constant: 1 }, output: { constant: 1001 } }
  max_tokens: 1001
models:
  m:
    price: { per_gpu_hour: $2 }
    server: { tokens: { ttft: 0s, tpot: { exponential: { mean: 1ms } } }, concurrency: 1, replicas: 2 }
search:
  max_replications: 12
  cheapest:
    space: { models.m.server.replicas: { from: 1, to: 8 } }
    slo: { e2e_mean_s: { below: 1.5s } }
";

#[test]
fn the_cheapest_fleet_is_the_smallest_that_queueing_theory_allows() {
    // Random splitting or better: with 3 replicas and the fewest in flight, times are
    // near M/M/3 at 2 Erlang, W = 1.44 s; with 2 or fewer there is no steady state.
    let bench = Bench::new(FLEET);
    let (found, told) = searched(&bench, &[]);
    let of = |replicas: &str| {
        let row = found.iter().find(|row| row["models.m.server.replicas"] == replicas);
        row.expect("a trial").clone()
    };
    let verdict = |replicas: &str| (of(replicas)["verdict"].clone(), of(replicas)["binds"].clone());
    assert_eq!(verdict("1"), ("does not hold".to_owned(), "overloaded".to_owned()));
    assert_eq!(verdict("2").0, "does not hold");
    let held: Vec<&str> = found
        .iter()
        .filter(|row| row["verdict"] == "holds")
        .map(|row| row["models.m.server.replicas"].as_str())
        .collect();
    let fewest = held.iter().min().expect("some hold");
    assert!(["3", "4"].contains(fewest), "{held:?}");
    let sentence = format!("The cheapest that holds is models.m.server.replicas = {fewest}");
    assert!(told.contains(&sentence), "{told}");
    assert!(bench.path().join("results/fleet-search/charts/systems.png").exists());
}

#[test]
fn a_load_beyond_what_a_system_keeps_up_with_does_not_hold_whatever_the_warm_up() {
    for rest in ["warmup: auto", "record: { interval: 1m }"] {
        let text = load("error_rate: { below: 0.01 }").replace("warmup: 10m", rest);
        let text = text.replace("3h", "20m").replace("1.5/s", "4/s");
        let (found, told) = searched(&Bench::new(&text), &["--format", "csv"]);
        assert!((0.7..1.2).contains(&most(&found)), "{rest}: {told}");
        assert!(told.contains("it is overloaded"), "{rest}: {told}");
    }
}

#[test]
fn the_nearest_of_systems_that_do_not_hold_is_not_the_one_that_is_overrun() {
    let text = FLEET.replace("below: 1.5s", "below: 100ms").replace("to: 8", "to: 5");
    let (_, told) = searched(&Bench::new(&text), &["--format", "csv"]);
    let nearest = "the nearest, models.m.server.replicas = 5, breaks e2e_mean_s";
    assert!(told.contains(nearest), "{told}");
}

#[test]
fn the_answer_is_as_well_known_as_any_system_left() {
    // The price changes nothing but the cost: of systems that are alike the cheapest has
    // all the runs that it takes to tell.
    let text = FLEET.replace(
        "space: { models.m.server.replicas: { from: 1, to: 8 } }",
        "space: { models.m.price.per_gpu_hour: [$2, $1.99, $1.98, $1.97], \
         workload.arrivals.poisson.rate: [0.9/s, 0.92/s, 0.94/s, 0.96/s] }",
    );
    let (found, told) = searched(&Bench::new(&text), &["--format", "csv"]);
    let held = found.iter().filter(|row| row["verdict"] == "holds");
    let cost = |row: &&BTreeMap<String, String>| row["cost_usd"].parse().expect("a cost");
    let least = held.min_by(|a, b| f64::total_cmp(&cost(a), &cost(b))).expect("some hold");
    let settled = least["sure"] == "1" || least["replications"] == "12";
    assert!(settled, "{least:?}\n{told}");
}

#[test]
fn a_search_says_what_it_does_not_heed_and_what_is_not_measured() {
    let text = load("slo_attainment: { above: 95% }").replace("3h", "2m").replace("10m", "10s");
    let text = format!("{text}sweep: {{ grid: {{ seed_of: [1] }} }}\n");
    let text = text.replace("seed_of: [1]", "models.m.quality: [0.5, 0.6]");
    let output = Bench::new(&text).windtunnel(&["search", "experiment.yaml"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("`sweep` is for `windtunnel run`"), "{told}");
    assert!(told.contains("`slo_attainment` was not measured in any trial"), "{told}");
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let refused = |text: &str, place: &str, message: &str| {
        let bench = Bench::new(text);
        let output = bench.windtunnel(&["search", "experiment.yaml"]);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(place) && told.contains(message), "{told}");
    };
    refused(MM1, "experiment.yaml", "has no `search:`");
    refused(&load(""), "search.maximize_load.slo", "nothing to hold");
    refused(&load("e2e_p98_s: { below: 1s }"), "slo.e2e_p98_s", "unknown metric");
    refused(&load("e2e_p99_s: { below: fast }"), "slo.e2e_p99_s.below", "expected a quantity");
    let seconds = load("error_rate: { below: 1s }");
    refused(&seconds, "slo.error_rate.below", "`error_rate` is not measured in seconds");
    refused(&load("e2e_p99_s: {}"), "slo.e2e_p99_s", "`below`, `above`, or both");
    let path = load("e2e_p99_s: { below: 1s }").replace("poisson.rate\n", "poisson.rat\n");
    refused(&path, "search.maximize_load", "rat");
    refused(
        &load("e2e_p99_s: { below: 1s }").replace("replications: 4", "replications: 1"),
        "search.max_replications",
        "too few replications",
    );
    let none = load("e2e_mean_s: { below: 500ms }").replace("3h", "2m").replace("10m", "10s");
    let (_, told) = searched(&Bench::new(&none), &["--format", "csv"]);
    assert!(told.contains("No load holds"), "{told}");
}
