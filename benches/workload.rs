//! How fast requests are made: generated, and read from an Azure trace.
//!
//! `cargo bench --bench workload`

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use windtunnel::kernel::Streams;
use windtunnel::workload::trace::AzureReader;
use windtunnel::workload::{DataPaths, Plan, WorkloadSpec};

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

/// Rows as in the published conversation trace, in a file of a million.
fn read(c: &mut Criterion) {
    const ROWS: u64 = 1_000_000;
    let mut text = String::from("TIMESTAMP,ContextTokens,GeneratedTokens\r\n");
    for row in 0..ROWS {
        let (minute, second) = (row / 60_000 % 60, row / 1000 % 60);
        let (ticks, input, output) = (row % 1000 * 10_000, row * 7919 % 4143, row * 104_729 % 602);
        writeln!(text, "2023-11-16 18:{minute:02}:{second:02}.{ticks:07},{input},{output}\r")
            .expect("a String takes all");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("trace.csv");
    std::fs::write(&file, text).expect("a temporary file");

    let mut group = c.benchmark_group("read an Azure trace");
    group.throughput(Throughput::Elements(ROWS)).sample_size(20);
    group.bench_function("rows", |b| {
        b.iter(|| {
            let mut reader = AzureReader::open(&file).expect("an Azure trace");
            let mut tokens = 0;
            while let Some(row) = reader.next_row().expect("a good row") {
                tokens += u64::from(row.input_tokens);
            }
            tokens
        });
    });
    let workload = spec(&format!("trace: {{azure: {}}}", file.display()));
    let plan = Plan::new(&workload, &DataPaths::default()).expect("a plan");
    group.bench_function("requests", |b| {
        b.iter(|| plan.source(&Streams::new(42, 0)).expect("a source").count());
    });
    group.finish();
}

criterion_group!(benches, generate, read);
criterion_main!(benches);
