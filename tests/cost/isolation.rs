//! Whose answers serve whom: caches kept apart by tenant, and answers that crossed.

use crate::runs::{metric, simulate};

/// One question, asked by ann, bob (both of class a), cat (class b) and ann again, a second
/// apart; then all four again.
fn asked_by_all(cache: &str) -> windtunnel::system::RunTables {
    let one = |at: u32, user: &str| {
        format!("    - {{ at: {at}s, prompt: \"What is AI?\", user: {user}, max_tokens: 10 }}\n")
    };
    let users = ["ann", "bob", "cat", "ann", "ann", "bob", "cat", "ann"];
    let requests: String = (0..).zip(users).map(|(at, user)| one(at, user)).collect();
    simulate(&format!(
        "replications: 1
workload:
  users: {{ list: [ {{ name: ann, class: a }}, {{ name: bob, class: a }}, {{ name: cat, class: b }} ] }}
  requests:
{requests}cache: {{ {cache} }}
models: {{ m: {{ price: {{ input: 0.001, output: 0 }}, server: {{ tokens: {{ ttft: 1ms, tpot: 1ms }} }} }} }}
cost:
  select: {{ fixed: m }}
  teams: {{ red: {{ members: [bob, cat], budget: {{}} }} }}
  keys: {{ prod: {{ members: [ann, cat], budget: {{}} }} }}
"
    ))
}

#[test]
fn an_answer_serves_the_tenants_of_its_scope() {
    // Each scope that is met asks a model once; all later questions are hits.
    for (scope, met) in [
        ("global", 1.0),
        ("class", 2.0),
        ("team", 2.0),
        ("key", 2.0),
        ("user", 3.0),
        ("model", 1.0),
    ] {
        for cache in [
            "levels: [{ capacity: 10 }, { capacity: 20, latency: 1ms }]",
            "levels: [], semantic: { latency: 0ms }",
        ] {
            let run = asked_by_all(&format!("scope: {scope}, {cache}"));
            let found = [metric(&run, "cache_misses"), metric(&run, "cache_hits")];
            assert_eq!(found, [met, 8.0 - met], "{scope}: {cache}");
            // Three words are 3.9 tokens.
            let bill = met * 3.9 * 0.001;
            assert!((metric(&run, "cost_usd") - bill).abs() < 1e-9, "{scope}: {cache}");
        }
    }
}

#[test]
fn answers_that_crossed_are_counted_by_tenant() {
    // ann asked first: bob and cat get her answer, each twice.
    let crossed = |cache: &str| metric(&asked_by_all(cache), "cross_tenant_hits");
    for (tenants, expected) in [("user", 4.0), ("class", 2.0), ("team", 4.0), ("key", 2.0)] {
        for cache in [
            "levels: [{}]",
            "levels: [], semantic: {}",
            "levels: [{}], semantic: { promote: true }",
        ] {
            assert_eq!(
                crossed(&format!("tenants: {tenants}, {cache}")),
                expected,
                "{tenants}: {cache}"
            );
            let apart = format!("tenants: {tenants}, scope: {tenants}, {cache}");
            assert_eq!(crossed(&apart), 0.0, "{apart}");
        }
    }
    // Kept apart by class, bob still gets what ann asked for.
    assert_eq!(crossed("tenants: user, scope: class, levels: [{}]"), 2.0);
    assert_eq!(crossed("levels: [{}]"), 0.0, "nobody is told apart");
}

#[test]
fn requests_wait_for_the_answers_of_their_own_tenants_only() {
    let burst = |scope: &str| {
        let users = ["ann", "bob", "cat", "ann", "bob", "cat"];
        let requests: String = users
            .map(|user| {
                format!("    - {{ at: 0s, prompt: hello, user: {user}, max_tokens: 10 }}\n")
            })
            .concat();
        let run = simulate(&format!(
            "replications: 1
workload:
  requests:
{requests}cache: {{ scope: {scope}, tenants: user, single_flight: true, levels: [{{}}] }}
models: {{ m: {{ price: {{ input: 1, output: 0 }}, server: {{ tokens: {{ ttft: 1ms, tpot: 1ms }} }} }} }}
"
        ));
        ["coalesced", "cost_usd", "cross_tenant_hits"].map(|name| metric(&run, name))
    };
    // A word is 1.3 tokens of $1, each time that the model is asked.
    assert_eq!(burst("global"), [5.0, 1.3, 4.0]);
    assert_eq!(burst("user"), [3.0, 3.9, 0.0]);
}

#[test]
fn isolation_costs_what_ches_approximation_says() {
    // n users who ask alike for N prompts, each for its own copy: as one who asks for n N
    // prompts at an n-th of the rate, in the same capacity. H. Che, Y. Tung, Z. Wang:
    // Hierarchical web caching systems. IEEE JSAC 20(7), 2002.
    let (prompts, users, capacity) = (500, 4, 200.0);
    let sum: f64 = (1..=prompts).map(|rank| 1.0 / f64::from(rank)).sum();
    let popularity: Vec<f64> = (1..=prompts).map(|rank| 1.0 / f64::from(rank) / sum).collect();
    let che = |copies: f64| {
        let held = |t: f64| {
            copies * popularity.iter().map(|p| 1.0 - libm::exp(-p / copies * t)).sum::<f64>()
        };
        let (mut low, mut high) = (0.0, 1e6);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            *(if held(middle) < capacity { &mut low } else { &mut high }) = middle;
        }
        popularity.iter().map(|p| p * (1.0 - libm::exp(-p / copies * low))).sum::<f64>()
    };
    let measured = |scope: &str| {
        let run = simulate(&format!(
            "requests: 200000
replications: 1
workload: {{ arrivals: {{ poisson: {{ rate: 100/s }} }}, prompts: {{ zipf: {{ count: {prompts}, exponent: 1 }} }}, users: {{ zipf: {{ count: {users}, exponent: 0 }} }}, max_tokens: 1, tokens: {{ input: {{ constant: 10 }}, output: {{ constant: 1 }} }} }}
cache: {{ scope: {scope}, levels: [{{ capacity: {capacity} }}] }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 0ms, tpot: 0ms }} }} }} }}
"
        ));
        metric(&run, "cache_hit_rate")
    };
    for (scope, copies) in [("global", 1.0), ("user", f64::from(users))] {
        let (theory, found) = (che(copies), measured(scope));
        println!("{scope}: theory {theory:.4}, simulated {found:.4}");
        assert!((theory - found).abs() < 0.01, "{scope}: {found}, expected {theory}");
    }
}

#[test]
fn a_later_turn_finds_only_answers_to_other_questions() {
    // Two turns a session, 300 sessions that ask one question: asked of first turns only,
    // the semantic cache misses once. Asked of second turns too, it gives them answers,
    // all of them wrong, wherever two intents are similar enough.
    let run = |turns: u32, threshold: f64| {
        let run = simulate(&format!(
            "requests: 600
replications: 1
workload:
  arrivals: {{ constant: {{ rate: 1/m }} }}
  prompts: {{ uniform: {{ count: 1 }} }}
  tokens: {{ input: {{ constant: 10 }}, output: {{ constant: 1 }} }}
  session: {{ turns: {{ constant: 2 }}, think_time: 1s }}
cache: {{ levels: [], semantic: {{ turns: {turns}, threshold: {threshold}, capacity: unbounded }} }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 1ms, tpot: 0ms }} }} }} }}
"
        ));
        ["cache_hits", "semantic_false_hits", "cache_misses"].map(|name| metric(&run, name))
    };
    let [hits, wrong, misses] = run(1, 0.9);
    assert_eq!([wrong, misses], [0.0, 301.0]);
    assert_eq!(hits, 299.0);
    let [hits, wrong, misses] = run(2, 0.0);
    assert_eq!([hits + misses, hits - wrong], [600.0, 299.0]);
    assert!(wrong > 280.0, "nearly all pairs have a cosine above 0: {wrong}");
}
