//! Logs of gateways and results of benchmarks: small files, written by hand after the
//! documents of their formats, which `fuzz/seeds` hold too.

use std::path::Path;

use windtunnel::kernel::{Duration, Streams};
use windtunnel::workload::SpanSpec;
use windtunnel::workload::trace::{
    Given, Measured, Profile, Row, Status, TraceSpec, beginning, fit,
};

use crate::support::{Files, seconds};

/// A row as it is read: seconds from the first, tokens, blocks, and what was measured.
#[derive(Debug)]
struct Read {
    row: Row,
    blocks: Vec<u64>,
    user: Option<String>,
    measured: Measured,
}

fn stream() -> windtunnel::kernel::Stream {
    Streams::new(1, 0).stream("keep")
}

/// The spec of a file whose format its beginning tells.
fn told(path: &Path) -> (&'static str, TraceSpec) {
    let begins = beginning(path).unwrap();
    let format = TraceSpec::detect(&begins).unwrap_or_else(|| panic!("{}", path.display()));
    let given = Given { file: path.to_path_buf(), ..Given::default() };
    (format, TraceSpec::given(format, &given, &begins).unwrap())
}

/// All rows of a file, and what is said of it.
fn read(path: &Path, format: &str) -> (Vec<Read>, Vec<String>) {
    let (found, spec) = told(path);
    assert_eq!(found, format, "{}", path.display());
    let mut rows = spec.open(path, stream()).unwrap();
    let mut all = vec![];
    while let Some((_, row)) = rows.next_row().unwrap() {
        all.push(Read {
            row,
            blocks: rows.blocks().to_vec(),
            user: row.user.and_then(|user| rows.user_name(user)).map(str::to_owned),
            measured: rows.measured().cloned().unwrap_or_default(),
        });
    }
    (all, rows.notes())
}

fn seed(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name)
}

#[allow(clippy::unnecessary_wraps, reason = "as it stands in what was measured")]
fn ms(ms: u64) -> Option<Duration> {
    Some(Duration::from_millis(ms))
}

/// Input and output tokens, TTFT, TPOT and E2E of a row.
type Figures = (u32, Option<u32>, Option<Duration>, Option<Duration>, Option<Duration>);

fn figures(read: &Read) -> Figures {
    let Read { row, measured, .. } = read;
    let tpot = measured.tpot(row.output_tokens);
    (row.input_tokens, row.output_tokens, measured.ttft, tpot, measured.e2e)
}

#[test]
fn spend_logs_of_litellm_are_read_by_their_times_with_what_they_cost() {
    let (rows, notes) = read(&seed("litellm/litellm.json"), "litellm");
    let all: Vec<_> = rows.iter().map(figures).collect();
    assert_eq!(
        all,
        [
            // Nothing was streamed: the end is no first token.
            (120, Some(21), None, None, ms(1500)),
            // It failed: the length of its answer is not known.
            (100, None, None, None, ms(250)),
            (300, Some(50), ms(500), Some(Duration(30_612_244)), ms(2000)),
        ]
    );
    assert_eq!(rows[0].row.stamp, 1_772_359_200_000_001_000, "to the microsecond");
    let users: Vec<_> = rows.iter().map(|it| it.user.as_deref().unwrap()).collect();
    assert_eq!(users, ["ann", "bob", "ann"]);
    let [first, failed, last] = [0, 1, 2].map(|at| &rows[at].measured);
    assert_eq!((first.status, failed.status), (Status::Ok, Status::Failed));
    assert_eq!((first.cost, last.cost), (Some(0.0005), Some(0.00125)));
    assert_eq!((last.cached_tokens, last.cache_hit), (Some(128), Some(false)));
    assert_eq!(last.model.as_deref(), Some("gpt-4o"), "the name that is asked for");
    assert!(notes.iter().any(|note| note.contains("`session_id` (sessions) is not used")));

    let (rows, _) = read(&seed("litellm/spend.csv"), "litellm");
    assert_eq!(rows[0].row.prompt, rows[1].row.prompt, "of one key of the cache");
    assert_eq!((rows[0].measured.ttft, rows[1].measured.cache_hit), (ms(500), Some(true)));
    assert_eq!(rows[1].user.as_deref(), Some("k"), "where no user is named, the key");
}

#[test]
fn results_of_vllm_bench_have_an_entry_for_each_request() {
    let path = seed("vllm_bench/vllm.json");
    let (rows, notes) = read(&path, "vllm_bench");
    let all: Vec<_> = rows.iter().map(figures).collect();
    assert_eq!(
        all,
        [
            (10, Some(3), ms(250), ms(20), ms(290)),
            (20, Some(11), ms(500), ms(20), ms(700)),
            (30, None, None, None, None),
        ]
    );
    assert_eq!(rows[2].measured.status, Status::Failed);
    assert_eq!(rows[1].row.stamp - rows[0].row.stamp, 250_000_000);
    assert!(notes.is_empty(), "{notes:?}");

    // Older versions save no times of start.
    let text = std::fs::read_to_string(path).unwrap();
    let older = text.replace("\"start_times\"", "\"other\"");
    let slow = older.replace("\"request_rate\": \"inf\"", "\"request_rate\": 4.0");
    for (text, gap, said) in [(older, 0, "all at once"), (slow, 250_000_000, "evenly")] {
        let files = Files::new(&[("r.json", text.as_bytes())]);
        let (rows, notes) = read(&files.path("r.json"), "vllm_bench");
        assert_eq!(rows[2].row.stamp - rows[1].row.stamp, gap);
        assert!(notes[0].contains(said), "{notes:?}");
    }
}

#[test]
fn a_benchmark_without_its_requests_says_how_to_keep_them() {
    let plan = |text: &str, format: &str| {
        let files = Files::new(&[("r.json", text.as_bytes())]);
        files.plan(&format!("trace: {{ {format}: r.json }}")).unwrap_err()
    };
    let sums = r#"{"completed": 2, "total_input_tokens": 9, "request_throughput": 1.0}"#;
    assert!(plan(sums, "vllm_bench").contains("--save-result --save-detailed"));
    let uneven = r#"{"input_lens": [1, 2], "output_lens": [1]}"#;
    assert!(plan(uneven, "vllm_bench").contains("`input_lens` has 2 requests and `output_lens` 1"));
    let sums = r#"{"benchmarks": [{"requests": {"successful": [], "errored": []}}]}"#;
    assert!(plan(sums, "guidellm").contains("only sums, and no requests"));
}

#[test]
fn reports_of_guidellm_old_and_new_are_read() {
    let (rows, _) = read(&seed("guidellm/guide.json"), "guidellm");
    let all: Vec<_> = rows.iter().map(figures).collect();
    assert_eq!(all, [(0, None, None, None, ms(500)), (64, Some(11), ms(500), ms(100), ms(1500))]);
    assert_eq!(rows[0].measured.status, Status::Failed);
    assert_eq!(
        (&rows[1].measured.model, rows[1].measured.cached_tokens),
        (&Some("m".into()), Some(16))
    );
    let old = r#"{"benchmarks": [{"type_": "generative_benchmark", "requests": {"successful": [
        {"start_time": 5.25, "end_time": 6.5, "prompt_tokens": 7, "output_tokens": 2,
         "time_to_first_token_ms": 250.0, "inter_token_latency_ms": 1000.0}], "errored": [],
        "incomplete": []}}]}"#;
    let files = Files::new(&[("r.json", old.as_bytes())]);
    let (rows, _) = read(&files.path("r.json"), "guidellm");
    assert_eq!(figures(&rows[0]), (7, Some(2), ms(250), ms(1000), ms(1250)));
}

#[test]
fn spans_of_calls_of_models_are_requests_and_others_are_none() {
    let (rows, notes) = read(&seed("otel/otlp.json"), "otel");
    let all: Vec<_> = rows.iter().map(figures).collect();
    assert_eq!(
        all,
        [
            // Three words of 1.3 tokens; it failed.
            (4, None, None, None, ms(1000)),
            (100, Some(11), ms(500), ms(50), ms(1000)),
        ]
    );
    assert_eq!(rows[1].row.stamp, 1_544_712_660_000_000_001, "every digit");
    assert_eq!(rows[1].measured.cached_tokens, Some(64));
    assert!(notes[0].contains("`parentSpanId` (what requests wait for) is not used"), "{notes:?}");

    let (rows, _) = read(&seed("otel/spans.json"), "otel");
    let all: Vec<_> = rows.iter().map(figures).collect();
    // 40 words, then 44 with the answer and one more; answers of 3 and 4 words.
    assert_eq!(all, [(52, Some(4), None, None, ms(1500)), (58, Some(5), None, None, ms(1500))]);
    assert_eq!(rows[0].blocks.len(), 3, "full blocks of 16 tokens");
    assert_eq!(rows[1].blocks[..3], rows[0].blocks, "the second begins as the first");
}

#[test]
fn rows_of_blis_are_read_by_their_arrivals() {
    let (rows, notes) = read(&seed("blis/blis.csv"), "blis");
    let all: Vec<_> = rows.iter().map(figures).collect();
    assert_eq!(
        all,
        [(300, None, None, None, None), (520, Some(11), ms(500), ms(100), ms(1500))],
        "the server's own count of the prompt; times from when it was sent"
    );
    assert_eq!(rows[1].row.stamp - rows[0].row.stamp, 500_000);
    assert_eq!(rows[0].user.as_deref(), Some("t2"));
    assert_eq!(notes.len(), 3, "{notes:?}");
    let files = Files::new(&[("h.yaml", b"trace_version: 2\ntime_unit: us\n")]);
    let error = files.plan("trace: { blis: h.yaml }").unwrap_err();
    assert!(error.contains("this is the trace's header"), "{error}");
}

#[test]
fn blocks_may_have_any_size_and_stamps_be_fine() {
    let rows = "{\"timestamp\": 0, \"input_length\": 40, \"output_length\": 1, \"hash_ids\": [1, 2, 3]}\n\
                {\"timestamp\": 0.25, \"input_length\": 33, \"output_length\": 1, \"hash_ids\": [1, 2, 9]}\n";
    let files = Files::new(&[("m.jsonl", rows.as_bytes())]);
    let (read, _) = read(&files.path("m.jsonl"), "mooncake");
    assert_eq!((read[1].row.stamp, &read[1].blocks[..]), (250_000, &[1, 2, 9][..]));
    let yaml = "trace: { mooncake: { file: m.jsonl, block_tokens: 16 } }";
    assert_eq!(seconds(&files.requests(yaml)), [0.0, 0.000_25]);
    let error = files.plan("trace: { mooncake: m.jsonl }").unwrap_err();
    assert!(error.contains("say `block_tokens: 16`"), "{error}");
}

#[test]
fn a_log_may_name_its_blocks_and_what_was_measured() {
    let csv = "timestamp;input_tokens;output_tokens;hashes;m;state;first_ms;all_ms;usd;hit\n\
               0;40;11;[7, 8];a;200;100;1100;0.5;16\n\
               1;40;5;\"[7, 9]\";b;500;;;;\n";
    let jsonl = r#"{"timestamp": 0, "input_tokens": 40, "output_tokens": 11, "hashes": [7, 8], "m": "a", "state": 200, "first_ms": 1e2, "all_ms": 1100, "usd": 0.5, "hit": 16}
{"timestamp": 1, "input_tokens": 40, "output_tokens": 5, "hashes": ["7", "9"], "m": "b", "state": "error", "first_ms": null, "all_ms": null, "usd": null, "hit": null}
"#;
    let files = Files::new(&[("l.csv", csv.as_bytes()), ("l.jsonl", jsonl.as_bytes())]);
    let columns = "blocks: hashes, block_tokens: 16, model: m, status: state, ttft: first_ms, e2e: \
                   all_ms, cost: usd, cached_tokens: hit";
    for (format, more) in [("csv", ", delimiter: \";\""), ("jsonl", "")] {
        let yaml = format!("{format}: {{ file: l.{format}, {columns}{more} }}");
        let spec: TraceSpec = serde_yaml::from_str(&yaml).unwrap();
        let mut rows = spec.open(&files.path(&format!("l.{format}")), stream()).unwrap();
        let (_, row) = rows.next_row().unwrap().unwrap();
        assert_eq!((rows.blocks(), row.output_tokens), (&[7, 8][..], Some(11)));
        let measured = rows.measured().unwrap().clone();
        assert_eq!(
            (measured.ttft, measured.tpot(Some(11)), measured.e2e),
            (ms(100), ms(100), ms(1100))
        );
        assert_eq!((measured.cost, measured.cached_tokens), (Some(0.5), Some(16)));
        assert_eq!((&measured.model, measured.status), (&Some("a".into()), Status::Ok));
        let (_, row) = rows.next_row().unwrap().unwrap();
        assert_eq!((rows.blocks(), row.output_tokens), (&[7, 9][..], None), "it failed");
        assert_eq!(rows.measured().unwrap().ttft, None);
        let info = files.plan(&format!("trace: {{ {yaml} }}")).unwrap().trace().unwrap().clone();
        assert!(info.notes[0].contains("1 of 2 requests failed"), "{:?}", info.notes);
    }
}

#[test]
fn a_hosted_model_is_fitted_by_the_lengths_of_prompts() {
    use std::fmt::Write as _;
    let mut rows = String::from("timestamp,input_tokens,output_tokens,model,ttft,e2e\n");
    for k in 0..200u32 {
        let (input, output) = (50 + (k * 37) % 1000, 2 + (k * 13) % 90);
        let ttft = 0.2 + f64::from(input) * 0.0005;
        let e2e = ttft + f64::from(output - 1) * 0.03;
        writeln!(rows, "{}.{},{input},{output},m,{ttft},{e2e}", k / 10, (k * k) % 10).unwrap();
    }
    // Times in order.
    let mut lines: Vec<&str> = rows.lines().skip(1).collect();
    lines.sort_by(|a, b| {
        a.split(',')
            .next()
            .unwrap()
            .parse::<f64>()
            .unwrap()
            .total_cmp(&b.split(',').next().unwrap().parse().unwrap())
    });
    let text =
        format!("timestamp,input_tokens,output_tokens,model,ttft,e2e\n{}\n", lines.join("\n"));
    let files = Files::new(&[("l.csv", text.as_bytes())]);
    let (_, spec) = told(&files.path("l.csv"));
    let profile = Profile::read(&spec, &files.path("l.csv"), stream(), |_, _, _| {}).unwrap();
    let ranks = profile.rank_correlation(&spec, &files.path("l.csv"), stream()).unwrap();
    let fitted = fit::fit(&profile, ranks, 0.05).unwrap();
    let [model] = &fitted.models[..] else { panic!("one model") };
    assert_eq!(model.name.as_deref(), Some("m"));
    assert_eq!(model.per_input_token, Duration(500_000));
    assert_eq!(model.ttft, SpanSpec::Constant(Duration::from_millis(200)));
    assert_eq!(model.tpot, Some(SpanSpec::Constant(Duration::from_millis(30))));
}

/// Real files, where they are here.
#[test]
fn spans_and_reports_of_others_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/agents");
    if !folder.is_dir() {
        eprintln!("SKIPPED: there is no data at {}", folder.display());
        return;
    }
    let counts = [("simple_chain", 3), ("fan_in_dependencies", 4), ("code_review_workflow", 15)];
    for (name, count) in counts {
        let (rows, notes) = read(&folder.join(format!("otel/{name}.json")), "otel");
        assert_eq!(rows.len(), count, "{name}");
        assert!(notes[0].contains("`exgentic.session.id` (sessions)"), "{notes:?}");
        assert!(rows.iter().all(|it| it.measured.e2e.is_some() && it.row.output_tokens > Some(0)));
    }
    // Tokens as recorded, not of words; a prefix that is shared.
    let (rows, _) = read(&folder.join("otel/prefix_sharing_example.json"), "otel");
    assert_eq!(rows.len(), 7);
    let (_, spec) = told(&folder.join("guidellm_report_v2.json"));
    let error = spec.open(&folder.join("guidellm_report_v2.json"), stream()).unwrap_err();
    assert!(error.to_string().contains("only sums, and no requests"), "{error}");
}
