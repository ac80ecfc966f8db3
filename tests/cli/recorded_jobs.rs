//! Recorded jobs, replayed with what their calls waited for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::support::{Bench, data, rows, stderr};

/// Columns that name things, which a replay names anew.
const NAMES: [&str; 7] =
    ["request_id", "workflow", "step", "in_workflow", "session", "turn", "cache_key"];

/// The requests of a results folder by their arrivals, without names.
fn requests(folder: &Path) -> Vec<BTreeMap<String, String>> {
    let mut rows = rows(&folder.join("requests.csv"));
    let nanos = |row: &BTreeMap<String, String>| {
        let text = &row["arrival_s"];
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole:0>12}.{decimals:0<9}")
    };
    rows.sort_by_key(|row| (nanos(row), row["input_tokens"].clone()));
    for row in &mut rows {
        row.retain(|column, _| !NAMES.contains(&column.as_str()));
    }
    rows
}

/// Runs `recorded`, and what came of it again on the same `system`.
fn both(recorded: &str, system: &str) -> [Vec<BTreeMap<String, String>>; 2] {
    let record = "record: { requests: true }\n";
    let bench = Bench::new(&format!("name: recorded\nreplications: 1\n{recorded}{system}{record}"));
    let first = requests(&bench.run(&[]));
    let replay = format!(
        "name: replayed
replications: 1
seed: 99
workload:
  trace: {{ requests_csv: results/recorded/requests.csv, origin: zero }}
  max_tokens: 4096
{system}{record}"
    );
    fs::write(bench.path().join("experiment.yaml"), replay).expect("a file");
    [first, requests(&bench.run(&[]))]
}

const ENGINE: &str = "models:
  m: { server: { engine: { num_gpu_blocks: 1500, enable_prefix_caching: true } } }
";

#[test]
fn sessions_replayed_on_the_same_system_are_the_same_to_the_digit() {
    let sessions = "requests: 200
workload:
  arrivals: { poisson: { rate: 2/s } }
  session: { turns: { uniform: { min: 1, max: 6 } }, think_time: { exponential: { mean: 4s } } }
  tokens: { input: { uniform: { min: 100, max: 900 } }, output: { uniform: { min: 20, max: 300 } } }
  max_tokens: 4096
";
    let [first, second] = both(sessions, ENGINE);
    assert_eq!(first.len(), 200);
    assert_eq!(first, second);
}

#[test]
fn workflows_replayed_on_the_same_system_are_the_same_to_the_digit() {
    // Tools and a fan-out of three at once; what the calls share is not in requests.csv.
    let flows = "requests: 40
workload:
  arrivals: { poisson: { rate: 0.5/s } }
  prompts: unique
  tokens: { input: { uniform: { min: 100, max: 900 } }, output: { uniform: { min: 20, max: 200 } } }
  max_tokens: 4096
";
    let steps = "orchestration:
  workflows:
    research:
      steps:
        plan: { llm: { output: { constant: 40 } } }
        look: { after: plan, tool: { latency: { exponential: { mean: 2s } } } }
        read: { after: look, llm: { output: { uniform: { min: 10, max: 90 } } }, map: { items: { constant: 3 } } }
        sum: { after: read, llm: { output: { constant: 120 } } }
";
    let engine = ENGINE.replace("enable_prefix_caching: true", "enable_prefix_caching: false");
    let bench = Bench::new(&format!(
        "name: recorded\nreplications: 1\n{flows}{engine}{steps}record: {{ requests: true }}\n"
    ));
    let first = requests(&bench.run(&[]));
    assert_eq!(first.len(), 40 * 5);
    let replay = format!(
        "name: replayed
replications: 1
workload:
  trace: {{ requests_csv: results/recorded/requests.csv, origin: zero }}
  max_tokens: 4096
{engine}record: {{ requests: true }}
"
    );
    fs::write(bench.path().join("experiment.yaml"), replay).expect("a file");
    assert_eq!(first, requests(&bench.run(&[])));
}

/// Sessions of 1 to 9 calls as Applied Compute has them, and by session how long tools took in
/// all, in milliseconds.
fn agents(count: u64) -> (String, Vec<u64>) {
    let (mut text, mut all) = (String::new(), Vec::new());
    for session in 0..count {
        let turns = session * 7 % 9;
        let latency: Vec<u64> =
            (0..turns).map(|turn| 100 + (session * 31 + turn * 977) % 4000).collect();
        let seconds: Vec<String> =
            latency.iter().map(|ms| format!("{}.{:03}", ms / 1000, ms % 1000)).collect();
        let lengths = |from: u64| {
            (0..turns).map(|it| (from + it * 10).to_string()).collect::<Vec<_>>().join(", ")
        };
        writeln!(
            text,
            r#"{{"num_turns": {}, "input_prompt_length": {}, "assistant_response_length": [{}], "tool_call_output_length": [{}], "tool_call_latency": [{}], "final_assistant_response_length": 30}}"#,
            turns + 1,
            500 + session,
            lengths(20),
            lengths(100),
            seconds.join(", ")
        )
        .expect("text");
        all.push(latency.iter().sum());
    }
    (text, all)
}

#[test]
fn with_models_that_answer_at_once_a_job_takes_what_its_tools_took() {
    let (text, tools) = agents(50);
    let bench = Bench::new(
        "name: jobs
replications: 1
workload:
  trace: { applied_compute: agents.jsonl, arrivals: { constant: { rate: 1/s } } }
  max_tokens: 4096
models:
  m: { server: { tokens: { ttft: 0s, tpot: 0s } } }
record: { requests: true, jobs: true }
",
    );
    fs::write(bench.path().join("agents.jsonl"), text).expect("a file");
    let folder = bench.run(&[]);
    let mut ends = BTreeMap::new();
    for row in rows(&folder.join("requests.csv")) {
        let number = |column: &str| row[column].parse::<f64>().expect("a number");
        let end = ends.entry(row["workflow"].parse::<usize>().expect("a number")).or_insert(0.0f64);
        *end = end.max(number("finish_s"));
    }
    assert_eq!(ends.len(), tools.len());
    for (job, ms) in tools.iter().enumerate() {
        let expected = job as f64 + *ms as f64 / 1e3;
        assert!((ends[&job] - expected).abs() < 1e-8, "job {job}: {} {expected}", ends[&job]);
    }
    let jobs = rows(&folder.join("jobs.csv"));
    assert_eq!(jobs.len(), tools.len());
    for job in jobs {
        let number = |column: &str| job[column].parse::<f64>().expect("a number");
        let ms = tools[number("workflow_id") as usize] as f64;
        assert!((number("makespan_s") - ms / 1e3).abs() < 1e-9 && job["outcome"] == "completed");
        let critical = job.keys().filter(|column| column.starts_with("critical_"));
        let all: f64 = critical.map(|column| number(column)).sum();
        assert!((all - number("makespan_s")).abs() < 1e-9);
        assert!((number("critical_tool_s") - number("makespan_s")).abs() < 1e-9);
    }
    let workflows = rows(&folder.join("workflows.csv"));
    let recorded = workflows.iter().find(|row| row["workflow"] == "recorded").expect("a row");
    assert_eq!(recorded["completed"], "50");
}

#[test]
fn only_so_many_jobs_are_under_way_and_a_slower_system_takes_longer() {
    let (text, _) = agents(40);
    let bench = Bench::new(
        "name: jobs
replications: 1
workload:
  trace: { applied_compute: agents.jsonl, arrivals: { concurrency: { limit: 4 } } }
  max_tokens: 4096
models:
  m: { server: { tokens: { ttft: 10ms, tpot: 1ms } } }
record: { requests: true }
sweep: { grid: { models.m.server.tokens.tpot: [1ms, 50ms] } }
",
    );
    fs::write(bench.path().join("agents.jsonl"), text).expect("a file");
    let folder = bench.run(&[]);
    let mut ends = [0.0f64; 2];
    for (point, last) in ends.iter_mut().enumerate() {
        let mut spans: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for row in rows(&folder.join("requests.csv")) {
            let number = |column: &str| row[column].parse::<f64>().expect("a number");
            if row["point"] == point.to_string() {
                let span = spans.entry(number("workflow") as u64).or_insert((f64::MAX, 0.0));
                *span = (span.0.min(number("arrival_s")), span.1.max(number("finish_s")));
            }
        }
        assert_eq!(spans.len(), 40);
        for (begin, _) in spans.values() {
            let under_way = spans.values().filter(|it| it.0 <= *begin && *begin < it.1).count();
            assert!(under_way <= 4, "{under_way} at {begin}");
        }
        *last = spans.values().map(|it| it.1).fold(0.0, f64::max);
    }
    assert!(ends[1] > ends[0] * 1.2, "{ends:?}");
}

/// Two agents at once under a workflow, a tool, and a last call that waits for both; and another
/// trace, whose only call comes first.
const SPANS: &str = r#"{"resourceSpans": [{"scopeSpans": [{"spans": [
  {"traceId": "b", "spanId": "root", "startTimeUnixNano": "10000000000", "endTimeUnixNano": "30000000000", "attributes": []},
  {"traceId": "b", "spanId": "one", "parentSpanId": "root", "startTimeUnixNano": "10000000000", "endTimeUnixNano": "20000000000", "attributes": []},
  {"traceId": "b", "spanId": "two", "parentSpanId": "root", "startTimeUnixNano": "10000000000", "endTimeUnixNano": "19000000000", "attributes": []},
  {"traceId": "b", "spanId": "c1", "parentSpanId": "one", "startTimeUnixNano": "11000000000", "endTimeUnixNano": "12000000000", "attributes": CHAT},
  {"traceId": "b", "spanId": "t1", "parentSpanId": "one", "startTimeUnixNano": "12500000000", "endTimeUnixNano": "15500000000", "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "execute_tool"}}]},
  {"traceId": "b", "spanId": "c2", "parentSpanId": "one", "startTimeUnixNano": "16000000000", "endTimeUnixNano": "20000000000", "attributes": CHAT},
  {"traceId": "b", "spanId": "c3", "parentSpanId": "two", "startTimeUnixNano": "10000000000", "endTimeUnixNano": "19000000000", "attributes": CHAT},
  {"traceId": "b", "spanId": "c4", "parentSpanId": "root", "startTimeUnixNano": "20250000000", "endTimeUnixNano": "30000000000", "attributes": CHAT},
  {"traceId": "a", "spanId": "c5", "startTimeUnixNano": "9000000000", "endTimeUnixNano": "9500000000", "attributes": CHAT}
]}]}]}"#;

#[test]
fn spans_tell_what_waited_for_what() {
    let chat = r#"[{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}, {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "100"}}, {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "10"}}]"#;
    let bench = Bench::new(
        "name: spans
replications: 1
workload: { trace: { otel: spans.json }, max_tokens: 4096 }
models:
  m: { server: { tokens: { ttft: 100ms, tpot: 0s } } }
record: { requests: true }
",
    );
    fs::write(bench.path().join("spans.json"), SPANS.replace("CHAT", chat)).expect("a file");
    let folder = bench.run(&[]);
    let mut arrivals: Vec<(String, f64)> = rows(&folder.join("requests.csv"))
        .iter()
        .map(|row| (row["workflow"].clone(), row["arrival_s"].parse().expect("a number")))
        .collect();
    arrivals.sort_by(|a, b| a.1.total_cmp(&b.1));
    // The trace that began first is the run's 0s. Each call takes 100 ms now: the second of agent
    // one comes 4 s after its first (a tool of 3 s and two pauses), the last 250 ms after that.
    let expected = [("0", 0.0), ("1", 1.0), ("1", 2.0), ("1", 6.1), ("1", 6.45)];
    assert_eq!(arrivals.len(), expected.len());
    for ((workflow, at), (number, wanted)) in arrivals.iter().zip(expected) {
        assert_eq!(workflow, number);
        assert!((at - wanted).abs() < 1e-9, "{arrivals:?}");
    }
    let open = bench.run(&["--set", "workload.trace.replay=open"]);
    let last = rows(&open.join("requests.csv"));
    let last = last.iter().map(|row| row["arrival_s"].parse::<f64>().expect("a number"));
    assert_eq!(last.fold(0.0, f64::max), 11.25);
}

#[test]
fn the_published_spans_wait_as_their_shapes_say() {
    let Some(data) = data() else { return };
    // One, then two at once, then one that waits for both; each of 10 ms.
    let bench = Bench::new(
        "name: spans
replications: 1
workload: { trace: { otel: f.json }, max_tokens: 4096 }
models:
  m: { server: { tokens: { ttft: 10ms, tpot: 0s } } }
record: { requests: true }
",
    );
    let times = |file: &str| {
        let from = data.join("agents/otel").join(file);
        fs::copy(from, bench.path().join("f.json")).expect("a file");
        let mut times: Vec<u64> = rows(&bench.run(&[]).join("requests.csv"))
            .iter()
            .map(|row| (row["arrival_s"].parse::<f64>().expect("a number") * 1e3).round() as u64)
            .collect();
        times.sort_unstable();
        times
    };
    // Recorded at 0, 2.5, 3, 6 and 0, 3, 6 with ends at 2, 4.5, 5 and 2.5, 5.
    assert_eq!(times("fan_in_dependencies.json"), [0, 510, 1010, 2020]);
    assert_eq!(times("simple_chain.json"), [0, 510, 1520]);
    assert_eq!(times("code_review_workflow.json").len(), 15);
}

#[test]
fn rows_that_wait_for_others_say_how_they_can_be_replayed() {
    let bench = Bench::new(
        "workload: { trace: { mooncake: t.jsonl }, max_tokens: 99 }\nmodels: { m: {} }\n",
    );
    let line = r#"{"session_id": "a", "timestamp": 0, "input_length": 9, "output_length": 1, "hash_ids": [1]}"#;
    fs::write(bench.path().join("t.jsonl"), line).expect("a file");
    let warned = bench.windtunnel(&["check", "experiment.yaml"]);
    assert!(warned.status.success(), "{}", stderr(&warned));
    assert!(stderr(&warned).contains("`replay: closed`"), "{}", stderr(&warned));
    let later = r#"{"session_id": "a", "delay": 5, "input_length": 9, "output_length": 1, "hash_ids": [1]}"#;
    fs::write(bench.path().join("t.jsonl"), format!("{line}\n{later}\n")).expect("a file");
    let refused = bench.windtunnel(&["check", "experiment.yaml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("write `replay: closed`"), "{}", stderr(&refused));
    fs::write(bench.path().join("t.jsonl"), line).expect("a file");
    for replay in ["open", "closed"] {
        let set = format!("workload.trace.replay={replay}");
        let allowed = bench.windtunnel(&["check", "experiment.yaml", "--set", &set]);
        assert!(allowed.status.success(), "{}", stderr(&allowed));
    }
    for (setting, complaint) in [
        ("workload.trace.deltas=true", "`deltas` has no effect here"),
        ("workload.trace={applied_compute: t.jsonl}", "these jobs have no times of their own"),
        ("workload.trace={azure: t.jsonl, replay: open}", "`replay` has no effect here"),
        ("workload.trace={requests_csv: t.jsonl}", "expected the requests.csv of a run"),
    ] {
        let refused = bench.windtunnel(&["check", "experiment.yaml", "--set", setting]);
        assert_eq!(refused.status.code(), Some(2), "{setting}");
        assert!(stderr(&refused).contains(complaint), "{setting}: {}", stderr(&refused));
    }
}
