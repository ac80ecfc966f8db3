//! Several traces on one clock.

use windtunnel::kernel::Streams;

use crate::support::{Files, seconds};

const A: &str =
    "timestamp,input_tokens,output_tokens,user\n100,1,1,ann\n101,2,1,bob\n104,3,1,ann\n";
const B: &str = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:00:00,10,5\n\
                 2023-11-16 18:00:02,11,5\n2023-11-16 18:00:08,12,5\n";
const M: &str = "{\"timestamp\": 0, \"input_length\": 600, \"output_length\": 1, \"hash_ids\": [0, 1]}\n\
                 {\"timestamp\": 3000, \"input_length\": 600, \"output_length\": 1, \"hash_ids\": [0, 1]}\n";

fn files() -> Files {
    Files::new(&[
        ("a.csv", A.as_bytes()),
        ("b.csv", B.as_bytes()),
        ("m.jsonl", M.as_bytes()),
        ("n.jsonl", M.as_bytes()),
    ])
}

#[test]
fn rows_are_merged_by_time_and_ties_by_order() {
    let files = files();
    let all = files.requests("trace: {merge: [{azure: b.csv, speed: 2}, {csv: {file: a.csv}}]}");
    assert_eq!(seconds(&all), [0.0, 0.0, 1.0, 1.0, 4.0, 4.0]);
    let tokens: Vec<u64> = all.iter().map(|request| request.input_decitokens / 10).collect();
    assert_eq!(tokens, [10, 1, 11, 2, 12, 3]);
    let all = files.requests(
        "trace: {merge: [{csv: {file: a.csv}, from: 1s, loops: 2}, {azure: b.csv, until: 1s}]}",
    );
    assert_eq!(seconds(&all), [0.0, 0.0, 3.0, 6.0, 9.0]);
    let plan = files.plan("trace: {merge: [{azure: b.csv}, {csv: {file: a.csv}}]}").unwrap();
    assert_eq!((plan.count(), plan.span().unwrap().as_secs_f64()), (Some(6), 8.0));
}

#[test]
fn labels_name_users_and_strangers() {
    let files = files();
    let csv = "csv: {file: a.csv, user: user}";
    for (merge, names, asked) in [
        (
            format!("[{{azure: b.csv, label: batch}}, {{{csv}, label: chat}}]"),
            &["batch", "chat/ann", "chat/bob"][..],
            [0, 1, 2, 0, 1, 0],
        ),
        (
            format!("[{{azure: b.csv}}, {{{csv}}}]"),
            &["anonymous", "ann", "bob"],
            [0, 1, 2, 0, 1, 0],
        ),
    ] {
        let plan = files.plan(&format!("trace: {{merge: {merge}}}")).unwrap();
        let users: Vec<&str> = plan.users().iter().map(|user| &*user.name).collect();
        assert_eq!(users, names);
        let source = plan.source(&Streams::new(1, 0)).unwrap();
        let who: Vec<u32> = source.map(|request| request.unwrap().user.0).collect();
        assert_eq!(who, asked);
    }
}

#[test]
fn prompts_and_blocks_of_different_files_differ_and_others_are_drawn() {
    let files = files();
    let merge =
        "{merge: [{mooncake: m.jsonl}, {mooncake: n.jsonl}, {mooncake: m.jsonl}, {azure: b.csv}]}";
    let plan = files.plan(&format!("trace: {merge}")).unwrap();
    let mut source = plan.source(&Streams::new(1, 0)).unwrap();
    let mut first = Vec::new();
    for _ in 0..4 {
        let request = source.next().unwrap().unwrap();
        let blocks = request.blocks.map(|id| source.blocks(id).to_vec());
        first.push((request.prompt, blocks));
    }
    assert_eq!(first[0], first[2], "the same file");
    assert_ne!(first[0].0, first[1].0);
    let (m, n) = (first[0].1.as_ref().unwrap(), first[1].1.as_ref().unwrap());
    assert!(m.iter().all(|block| !n.contains(block)));
    assert!(first[3].1.is_none() && first[..3].iter().all(|(prompt, _)| *prompt != first[3].0));
    let rest: Vec<_> = source.map(Result::unwrap).collect();
    assert_eq!(rest.iter().filter(|request| request.prompt == first[1].0).count(), 1);
    let drawn = files.requests(&format!("trace: {merge}\nprompts: {{uniform: {{count: 1}}}}"));
    assert!(drawn.iter().all(|request| request.prompt.0 == 0));
}

#[test]
fn adding_a_trace_leaves_what_the_others_draw() {
    let files = files();
    let merge = |more: &str| {
        let all = files.requests(&format!(
            "trace: {{merge: [{{azure: b.csv, keep: 0.5, loops: 50}}, {{csv: {{file: a.csv}}}}{more}]}}"
        ));
        let of_first = all.iter().filter(|request| request.output_tokens == Some(5));
        of_first.map(|request| (request.at, request.input_decitokens)).collect::<Vec<_>>()
    };
    let two = merge("");
    assert!(two.len() > 30 && two.len() < 120);
    assert_eq!(two, merge(", {mooncake: m.jsonl, keep: 0.5}"));
}

#[test]
fn what_cannot_be_merged_is_refused() {
    let files = files();
    for (trace, complaint) in [
        ("merge: [{azure: b.csv}]", "trace.merge: expected at least two traces"),
        ("merge: [{azure: b.csv}, {azure: b.csv}], speed: 2", "nothing else goes beside `merge`"),
        (
            "merge: [{azure: b.csv}, {merge: []}]",
            "trace.merge.1.merge: a merged trace is not merged",
        ),
        ("merge: [{azure: b.csv}, {azure: b.csv, speed: 1e-9}]", "trace.merge.1.speed: "),
        ("merge: [{mooncake: m.jsonl}, {openai: o.jsonl}]", "blocks of 512 and of 16 tokens"),
        ("azure: b.csv, label: a", "trace.label: `label` has no effect here"),
        ("merge: [{azure: b.csv}, {azure: no.csv}]", "the trace `no.csv` was not found"),
        ("merge: [{azure: b.csv}, {azure: a.csv}]", "a.csv:1: expected the header `TIMESTAMP"),
    ] {
        let error = files.plan(&format!("trace: {{{trace}}}")).err().unwrap_or_default();
        assert!(error.contains(complaint), "{trace}: {error}");
    }
    // Where the experiment file says so, by its path.
    let value = "trace: {merge: [{azure: b.csv}, {azure: no.csv}]}";
    let value = serde_yaml::from_str::<serde_yaml::Value>(value).unwrap();
    let spec = serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap();
    let paths = windtunnel::workload::DataPaths { folders: vec![files.0.path().to_path_buf()] };
    let error = windtunnel::workload::Plan::new(&spec, &paths).unwrap_err();
    let problem = error.into_problem(&windtunnel::spec::Path::parse("workload"));
    assert_eq!(problem.path.to_string(), "workload.trace.merge.1.azure");
}
