//! The Mooncake trace reader: the published traces' figures, and broken files.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use windtunnel::kernel::Streams;
use windtunnel::spec::Path as Place;
use windtunnel::workload::trace::{OnBadRow, TraceSpec};
use windtunnel::workload::{DataPaths, Incoming, Plan, WorkloadError, WorkloadSpec};

#[path = "support/data.rs"]
#[allow(dead_code)] // Whole texts are for others.
mod data;

fn spec(yaml: &str) -> WorkloadSpec {
    let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
    serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap()
}

fn plan(folder: &Path, yaml: &str) -> Result<Plan, WorkloadError> {
    Plan::new(&spec(yaml), &DataPaths { folders: vec![folder.to_path_buf()] })
}

/// A published trace as requests with their blocks, if it is there.
fn published(name: &str) -> Option<Vec<(Incoming, Vec<u64>)>> {
    let yaml = format!("trace: {{mooncake: {name}_trace.jsonl.gz}}");
    match plan(&data::folder(), &yaml) {
        Ok(plan) => Some(replay(&plan)),
        Err(WorkloadError::NoFile { missing, .. }) => {
            println!("SKIPPED: {name} is not in {:?} (set WINDTUNNEL_DATA)", missing.searched);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn replay(plan: &Plan) -> Vec<(Incoming, Vec<u64>)> {
    let mut source = plan.source(&Streams::new(1, 0)).unwrap();
    let mut all = vec![];
    while let Some(request) = source.next() {
        let request = request.unwrap();
        let blocks = request.blocks.map(|id| source.blocks(id).to_vec()).unwrap_or_default();
        if let Some(id) = request.blocks {
            source.release(id);
        }
        all.push((request, blocks));
    }
    all
}

/// Requests, block accesses, distinct blocks, distinct prompts, last time in ms,
/// input tokens.
fn figures(all: &[(Incoming, Vec<u64>)]) -> [u64; 6] {
    let blocks: HashSet<u64> = all.iter().flat_map(|(_, blocks)| blocks).copied().collect();
    let prompts: HashSet<u64> = all.iter().map(|(request, _)| request.prompt.0).collect();
    [
        all.len() as u64,
        all.iter().map(|(_, blocks)| blocks.len() as u64).sum(),
        blocks.len() as u64,
        prompts.len() as u64,
        all.last().unwrap().0.at.as_nanos() / 1_000_000,
        all.iter().map(|(request, _)| request.input_decitokens).sum::<u64>() / 10,
    ]
}

#[test]
fn the_conversation_trace_has_its_published_figures() {
    let Some(all) = published("conversation") else { return };
    // The first three are published; the others counted by a script of a few lines.
    assert_eq!(figures(&all), [12_031, 288_500, 182_790, 11_913, 3_536_999, 144_793_823]);
    let (first, blocks) = &all[0];
    assert_eq!((first.at.0, first.input_decitokens, first.output_tokens), (0, 67_580, Some(500)));
    assert_eq!(*blocks, (0..14).collect::<Vec<_>>());
}

#[test]
fn the_synthetic_trace_has_its_published_figures() {
    let Some(all) = published("synthetic") else { return };
    assert_eq!(figures(&all), [3_993, 121_877, 43_924, 3_780, 1_022_025, 61_194_628]);
}

#[test]
fn equal_prompts_are_those_of_equal_length_and_blocks() {
    let Some(all) = published("conversation") else { return };
    let mut known = HashMap::new();
    for (request, blocks) in &all {
        let text = (request.input_decitokens, blocks);
        assert_eq!(*known.entry(request.prompt).or_insert(text), text);
    }
}

const ROWS: &str = r#"{"timestamp": 100, "input_length": 600, "output_length": 5, "hash_ids": [3, 4]}
{"timestamp": 150, "input_length": 600, "output_length": 6, "hash_ids": [3]}

{"timestamp": 200, "input_length": 600, "output_length": 7, "hash_ids": [3, 4]}
{"timestamp": 190, "input_length": 1, "output_length": 7, "hash_ids": [9]}
{"timestamp": 300, "input_length": 0, "output_length": 8, "hash_ids": []}
"#;

fn folder(name: &str, bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mooncake")).unwrap();
    std::fs::write(folder.path().join("mooncake").join(name), bytes).unwrap();
    folder
}

#[test]
fn plain_and_gzipped_files_give_the_same_requests() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(ROWS.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let yaml = "trace: {mooncake: t.jsonl, speed: 2.0, on_bad_row: skip}";
    let [plain, packed] = [ROWS.as_bytes(), &packed].map(|bytes| {
        let folder = folder("t.jsonl", bytes);
        replay(&plan(folder.path(), yaml).unwrap())
    });
    assert_eq!(plain, packed);
    let seen: Vec<_> = plain
        .iter()
        .map(|(request, blocks)| (request.at.0 / 1_000_000, request.output_tokens, &blocks[..]))
        .collect();
    assert_eq!(
        seen,
        [(0, Some(5), &[3, 4][..]), (50, Some(7), &[3, 4]), (100, Some(8), &[])],
        "twice as fast, bad rows left out"
    );
    assert_eq!(plain[0].0.prompt, plain[1].0.prompt);
    assert_ne!(plain[0].0.prompt, plain[2].0.prompt);
}

#[test]
fn the_memory_of_blocks_is_used_again() {
    let folder = folder("t.jsonl", ROWS.as_bytes());
    let plan = plan(folder.path(), "trace: {mooncake: t.jsonl, on_bad_row: skip}").unwrap();
    let ids: Vec<_> = replay(&plan).iter().map(|(request, _)| request.blocks).collect();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[2], None, "a prompt of no tokens has no blocks");
}

#[test]
fn prompts_may_be_drawn_in_place_of_the_traces_own() {
    let folder = folder("t.jsonl", ROWS.as_bytes());
    let yaml = "trace: {mooncake: t.jsonl, on_bad_row: skip}\nprompts: {zipf: {count: 2}}";
    let all = replay(&plan(folder.path(), yaml).unwrap());
    assert!(all.iter().all(|(request, _)| request.prompt.0 < 2));
    assert_eq!(all[0].1, [3, 4], "the blocks stay the trace's");
}

#[test]
fn a_bad_row_fails_with_file_and_line() {
    let folder = folder("t.jsonl", ROWS.as_bytes());
    let error = plan(folder.path(), "trace: {mooncake: t.jsonl}").unwrap_err();
    let problem = error.into_problem(&Place::parse("workload"));
    assert_eq!(problem.path.to_string(), "workload.trace.mooncake");
    assert!(problem.message.contains("t.jsonl:2: an input_length of 600"), "{}", problem.message);
    assert!(problem.help.unwrap().contains("on_bad_row: skip"));

    let path = folder.path().join("mooncake/t.jsonl");
    let spec = TraceSpec {
        mooncake: Some(path.clone().into()),
        on_bad_row: OnBadRow::Skip,
        ..TraceSpec::default()
    };
    let mut rows = spec.open(&path, Streams::new(1, 0).stream("keep")).unwrap();
    let mut blocks = vec![];
    while rows.next_row().unwrap().is_some() {
        blocks.push(rows.blocks().to_vec());
    }
    assert_eq!((blocks, rows.skipped()), (vec![vec![3, 4], vec![3, 4], vec![]], 2));
}

#[test]
fn another_format_is_named_and_a_torn_file_is_no_end() {
    let csv = folder("t.csv", b"TIMESTAMP,ContextTokens,GeneratedTokens\n");
    let error = plan(csv.path(), "trace: {mooncake: t.csv, on_bad_row: skip}").unwrap_err();
    let message = error.to_string();
    assert!(message.contains("t.csv:1: expected a line of a Mooncake trace"), "{message}");
    assert!(message.ends_with("found `TIMESTAMP,ContextTokens,GeneratedTokens`"), "{message}");

    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(ROWS.as_bytes()).unwrap();
    let mut packed = packed.finish().unwrap();
    packed.truncate(packed.len() - 4);
    let torn = folder("t.jsonl.gz", &packed);
    let error = plan(torn.path(), "trace: {mooncake: t.jsonl.gz, on_bad_row: skip}").unwrap_err();
    assert!(error.to_string().contains("t.jsonl.gz: "), "{error}");
    assert!(matches!(error, WorkloadError::Trace { .. }));
}
