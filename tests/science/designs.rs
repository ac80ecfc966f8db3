//! Designs, precision and pairs, from the file to the results.

use std::fs;
use std::path::Path;

use crate::support::{Bench, assert_same, stderr, stdout};

const SYSTEM: &str = "
name: x
duration: 5m
workload:
  arrivals: { poisson: { rate: 20/s } }
  prompts: { zipf: { count: 500, exponent: 0.9 } }
cache: { ttl: 1m, levels: [ { name: l1, capacity: 20 } ] }
models:
  m: { price: { per_token: $0.00003 }, server: { tokens: { ttft: 10ms, tpot: { exponential: { mean: 1ms } } }, concurrency: 4 } }
";

/// The columns of a table that have these names, a line for each row.
fn columns(folder: &Path, file: &str, names: &[&str]) -> Vec<String> {
    let text = fs::read_to_string(folder.join(file)).expect("a table");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let at: Vec<usize> = names
        .iter()
        .map(|name| header.iter().position(|column| column == *name).expect("the column"))
        .collect();
    let line = |row: csv::StringRecord| at.iter().map(|i| row[*i].to_owned()).collect::<Vec<_>>();
    reader.records().map(|row| line(row.expect("a row")).join(" ")).collect()
}

#[test]
fn named_variants_are_a_column_and_have_charts() {
    let bench = Bench::new(&format!(
        "{SYSTEM}replications: 2
sweep:
  list:
    - {{ name: as it is }}
    - {{ name: larger, cache.levels.l1.capacity: 200 }}
    - {{ name: sieve, cache.levels.l1.policy: sieve }}
charts: [ {{ bar: {{ x: variant, y: cache_hit_rate }} }}, {{ cdf: {{ series: variant }} }} ]
"
    ));
    let folder = bench.run(&[]);
    let names = ["point", "variant", "cache.levels.l1.capacity", "cache.levels.l1.policy"];
    let expected = ["0 as it is 20 lru", "1 larger 200 lru", "2 sieve 20 sieve"];
    assert_eq!(columns(&folder, "points.csv", &names), expected);
    assert_eq!(columns(&folder, "runs.csv", &["variant", "replication"]).len(), 6);
    let chart = fs::read_to_string(folder.join("charts/cache_hit_rate-by-variant.svg"));
    assert!(chart.expect("a chart").contains("larger"));
    let manifest = fs::read_to_string(folder.join("manifest.yaml")).expect("a manifest");
    assert!(manifest.contains("swept:\n- variant\n- cache.levels.l1.capacity"), "{manifest}");
}

#[test]
fn default_charts_suit_every_design() {
    for design in [
        "list: [{ name: a }, { name: b, cache.levels.l1.capacity: 200 }]",
        "zip: { cache.levels.l1.capacity: [10, 20, 30], cache.ttl: [1m, 2m, 3m] }",
        "latin_hypercube: { points: 12, ranges: { cache.levels.l1.capacity: { from: 10, to: 500, log: true }, cache.levels.l1.policy: [lru, sieve] } }",
        "random: { points: 4, ranges: { cache.ttl: { from: 10s, to: 5m } } }",
        "one_at_a_time: { cache.levels.l1.capacity: [10, 50], cache.ttl: [30s, 5m] }",
    ] {
        let text = format!("{SYSTEM}replications: 2\nsweep: {{ {design} }}\n");
        let bench = Bench::new(&text.replace("duration: 5m", "duration: 20s"));
        let folder = bench.run(&[]);
        assert!(fs::read_dir(folder.join("charts")).expect("charts").count() > 2, "{design}");
        let again = bench.run(&["--out", "again", "--jobs", "1"]);
        assert_same(&folder, &again);
    }
}

#[test]
fn a_mistake_at_a_point_is_told_where_its_value_stands() {
    let refused = |sweep: &str, place: &str, message: &str| {
        let bench = Bench::new(&format!("{SYSTEM}sweep:\n{sweep}"));
        let output = bench.windtunnel(&["check", "experiment.yaml"]);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(place) && told.contains(message), "{told}");
    };
    refused(
        "  list:\n    - { name: a }\n    - { name: b, cache.levels.l1.policy: lur }\n",
        "experiment.yaml:13:42 (sweep.list.1.cache.levels.l1.policy)",
        "did you mean `lru`?",
    );
    refused(
        "  grid: { cache.ttl: [1m, 2m] }\n  when: { cache.tll: 1m }\n",
        "sweep.when.cache.tll",
        "no point has a `cache.tll`",
    );
    refused("  zip: { cache.ttl: [1m, 2m], duration: [1m] }\n", "sweep.zip.duration", "1 values");
    refused("  gird: { cache.ttl: [1m] }\n", "sweep.gird", "did you mean `grid`?");
}

#[test]
fn points_get_replications_until_they_are_precise() {
    let precise = format!(
        "{SYSTEM}replications: 4
precision: {{ metric: e2e_p99_s, relative: 0.08, max: 24 }}
sweep: {{ grid: {{ workload.arrivals.poisson.rate: [1/s, 30/s] }} }}
record: {{ requests: true }}
"
    );
    let bench = Bench::new(&precise.replace("duration: 5m", "duration: 40s"));
    let folder = bench.run(&["--jobs", "1"]);
    let counts = columns(&folder, "points.csv", &["replications"]);
    let counts: Vec<usize> = counts.iter().map(|count| count.parse().expect("a count")).collect();
    assert!(counts[0] > counts[1] && counts.iter().all(|count| count % 4 == 0), "{counts:?}");
    let runs = columns(&folder, "runs.csv", &["point"]);
    assert_eq!(runs.len(), counts.iter().sum::<usize>());
    let names = ["e2e_p99_s", "e2e_p99_s_lo95", "e2e_p99_s_hi95"];
    for (row, count) in columns(&folder, "points.csv", &names).iter().zip(&counts) {
        let row: Vec<f64> = row.split(' ').map(|it| it.parse().expect("a number")).collect();
        let half = (row[2] - row[1]) / 2.0;
        assert!(*count == 24 || half <= 0.08 * row[0] + 1e-9, "{row:?} after {count}");
    }
    let title = format!("mean of {} to {} replications", counts[1], counts[0]);
    let chart = fs::read_dir(folder.join("charts")).expect("charts").any(|file| {
        let text = fs::read_to_string(file.expect("a file").path()).unwrap_or_default();
        text.contains(&title)
    });
    assert!(chart, "no chart says {title}");
    assert_same(&folder, &bench.run(&["--jobs", "3", "--out", "again"]));
    let coarse = ["--set", "precision.relative=0.001", "--set", "precision.max=4"];
    let told = bench.windtunnel(&[&["run", "experiment.yaml"], &coarse[..]].concat());
    assert!(stderr(&told).contains("has the most replications, 4, and knows e2e_p99_s to within"));
    // A fixed number of as many gives the same runs.
    let fixed = bench.run(&["--out", "fixed", "--set", "precision=null", "--replications", "4"]);
    let first: Vec<String> = columns(&folder, "runs.csv", &["point", "replication", "e2e_p99_s"]);
    for run in columns(&fixed, "runs.csv", &["point", "replication", "e2e_p99_s"]) {
        assert!(first.contains(&run), "{run}");
    }
}

#[test]
fn antithetic_pairs_give_narrower_intervals_of_a_mean() {
    let text = format!("{SYSTEM}replications: 40\n");
    let half = |arguments: &[&str]| -> f64 {
        let bench = Bench::new(&text);
        let folder = bench.run(arguments);
        let ends = columns(&folder, "points.csv", &["throughput_rps_lo95", "throughput_rps_hi95"]);
        let (low, high) = ends[0].split_once(' ').expect("two columns");
        high.parse::<f64>().expect("a number") - low.parse::<f64>().expect("a number")
    };
    let (single, paired) = (half(&[]), half(&["--set", "antithetic=true"]));
    assert!(paired < 0.85 * single, "{paired} {single}");
    let output = Bench::new(&text).windtunnel(&[
        "check",
        "experiment.yaml",
        "--set",
        "antithetic=true",
        "--replications",
        "5",
    ]);
    assert!(stderr(&output).contains("pairs"), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
}

#[test]
fn warm_ups_that_are_found_are_a_column() {
    let text = format!("{SYSTEM}replications: 2\nwarmup: auto\n");
    let bench = Bench::new(&text);
    let folder = bench.run(&[]);
    let warmups = columns(&folder, "points.csv", &["warmup_s"]);
    let warmup: f64 = warmups[0].parse().expect("a time");
    assert!((0.0..150.0).contains(&warmup), "{warmup}");
    assert_same(&folder, &bench.run(&["--jobs", "1", "--out", "again"]));
}
