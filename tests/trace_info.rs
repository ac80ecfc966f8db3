//! `windtunnel trace info` and `fit`: figures of real traces against those published
//! with them, and parameters that are known against those that are found.

#[allow(dead_code, reason = "a part of it is used here")]
#[path = "cli/support.rs"]
mod cli;
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::AtomicBool;

use cli::{Bench, rows, stderr, stdout};
use support::golden;
use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::kernel::Streams;
use windtunnel::system::{self, METRICS};
use windtunnel::workload::{DataPaths, Plan, WorkloadSpec};

const CONVERSATION: &str = "azure-2023/AzureLLMInferenceTrace_conv.csv";
const CODE: &str = "azure-2023/AzureLLMInferenceTrace_code.csv";

/// Runs `windtunnel trace` on real data, if it is here; returns its results folder
/// in a bench.
fn on_real_data(arguments: &[&str]) -> Option<Bench> {
    let data = fs::canonicalize(cli::data()?).expect("a folder");
    let bench = Bench::new("");
    let mut command = cli::windtunnel(&[&["trace"], arguments].concat());
    let output = command.current_dir(bench.path()).env("WINDTUNNEL_DATA", &data).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    Some(bench)
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} is `{}`", row[column]))
}

#[test]
fn azure_figures_are_those_published_with_the_traces() {
    let Some(bench) = on_real_data(&["info", CONVERSATION, CODE, "--format", "csv", "--name", "x"])
    else {
        return;
    };
    let info = rows(&bench.path().join("results/x/info.csv"));
    let expected: [&[(&str, f64, f64)]; 2] = [
        &[
            ("requests", 19_366.0, 0.0),
            ("span_s", 3501.722, 0.001),
            ("requests_rps", 5.530, 0.0005),
            ("gap_cv", 1.094, 0.0005),
            ("input_mean_tokens", 1154.70, 0.005),
            ("input_p50_tokens", 1020.0, 0.0),
            ("input_p90_tokens", 2734.5, 0.0),
            ("input_p99_tokens", 4142.0, 0.0),
            ("output_mean_tokens", 211.13, 0.005),
            ("output_p50_tokens", 129.0, 0.0),
            ("output_p90_tokens", 424.0, 0.0),
            ("output_p99_tokens", 601.0, 0.0),
        ],
        &[
            ("requests", 8819.0, 0.0),
            ("span_s", 3435.948, 0.001),
            ("requests_rps", 2.566, 0.0005),
            ("gap_cv", 13.15, 0.005),
            ("input_mean_tokens", 2047.85, 0.005),
            ("output_mean_tokens", 27.88, 0.005),
        ],
    ];
    for (row, expected) in info.iter().zip(expected) {
        for (column, value, tolerance) in expected {
            let found = number(row, column);
            assert!((found - value).abs() <= *tolerance, "{column}: {found}, not {value}");
        }
        assert_eq!(row["prompts_distinct"], "", "no prompts are known");
    }
}

#[test]
fn mooncake_figures_are_those_published_with_the_traces() {
    let files = ["mooncake/conversation_trace.jsonl.gz", "mooncake/synthetic_trace.jsonl.gz"];
    let Some(bench) = on_real_data(&["info", files[0], files[1], "--format", "csv", "--name", "x"])
    else {
        return;
    };
    let info = rows(&bench.path().join("results/x/info.csv"));
    assert_eq!((info[0]["requests"].as_str(), info[1]["requests"].as_str()), ("12031", "3993"));
    assert_eq!(info[0]["blocks_asked"], "288500");
    assert_eq!(info[0]["blocks_distinct"], "182790");
    let reuse = rows(&bench.path().join("results/x/reuse.csv"));
    let ratio = |trace: &str, capacity: &str| {
        let mine = |row: &&BTreeMap<String, String>| {
            row["trace"] == trace && row["capacity"] == capacity && row["things"] == "blocks"
        };
        number(reuse.iter().find(mine).expect("a capacity"), "lru_hit_ratio")
    };
    for (trace, capacity, published) in [
        ("conversation_trace.jsonl.gz", "1000", 0.0445),
        ("conversation_trace.jsonl.gz", "10000", 0.2112),
        ("conversation_trace.jsonl.gz", "30000", 0.3257),
        ("conversation_trace.jsonl.gz", "50000", 0.3546),
        ("conversation_trace.jsonl.gz", "100000", 0.3637),
        ("conversation_trace.jsonl.gz", "182790", 0.3664),
        ("synthetic_trace.jsonl.gz", "1000", 0.0825),
        ("synthetic_trace.jsonl.gz", "10000", 0.4235),
        ("synthetic_trace.jsonl.gz", "30000", 0.6242),
        ("synthetic_trace.jsonl.gz", "43924", 0.6396),
    ] {
        let found = ratio(trace, capacity);
        assert!((found - published).abs() <= 0.000_051, "{trace} at {capacity}: {found}");
    }
    assert!((number(&info[0], "blocks_repeated_share") - 0.3664).abs() < 0.000_051);
}

/// A log of requests that a workload makes, with prompts and users.
fn log_of(yaml: &str, count: usize) -> String {
    let value: serde_yaml::Value = serde_yaml::from_str(yaml).unwrap();
    let spec: WorkloadSpec = serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap();
    let plan = Plan::new(&spec, &DataPaths::default()).unwrap();
    let mut text = String::from("timestamp,input_tokens,output_tokens,prompt,user\n");
    for request in plan.source(&Streams::new(3, 0)).unwrap().take(count) {
        let request = request.unwrap();
        let (input, output) = (request.input_decitokens / 10, request.output_tokens.unwrap());
        let (at, prompt, user) = (request.at.as_secs_f64(), request.prompt.0, request.user.0);
        let _ = writeln!(text, "{at:.9},{input},{output},p{prompt},u{user}");
    }
    text
}

/// The workload that is fitted to a log, read back as an experiment.
fn fitted(log: &str) -> (WorkloadSpec, String) {
    let bench = Bench::new("");
    fs::write(bench.path().join("log.csv"), log).unwrap();
    let output = bench.windtunnel(&[
        "trace",
        "fit",
        "log.csv",
        "--experiment",
        "--out",
        "like.yaml",
        "--format",
        "csv",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let document = Document::open(&bench.path().join("like.yaml")).unwrap();
    let prepared = prepare(&document, &Overrides::default())
        .unwrap_or_else(|errors| panic!("what was written cannot be read: {errors:?}"));
    (prepared.resolved.experiment.workload, stderr(&output))
}

/// The number at a path of a workload, as it would stand in a file.
fn at(workload: &WorkloadSpec, path: &str) -> f64 {
    let value = serde_yaml::with::singleton_map_recursive::serialize(
        workload,
        serde_yaml::value::Serializer,
    )
    .unwrap();
    let mut found = &value;
    for key in path.split('.') {
        let next = key.parse::<usize>().ok().map_or_else(|| found.get(key), |i| found.get(i));
        found = next.unwrap_or_else(|| panic!("no {path} in {value:?}"));
    }
    let text = found.as_str().map(|text| text.trim_end_matches("/s").trim_end_matches('s'));
    text.map_or_else(|| found.as_f64().unwrap(), |text| text.parse().unwrap())
}

#[track_caller]
fn near(workload: &WorkloadSpec, path: &str, wanted: f64, tolerance: f64) {
    let found = at(workload, path);
    assert!((found / wanted - 1.0).abs() <= tolerance, "{path}: {found}, not {wanted}");
}

#[test]
fn known_parameters_are_found_again() {
    let log = log_of(
        "arrivals: {gamma: {rate: 20/s, cv: 2}}\n\
         prompts: {zipf: {count: 5000, exponent: 0.9}}\n\
         tokens:\n  input: {lognormal: {mean: 800, sigma: 0.7}}\n  output: {exponential: {mean: 200}}\n\
         users: {zipf: {count: 50, exponent: 1.1}}\n",
        40_000,
    );
    let (workload, told) = fitted(&log);
    near(&workload, "arrivals.gamma.rate", 20.0, 0.03);
    near(&workload, "arrivals.gamma.cv", 2.0, 0.02);
    near(&workload, "tokens.output.exponential.mean", 200.0, 0.02);
    near(&workload, "prompts.zipf.count", 5000.0, 0.05);
    near(&workload, "prompts.zipf.exponent", 0.9, 0.03);
    near(&workload, "users.zipf.count", 50.0, 0.02);
    near(&workload, "users.zipf.exponent", 1.1, 0.03);
    assert!(told.contains("* gamma"), "{told}");
}

#[test]
fn lengths_of_unique_prompts_and_their_correlation_are_found_again() {
    let log = log_of(
        "arrivals: {poisson: {rate: 5/s}}\nprompts: unique\n\
         tokens:\n  input: {lognormal: {mean: 800, sigma: 0.7}}\n  output: {lognormal: {mean: 200, sigma: 0.5}}\n  correlation: 0.6\n",
        20_000,
    );
    let (workload, _) = fitted(&log);
    near(&workload, "arrivals.poisson.rate", 5.0, 0.03);
    near(&workload, "tokens.input.lognormal.mean", 800.0, 0.03);
    near(&workload, "tokens.input.lognormal.sigma", 0.7, 0.03);
    near(&workload, "tokens.output.lognormal.mean", 200.0, 0.03);
    near(&workload, "tokens.correlation", 0.6, 0.04);
}

#[test]
fn other_arrivals_are_found_again() {
    let tail = "\ntokens: {input: {constant: 10}, output: {exponential: {mean: 9}}}";
    let weibull = log_of(&format!("arrivals: {{weibull: {{rate: 8/s, cv: 3}}}}{tail}"), 30_000);
    let (workload, _) = fitted(&weibull);
    near(&workload, "arrivals.weibull.rate", 8.0, 0.06);
    near(&workload, "arrivals.weibull.cv", 3.0, 0.03);
    assert_eq!(at(&workload, "tokens.input.constant"), 10.0);

    let markov = log_of(
        &format!(
            "arrivals: {{markov: {{states: [{{rate: 5/s, mean: 60s}}, {{rate: 50/s, mean: 20s}}]}}}}{tail}"
        ),
        40_000,
    );
    let (workload, _) = fitted(&markov);
    near(&workload, "arrivals.markov.states.0.rate", 5.0, 0.1);
    near(&workload, "arrivals.markov.states.1.rate", 50.0, 0.1);
    near(&workload, "arrivals.markov.states.0.mean", 60.0, 0.4);

    let day =
        log_of(&format!("arrivals: {{ramp: {{from: 2/s, to: 20/s, over: 1h}}}}{tail}"), 35_000);
    let (workload, _) = fitted(&day);
    assert!(at(&workload, "arrivals.piecewise.points.0.rate") < 5.0);

    let batch = log_of(
        &format!(
            "arrivals: {{batch: {{arrivals: {{poisson: {{rate: 2/s}}}}, size: {{geometric: 4}}}}}}{tail}"
        ),
        20_000,
    );
    let (workload, _) = fitted(&batch);
    near(&workload, "arrivals.batch.arrivals.poisson.rate", 2.0, 0.05);
    near(&workload, "arrivals.batch.size.geometric", 4.0, 0.05);
}

/// A metric's mean over replications of an experiment.
fn simulated(yaml: &str, metric: &str, replications: u64) -> f64 {
    let document = Document::from_text("test.yaml", yaml).unwrap();
    let prepared = prepare(&document, &Overrides::default())
        .unwrap_or_else(|errors| panic!("{errors:?}\n{yaml}"));
    let at = METRICS.iter().position(|known| known.name == metric).unwrap();
    let run = |replication| {
        let streams = Streams::new(prepared.resolved.experiment.seed, replication);
        let stop = AtomicBool::new(false);
        system::run(&prepared.setups[0], &streams, &stop, None).unwrap().metrics[at]
    };
    (0..replications).map(run).sum::<f64>() / replications as f64
}

/// The `workload:` block that is fitted to a real trace.
fn like(trace: &str) -> Option<String> {
    let bench =
        on_real_data(&["fit", trace, "--out", "like.yaml", "--format", "csv", "--name", "x"])?;
    Some(fs::read_to_string(bench.path().join("like.yaml")).unwrap())
}

fn data_file(name: &str) -> String {
    fs::canonicalize(cli::data().unwrap().join(name)).unwrap().display().to_string()
}

/// The figures that docs/workloads.md states.
#[test]
fn a_fitted_azure_workload_has_nearly_the_p99_of_its_trace() {
    let Some(like) = like(CONVERSATION) else { return };
    let system = "models: { m: { price: { per_token: $0.000002 }, quality: 0.9, server: { tokens: \
                  { ttft: 300ms, tpot: 20ms }, concurrency: 40 } } }\n";
    let own = format!(
        "workload: {{ trace: {{ azure: \"{}\" }}, max_tokens: 1000 }}\n{system}",
        data_file(CONVERSATION)
    );
    for (metric, tolerance) in [("e2e_p50_s", 0.15), ("e2e_p99_s", 0.15)] {
        let traced = simulated(&own, metric, 1);
        let fitted = simulated(&format!("duration: 3501.72s\n{like}{system}"), metric, 5);
        println!("{metric}: trace {traced:.3}, fitted {fitted:.3}");
        assert!((fitted / traced - 1.0).abs() < tolerance, "{metric}: {fitted}, trace {traced}");
    }
}

/// The figures that docs/workloads.md states.
#[test]
fn a_fitted_mooncake_workload_has_nearly_the_hit_ratio_of_its_trace() {
    for (name, span, tolerance) in [
        ("mooncake/conversation_trace.jsonl.gz", "3537s", 0.002),
        ("mooncake/synthetic_trace.jsonl.gz", "1022s", 0.01),
    ] {
        let Some(like) = like(name) else { return };
        let system = "cache: { levels: [ { name: l1, capacity: 100000 } ] }\n";
        let own = format!(
            "workload: {{ trace: {{ mooncake: \"{}\" }}, max_tokens: 2000 }}\n{system}",
            data_file(name)
        );
        let traced = simulated(&own, "cache_hit_rate", 1);
        let fitted = simulated(&format!("duration: {span}\n{like}{system}"), "cache_hit_rate", 5);
        println!("{name}: trace {traced:.4}, fitted {fitted:.4}");
        assert!((fitted - traced).abs() < tolerance, "{name}: {fitted}, trace {traced}");
    }
}

/// A small log with all that a trace may know.
fn small_log() -> String {
    log_of(
        "arrivals: {batch: {arrivals: {poisson: {rate: 3/s}}, size: {constant: 2}}}\n\
         prompts: {zipf: {count: 200, exponent: 1}}\n\
         tokens:\n  input: {lognormal: {mean: 400, sigma: 0.6}}\n  output: {exponential: {mean: 90}}\n\
         users: {zipf: {count: 8}}\n",
        1000,
    )
}

#[test]
fn the_table_reads_as_ever() {
    let bench = Bench::new("");
    let log = small_log();
    fs::write(bench.path().join("log.csv"), &log).unwrap();
    let azure: Vec<String> = (0..60)
        .map(|i| format!("2023-11-16 18:00:{i:02}.5,{},{}", 100 + i * 7 % 50, 20 + i % 9))
        .collect();
    let azure = format!("TIMESTAMP,ContextTokens,GeneratedTokens\n{}\n", azure.join("\n"));
    fs::write(bench.path().join("azure.csv"), azure).unwrap();
    let output = bench.windtunnel(&["trace", "info", "log.csv", "azure.csv"]);
    assert!(output.status.success(), "{}", stderr(&output));
    golden("trace-info.txt", &stderr(&output));
    assert_eq!(stdout(&output).trim_end(), "results/log-info");
    let folder = bench.path().join("results/log-info");
    for chart in ["arrivals", "lengths-cdf", "popularity-prompts", "popularity-users", "reuse"] {
        assert!(folder.join(format!("charts/{chart}.svg")).exists(), "{chart}");
    }
    // The same bytes from the CSVs alone.
    let before = cli::bytes(&folder);
    let output = bench.windtunnel(&["plot", "results/log-info"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(before == cli::bytes(&folder), "plot draws the same charts");
    let output = bench.windtunnel(&["trace", "fit", "log.csv", "--out", "w.yaml"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = bench.path().join("results/log-fit");
    let before = cli::bytes(&folder);
    assert!(before.contains_key("charts/gaps-fit.png"), "{:?}", before.keys());
    assert!(bench.windtunnel(&["plot", "results/log-fit"]).status.success());
    assert!(before == cli::bytes(&folder), "plot draws the same charts");
}

#[test]
fn a_part_of_a_trace_is_read_as_a_run_reads_it() {
    let bench = Bench::new("");
    fs::write(bench.path().join("log.csv"), small_log()).unwrap();
    let options = ["--from", "20s", "--until", "60s", "--keep", "0.5", "--speed", "2"];
    let output = bench
        .windtunnel(&[&["trace", "info", "log.csv", "--format", "csv"], &options[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let info = &rows(&bench.path().join("results/log-info/info.csv"))[0];
    let spec: WorkloadSpec = serde_json::from_str(
        r#"{"trace": {"csv": {"file": "log.csv", "prompt": "prompt", "user": "user"},
            "from": "20s", "until": "60s", "keep": 0.5, "speed": 2}}"#,
    )
    .unwrap();
    let paths = DataPaths { folders: vec![bench.path().to_path_buf()] };
    let plan = Plan::new(&spec, &paths).unwrap();
    let all: Vec<_> = plan.source(&Streams::new(42, 0)).unwrap().map(Result::unwrap).collect();
    let sum: u64 = all.iter().map(|request| request.input_decitokens / 10).sum();
    assert_eq!(number(info, "requests"), all.len() as f64);
    let mean = sum as f64 / all.len() as f64;
    assert!((number(info, "input_mean_tokens") - mean).abs() < 1e-6);
    let span = all[all.len() - 1].at - all[0].at;
    assert!((number(info, "span_s") - span.as_secs_f64()).abs() < 1e-6);
}

/// What is said of a file with this text, and the exit status.
fn refused(text: &str, arguments: &[&str]) -> String {
    let bench = Bench::new("");
    fs::write(bench.path().join("t.csv"), text).unwrap();
    let output = bench.windtunnel(&[&["trace"], arguments].concat());
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(!bench.path().join("results").exists(), "nothing is written");
    stderr(&output)
}

#[test]
fn what_cannot_be_read_is_located() {
    let header = "timestamp,input_tokens,output_tokens\n";
    let unknown = refused("a,b\n1,2\n", &["info", "t.csv"]);
    assert!(unknown.contains("t.csv:1:") && unknown.contains("--input-format"), "{unknown}");
    let bad = refused(&format!("{header}1,2,3\n2,x,3\n"), &["info", "t.csv"]);
    assert!(bad.contains("t.csv:3: input_tokens is `x`"), "{bad}");
    assert!(bad.contains("--on-bad-row skip"), "{bad}");
    let few = refused(&format!("{header}1,2,3\n2,2,3\n"), &["fit", "t.csv"]);
    assert!(few.contains("2 requests are too few"), "{few}");
    let still = refused(&format!("{header}{}", "1,2,3\n".repeat(30)), &["fit", "t.csv"]);
    assert!(still.contains("the same instant"), "{still}");
    let absent = refused("", &["info", "absent.csv"]);
    assert!(absent.contains("`absent.csv` was not found"), "{absent}");
    let none = refused(header, &["info", "t.csv"]);
    assert!(none.contains("no rows"), "{none}");
    let keep = refused(header, &["info", "t.csv", "--keep", "0"]);
    assert!(keep.contains("--keep"), "{keep}");
}

#[test]
fn failed_requests_of_burstgpt_are_counted() {
    let bench = Bench::new("");
    let mut text =
        String::from("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n");
    for i in 0..40 {
        let answer = if i % 10 == 0 { 0 } else { 50 + i };
        let _ = writeln!(
            text,
            "{i},ChatGPT,{},{answer},{},Conversation log",
            100 + i,
            100 + i + answer
        );
    }
    fs::write(bench.path().join("burst.csv"), text).unwrap();
    let output = bench.windtunnel(&["trace", "info", "burst.csv", "--format", "csv"]);
    assert!(stderr(&output).contains("without an answer"), "{}", stderr(&output));
    let info = &rows(&bench.path().join("results/burst-info/info.csv"))[0];
    assert_eq!((info["format"].as_str(), info["unanswered"].as_str()), ("burstgpt", "4"));
}
