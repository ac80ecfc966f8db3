//! `windtunnel cache` as a user runs it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Bench, assert_same, data, rows, stderr, stdout};

/// Accesses: time, key and size. Popular ones are small numbers; each object
/// keeps its size.
fn accesses(count: u64) -> Vec<(u64, u64, u64)> {
    let mut state = 7_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 33
    };
    (0..count)
        .map(|time| {
            let key = draw() % (1 + draw() % 500);
            (time / 3, 1_000_000 + key * key, 100 + key % 7 * 50)
        })
        .collect()
}

fn csv(accesses: &[(u64, u64, u64)]) -> String {
    let rows = accesses.iter().map(|(time, key, size)| format!("{time},{key},{size}\n"));
    format!("time,key,size\n{}", rows.collect::<String>())
}

fn jsonl(accesses: &[(u64, u64, u64)]) -> String {
    let row = |(time, key, size): &(u64, u64, u64)| {
        format!("{{\"size\": {size}, \"op\": [\"get\"], \"key\": {key}, \"time\": {time}}}\n")
    };
    accesses.iter().map(row).collect()
}

/// As libCacheSim writes it; the next access is not used.
fn oracle_general(accesses: &[(u64, u64, u64)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (time, key, size) in accesses {
        bytes.extend((*time as u32).to_le_bytes());
        bytes.extend(key.to_le_bytes());
        bytes.extend((*size as u32).to_le_bytes());
        bytes.extend((-1_i64).to_le_bytes());
    }
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("memory");
    packed.finish().expect("memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn bench(files: &[(&str, &[u8])]) -> Bench {
    let bench = Bench::new("");
    for (name, bytes) in files {
        fs::write(bench.path().join(name), bytes).expect("a file");
    }
    bench
}

/// Replays a trace of the bench; it must succeed. Returns its results folder.
fn replay(bench: &Bench, arguments: &[&str]) -> PathBuf {
    let output = bench.windtunnel(&[&["cache"], arguments].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = bench.path().join(stdout(&output).lines().last().expect("the results' path"));
    assert!(folder.join("manifest.yaml").exists(), "{} is a results folder", folder.display());
    folder
}

/// The errors of a replay that must be refused, leaving nothing behind.
fn refused(bench: &Bench, arguments: &[&str]) -> String {
    let output = bench.windtunnel(&[&["cache"], arguments].concat());
    let errors = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{errors}\n{}", stdout(&output));
    assert!(!bench.path().join("results").exists(), "nothing is written");
    errors
}

/// Object miss ratios by policy and capacity.
fn miss_ratios(folder: &Path) -> BTreeMap<(String, String), f64> {
    rows(&folder.join("miss_ratios.csv"))
        .into_iter()
        .map(|row| {
            let ratio = row["object_miss_ratio"].parse().expect("a number");
            ((row["policy"].clone(), row["capacity"].clone()), ratio)
        })
        .collect()
}

#[test]
fn every_format_of_a_trace_gives_the_same_tables() {
    let accesses = accesses(4000);
    let (csv, jsonl) = (csv(&accesses), jsonl(&accesses));
    let headerless = csv.replace("time,key,size\n", "").replace('\n', ",x\n");
    let renamed = csv.replace("time,key,size", "when, what ,\"how much\"");
    let oracle = oracle_general(&accesses);
    let bench = bench(&[
        ("a.csv", csv.as_bytes()),
        ("b.csv.gz", &gzip(csv.as_bytes())),
        ("c.jsonl", jsonl.as_bytes()),
        ("d.jsonl.zst", &zstd(jsonl.as_bytes())),
        ("e.oracleGeneral", &oracle),
        ("f.oracleGeneral.bin.zst", &zstd(&oracle)),
        ("g.csv", headerless.as_bytes()),
        ("h.csv", renamed.as_bytes()),
        ("i", &gzip(&oracle)),
        ("j", csv.replace('\n', "\r\n").as_bytes()),
    ]);
    let tables = |arguments: &[&str]| {
        let common = ["--format", "csv", "--curve", "exact,shards:0.3", "--policies", "all"];
        let folder = replay(&bench, &[arguments, &common].concat());
        ["miss_ratios.csv", "curves.csv", "samples.csv"]
            .map(|name| fs::read_to_string(folder.join(name)).expect("a table"))
    };
    let first = tables(&["a.csv"]);
    assert!(first[0].lines().count() > 6 * 14, "{}", first[0]);
    for others in [
        &["b.csv.gz"][..],
        &["c.jsonl"],
        &["d.jsonl.zst"],
        &["e.oracleGeneral"],
        &["f.oracleGeneral.bin.zst"],
        &["g.csv", "--columns", "time=1,key=2,size=3"],
        &["h.csv", "--columns", "time=when,key=what,size=how much"],
        &["i", "--input-format", "oracle_general"],
        &["j"],
    ] {
        assert!(tables(others) == first, "{others:?}");
    }
}

#[test]
fn text_keys_are_as_good_as_numbers() {
    let accesses = accesses(2000);
    let row = |(time, key, _): &(u64, u64, u64)| format!("{time},user/{key}\n");
    let named = format!("time,key\n{}", accesses.iter().map(row).collect::<String>());
    let bench = bench(&[("a.csv", csv(&accesses).as_bytes()), ("b.csv", named.as_bytes())]);
    let [numbers, texts] =
        ["a.csv", "b.csv"].map(|trace| replay(&bench, &[trace, "--ignore-sizes"]));
    assert!(miss_ratios(&numbers) == miss_ratios(&texts));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let bench = bench(&[("t.csv", csv(&accesses(3000)).as_bytes())]);
    let common = ["t.csv", "--policies", "all", "--curve", "exact,shards:0.2", "--warmup", "10%"];
    let [one, two] = ["1", "2"].map(|jobs| {
        replay(&bench, &[&common[..], &["--jobs", jobs, "--out", jobs, "--quiet"]].concat())
    });
    assert_same(&one, &two);
    let other = replay(&bench, &[&common[..], &["--seed", "7", "--out", "other"]].concat());
    let (seven, sample) = (rows(&other.join("samples.csv")), rows(&one.join("samples.csv")));
    assert_ne!(seven, sample, "the seed chooses the sample");
}

#[test]
fn the_exact_curve_runs_through_lru_and_nothing_beats_belady() {
    let bench = bench(&[("t.csv", csv(&accesses(3000)).as_bytes())]);
    let folder = replay(
        &bench,
        &["t.csv", "--policies", "all", "--capacities", "7,50,200", "--warmup", "0.2"],
    );
    let found = miss_ratios(&folder);
    for capacity in ["7", "50", "200"] {
        let of = |policy: &str| found[&(policy.to_owned(), capacity.to_owned())];
        let curve = rows(&folder.join("curves.csv"));
        let at = curve.iter().find(|row| row["capacity"] == capacity).expect("on the grid");
        assert_eq!(at["object_miss_ratio"].parse::<f64>().expect("a number"), of("lru"));
        for ((policy, at), ratio) in &found {
            assert!(at != capacity || *ratio >= of("belady"), "{policy} at {capacity}: {ratio}");
        }
    }
    let manifest = fs::read_to_string(folder.join("manifest.yaml")).expect("a manifest");
    assert!(manifest.contains("warmup_accesses: 600"), "{manifest}");
    let requests = rows(&folder.join("miss_ratios.csv"));
    assert!(requests.iter().all(|row| row["requests"] == "2400"));
}

#[test]
fn capacities_are_shares_entries_or_bytes_and_each_unit_has_its_charts() {
    let bench = bench(&[("t.csv", csv(&accesses(1500)).as_bytes())]);
    let folder = replay(
        &bench,
        &["t.csv", "--policies", "lru,lfu", "--capacities", "10%,20,4KiB,20,unbounded"],
    );
    let found: Vec<(String, String)> = rows(&folder.join("miss_ratios.csv"))
        .into_iter()
        .filter(|row| row["policy"] == "lru")
        .map(|row| (row["capacity"].clone(), row["unit"].clone()))
        .collect();
    let units: Vec<&str> = found.iter().map(|(_, unit)| unit.as_str()).collect();
    assert_eq!(units, ["objects", "bytes", "bytes", "bytes"], "{found:?}");
    for chart in ["object-miss-ratio-by-objects", "byte-miss-ratio-by-bytes"] {
        for extension in ["svg", "png"] {
            assert!(folder.join(format!("charts/{chart}.{extension}")).exists(), "{chart}");
        }
    }
    let before = crate::support::bytes(&folder);
    fs::remove_dir_all(folder.join("charts")).expect("removed");
    let output = bench.windtunnel(&["plot", "results/t-cache"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(before == crate::support::bytes(&folder), "plot draws the same charts");
}

#[test]
fn the_summary_names_the_trace_and_what_was_left_out() {
    let text = "time,key\n1,a\n3,b\n2,a\n4,\n5,a,b\n6,b\n";
    let bench = bench(&[("t.csv", text.as_bytes())]);
    let errors = refused(&bench, &["t.csv"]);
    assert!(errors.contains("t.csv:5: the key is empty"), "{errors}");
    assert!(errors.contains("--on-bad-row skip"), "{errors}");
    let output = bench.windtunnel(&[
        "cache",
        "t.csv",
        "--on-bad-row",
        "skip",
        "--policies",
        "lru",
        "--capacities",
        "1,2",
    ]);
    let summary = stderr(&output);
    for expected in [
        "2 bad rows were left out, the first: t.csv:5: the key is empty",
        "1 accesses have a time before",
        "t.csv: 4 accesses to 2 objects",
        "object miss ratio",
        "100.00 %",
        "50.00 %",
    ] {
        assert!(summary.contains(expected), "lacks {expected}:\n{summary}");
    }
    assert_eq!(stdout(&output), "results/t-cache\n");
    let quiet = bench.windtunnel(&[
        "cache", "t.csv", "--limit", "2", "--quiet", "--name", "two", "--out", "there",
    ]);
    assert_eq!((stdout(&quiet).as_str(), stderr(&quiet).as_str()), ("there/two\n", ""));
    let manifest = fs::read_to_string(bench.path().join("there/two/manifest.yaml"));
    assert!(manifest.expect("a manifest").contains("accesses: 2"));
}

#[test]
fn what_is_wrong_with_a_trace_is_said_with_its_place() {
    let oracle = oracle_general(&accesses(5));
    let bench = bench(&[
        ("empty.csv", b""),
        ("header.csv", b"time,key\n"),
        ("other.csv", b"time,keyy\n1,2\n"),
        ("short.csv", b"time,key\n1,2\n1\n"),
        ("size.csv", b"key,size\n1,2\n1,-2\n"),
        ("torn.oracleGeneral", &oracle[..100]),
        ("bad.jsonl", b"{\"key\": 1}\n{\"key\": [1]}\n"),
        ("none.jsonl", b"{\"id\": 1}\n{\"name\": 1}\n"),
        ("torn.csv.gz", &gzip(b"time,key\n1,2\n1,3\n")[..20]),
        ("binary", &oracle),
    ]);
    for (arguments, expected) in [
        (&["empty.csv"][..], "empty.csv: the file has no rows"),
        (&["header.csv"], "header.csv: the file has no rows"),
        (&["other.csv"], "other.csv:1: no column `key`"),
        (&["other.csv"], "did you mean `keyy`?"),
        (&["short.csv"], "short.csv:3: expected 2 fields, found 1"),
        (&["size.csv"], "size.csv:3: the size is `-2`: expected a whole number"),
        (&["torn.oracleGeneral"], "torn.oracleGeneral:5: the file ends within this record"),
        (&["bad.jsonl"], "bad.jsonl:2: the key is `[1]`: expected a whole number or a text"),
        (&["none.jsonl"], "none.jsonl:2: no field `key`"),
        (&["torn.csv.gz"], "torn.csv.gz: "),
        (&["binary"], "--input-format"),
        (&["absent.csv"], "the trace `absent.csv` was not found"),
        (&["short.csv", "--columns", "key=9"], "in column 9, but there are 2"),
    ] {
        let errors = refused(&bench, arguments);
        assert!(errors.contains(expected), "{arguments:?} lacks {expected}:\n{errors}");
    }
    // What is left of a torn file can be had.
    let folder = replay(&bench, &["torn.oracleGeneral", "--on-bad-row", "skip", "--limit", "9"]);
    let manifest = fs::read_to_string(folder.join("manifest.yaml")).expect("a manifest");
    assert!(manifest.contains("accesses: 4") && manifest.contains("skipped_rows: 1"), "{manifest}");
}

/// Reads of `a` at 0, 4, 5, 9 and 10, and one of `b` at 2.
const READS: &str = "t,key,op\n0,a,get\n2,b,get\n4,a,get\n5,a,get\n9,a,get\n10,a,get\n";

#[test]
fn times_to_live_units_and_signs_between_columns_are_those_that_are_said() {
    let semicolons = READS.replace(',', ";");
    let tabs = READS.replace(',', "\t");
    let date = |(second, key): (&u32, char)| format!("2026-01-31T12:00:{second:02}Z,{key}\n");
    let dates: Vec<String> = [0, 2, 4, 5, 9, 10].iter().zip("abaaaa".chars()).map(date).collect();
    let dates = dates.concat();
    let dates = format!("t,key\n{dates}");
    let bench = bench(&[
        ("t.csv", READS.as_bytes()),
        ("s.csv", semicolons.as_bytes()),
        ("tabs.csv", tabs.as_bytes()),
        ("d.csv", dates.as_bytes()),
    ]);
    let common = ["--columns", "time=t", "--policies", "lru,fifo", "--capacities", "2"];
    let misses = |arguments: &[&str]| {
        let folder = replay(&bench, &[&common[..], arguments].concat());
        let found = miss_ratios(&folder);
        let of = |policy: &str| found[&(policy.to_owned(), "2".to_owned())] * 6.0;
        assert_eq!(of("lru").to_bits(), of("fifo").to_bits(), "both fit: {arguments:?}");
        of("lru").round() as u32
    };
    for (arguments, expected) in [
        // The first of each.
        (&["t.csv"][..], 2),
        // Stored at 0; a hit at 4; at 5 it is 5 s old and stored anew; a hit at 9; gone at 10.
        (&["t.csv", "--ttl", "5s"], 4),
        (&["t.csv", "--ttl", "5s", "--unit", "s"], 4),
        // At 4 it is younger than 4.000000001 s; at 5 it is not; then a hit at 9 and a miss at 10.
        (&["t.csv", "--ttl", "4000000001ns"], 4),
        // Gone at 4, there at 5, gone at 9, there at 10.
        (&["t.csv", "--ttl", "4s"], 4),
        // Never old, as the times are milliseconds.
        (&["t.csv", "--ttl", "5s", "--unit", "ms"], 2),
        (&["t.csv", "--ttl", "5ms", "--unit", "ms"], 4),
        (&["t.csv", "--ttl", "1us", "--unit", "ns"], 2),
        // Old but for the second of two reads within a second; then always.
        (&["t.csv", "--ttl", "1500ms"], 4),
        (&["t.csv", "--ttl", "1s"], 6),
        (&["s.csv", "--delimiter", ";", "--ttl", "5s"], 4),
        (&["tabs.csv", "--delimiter", "\\t", "--ttl", "5s"], 4),
        (&["d.csv", "--ttl", "5s"], 4),
    ] {
        assert_eq!(misses(arguments), expected, "{arguments:?}");
    }
    let folder = bench.windtunnel(&[&["cache", "t.csv", "--ttl", "5s"], &common[..]].concat());
    let said = stderr(&folder);
    assert!(said.contains("with --ttl there is no `belady` and no curve"), "{said}");
    assert!(said.contains("`op` is not used (what is done: each row counts as a read"), "{said}");
}

#[test]
fn what_times_to_live_and_signs_cannot_be_is_said() {
    let bench = bench(&[
        ("t.csv", READS.as_bytes()),
        ("s.csv", READS.replace(',', ";").as_bytes()),
        ("keys.csv", b"key\na\nb\n"),
        ("sizes.csv", b"key,size\na,1.5\n"),
    ]);
    for (arguments, expected) in [
        (&["keys.csv", "--ttl", "5s"][..], "--ttl: `keys.csv` has no times"),
        (&["t.csv", "--ttl", "5"], "`5` has no unit"),
        (&["t.csv", "--ttl", "5s", "--policies", "belady"], "--policies: none is left"),
        (&["s.csv"], "if `;` stands between the columns"),
        (&["s.csv", "--delimiter", ";;"], "`;;` is no sign between columns"),
        (&["t.csv", "--unit", "minutes"], "possible values: s, ms, us, ns"),
        (&["sizes.csv"], "sizes.csv:2: the size is `1.5`: expected a whole number of bytes"),
    ] {
        let arguments = [arguments, &["--columns", "time=t"]].concat();
        let arguments = if arguments[0].starts_with('t') || arguments[0].starts_with("s.") {
            arguments
        } else {
            arguments[..arguments.len() - 2].to_vec()
        };
        let errors = refused(&bench, &arguments);
        assert!(errors.contains(expected), "{arguments:?} lacks {expected}:\n{errors}");
    }
}

#[test]
fn what_is_wrong_with_the_options_is_said() {
    let bench = bench(&[("t.csv", csv(&accesses(50)).as_bytes())]);
    for (arguments, expected) in [
        (&["--policies", "lruu,sieve"][..], "did you mean `lru`?"),
        (&["--policies", "magic"], "expected `all` or one of: lru, fifo"),
        (&["--capacities", "0"], "a cache must hold something"),
        (&["--capacities", "0%"], "more than 0%"),
        (&["--capacities", "ten"], "10%, entries such as 1000"),
        (&["--curve", "shards:2"], "out of range"),
        (&["--curve", "round"], "expected exact, shards:RATE or none"),
        (&["--warmup", "100%"], "less than 100%"),
        (&["--columns", "kee=a"], "did you mean `key`?"),
        (&["--name", "../x"], "expected letters, digits"),
        (&["--limit", "0"], "0 is not in 1.."),
        (&["--jobs", "0"], "number would be zero"),
        (&["--input-format", "xml"], "possible values: csv, jsonl, mooncake, oracle_general"),
    ] {
        let errors = refused(&bench, &[&["t.csv"], arguments].concat());
        assert!(errors.contains(expected), "{arguments:?} lacks {expected}:\n{errors}");
    }
    let help = stdout(&bench.windtunnel(&["cache", "--help"]));
    assert!(
        help.contains("Examples:") && help.contains("--capacities 1%,10%,1000,64MiB"),
        "{help}"
    );
    assert!(stdout(&bench.windtunnel(&["--help"])).contains("windtunnel cache"), "an example");
}

#[test]
fn a_folder_that_is_not_ours_is_left_alone() {
    let bench = bench(&[("t.csv", csv(&accesses(50)).as_bytes())]);
    let folder = bench.path().join("results/t-cache");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("thesis.txt"), "precious").expect("a file");
    let output = bench.windtunnel(&["cache", "t.csv"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.join("thesis.txt")).expect("still there"), "precious");
}

#[test]
fn mooncakes_blocks_have_their_known_lru_hit_ratios() {
    let Some(data) = data() else { return };
    for (trace, known, hit_ratios) in [
        (
            "conversation_trace.jsonl.gz",
            Some(["accesses: 288500", "objects: 182790"]),
            [0.0445, 0.2112, 0.3257, 0.3546, 0.3637, 0.3664],
        ),
        ("synthetic_trace.jsonl.gz", None, [0.0825, 0.4235, 0.6242, 0.6396, 0.6396, 0.6396]),
    ] {
        let path = data.join("mooncake").join(trace);
        let path = path.to_str().expect("a name in UTF-8");
        let bench = Bench::new("");
        let folder = replay(
            &bench,
            &[path, "--policies", "lru", "--capacities", "1000,10000,30000,50000,100000,unbounded"],
        );
        let manifest = fs::read_to_string(folder.join("manifest.yaml")).expect("a manifest");
        for line in known.into_iter().flatten() {
            assert!(manifest.contains(line), "lacks {line}: {manifest}");
        }
        let found = rows(&folder.join("miss_ratios.csv"));
        assert_eq!(found.len(), hit_ratios.len());
        for (row, expected) in found.iter().zip(hit_ratios) {
            let hits = 1.0 - row["object_miss_ratio"].parse::<f64>().expect("a number");
            assert!(format!("{hits:.4}") == format!("{expected:.4}"), "{row:?}: {hits}");
        }
    }
}
