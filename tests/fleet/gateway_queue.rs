//! The gateway's queue, against queueing theory and by hand.

use windtunnel::stats::{Cell, Table};
use windtunnel::system::RunTables;

use crate::runs::{metric, simulate};

fn cell(table: &Table, flow: &str, column: &str) -> f64 {
    let row = table.rows.iter().find(|row| row[0].to_string() == flow);
    let row = row.unwrap_or_else(|| panic!("no flow {flow}"));
    match row[table.column(column).expect("a column")] {
        Cell::Int(value) => value as f64,
        Cell::Num(value) => value,
        _ => f64::NAN,
    }
}

/// Poisson requests of two classes of users, of exponential service of 1 s in the mean,
/// one at a time.
fn mm1(queue: &str, shares: [f64; 2], rate: f64) -> RunTables {
    simulate(&format!(
        "requests: 200000
warmup: 1000s
replications: 1
workload:
  arrivals: {{ poisson: {{ rate: {rate}/s }} }}
  prompts: unique
  tokens: {{ input: {{ constant: 10 }}, output: {{ constant: 10 }} }}
  max_tokens: 10
  users: {{ list: [ {{ name: ann, class: vip, weight: {} }}, {{ name: bob, class: batch, weight: {} }} ] }}
gateway: {{ queue: {{ concurrency: 1, capacity: 1000000, {queue} }} }}
models: {{ m: {{ server: {{ tokens: {{ ttft: {{ exponential: {{ mean: 1s }} }}, tpot: 0ms }} }} }} }}
",
        shares[0], shares[1]
    ))
}

fn near(found: f64, theory: f64, share: f64, what: &str) {
    println!("{what}: theory {theory:.4}, simulated {found:.4}");
    assert!((found - theory).abs() <= share * theory, "{what}: {found}, expected {theory}");
}

#[test]
fn one_at_a_time_is_m_m_1() {
    let run = mm1("order: arrival", [0.5, 0.5], 0.8);
    // rho / (1 - rho) seconds.
    near(metric(&run, "gateway_wait_mean_s"), 4.0, 0.05, "M/M/1 wait");
    near(metric(&run, "gateway_worst_slowdown"), 5.0, 0.05, "slowdown");
    near(metric(&run, "gateway_fairness"), 1.0, 0.01, "both flows wait alike");
}

#[test]
fn priorities_wait_as_cobham_says() {
    // A. Cobham: Priority assignment in waiting line problems. Operations Research 2(1), 1954:
    // W_k = W0 / ((1 - s_(k-1)) (1 - s_k)), W0 = rho x E[S] for exponential service.
    let (vip, batch) = (0.3, 0.5);
    let run = mm1("order: { priority: [vip, batch] }", [0.375, 0.625], vip + batch);
    let rest = vip + batch;
    near(cell(&run.gateway, "vip", "wait_mean_s"), rest / (1.0 - vip), 0.04, "vip");
    let second = rest / ((1.0 - vip) * (1.0 - rest));
    near(cell(&run.gateway, "batch", "wait_mean_s"), second, 0.06, "batch");
}

#[test]
fn earliest_deadline_first_meets_every_deadline_that_can_be_met() {
    // Work of 1 s each, all there at 0 s, to be done within 1.5, 2.5, ... 9.5 s: it can be
    // done. The one that is due first comes first, the others in the reverse order. By
    // arrival those that are due within 9.5, 8.5, 7.5 and 6.5 s are in time, done at 2 to 5 s.
    let met = |order: &str| {
        let coming = [1, 9, 8, 7, 6, 5, 4, 3, 2];
        let users = coming.map(|n| format!("{{ name: u{n}, class: c{n} }}"));
        let requests = coming
            .map(|n| format!("    - {{ at: 0s, prompt: p{n}, user: u{n}, max_tokens: 1 }}\n"));
        let deadlines = coming.map(|n| format!("c{n}: {n}500ms"));
        let run = simulate(&format!(
            "replications: 1
workload:
  users: {{ list: [ {} ] }}
  requests:
{}gateway: {{ queue: {{ concurrency: 1, order: {} }} }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 1s, tpot: 0ms }} }} }} }}
",
            users.join(", "),
            requests.concat(),
            order.replace("DEADLINES", &deadlines.join(", "))
        ));
        let done = |n: i32| cell(&run.gateway, &format!("c{n}"), "wait_mean_s") + 1.0;
        coming.iter().filter(|n| done(**n) <= f64::from(**n) + 0.5).count()
    };
    assert_eq!(met("{ deadline: { DEADLINES } }"), 9);
    assert_eq!(met("arrival"), 5);
}

#[test]
fn shares_of_a_full_gateway_are_as_the_weights() {
    // Both ask for more than there is. Of equal requests, vip has three quarters.
    let run = simulate(
        "duration: 2000s
replications: 1
workload:
  arrivals: { poisson: { rate: 4/s } }
  prompts: unique
  tokens: { input: { constant: 90 }, output: { constant: 10 } }
  max_tokens: 10
  users: { list: [ { name: ann, class: vip }, { name: bob, class: batch } ] }
gateway: { queue: { concurrency: 1, capacity_per_flow: 20, order: { deficit_round_robin: { quantum: 100, weights: { vip: 3 } } } } }
models: { m: { server: { tokens: { ttft: 1s, tpot: 0ms } } } }
",
    );
    let tokens = |flow| cell(&run.gateway, flow, "tokens");
    near(tokens("vip") / tokens("batch"), 3.0, 0.05, "tokens of vip to those of batch");
    let whole = |flow, column| cell(&run.gateway, flow, column);
    for flow in ["vip", "batch"] {
        // 100 tokens each.
        let served = whole(flow, "tokens") / 100.0;
        assert_eq!(served + whole(flow, "refused"), whole(flow, "requests"), "{flow}");
    }
}

#[test]
fn a_noisy_tenant_slows_others_only_without_a_fair_queue() {
    let slowdown = |order: &str| {
        let run = simulate(&format!(
            "duration: 1h
replications: 1
workload:
  prompts: unique
  max_tokens: 10
  clients:
    - {{ id: quiet, arrivals: {{ poisson: {{ rate: 0.1/s }} }}, tokens: {{ input: {{ constant: 90 }}, output: {{ constant: 10 }} }}, users: {{ list: [ {{ name: ann, class: quiet }} ] }} }}
    - {{ id: noisy, arrivals: {{ poisson: {{ rate: 3/s }} }}, tokens: {{ input: {{ constant: 990 }}, output: {{ constant: 10 }} }}, users: {{ list: [ {{ name: bob, class: noisy }} ] }} }}
gateway: {{ queue: {{ concurrency: 2, capacity_per_flow: 50, order: {order} }} }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 1s, tpot: 0ms }} }} }} }}
"
        ));
        cell(&run.gateway, "quiet", "slowdown")
    };
    let (arrival, fair) = (slowdown("arrival"), slowdown("{ deficit_round_robin: {} }"));
    println!("slowdown of the quiet tenant: {arrival:.1} by arrival, {fair:.2} by turns");
    assert!(arrival > 20.0 && fair < 2.0, "{arrival} {fair}");
}

#[test]
fn who_waits_too_long_or_longer_than_he_would_leaves() {
    let run = |more: &str, session: &str| {
        simulate(&format!(
            "requests: 3
replications: 1
workload: {{ arrivals: {{ constant: {{ rate: 1000/s }} }}, prompts: unique, {session} tokens: {{ input: {{ constant: 10 }}, output: {{ constant: 1 }} }} }}
gateway: {{ queue: {{ concurrency: 1{more} }} }}
models: {{ m: {{ server: {{ tokens: {{ ttft: 10s, tpot: 0ms }} }} }} }}
"
        ))
    };
    let found = |run: &RunTables| {
        ["completed", "rejected", "gateway_expired"].map(|name| metric(run, name))
    };
    assert_eq!(found(&run("", "")), [3.0, 0.0, 0.0]);
    // The second has its turn at 10 s, the third would have it at 20 s.
    assert_eq!(found(&run(", ttl: 15s", "")), [2.0, 1.0, 1.0]);
    let patient =
        |seconds: u32| format!("session: {{ turns: {{ constant: 1 }}, patience: {seconds}s }},");
    assert_eq!(found(&run("", &patient(15))), [2.0, 1.0, 1.0]);
    assert_eq!(found(&run(", ttl: 5s", &patient(15))), [1.0, 2.0, 2.0]);
    assert_eq!(found(&run("", &patient(25))), [3.0, 0.0, 0.0]);
    // At the instant of its end it is still in time.
    assert_eq!(metric(&run(", capacity: 1", ""), "rejected"), 1.0);
}

#[test]
fn calls_that_a_workflow_calls_off_leave_the_queue() {
    // Three calls at once, the first answer wins: the others are called off, one at the
    // model and one in the queue.
    let run = simulate(
        "requests: 1
replications: 1
workload: { prompts: unique, tokens: { input: { constant: 10 }, output: { constant: 1 } } }
gateway: { queue: { concurrency: 2 } }
models: { m: { server: { tokens: { ttft: { uniform: { min: 1s, max: 9s } }, tpot: 0ms } } } }
orchestration: { workflows: { race: { steps: {
  a: { llm: {} }, b: { llm: {} }, c: { llm: {} },
  end: { after: [a, b, c], join: any, tool: {} } } } } }
",
    );
    assert_eq!(metric(&run, "workflows_completed"), 1.0);
    assert_eq!([metric(&run, "completed"), metric(&run, "called_off")], [1.0, 2.0]);
    assert_eq!(metric(&run, "gateway_expired"), 0.0, "nobody waited too long");
}
