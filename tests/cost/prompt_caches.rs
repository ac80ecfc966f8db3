//! Prompt caches of providers in whole runs: hit shares in closed form, ledgers and break-evens
//! by hand, and what happens where they meet retries, hedges, workflows and budgets.

use std::io::Write;

use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::stats::Cell;
use windtunnel::system::RunTables;

use crate::runs::{metric, simulate};

/// Claude Sonnet's prices: $3 and $15 a million, 0.1, 1.25 and 2 times the input's.
const SONNET: &str = "{ input: 3e-6, output: 15e-6, cached_input: 0.3e-6, cache_write: 3.75e-6, \
                      cache_write_1h: 6e-6 }";

fn near(run: &RunTables, name: &str, expected: f64) {
    let value = metric(run, name);
    assert!(
        (value - expected).abs() <= 1e-9 + 1e-9 * expected.abs(),
        "{name}: {value}, not {expected}"
    );
}

/// What `check` says of a file.
fn problems(yaml: &str) -> String {
    let document = Document::from_text("test.yaml", yaml).expect("YAML");
    match prepare(&document, &Overrides::default()) {
        Ok(prepared) => prepared.warnings.iter().map(ToString::to_string).collect(),
        Err(found) => found.iter().map(ToString::to_string).collect(),
    }
}

/// One prompt of 2048 tokens, asked by a process, of a model that takes no time.
fn reuse(arrivals: &str, requests: u32, prompt_cache: &str) -> RunTables {
    simulate(&format!(
        "requests: {requests}
workload:
  arrivals: {arrivals}
  prompts: {{ uniform: {{ count: 1 }} }}
  tokens: {{ input: {{ constant: 2048 }}, output: {{ constant: 1 }} }}
models:
  m:
    price: {SONNET}
    server: {{ tokens: {{ ttft: 0ms, tpot: 0ms }} }}
    prompt_cache: {{ visible: request_start, {prompt_cache} }}
"
    ))
}

/// A request hits if the last one came less than the lifetime T ago, for whatever that one did,
/// it began the lifetime anew. At a rate r times between requests are exponential, so that this
/// has the chance 1 - exp(-r T).
#[test]
fn poisson_reuse_with_refresh_hits_as_its_closed_form_says() {
    let n = 40_000;
    for (rate, ttl) in [(0.2_f64, 2.0_f64), (0.5, 2.0), (2.0, 1.0)] {
        let arrivals = format!("{{ poisson: {{ rate: {rate}/m }} }}");
        let run = reuse(&arrivals, n, &format!("ttl: {ttl}m"));
        let expected = 1.0 - libm::exp(-rate * ttl);
        let deviation = (expected * (1.0 - expected) / f64::from(n)).sqrt();
        let share = metric(&run, "prompt_cache_hit_rate");
        assert!((share - expected).abs() < 4.0 * deviation, "{share}, not {expected}");
    }
}

/// Without refresh a run falls into cycles: a miss writes, and all requests of the next T hit,
/// r T of them on average; the first after that is the next miss. So of 1 + r T requests r T
/// hit: the share is r T / (1 + r T), Poisson or whatever else comes without memory.
#[test]
fn poisson_reuse_with_a_fixed_lifetime_hits_as_its_closed_form_says() {
    let n = 40_000;
    for (rate, ttl) in [(0.2_f64, 2.0_f64), (0.5, 2.0), (2.0, 3.0)] {
        let arrivals = format!("{{ poisson: {{ rate: {rate}/m }} }}");
        let run = reuse(&arrivals, n, &format!("refresh: never, ttl: {ttl}m"));
        let mean = rate * ttl;
        let expected = mean / (1.0 + mean);
        let share = metric(&run, "prompt_cache_hit_rate");
        // Misses are a renewal process: their number varies by n Var / mean^3 of the requests in
        // a cycle, whose mean is 1 + r T and whose variance is r T.
        let deviation = (mean / (1.0 + mean).powi(3) / f64::from(n)).sqrt();
        assert!((share - expected).abs() < 4.0 * deviation, "{share}, not {expected}");
    }
}

#[test]
fn requests_at_even_times_hit_all_or_none_or_in_turn() {
    let each = |minutes| format!("{{ constant: {{ rate: {}/h }} }}", 60 / minutes);
    let share =
        |minutes, cache: &str| metric(&reuse(&each(minutes), 600, cache), "prompt_cache_hit_rate");
    assert_eq!(share(4, "ttl: 5m"), 599.0 / 600.0, "anew each time");
    assert_eq!(share(6, "ttl: 5m"), 0.0);
    assert_eq!(share(5, "ttl: 5m"), 0.0, "it has just gone");
    // Fixed: written at 0, read at 4 and 8, gone at 12.
    assert_eq!(share(4, "refresh: never, ttl: 10m"), 400.0 / 600.0);
}

/// The request's own time is part of the lifetime, or not.
#[test]
fn a_lifetime_counts_from_the_start_of_a_request_or_from_its_end() {
    let share = |clock: &str| {
        let run = simulate(&format!(
            "requests: 100
workload:
  arrivals: {{ constant: {{ rate: 1/m }} }}
  prompts: {{ uniform: {{ count: 1 }} }}
  tokens: {{ input: {{ constant: 2048 }}, output: {{ constant: 1 }} }}
models: {{ m: {{ price: {SONNET}, server: {{ tokens: {{ ttft: 20s }} }},
  prompt_cache: {{ ttl: 45s, clock: {clock} }} }} }}
"
        ));
        metric(&run, "prompt_cache_hit_rate")
    };
    assert_eq!(share("request_start"), 0.0, "45 s after each minute it has gone");
    assert_eq!(share("response_end"), 0.99, "it is there until 65 s after");
}

/// A session of ten turns, a minute after each other: a system prompt of 1500 tokens, a first
/// message of 500, answers of 200, messages of 300.
fn agent(turns: u32, prompt_cache: &str) -> RunTables {
    simulate(&format!(
        "requests: {turns}
workload:
  arrivals: {{ constant: {{ rate: 1/d }} }}
  session: {{ turns: {{ constant: 10 }}, message: {{ constant: 300 }}, think_time: 60s }}
  system_prompt: 1500
  tokens: {{ input: {{ constant: 500 }}, output: {{ constant: 200 }} }}
  max_tokens: 200
models:
  m:
    price: {SONNET}
    server: {{ tokens: {{ ttft: 400ms, tpot: 10ms, per_input_token: 100us }} }}
    {prompt_cache}
"
    ))
}

/// In millionths of a dollar, turn by turn: prompts of 2000, 2500, ... 6500 tokens. What was
/// there the last time is read at 0.3, what is new (at first all, then an answer and a message)
/// is written at 3.75, and 200 tokens of answer cost 15 each.
#[test]
fn a_ten_turn_agents_ledger_is_as_computed_by_hand_token_by_token() {
    let mut before = [0.0; 2];
    let marked = "prompt_cache: anthropic_5m";
    for turn in 0..10 {
        let prompt = 2000.0 + 500.0 * f64::from(turn);
        let read = if turn == 0 { 0.0 } else { prompt - 500.0 };
        let expected = (read * 0.3 + (prompt - read) * 3.75 + 200.0 * 15.0) * 1e-6;
        let run = agent(turn + 1, marked);
        let cost = metric(&run, "cost_usd") - before[0];
        assert!((cost - expected).abs() < 1e-12, "turn {turn}: {cost}, not {expected}");
        // To the first token what is read takes no time.
        let ttft = metric(&run, "ttft_mean_s") * f64::from(turn + 1) - before[1];
        assert!((ttft - 0.4 - (prompt - read) * 1e-4).abs() < 1e-9, "turn {turn}: {ttft}");
        before = [cost + before[0], ttft + before[1]];
    }
    let run = agent(10, marked);
    let read = 2000.0 * 9.0 + 500.0 * 36.0;
    near(&run, "prompt_cache_read_tokens", read);
    near(&run, "prompt_cache_written_tokens", 6500.0);
    near(&run, "prompt_cache_uncached_tokens", 0.0);
    near(&run, "prompt_cache_read_usd", read * 0.3e-6);
    near(&run, "prompt_cache_written_usd", 6500.0 * 3.75e-6);
    near(&run, "prompt_cache_cold_tokens", 6500.0);
    near(&run, "prompt_cache_cold_usd", 6500.0 * 3.45e-6);
    // Without a cache, and with an automatic one in steps of 128 tokens whose writes are free:
    // of a prompt of n the next turn reads n - n mod 128.
    let sum: f64 = (0..10).map(|turn| 2000.0 + 500.0 * f64::from(turn)).sum();
    near(&agent(10, ""), "cost_usd", (sum * 3.0 + 2000.0 * 15.0) * 1e-6);
    let automatic = agent(10, "prompt_cache: { preset: openai, overflow: { per_minute: 100 } }");
    let read: f64 =
        (0..9).map(|turn| 2000.0 + 500.0 * f64::from(turn)).map(|n| n - n % 128.0).sum();
    near(&automatic, "prompt_cache_read_tokens", read);
}

/// Two turns of a session with a pause between, of which the system prompt is kept; one token
/// comes after it, then three.
fn pause(minutes: u32, prompt_cache: &str) -> RunTables {
    simulate(&format!(
        "requests: 2
workload:
  arrivals: {{ constant: {{ rate: 1/d }} }}
  session: {{ turns: {{ constant: 2 }}, message: {{ constant: 1 }}, think_time: {minutes}m }}
  system_prompt: 10000
  tokens: {{ input: {{ constant: 1 }}, output: {{ constant: 1 }} }}
models: {{ m: {{ price: {SONNET}, server: {{ tokens: {{ ttft: 0ms, tpot: 0ms }} }},
  prompt_cache: {{ {prompt_cache}, marks: [system] }} }} }}
"
    ))
}

/// Reading 10,000 tokens costs $0.003 and a token of answer $0.000015; writing them anew
/// $0.0375. What a pause saves is one writing less the reading in its place: $0.0345; each
/// request to keep alive costs $0.003015. So eleven of them pay ($0.033165), and twelve do not
/// ($0.03618): every 4 minutes, that is a pause of 44 minutes and up to 48.
#[test]
fn keep_alive_breaks_even_where_it_does_by_hand() {
    let plain = "preset: anthropic_5m";
    let kept = "preset: anthropic_5m, keep_alive: { every: 4m, until: 24h }";
    for (minutes, requests) in [(3, 0.0), (10, 2.0), (45, 11.0), (47, 11.0), (50, 12.0)] {
        let (without, with) = (pause(minutes, plain), pause(minutes, kept));
        near(&with, "keep_alives", requests);
        near(&with, "keep_alive_usd", requests * 0.003_015);
        let saved = if minutes < 5 { 0.0 } else { 0.0345 };
        let difference = metric(&without, "cost_usd") - metric(&with, "cost_usd");
        assert!(
            (difference - saved + requests * 0.003_015).abs() < 1e-9,
            "{minutes}: {difference}"
        );
        assert_eq!(difference > 0.0, (5..48).contains(&minutes), "{minutes}: {difference}");
    }
    // It ends once nobody has asked for long: 4, 8, ... 28 minutes, and then it expires.
    let ended = pause(50, "preset: anthropic_5m, keep_alive: { every: 4m, until: 30m }");
    near(&ended, "keep_alives", 7.0);
    near(&ended, "prompt_cache_expired_tokens", 10_000.0);
}

/// An hour costs 2 to write, 5 minutes 1.25, and reading 0.1 of what a token costs. Asked twice:
/// within 5 minutes the short lifetime costs 1.35 and the long one 2.1; after a longer pause
/// they cost 2.5 and 2.1. With n turns of which each misses with the chance q, the hour pays from
/// q (n - 1) = 0.75 / 1.15 misses on: from the first.
#[test]
fn the_longer_lifetime_breaks_even_with_the_first_miss() {
    let cost = |minutes, ttl: &str| metric(&pause(minutes, &format!("preset: {ttl}")), "cost_usd");
    let rest = 2.0 * 15e-6 + 4.0 * 3e-6;
    for (minutes, ttl, factor) in [
        (4, "anthropic_5m", 1.35),
        (4, "anthropic_1h", 2.1),
        (6, "anthropic_5m", 2.5),
        (6, "anthropic_1h", 2.1),
        (61, "anthropic_1h", 4.0),
    ] {
        let expected = factor * 10_000.0 * 3e-6 + rest;
        assert!((cost(minutes, ttl) - expected).abs() < 1e-9, "{minutes}, {ttl}");
    }
}

/// Requests at given times, in seconds, of a trace whose prompts are blocks of 512 tokens.
fn trace(rows: &[(f64, u32, &str)], rest: &str) -> RunTables {
    let mut file = tempfile::Builder::new().suffix(".jsonl").tempfile().expect("a file");
    for (at, tokens, blocks) in rows {
        let at = at * 1000.0;
        writeln!(
            file,
            "{{\"timestamp\": {at}, \"input_length\": {tokens}, \"output_length\": 11, \"hash_ids\": [{blocks}]}}"
        )
        .expect("a row");
    }
    simulate(&format!(
        "workload: {{ trace: {{ mooncake: {} }}, max_tokens: 100 }}\n{rest}",
        file.path().display()
    ))
}

/// A model whose first token comes after a second, and ten more in another.
fn slow(prompt_cache: &str, rest: &str) -> String {
    format!(
        "models: {{ m: {{ price: {SONNET}, server: {{ tokens: {{ ttft: 1s, tpot: 100ms }} {rest} }},
  prompt_cache: {{ {prompt_cache} }} }} }}"
    )
}

#[test]
fn who_asks_before_it_is_visible_writes_it_too() {
    let rows = [
        (0.0, 2048, "1, 2, 3, 4"),
        (0.0, 2048, "1, 2, 3, 4"),
        (0.5, 2048, "1, 2, 3, 4"),
        (1.5, 2048, "1, 2, 3, 4"),
        (3.0, 2048, "1, 2, 3, 4"),
    ];
    for (visible, reads) in [("request_start", 4.0), ("first_token", 2.0), ("response_end", 1.0)] {
        let run = trace(&rows, &slow(&format!("visible: {visible}"), ""));
        near(&run, "prompt_cache_read_tokens", 2048.0 * reads);
        near(&run, "prompt_cache_written_tokens", 2048.0 * (5.0 - reads));
    }
}

#[test]
fn blocks_of_a_trace_are_read_as_far_as_they_are_the_same() {
    let rows = [
        (0.0, 2048, "1, 2, 3, 4"),
        (10.0, 2560, "1, 2, 3, 4, 5"),
        (20.0, 2048, "1, 2, 3, 9"),
        (30.0, 1500, "1, 2, 8"),
    ];
    let run = trace(&rows, &slow("{}".trim_matches(['{', '}']), ""));
    // 2048; then three blocks of 512; of two blocks 1024.
    near(&run, "prompt_cache_read_tokens", 2048.0 + 1536.0 + 1024.0);
    near(&run, "cached_input_tokens", 2048.0 + 1536.0 + 1024.0);
    near(&run, "prompt_cache_unmarked_tokens", 1500.0 - 1408.0);
}

/// It is given up after half a second, before its first token: it has written nothing, and is
/// charged for its prompt as for any other. The next one is cold, and given up after its first
/// token: that has written.
#[test]
fn what_is_called_off_before_its_first_token_writes_nothing() {
    let rows = [(0.0, 2048, "1, 2, 3, 4"), (10.0, 2048, "1, 2, 3, 4")];
    for (timeout, written, uncached, read) in
        [("500ms", 0.0, 2.0 * 2048.0, 0.0), ("1500ms", 2048.0, 0.0, 2048.0)]
    {
        let rest = format!(
            "{}\nresilience: {{ timeout: {timeout} }}",
            slow("{}".trim_matches(['{', '}']), "")
        );
        let run = trace(&rows, &rest);
        near(&run, "timeouts", 2.0);
        near(&run, "prompt_cache_written_tokens", written);
        near(&run, "prompt_cache_uncached_tokens", uncached);
        near(&run, "prompt_cache_read_tokens", read);
    }
}

/// A hedge is another request of the same prompt: before the first token of the first it writes
/// too, after it it reads.
#[test]
fn a_hedge_reads_what_the_first_attempt_has_written_by_then() {
    let rows = [(0.0, 2048, "1, 2, 3, 4")];
    for (after, read) in [("500ms", 0.0), ("1200ms", 2048.0)] {
        let hedge = format!(
            "{}\nresilience: {{ hedge: {{ after: {after} }} }}",
            slow("clock: request_start", ", replicas: 2")
        );
        let run = trace(&rows, &hedge);
        near(&run, "hedges", 1.0);
        near(&run, "prompt_cache_read_tokens", read);
    }
}

/// A failed attempt costs nothing and writes nothing; nor does a crash empty a provider's cache.
#[test]
fn a_failed_attempt_writes_nothing() {
    let rows = [(0.0, 2048, "1, 2, 3, 4"), (10.0, 2048, "1, 2, 3, 4")];
    let run = trace(&rows, &slow("ttl: 5m", ", faults: { error_rate: 1 }"));
    near(&run, "prompt_cache_written_tokens", 0.0);
    near(&run, "cost_usd", 0.0);
    assert_eq!(run.prompts.rows[0][run.prompts.column("entries").unwrap()], Cell::Int(0));
}

/// Each replica of a hosted model has what any of them has seen.
#[test]
fn replicas_of_a_hosted_model_have_one_cache() {
    let rows = [(0.0, 2048, "1, 2, 3, 4"), (10.0, 2048, "1, 2, 3, 4")];
    let run = trace(&rows, &slow("ttl: 5m", ", replicas: 2"));
    near(&run, "prompt_cache_read_tokens", 2048.0);
}

/// 2048 + 11 tokens a request, 3000 a minute: the second is refused unless what is cached does
/// not count.
#[test]
fn cached_tokens_count_against_limits_or_do_not() {
    let rows = [(0.0, 2048, "1, 2, 3, 4"), (5.0, 2048, "1, 2, 3, 4")];
    for (counts, throttled) in [("true", 1.0), ("false", 0.0)] {
        let cache = format!("counts_against_limits: {counts}");
        let run = trace(&rows, &slow(&cache, ", tpm: 3000"));
        near(&run, "throttled", throttled);
    }
}

/// A history that is cut begins otherwise: only the system prompt is still there.
#[test]
fn a_history_that_is_cut_is_told_apart_from_what_expired() {
    let run = simulate(&format!(
        "requests: 3
workload:
  arrivals: {{ constant: {{ rate: 1/d }} }}
  session: {{ turns: {{ constant: 3 }}, message: {{ constant: 2000 }}, think_time: 1m, max_context: 5000 }}
  system_prompt: 1500
  tokens: {{ input: {{ constant: 2000 }}, output: {{ constant: 100 }} }}
models: {{ m: {{ price: {SONNET}, server: {{ tokens: {{ ttft: 0ms }} }}, prompt_cache: anthropic_5m }} }}
"
    ));
    // 3500 tokens; 5000 of 5600, cut; 5000 of 7100, cut again.
    near(&run, "input_tokens", 13_500.0);
    near(&run, "prompt_cache_read_tokens", 3000.0);
    near(&run, "prompt_cache_changed_tokens", 2000.0 + 3500.0);
    near(&run, "prompt_cache_cold_tokens", 3500.0 + 1500.0);
}

/// Three branches that begin alike at one instant: each writes its system prompt. Those of the
/// next workflow read it.
#[test]
fn parallel_calls_of_a_workflow_that_begin_alike_are_all_cold() {
    let run = simulate(&format!(
        "requests: 2
workload:
  arrivals: {{ constant: {{ rate: 1/m }} }}
  prompts: unique
  tokens: {{ input: {{ constant: 100 }}, output: {{ constant: 10 }} }}
models: {{ m: {{ price: {SONNET}, server: {{ tokens: {{ ttft: 1s }} }},
  prompt_cache: {{ preset: anthropic_5m, marks: [system] }} }} }}
orchestration:
  workflows:
    w: {{ steps: {{ ask: {{ llm: {{ system: 2000 }}, map: {{ items: {{ constant: 3 }} }} }} }} }}
"
    ));
    near(&run, "prompt_cache_written_tokens", 3.0 * 2000.0);
    near(&run, "prompt_cache_read_tokens", 3.0 * 2000.0);
}

/// Money is held for what a request costs if nothing of it is cached any more.
#[test]
fn what_is_held_of_a_budget_is_enough_without_the_cache() {
    let run = |daily: &str| {
        let rows = [(0.0, 2048, "1, 2, 3, 4"), (10.0, 2048, "1, 2, 3, 4")];
        let rest = format!(
            "{}\ncost: {{ charge: reserve, budgets: {{ default: {{ daily: {daily} }} }} }}",
            slow("ttl: 5m", "")
        );
        trace(&rows, &rest)
    };
    // Each at most 2048 x 3.75 and 100 x 15 millionths: $0.00918. The first costs $0.007845.
    let enough = run("$0.01703");
    near(&enough, "completed", 2.0);
    near(&enough, "budget_overshoot_usd", 0.0);
    near(&enough, "cost_usd", 0.007_845 + 2048.0 * 0.3e-6 + 11.0 * 15e-6);
    near(&run("$0.01702"), "budget_rejections", 1.0);
}

/// The batch API has no part in it.
#[test]
fn batched_requests_neither_read_nor_write() {
    let rows = [(0.0, 2048, "1, 2, 3, 4"), (10.0, 2048, "1, 2, 3, 4")];
    let rest = format!(
        "{}\ncost: {{ levers: {{ batch: {{ soonest: 1s, latest: 1s }} }} }}",
        slow("ttl: 5m", "")
    );
    let run = trace(&rows, &rest);
    near(&run, "cost_usd", 2.0 * (2048.0 * 3e-6 + 11.0 * 15e-6));
    near(&run, "prompt_cache_read_tokens", 0.0);
}

/// Users of one key share what they write; nobody else reads it.
#[test]
fn what_one_key_has_written_another_does_not_read() {
    let run = |scope: &str| {
        simulate(&format!(
            "requests: 400
workload:
  arrivals: {{ constant: {{ rate: 1/s }} }}
  prompts: {{ uniform: {{ count: 1 }} }}
  tokens: {{ input: {{ constant: 2048 }}, output: {{ constant: 1 }} }}
  users: {{ list: [ {{ name: ann }}, {{ name: bob }}, {{ name: eve }} ] }}
models: {{ m: {{ price: {SONNET}, server: {{ tokens: {{ ttft: 0ms }} }},
  prompt_cache: {{ ttl: 1h, scope: {scope}, visible: request_start }} }} }}
cost: {{ keys: {{ prod: {{ members: [ann, bob] }} }} }}
"
        ))
    };
    for (scope, writes) in [("organisation", 1.0), ("key", 2.0), ("user", 3.0)] {
        near(&run(scope), "prompt_cache_written_tokens", 2048.0 * writes);
    }
}

/// By class, and by a share of sessions: the same for all turns of one.
#[test]
fn lifetimes_are_asked_for_by_class_and_by_share() {
    let run = |lifetimes: &str| {
        simulate(&format!(
            "requests: 4000
workload:
  arrivals: {{ constant: {{ rate: 1/m }} }}
  prompts: unique
  session: {{ turns: {{ constant: 2 }}, message: {{ constant: 1000 }}, think_time: 10m }}
  tokens: {{ input: {{ constant: 2000 }}, output: {{ constant: 1 }} }}
  slo_class: agents
models: {{ m: {{ price: {SONNET}, server: {{ tokens: {{ ttft: 0ms }} }},
  prompt_cache: {{ preset: anthropic_5m, {lifetimes} }} }} }}
"
        ))
    };
    let read =
        |lifetimes: &str| metric(&run(lifetimes), "prompt_cache_read_tokens") / 2000.0 / 2000.0;
    assert!(read("lifetimes: { 5m: {}, 1h: {} }") == 0.0);
    assert!((read("lifetimes: { 5m: {}, 1h: { classes: [agents] } }") - 1.0).abs() < 0.01);
    let share = read("lifetimes: { 5m: { share: 1 }, 1h: { share: 3 } }");
    assert!((share - 0.75).abs() < 4.0 * (0.75_f64 * 0.25 / 2000.0).sqrt(), "{share}");
    // Where each request asks for itself, what the first turn asked for is what matters.
    let share = read("choose: request, lifetimes: { 5m: { share: 1 }, 1h: { share: 3 } }");
    assert!((share - 0.75).abs() < 4.0 * (0.75_f64 * 0.25 / 2000.0).sqrt(), "{share}");
}

#[test]
fn what_cannot_be_is_an_error_in_its_place() {
    let model = |price: &str, rest: &str| {
        problems(&format!("requests: 1\nmodels: {{ m: {{ price: {price}, {rest} }} }}"))
    };
    let plain = "{ input: 3e-6, output: 15e-6, cached_input: 0.3e-6, cache_write: 3.75e-6 }";
    for (price, rest, complaint) in [
        (plain, "prompt_cache: anthropic_1h", "the lifetime of 3600s has no write price"),
        (
            plain,
            "prompt_cache: { preset: anthropic, lifetimes: { 5m: {}, 1h: {} } }",
            "the lifetime of 1h",
        ),
        (plain, "prompt_cache: { ttl: 2h }", "set `price.cache_write_1h`"),
        (plain, "prompt_cache: antropic_5m", "anthropic_5m"),
        (plain, "prompt_cache: { scope: team }", "there are no teams that could share it"),
        (
            plain,
            "prompt_cache: { lifetimes: { 5m: { classes: [agnets] } } }",
            "unknown SLO class `agnets`",
        ),
        (plain, "prompt_cache: openai, server: { engine: {} }", "kept by its provider"),
        (plain, "prompt_cache: openai, server: { prefix_cache: {} }", "kept by its provider"),
        (plain, "prompt_cache: deepseek", "an assumption: say `ttl`"),
        ("{ per_token: 3e-6 }", "prompt_cache: openai", "set `price.cached_input`"),
    ] {
        let said = model(price, rest);
        assert!(said.contains(complaint), "{rest}: {said}");
    }
    assert_eq!(model(plain, "prompt_cache: { ttl: 10m }"), "");
    let both = problems("requests: 1\nworkload: { shared_prefix: 5, system_prompt: 5 }");
    assert!(
        both.contains("workload.system_prompt") || both.contains("begin with a `shared_prefix`"),
        "{both}"
    );
}
