//! Conversations as workloads.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use windtunnel::kernel::Streams;

use crate::support::{Files, seconds};

const SHARED: &str = r#"[
  {"id": "a", "conversations": [
    {"from": "human", "value": "What is AI?"}, {"from": "gpt", "value": "A field of study."},
    {"from": "human", "value": "Since when?"}, {"from": "gpt", "value": "1956"}]},
  {"id": "b", "conversations": [{"from": "gpt", "value": "Hello!"}]},
  {"id": "c", "conversations": [{"from": "human", "value": " What is AI?\n"}]}
]"#;

const OPEN: &str = concat!(
    r#"{"messages": [{"role": "user", "content": "What is AI?"}, "#,
    r#"{"role": "assistant", "content": "A field of study."}, "#,
    r#"{"role": "user", "content": "Since when?"}, {"role": "assistant", "content": "1956"}]}"#,
    "\n",
    r#"{"custom_id": "c", "body": {"messages": [{"role": "user", "content": "What is AI?"}]}}"#,
    "\n"
);

const EVERY_10_S: &str = "arrivals: {constant: {rate: 6/m}}, think_time: 3s";

#[test]
fn each_users_turn_is_a_request_with_all_before_it() {
    let files = Files::new(&[("s.json", SHARED.as_bytes()), ("o.jsonl", OPEN.as_bytes())]);
    for trace in ["sharegpt: s.json", "openai: o.jsonl"] {
        let workload = format!("trace: {{{trace}, {EVERY_10_S}}}");
        let all = files.requests(&workload);
        // The second turn of the first comes before the second conversation.
        assert_eq!(seconds(&all), [0.0, 3.0, 10.0], "{trace}");
        let first = &all[0];
        assert_eq!((first.chars, first.input_decitokens, first.output_tokens), (11, 39, Some(5)));
        let second = "What is AI?\nA field of study.\nSince when?";
        assert_eq!((all[1].chars, all[1].turn), (second.len() as u32, 1));
        assert_eq!((all[1].input_decitokens, all[1].output_tokens), (9 * 13, Some(1)));
        assert_eq!((all[2].prompt, all[2].output_tokens), (first.prompt, None), "the same text");
        let plan = files.plan(&workload).unwrap();
        assert_eq!((plan.count(), plan.span()), (Some(3), None));
    }
}

#[test]
fn texts_are_known_while_their_requests_are_under_way() {
    let files = Files::new(&[("s.json", SHARED.as_bytes())]);
    let plan = files.plan(&format!("trace: {{sharegpt: s.json, {EVERY_10_S}}}")).unwrap();
    let mut source = plan.source(&Streams::new(1, 0)).unwrap();
    let [first, second, third] = [(); 3].map(|()| source.next().unwrap().unwrap());
    assert_eq!(source.prompt_text(first.prompt), "What is AI?");
    assert_eq!(source.prompt_text(second.prompt), "What is AI?\nA field of study.\nSince when?");
    source.release(first.blocks.unwrap());
    assert_eq!(source.prompt_text(third.prompt), "What is AI?", "asked by the third as well");
    source.release(third.blocks.unwrap());
    source.release(second.blocks.unwrap());
    assert!(source.prompt_text(first.prompt).starts_with("prompt "));
    assert!(source.prompt_text(second.prompt).starts_with("prompt "));
}

/// Conversations of several turns, in which each word occurs once.
fn many(count: usize, turns: usize) -> String {
    let mut text = String::new();
    let mut word = 0;
    let mut say = |words: usize| {
        word += words;
        (word - words..word).map(|i| format!("w{i}")).collect::<Vec<_>>().join(" ")
    };
    for _ in 0..count {
        let messages: Vec<String> = (0..turns)
            .flat_map(|_| {
                let (asked, told) = (say(40), say(20));
                [
                    format!(r#"{{"role": "user", "content": "{asked}"}}"#),
                    format!(r#"{{"role": "assistant", "content": "{told}"}}"#),
                ]
            })
            .collect();
        writeln!(text, "{{\"messages\": [{}]}}", messages.join(", ")).unwrap();
    }
    text
}

#[test]
fn turns_come_in_order_of_time_and_begin_as_the_turn_before() {
    let files = Files::new(&[("o.jsonl", many(50, 6).as_bytes())]);
    let trace = "openai: o.jsonl, arrivals: {poisson: {rate: 1/s}}, loops: 2";
    let plan = files.plan(&format!("trace: {{{trace}}}")).unwrap();
    let mut source = plan.source(&Streams::new(3, 0)).unwrap();
    let mut blocks_of = std::collections::HashMap::new();
    let (mut last, mut longer, mut count) = (windtunnel::kernel::Time(0), 0, 0);
    while let Some(request) = source.next() {
        let request = request.unwrap();
        assert!(request.at >= last, "in order");
        last = request.at;
        let blocks = source.blocks(request.blocks.unwrap()).to_vec();
        // 1.3 tokens a word, 16 tokens a block.
        assert_eq!(blocks.len() as u64, request.input_decitokens / 160);
        if request.turn > 0 {
            let before: &Vec<u64> = &blocks_of[&(blocks[0], request.turn - 1)];
            assert_eq!(&blocks[..before.len()], &before[..]);
            longer += blocks.len() - before.len();
        }
        blocks_of.insert((blocks[0], request.turn), blocks);
        source.release(request.blocks.unwrap());
        count += 1;
    }
    assert_eq!((count, plan.count()), (600, Some(600)));
    assert!(longer > 0);
}

#[test]
fn conversations_arrive_as_the_process_says_and_some_are_kept() {
    let files = Files::new(&[("o.jsonl", many(2000, 1).as_bytes())]);
    let all = files.requests("trace: {openai: o.jsonl, arrivals: {poisson: {rate: 5/s}}}");
    // 2000 Poisson arrivals take 400 s, within 3.29 standard deviations.
    let last = all.last().unwrap().at.as_secs_f64();
    assert!((last - 400.0).abs() < 3.29 * 2000f64.sqrt() / 5.0, "{last}");
    let kept = files.requests("trace: {openai: o.jsonl, keep: 0.3}").len() as f64;
    assert!((kept - 600.0).abs() < 3.29 * (2000.0f64 * 0.21).sqrt(), "{kept}");
}

#[test]
fn the_files_own_counts_of_tokens_are_used() {
    let line = r#"{"messages": [{"role": "user", "content": "Hi"}],
        "usage": {"prompt_tokens": 17, "completion_tokens": 400}}"#
        .replace('\n', " ");
    let files = Files::new(&[("o.jsonl", line.as_bytes())]);
    let all = files.requests("trace: {openai: o.jsonl}");
    assert_eq!((all[0].input_decitokens, all[0].output_tokens), (170, Some(400)));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(many(300, 3).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let bad = "[\n{\"conversations\": []},\n{\"conversations\": [{\"from\": \"humn\"}]},\n\
               {\"conversations\": [{\"from\": \"user\", \"value\": \"a\"}]}]";
    let files = Files::new(&[
        ("torn.jsonl.gz", &packed[..packed.len() / 2]),
        ("torn.json", &SHARED.as_bytes()[..SHARED.len() - 9]),
        ("bad.json", bad.as_bytes()),
        ("open.jsonl", OPEN.as_bytes()),
        ("none.json", b"[]"),
    ]);
    for (trace, complaint) in [
        ("openai: torn.jsonl.gz", "torn.jsonl.gz: "),
        ("sharegpt: torn.json", "torn.json:6: the file ends within the list"),
        ("sharegpt: bad.json", "bad.json:3: nobody is called `humn` here"),
        (
            "sharegpt: open.jsonl",
            "open.jsonl:1: missing field `conversations`, but there is `messages`",
        ),
        ("sharegpt: none.json", "none.json: the file has no rows"),
        ("sharegpt: bad.json, speed: 2", "`speed` has no effect here: conversations have no times"),
        ("azure: a.csv, think_time: 2s", "`think_time` has no effect here: the trace brings its"),
        ("sharegpt: bad.json, arrivals: {poisson: {rate: 0/s}}", "a rate of 0/s"),
        ("sharegpt: bad.json, arrivals: {closed_loop: {clients: 2}}", "that wait for answers"),
    ] {
        let error = files.plan(&format!("trace: {{{trace}}}")).err().unwrap_or_default();
        assert!(error.contains(complaint), "{trace}: {error}");
    }
    let plan = files.plan("trace: {sharegpt: bad.json, on_bad_row: skip, loops: 3}").unwrap();
    let info = plan.trace().unwrap();
    assert_eq!((info.rows, info.skipped), (Some(3), 1));
    assert!(info.first_bad.as_ref().unwrap().contains("bad.json:3"));
    let mut source = plan.source(&Streams::new(1, 0)).unwrap();
    assert_eq!((source.by_ref().count(), source.skipped_rows()), (3, 1));
}
