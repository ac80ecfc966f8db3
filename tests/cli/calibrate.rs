//! `windtunnel calibrate` and `windtunnel compare --measured`, as a user runs them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Bench, assert_same, data, rows, stderr, stdout};

/// A server whose overheads are all known.
const TRUTH: &str = "\
name: truth
requests: 300
replications: 1
workload:
  arrivals: { poisson: { rate: 12/s } }
  prompts: unique
  max_tokens: 5000
  tokens:
    input: { lognormal: { mean: 900, sigma: 0.8 } }
    output: { lognormal: { mean: 120, sigma: 0.6 } }
models:
  gpu:
    server:
      engine:
        step: { linear: { per_step: 6ms, per_prefill_token: 17us, per_decode_seq: 60us, per_request: 0s, per_input_token: 0s, per_output_token: 0s } }
        overheads: { per_step: 700us, per_request: 20ms, per_input_token: 3us, per_output_token: 0s }
        max_num_seqs: 64
record: { requests: true }
";
pub const TRUE: [(&str, f64); 3] =
    [("per_step", 7e-4), ("per_request", 2e-2), ("per_input_token", 3e-6)];

/// The same server, of whose overheads nothing is known, and without a workload.
fn unknown() -> String {
    let (before, after) = TRUTH.split_once("workload:").expect("a workload");
    let models = after.split_once("models:").expect("models").1;
    let text = format!("{before}models:{models}").replace("name: truth", "name: fit");
    let (before, after) = text.split_once("        overheads:").expect("overheads");
    format!("{before}{}", after.split_once('\n').expect("a line").1).replace("requests: 300\n", "")
}

/// A folder with the unknown server's experiment, and what the true one did.
pub fn measured_truth() -> (Bench, PathBuf) {
    let bench = Bench::new(TRUTH);
    let folder = bench.run(&["--format", "csv"]);
    fs::write(bench.path().join("fit.yaml"), unknown()).expect("a file");
    let file = bench.path().join("measured.csv");
    fs::copy(folder.join("requests.csv"), &file).expect("recorded requests");
    (bench, file)
}

pub fn calibrate(bench: &Bench, arguments: &[&str]) -> (PathBuf, String) {
    let output = bench.windtunnel(&[&["calibrate"], arguments].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = stdout(&output).lines().last().expect("the results' path").to_owned();
    (bench.path().join(folder), stderr(&output))
}

pub fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: `{}`", row[column]))
}

pub const FIT: &str = "models.gpu.server.engine.overheads";

#[test]
fn known_overheads_are_found_again() {
    let (bench, file) = measured_truth();
    let fit = TRUE.map(|(name, _)| format!("{FIT}.{name}")).join(",");
    let measured = file.to_str().expect("a path");
    let arguments = [
        "fit.yaml",
        "--measured",
        measured,
        "--fit",
        &fit,
        "--holdout",
        "30%",
        "--format",
        "csv,svg,html",
    ];
    let (folder, said) = calibrate(&bench, &arguments);
    let parameters = rows(&folder.join("parameters.csv"));
    assert_eq!(parameters.len(), TRUE.len());
    // A step is told best; what is before it shows only where a request comes a step later.
    for ((row, (name, truth)), near) in parameters.iter().zip(TRUE).zip([1e-3, 0.03, 0.15]) {
        assert_eq!(row["parameter"], format!("{FIT}.{name}"));
        let (found, low, high) =
            (number(row, "fitted"), number(row, "low_95"), number(row, "high_95"));
        println!("{name}: {found:e} [{low:e}, {high:e}], truth {truth:e}");
        assert!((found / truth - 1.0).abs() < near, "{name}: {found} is not {truth}\n{said}");
        // Whether intervals hold the truth is asked where times have errors, as measured ones
        // have: `calibrate_intervals`. Without any, the search for the best place ends within
        // a few per cent of it.
        assert!(low <= found && found <= high, "{name}: {low} to {high}");
    }
    for row in rows(&folder.join("errors.csv")).iter().filter(|row| !row["mape"].is_empty()) {
        assert!(number(row, "mape") < 0.02, "{row:?}");
        assert!(number(row, "error_mean").abs() < 6e-3, "{row:?}");
        assert!(number(row, "pearson_r") > 0.99, "{row:?}");
    }
    let block = fs::read_to_string(folder.join("fitted.yaml")).expect("a block");
    assert!(block.contains("per_request: ") && block.contains("# 95 %: "), "{block}");
    for file in ["charts/cdf.svg", "charts/predicted-against-measured.svg", "report.html"] {
        assert!(folder.join(file).exists(), "{file}");
    }

    // The same bytes on any number of threads; drawn again they are the same.
    let again = [&arguments[..], &["--jobs", "1", "--out", "again"]].concat();
    let (other, _) = calibrate(&bench, &again);
    assert_same(&folder, &other);
    let drawn = bench.windtunnel(&["plot", "again/fit-calibration", "--format", "svg,html"]);
    assert!(drawn.status.success(), "{}", stderr(&drawn));
    assert_same(&folder, &other);
}

#[test]
fn errors_are_those_of_the_residuals_by_hand() {
    let (bench, file) = measured_truth();
    let measured = file.to_str().expect("a path");
    // One wrong figure is left as it is, so that there are errors.
    let (folder, _) = calibrate(
        &bench,
        &[
            "fit.yaml",
            "--measured",
            measured,
            "--set",
            "models.gpu.server.engine.overheads.per_request=50ms",
            "--fit",
            "models.gpu.server.engine.overheads.per_step",
            "--holdout",
            "0.25",
            "--format",
            "csv",
        ],
    );
    let requests = rows(&folder.join("residuals.csv"));
    assert_eq!(requests.len(), 300);
    let held: Vec<_> = requests.iter().filter(|row| row["part"] == "held out").collect();
    assert_eq!(held.len(), 75);
    let errors = rows(&folder.join("errors.csv"));
    for part in ["fitted", "held out"] {
        for time in ["ttft", "tpot", "e2e"] {
            let row = errors
                .iter()
                .find(|row| row["part"] == part && row["metric"] == format!("{time}_s"))
                .expect("a row");
            let both: Vec<(f64, f64)> = requests
                .iter()
                .filter(|row| row["part"] == part && !row[&format!("{time}_measured_s")].is_empty())
                .map(|row| {
                    let of = |which: &str| number(row, &format!("{time}_{which}_s"));
                    (of("measured"), of("predicted"))
                })
                .collect();
            assert_eq!(number(row, "requests"), both.len() as f64);
            let near = |column: &str, by_hand: f64| {
                let found = number(row, column);
                let scale = by_hand.abs().max(1e-6);
                assert!(
                    (found - by_hand).abs() < 1e-6 * scale,
                    "{part} {time} {column}: {found} {by_hand}"
                );
            };
            let n = both.len() as f64;
            let mean = |of: &dyn Fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>() / n;
            let (m, p) = (mean(&|it| it.0), mean(&|it| it.1));
            near("error_mean", p / m - 1.0);
            near("mape", mean(&|it| (it.1 - it.0).abs() / it.0));
            near("bias", p - m);
            let quantile = |q: f64, of: fn(&(f64, f64)) -> f64| {
                let mut all: Vec<f64> = both.iter().map(of).collect();
                all.sort_by(f64::total_cmp);
                all[(q * n).ceil() as usize - 1]
            };
            for (column, q) in [("error_p50", 0.5), ("error_p90", 0.9), ("error_p99", 0.99)] {
                near(column, quantile(q, |it| it.1) / quantile(q, |it| it.0) - 1.0);
            }
            let spread = |of: fn(&(f64, f64)) -> f64, mean_of: f64| {
                mean(&move |it| (of(it) - mean_of).powi(2)).sqrt()
            };
            let together = mean(&|it| (it.0 - m) * (it.1 - p));
            near("pearson_r", together / (spread(|it| it.0, m) * spread(|it| it.1, p)));
        }
    }
}

#[test]
fn results_of_a_run_are_held_against_the_same_file_by_compare() {
    let (bench, file) = measured_truth();
    let measured = file.to_str().expect("a path");
    // Nothing is fitted, and one figure is wrong.
    let wrong = "models.gpu.server.engine.overheads.per_step=0s";
    let arguments = ["experiment.yaml", "--measured", measured, "--set", wrong, "--format", "csv"];
    let (predicted, _) = calibrate(&bench, &arguments);
    let run = bench.run(&["--format", "csv", "--set", wrong]);
    let output =
        bench.windtunnel(&["compare", run.to_str().expect("a path"), "--measured", measured]);
    assert!(output.status.success(), "{}", stderr(&output));
    let compared = bench.path().join(stdout(&output).trim());
    assert!(
        compared.ends_with("compare-truth-and-measured") && compared.join("report.html").exists()
    );
    let (a, b) = (rows(&predicted.join("errors.csv")), rows(&compared.join("errors.csv")));
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(&b) {
        for (column, value) in a {
            let (Ok(x), Ok(y)) = (value.parse::<f64>(), b[column].parse::<f64>()) else {
                assert_eq!(value, &b[column]);
                continue;
            };
            // A request's own table keeps nine digits.
            assert!((x - y).abs() <= 1e-5 * x.abs().max(0.1), "{column}: {x} {y}");
        }
    }
    let off = number(&b_row(&compared, "tpot_s"), "error_mean");
    assert!((-0.12..-0.03).contains(&off), "0.7 of some 7.5 ms are missing: {off}");
}

fn b_row(folder: &Path, metric: &str) -> BTreeMap<String, String> {
    let all = rows(&folder.join("errors.csv"));
    all.into_iter().find(|row| row["metric"] == metric).expect("a row")
}

#[test]
fn what_the_data_cannot_tell_is_said() {
    let (bench, file) = measured_truth();
    let measured = file.to_str().expect("a path");
    // Two constants of a step are one; of a server that nobody asks nothing is known.
    let text = unknown().replace(
        "models:\n",
        "models:\n  idle: { quality: 0.1, server: { engine: { overheads: { per_step: 1ms } } } }\n",
    );
    fs::write(bench.path().join("two.yaml"), text).expect("a file");
    let fit = "models.gpu.server.engine.overheads.per_step,models.gpu.server.engine.step.linear.per_step,\
               models.idle.server.engine.overheads.per_step,models.gpu.server.engine.overheads.per_request";
    let (folder, said) =
        calibrate(&bench, &["two.yaml", "--measured", measured, "--fit", fit, "--format", "csv"]);
    assert!(
        said.contains(
            "the data cannot tell models.gpu.server.engine.overheads.per_step and \
             models.gpu.server.engine.step.linear.per_step apart"
        ),
        "{said}"
    );
    let parameters = rows(&folder.join("parameters.csv"));
    let beware: Vec<&str> = parameters.iter().map(|row| row["beware"].as_str()).collect();
    assert_eq!(
        beware,
        [
            "the data cannot tell it from others",
            "the data cannot tell it from others",
            "it has no effect on the times measured",
            "",
        ]
    );
    // Their sum is told.
    let sum = number(&parameters[0], "fitted") + number(&parameters[1], "fitted");
    assert!((sum / 6.7e-3 - 1.0).abs() < 0.01, "{sum}");
    // A bound is told where it holds a parameter back.
    let bounds = "models.gpu.server.engine.overheads.per_step=0s..300us";
    let fit = "models.gpu.server.engine.overheads.per_step";
    let (folder, _) = calibrate(
        &bench,
        &["fit.yaml", "--measured", measured, "--fit", fit, "--bounds", bounds, "--format", "csv"],
    );
    let row = &rows(&folder.join("parameters.csv"))[0];
    assert_eq!(row["beware"], "it is at the highest value that it may have");
    assert!((number(row, "fitted") / 3e-4 - 1.0).abs() < 1e-2, "{row:?}");
}

#[test]
fn nonsense_ends_with_what_is_wrong() {
    let (bench, file) = measured_truth();
    let header = "arrival_s,input_tokens,output_tokens,ttft_ms,e2e_ms,status\n";
    let many = |row: &str| row.repeat(20);
    let fit = "models.gpu.server.engine.overheads.per_step";
    let whole = file.to_str().expect("a path").to_owned();
    let case = |file: &str, fit: &[&str], said: &str| {
        let arguments = [&["calibrate", "fit.yaml", "--measured", file][..], fit].concat();
        let output = bench.windtunnel(&arguments);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}: {text}");
        assert!(text.contains(said), "expected `{said}`: {text}");
        assert!(!bench.path().join("results/.fit-calibration.partial").exists(), "{said}");
    };
    for (content, said) in [
        (String::new(), "no rows"),
        (header.to_owned(), "there are no requests in it"),
        (format!("{header}0,10,5,20,40,ok\n"), "at least 10 are needed to fit to"),
        (format!("{header}{}", many("0,10,5,,,failed\n")), "none of its requests was completed"),
        (format!("{header}0,10,5,-3,40,ok\n"), "ttft_ms is `-3`: expected a number of 0 or more"),
        (format!("{header}-1,10,5,3,40,ok\n"), "arrival_s is `-1`"),
        (format!("{header}0,10,5,3,nan,ok\n"), "e2e_ms is `nan`"),
        (format!("{header}0,0,5,3,40,ok\n"), "input_tokens is `0`"),
        (format!("{header}0,10,5,900,40,ok\n"), "are the units in the columns' names right?"),
        (format!("{header}0,10\n"), "expected 6 fields, found 2"),
        (
            "arrival_s,input_tokens,output_tokens,ttft\n0,1,1,1\n".to_owned(),
            "call it `ttft_s` or `ttft_ms`",
        ),
        (
            "when,input_tokens,output_tokens,ttft_s\n0,1,1,1\n".to_owned(),
            "there is no column of arrivals",
        ),
        ("{\"arrival_s\": 0, \"input_tokens\": 1\n".to_owned(), "expected a JSON object"),
    ] {
        let path = bench.path().join("nonsense.csv");
        fs::write(&path, content).expect("a file");
        case("nonsense.csv", &["--fit", fit], said);
    }
    case("gone.csv", &["--fit", fit], "gone.csv");
    for (arguments, said) in [
        (&["--fit", "models.gpu.server.engine.overhead.per_step"][..], "did you mean `overheads`?"),
        (
            &["--fit", "models.gpu.server.engine.policy"],
            "it is no number, duration, rate or bandwidth",
        ),
        (&["--fit", "models.gpu.server.engine.num_gpu_blocks"], "says nothing there"),
        (&["--fit", fit, "--bounds", "x=0..1"], "it is not fitted"),
        (
            &["--fit", fit, "--bounds", "models.gpu.server.engine.overheads.per_step=5"],
            "expected PATH=LOW..HIGH",
        ),
        (&["--fit", fit, "--holdout", "99%"], "of which 297 are held out"),
        (&["--fit", fit, "--holdout", "120%"], "a share of less than the whole"),
        (&["--fit", fit, "--values", "fit.yaml.gone"], "fit.yaml.gone"),
    ] {
        case(&whole, arguments, said);
    }
    // A workload of its own must be the measured one.
    for (set, said) in [
        ("requests=200", "300 requests were measured, and the experiment's workload has 200"),
        ("requests=310", "300 requests were measured, and the experiment's workload has 310"),
        ("seed=7", "request 0 was measured with"),
    ] {
        let output =
            bench.windtunnel(&["calibrate", "experiment.yaml", "--measured", &whole, "--set", set]);
        assert_eq!(output.status.code(), Some(2), "{set}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{set}: {}", stderr(&output));
    }
    let run = bench.run(&["--format", "csv", "--set", "requests=200"]);
    let run = run.to_str().expect("a path");
    let output = bench.windtunnel(&["compare", run, "--measured", &whole]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there are 200 after the warm-up"), "{}", stderr(&output));
    let plain = bench.run(&["--format", "csv", "--set", "record.requests=false"]);
    let output =
        bench.windtunnel(&["compare", plain.to_str().expect("a path"), "--measured", &whole]);
    assert!(stderr(&output).contains("record: { requests: true }"), "{}", stderr(&output));
}

#[test]
fn failed_requests_are_left_out_and_json_lines_are_read() {
    let (bench, file) = measured_truth();
    let mut text = String::new();
    for (nth, row) in rows(&file).iter().enumerate() {
        let error = if nth % 50 == 7 { "\"timed out\"" } else { "null" };
        let _ = writeln!(
            text,
            "{{\"arrival\": {}, \"prompt_tokens\": {}, \"completion_tokens\": {}, \"ttft_s\": {}, \
             \"latency_s\": {}, \"error\": {error}, \"trace_id\": {nth}}}",
            row["arrival_s"],
            row["input_tokens"],
            row["output_tokens"],
            row["ttft_s"],
            row["e2e_s"]
        );
    }
    fs::write(bench.path().join("log.jsonl"), text).expect("a file");
    let fit = "models.gpu.server.engine.overheads.per_step";
    let (folder, said) = calibrate(
        &bench,
        &["fit.yaml", "--measured", "log.jsonl", "--fit", fit, "--format", "csv"],
    );
    assert!(said.contains("6 of 300 measured requests were not completed"), "{said}");
    assert!(said.contains("columns of log.jsonl that are not used: trace_id"), "{said}");
    assert_eq!(rows(&folder.join("residuals.csv")).len(), 294);
}

/// Fitted on one GPU and model, predicted on two GPUs and another model: docs/validation.md.
#[test]
fn real_gpus_are_predicted_from_another_case() {
    let Some(data) = data() else { return };
    if !data.join("gpu/measured").is_dir() {
        println!("SKIPPED: {} has no gpu/measured", data.display());
        return;
    }
    let bench = Bench::new("name: none\n");
    let root = crate::support::root();
    let run = |arguments: &[&str]| {
        let mut command = crate::support::windtunnel(&[&["calibrate"], arguments].concat());
        let output = command
            .current_dir(bench.path())
            .env("WINDTUNNEL_DATA", &data)
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{}", stderr(&output));
        println!("{}", stderr(&output));
        bench.path().join(stdout(&output).trim())
    };
    let example = |name: &str| root.join("examples/calibrate").join(name).display().to_string();
    let case = |name: &str| {
        data.join("gpu/measured").join(name).join("requests_ms.csv").display().to_string()
    };
    let overheads = "models.gpu.server.engine.overheads.per_step,models.gpu.server.engine.overheads.per_request";
    let fit = |name: &str, case_name: &str, more: &[&str]| {
        let (experiment, measured) = (example(name), case(case_name));
        let common =
            [&*experiment, "--measured", &*measured, "--holdout", "30%", "--format", "csv"];
        run(&[&common[..], more].concat())
    };
    let llama =
        fit("rtx-pro-6000-llama-3.1-8b.yaml", "RTXPRO6000-Llama-3.1-8B", &["--fit", overheads]);
    let values = llama.join("fitted.yaml").display().to_string();
    let all_reduce = "models.gpu.server.engine.step.layers.all_reduce";
    let qwen = fit(
        "rtx-pro-6000-qwen3-32b.yaml",
        "RTXPRO6000-Qwen3-32B",
        &["--values", &values, "--fit", all_reduce],
    );
    // The data leaves `per_step` open between 20 and 350 us, and the mean of TTFT with it.
    for (folder, metric, most) in [
        (&llama, "ttft_s", 0.03),
        (&llama, "tpot_s", 0.01),
        (&llama, "e2e_s", 0.01),
        (&qwen, "ttft_s", 0.01),
        (&qwen, "tpot_s", 0.01),
        (&qwen, "e2e_s", 0.01),
    ] {
        let errors = rows(&folder.join("errors.csv"));
        for row in errors.iter().filter(|row| row["metric"] == metric) {
            let (mean, p99) = (number(row, "error_mean"), number(row, "error_p99"));
            assert!(mean.abs() < most && p99.abs() < 0.05, "{}: {row:?}", folder.display());
            assert!(number(row, "pearson_r") > 0.97, "{row:?}");
        }
    }
}
