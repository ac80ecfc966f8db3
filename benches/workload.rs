//! How fast requests are made: generated, and read from traces of every format.
//!
//! `cargo bench --bench workload`

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use windtunnel::kernel::Streams;
use windtunnel::workload::trace::write::{Knows, TraceFormat, TraceWriter, WrittenRow};
use windtunnel::workload::{DataPaths, Plan, PromptId, WorkloadSpec};

fn spec(yaml: &str) -> WorkloadSpec {
    let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).expect("valid YAML");
    serde_yaml::with::singleton_map_recursive::deserialize(value).expect("a workload")
}

/// Arrival, prompt, lognormal lengths, Zipf user: prompts by Zipf's law with lognormal
/// lengths, texts of templates, prompts with images and results of tools.
fn generate(c: &mut Criterion) {
    let mut group = c.benchmark_group("generate a request");
    group.throughput(Throughput::Elements(1));
    let output = "output: {lognormal: {mean: 211, p90: 424}}";
    let lengths = format!("tokens: {{input: {{lognormal: {{mean: 1155, p90: 2400}}}}, {output}}}");
    let zipf = |count: u32| format!("prompts: {{zipf: {{count: {count}}}}}\n{lengths}");
    let templates = "prompts: {templates: {texts: [\"Summarise {doc} in {n} words\", \
                     \"What does {doc} say of {city}?\"], slots: {doc: {zipf: {words: \
                     {lognormal: {mean: 300, p90: 700}}}}, n: {range: {min: 50, max: 100}}, \
                     city: {list: [Paris, Rome, Oslo]}}}}";
    for (name, what) in [
        ("10000 prompts", zipf(10_000)),
        ("1000000 prompts", zipf(1_000_000)),
        ("templates", format!("{templates}\ntokens: {{{output}}}")),
        ("payloads", format!("{}\npayloads: {{images: {{}}, tools: {{}}}}", zipf(10_000))),
    ] {
        let workload = spec(&format!(
            "arrivals: {{poisson: {{rate: 20/s}}}}\nusers: {{zipf: {{count: 100}}}}\n{what}"
        ));
        let plan = Plan::new(&workload, &DataPaths::default()).expect("a plan");
        let mut source = plan.source(&Streams::new(42, 0)).expect("a source");
        group.bench_function(name, |b| b.iter(|| black_box(source.next())));
    }
    group.finish();
}

/// Rows as in the published conversation trace, in a file of each format.
fn read(c: &mut Criterion) {
    const ROWS: u64 = 1_000_000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut group = c.benchmark_group("read a trace");
    group.throughput(Throughput::Elements(ROWS)).sample_size(10);
    for (name, format) in TraceFormat::ALL {
        let ending = if name == "oracle_general" { "oracleGeneral" } else { name };
        let file = folder.path().join(format!("trace.{ending}"));
        write(&file, format, ROWS);
        let trace = match name {
            "csv" | "jsonl" => {
                format!("{name}: {{file: {}, prompt: prompt, user: user}}", file.display())
            }
            "libcachesim" | "oracle_general" => {
                format!("libcachesim: {{file: {}}}", file.display())
            }
            _ => format!("{name}: {}", file.display()),
        };
        let workload = spec(&format!("trace: {{{trace}}}"));
        let trace = workload.trace.expect("a trace");
        group.bench_function(name, |b| {
            b.iter(|| {
                let stream = Streams::new(42, 0).stream("keep");
                let mut rows = trace.open(&file, stream).expect("a trace");
                let mut tokens = 0;
                while let Some((_, row)) = rows.next_row().expect("a good row") {
                    tokens += u64::from(row.input_tokens);
                }
                tokens
            });
        });
    }
    let file = folder.path().join("trace.azure");
    let workload = spec(&format!("trace: {{azure: {}}}", file.display()));
    let plan = Plan::new(&workload, &DataPaths::default()).expect("a plan");
    group.bench_function("azure, requests of a run", |b| {
        b.iter(|| plan.source(&Streams::new(42, 0)).expect("a source").count());
    });
    group.finish();
}

/// Logs of gateways, benchmarks and agents: a hundred thousand rows (or spans, of which one in
/// two is a call) of each format.
fn read_logs(c: &mut Criterion) {
    const ROWS: u64 = 100_000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut group = c.benchmark_group("read a log");
    group.throughput(Throughput::Elements(ROWS)).sample_size(10);
    for (name, text) in [
        ("litellm", litellm as fn(u64) -> String),
        ("vllm_bench", vllm_bench),
        ("guidellm", guidellm),
        ("blis", blis),
        ("otel", otel),
        ("requests_csv", requests_csv),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, text(ROWS)).expect("a temporary file");
        let jobs = matches!(name, "otel" | "requests_csv");
        for replay in if jobs { &["closed", "open"][..] } else { &["open"] } {
            let trace = format!("trace: {{{name}: {}, replay: {replay}}}", file.display());
            let trace = spec(&trace).trace.expect("a trace");
            group.bench_function(format!("{name}, {replay}"), |b| {
                b.iter(|| {
                    let stream = Streams::new(42, 0).stream("keep");
                    let mut rows = trace.open(&file, stream).expect("a trace");
                    let mut count = 0;
                    while rows.next_row().expect("a good row").is_some() {
                        count += 1;
                    }
                    count
                });
            });
        }
    }
    group.finish();
}

fn litellm(rows: u64) -> String {
    let mut text =
        String::from("request_id,startTime,endTime,model,prompt_tokens,completion_tokens,spend\n");
    for row in 0..rows {
        let (minute, second) = (row / 600 % 60, row / 10 % 60);
        let (hour, tenth) = (row / 36_000 % 24, row % 10);
        let date = format!("2026-03-01T{hour:02}:{minute:02}:{second:02}.{tenth}");
        let (input, output) = (row * 7919 % 4143, 1 + row * 104_729 % 602);
        writeln!(text, "r{row},{date}Z,{date}9Z,gpt-4o,{input},{output},0.0125")
            .expect("a String takes all");
    }
    text
}

fn vllm_bench(rows: u64) -> String {
    let list = |value: &dyn Fn(u64) -> String| (0..rows).map(value).collect::<Vec<_>>().join(", ");
    format!(
        "{{\"model_id\": \"m\", \"input_lens\": [{}], \"output_lens\": [{}], \"ttfts\": [{}], \
         \"start_times\": [{}], \"itls\": [{}]}}",
        list(&|row| (row * 7919 % 4143).to_string()),
        list(&|_| "3".to_owned()),
        list(&|row| format!("0.{:03}", 1 + row % 900)),
        list(&|row| format!("{}.{:03}", row / 1000, row % 1000)),
        list(&|_| "[0.012, 0.0131]".to_owned()),
    )
}

fn guidellm(rows: u64) -> String {
    let request = |row: u64| {
        let (second, tenth) = (1_760_000_000 + row / 10, row % 10);
        format!(
            "{{\"request_start_time\": {second}.{tenth}, \"request_end_time\": {second}.{tenth}9, \
             \"prompt_tokens\": {}, \"output_tokens\": {}}}",
            row * 7919 % 4143,
            1 + row * 104_729 % 602
        )
    };
    let requests: Vec<String> = (0..rows).map(request).collect();
    let requests = requests.join(", ");
    format!("{{\"benchmarks\": [{{\"requests\": {{\"successful\": [{requests}]}}}}]}}")
}

fn blis(rows: u64) -> String {
    let mut text = String::from("request_id,input_tokens,output_tokens,arrival_time_us\n");
    for row in 0..rows {
        let (input, output) = (row * 7919 % 4143, 1 + row * 104_729 % 602);
        writeln!(text, "{row},{input},{output},{}", row * 18_083).expect("a String takes all");
    }
    text
}

/// Traces of ten spans, 500 spans a line, without messages.
fn otel(spans: u64) -> String {
    const BEGIN: u64 = 1_760_000_000_000_000_000;
    let span = |span: u64| {
        let (job, of_job) = (span / 10, span % 10);
        let begins = BEGIN + job * 1_000_000_000 + of_job * 50_000_000;
        let (parent, attributes) = match of_job {
            9 => (String::new(), text_attribute("invoke_agent")),
            n if n % 2 == 1 => (format!("{:016x}", job * 10 + 9), text_attribute("execute_tool")),
            n => (
                format!("{:016x}", job * 10 + 9),
                format!(
                    "{}, {{\"key\": \"gen_ai.usage.input_tokens\", \"value\": {{\"intValue\": \
                     \"{}\"}}}}, {{\"key\": \"gen_ai.usage.output_tokens\", \"value\": \
                     {{\"intValue\": \"90\"}}}}",
                    text_attribute("chat"),
                    400 + 50 * n
                ),
            ),
        };
        let (begins, ends) = match of_job {
            9 => (BEGIN + job * 1_000_000_000, begins),
            _ => (begins, begins + 40_000_000),
        };
        format!(
            "{{\"traceId\": \"{job:032x}\", \"spanId\": \"{span:016x}\", \"parentSpanId\": \
             \"{parent}\", \"startTimeUnixNano\": \"{begins}\", \"endTimeUnixNano\": \
             \"{ends}\", \"attributes\": [{attributes}]}}"
        )
    };
    let line = |from: u64| {
        let spans: Vec<String> = (from..spans.min(from + 500)).map(span).collect();
        let spans = spans.join(",");
        format!("{{\"resourceSpans\": [{{\"scopeSpans\": [{{\"spans\": [{spans}]}}]}}]}}\n")
    };
    (0..spans).step_by(500).map(line).collect()
}

fn text_attribute(operation: &str) -> String {
    format!(
        "{{\"key\": \"gen_ai.operation.name\", \"value\": {{\"stringValue\": \
         \"{operation}\"}}}}"
    )
}

/// Sessions of four requests.
fn requests_csv(rows: u64) -> String {
    let mut text = String::from(
        "point,replication,request_id,workflow,session,arrival_s,finish_s,input_tokens,\
         output_tokens,cache_key\n",
    );
    for row in 0..rows {
        let (session, input) = (row / 4, row * 7919 % 4143);
        writeln!(text, "0,0,{row},,{session},{row}.25,{row}.75,{input},90,{}", row * 31 % 10_007)
            .expect("a String takes all");
    }
    text
}

/// A million rows of a format.
fn write(file: &Path, format: TraceFormat, rows: u64) {
    let knows = Knows { prompts: true, users: true, block_tokens: None, measured: false };
    let mut writer = TraceWriter::create(file, format, knows).expect("a temporary file");
    for row in 0..rows {
        let written = WrittenRow {
            stamp: 1_700_000_000_000_000_000 + row * 18_083_210,
            input_tokens: (row * 7919 % 4143) as u32,
            output_tokens: Some((row * 104_729 % 602) as u32),
            prompt: Some(PromptId(row * 31 % 10_007)),
            user: Some(["ann", "bob", "eve"][row as usize % 3]),
            blocks: &[],
            measured: None,
        };
        writer.write(&written).expect("a temporary file");
    }
    writer.finish().expect("a temporary file");
}

/// Conversations of three turns, 30 words a message.
fn read_conversations(c: &mut Criterion) {
    const CONVERSATIONS: u64 = 20_000;
    let words = "what do people mean when they say that it depends ".repeat(3);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("shared.json");
    let mut text = String::from("[");
    for number in 0..CONVERSATIONS {
        let comma = if number == 0 { "" } else { "," };
        write!(text, "{comma}{{\"id\": {number}, \"conversations\": [")
            .expect("a String takes all");
        for turn in 0..3 {
            let comma = if turn == 0 { "" } else { "," };
            write!(
                text,
                "{comma}{{\"from\": \"human\", \"value\": \"{number} {words}\"}},\
                 {{\"from\": \"gpt\", \"value\": \"{words}\"}}"
            )
            .expect("a String takes all");
        }
        text += "]}\n";
    }
    text += "]";
    std::fs::write(&file, &text).expect("a temporary file");
    let workload = spec(&format!("trace: {{sharegpt: {}}}", file.display()));
    let plan = Plan::new(&workload, &DataPaths::default()).expect("a plan");
    let mut group = c.benchmark_group("read conversations");
    group.throughput(Throughput::Elements(3 * CONVERSATIONS)).sample_size(10);
    group.bench_function("requests", |b| {
        b.iter(|| {
            let mut source = plan.source(&Streams::new(42, 0)).expect("a source");
            let mut count = 0;
            while let Some(request) = source.next() {
                let request = request.expect("a good row");
                source.release(request.blocks.expect("blocks"));
                count += 1;
            }
            count
        });
    });
    group.finish();
}

criterion_group!(benches, generate, read, read_logs, read_conversations);
criterion_main!(benches);
