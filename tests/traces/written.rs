//! Traces written and read again; cache traces as workloads.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use windtunnel::kernel::{Duration, Streams};
use windtunnel::spec::Problems;
use windtunnel::workload::PromptId;
use windtunnel::workload::trace::write::{Knows, TraceFormat, TraceWriter, WrittenRow};
use windtunnel::workload::trace::{
    Given, LogSpec, Measured, ObjectsSpec, Origin, Status, TraceSpec, beginning,
};

use crate::support::{Files, seconds};

/// A row as it was made.
#[derive(Clone, Debug)]
struct Made {
    gap: u64,
    input: u32,
    output: Option<u32>,
    prompt: u64,
    user: String,
}

fn made() -> impl Strategy<Value = Vec<Made>> {
    let gap = prop_oneof![Just(0u64), 0u64..5_000_000_000, 0u64..100_000_000_000_000];
    let output = prop_oneof![1 => Just(None), 5 => (0u32..=1_000_000_000).prop_map(Some)];
    let user = prop_oneof![Just("ann".to_owned()), Just("a,\"b\"\n".to_owned()), "[a-zäß ]{1,9}x"];
    let row = (gap, 0u32..200_000, output, prop_oneof![0u64..9, any::<u64>()], user);
    let row = row.prop_map(|(gap, input, output, prompt, user)| Made {
        gap,
        input,
        output,
        prompt,
        user,
    });
    prop::collection::vec(row, 1..40)
}

/// The times of the rows, which begin at some date.
fn stamps(rows: &[Made]) -> Vec<u64> {
    let mut stamp = 1_700_000_000_123_456_789;
    rows.iter()
        .map(|row| {
            stamp += row.gap;
            stamp
        })
        .collect()
}

fn write(path: &Path, format: TraceFormat, rows: &[Made], knows: bool) -> Vec<String> {
    let knows_all = Knows { prompts: knows, users: knows, measured: false, block_tokens: None };
    let mut writer = TraceWriter::create(path, format, knows_all).unwrap();
    for (row, stamp) in rows.iter().zip(stamps(rows)) {
        let written = WrittenRow {
            stamp,
            input_tokens: row.input,
            output_tokens: row.output,
            prompt: knows.then_some(PromptId(row.prompt)),
            user: knows.then_some(&*row.user),
            blocks: &[],
            measured: None,
        };
        writer.write(&written).unwrap();
    }
    writer.finish().unwrap()
}

/// How a file of the format is read, from its own 0.
fn spec(path: &Path, format: TraceFormat, knows: bool) -> TraceSpec {
    let file = path.to_path_buf();
    let plain = TraceSpec { origin: Origin::Zero, ..TraceSpec::default() };
    let log = LogSpec {
        file: file.clone(),
        prompt: knows.then(|| "prompt".to_owned()),
        user: knows.then(|| "user".to_owned()),
        ..LogSpec::default()
    };
    let objects = ObjectsSpec { file: file.clone(), ..ObjectsSpec::default() };
    match format {
        TraceFormat::Azure => TraceSpec { azure: Some(file), ..plain },
        TraceFormat::Burstgpt => TraceSpec { burstgpt: Some(file), ..plain },
        TraceFormat::Mooncake => TraceSpec { mooncake: Some(file.into()), ..plain },
        TraceFormat::Csv => TraceSpec { csv: Some(log), ..plain },
        TraceFormat::Jsonl => TraceSpec { jsonl: Some(log), ..plain },
        TraceFormat::Libcachesim | TraceFormat::OracleGeneral => {
            TraceSpec { libcachesim: Some(objects), ..plain }
        }
    }
}

/// What a reader gives: time, lengths, prompt, user.
type Read = (u64, u32, Option<u32>, Option<u64>, Option<String>);

fn read(spec: &TraceSpec, path: &Path) -> Vec<Read> {
    let mut problems = Problems::default();
    spec.check(&mut problems);
    assert!(problems.list().is_empty(), "{:?}", problems.list());
    let mut rows = spec.open(path, Streams::new(1, 0).stream("keep")).unwrap();
    let mut all = Vec::new();
    while let Some((at, row)) = rows.next_row().unwrap() {
        let user = row.user.and_then(|user| rows.user_name(user)).map(str::to_owned);
        let prompt = row.prompt.map(|prompt| prompt.0);
        all.push((at.as_nanos(), row.input_tokens, row.output_tokens, prompt, user));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_what_is_read(rows in made(), packed in any::<bool>()) {
        let files = Files::new(&[]);
        let stamps = stamps(&rows);
        for (name, format) in TraceFormat::ALL {
            let ending = if packed { ".gz" } else { "" };
            let file = match format {
                TraceFormat::OracleGeneral => format!("t.oracleGeneral{ending}"),
                _ => format!("t.{name}{ending}"),
            };
            let path = files.path(&file);
            write(&path, format, &rows, true);
            let found = read(&spec(&path, format, true), &path);
            // What each format holds of a row.
            let held = rows.iter().zip(&stamps).map(|(row, stamp)| -> Read {
                let (input, output) = (row.input, Some(row.output.unwrap_or(0)));
                let (prompt, user) = (Some(row.prompt), Some(row.user.trim().to_owned()));
                match format {
                    TraceFormat::Csv | TraceFormat::Jsonl => (*stamp, input, row.output, prompt, user),
                    TraceFormat::Azure => (stamp / 100 * 100, input, output, None, None),
                    // An answer of no tokens is a request that failed.
                    TraceFormat::Burstgpt => {
                        (*stamp, input, output.filter(|tokens| *tokens > 0), None, None)
                    }
                    TraceFormat::Mooncake => (stamp / 1_000_000 * 1_000_000, input, output, None, None),
                    TraceFormat::Libcachesim => (*stamp, 100, output, prompt, None),
                    TraceFormat::OracleGeneral => {
                        (stamp / 1_000_000_000 * 1_000_000_000, 100, output, prompt, None)
                    }
                }
            });
            let held: Vec<Read> = held.collect();
            if format == TraceFormat::Mooncake {
                // Prompts are their length and their blocks: equal ones stay equal.
                for (i, a) in rows.iter().enumerate() {
                    for (j, b) in rows.iter().enumerate() {
                        let same = a.input == b.input && (a.prompt == b.prompt || a.input == 0);
                        prop_assert_eq!(found[i].3 == found[j].3, same);
                    }
                }
                let found: Vec<Read> =
                    found.into_iter().map(|(at, i, o, _, user)| (at, i, o, None, user)).collect();
                prop_assert_eq!(found, held);
            } else {
                prop_assert_eq!(found, held, "{}", name);
            }
        }
    }

    #[test]
    fn there_and_back_is_the_same_file(rows in made()) {
        let files = Files::new(&[]);
        for format in [TraceFormat::Csv, TraceFormat::Jsonl] {
            let path = files.path("once");
            write(&path, format, &rows, true);
            let found = read(&spec(&path, format, true), &path);
            let again: Vec<Made> = found.iter().enumerate().map(|(i, row)| Made {
                gap: row.0 - if i == 0 { 1_700_000_000_123_456_789 } else { found[i - 1].0 },
                input: row.1, output: row.2, prompt: row.3.unwrap(), user: row.4.clone().unwrap(),
            }).collect();
            let twice = files.path("twice");
            write(&twice, format, &again, true);
            let rows: Vec<Made> =
                rows.iter().map(|row| Made { user: row.user.trim().to_owned(), ..row.clone() }).collect();
            let plain = files.path("plain");
            write(&plain, format, &rows, true);
            prop_assert_eq!(std::fs::read(&twice).unwrap(), std::fs::read(&plain).unwrap());
        }
    }
}

#[test]
fn what_a_format_does_not_hold_is_said_once() {
    let files = Files::new(&[]);
    let row = |output| Made { gap: 1, input: 9, output, prompt: 4, user: "ann".to_owned() };
    let rows = [row(Some(1)), row(None), row(Some(3))];
    let lost = |format, knows| write(&files.path("t"), format, &rows, knows);
    assert_eq!(lost(TraceFormat::Csv, true), [""; 0]);
    assert_eq!(lost(TraceFormat::Jsonl, true), [""; 0]);
    assert_eq!(
        lost(TraceFormat::Azure, true),
        [
            "who asked, of 3 rows",
            "which prompts are the same, of 3 rows",
            "times finer than 100 ns, of 3 rows",
            "that the answer's length is not known (it is written as 0 tokens), of 1 row",
        ]
    );
    assert_eq!(lost(TraceFormat::OracleGeneral, false).len(), 4);
}

#[test]
fn a_file_that_is_not_finished_leaves_the_old_one_and_nothing_else() {
    let files = Files::new(&[("t.csv", b"old")]);
    let knows = Knows { prompts: false, users: false, measured: false, block_tokens: None };
    let mut writer = TraceWriter::create(&files.path("t.csv"), TraceFormat::Azure, knows).unwrap();
    let late = WrittenRow {
        stamp: u64::MAX,
        input_tokens: 1,
        output_tokens: Some(1),
        prompt: None,
        user: None,
        blocks: &[],
        measured: None,
    };
    writer.write(&WrittenRow { stamp: 0, ..late }).unwrap();
    assert!(writer.write(&late).unwrap_err().to_string().contains("after the year 2500"));
    drop(writer);
    assert_eq!(std::fs::read(files.path("t.csv")).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(files.0.path()).unwrap().count(), 1);
    let error = TraceWriter::create(&files.path("t.csv.zst"), TraceFormat::Csv, knows).unwrap_err();
    assert!(error.to_string().contains("let the name end in .gz"));
}

#[test]
fn a_cache_trace_is_a_workload_of_its_objects() {
    let text = "time,id,size,next\n5,7,100,3\n5.5,x,1,-1\n7,7,101,-1\n";
    let mut records = Vec::new();
    for (time, object, size) in [(5u32, 7u64, 100u32), (6, 9, 1), (7, 7, 101)] {
        records.extend(time.to_le_bytes());
        records.extend(object.to_le_bytes());
        records.extend(size.to_le_bytes());
        records.extend((-1i64).to_le_bytes());
    }
    let files = Files::new(&[
        ("c.csv", text.as_bytes()),
        ("c.oracleGeneral", &records),
        ("torn.oracleGeneral", &records[..60]),
        ("bad.csv", b"time,id,size\n1,1,1\n2,2,x\n3,3,3\n"),
        ("no.csv", b"tme,idd\n1,1\n"),
    ]);
    for (file, times) in [("c.csv", [0.0, 0.5, 2.0]), ("c.oracleGeneral", [0.0, 1.0, 2.0])] {
        let all =
            files.requests(&format!("trace: {{libcachesim: {{file: {file}, input_tokens: 50}}}}"));
        assert_eq!(seconds(&all), times);
        assert_eq!((all[0].prompt, all[2].prompt), (PromptId(7), PromptId(7)));
        assert_ne!(all[1].prompt, PromptId(7));
        let tokens: Vec<_> = all.iter().map(|r| (r.input_decitokens, r.output_tokens)).collect();
        assert_eq!(tokens, [(500, Some(25)), (500, Some(1)), (500, Some(26))]);
    }
    for (trace, complaint) in [
        ("file: torn.oracleGeneral", "torn.oracleGeneral:3: the file ends within this record"),
        ("file: bad.csv", "bad.csv:3: size is `x`: expected bytes"),
        ("file: no.csv", "no.csv:1: no column `key`, `id`"),
        (
            "file: c.csv, id: idd",
            "c.csv:1: no column `idd` for the key among `time,id,size,next`; did you mean `id`?",
        ),
        (
            "file: c.csv, bytes_per_token: 0",
            "trace.libcachesim.bytes_per_token: expected at least 1",
        ),
    ] {
        let error = files.plan(&format!("trace: {{libcachesim: {{{trace}}}}}")).err().unwrap();
        assert!(error.contains(complaint), "{trace}: {error}");
    }
    let skipped = files.requests("trace: {libcachesim: {file: bad.csv}, on_bad_row: skip}");
    assert_eq!(seconds(&skipped), [0.0, 2.0]);
}

#[test]
fn what_comes_before_the_first_row_is_replayed_from_the_traces_own_zero() {
    let files = Files::new(&[("t.csv", b"timestamp,input_tokens,output_tokens\n2.5,1,1\n4,1,\n")]);
    let of = |more: &str| files.requests(&format!("trace: {{csv: {{file: t.csv}}{more}}}"));
    assert_eq!(seconds(&of("")), [0.0, 1.5]);
    assert_eq!(seconds(&of(", origin: zero")), [2.5, 4.0]);
    assert_eq!(seconds(&of(", origin: zero, from: 3s, until: 5s, loops: 2")), [1.0, 3.0]);
    assert_eq!(of("")[1].output_tokens, None, "an empty field is not known");
    let plan = files.plan("trace: {csv: {file: t.csv}, origin: zero, speed: 2}").unwrap();
    assert_eq!(plan.span(), Some(Duration(2_000_000_000)));
}

#[test]
fn lengths_come_from_a_column_of_a_file() {
    let files = Files::new(&[("l.csv", b"name,len\na,10\nb,20\nc,20\nd,40\n")]);
    let column = |name: &str| format!("{{column: {{file: l.csv, column: {name}}}}}");
    let workload = |input: &str| {
        format!("tokens: {{input: {input}, output: {input}, correlation: 1}}\nprompts: unique")
    };
    let plan = files.plan(&workload(&column("len"))).unwrap();
    let source = plan.source(&Streams::new(1, 0)).unwrap();
    let mut counts = [0u32; 5];
    for request in source.take(40_000) {
        let request = request.unwrap();
        let tokens = (request.input_decitokens / 10) as usize;
        assert_eq!(request.output_tokens, Some(tokens as u32), "longest with longest");
        counts[tokens / 10] += 1;
    }
    assert_eq!((counts[0], counts[3]), (0, 0));
    for (count, share) in [(counts[1], 0.25), (counts[2], 0.5), (counts[4], 0.25)] {
        let sd = (40_000.0f64 * share * (1.0 - share)).sqrt();
        assert!((f64::from(count) - 40_000.0 * share).abs() < 3.29 * sd, "{counts:?}");
    }
    let error = files.plan(&workload(&column("lenn"))).unwrap_err();
    assert!(error.starts_with("workload.tokens.input.column.column: "), "{error}");
    assert!(error.ends_with("did you mean `len`?"), "{error}");
}

fn measured() -> impl Strategy<Value = Measured> {
    let time = || proptest::option::of((0..u64::MAX / 4).prop_map(Duration));
    let model = proptest::option::of("[a-z0-9.,\"é]{1,4}".prop_map(Arc::from));
    let status = prop_oneof![Just(Status::Unknown), Just(Status::Ok), Just(Status::Failed)];
    let cost = proptest::option::of(0.0..1e6);
    let cached = proptest::option::of(0..1_000_000_000_u32);
    (model, status, [time(), time(), time()], cost, cached).prop_map(
        |(model, status, [ttft, tpot, e2e], cost, cached_tokens)| Measured {
            model,
            ttft,
            tpot,
            e2e,
            cost,
            cached_tokens,
            cache_hit: None,
            status,
        },
    )
}

proptest! {
    #[test]
    fn what_was_measured_is_written_and_read_to_the_last_digit(
        rows in proptest::collection::vec((measured(), any::<u32>(), "[a-z0-9.,\"\n]{0,4}"), 1..20),
        json in any::<bool>(),
    ) {
        let (folder, name) = (tempfile::tempdir().unwrap(), if json { "t.jsonl" } else { "t.csv" });
        let path = folder.path().join(name);
        let format = TraceFormat::of_file(&path).unwrap();
        let knows = Knows { prompts: true, users: true, measured: true, block_tokens: None };
        let mut writer = TraceWriter::create(&path, format, knows).unwrap();
        for (at, (measured, tokens, user)) in rows.iter().enumerate() {
            let failed = measured.status == Status::Failed;
            let row = WrittenRow {
                stamp: at as u64 * 1_000_000_007,
                input_tokens: tokens % 1_000_000_000,
                output_tokens: (!failed && tokens % 3 > 0).then_some(tokens % 1000),
                prompt: Some(PromptId(u64::from(*tokens))),
                user: Some(user.trim()).filter(|user| !user.is_empty()),
                blocks: &[],
                measured: Some(measured),
            };
            writer.write(&row).unwrap();
        }
        prop_assert_eq!(writer.finish().unwrap(), Vec::<String>::new());
        let begins = beginning(&path).unwrap();
        let kind = TraceSpec::detect(&begins).unwrap();
        let given = Given { file: path.clone(), ..Given::default() };
        let spec = TraceSpec::given(kind, &given, &begins).unwrap();
        let mut read = spec.open(&path, Streams::new(1, 0).stream("keep")).unwrap();
        for (measured, tokens, user) in &rows {
            let (_, row) = read.next_row().unwrap().expect("as many rows");
            prop_assert_eq!(read.measured(), Some(measured));
            prop_assert_eq!(row.input_tokens, tokens % 1_000_000_000);
            let failed = measured.status == Status::Failed;
            prop_assert_eq!(row.output_tokens, (!failed && tokens % 3 > 0).then_some(tokens % 1000));
            prop_assert_eq!(row.prompt, Some(PromptId(u64::from(*tokens))));
            let name = row.user.and_then(|user| read.user_name(user)).unwrap_or_default();
            prop_assert_eq!(name, user.trim());
        }
        prop_assert!(read.next_row().unwrap().is_none());
    }
}
