//! Conversations and sessions of logs, replayed with what waited for what, alone and with others.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::support::{Bench, assert_same, data, rows, stderr};

const AT_ONCE: &str = "models:
  small: { server: { tokens: { ttft: 0s, tpot: 0s } } }
  large: { server: { tokens: { ttft: 0s, tpot: 0s } } }
record: { requests: true, jobs: true }
";

/// An experiment of a trace, with models that answer at once.
fn bench(trace: &str, files: &[(&str, &str)]) -> Bench {
    let bench = Bench::new(&format!(
        "name: sessions\nreplications: 1\nworkload:\n  max_tokens: 4096\n  trace: {trace}\n{AT_ONCE}"
    ));
    for (name, text) in files {
        fs::write(bench.path().join(name), text).expect("a file");
    }
    bench
}

/// Arrival in milliseconds, job, model and user of each request, by their arrivals.
fn asked(bench: &Bench) -> Vec<(u64, u64, String, String)> {
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let mut asked: Vec<_> = rows(&bench.run(&[]).join("requests.csv"))
        .into_iter()
        .map(|row| {
            let at = (number(&row["arrival_s"]) * 1e3).round() as u64;
            (at, number(&row["workflow"]) as u64, row["model"].clone(), row["user"].clone())
        })
        .collect();
    asked.sort();
    asked
}

fn times(bench: &Bench) -> Vec<(u64, u64)> {
    asked(bench).into_iter().map(|(at, job, ..)| (at, job)).collect()
}

/// A conversation with a tool and times; and one without, begun earlier.
const MESSAGES: &str = r#"[{"model": "gpt-4o", "messages": [
  {"role": "system", "content": "be kind"},
  {"role": "user", "content": "what is the weather", "timestamp": 1000},
  {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "w", "arguments": "{}"}}], "timestamp": 1002},
  {"role": "tool", "content": "rain", "timestamp": 1005.5},
  {"role": "assistant", "content": "It rains.", "timestamp": "1970-01-01T00:16:47Z"},
  {"role": "user", "content": "thanks", "timestamp": 1017},
  {"role": "assistant", "content": "welcome"}]},
 {"model": "gpt-4o-mini", "created_at": 990, "messages": [
  {"role": "user", "content": "hello"}, {"role": "assistant", "content": "ho", "tool_calls": [{"function": {"name": "w"}}]},
  {"role": "tool", "content": "x"}, {"role": "user", "content": "and?"}, {"role": "assistant", "content": "so"}]}]"#;

#[test]
fn a_turn_comes_a_pause_after_the_answer_and_a_call_a_tools_time() {
    let files = [("c.json", MESSAGES)];
    let trace = "{ openai: c.json, replay: closed, think_time: 5s, tool_time: 2s }";
    let one = bench(trace, &files);
    // The second began first. Its tool takes 2 s and its user 5 s more. In the other, 3.5 s of the
    // tool and 10 s of the user count, not the 2 s and 1.5 s that the model took.
    assert_eq!(times(&one), [(0, 0), (7_000, 0), (10_000, 1), (13_500, 1), (23_500, 1)]);
    let jobs = rows(&one.run(&[]).join("jobs.csv"));
    let of = |job: usize, column: &str| jobs[job][column].parse::<f64>().expect("a number");
    assert_eq!([of(0, "critical_tool_s"), of(0, "critical_human_s")], [2.0, 5.0]);
    assert_eq!([of(1, "critical_tool_s"), of(1, "critical_human_s")], [3.5, 10.0]);
    // A model that takes a second takes both longer.
    let slow =
        one.run(&["--set", "models.small.server.tokens.ttft=1s", "--set", "models.large=null"]);
    let jobs = rows(&slow.join("jobs.csv"));
    let makespans: Vec<&str> = jobs.iter().map(|job| job["makespan_s"].as_str()).collect();
    assert_eq!(makespans, ["9", "16.5"]);
}

#[test]
fn conversations_begin_as_they_are_told() {
    let files = [("c.json", MESSAGES)];
    let trace = "{ openai: c.json, replay: closed, think_time: 5s, tool_time: 2s, arrivals: { concurrency: { limit: 1 } } }";
    let one = bench(trace, &files);
    assert_eq!(times(&one), [(0, 0), (3_500, 0), (13_500, 0), (13_500, 1), (20_500, 1)]);
    // Without times there is nothing to go by.
    let no_times =
        r#"{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}"#;
    let share = bench("{ sharegpt: s.json, replay: closed }", &[("s.json", no_times)]);
    let refused = share.windtunnel(&["check", "experiment.yaml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("say so by `arrivals`"), "{}", stderr(&refused));
    let set = ["--set", "workload.trace.arrivals={constant: {rate: 1/s}}"];
    assert_eq!(rows(&share.run(&set).join("requests.csv")).len(), 1);
}

/// Conversations of `ShareGPT`'s form, of which each third asks the same.
fn conversations(count: u64, turns: u64) -> String {
    let mut text = String::new();
    for conversation in 0..count {
        let ask = |turn: u64| {
            let words = (0..60).map(|it| format!("w{}", it * (conversation % 3 + 1) + turn * 1000));
            words.collect::<Vec<_>>().join(" ")
        };
        let said: Vec<String> = (0..turns)
            .map(|turn| {
                let (asked, answer) = (ask(turn), format!("{} a b c d e f g h i", turn + 1));
                format!(r#"{{"from": "human", "value": "{asked}"}}, {{"from": "gpt", "value": "{answer}"}}"#)
            })
            .collect();
        writeln!(text, r#"{{"conversations": [{}]}}"#, said.join(", ")).expect("text");
    }
    text
}

#[test]
fn texts_and_prefixes_are_found_closed_loop_as_open_loop() {
    let text = conversations(30, 4);
    let experiment = "name: texts
replications: 1
workload:
  max_tokens: 4096
  trace: { sharegpt: s.jsonl, think_time: 40s, arrivals: { constant: { rate: 0.01/s } } }
cache: { levels: [{ capacity: 1000 }] }
models:
  m: { server: { engine: { num_gpu_blocks: 4000, enable_prefix_caching: true } } }
record: { requests: true }
";
    let bench = Bench::new(experiment);
    fs::write(bench.path().join("s.jsonl"), text).expect("a file");
    // One at a time, so that who waits for whom changes little: what is found is the same.
    let of = |replay: &str| {
        let folder = bench.run(&["--set", &format!("workload.trace.replay={replay}")]);
        let point = rows(&folder.join("points.csv")).remove(0);
        let mut found: Vec<_> = rows(&folder.join("requests.csv"))
            .into_iter()
            .map(|row| {
                ["cache_key", "cache", "prompt_chars", "input_tokens", "output_tokens"]
                    .map(|it| row[it].clone())
            })
            .collect();
        found.sort();
        (point["prefix_hit_rate"].clone(), point["cache_hit_rate"].clone(), found)
    };
    let (open, closed) = (of("open"), of("closed"));
    assert_eq!(open, closed);
    assert!(open.0.parse::<f64>().expect("a share") > 0.4, "{}", open.0);
    assert!(open.1.parse::<f64>().expect("a share") > 0.8, "{}", open.1);
}

#[test]
fn conversations_replayed_from_their_own_requests_are_the_same_to_the_digit() {
    let system = "models:
  m: { server: { engine: { num_gpu_blocks: 1500, enable_prefix_caching: false } } }
record: { requests: true }
";
    let bench = Bench::new(&format!(
        "name: first\nreplications: 1\nworkload:\n  max_tokens: 4096\n  trace: {{ sharegpt: s.jsonl, replay: closed, think_time: {{ exponential: {{ mean: 4s }} }}, arrivals: {{ poisson: {{ rate: 2/s }} }} }}\n{system}"
    ));
    // Texts of tens of words, so that tokens are whole.
    fs::write(bench.path().join("s.jsonl"), conversations(60, 5)).expect("a file");
    let without_names = |folder: &std::path::Path| {
        let mut rows = rows(&folder.join("requests.csv"));
        for row in &mut rows {
            for name in ["request_id", "prompt_chars", "cache_key"] {
                row.remove(name);
            }
        }
        rows.sort_by_key(|row| (row["finish_s"].clone(), row["input_tokens"].clone()));
        rows
    };
    let first = without_names(&bench.run(&[]));
    assert_eq!(first.len(), 300);
    let again = format!(
        "name: again\nreplications: 1\nseed: 99\nworkload:\n  max_tokens: 4096\n  trace: {{ requests_csv: results/first/requests.csv, origin: zero }}\n{system}"
    );
    fs::write(bench.path().join("experiment.yaml"), again).expect("a file");
    assert_eq!(first, without_names(&bench.run(&[])));
}

const SPEND: &str = r#"{"request_id":"1","session_id":"s1","model":"gpt-4o","startTime":"2026-01-01T00:00:00Z","endTime":"2026-01-01T00:00:02Z","prompt_tokens":100,"completion_tokens":10,"end_user":"ann","cache_key":"k1"}
{"request_id":"2","session_id":"s1","model":"gpt-4o","startTime":"2026-01-01T00:00:05Z","endTime":"2026-01-01T00:00:06Z","prompt_tokens":200,"completion_tokens":10,"end_user":"ann","cache_key":"k2"}
{"request_id":"3","session_id":"s2","model":"gpt-4o","startTime":"2026-01-01T00:00:05.5Z","endTime":"2026-01-01T00:00:09.5Z","prompt_tokens":200,"completion_tokens":10,"end_user":"bob","cache_key":"k3"}
{"request_id":"4","session_id":"s2","model":"gpt-4o-mini","startTime":"2026-01-01T00:00:09Z","endTime":"2026-01-01T00:00:10Z","prompt_tokens":200,"completion_tokens":10,"end_user":"bob","cache_key":"k4"}
{"request_id":"5","session_id":"s2","model":"gpt-4o-mini","startTime":"2026-01-01T00:00:11Z","endTime":"","prompt_tokens":200,"completion_tokens":10,"end_user":"bob","cache_key":"k5"}
{"request_id":"6","session_id":"s2","model":"gpt-4o-mini","startTime":"2026-01-01T00:00:12Z","endTime":"2026-01-01T00:00:13Z","prompt_tokens":200,"completion_tokens":10,"end_user":"bob","cache_key":"k6"}
"#;

#[test]
fn sessions_of_spend_logs_wait_for_their_answers() {
    let models = "{ gpt-4o: large, gpt-4o-mini: small }";
    let trace = format!("{{ litellm: l.jsonl, replay: closed, models: {models} }}");
    let bench = bench(&trace, &[("l.jsonl", SPEND)]);
    let row = |at, job, model: &str, user: &str| (at, job, model.to_owned(), user.to_owned());
    // The fourth came before the third had ended: both began together, 3.5 s apart. The fifth came
    // 1 s after the last of them, and its end is not known: the sixth came 1 s after its beginning.
    assert_eq!(
        asked(&bench),
        [
            row(0, 0, "large", "ann"),
            row(3_000, 0, "large", "ann"),
            row(5_500, 1, "large", "bob"),
            row(9_000, 1, "small", "bob"),
            row(10_000, 1, "small", "bob"),
            row(11_000, 1, "small", "bob"),
        ]
    );
    let warned = bench.windtunnel(&["check", "experiment.yaml"]);
    assert!(stderr(&warned).contains("not measured of 1 of 6 requests"), "{}", stderr(&warned));
    let open = bench.run(&["--set", "workload.trace={litellm: l.jsonl, replay: open}"]);
    let last = rows(&open.join("requests.csv"));
    assert!(last.iter().any(|row| row["arrival_s"] == "12" && row["user"] == "bob"));
}

const BLIS: &str = "request_id,client_id,session_id,round_index,input_tokens,output_tokens,arrival_time_us,send_time_us,first_chunk_time_us,last_chunk_time_us,status
0,c,s,0,100,10,1000000,1000100,1100000,2000000,ok
1,c,s,1,220,10,4500000,4500100,4600000,5000000,ok
2,c,,0,100,10,4600000,4600000,4700000,5000000,ok
3,c,s,2,330,10,7000000,0,0,0,ok
4,c,s,3,440,10,9000000,9000000,9100000,9500000,ok
";

const LOG: &str = "timestamp,input_tokens,output_tokens,conversation,seconds,llm
0,100,10,a,2,x
5,100,10,a,1,x
6,100,10,,1,y
7,100,10,b,0.5,y
9,100,10,b,1,y
";

#[test]
fn sessions_of_other_logs_do_too() {
    let blis = bench("{ blis: b.csv, replay: closed }", &[("b.csv", BLIS)]);
    assert_eq!(times(&blis), [(0, 0), (2_500, 0), (3_600, 1), (4_500, 0), (6_500, 0)]);
    let spec = "file: log.csv, session: conversation, e2e: seconds, model: llm";
    let own = bench(&format!("{{ csv: {{ {spec} }}, replay: closed }}"), &[("log.csv", LOG)]);
    assert_eq!(times(&own), [(0, 0), (3_000, 0), (6_000, 1), (7_000, 2), (8_500, 2)]);
    let burst = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type
5,1,2,ChatGPT,100,10,110,Conversation log
10,1,1,GPT-4,200,10,210,Conversation log
11,,1,GPT-4,200,10,210,API log
";
    let burst = bench("{ burstgpt: b.csv, replay: closed }", &[("b.csv", burst)]);
    assert_eq!(times(&burst), [(0, 0), (3_000, 0), (6_000, 1)]);
    for (setting, complaint) in [
        ("{csv: {file: log.csv}, replay: closed}", "whose `session` names a column"),
        ("{csv: {file: log.csv, session: llm, prompt: llm}, replay: closed}", "named for"),
        ("{csv: {file: log.csv, session: nobody}, replay: closed}", "nobody"),
        (
            "{csv: {file: log.csv, session: conversation}, replay: closed, think_time: 1s}",
            "`think_time` has no effect",
        ),
    ] {
        let set = format!("workload.trace={setting}");
        let refused = own.windtunnel(&["check", "experiment.yaml", "--set", &set]);
        assert_eq!(refused.status.code(), Some(2), "{setting}");
        assert!(stderr(&refused).contains(complaint), "{setting}: {}", stderr(&refused));
    }
}

#[test]
fn models_that_are_not_there_are_named() {
    let bench = bench("{ litellm: l.jsonl, replay: closed }", &[("l.jsonl", SPEND)]);
    for (models, complaint) in [
        ("{gpt-4o: lage}", "there is no model `lage`"),
        ("{gpt-4o: lage}", "did you mean `large`?"),
        ("{gpt-4: large}", "no call of the trace asks a model `gpt-4`"),
        ("{gpt-4: large}", "did you mean `gpt-4o`?"),
        ("by_nme", "by_name"),
    ] {
        let set = format!("workload.trace.models={models}");
        let refused = bench.windtunnel(&["check", "experiment.yaml", "--set", &set]);
        assert_eq!(refused.status.code(), Some(2), "{models}");
        assert!(stderr(&refused).contains(complaint), "{models}: {}", stderr(&refused));
    }
    let warned = bench.windtunnel(&["check", "experiment.yaml"]);
    assert!(
        stderr(&warned).contains("recorded calls asked gpt-4o, gpt-4o-mini"),
        "{}",
        stderr(&warned)
    );
    let open = ["--set", "workload.trace={litellm: l.jsonl, models: by_name}"];
    let refused = bench.windtunnel(&[&["check", "experiment.yaml"][..], &open].concat());
    assert!(stderr(&refused).contains("`models` has no effect here"), "{}", stderr(&refused));
    // Equal names need no map.
    let set = [
        "--set",
        "workload.trace.models=by_name",
        "--set",
        "models.gpt-4o-mini={server: {tokens: {ttft: 0s, tpot: 0s}}}",
    ];
    let folder = bench.run(&set);
    let mini = rows(&folder.join("requests.csv"));
    let mini = mini.iter().filter(|row| row["model"] == "gpt-4o-mini");
    assert_eq!(mini.map(|row| row["arrival_s"].as_str()).collect::<Vec<_>>(), ["9", "10", "11"]);
}

const TOOLS: &str = r#"{"num_turns": 2, "input_prompt_length": 1000, "assistant_response_length": [50], "tool_call_output_length": [200], "tool_call_latency": [1.5], "final_assistant_response_length": 70}
{"num_turns": 2, "input_prompt_length": 1000, "assistant_response_length": [50], "tool_call_output_length": [200], "tool_call_latency": [2.5], "final_assistant_response_length": 70}
{"num_turns": 1, "input_prompt_length": 1000, "assistant_response_length": [], "tool_call_output_length": [], "tool_call_latency": [], "final_assistant_response_length": 70}
"#;

#[test]
fn jobs_merge_with_jobs_and_with_what_waits_for_nothing() {
    let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,374,44\n2023-11-16 18:15:50.25,396,109\n";
    let trace = "
    merge:
      - { azure: az.csv, label: azure }
      - { applied_compute: ac.jsonl, arrivals: { concurrency: { limit: 1 } }, label: one }
      - { applied_compute: again.jsonl, arrivals: { constant: { rate: 1/s } }, label: two }
      - { litellm: l.jsonl, replay: closed, models: { gpt-4o: large, gpt-4o-mini: small }, label: spend }
      - { openai: c.json, replay: closed, think_time: 5s, tool_time: 2s, label: chat, loops: 2 }";
    let files = [
        ("az.csv", azure),
        ("ac.jsonl", TOOLS),
        ("again.jsonl", TOOLS),
        ("l.jsonl", SPEND),
        ("c.json", MESSAGES),
    ];
    let merged = bench(trace, &files);
    let asked = asked(&merged);
    let of = |user: &str| -> Vec<u64> {
        let of = asked.iter().filter(|it| it.3 == user || it.3.starts_with(&format!("{user}/")));
        of.map(|it| it.0).collect()
    };
    // Each as it would alone.
    assert_eq!(of("azure"), [0, 4_250]);
    assert_eq!(of("one"), [0, 1_500, 1_500, 4_000, 4_000]);
    assert_eq!(of("two"), [0, 1_000, 1_500, 2_000, 3_500]);
    assert_eq!(of("spend"), [0, 3_000, 5_500, 9_000, 10_000, 11_000]);
    // A round begins a mean gap after the one before.
    let chat = [0, 7_000, 10_000, 13_500, 23_500];
    let mut rounds = [chat, chat.map(|at| at + 20_000)].concat();
    rounds.sort_unstable();
    assert_eq!(of("chat"), rounds);
    let models: Vec<&str> =
        asked.iter().filter(|it| it.3.starts_with("spend/")).map(|it| it.2.as_str()).collect();
    assert_eq!(models, ["large", "large", "large", "small", "small", "small"]);
    // Two files' sessions are not the same prompts, though both begin on line 1.
    let keys = |folder: &std::path::Path| {
        let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in rows(&folder.join("requests.csv")) {
            keys.entry(row["user"].clone()).or_default().push(row["cache_key"].clone());
        }
        keys
    };
    let keys = keys(&merged.run(&["--set", "cache={levels: [{capacity: 100}]}"]));
    assert!(keys["one"].iter().all(|key| !keys["two"].contains(key)));
}

#[test]
fn settings_of_merged_jobs_are_those_of_each() {
    let files = [("ac.jsonl", TOOLS), ("l.jsonl", SPEND)];
    let trace = "
    merge:
      - { applied_compute: ac.jsonl, arrivals: { closed_loop: { clients: 2, think_time: 1s } }, label: a }
      - { litellm: l.jsonl, replay: closed, speed: 2, from: 1s, label: b }";
    let merged = bench(trace, &files);
    // Each client thinks first. Of the sessions that begin at 0 s and 5.5 s the second is within; twice as early.
    assert_eq!(
        times(&merged).into_iter().map(|it| it.0).collect::<Vec<_>>(),
        [1_000, 1_000, 2_250, 2_500, 3_500, 3_500, 5_750, 6_750, 7_750]
    );
    for (setting, complaint) in [
        ("workload.prompts=unique", "`prompts` has no effect here"),
        ("workload.shared_prefix=100", "`shared_prefix` has no effect here"),
    ] {
        let refused = merged.windtunnel(&["check", "experiment.yaml", "--set", setting]);
        assert!(stderr(&refused).contains(complaint), "{setting}: {}", stderr(&refused));
    }
}

/// When the calls of a file of spans come where each is answered after `answer` seconds: of a
/// trace, each comes as long after the last of all that had ended when it came as it did, once
/// they have all been answered.
fn come(text: &str, answer: f64) -> Vec<u64> {
    let file: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let seconds = |span: &serde_json::Value, key: &str| {
        let text = span[key].as_str().expect("a time").trim_end_matches("+00:00");
        let time: Vec<f64> =
            text[11..].split(':').map(|it| it.parse().expect("a number")).collect();
        time[0] * 3600.0 + time[1] * 60.0 + time[2]
    };
    let mut traces: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for span in file["spans"].as_array().expect("spans") {
        let times = (seconds(span, "start_time"), seconds(span, "end_time"));
        traces.entry(span["trace_id"].as_str().expect("a name")).or_default().push(times);
    }
    let first = traces.values().flatten().map(|it| it.0).fold(f64::MAX, f64::min);
    let mut all = Vec::new();
    for calls in traces.values_mut() {
        calls.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut come: Vec<f64> = Vec::new();
        for (begin, _) in calls.iter() {
            let before = calls.iter().zip(&come).filter(|((_, end), _)| end <= begin);
            let (ended, answered) =
                before.fold((calls[0].0, calls[0].0 - first), |(ended, answered), (call, at)| {
                    (f64::max(ended, call.1), f64::max(answered, at + answer))
                });
            come.push(answered + begin - ended);
        }
        all.extend(come.iter().map(|at| (at * 1e3).round() as u64));
    }
    all.sort_unstable();
    all
}

#[test]
fn each_published_file_of_spans_takes_what_lay_between_its_calls() {
    let Some(data) = data() else { return };
    let mut files = 0;
    let bench = bench("{ otel: f.json }", &[]);
    for file in fs::read_dir(data.join("agents/otel")).expect("a folder") {
        let path = file.expect("a file").path();
        let text = fs::read_to_string(&path).expect("text");
        fs::write(bench.path().join("f.json"), &text).expect("a file");
        for (set, answer) in [("0s", 0.0), ("250ms", 0.25)] {
            let small = format!("models.small.server.tokens.ttft={set}");
            let set = ["--set", "models.large=null", "--set", &small];
            let mut found: Vec<u64> = rows(&bench.run(&set).join("requests.csv"))
                .iter()
                .map(|row| {
                    (row["arrival_s"].parse::<f64>().expect("a number") * 1e3).round() as u64
                })
                .collect();
            found.sort_unstable();
            assert_eq!(found, come(&text, answer), "{}", path.display());
        }
        files += 1;
    }
    assert_eq!(files, 9);
}

#[test]
fn points_of_both_replays_are_the_same_bytes_with_any_number_of_threads() {
    let experiment = "name: both
replications: 3
warmup: 2 requests
workload:
  max_tokens: 4096
  trace:
    merge:
      - { sharegpt: s.jsonl, replay: closed, arrivals: { poisson: { rate: 2/s } } }
      - { openai: c.json, replay: closed, tool_time: { exponential: { mean: 4s } } }
models: { m: { server: { engine: { num_gpu_blocks: 1500, enable_prefix_caching: true } } } }
resilience: { timeout: 3s, num_retries: 1 }
record: { requests: true, jobs: true }
sweep: { grid: { workload.trace.merge.0.replay: [open, closed], models.m.server.replicas: [1, 2] } }
";
    let bench = Bench::new(experiment);
    fs::write(bench.path().join("s.jsonl"), conversations(20, 3)).expect("a file");
    fs::write(bench.path().join("c.json"), MESSAGES).expect("a file");
    let one = bench.run(&["--jobs", "1", "--out", "one"]);
    let eight = bench.run(&["--jobs", "8", "--out", "eight"]);
    assert_same(&one, &eight);
    let jobs = rows(&one.join("jobs.csv"));
    let of = |point: &str| jobs.iter().filter(|job| job["point"] == point).count();
    // 20 conversations and 2 in three replications, but for what the warm-up has; open loop, two.
    assert!(of("0") <= 6 && (60..=66).contains(&of("3")), "{} {}", of("0"), of("3"));
}

#[test]
fn a_job_of_many_calls_takes_no_more_than_its_share() {
    // A chain, and all at once with one that waits for all.
    let mut text = String::new();
    for call in 0..20_000 {
        let begins = if call == 0 { r#""timestamp": 0, "# } else { r#""delay": 1, "# };
        writeln!(
            text,
            r#"{{"session_id": "chain", {begins}"input_length": 9, "output_length": 1}}"#
        )
        .expect("text");
    }
    let all: Vec<String> = (0..20_000).map(|it| format!("\"r{it}\"")).collect();
    for id in &all {
        writeln!(text, r#"{{"session_id": "fan", "request_id": {id}, "timestamp": 0, "input_length": 9, "output_length": 1}}"#).expect("text");
    }
    writeln!(text, r#"{{"session_id": "fan", "request_id": "z", "wait_for": [{}], "delay": 1, "input_length": 9, "output_length": 1}}"#, all.join(", ")).expect("text");
    let bench = bench("{ mooncake: m.jsonl, replay: closed }", &[("m.jsonl", text.as_str())]);
    let jobs = rows(&bench.run(&[]).join("jobs.csv"));
    let told: Vec<_> =
        jobs.iter().map(|job| (job["makespan_s"].as_str(), job["calls"].as_str())).collect();
    assert_eq!(told, [("0.001", "20001"), ("19.999", "20000")]);
}

#[test]
fn a_job_whose_call_fails_ends_there_and_says_so() {
    // The first of two at once fails, as it is too long; nothing comes after it.
    let lines = r#"{"session_id": 1, "request_id": "a", "timestamp": 0, "input_length": 10, "output_length": 1}
{"session_id": 1, "request_id": "b", "wait_for": ["a"], "delay": 1000, "input_length": 100000, "output_length": 1}
{"session_id": 1, "request_id": "c", "wait_for": ["a"], "delay": 2000, "input_length": 10, "output_length": 1}
{"session_id": 1, "request_id": "d", "wait_for": ["b", "c"], "input_length": 10, "output_length": 1}
"#;
    let bench = bench("{ mooncake: m.jsonl, replay: closed }", &[("m.jsonl", lines)]);
    let folder = bench.run(&["--set", "pipeline.max_prompt_length=1000"]);
    let job = rows(&folder.join("jobs.csv")).remove(0);
    let told =
        ["outcome", "right", "makespan_s", "critical_human_s"].map(|name| job[name].as_str());
    assert_eq!(told, ["call", "", "1", "1"]);
    assert_eq!(rows(&folder.join("requests.csv")).len(), 2);
}

#[test]
fn what_conversations_tell_and_an_open_replay_leaves_is_named() {
    let trace = "{ openai: c.json, arrivals: { constant: { rate: 1/s } } }";
    let bench = bench(trace, &[("c.json", MESSAGES)]);
    let told = bench.windtunnel(&["check", "experiment.yaml"]);
    assert!(stderr(&told).contains("times of messages are not used"), "{}", stderr(&told));
    assert!(stderr(&told).contains("results of tools are part of"), "{}", stderr(&told));
    let set = ["check", "experiment.yaml", "--set", "workload.trace.replay=closed"];
    let closed = stderr(&bench.windtunnel(&set));
    assert!(!closed.contains("not used") && closed.contains("as `think_time` says"), "{closed}");
}
