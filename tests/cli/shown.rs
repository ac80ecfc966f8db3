//! What is shown first, and what is said about it.

use std::fs;

use crate::support::{Bench, stderr, stdout};

const SYSTEM: &str = "
name: x
duration: 2m
replications: 3
workload: { arrivals: { poisson: { rate: 2/s } }, prompts: { zipf: { count: 50 } } }
models: { m: { price: { input: $0.000001, output: $0.000002 } } }
";

/// What is printed on standard error, of a run whose output nobody looks at.
fn told(yaml: &str) -> String {
    let output = Bench::new(yaml).windtunnel(&["run", "experiment.yaml", "--format", "csv"]);
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn columns_say_what_is_shown_first_everywhere() {
    let sweep = "sweep: { grid: { workload.arrivals.poisson.rate: [1/s, 2/s] } }\n";
    let bench = Bench::new(&format!("{SYSTEM}{sweep}columns: [e2e_mean_s, throughput_rps]\n"));
    let output = bench.windtunnel(&["run", "experiment.yaml", "--format", "svg,html"]);
    let table = stderr(&output);
    let head = table.lines().nth(1).expect("a header");
    let words: Vec<&str> = head.split_whitespace().collect();
    assert_eq!(words, ["rate", "e2e", "mean", "throughput"], "{table}");
    let page = fs::read_to_string(bench.path().join("results/x/report.html")).expect("a page");
    let key = page.split("id=\"key-numbers\"").nth(1).expect("key numbers");
    let key = key.split("</thead>").next().expect("heads");
    assert!(key.contains("mean latency") && key.contains("throughput"), "{key}");
    assert!(!key.contains("p99 latency") && !key.contains("cost per request"), "{key}");
    let charts = bench.path().join("results/x/charts");
    assert!(charts.join("e2e_mean_s-by-workload.arrivals.poisson.rate.svg").exists());
    assert!(!charts.join("e2e_p99_s-by-workload.arrivals.poisson.rate.svg").exists());
}

#[test]
fn columns_without_room_are_named_and_none_is_there_twice() {
    let many = "columns: [requests, completed, errors, rejected, e2e_mean_s, e2e_p50_s, e2e_p90_s, \
                e2e_p95_s, e2e_p99_s, throughput_rps, cost_usd, cost_per_request_usd]\n";
    let wide = told(&format!("{SYSTEM}{many}"));
    let note = wide.lines().find(|line| line.starts_with("no room for: "));
    let note = note.unwrap_or_else(|| panic!("no note: {wide}"));
    assert!(note.contains("cost_per_request_usd") && note.ends_with("; see points.csv"), "{note}");
    let few = told(&format!("{SYSTEM}columns: [requests, errors]\n"));
    assert!(!few.contains("no room"), "{few}");
    let bench = Bench::new(&format!("{SYSTEM}columns: [requests, errors, requests]\n"));
    let output = bench.windtunnel(&["check", "experiment.yaml"]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert!(stderr(&output).contains("(columns.2)"), "{}", stderr(&output));
    assert!(stderr(&output).contains("`requests` is a column already"), "{}", stderr(&output));
}

#[test]
fn a_name_that_is_no_metric_has_its_place_and_the_five_nearest() {
    let bench = Bench::new(&format!("{SYSTEM}columns: [requests, latency_p99]\n"));
    let output = bench.windtunnel(&["check", "experiment.yaml"]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    let errors = stderr(&output);
    assert!(errors.contains("experiment.yaml:7:21 (columns.1)"), "{errors}");
    assert!(errors.contains("unknown metric `latency_p99`"), "{errors}");
    for yaml in [
        "columns: [latency_p99]",
        "charts: [ { line: { y: latency_p99 } } ]",
        "charts: [ { frontier: { y: latency_p99 } } ]",
        "charts: [ { scatter: { x: latency_p99 } } ]",
        "precision: { metric: latency_p99 }",
        "search: { cheapest: { space: { seed: [1] }, slo: { latency_p99: { below: 1s } } } }",
    ] {
        let bench = Bench::new(&format!("{SYSTEM}{yaml}\n"));
        let errors = stderr(&bench.windtunnel(&["check", "experiment.yaml"]));
        let help = errors.lines().find(|line| line.contains("the nearest of")).unwrap_or_default();
        assert_eq!(help.matches(", ").count(), 4, "{yaml}: {errors}");
        assert!(help.contains("e2e_p99_s"), "{yaml}: {errors}");
    }
    let bench = Bench::new(SYSTEM);
    bench.run(&["--format", "csv"]);
    let compared =
        bench.windtunnel(&["compare", "results/x:0", "results/x:0", "--metric", "latency_p99"]);
    assert_eq!(compared.status.code(), Some(2));
}

#[test]
fn variants_are_shown_by_name_and_no_table_is_wider_than_a_hundred_columns() {
    let long = "a variant with a name that is far longer than any column of a table could be";
    let told = told(&format!(
        "{SYSTEM}sweep:
  list:
    - {{ name: plain }}
    - {{ name: {long}, models.m.server.prefix_cache: {{ tiers: [ {{ name: gpu, capacity: 100000 tokens }} ] }} }}
    - {{ name: {long} too, resilience.num_retries: 2, resilience.timeout: 3s }}
"
    ));
    let table: String =
        told.lines().filter(|line| !line.starts_with("warning")).collect::<Vec<_>>().join("\n");
    assert!(widest(&table) <= 100, "{told}");
    assert!(table.contains("plain") && table.contains('…'), "{told}");
    for yaml in ["tiers", "{", "num_retries", "prefix_cache", "(default)"] {
        assert!(!table.contains(yaml), "{yaml}: {told}");
    }
    let names: Vec<&str> =
        table.lines().skip(3).filter_map(|line| line.split("  ").next()).collect();
    assert_ne!(names.get(1), names.get(2), "cut names still differ: {told}");
}

#[test]
fn many_swept_paths_leave_room_for_what_was_measured() {
    let ranges: Vec<String> = (0..9)
        .map(|i| {
            format!(
                "      models.model-number-{i}.server.tokens.ttft: {{ from: 10ms, to: 900ms }}\n"
            )
        })
        .collect();
    let models: Vec<String> = (0..9)
        .map(|i| format!("  model-number-{i}: {{ server: {{ tokens: {{ ttft: 10ms }} }} }}\n"))
        .collect();
    let (ranges, models) = (ranges.concat(), models.concat());
    let told = told(&format!(
        "name: y\nduration: 30s\nreplications: 2\nmodels:\n{models}sweep:\n  latin_hypercube:\n    points: 4\n    ranges:\n{ranges}"
    ));
    let table: String =
        told.lines().filter(|line| !line.starts_with("warning")).collect::<Vec<_>>().join("\n");
    assert!(widest(&table) <= 100, "{told}");
    assert!(
        table.contains("e2e p99") && table.contains("no room for 6 more swept paths"),
        "{told}"
    );
    let head: Vec<&str> = table.lines().nth(1).expect("a header").split("   ").collect();
    assert_eq!(head[0].trim(), "point", "{told}");
    assert_ne!(head[1], head[2], "cut titles still differ: {told}");
}

#[test]
fn a_warning_is_told_once_however_many_files_include_it() {
    let bench = Bench::new("include: base.yaml\nname: one\n");
    let price = "models: { m: { price: { input: $0.000002, output: $0.000004, cached_input: $0.000001 } } }";
    fs::write(bench.path().join("base.yaml"), format!("duration: 10s\n{price}\n")).expect("a file");
    fs::write(bench.path().join("two.yaml"), "include: base.yaml\nname: two\n").expect("a file");
    for arguments in [&["run", "experiment.yaml"][..], &["run", "experiment.yaml", "two.yaml"]] {
        let output = bench.windtunnel(&[arguments, &["--format", "csv"]].concat());
        let told = stderr(&output);
        assert_eq!(told.matches("no input is ever cached").count(), 1, "{told}");
    }
}

#[test]
fn a_warning_is_taken_back_where_a_point_of_the_sweep_has_what_is_missing() {
    let price = "models: { m: { price: { input: $0.000002, output: $0.000004, cached_input: $0.000001 } } }";
    let cache = "models.m.server.prefix_cache: { capacity: 1000 tokens }";
    let tokens = "models.m.server.tokens: { per_input_token: 1us }";
    let checked = |sweep: &str| {
        let bench = Bench::new(&format!("{price}\nsweep: {{ list: {sweep} }}\n"));
        let output = bench.windtunnel(&["check", "experiment.yaml"]);
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    let with = checked(&format!("[ {{ name: without }}, {{ name: with, {tokens}, {cache} }} ]"));
    assert_eq!(with, "");
    let without = checked("[ { name: a, models.m.quality: 0.5 }, { name: b } ]");
    assert_eq!(without.matches("no input is ever cached").count(), 1, "{without}");
}

#[test]
fn a_comparison_says_who_is_overloaded_and_of_how_many_its_times_are() {
    let bench = Bench::new(
        "name: x
duration: 10m
replications: 3
workload: { arrivals: { poisson: { rate: 0.5/s } }, prompts: unique }
models: { m: { server: { tokens: { ttft: 100ms, tpot: 0s }, concurrency: 1, faults: { error_rate: 0 } } } }
sweep:
  list:
    - { name: base }
    - { name: slow, models.m.server.tokens.ttft: 10s }
    - { name: failing, models.m.server.faults.error_rate: 0.5 }
",
    );
    bench.run(&["--format", "csv"]);
    let compared = |arguments: &[&str]| {
        let output = bench.windtunnel(&[&["compare"], arguments].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        let folder = bench.path().join(stdout(&output).trim());
        (stderr(&output), fs::read_to_string(folder.join("report.html")).expect("a page"))
    };
    let overload = "slow is overloaded: what it costs and how long it takes depend on the duration";
    let (table, page) = compared(&["results/x"]);
    assert!(table.contains(overload) && page.contains(overload), "{table}");
    for words in ["times of the 100 % of requests that were answered (base)", " % (failing)"] {
        assert!(table.contains(words) && page.contains(words), "{words}: {table}");
    }
    let (table, _) = compared(&["results/x:base", "results/x:failing", "--metric", "cost_usd"]);
    assert!(!table.contains("overloaded") && !table.contains("were answered"), "{table}");
}

#[test]
fn a_search_says_of_how_many_its_times_are() {
    let searched = |more: &str| {
        let bench = Bench::new(&format!(
            "name: x
duration: 2m
replications: 2
workload: {{ arrivals: {{ poisson: {{ rate: 2/s }} }}, prompts: unique }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 100ms, tpot: 0s }}, faults: {{ error_rate: 0.9 }} }} }} }}
search:
  maximize_load:
    path: workload.arrivals.poisson.rate
    from: 1/s
    to: 4/s
    slo: {{ e2e_p99_s: {{ below: 6s }}{more} }}
"
        ));
        let output = bench.windtunnel(&["search", "experiment.yaml"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let page = bench.path().join(stdout(&output).trim()).join("report.html");
        (stderr(&output), fs::read_to_string(page).expect("a page"))
    };
    let (told, page) = searched("");
    let answer = told.lines().find(|line| line.starts_with("All loads hold")).expect("an answer");
    assert!(answer.ends_with(" % of requests that were answered)"), "{answer}");
    assert!(told.contains("warning: trial 1 holds by the times of the "), "{told}");
    assert!(page.contains("holds by the times of the "));
    let (told, _) = searched(", error_rate: { below: 0.99 }");
    assert!(told.contains(" % of requests that were answered)"), "{told}");
    assert!(!told.contains("warning"), "whoever bounds failures knows of them: {told}");
}

#[test]
fn a_planned_day_is_no_drift() {
    let day = |days: u32, more: &str| {
        told(&format!(
            "name: day\nduration: {days}d\nreplications: 3\ncharts: []
workload:
  arrivals: {{ piecewise: {{ period: 1d, points: [ {{ at: 8h, rate: 0.05/s }}, {{ at: 18h, rate: 0/s }} ] }} }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 1m, tpot: 0s }} }} }} }}
{more}"
        ))
    };
    // From the night on into the office hours: nothing but the plan.
    let half = day(1, "start: 2026-01-01T18:00:00Z\n");
    assert!(!half.contains("not steady"), "{half}");
    let days = day(3, "");
    assert!(!days.contains("not steady"), "{days}");
}

#[test]
fn times_of_few_say_of_how_few() {
    let yaml = format!(
        "{SYSTEM}resilience: {{ timeout: 600ms }}\nsweep: {{ grid: {{ workload.arrivals.poisson.rate: [1/s, 2/s] }} }}\n"
    );
    let bench = Bench::new(&yaml);
    let output = bench.windtunnel(&["run", "experiment.yaml", "--format", "svg,html"]);
    let table = stderr(&output);
    assert!(table.contains(" % of requests that were answered"), "{table}");
    let folder = bench.path().join("results/x");
    let page = fs::read_to_string(folder.join("report.html")).expect("a page");
    assert!(page.contains(" % of requests that were answered"));
    let chart = folder.join("charts/e2e_p99_s-by-workload.arrivals.poisson.rate.svg");
    let chart = fs::read_to_string(chart).expect("a chart");
    assert!(chart.contains(" % of requests that were answered"), "{chart}");
    let cost = folder.join("charts/cost_per_request_usd-by-workload.arrivals.poisson.rate.svg");
    let cost = fs::read_to_string(cost).expect("a chart");
    assert!(!cost.contains("that were answered"), "money is that of all");
}

#[test]
fn too_few_samples_of_a_study_are_told_with_how_many_it_takes() {
    let study = |samples: u32| {
        told(&format!(
            "{}sweep:
  sobol:
    samples: {samples}
    metrics: [throughput_rps, e2e_mean_s]
    ranges:
      models.m.server.tokens.ttft: {{ from: 10ms, to: 900ms }}
      workload.arrivals.poisson.rate: {{ from: 1/s, to: 9/s }}
",
            SYSTEM
                .replace("replications: 3", "replications: 1")
                .replace("models: { m: { ", "models: { m: { server: { tokens: { ttft: 10ms } }, ")
        ))
    };
    let told = study(16);
    let warning = told.lines().find(|line| line.starts_with("warning: from 16 samples"));
    let warning = warning.unwrap_or_else(|| panic!("no warning: {told}"));
    assert!(warning.contains("it takes about"), "{warning}");
    let told = study(2);
    assert!(told.contains("too few samples to tell: 2; take 64 or more"), "{told}");
}
