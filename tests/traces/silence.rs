//! What is never done in silence: each kind of thing over all readers that it can befall.

#![allow(clippy::format_collect, clippy::format_push_string, reason = "files of a few rows")]

use windtunnel::kernel::Streams;
use windtunnel::workload::trace::{TraceInfo, TraceSpec, accesses};

use crate::support::{Files, seconds};

/// A log of three rows in each of the two formats, with a value of a field in its rows.
fn logs(field: &str, values: [&str; 3]) -> [(&'static str, String); 2] {
    let mut csv = format!("timestamp,input_tokens,output_tokens,{field}\n");
    let mut jsonl = String::new();
    for (at, value) in values.iter().enumerate() {
        csv += &format!("{at},10,5,{value}\n");
        jsonl += &format!(
            "{{\"timestamp\": {at}, \"input_tokens\": 10, \"output_tokens\": 5, \"{field}\": {value}}}\n"
        );
    }
    [("csv", csv), ("jsonl", jsonl)]
}

fn info(files: &Files, yaml: &str) -> Result<TraceInfo, String> {
    Ok(files.plan(yaml)?.trace().unwrap().clone())
}

#[test]
fn ids_and_names_keep_every_digit() {
    for values in [
        ["1267650600228229401496703205376", "1267650600228229401496703205377", "1"],
        ["9007199254740993", "9007199254740992", "1"],
        ["4.10", "4.1", "4.100"],
        ["12e5", "1200000", "1.2e6"],
        ["18446744073709551615", "18446744073709551616", "18446744073709551617"],
    ] {
        for (format, text) in logs("who", values) {
            let files = Files::new(&[("l", text.as_bytes())]);
            let yaml = format!("trace: {{ {format}: {{ file: l, prompt: who2, user: who }} }}");
            let named = info(&files, &yaml.replace("prompt: who2, ", "")).unwrap();
            assert_eq!(named.users, values, "{format}: {text}");
            let prompts = files.requests(&yaml.replace("who2, user: who", "who"));
            let mut ids: Vec<_> = prompts.iter().map(|it| it.prompt).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 3, "{format} {values:?}");
        }
    }
}

#[test]
fn times_are_exact_however_they_are_written() {
    let times = ["0.0", "1e-05", "2.5e-05", "0.000026", "5E-1", "1.0e0", "1000000.000000001"];
    let nanos = [0, 10_000, 25_000, 26_000, 500_000_000, 1_000_000_000, 1_000_000_000_000_001];
    let csv: String = times.iter().map(|time| format!("{time},10,1\n")).collect();
    let csv = format!("timestamp,input_tokens,output_tokens\n{csv}");
    let jsonl: String = times
        .iter()
        .map(|time| {
            format!("{{\"timestamp\": {time}, \"input_tokens\": 10, \"output_tokens\": 1}}\n")
        })
        .collect();
    let objects: String = times.iter().map(|time| format!("{time},a,4\n")).collect();
    let objects = format!("time,id,size\n{objects}");
    let files = Files::new(&[
        ("csv", csv.as_bytes()),
        ("jsonl", jsonl.as_bytes()),
        ("libcachesim", objects.as_bytes()),
    ]);
    for format in ["csv", "jsonl", "libcachesim"] {
        let requests = files.requests(&format!("trace: {{ {format}: {{ file: {format} }} }}"));
        let found: Vec<u64> = requests.iter().map(|it| it.at.as_nanos()).collect();
        assert_eq!(found, nanos, "{format}");
    }
    // Since 1970 in nanoseconds: nineteen digits.
    let ns =
        "timestamp,input_tokens,output_tokens\n1700158546680590017,1,1\n1700158546680590018,1,1\n";
    let files = Files::new(&[("l.csv", ns.as_bytes())]);
    let requests = files.requests("trace: { csv: { file: l.csv, unit: ns } }");
    assert_eq!(requests[1].at.as_nanos() - requests[0].at.as_nanos(), 1);
}

/// A file of each format that is text, whose last row is bad, and its line with `\n`.
const BAD: [(&str, &str, &str); 8] = [
    (
        "azure",
        "azure: FILE",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,1\n\n2023-11-16 18:15:47,x,1\n",
    ),
    ("burstgpt", "burstgpt: FILE", "Timestamp,Request tokens,Response tokens\n1,1,1\n\n2,x,1\n"),
    ("csv", "csv: { file: FILE }", "timestamp,input_tokens,output_tokens\n1,1,1\n\n2,x,1\n"),
    (
        "jsonl",
        "jsonl: { file: FILE }",
        "{\"timestamp\": 1, \"input_tokens\": 1, \"output_tokens\": 1}\n\n\n{\"timestamp\": 1, \"input_tokens\": \"x\", \"output_tokens\": 1}\n",
    ),
    (
        "mooncake",
        "mooncake: FILE",
        "{\"timestamp\": 1, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [1]}\n\n\n{\"timestamp\": 1, \"input_length\": \"x\", \"output_length\": 1, \"hash_ids\": [1]}\n",
    ),
    ("libcachesim", "libcachesim: { file: FILE }", "time,id,size\n1,1,1\n\n2,1,x\n"),
    (
        "openai",
        "openai: FILE",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n\n\n{\"messages\": [{\"role\": \"x\"}]}\n",
    ),
    (
        "litellm",
        "litellm: FILE",
        "startTime,prompt_tokens,completion_tokens\n2026-03-01 10:00:00,1,1\n\n2026-03-01 10:00:00,x,1\n",
    ),
];

#[test]
fn the_line_is_right_with_any_line_ends_and_a_mark_before_them() {
    for (format, yaml, text) in BAD {
        for ends in ["\n", "\r\n", "\r"] {
            for mark in ["", "\u{feff}"] {
                let text = format!("{mark}{}", text.replace('\n', ends));
                let files = Files::new(&[("t", text.as_bytes())]);
                let yaml = format!("trace: {{ {} }}", yaml.replace("FILE", "t"));
                let error = files.plan(&yaml).unwrap_err();
                assert!(error.contains("t:4: "), "{format} {ends:?}: {error}");
            }
        }
    }
}

#[test]
fn what_is_no_utf_8_is_refused_with_its_place_and_other_encodings_are_named() {
    for (format, yaml, text) in BAD {
        let yaml = format!("trace: {{ {} }}", yaml.replace("FILE", "t"));
        let mut bytes = text.as_bytes().to_vec();
        let end = bytes.iter().rposition(|byte| *byte == b'x').unwrap();
        bytes[end] = 0xe9;
        let column = bytes[..end].iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        let error = Files::new(&[("t", &bytes)]).plan(&yaml).unwrap_err();
        let place = format!("t:4: column {column}: the byte 0xE9 is not UTF-8");
        assert!(error.contains(&place), "{format}: {error}");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [wide.clone(), [&b"\xff\xfe"[..], &wide].concat()] {
            let error = Files::new(&[("t", &bytes)]).plan(&yaml).unwrap_err();
            assert!(
                error.contains("t:1: ") && error.contains("iconv -f UTF-16LE"),
                "{format}: {error}"
            );
        }
    }
}

#[test]
fn a_column_or_field_named_twice_is_refused() {
    for (yaml, text, name) in [
        (
            "csv: { file: t }",
            "timestamp,input_tokens,output_tokens,input_tokens\n1,1,1,2\n",
            "input_tokens",
        ),
        ("azure: t", "TIMESTAMP,ContextTokens,GeneratedTokens,TIMESTAMP\n", "TIMESTAMP"),
        ("burstgpt: t", "Timestamp,Request tokens,Response tokens,Timestamp\n", "Timestamp"),
        ("libcachesim: { file: t }", "time,id,size,id\n1,1,1,1\n", "id"),
        (
            "blis: t",
            "request_id,input_tokens,output_tokens,arrival_time_us,request_id\n",
            "request_id",
        ),
        (
            "jsonl: { file: t }",
            "{\"timestamp\": 1, \"input_tokens\": 1, \"output_tokens\": 1, \"timestamp\": 2}\n",
            "timestamp",
        ),
        (
            "mooncake: t",
            "{\"timestamp\": 1, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [1], \"hash_ids\": [2]}\n",
            "hash_ids",
        ),
        (
            "litellm: t",
            "[{\"startTime\": \"2026-03-01 10:00:00\", \"prompt_tokens\": 1, \"completion_tokens\": 1, \"prompt_tokens\": 2}]",
            "prompt_tokens",
        ),
    ] {
        let error = Files::new(&[("t", text.as_bytes())]).plan(&format!("trace: {{ {yaml} }}"));
        let error = error.unwrap_err();
        assert!(error.contains("t:1: ") && error.contains(&format!("`{name}`")), "{yaml}: {error}");
        assert!(error.contains("twice") || error.contains("duplicate"), "{yaml}: {error}");
    }
}

#[test]
fn usual_mistakes_are_guessed() {
    for (yaml, text, said) in [
        (
            "csv: { file: t }",
            "timestamp;input_tokens;output_tokens\n1;1;1\n",
            "say `delimiter: \";\"`",
        ),
        (
            "csv: { file: t }",
            "timestamp\tinput_tokens\toutput_tokens\n1\t1\t1\n",
            "say `delimiter: \"\\t\"`",
        ),
        ("libcachesim: { file: t }", "time;id;size\n1;1;1\n", "say `delimiter: \";\"`"),
        (
            "csv: { file: t }",
            "timestamp,input_tokens,output_tokens\n1700158546680,1,1\n",
            "say `unit: ms`",
        ),
        ("libcachesim: { file: t }", "time,id,size\n1700158546680590,1,1\n", "say `unit: us`"),
        (
            "jsonl: { file: t }",
            "{\"timestamp\": 1700158546680590123, \"input_tokens\": 1, \"output_tokens\": 1}\n",
            "say `unit: ns`",
        ),
    ] {
        let error = Files::new(&[("t", text.as_bytes())]).plan(&format!("trace: {{ {yaml} }}"));
        let error = error.unwrap_err();
        assert!(error.contains(said), "{yaml}: {error}");
    }
    let text = "timestamp\tinput_tokens\toutput_tokens\n1\t1\t1\n2\t1\t1\n";
    let files = Files::new(&[("t", text.as_bytes())]);
    let requests = files.requests("trace: { csv: { file: t, delimiter: \"\\t\" } }");
    assert_eq!(seconds(&requests), [0.0, 1.0]);
    // Milliseconds that could be seconds: a warning.
    let rows: String = (0..20).map(|k| format!("{},1,1\n", k * 3000)).collect();
    let text = format!("timestamp,input_tokens,output_tokens\n{rows}");
    let files = Files::new(&[("t", text.as_bytes())]);
    let notes = info(&files, "trace: { csv: { file: t } }").unwrap().notes;
    assert!(notes[0].contains("say `unit: ms`"), "{notes:?}");
    let notes = info(&files, "trace: { csv: { file: t, unit: ms } }").unwrap().notes;
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn fields_that_matter_and_are_not_used_are_named() {
    for (yaml, text, said) in [
        (
            "csv: { file: t }",
            "timestamp,input_tokens,output_tokens,session_id,status\n1,1,1,s,200\n".to_owned(),
            ["`session_id` (sessions) is not used", "`status: status` would read it"],
        ),
        (
            "jsonl: { file: t }",
            "{\"timestamp\": 1, \"input_tokens\": 1, \"output_tokens\": 1, \"wait_for\": [], \"ttft\": 3}\n".to_owned(),
            ["`wait_for` (what requests wait for) is not used", "`ttft: ttft` would read it"],
        ),
        (
            "burstgpt: t",
            "Timestamp,Session ID,Cost,Request tokens,Response tokens\n1,s,m,1,1\n".to_owned(),
            ["`Session ID` (sessions) is not used", "`cost: Cost` would read it"],
        ),
        (
            "mooncake: t",
            "{\"timestamp\": 1, \"session_id\": 4, \"delay\": 5, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [1]}\n".to_owned(),
            ["`session_id` (sessions) is not used", "`delay` (what requests wait for) is not used"],
        ),
    ] {
        let files = Files::new(&[("t", text.as_bytes())]);
        let notes = info(&files, &format!("trace: {{ {yaml} }}")).unwrap().notes;
        assert_eq!(notes.len(), 2, "{yaml}: {notes:?}");
        for (note, said) in notes.iter().zip(said) {
            assert!(note.contains(said), "{yaml}: {notes:?}");
        }
    }
}

#[test]
fn one_stamp_far_ahead_does_not_drop_all_that_follow() {
    let rows = |wrong: usize| {
        let rows = (0..40).map(|at| {
            let time = if at == wrong { 1_000_000 } else { at };
            format!("{time},{at},1\n")
        });
        format!("timestamp,input_tokens,output_tokens\n{}", rows.collect::<String>())
    };
    for wrong in [0, 1, 20, 37] {
        let text = rows(wrong);
        let files = Files::new(&[("t", text.as_bytes())]);
        let info = info(&files, "trace: { csv: { file: t }, on_bad_row: skip }").unwrap();
        assert_eq!((info.rows, info.skipped), (Some(39), 1), "row {wrong}");
        let line = format!("t:{}: the row's time is behind", wrong + 2);
        assert!(info.first_bad.as_ref().unwrap().contains(&line), "{:?}", info.first_bad);
        let asked = files.requests("trace: { csv: { file: t }, on_bad_row: skip }");
        assert!(asked.iter().all(|it| it.input_decitokens != 10 * wrong as u64));
    }
    // One that is far behind is the one that is left out.
    let text = rows(99).replace("\n30,30,1", "\n2,30,1");
    let files = Files::new(&[("t", text.as_bytes())]);
    let info = info(&files, "trace: { csv: { file: t }, on_bad_row: skip }").unwrap();
    assert_eq!((info.rows, info.skipped), (Some(39), 1));
    assert!(info.first_bad.unwrap().contains("t:32: the row's time is before that of line 31"));
}

#[test]
fn an_answer_that_calls_a_tool_has_the_tokens_of_the_call() {
    let text = r#"{"messages":[{"role":"user","content":"weather in A"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"w","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"sunny"},{"role":"assistant","content":"it is sunny"}]}
{"messages":[{"role":"user","content":"weather in B"},{"role":"assistant","content":null},{"role":"assistant","content":"it is sunny"}]}
"#;
    let files = Files::new(&[("t", text.as_bytes())]);
    let asked = files.requests("trace: { openai: t, arrivals: { constant: { rate: 1/s } } }");
    let answers: Vec<_> = asked.iter().map(|it| it.output_tokens).collect();
    // `w {}` is two words, 2.6 tokens; an answer of nothing is none: the next counts.
    assert_eq!(answers, [Some(3), Some(4)]);
}

#[test]
fn accesses_of_caches_keep_keys_times_and_lines_too() {
    let read = |name: &str, text: &[u8]| {
        let files = Files::new(&[(name, text)]);
        let options =
            accesses::ReadOptions { keep_times: true, ..accesses::ReadOptions::default() };
        accesses::read(&files.path(name), &options).map_err(|error| error.to_string())
    };
    let jsonl = "{\"key\": 1267650600228229401496703205376, \"time\": 1e-05}\r\
                 {\"key\": 1267650600228229401496703205377, \"time\": 2.5e-05}\r";
    let (trace, _) = read("t.jsonl", jsonl.as_bytes()).unwrap();
    assert_eq!((trace.objects(), trace.times()), (2, Some(&[10_000, 25_000][..])));
    let bad = read("t.jsonl", b"{\"key\": 1}\r\n\r\n{\"kee\": 1}\r\n").unwrap_err();
    assert!(bad.contains("t.jsonl:3: "), "{bad}");
    let twice = read("t.jsonl", b"{\"key\": 1, \"key\": 2}\n").unwrap_err();
    assert!(twice.contains("the field `key` is there twice"), "{twice}");
    let twice = read("t.csv", b"time,key,key\n1,2,3\n").unwrap_err();
    assert!(twice.contains("the column `key` is there twice"), "{twice}");
    let latin = read("t.csv", b"time,key\r\n1,caf\xe9\r\n").unwrap_err();
    assert!(latin.contains("t.csv:2: column 6: the byte 0xE9"), "{latin}");
    let signs = read("t.csv", b"time;key\n1;2\n").unwrap_err();
    assert!(signs.contains("say `delimiter: \";\"`"), "{signs}");
    // What weighs nothing weighs a byte, in the cache and in all shares of it.
    let (trace, _) = read("t.csv", b"time,key,size\n0,a,0\n1,b,1\n2,a,0\n").unwrap();
    assert_eq!((trace.footprint(), trace.zero_sizes(), trace.sizes()), (2, 2, None));
}

#[test]
fn a_part_of_a_trace_is_read_as_well() {
    // The scout reads as the reader does, from the beginning in each round.
    let text = "timestamp,input_tokens,output_tokens\n0,1,1\n1,x,1\n2,3,1\n";
    let files = Files::new(&[("t", text.as_bytes())]);
    let spec: TraceSpec =
        serde_yaml::from_str("{ csv: { file: t }, on_bad_row: skip, loops: 2 }").unwrap();
    let stream = Streams::new(1, 0).stream("keep");
    let mut rows = spec.open(&files.path("t"), stream).unwrap();
    let mut inputs = vec![];
    while let Some((_, row)) = rows.next_row().unwrap() {
        inputs.push(row.input_tokens);
    }
    assert_eq!((inputs, rows.skipped()), (vec![1, 3, 1, 3], 1));
}

/// What the trace says of a row that has no prompt or user: nothing is made one.
#[test]
fn what_is_not_known_is_one_of_its_own() {
    let csv =
        "timestamp,input_tokens,output_tokens,p,who\n0,1,1,,\n1,1,1,,\n2,1,1,a,x\n3,1,1,a,x\n";
    let jsonl = "[{\"timestamp\": 0, \"input_tokens\": 1, \"output_tokens\": 1, \"p\": null, \"who\": null},\n\
                 {\"timestamp\": 1, \"input_tokens\": 1, \"output_tokens\": 1, \"p\": \"\", \"who\": \"\"},\n\
                 {\"timestamp\": 2, \"input_tokens\": 1, \"output_tokens\": 1, \"p\": \"a\", \"who\": \"x\"},\n\
                 {\"timestamp\": 3, \"input_tokens\": 1, \"output_tokens\": 1, \"p\": \"a\", \"who\": \"x\"}]";
    let files = Files::new(&[("csv", csv.as_bytes()), ("jsonl", jsonl.as_bytes())]);
    for format in ["csv", "jsonl"] {
        let yaml = format!("trace: {{ {format}: {{ file: {format}, prompt: p, user: who }} }}");
        let info = info(&files, &yaml).unwrap();
        assert_eq!(info.users, ["x"], "{format}");
        assert!(info.notes[0].contains("`p` is empty in 2 rows"), "{:?}", info.notes);
        assert!(info.notes[1].contains("`who` is empty in 2 rows"), "{:?}", info.notes);
        let mut ids: Vec<_> = files.requests(&yaml).iter().map(|it| it.prompt).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 3, "{format}");
    }
}

#[test]
fn numbers_are_read_however_they_are_written() {
    for (yaml, text, input) in [
        (
            "azure: t",
            "\"TIMESTAMP\",\"ContextTokens\",\"GeneratedTokens\"\n\"2023-11-16 18:15:46\",\"374.0\",\"4\"\n",
            374,
        ),
        ("csv: { file: t }", "timestamp,input_tokens,output_tokens\n.5,1e3,2.0\n", 1000),
        (
            "csv: { file: t }",
            "timestamp,input_tokens,output_tokens\n2026-01-31 12:00:00 UTC,7,2\n",
            7,
        ),
        ("burstgpt: t", "Timestamp,Request tokens,Response tokens\n1e-05,12.0,3\n", 12),
        (
            "openai: t",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}], \"usage\": {\"prompt_tokens\": 10.0, \"completion_tokens\": 1e1}}\n",
            10,
        ),
    ] {
        let files = Files::new(&[("t", text.as_bytes())]);
        let asked = files.requests(&format!("trace: {{ {yaml} }}"));
        assert_eq!(asked[0].input_decitokens, 10 * input, "{yaml} {text}");
    }
}

#[test]
fn what_would_swallow_rows_or_hide_them_is_refused() {
    let chat = "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}";
    let row = "{\"timestamp\": 1, \"input_tokens\": 1, \"output_tokens\": 1}";
    for (yaml, text, said) in [
        (
            "csv: { file: t, prompt: p }",
            "timestamp,input_tokens,output_tokens,p\n1,1,1,\"a\n2,1,1,b\n".to_owned(),
            "t:2: a quotation mark that opens in this row is never closed",
        ),
        ("openai: t", format!("[{chat}] {chat}"), "t:1: there is more behind the list"),
        ("openai: t", format!("[{chat}\n{chat}]"), "t:2: expected `,` or `]`"),
        ("openai: t", format!("[{chat},\r\n]"), "t:2: a comma before the list's end"),
        ("jsonl: { file: t }", format!("[{row},\n{row}"), "the file ends within the list"),
        (
            "openai: t",
            format!("{chat}\n{}", chat.replace("]}", "], \"usage\": {\"prompt_tokens\": 5000000000, \"completion_tokens\": 1}}")),
            "t:2: prompt_tokens is `5000000000`: expected a whole number",
        ),
        ("sharegpt: t", "[{\"conversations\": [{\"from\": \"human\", \"value\": 5}]}]".to_owned(), "expected a text as `value`"),
        ("openai: t", "{\"response\": {\"body\": {}}}".to_owned(), "the results of a batch have no prompts"),
        (
            "jsonl: { file: t, blocks: b, block_tokens: 1 }",
            row.replace('}', ", \"b\": [[1]]}"),
            "the id of a block is `[1]`: expected a number or a text",
        ),
        (
            "mooncake: t",
            "[{\"timestamp\": 1, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [1]}]".to_owned(),
            "found a list: write its items on lines",
        ),
        (
            "jsonl: { file: t }",
            row.replace("1}", "NaN}"),
            "`NaN`, which Python writes, is no JSON",
        ),
        (
            "vllm_bench: t",
            "{\"input_lens\": [1], \"output_lens\": [1],\n\"ttfts\": [Infinity]}".to_owned(),
            "t:2: expected value (column 11): `Infinity`, which Python writes",
        ),
        (
            "otel: t",
            "{\"spans\": [{\"span_id\": \"a\", \"start_time\": 5, \"end_time\": 4, \"attributes\": {\"gen_ai.usage.input_tokens\": 1}}]}".to_owned(),
            "the span ends before it begins",
        ),
    ] {
        let error = Files::new(&[("t", text.as_bytes())]).plan(&format!("trace: {{ {yaml} }}"));
        let error = error.expect_err(&text);
        assert!(error.contains(said), "{yaml}: {error}");
    }
}

#[test]
fn fields_of_known_formats_that_matter_and_are_not_used_are_named() {
    let seed = |name: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        std::fs::read_to_string(folder.join(name)).unwrap()
    };
    let lite = seed("litellm/litellm.json");
    let vllm = seed("vllm_bench/vllm.json");
    for (yaml, text, said) in [
        (
            "mooncake: t",
            "{\"timestamp\": 1, \"chat_id\": 4, \"ttft\": 5, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [1]}\n".to_owned(),
            &["`chat_id` (sessions) is not used", "`ttft: ttft` would read it"][..],
        ),
        (
            "azure: t",
            "TIMESTAMP,ContextTokens,GeneratedTokens,Model\n2023-11-16 18:15:46,1,1,m\n".to_owned(),
            &["`model: Model` would read it"],
        ),
        ("litellm: t", lite.replace("acompletion", "aembedding"), &["`call_type` aembedding are no chats"]),
        ("litellm: t", lite.replace("\"{}\"", "\"{'a': 1}\""), &["`metadata` that is no JSON"]),
        ("litellm: t", lite.replace("T10:00:04.5", "T10:00:01.5"), &["end before they begin"]),
        ("vllm_bench: t", vllm.replace("\"date\"", "\"max_concurrency\": 8, \"date\""), &["`max_concurrency` (8) is not used"]),
        (
            "blis: t",
            seed("blis/blis.csv"),
            &["`slo_class` (how fast", "`session_id` (sessions)", "`prefix_group` (which prompts"],
        ),
        (
            "otel: t",
            seed("otel/otlp.json").replacen("invoke_agent\"}", "embeddings\"}", 1),
            &["`gen_ai.operation.name` embeddings are not used"],
        ),
        (
            "openai: t",
            "{\"messages\": [{\"role\": \"system\", \"content\": \"a\"}]}\n{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n".to_owned(),
            &["a conversation in which no user says anything is left out"],
        ),
    ] {
        let files = Files::new(&[("t", text.as_bytes())]);
        let replay = if yaml.starts_with("otel") { ", replay: open" } else { "" };
        let notes = info(&files, &format!("trace: {{ {yaml}{replay} }}")).unwrap().notes;
        for said in said {
            assert!(notes.iter().any(|note| note.contains(said)), "{yaml} lacks {said}: {notes:?}");
        }
    }
}

#[test]
fn requests_of_burstgpt_that_failed_are_no_good_answers() {
    let text = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens\n\
                5,1,3.25,ChatGPT,472,0\n45,1,4.5,GPT-4,1087,230\n";
    let files = Files::new(&[("t", text.as_bytes())]);
    let spec: TraceSpec = serde_yaml::from_str("{ burstgpt: t }").unwrap();
    let mut rows = spec.open(&files.path("t"), Streams::new(1, 0).stream("keep")).unwrap();
    let mut found = vec![];
    while let Some((_, row)) = rows.next_row().unwrap() {
        let measured = rows.measured().unwrap();
        let seconds = measured.e2e.unwrap().as_secs_f64();
        found.push((row.output_tokens, measured.status.is_failed(), seconds));
    }
    assert_eq!(found, [(None, true, 3.25), (Some(230), false, 4.5)]);
}
