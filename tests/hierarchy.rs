//! The cache hierarchy end to end, against queueing and renewal theory.

use std::fmt::Write as _;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::kernel::Streams;
use windtunnel::report::csv::write_table;
use windtunnel::stats::{Cell, Table};
use windtunnel::system::{self, METRICS, RunTables};

#[path = "support/zipf.rs"]
mod zipf;

fn attempt(yaml: &str) -> Result<RunTables, String> {
    let document = Document::from_text("test.yaml", yaml).expect("YAML");
    let prepared = prepare(&document, &Overrides::default()).map_err(|found| {
        found.iter().fold(String::new(), |text, one| text + &one.to_string() + "\n")
    })?;
    let streams = Streams::new(prepared.resolved.experiment.seed, 0);
    system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), None)
        .map_err(|error| error.to_string())
}

fn simulate(yaml: &str) -> RunTables {
    attempt(yaml).unwrap_or_else(|found| panic!("{found}\n{yaml}"))
}

fn metric(run: &RunTables, name: &str) -> f64 {
    let index = METRICS.iter().position(|metric| metric.name == name).expect("a metric");
    run.metrics[index]
}

fn metrics<const N: usize>(run: &RunTables, names: [&str; N]) -> [f64; N] {
    names.map(|name| metric(run, name))
}

fn column(table: &Table, name: &str) -> Vec<f64> {
    let index = table.column(name).unwrap_or_else(|| panic!("no column {name}"));
    let value = |row: &Vec<Cell>| match row[index] {
        Cell::Int(value) => value as f64,
        Cell::Num(value) => value,
        _ => f64::NAN,
    };
    table.rows.iter().map(value).collect()
}

fn near(measured: f64, expected: f64, share: f64, what: &str) {
    println!("{what}: theory {expected:.5}, simulated {measured:.5}");
    assert!(
        (measured - expected).abs() <= share * expected.abs(),
        "{what}: {measured}, expected {expected} within {} %",
        share * 100.0
    );
}

/// Models that answer at once, so that what is asked for is there at once.
const INSTANT: &str = "models: { m: { price: { per_token: $0.000002 }, quality: 0.9, \
                       server: { tokens: { ttft: 0ms, tpot: 0ms } } } }\n";

/// So many Zipf(0.9) requests, a prompt of which is asked `RATE` times its share
/// a second.
fn zipf_requests(count: u32, requests: u32) -> String {
    format!(
        "requests: {requests}\nwarmup: 100s\nreplications: 1\n{INSTANT}\
         workload: {{ arrivals: {{ poisson: {{ rate: {RATE}/s }} }}, \
         prompts: {{ zipf: {{ count: {count}, exponent: 0.9 }} }} }}\n"
    )
}

const RATE: f64 = 100.0;

#[test]
fn exclusive_lru_levels_act_as_one_of_their_sum_and_inclusive_ones_as_the_largest() {
    let hits = |cache: &str| {
        let run = simulate(&format!("{}cache: {cache}\n", zipf_requests(2000, 50_000)));
        (metric(&run, "cache_hits"), run.levels)
    };
    let (exclusive, levels) =
        hits("{ mode: exclusive, levels: [{ capacity: 100 }, { capacity: 300 }] }");
    assert_eq!(exclusive, hits("{ levels: [{ capacity: 400 }] }").0);
    assert_eq!(column(&levels, "entries"), [100.0, 300.0]);
    assert!(column(&levels, "demotions")[0] > 10_000.0);
    // The first level hides uses from the second, so that the larger alone is a
    // little better.
    let (inclusive, _) = hits("{ levels: [{ capacity: 100 }, { capacity: 300 }] }");
    let largest = hits("{ levels: [{ capacity: 300 }] }").0;
    assert!(inclusive < exclusive && inclusive <= largest);
    near(inclusive, largest, 0.03, "hits of inclusive levels");
}

#[test]
fn writing_back_saves_writes_and_loses_hits_that_were_never_written() {
    let run = |write| {
        let cache = format!(
            "cache: {{ write: {write}, levels: [{{ capacity: 100 }}, {{ capacity: 400 }}] }}\n"
        );
        simulate(&format!("{}{cache}", zipf_requests(2000, 50_000)))
    };
    let (through, back) = (run("through"), run("back"));
    let writes = |run: &RunTables| {
        column(&run.levels, "insertions")[1] + column(&run.levels, "overwrites")[1]
    };
    assert!(writes(&back) < writes(&through));
    assert_eq!(column(&through.levels, "write_backs"), [0.0, 0.0]);
    assert_eq!(column(&back.levels, "write_backs"), [writes(&back), 0.0]);
    near(
        metric(&back, "cache_hits"),
        metric(&through, "cache_hits"),
        0.05,
        "what the first level holds, the second need not",
    );
}

#[test]
fn a_level_that_serves_one_at_a_time_waits_as_pollaczek_and_khinchine_say() {
    // Mean wait of M/G/1: rho s (1 + c^2) / (2 (1 - rho)), c^2 the squared
    // coefficient of variation of service.
    let rho: f64 = 0.7;
    for (latency, squared_cv) in [
        ("10ms", 0.0),
        ("{ exponential: { mean: 10ms } }", 1.0),
        ("{ uniform: { max: 20ms } }", 1.0 / 3.0),
    ] {
        let run = simulate(&format!(
            "requests: 200000\nwarmup: 60s\nreplications: 1\n{INSTANT}\
             workload: {{ arrivals: {{ poisson: {{ rate: 70/s }} }}, prompts: unique }}\n\
             cache: {{ levels: [{{ latency: {latency}, concurrency: 1 }}] }}\n"
        ));
        let wait = rho * 0.01 * (1.0 + squared_cv) / (2.0 * (1.0 - rho));
        near(column(&run.levels, "wait_mean_s")[0], wait, 0.05, latency);
        near(column(&run.levels, "utilization")[0], rho, 0.01, latency);
        near(column(&run.levels, "lookup_mean_s")[0], 0.01, 0.01, latency);
        near(metric(&run, "e2e_mean_s"), wait + 0.01, 0.04, latency);
    }
}

#[test]
fn an_answer_is_read_at_the_levels_bandwidth() {
    // 1000 tokens are 4000 bytes: 4 ms at 1 MB/s, 10 + 4 ms in all for a hit.
    let run = simulate(
        "replications: 1\npipeline: { max_tokens_cap: 1000 }\n\
         models: { m: { quality: 0.9, server: { tokens: { ttft: 0ms, tpot: 0ms } } } }\n\
         workload: { arrivals: { constant: { rate: 1/s } }, max_tokens: 1000, \
                     tokens: { output: { constant: 1000 } }, prompts: { zipf: { count: 1 } } }\n\
         cache: { levels: [{ latency: 10ms, bandwidth: 1MB/s }] }\nrequests: 101\n",
    );
    assert_eq!(metric(&run, "cache_hits"), 100.0);
    near(metric(&run, "e2e_p50_s"), 0.014, 0.001, "a hit");
    near(column(&run.levels, "lookup_mean_s")[0], 0.01 + 0.004 * 100.0 / 101.0, 1e-6, "a lookup");
}

/// Hit ratio over all prompts of one that is asked `x` times in a time to live.
fn over_prompts(count: usize, ttl: f64, hit: impl Fn(f64, f64) -> f64) -> f64 {
    zipf::Zipf::new(count, 0.9).probabilities().map(|p| p * hit(p * RATE, ttl)).sum()
}

#[test]
fn hit_ratios_of_times_to_live_are_those_of_renewal_theory() {
    // Poisson requests of rate l. Time to live T after the write: a cycle is a
    // miss and l T hits. After the last use: a hit where a gap is shorter than T.
    for ttl in [2.0, 20.0] {
        for expiry in ["lazy", "timer"] {
            let ratio = |kind: &str| {
                let cache = format!(
                    "cache: {{ expiry: {expiry}, {kind}: {ttl}s, levels: [{{ capacity: unbounded }}] }}\n"
                );
                metric(
                    &simulate(&format!("{}{cache}", zipf_requests(500, 200_000))),
                    "cache_hit_rate",
                )
            };
            let write = over_prompts(500, ttl, |l, t| l * t / (1.0 + l * t));
            near(ratio("ttl"), write, 0.01, "after the write");
            let access = over_prompts(500, ttl, |l, t| 1.0 - libm::exp(-l * t));
            near(ratio("idle_ttl"), access, 0.01, "after the last use");
        }
    }
}

#[test]
fn a_timer_holds_only_what_lives() {
    let entries = |expiry| {
        let cache = format!(
            "cache: {{ expiry: {expiry}, ttl: 2s, levels: [{{ capacity: unbounded }}] }}\n"
        );
        let run = simulate(&format!("{}{cache}", zipf_requests(500, 100_000)));
        (column(&run.levels, "entries")[0], metric(&run, "cache_hits"))
    };
    let (lazy, timer) = (entries("lazy"), entries("timer"));
    assert_eq!(lazy.1, timer.1, "without a capacity it makes no other difference");
    assert_eq!(lazy.0, 500.0);
    let living = over_prompts(500, 2.0, |l, t| t / (1.0 + l * t)) * RATE;
    assert!((timer.0 - living).abs() < 4.0 * living.sqrt(), "{} of {living}", timer.0);
}

#[test]
fn the_share_of_stale_hits_is_that_of_theory_and_a_purge_leaves_none() {
    // A key changes as a Poisson process of rate v = events x share. Of the hits
    // of a cycle, l (T - (1 - exp(-v T)) / v) come after the first change.
    let (ttl, v) = (20.0, 2.0 * 0.03);
    let run = |purge: bool| {
        let cache = format!(
            "cache: {{ ttl: {ttl}s, levels: [{{ capacity: unbounded }}], \
             invalidation: {{ rate: 2/s, share: 0.03, purge: {purge} }} }}\n"
        );
        simulate(&format!("{}{cache}", zipf_requests(200, 200_000)))
    };
    let stale = run(false);
    let share = metric(&stale, "stale_hits")
        / (metric(&stale, "cache_hits") + metric(&stale, "cache_misses"));
    let expected =
        over_prompts(200, ttl, |l, t| l * (t - (1.0 - libm::exp(-v * t)) / v) / (1.0 + l * t));
    near(share, expected, 0.03, "stale hits");
    assert_eq!(column(&stale.levels, "stale_hits")[0], metric(&stale, "stale_hits"));

    // A purged entry lives min(T, an exponential time): (1 - exp(-v T)) / v.
    let purged = run(true);
    assert_eq!(metric(&purged, "stale_hits"), 0.0);
    assert!(column(&purged.levels, "invalidations")[0] > 1000.0);
    let expected = over_prompts(200, ttl, |l, t| {
        let hits = l * (1.0 - libm::exp(-v * t)) / v;
        hits / (1.0 + hits)
    });
    near(metric(&purged, "cache_hit_rate"), expected, 0.01, "hits where entries are purged");
}

#[test]
fn the_same_keys_change_whatever_the_cache() {
    // With an event that changes all keys at every tenth second, and one request
    // a second, which second is stale does not depend on the capacity.
    let stale = |capacity| {
        let run = simulate(&format!(
            "requests: 1000\nreplications: 1\n{INSTANT}\
             workload: {{ arrivals: {{ constant: {{ rate: 1/s }} }}, prompts: {{ zipf: {{ count: 1 }} }} }}\n\
             cache: {{ ttl: 20s, invalidation: {{ every: 10s, share: 1 }}, levels: [{{ capacity: {capacity} }}] }}\n"
        ));
        metrics(&run, ["cache_hits", "stale_hits"])
    };
    // Misses at 0, 20, 40, ... s: 19 hits each, of which those from the tenth
    // second on are stale.
    assert_eq!(stale(1), stale(100));
    assert_eq!(stale(1), [950.0, 500.0]);
}

/// `count` requests of the same prompt at once, and the system that they meet.
fn burst(count: usize, rest: &str) -> RunTables {
    let mut yaml = String::from("replications: 1\nworkload:\n  requests:\n");
    for _ in 0..count {
        yaml += "    - { at: 1s, prompt: hot, user: ann }\n";
    }
    simulate(&(yaml + rest))
}

const SLOW: &str = "models: { m: { price: { per_token: $0.001 }, quality: 0.9, \
                    server: { tokens: { ttft: 1s, tpot: 0ms }, concurrency: 1 } } }\n";

#[test]
fn a_burst_of_equal_requests_is_one_model_call_in_single_flight() {
    let count = 200;
    let run = |single| {
        burst(
            count,
            &format!("{SLOW}cache: {{ single_flight: {single}, levels: [{{ latency: 5ms }}] }}\n"),
        )
    };
    let (alone, herd) = (run(true), run(false));
    assert_eq!(metrics(&alone, ["completed", "cache_misses", "coalesced"]), [200.0, 200.0, 199.0]);
    assert_eq!(metrics(&herd, ["completed", "cache_misses", "coalesced"]), [200.0, 200.0, 0.0]);
    assert_eq!(column(&alone.models, "requests"), [1.0]);
    assert_eq!(column(&herd.models, "requests"), [200.0]);
    near(metric(&alone, "e2e_max_s"), 1.005, 1e-3, "all get the first one's answer");
    near(metric(&herd, "e2e_max_s"), 200.005, 1e-3, "each waits for its own");
    let [cost, saved] = metrics(&alone, ["cost_usd", "coalesced_saved_usd"]);
    near(saved, 199.0 * cost, 1e-12, "the work that was not done twice");
    near(column(&alone.models, "inference_mean_s")[0], 1.0, 1e-9, "of the one request served");
}

#[test]
fn after_a_failure_the_next_one_asks_in_its_place() {
    // Ann cannot pay. Bob can, and cid gets bob's answer.
    let run = simulate(&format!(
        "replications: 1\n{SLOW}workload:\n  requests:\n\
         \x20   - {{ prompt: hot, user: ann }}\n    - {{ prompt: hot, user: bob }}\n\
         \x20   - {{ prompt: hot, user: cid }}\n\
         cost: {{ budgets: {{ ann: {{ daily: $0.0001 }}, default: {{ daily: $100 }} }} }}\n\
         cache: {{ single_flight: true, negative_ttl: 10s, levels: [{{}}] }}\n"
    ));
    let names = ["completed", "rejected", "budget_rejections", "coalesced", "negative_hits"];
    assert_eq!(metrics(&run, names), [2.0, 1.0, 1.0, 1.0, 0.0]);
    assert_eq!(column(&run.models, "requests"), [1.0]);
}

#[test]
fn an_error_is_answered_at_once_for_a_while_and_then_tried_again() {
    // The server is busy from 0 to 20 s and has no queue. B fails at 1 s, is not
    // tried at 5 s, fails again at 12 s, is not tried at 21 s, and succeeds at 23.
    let run = simulate(
        "replications: 1\nworkload:\n  requests:\n\
         \x20   - { at: 0s, prompt: A }\n    - { at: 1s, prompt: B }\n    - { at: 5s, prompt: B }\n\
         \x20   - { at: 12s, prompt: B }\n    - { at: 21s, prompt: B }\n    - { at: 23s, prompt: B }\n\
         models: { m: { quality: 0.9, server: { tokens: { ttft: 20s, tpot: 0ms }, concurrency: 1, queue_limit: 0 } } }\n\
         cache: { negative_ttl: 10s, levels: [{ latency: 1s }] }\n",
    );
    let names = ["completed", "rejected", "negative_hits", "cache_misses"];
    assert_eq!(metrics(&run, names), [2.0, 4.0, 2.0, 4.0]);
    assert_eq!(column(&run.models, "requests"), [4.0]);
}

#[test]
fn a_herd_that_fails_together_is_counted_once_as_tried() {
    // One is served, one waits, one is refused; the others are not tried.
    let run = burst(
        50,
        "models: { m: { quality: 0.9, server: { tokens: { ttft: 20s, tpot: 0ms }, concurrency: 1, queue_limit: 0 } } }\n\
         cache: { negative_ttl: 10s, levels: [{}] }\n",
    );
    let names = ["completed", "rejected", "negative_hits"];
    assert_eq!(metrics(&run, names), [1.0, 49.0, 48.0]);
}

#[test]
fn classes_have_times_to_live_of_their_own() {
    let run = simulate(
        "replications: 1\nworkload:\n  users: { list: [{ name: ann, class: vip }, { name: bob }] }\n  requests:\n\
         \x20   - { at: 0s, prompt: A, user: ann }\n    - { at: 0s, prompt: B, user: bob }\n\
         \x20   - { at: 15s, prompt: A, user: bob }\n    - { at: 15s, prompt: B, user: ann }\n\
         \x20   - { at: 35s, prompt: A, user: ann }\n\
         cache: { ttl: 10s, ttl_by_class: { vip: 30s }, levels: [{}] }\n",
    );
    assert_eq!(metrics(&run, ["cache_hits", "cache_misses"]), [1.0, 4.0]);
}

#[test]
fn latencies_of_levels_have_the_mean_that_the_file_says() {
    let run = simulate(&format!(
        "{}cache: {{ levels: [{{ capacity: 10 }}, {{ capacity: 50, latency: {{ lognormal: {{ mean: 10ms, p99: 40ms }} }} }}] }}\n",
        zipf_requests(500, 100_000)
    ));
    near(column(&run.levels, "lookup_mean_s")[1], 0.01, 0.02, "lognormal");
}

#[test]
fn one_runs_end_is_anothers_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache.csv");
    let workload = zipf_requests(300, 5000).replace("warmup: 100s\n", "");
    let cache = "levels: [{ name: a, capacity: 50 }, { name: b, capacity: 200, policy: fifo }]";
    let first = simulate(&format!("{workload}cache: {{ {cache} }}\nrecord: {{ cache: true }}\n"));
    assert_eq!(first.cache.rows.len(), 250);
    write_table(&file, &first.cache).unwrap();
    let warm = |more: &str| {
        format!(
            "{workload}cache: {{ warm_start: {}, {cache} }}\nrecord: {{ cache: true }}\n{more}",
            file.display()
        )
    };
    // Nothing happens but one hit: the contents are what they were, only older.
    let mut still = warm("").replace("requests: 5000", "requests: 1");
    still = still.replace("zipf: { count: 300", "zipf: { count: 1");
    let second = simulate(&still);
    assert_eq!(metric(&second, "cache_hits"), 1.0);
    let rows = |run: &RunTables| {
        let text = |row: &Vec<Cell>| {
            row[..9].iter().fold(String::new(), |text, cell| text + &cell.to_string() + ",")
        };
        let mut rows: Vec<String> = run.cache.rows.iter().map(text).collect();
        rows.sort();
        rows
    };
    assert_eq!(rows(&first), rows(&second));
    // The same requests again, into levels that have room for all: what is there
    // from the start is never a miss.
    let roomy = |yaml: String| {
        yaml.replace("capacity: 50", "capacity: 300").replace("capacity: 200", "capacity: 300")
    };
    let cold = simulate(&roomy(format!("{workload}cache: {{ {cache} }}\n")));
    let warm = simulate(&roomy(warm("")));
    let distinct = metric(&cold, "cache_misses");
    let held: std::collections::BTreeSet<String> =
        first.cache.rows.iter().map(|row| row[1].to_string()).collect();
    assert_eq!(metric(&warm, "cache_misses"), distinct - held.len() as f64);
}

#[test]
fn a_file_written_by_hand_warms_a_cache_and_its_mistakes_have_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("warm.csv");
    let with = |rows: &str| {
        std::fs::write(&file, rows).unwrap();
        attempt(&format!(
            "replications: 1\nworkload: {{ requests: [{{ prompt: \"Hi, you\" }}, {{ at: 90s, prompt: Bye }}] }}\n\
             record: {{ cache: true }}\n\
             cache: {{ ttl: 100s, warm_start: {}, levels: [{{ name: ram }}] }}\n",
            file.display()
        ))
    };
    let run = with("prompt,age_s\n\"Hi, you\",20\nBye,20\nnever asked,20\n").unwrap();
    assert_eq!(metrics(&run, ["cache_hits", "cache_misses"]), [1.0, 1.0], "one is too old by then");
    let prompts: Vec<String> = run.cache.rows.iter().map(|row| row[1].to_string()).collect();
    assert_eq!(prompts, ["Bye"]);
    let run = with("prompt,age_s\nnever asked,0\n").unwrap();
    assert_eq!(run.cache.rows[0][1].to_string(), "never asked");

    for (rows, complaint) in [
        ("prompt,size\nHi,3\n", "warm.csv:1: unknown column `size`"),
        ("level\nram\n", "warm.csv:1: there is no column `prompt`"),
        ("prompt,level\nHi,ram\nHi,disk\n", "warm.csv:3: unknown level `disk`"),
        ("prompt,age_s\nHi,old\n", "warm.csv:2: age_s: `old`"),
        ("prompt,quality\nHi,1.5\n", "warm.csv:2: quality: `1.5`"),
        ("prompt,cost_usd\nHi,much\n", "warm.csv:2: cost_usd: `much`"),
        ("prompt,temperature\nHi,0.7\nHi,0.2\n", "warm.csv:3: no request is made with"),
        ("prompt,model\nHi,gpt\n", "warm.csv:2: unknown model `gpt`"),
        ("level,prompt\nram,\n", "warm.csv:2: the row has no prompt"),
        ("level,prompt\nram\n", "warm.csv"),
    ] {
        let error = with(rows).unwrap_err();
        assert!(error.contains(complaint), "{error}\nlacks {complaint}");
        assert!(error.contains("warm_start"), "{error}");
    }
    std::fs::remove_file(&file).unwrap();
    let missing = attempt("cache: { warm_start: no-such.csv, levels: [{}] }\n").unwrap_err();
    assert!(missing.contains("`no-such.csv` was not found"), "{missing}");
}

#[test]
fn what_is_kept_apart_at_the_end_is_kept_apart_at_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache.csv");
    let run = |cache: &str, users: &str| {
        let asked = |(at, user): (usize, &str)| {
            format!("    - {{ at: {at}s, prompt: hello, user: {user} }}\n")
        };
        let asked: String = users.split(' ').enumerate().map(asked).collect();
        attempt(&format!(
            "replications: 1\nworkload:\n  users: {{ list: [{{ name: ann }}, {{ name: bob }}] }}\n  requests:\n{asked}\
             record: {{ cache: true }}\ncache: {{ {cache}, levels: [{{}}] }}\n"
        ))
    };
    let first = run("scope: user", "bob").unwrap();
    let scope = first.cache.column("scope").expect("answers are kept apart");
    assert_eq!(first.cache.rows[0][scope].to_string(), "bob");
    write_table(&file, &first.cache).unwrap();
    let warm = format!("warm_start: {}", file.display());
    let again = run(&format!("scope: user, {warm}"), "ann bob ann").unwrap();
    assert_eq!(metrics(&again, ["cache_misses", "cache_hits"]), [1.0, 2.0]);
    let error = run(&warm, "bob").unwrap_err();
    assert!(error.contains("cache.csv:2: scope: this cache tells nobody apart"), "{error}");
    std::fs::write(&file, "prompt,scope\nhello,bop\n").unwrap();
    let error = run(&format!("scope: user, {warm}"), "bob").unwrap_err();
    assert!(
        error.contains("cache.csv:2: scope: there is no scope `bop`; did you mean `bob`?"),
        "{error}"
    );
    std::fs::write(&file, "prompt,scope\nnever asked,bob\n").unwrap();
    let stranger = run(&format!("scope: user, {warm}"), "bob").unwrap();
    assert_eq!(stranger.cache.rows.len(), 2);
}

#[derive(Debug, Clone)]
struct Case {
    seed: u32,
    mode: &'static str,
    write: &'static str,
    expiry: &'static str,
    capacities: (u32, u32),
    concurrency: u32,
    queue: u32,
    single_flight: bool,
    purge: bool,
    probability: f64,
    warmup: u32,
}

prop_compose! {
    fn case()(
        seed in any::<u32>(),
        (mode, write) in prop::sample::select(vec![
            ("inclusive", "through"), ("inclusive", "back"), ("exclusive", "through"),
        ]),
        expiry in prop::sample::select(vec!["lazy", "timer"]),
        capacities in (1u32..60, 1u32..200),
        (concurrency, queue) in (1u32..4, 0u32..6),
        single_flight in any::<bool>(),
        purge in any::<bool>(),
        probability in prop::sample::select(vec![0.0, 0.4, 1.0]),
        warmup in 0u32..40,
    ) -> Case {
        Case {
            seed, mode, write, expiry, capacities, concurrency, queue, single_flight, purge,
            probability, warmup,
        }
    }
}

fn yaml(case: &Case) -> String {
    let Case { seed, mode, write, expiry, capacities, concurrency, queue, .. } = case;
    let Case { single_flight, purge, probability, warmup, .. } = case;
    let mut text = String::new();
    write!(
        text,
        "seed: {seed}\nduration: 1m\nwarmup: {warmup}s\nreplications: 1\n\
         workload: {{ arrivals: {{ poisson: {{ rate: 40/s }} }}, \
           prompts: {{ zipf: {{ count: 300, exponent: 0.9 }} }}, \
           users: {{ zipf: {{ count: 5, exponent: 1.0, classes: {{ vip: 0.4 }} }} }} }}\n\
         cache:\n  {{ mode: {mode}, write: {write}, expiry: {expiry}, ttl: 10s, ttl_by_class: {{ vip: 5s }}, \
           single_flight: {single_flight}, negative_ttl: 2s, \
           invalidation: {{ rate: 1/s, share: 0.1, purge: {purge} }}, levels: [\
           {{ capacity: {}, latency: {{ exponential: {{ mean: 2ms }} }} }}, \
           {{ capacity: {}, latency: 10ms, concurrency: {concurrency}, bandwidth: 100kB/s, idle_ttl: 8s, \
              promote: {{ probability: {probability}, to: next }} }}] }}\n\
         models:\n  a: {{ price: {{ per_token: $0.00003 }}, quality: 0.95, server: {{ seed: {{ speed: 1.0 }}, concurrency: {concurrency}, queue_limit: {queue} }} }}\n\
         cost: {{ budgets: {{ default: {{ daily: $3 }} }} }}\n",
        capacities.0, capacities.1,
    )
    .expect("text");
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn requests_and_entries_are_conserved_whatever_is_switched_on(case in case()) {
        let run = simulate(&yaml(&case));
        let get = |name| metric(&run, name);
        prop_assert_eq!(get("requests"), get("completed") + get("rejected"));
        let not_asked = get("requests") - get("cache_hits") - get("cache_misses");
        // Who waited for a flight that failed had asked.
        prop_assert!(0.0 <= not_asked && not_asked <= get("negative_hits"));
        prop_assert!(case.single_flight || not_asked == get("negative_hits"));
        prop_assert!(get("coalesced") <= get("cache_misses"));
        prop_assert!(case.single_flight || get("coalesced") == 0.0);
        prop_assert!(get("stale_hits") <= get("cache_hits"));
        prop_assert!(!case.purge || get("stale_hits") == 0.0);
        let served = column(&run.models, "completed")[0]
            - column(&run.models, "cache_hits")[0] - get("coalesced");
        prop_assert!(served <= column(&run.models, "requests")[0]);
        let entries = column(&run.levels, "entries");
        prop_assert!(entries[0] <= f64::from(case.capacities.0));
        prop_assert!(entries[1] <= f64::from(case.capacities.1));
        prop_assert!((0.0..=1.0).contains(&column(&run.levels, "utilization")[1]));
        if case.warmup == 0 {
            let of = |name| column(&run.levels, name);
            for (level, entries) in entries.into_iter().enumerate() {
                prop_assert_eq!(of("lookups")[level], of("hits")[level] + of("misses")[level]);
                let gone = of("evictions")[level] + of("expirations")[level]
                    + of("invalidations")[level] + of("moved")[level];
                prop_assert_eq!(of("insertions")[level], gone + entries);
            }
        }
    }
}
