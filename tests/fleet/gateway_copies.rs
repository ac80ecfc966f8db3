//! Copies of the gateway that know late of each other, in closed form and by hand.

use windtunnel::stats::Cell;
use windtunnel::system::RunTables;

use crate::runs::{metric, simulate};

/// A request a second, each of which costs $1, before `gateway`; charged at once, as the
/// model takes no time.
fn spending(gateway: &str, rest: &str, requests: u32) -> RunTables {
    simulate(&format!(
        "requests: {requests}
replications: 1
workload: {{ arrivals: {{ constant: {{ rate: 1/s }} }}, prompts: unique, tokens: {{ input: {{ constant: 1 }}, output: {{ constant: 1 }} }}, max_tokens: 1 }}
gateway: {{ {gateway} }}
models: {{ m: {{ price: {{ input: 1, output: 0 }}, server: {{ tokens: {{ ttft: 0ms, tpot: 0ms }} }} }} }}
{rest}"
    ))
}

/// What `copies` let through of a budget of so many dollars, told of each other each `sync`
/// seconds, by walking through it: written down from what a copy knows, not from the code.
fn let_through(copies: usize, sync: u64, budget: u64, requests: u64) -> u64 {
    let (mut told, mut own) = (0, vec![0; copies]);
    let mut since = 0;
    for second in 0..requests {
        if second / sync > since {
            since = second / sync;
            told += own.iter().sum::<u64>();
            own.fill(0);
        }
        let own = &mut own[second as usize % copies];
        if told + *own < budget {
            *own += 1;
        }
    }
    told + own.iter().sum::<u64>()
}

#[test]
fn a_budget_is_overshot_by_what_copies_do_not_know_of_each_other() {
    let spent = |gateway: &str, budget: u64| {
        let rest = format!("cost: {{ budgets: {{ default: {{ max_budget: ${budget} }} }} }}\n");
        let run = spending(gateway, &rest, 200);
        assert_eq!(metric(&run, "budget_overshoot_usd"), metric(&run, "cost_usd") - budget as f64);
        metric(&run, "cost_usd") as u64
    };
    assert_eq!(spent("replicas: 1", 17), 17);
    assert_eq!(spent("replicas: 4", 17), 17, "a counter that all ask is exact");
    // Every 10 s all learn of 10 dollars more; a copy's own 2 or 3 of the last 10 s never
    // make up what is left of 17 after 10: the second 10 s go through whole. In closed
    // form: r s ceil(B / (r s)) - B, where r s / n is less than B mod r s.
    assert_eq!(spent("replicas: 4, sync: 10s", 17), 20);
    // Of 12, two are left after 10: each copy lets two of its own through.
    assert_eq!(spent("replicas: 4, sync: 10s", 12), 18);
    for (copies, sync, budget) in [(2, 7, 20), (3, 10, 25), (5, 60, 30), (4, 10, 41), (8, 1, 9)] {
        let found = spent(&format!("replicas: {copies}, sync: {sync}s"), budget);
        assert_eq!(found, let_through(copies, sync, budget, 200), "{copies} {sync} {budget}");
    }
    // Never told of each other, each has the whole budget.
    assert_eq!(spent("replicas: 4, sync: 1000h", 17), 68);
}

#[test]
fn a_rate_limit_is_overshot_likewise() {
    let through = |gateway: &str| {
        let run = spending(gateway, "resilience: { rate_limit: { rpm: 12 } }\n", 60);
        ["completed", "rate_limit_overshoot"].map(|name| metric(&run, name))
    };
    let [all, none] = through("replicas: 1");
    assert_eq!(none, 0.0);
    assert_eq!(through("replicas: 3"), [all, 0.0]);
    // In a minute a bucket of 12 gives 12 and what runs in, 0.2 a second: 23 at most.
    assert!((22.0..=24.0).contains(&all), "{all}");
    // Each of three has a bucket of its own: 20 requests each come to 12 and 4 more.
    let [apart, beyond] = through("replicas: 3, sync: 1000h");
    assert!(apart >= 45.0, "{apart}");
    assert!((apart - all - beyond).abs() <= 1.0, "{apart} of which {beyond} beyond {all}");
    let [synced, beyond] = through("replicas: 3, sync: 5s");
    assert!(synced > all && synced < apart && beyond > 0.0, "{synced}");
}

/// Poisson requests for Zipf prompts, of which `cache` keeps answers.
fn cached(gateway: &str, cache: &str) -> RunTables {
    simulate(&format!(
        "requests: 200000
warmup: 200s
replications: 1
workload: {{ arrivals: {{ poisson: {{ rate: 100/s }} }}, prompts: {{ zipf: {{ count: 1000, exponent: 1 }} }}, tokens: {{ input: {{ constant: 10 }}, output: {{ constant: 1 }} }}, max_tokens: 1 }}
gateway: {{ {gateway} }}
cache: {{ {cache} }}
models: {{ m: {{ price: {{ input: 0.001, output: 0 }}, server: {{ tokens: {{ ttft: 0ms, tpot: 0ms }} }} }} }}
"
    ))
}

fn near(found: f64, theory: f64, what: &str) {
    println!("{what}: theory {theory:.4}, simulated {found:.4}");
    assert!((found - theory).abs() < 0.01, "{what}: {found}, expected {theory}");
}

#[test]
fn private_caches_hit_as_one_of_an_nth_of_the_rate() {
    let sum: f64 = (1..=1000).map(|rank| 1.0 / f64::from(rank)).sum();
    let popularity: Vec<f64> = (1..=1000).map(|rank| 1.0 / f64::from(rank) / sum).collect();
    // Entries that live T after they were made: l T / (1 + l T) at the rate l / n.
    let expiring = |copies: f64| {
        let rate = |p: f64| 100.0 * p / copies * 10.0;
        popularity.iter().map(|p| p * rate(*p) / (1.0 + rate(*p))).sum::<f64>()
    };
    // LRU of 100 entries: Che's approximation, in which the rate has no part.
    let held = |t: f64| popularity.iter().map(|p| 1.0 - libm::exp(-p * t)).sum::<f64>();
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        *(if held(middle) < 100.0 { &mut low } else { &mut high }) = middle;
    }
    let lru = popularity.iter().map(|p| p * (1.0 - libm::exp(-p * low))).sum::<f64>();
    for copies in [1, 4] {
        let gateway = format!("replicas: {copies}, balance: random");
        let run = cached(&gateway, "ttl: 10s, levels: [{ capacity: unbounded }]");
        let what = format!("{copies} copies, 10 s to live");
        near(metric(&run, "cache_hit_rate"), expiring(f64::from(copies)), &what);
        let run = cached(&gateway, "levels: [{ capacity: 100 }]");
        near(metric(&run, "cache_hit_rate"), lru, &format!("{copies} copies, LRU of 100"));
        let rates = run.levels.column("hit_rate").unwrap();
        assert_eq!(run.levels.rows.len(), copies as usize);
        for row in &run.levels.rows {
            let Cell::Num(rate) = row[rates] else { panic!("{row:?}") };
            near(rate, lru, &row[0].to_string());
        }
    }
}

#[test]
fn what_all_share_is_found_whoever_asked_and_what_each_keeps_is_not() {
    let found = |gateway: &str, cache: &str| {
        let run = cached(gateway, cache);
        ["cache_misses", "duplicated_misses"].map(|name| metric(&run, name))
    };
    let cold = "levels: [{ capacity: unbounded }]";
    let [one, none] = found("replicas: 1", cold);
    assert_eq!(none, 0.0);
    let shared = "levels: [{ capacity: unbounded, shared: true }]";
    assert_eq!(found("replicas: 4", shared), [one, 0.0]);
    // Behind their own levels all share one: a miss is a miss of all.
    let both = "levels: [{ capacity: 50 }, { capacity: unbounded, shared: true }]";
    assert_eq!(found("replicas: 4", both), [one, 0.0]);
    let [apart, duplicated] = found("replicas: 4", cold);
    assert!(apart > one && duplicated > 0.0, "{apart} {duplicated}");
    let semantic =
        |shared| format!("levels: [], semantic: {{ shared: {shared}, capacity: unbounded }}");
    let [one, _] = found("replicas: 1", &semantic(false));
    assert_eq!(found("replicas: 4", &semantic(true))[0], one);
    assert!(found("replicas: 4", &semantic(false))[0] > one);
}

#[test]
fn a_copy_waits_for_its_own_requests_only() {
    let asked = |copies: u32| {
        let requests: String = (0..8)
            .map(|_| "    - { at: 0s, prompt: hello, max_tokens: 10 }\n".to_owned())
            .collect();
        let run = simulate(&format!(
            "replications: 1
workload:
  requests:
{requests}gateway: {{ replicas: {copies} }}
cache: {{ single_flight: true, levels: [{{}}] }}
models: {{ m: {{ price: {{ input: 1, output: 0 }}, server: {{ tokens: {{ ttft: 1s, tpot: 1ms }} }} }} }}
"
        ));
        // A word is 1.3 tokens of $1 each.
        ["coalesced", "cost_usd"].map(|name| metric(&run, name))
    };
    assert_eq!(asked(1), [7.0, 1.3]);
    assert_eq!(asked(4), [4.0, 5.2]);
}
