//! Every known figure of the notebook that windtunnel grew from.

use crate::support::{Bench, root, rows};

fn run(name: &str) -> (Bench, std::path::PathBuf) {
    let file = root().join("experiments").join(format!("{name}.yaml"));
    let bench = Bench::new(&std::fs::read_to_string(file).expect("a shipped experiment"));
    let folder = bench.run(&["--quiet", "--format", "csv"]);
    (bench, folder)
}

#[test]
fn five_test_requests_give_2_hits_3_misses_and_0_376_s_of_inference() {
    let (_bench, folder) = run("notebook-pipeline");
    let runs = rows(&folder.join("runs.csv"));
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["requests"], "5");
    assert_eq!(runs[0]["cache_hits"], "2");
    assert_eq!(runs[0]["cache_misses"], "3");
    assert_eq!(runs[0]["inference_total_s"], "0.376");
    assert_eq!(runs[0]["errors"], "0");
    let requests = rows(&folder.join("requests.csv"));
    assert_eq!(requests[0]["cache_key"], "37e09b4dfb8265f090810807fbe93786");
    assert_eq!(requests[2]["cache_key"], requests[0]["cache_key"]);
    assert_eq!(requests[2]["outcome"], "hit");
    // Computed with Python's hashlib from "Explain neural networks|0.7|100|0.9".
    assert_eq!(requests[3]["cache_key"], "17ad0d64cd46ce038513845ae1bf0eb9");
    assert_eq!(requests[4]["cache_key"], "e820743fe77fd3783a52546eadf8b900");
    assert_eq!(rows(&folder.join("log.csv")).len(), 5);
}

#[test]
fn six_lookups_find_2_in_l1_3_in_l2_and_none_in_l3() {
    let (_bench, folder) = run("notebook-cache");
    let levels = rows(&folder.join("levels.csv"));
    let hits: Vec<&str> = levels.iter().map(|level| level["hits"].as_str()).collect();
    assert_eq!(hits, ["2", "3", "0"]);
    let lookups: Vec<&str> = levels.iter().map(|level| level["lookups"].as_str()).collect();
    assert_eq!(lookups, ["6", "4", "1"]);
    let requests = rows(&folder.join("requests.csv"));
    let waits: Vec<&str> = requests.iter().map(|request| request["e2e_s"].as_str()).collect();
    // L1 0 ms; L2 another 10 ms; the miss all 60 ms and 0.1 s + 8 characters.
    assert_eq!(waits, ["0", "0", "0.01", "0.01", "0.01", "0.168"]);
}

#[test]
fn the_cost_demo_picks_the_same_models_at_the_same_estimates() {
    let (_bench, folder) = run("notebook-cost");
    let mut requests = rows(&folder.join("requests.csv"));
    requests.sort_by_key(|request| request["request_id"].parse::<u64>().expect("a number"));
    let models: Vec<&str> = requests.iter().map(|request| request["model"].as_str()).collect();
    assert_eq!(models, ["gpt-4", "gpt-3.5", "local-llama", "gpt-4"]);
    let estimates: Vec<f64> = requests
        .iter()
        .map(|request| request["estimated_cost_usd"].parse().expect("money"))
        .collect();
    assert_eq!(estimates, [0.01539, 0.000_415_6, 0.000_010_39, 0.009_195]);
    for request in &requests {
        let (words, tokens): (f64, f64) = (
            request["input_tokens"].parse().expect("tokens"),
            request["output_tokens"].parse().expect("tokens"),
        );
        let price = match request["model"].as_str() {
            "gpt-4" => 3e-5,
            "gpt-3.5" => 2e-6,
            _ => 1e-7,
        };
        let cost: f64 = request["cost_usd"].parse().expect("money");
        assert!((cost - (words + tokens) * price).abs() < 1e-12, "{request:?}");
    }
    let models = rows(&folder.join("models.csv"));
    let users = rows(&folder.join("users.csv"));
    let total: f64 = rows(&folder.join("runs.csv"))[0]["cost_usd"].parse().expect("money");
    for table in [models, users] {
        let sum: f64 = table.iter().map(|row| row["cost_usd"].parse::<f64>().expect("money")).sum();
        assert!((sum - total).abs() < 1e-9);
    }
}

#[test]
fn a_request_without_a_prompt_or_with_too_long_a_one_is_an_error() {
    let long = "x".repeat(4001);
    let bench = Bench::new(&format!(
        "workload: {{ requests: [ {{ prompt: null }}, {{ prompt: {long} }}, {{ prompt: fine }} ] }}\n\
         pipeline: {{}}\nrecord: {{ requests: true }}\nreplications: 1\n"
    ));
    let folder = bench.run(&["--quiet", "--format", "csv"]);
    let run = &rows(&folder.join("runs.csv"))[0];
    assert_eq!(
        (run["requests"].as_str(), run["errors"].as_str(), run["completed"].as_str()),
        ("3", "2", "1")
    );
    assert!((run["error_rate"].parse::<f64>().expect("a rate") - 2.0 / 3.0).abs() < 1e-8);
    let requests = rows(&folder.join("requests.csv"));
    let errors: Vec<&str> = requests.iter().map(|request| request["error"].as_str()).collect();
    assert!(errors.contains(&"Missing required field: prompt"), "{errors:?}");
    assert!(errors.iter().any(|error| error.contains("4000 characters")), "{errors:?}");
}

#[test]
fn white_space_at_the_ends_counts_for_validation_and_not_for_the_model() {
    let run = |most: u32| {
        let bench = Bench::new(&format!(
            "workload: {{ requests: [ {{ prompt: \"  0123456789  \" }} ] }}\n\
             pipeline: {{ max_prompt_length: {most} }}\nreplications: 1\n\
             models: {{ m: {{ server: {{ seed_pipeline: {{}} }} }} }}\n"
        ));
        let folder = bench.run(&["--quiet", "--format", "csv"]);
        rows(&folder.join("runs.csv")).swap_remove(0)
    };
    // 0.1 s and 1 ms for each of ten characters.
    assert_eq!(run(14)["inference_total_s"], "0.11");
    assert_eq!(run(13)["errors"], "1");
}
