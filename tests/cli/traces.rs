//! `windtunnel trace convert` and `generate` as a user runs them.

use std::fs;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::support::{Bench, data, stderr, stdout};

const AZURE: &str = "TIMESTAMP,ContextTokens,GeneratedTokens\n\
                     2023-11-16 18:15:46.6805900,374,44\n\
                     2023-11-16 18:15:50.9951690,396,109\n\
                     2023-11-16 18:15:51.2225670,879,55\n";

/// A bench with a file `in.csv`.
fn bench(text: &str) -> Bench {
    let bench = Bench::new("");
    fs::write(bench.path().join("in.csv"), text).expect("a file");
    bench
}

fn text(bench: &Bench, file: &str) -> String {
    fs::read_to_string(bench.path().join(file)).expect("a text")
}

fn convert(bench: &Bench, arguments: &[&str]) -> String {
    let output = bench.windtunnel(&[&["trace", "convert"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    assert_eq!(stdout(&output).trim(), arguments[1]);
    stderr(&output)
}

#[test]
fn a_trace_goes_through_our_own_formats_and_back_unchanged() {
    let bench = bench(AZURE);
    for own in ["own.csv", "own.jsonl", "own.csv.gz", "own.jsonl.gz"] {
        assert_eq!(convert(&bench, &["in.csv", own]), "", "nothing is lost");
        assert_eq!(convert(&bench, &[own, "back.csv", "--to", "azure"]), "");
        assert_eq!(text(&bench, "back.csv"), AZURE, "{own}");
    }
    assert!(text(&bench, "own.csv").contains("\n1700158546.680590000,374,44\n"));
    convert(&bench, &["in.csv", "b.csv", "--to", "burstgpt"]);
    assert_eq!(
        text(&bench, "b.csv").lines().nth(1),
        Some("1700158546.68059,,374,44,418,"),
        "seconds, with as many decimals as it takes"
    );
    // Nobody is said to have answered.
    assert_eq!(convert(&bench, &["b.csv", "back.csv", "--to", "azure"]), "");
    assert_eq!(text(&bench, "back.csv"), AZURE);
}

#[test]
fn the_published_traces_survive_the_way_through_our_own_format() {
    let Some(data) = data() else { return };
    let bench = Bench::new("");
    let conv = data.join("azure-2023/AzureLLMInferenceTrace_conv.csv");
    let conv = conv.to_str().expect("a path of text");
    convert(&bench, &[conv, "own.jsonl.gz"]);
    convert(&bench, &["own.jsonl.gz", "back.csv", "--to", "azure"]);
    let published = fs::read_to_string(conv).expect("a text").replace("\r\n", "\n");
    assert!(text(&bench, "back.csv").trim_end() == published.trim_end());
}

#[test]
fn mooncakes_blocks_stay_and_what_is_lost_is_said() {
    let line = |at: u64| {
        format!(
            "{{\"timestamp\": {at}, \"input_length\": 600, \"output_length\": 5, \
             \"hash_ids\": [7, 8]}}\n"
        )
    };
    let lines = line(0) + &line(10);
    let bench = bench(&lines);
    fs::rename(bench.path().join("in.csv"), bench.path().join("in.jsonl")).expect("a file");
    assert_eq!(convert(&bench, &["in.jsonl", "out.jsonl", "--to", "mooncake"]), "");
    assert_eq!(text(&bench, "out.jsonl"), lines);
    let said = convert(&bench, &["in.jsonl", "out.csv"]);
    assert_eq!(said, "warning: `out.csv` does not hold the blocks of prompts, of 2 rows\n");
    let written = text(&bench, "out.csv");
    let prompts: Vec<&str> =
        written.lines().skip(1).filter_map(|row| row.split(',').nth(3)).collect();
    assert_eq!((prompts.len(), prompts[0]), (2, prompts[1]), "the same prompt");
    let said = convert(&bench, &["in.jsonl", "cache.oracleGeneral"]);
    assert!(said.contains("does not hold times finer than 1 s, of 1 row"), "{said}");
    let records = fs::read(bench.path().join("cache.oracleGeneral")).expect("records");
    assert_eq!((records.len(), &records[16..24]), (48, &1i64.to_le_bytes()[..]), "next access");
    assert_eq!(&records[40..48], &(-1i64).to_le_bytes());
    let replayed = bench.windtunnel(&["cache", "cache.oracleGeneral", "--curve", "none", "-q"]);
    assert!(replayed.status.success(), "{}", stderr(&replayed));
}

#[test]
fn a_part_is_written_at_its_own_times_and_speed() {
    let bench =
        bench("timestamp,input_tokens,output_tokens\n10,1,1\n12,2,1\nx,3,1\n14,4,1\n20,5,1\n");
    let part = ["--from", "1s", "--until", "9s", "--speed", "2", "--on-bad-row", "skip"];
    let said = convert(&bench, &[&["in.csv", "out.csv"][..], &part].concat());
    assert!(said.starts_with("warning: 1 bad rows were left out, the first: in.csv:4: "), "{said}");
    // From 11 s on: 1 s and 3 s into the part, at twice the speed.
    let wanted = "timestamp,input_tokens,output_tokens\n11.500000000,2,1\n12.500000000,4,1\n";
    assert_eq!(text(&bench, "out.csv"), wanted);
}

#[test]
fn bad_input_is_named_and_leaves_nothing() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(AZURE.repeat(500).as_bytes()).expect("memory");
    let packed = packed.finish().expect("memory");
    let bench = bench("timestamp,input_tokens,output_tokens\n1,1,1\n2,x,1\n");
    fs::write(bench.path().join("torn.csv.gz"), &packed[..packed.len() - 20]).expect("a file");
    fs::write(bench.path().join("good.csv"), AZURE).expect("a file");
    let before = fs::read_dir(bench.path()).expect("a folder").count();
    for (arguments, complaint) in [
        (&["in.csv", "out.csv"][..], "in.csv:3: input_tokens is `x`"),
        (&["torn.csv.gz", "out.csv"], "torn.csv.gz:5: TIMESTAMP is `TIMESTAMP`"),
        (&["torn.csv.gz", "out.csv", "--on-bad-row", "skip"], "torn.csv.gz: "),
        (&["good.csv", "out.txt"], "does not tell in which format to write"),
        (&["good.csv", "out.csv", "--to", "mooncak"], "did you mean `mooncake`?"),
        (&["good.csv", "out.csv.zst", "--to", "csv"], "let the name end in .gz"),
        (&["good.csv", "out.csv", "--from", "9h"], "no row in that part"),
        (&["good.csv", "no/out.csv"], "no/out.csv: "),
        (&["no.csv", "out.csv"], "the trace `no.csv` was not found"),
        (&["good.csv", "out.csv", "--input-format", "burstgpt"], "there is no column `Timestamp`"),
    ] {
        let output = bench.windtunnel(&[&["trace", "convert"], arguments].concat());
        assert!(!output.status.success(), "{arguments:?}");
        assert!(stderr(&output).contains(complaint), "{arguments:?}: {}", stderr(&output));
    }
    assert_eq!(fs::read_dir(bench.path()).expect("a folder").count(), before);
}

const EXPERIMENT: &str = "
name: NAME
seed: 11
duration: 200s
replications: 1
warmup: 20s
pipeline: {}
cache: { levels: [ { capacity: 50, policy: w_tinylfu }, { capacity: 200, policy: s3_fifo } ] }
models:
  big: { price: { per_token: 0.00003 }, server: { tokens: {} } }
cost: { budgets: { default: { daily: $5 } } }
workload:
  ";

const WORKLOAD: &str = "arrivals: { gamma: { rate: 30/s, cv: 2 } }
  prompts: { zipf: { count: 500, exponent: 0.9 } }
  tokens: { input: { lognormal: { mean: 500, p90: 1100 } }, output: { exponential: { mean: 80 } } }
  users: { zipf: { count: 20 } }
";

/// A table without a column.
fn without(column: &str, table: &str) -> String {
    let header = table.lines().next().expect("a header");
    let place = header.split(',').position(|name| name == column).expect("the column");
    let row = |line: &str| {
        let cells = line.split(',').enumerate().filter(|(index, _)| *index != place);
        cells.map(|(_, cell)| cell).collect::<Vec<_>>().join(",")
    };
    table.lines().map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_generated_trace_replays_as_the_workload_itself() {
    let bench = Bench::new(&(EXPERIMENT.replace("NAME", "one") + WORKLOAD));
    for (file, format) in [("t.csv", "csv"), ("t.jsonl.gz", "jsonl")] {
        let generate = ["trace", "generate", "experiment.yaml", "--out", file];
        let output = bench.windtunnel(&generate);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!((stdout(&output).trim(), &*stderr(&output)), (file, ""));
        let trace = format!(
            "trace: {{ {format}: {{ file: {file}, prompt: prompt, user: user }}, origin: zero }}\n"
        );
        let replay = EXPERIMENT.replace("NAME", "two") + &trace;
        fs::write(bench.path().join("replay.yaml"), replay).expect("a file");
        let run = |file: &str| {
            let output = bench.windtunnel(&["run", file, "--format", "csv", "-q"]);
            assert!(output.status.success(), "{}", stderr(&output));
            // Whether a trace was meant to be steady nobody knows.
            without("drift", &text(&bench, &format!("{}/runs.csv", stdout(&output).trim())))
        };
        let (own, replayed) = (run("experiment.yaml"), run("replay.yaml"));
        assert!(own.lines().count() > 1);
        assert_eq!(own, replayed, "{format}");
    }
}

#[test]
fn a_trace_is_as_long_as_it_is_told_and_depends_on_the_seed() {
    let bench = Bench::new(&(EXPERIMENT.replace("NAME", "one") + WORKLOAD));
    let generate = |more: &[&str]| {
        let all = [&["trace", "generate", "experiment.yaml", "--out", "t.csv.gz"], more].concat();
        let output = bench.windtunnel(&all);
        assert!(output.status.success(), "{}", stderr(&output));
        let packed = fs::read(bench.path().join("t.csv.gz")).expect("a file");
        let mut text = String::new();
        GzDecoder::new(&packed[..]).read_to_string(&mut text).expect("gzip");
        text
    };
    let thousand = generate(&["--requests", "1000"]);
    assert_eq!(thousand.lines().count(), 1001);
    assert!(generate(&["--requests", "2000"]).starts_with(&thousand));
    assert_ne!(generate(&["--requests", "1000", "--seed", "12"]), thousand);
    let seconds = generate(&["--duration", "10s"]);
    let last = seconds.lines().last().and_then(|row| row.split(',').next());
    let last: f64 = last.and_then(|time| time.parse().ok()).expect("a time");
    assert!(last > 8.0 && last <= 10.0, "{last}");
    let slow = ["--duration", "10s", "--set", "workload.arrivals.gamma.rate=1/s"];
    assert!(generate(&slow).lines().count() < 30);
}

#[test]
fn what_of_a_workload_cannot_be_written_is_said_or_refused() {
    let listed = "max_tokens: 50\n  requests: [ { prompt: What is AI? } ]\n";
    let bench = Bench::new(&(EXPERIMENT.replace("NAME", "one") + listed));
    let generate = |more: &[&str]| {
        let all = [&["trace", "generate", "experiment.yaml", "--out", "t.csv"], more].concat();
        bench.windtunnel(&all)
    };
    let said = stderr(&generate(&[]));
    for lost in ["texts: prompts are numbers", "tenths of tokens", "what clients ask for"] {
        assert!(said.contains(&format!("warning: `t.csv` does not hold {lost}")), "{said}");
    }
    assert_eq!(text(&bench, "t.csv").lines().nth(1), Some("0.000000000,4,,0,anonymous"));
    let looped = "arrivals: { closed_loop: { clients: 3 } }\n";
    fs::remove_file(bench.path().join("t.csv")).expect("a file");
    fs::write(bench.path().join("experiment.yaml"), EXPERIMENT.replace("NAME", "one") + looped)
        .expect("a file");
    let refused = generate(&[]);
    assert!(
        stderr(&refused).contains("wait for answers before they go on"),
        "{}",
        stderr(&refused)
    );
    assert!(!bench.path().join("t.csv").exists());
}
