//! What is fuzzed: every reader of what a user may hand us. Whatever the bytes, it
//! says what is wrong with them or reads them; it never panics.
//!
//! `tests/fuzz` feeds these with mutations of seeds in every test run, `cargo fuzz`
//! with what coverage suggests (see `fuzz/README.md`).

use std::fs;
use std::path::Path;

use windtunnel::cost::PriceMap;
use windtunnel::experiment::{Overrides, load::Document, merge_shards, prepare};
use windtunnel::kernel::Streams;
use windtunnel::workload::trace::accesses::{self, Format, ReadOptions};
use windtunnel::workload::trace::{OnBadRow, TraceSpec, beginning};
use windtunnel::workload::{DataPaths, Plan, WorkloadSpec};

/// More requests of a trace are not asked for.
const MOST_REQUESTS: usize = 2000;

/// An experiment file.
pub fn experiment(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(document) = Document::from_text("fuzz.yaml", &text) else { return };
    for quick in [false, true] {
        let overrides = Overrides { quick, ..Overrides::default() };
        if let Err(found) = prepare(&document, &overrides) {
            assert!(!found.is_empty(), "a refusal gives its reasons");
            for diagnostic in found {
                assert!(!diagnostic.to_string().is_empty());
            }
        }
    }
}

/// The formats of recorded requests, as their keys under `trace:`.
pub const TRACES: &[&str] = TraceSpec::FORMATS;

/// A recorded trace of a format, whose bad rows are errors or skipped.
pub fn trace(format: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("trace");
    fs::write(&file, bytes).expect("a file");
    let _ = beginning(&file).map(|beginning| TraceSpec::detect(&beginning));
    let settings = match format {
        "csv" | "jsonl" => "{ file: trace, prompt: prompt, user: user }",
        "libcachesim" => "{ file: trace }",
        "applied_compute" => "trace, arrivals: { concurrency: { limit: 2 } }",
        "sharegpt" | "openai" => "trace, arrivals: { constant: { rate: 6/m } }",
        _ => "trace",
    };
    for on_bad_row in ["fail", "skip"] {
        let yaml = format!("trace: {{ {format}: {settings}, on_bad_row: {on_bad_row} }}");
        requests(&yaml, folder.path());
    }
    closed(format, folder.path());
}

/// The same with what waited for what, where the format tells it: as jobs began, and as told.
fn closed(format: &str, folder: &Path) {
    let settings = match format {
        "csv" | "jsonl" => "{ file: trace, session: session, e2e: e2e }",
        "mooncake" | "sharegpt" | "openai" | "litellm" | "blis" | "burstgpt" => "trace",
        _ => return,
    };
    for more in ["on_bad_row: skip", "models: by_name, arrivals: { concurrency: { limit: 2 } }"] {
        requests(&format!("trace: {{ {format}: {settings}, replay: closed, {more} }}"), folder);
    }
}

fn requests(yaml: &str, folder: &Path) {
    let value: serde_yaml::Value = serde_yaml::from_str(yaml).expect("YAML");
    let spec: WorkloadSpec =
        serde_yaml::with::singleton_map_recursive::deserialize(value).expect("a workload");
    let paths = DataPaths { folders: vec![folder.to_path_buf()] };
    let Ok(plan) = Plan::new(&spec, &paths) else { return };
    let Ok(source) = plan.source(&Streams::new(1, 0)) else { return };
    let mut last = windtunnel::kernel::Time::ZERO;
    for incoming in source.take(MOST_REQUESTS).map_while(Result::ok) {
        assert!(incoming.at >= last, "requests come in the order of their times");
        last = incoming.at;
    }
}

/// A cache trace, in each format.
pub fn cache_trace(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("trace");
    fs::write(&file, bytes).expect("a file");
    let formats = [Format::Csv, Format::Jsonl, Format::Mooncake, Format::OracleGeneral];
    for format in formats.into_iter().map(Some).chain([None]) {
        for on_bad_row in [OnBadRow::Fail, OnBadRow::Skip] {
            let options = ReadOptions { format, on_bad_row, ..ReadOptions::default() };
            if let Ok((trace, _)) = accesses::read(&file, &options) {
                assert!(trace.iter().all(|(id, _)| u64::from(id) < trace.objects()));
            }
        }
    }
}

/// A price map as `LiteLLM` publishes it.
pub fn prices(bytes: &[u8]) {
    let Ok(map) = PriceMap::parse(bytes) else { return };
    let names: Vec<String> = map.names().map(str::to_owned).collect();
    for name in names {
        let _ = map.price(&name);
    }
}

/// The manifest of a shard.
pub fn shard(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("shard.yaml"), bytes).expect("a file");
    fs::write(folder.path().join("runs.bin"), bytes).expect("a file");
    if let Err(problems) = merge_shards(&[folder.path().to_path_buf()]) {
        assert!(!problems.is_empty(), "a refusal gives its reasons");
    }
}
