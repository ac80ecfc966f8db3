//! Request logs of one's own, `BurstGPT`, and the part of a trace that is replayed.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use windtunnel::kernel::Streams;
use windtunnel::workload::{DataPaths, Incoming, Plan, WorkloadSpec};

/// A folder with one file of this text, and the file's name.
fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn plan(yaml: &str) -> Result<Plan, String> {
    let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
    let spec: WorkloadSpec = serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap();
    Plan::new(&spec, &DataPaths::default()).map_err(|error| error.to_string())
}

fn requests(yaml: &str) -> Vec<Incoming> {
    let source = plan(yaml).unwrap().source(&Streams::new(7, 0)).unwrap();
    source.map(Result::unwrap).collect()
}

fn at_ms(requests: &[Incoming]) -> Vec<u64> {
    requests.iter().map(|request| request.at.as_nanos() / 1_000_000).collect()
}

const BURST: &str = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n\
                     5,ChatGPT,472,18,490,Conversation log\n\
                     45,ChatGPT,1087,230,1317,Conversation log\n\
                     118,GPT-4,417,0,417,API log\n";

#[test]
fn burstgpt_is_read_as_published() {
    let (_folder, path) = file("BurstGPT_1.csv", BURST);
    let all = requests(&format!("trace: {{burstgpt: {}}}", path.display()));
    assert_eq!(at_ms(&all), [0, 40_000, 113_000]);
    let tokens: Vec<_> = all.iter().map(|r| (r.input_decitokens, r.output_tokens)).collect();
    // The last one failed: how long its answer would have been is not known.
    assert_eq!(tokens, [(4720, Some(18)), (10_870, Some(230)), (4170, None)]);
}

/// The same three requests in every way that a log may be written.
fn check_own_log(yaml: &str) {
    let plan = plan(yaml).unwrap();
    let names: Vec<&str> = plan.users().iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["bob", "ann"], "{yaml}");
    let all: Vec<Incoming> =
        plan.source(&Streams::new(1, 0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(at_ms(&all), [0, 250, 2000], "{yaml}");
    assert_eq!(all.iter().map(|r| r.user.0).collect::<Vec<_>>(), [0, 1, 0], "{yaml}");
    assert_eq!(all[0].prompt, all[2].prompt, "{yaml}");
    assert_ne!(all[0].prompt, all[1].prompt, "{yaml}");
    assert_eq!(all[1].output_tokens, Some(7), "{yaml}");
}

#[test]
fn a_log_may_be_csv_or_json_with_times_in_any_unit() {
    let columns = "time: ts, input_tokens: in, output_tokens: out, prompt: q, user: who";
    for (unit, times) in [
        ("s", ["100", "100.25", "102.0"]),
        ("ms", ["100000", "100250", "102000"]),
        ("ns", ["100000000000", "100250000000", "102000000000"]),
        ("s", ["2026-01-01 00:00:01", "2026-01-01T00:00:01.25Z", "2026-01-01 00:00:03"]),
    ] {
        let rows =
            [("bob", "\"Hi, you\"", 5, 9), ("ann", "Why?", 6, 7), ("bob", "\"Hi, you\"", 5, 8)];
        let mut csv = String::from("who,q,in,ignored,out,ts\r\n");
        let mut json = String::new();
        for (time, (who, prompt, input, output)) in times.iter().zip(rows) {
            writeln!(csv, "{who},{prompt},{input},x,{output},{time}\r").unwrap();
            let time = if time.contains(':') { format!("\"{time}\"") } else { (*time).to_owned() };
            let prompt = prompt.trim_matches('"');
            writeln!(
                json,
                "{{\"q\": \"{prompt}\", \"ts\": {time}, \"in\": {input}, \"out\": {output}, \
                 \"who\": \"{who}\", \"more\": [1, {{}}]}}"
            )
            .unwrap();
        }
        let (_a, csv) = file("log.csv", &csv);
        let (_b, json) = file("log.jsonl", &json);
        for (format, path) in [("csv", csv), ("jsonl", json)] {
            let file = path.display();
            check_own_log(&format!(
                "trace: {{{format}: {{file: {file}, {columns}, unit: {unit}}}}}"
            ));
        }
    }
}

#[test]
fn a_list_of_users_gives_classes_to_those_of_the_log() {
    let (_folder, path) =
        file("l.csv", "timestamp,input_tokens,output_tokens,u\n0,1,1,ann\n1,1,1,eve\n");
    let plan = plan(&format!(
        "trace: {{csv: {{file: {}, user: u}}}}\nusers: {{list: [{{name: bob}}, {{name: ann, class: vip}}]}}",
        path.display()
    ))
    .unwrap();
    let users: Vec<_> = plan.users().iter().map(|u| (&*u.name, &*u.class)).collect();
    assert_eq!(users, [("bob", "default"), ("ann", "vip"), ("eve", "default")]);
    let asked: Vec<u32> =
        plan.source(&Streams::new(1, 0)).unwrap().map(|r| r.unwrap().user.0).collect();
    assert_eq!(asked, [1, 2]);
}

#[test]
fn bad_rows_and_columns_are_named() {
    let bad = |text: &str, yaml: &str| {
        let (_folder, path) = file("log.csv", text);
        plan(&yaml.replace("FILE", &path.display().to_string())).err().unwrap_or_default()
    };
    let head = "timestamp,input_tokens,output_tokens\n";
    let plain = "trace: {csv: {file: FILE}}";
    for (text, yaml, complaint) in [
        (
            "timestamp,input_token,output_tokens\n",
            plain,
            "log.csv:1: there is no column `input_tokens` for `input_tokens` among `timestamp,input_token,output_tokens`; did you mean `input_token`?",
        ),
        (
            &*format!("{head}0,1,1\n1,x,1\n"),
            plain,
            "log.csv:3: input_tokens is `x`: expected a whole number",
        ),
        (
            &*format!("{head}0,1,1\nsoon,1,1\n"),
            plain,
            "log.csv:3: timestamp is `soon`: expected a number",
        ),
        (&*format!("{head}0,1\n"), plain, "log.csv:2: expected 3 fields, found 2"),
        (&*format!("{head}5,1,1\n4,1,1\n"), plain, "log.csv:3: the row's time is before"),
        ("", plain, "no rows"),
        (
            "{\"timestamp\": 0, \"input_tokens\": 3}\n",
            "trace: {jsonl: {file: FILE}}",
            "log.csv:1: there is no `output_tokens`",
        ),
        ("[1]\n", "trace: {jsonl: {file: FILE}}", "log.csv:1: expected a JSON object"),
        (
            head,
            "trace: {csv: {file: FILE, prompt: timestamp}}",
            "column `timestamp` is named for `time` already",
        ),
        (head, "trace: {csv: {file: FILE}, burstgpt: FILE}", "not both `burstgpt` and `csv`"),
        (head, "trace: {csv: {file: FILE}, until: 5s, from: 5s}", "expected more than `from`, 5s"),
    ] {
        let found = bad(text, yaml);
        assert!(found.contains(complaint), "{yaml} {text}\n{found}\nlacks\n{complaint}");
    }
    let (_folder, path) = file("log.csv", &format!("{head}0,1,1\n1,x,1\n2,1,1\n"));
    let all = requests(&format!("trace: {{csv: {{file: {}}}, on_bad_row: skip}}", path.display()));
    assert_eq!(all.len(), 2);
}

/// Ten rows, a second apart.
fn ten() -> (tempfile::TempDir, PathBuf) {
    let mut text = String::from("timestamp,input_tokens,output_tokens\n");
    for i in 0..10 {
        writeln!(text, "{},{},1", 100 + i, i + 1).unwrap();
    }
    file("ten.csv", &text)
}

fn part(path: &Path, rest: &str) -> Vec<Incoming> {
    requests(&format!("trace: {{csv: {{file: {}}}, {rest}}}", path.display()))
}

#[test]
fn a_part_begins_at_zero_and_keeps_its_pattern() {
    let (_folder, path) = ten();
    let all = part(&path, "from: 2500ms, until: 6s");
    assert_eq!(at_ms(&all), [500, 1500, 2500]);
    assert_eq!(all.iter().map(|r| r.input_decitokens / 10).collect::<Vec<_>>(), [4, 5, 6]);
    assert_eq!(at_ms(&part(&path, "from: 2500ms, until: 6s, speed: 2")), [250, 750, 1250]);
}

#[test]
fn rounds_follow_each_other_without_a_seam() {
    let (_folder, path) = ten();
    // The end of the whole trace is a mean gap after its last row.
    let all = part(&path, "loops: 3");
    assert_eq!(at_ms(&all), (0..30).map(|i| i * 1000).collect::<Vec<u64>>());
    // That of a part is where it says.
    assert_eq!(at_ms(&part(&path, "until: 1500ms, loops: 2")), [0, 1000, 1500, 2500]);
    let yaml = format!("trace: {{csv: {{file: {}}}, loops: 0}}", path.display());
    let plan = plan(&yaml).unwrap();
    assert_eq!((plan.count(), plan.span()), (None, None));
    assert_eq!(plan.source(&Streams::new(1, 0)).unwrap().take(1000).count(), 1000);
}

#[test]
fn keeping_a_share_keeps_it_by_chance_and_differs_between_replications() {
    let (_folder, path) = ten();
    let n = 20_000;
    let all = part(&path, &format!("loops: {}, keep: 0.3", n / 10));
    let share = all.len() as f64 / f64::from(n);
    assert!((share - 0.3).abs() < 3.29 * (0.21 / f64::from(n)).sqrt(), "{share}");
    let yaml = format!("trace: {{csv: {{file: {}}}, keep: 0.5}}", path.display());
    let plan = plan(&yaml).unwrap();
    let kept: HashSet<Vec<u64>> = (0..8)
        .map(|replication| {
            let source = plan.source(&Streams::new(1, replication)).unwrap();
            at_ms(&source.map(Result::unwrap).collect::<Vec<_>>())
        })
        .collect();
    assert!(kept.len() > 4);
}
