//! Files of recorded jobs at random: what waited for what, in each of the formats that tell it.
//!
//! They are written where the build keeps its own, one for each number, always the same.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use crate::block::{Block, block};
use crate::draw::Draw;

/// So many files there are of each kind.
const FILES: u64 = 60;

/// A trace of recorded jobs, with the size of its blocks if it has any.
pub fn jobs(draw: &mut Draw, models: &[String]) -> (Block, Option<u64>) {
    let number = draw.below(FILES);
    let has_blocks = number.is_multiple_of(3);
    let (trace, blocks, times) = match draw.below(7) {
        0 | 1 => {
            let file = written("agents.jsonl", number, agents);
            let spec = if has_blocks {
                block().set("file", file).set("block_tokens", 16)
            } else {
                block().set("file", file)
            };
            let trace = block().set("mooncake", spec).set("replay", "closed");
            (
                trace.maybe(draw, 0.3, "deltas", |_| true),
                Some(if has_blocks { 16 } else { 512 }),
                true,
            )
        }
        2 => (block().set("requests_csv", written("requests.csv", number, requests)), None, true),
        3 => {
            let file = written("conversations.jsonl", number, conversations);
            let trace = block().set("openai", file).set("replay", "closed");
            let trace = trace.maybe(draw, 0.7, "think_time", Draw::span);
            (trace.maybe(draw, 0.7, "tool_time", Draw::span), Some(16), true)
        }
        4 => {
            let file = written("spend.jsonl", number, spend);
            (block().set("litellm", file).set("replay", "closed"), None, true)
        }
        5 => (block().set("applied_compute", written("turns.jsonl", number, turns)), None, false),
        _ => (block().set("otel", written("spans.json", number, spans)), Some(16), true),
    };
    let told = !times || draw.chance(0.4);
    let trace =
        if told { trace.set("arrivals", super::workload::arrivals(draw, true)) } else { trace };
    let trace = if !told && draw.chance(0.4) && times {
        trace.set("speed", draw.pick(&[0.1, 3.0, 1e6]))
    } else {
        trace
    };
    let knows =
        ["requests_csv", "litellm", "openai", "otel"].iter().any(|key| trace.0.contains_key(*key));
    let trace = if knows && draw.chance(0.4) {
        trace.set(
            "models",
            if draw.chance(0.5) {
                "by_name".into()
            } else {
                serde_yaml::Value::from(block().set("a", draw.name(models)))
            },
        )
    } else {
        trace
    };
    (trace, blocks)
}

/// The file of a number, which is written unless it is there.
fn written(name: &str, number: u64, content: fn(&mut Draw) -> String) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("torture");
    let path = folder.join(format!("{number}-{name}"));
    if !path.exists() {
        let write = |path: &Path| {
            fs::create_dir_all(&folder)?;
            // Others may write it at the same time.
            let draft =
                folder.join(format!("{}-{:?}-{name}", process::id(), std::thread::current().id()));
            fs::write(&draft, content(&mut Draw::new(number + 1_000_000_000)))?;
            fs::rename(&draft, path)
        };
        write(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    path.display().to_string()
}

fn milliseconds(draw: &mut Draw) -> u64 {
    draw.pick(&[0, 0, 1, 20, 300, 1_000, 1_000, 20_000])
}

fn tokens(draw: &mut Draw) -> u64 {
    draw.pick(&[0, 1, 15, 16, 17, 100, 511, 512, 1025, 3000])
}

/// Mooncake's: chains, graphs with fan-in, rows of no session.
fn agents(draw: &mut Draw) -> String {
    // Blocks of 16 in each third file, else of 512 or none.
    let (mut text, mut at) = (String::new(), 0);
    for session in 0..draw.range(1, 8) {
        at += milliseconds(draw);
        let is_graph = draw.chance(0.5);
        let calls = if draw.chance(0.1) { 30 } else { draw.range(1, 7) };
        for call in 0..calls {
            let (input, output) = (tokens(draw), draw.pick(&[0, 1, 20, 400]));
            let mut row = format!(
                r#"{{"session_id": "s{session}", "input_length": {input}, "output_length": {output}"#
            );
            if is_graph {
                write!(row, r#", "request_id": "r{call}""#).expect("text");
                let after: Vec<String> =
                    (0..call).filter(|_| draw.chance(0.4)).map(|it| format!("\"r{it}\"")).collect();
                if after.is_empty() {
                    write!(
                        row,
                        r#", "timestamp": {}"#,
                        at + if call == 0 { 0 } else { milliseconds(draw) }
                    )
                    .expect("text");
                } else {
                    write!(row, r#", "wait_for": [{}]"#, after.join(", ")).expect("text");
                }
            } else if call == 0 {
                write!(row, r#", "timestamp": {at}"#).expect("text");
            }
            if call > 0 {
                write!(
                    row,
                    r#", "delay": {}, "tool_wait_ms": {}"#,
                    milliseconds(draw),
                    milliseconds(draw)
                )
                .expect("text");
            }
            text += &row;
            text += "}\n";
        }
    }
    if draw.chance(0.3) {
        writeln!(text, r#"{{"timestamp": {at}, "input_length": 20, "output_length": 3}}"#)
            .expect("text");
    }
    text
}

/// Rows of a run: sessions and workflows whose requests follow each other, overlap or stand at one
/// instant.
fn requests(draw: &mut Draw) -> String {
    let mut text = "point,replication,request_id,workflow,session,arrival_s,finish_s,input_tokens,output_tokens,cache_key,user,model\n".to_owned();
    let mut at = 0;
    for id in 0..draw.range(1, 30) {
        at += draw.pick(&[0, 0, 1, 500, 2_000]);
        let ends = at + draw.pick(&[0, 1, 700, 3_000]);
        let of = draw.below(4);
        let (workflow, session) = if draw.chance(0.5) {
            (of.to_string(), String::new())
        } else {
            (String::new(), of.to_string())
        };
        let workflow = if session.is_empty() { workflow } else { (100 + id).to_string() };
        let (input, output) = (tokens(draw), draw.pick(&["", "0", "1", "40"]));
        let key = draw.pick(&["", "x", "y"]);
        let user = draw.pick(&["ann", "bob"]);
        let model = draw.pick(&["a", "b", "z"]);
        let seconds = |ms: u64| format!("{}.{:03}", ms / 1000, ms % 1000);
        writeln!(
            text,
            "0,0,{id},{workflow},{session},{},{},{input},{output},{key},{user},{model}",
            seconds(at),
            seconds(ends)
        )
        .expect("text");
    }
    // The mapping of tests names it.
    writeln!(text, "0,0,99,99,,9.0,9.5,10,1,,ann,a").expect("text");
    text
}

fn conversations(draw: &mut Draw) -> String {
    let mut text = String::new();
    let has_times = draw.chance(0.5);
    for conversation in 0..draw.range(1, 6) {
        let mut at = 1_000 + conversation * draw.pick(&[0, 1, 10]);
        let mut said: Vec<String> = Vec::new();
        let mut say = |draw: &mut Draw, role: &str, words: u64| {
            let words: Vec<String> = (0..words).map(|it| format!("w{}", it % 7)).collect();
            let time = if has_times && draw.chance(0.8) {
                format!(r#", "timestamp": {at}"#)
            } else {
                String::new()
            };
            at += draw.pick(&[0, 1, 4]);
            said.push(format!(r#"{{"role": "{role}", "content": "{}"{time}}}"#, words.join(" ")));
        };
        for _ in 0..draw.range(1, 5) {
            let words = draw.pick(&[1, 30, 200]);
            say(draw, "user", words);
            for _ in 0..draw.pick(&[0, 0, 1, 3]) {
                say(draw, "assistant", 5);
                say(draw, "tool", 40);
            }
            say(draw, "assistant", 20);
        }
        let begun = 1_000 + conversation;
        writeln!(
            text,
            r#"{{"model": "a", "created_at": {begun}, "messages": [{}]}}"#,
            said.join(", ")
        )
        .expect("text");
    }
    text
}

fn spend(draw: &mut Draw) -> String {
    let (mut text, mut at) = (String::new(), 1_700_000_000_000_u64);
    for id in 0..draw.range(2, 25) {
        at += draw.pick(&[0, 1, 500, 4_000]);
        let seconds = |ms: u64| format!("{}.{:03}", ms / 1000, ms % 1000);
        let end = if draw.chance(0.8) {
            seconds(at + draw.pick(&[0, 300, 5_000]))
        } else {
            String::new()
        };
        let session = if id == 0 || draw.chance(0.8) {
            format!(r#""session_id": "s{}", "#, draw.below(3))
        } else {
            String::new()
        };
        let (user, model) =
            (draw.pick(&["ann", "bob"]), if id == 0 { "a" } else { draw.pick(&["a", "b", "z"]) });
        let status = draw.pick(&["success", "success", "failure"]);
        writeln!(
            text,
            r#"{{"request_id": "{id}", {session}"model": "{model}", "startTime": "{}", "endTime": "{end}", "prompt_tokens": {}, "completion_tokens": 12, "end_user": "{user}", "status": "{status}"}}"#,
            seconds(at),
            tokens(draw)
        )
        .expect("text");
    }
    text
}

fn turns(draw: &mut Draw) -> String {
    let mut text = String::new();
    for _ in 0..draw.range(1, 10) {
        let turns = draw.pick(&[0, 1, 3, 12]);
        let list = |draw: &mut Draw, from: fn(&mut Draw) -> String| {
            (0..turns).map(|_| from(draw)).collect::<Vec<_>>().join(", ")
        };
        let answers = list(draw, |it| tokens(it).to_string());
        let outputs = list(draw, |it| tokens(it).to_string());
        let latency = list(draw, |it| format!("{}e-3", milliseconds(it)));
        writeln!(
            text,
            r#"{{"num_turns": {turns}, "input_prompt_length": {}, "assistant_response_length": [{answers}], "tool_call_output_length": [{outputs}], "tool_call_latency": [{latency}], "final_assistant_response_length": 9}}"#,
            tokens(draw)
        )
        .expect("text");
    }
    text
}

/// Traces of spans below each other, of which some are calls and some tools.
fn spans(draw: &mut Draw) -> String {
    let mut spans = Vec::new();
    for trace in 0..draw.range(1, 5) {
        let count = draw.range(1, 12);
        for id in 0..count {
            let begin = draw.below(20) * 250;
            let end = begin + draw.pick(&[0, 250, 1_000, 4_000]);
            let parent = if id > 0 && draw.chance(0.6) {
                format!(r#""{trace}-{}""#, draw.below(id))
            } else {
                "null".to_owned()
            };
            let kind = if id == 0 { 0 } else { draw.below(4) };
            let attributes = match kind {
                0 | 1 => {
                    let model = if trace == 0 { "a" } else { draw.pick(&["a", "z"]) };
                    let session = if draw.chance(0.2) {
                        format!(r#""session.id": "s{}", "#, draw.below(2))
                    } else {
                        String::new()
                    };
                    format!(
                        r#"{session}"gen_ai.operation.name": "chat", "gen_ai.request.model": "{model}", "gen_ai.usage.input_tokens": {}, "gen_ai.usage.output_tokens": {}"#,
                        tokens(draw),
                        draw.pick(&[0, 1, 30])
                    )
                }
                2 => r#""gen_ai.operation.name": "execute_tool""#.to_owned(),
                _ => String::new(),
            };
            spans.push(format!(
                r#"{{"trace_id": "t{trace}", "span_id": "{trace}-{id}", "parent_span_id": {parent}, "start_time": {}, "end_time": {}, "attributes": {{{attributes}}}}}"#,
                begin * 1_000_000,
                end * 1_000_000
            ));
        }
    }
    format!(r#"{{"spans": [{}]}}"#, spans.join(",\n"))
}
