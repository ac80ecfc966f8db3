//! Places divided among tenants: each tenant's requests are a queueing system of
//! their own, with its part for servers.

use windtunnel::system::RunTables;

use crate::run::{metric, number, tables};

const REQUESTS: f64 = 150_000.0;

/// ann's requests come at 1.2/s and bob's at 3/s, both by Poisson; each takes a
/// second, exponentially distributed.
fn shared(allocate: &str) -> RunTables {
    tables(&format!(
        "requests: {REQUESTS}
workload:
  arrivals: {{ poisson: {{ rate: 4.2/s }} }}
  users: {{ list: [ {{ name: ann, weight: 1.2 }}, {{ name: bob, weight: 3 }} ] }}
  tokens: {{ input: {{ uniform: {{ min: 10, max: 10 }} }}, output: {{ uniform: {{ min: 1, max: 1 }} }} }}
models: {{ one: {{ server: {{ tokens: {{ ttft: {{ exponential: {{ mean: 1s }} }}, tpot: 0ms }} }} }} }}
record: {{ spend: true }}
cost: {{ allocate: {{ among: users, every: 10m, {allocate} }} }}"
    ))
}

/// Mean numbers of places that a tenant uses, and of its requests that wait.
fn loads(run: &RunTables, tenant: &str) -> (f64, f64) {
    let hours = REQUESTS / 4.2 / 3600.0;
    let of = |column| number(&run.allocation, tenant, column) / hours;
    (of("used"), of("asked_for") - of("used"))
}

/// Erlang's loss formula: the share that finds all of `servers` busy at a load of
/// `erlangs`.
fn erlang_b(servers: u32, erlangs: f64) -> f64 {
    (1..=servers).fold(1.0, |b, n| erlangs * b / (f64::from(n) + erlangs * b))
}

/// The mean number that waits in an M/M/c queue.
fn erlang_c_queue(servers: u32, erlangs: f64) -> f64 {
    let (b, rho) = (erlang_b(servers, erlangs), erlangs / f64::from(servers));
    b / (1.0 - rho + rho * b) * rho / (1.0 - rho)
}

fn close(name: &str, value: f64, expected: f64, tolerance: f64) {
    println!("{name}: theory {expected:.4}, simulated {value:.4}");
    assert!((value / expected - 1.0).abs() < tolerance, "{name}: {value}, not {expected}");
}

#[test]
fn a_tenant_is_an_m_m_c_queue_with_its_part() {
    let run = shared("places: 6, by: fixed, weights: { ann: 1, bob: 2 }");
    for (tenant, servers, erlangs) in [("ann", 2, 1.2), ("bob", 4, 3.0)] {
        let (used, waiting) = loads(&run, tenant);
        close(&format!("{tenant} uses"), used, erlangs, 0.02);
        close(&format!("{tenant} waits"), waiting, erlang_c_queue(servers, erlangs), 0.06);
    }
    let waiting = erlang_c_queue(2, 1.2) + erlang_c_queue(4, 3.0);
    close("queue", metric(&run, "queue_mean_s"), waiting / 4.2, 0.06);
}

#[test]
fn a_tenant_that_may_not_wait_is_erlang_s_loss_system() {
    let run = shared("places: 6, by: fixed, weights: { ann: 1, bob: 2 }, queue: 0");
    let mut refused = 0.0;
    for (tenant, servers, erlangs) in [("ann", 2, 1.2), ("bob", 4, 3.0)] {
        let lost = erlang_b(servers, erlangs);
        close(&format!("{tenant} uses"), loads(&run, tenant).0, erlangs * (1.0 - lost), 0.02);
        refused += erlangs * lost / 4.2;
    }
    close("refused", 1.0 - metric(&run, "completed") / REQUESTS, refused, 0.03);
}

#[test]
fn places_that_are_lent_are_one_queue_for_all() {
    let run = shared("places: 6, by: fixed, weights: { ann: 1, bob: 2 }, lend: true");
    let waiting = loads(&run, "ann").1 + loads(&run, "bob").1;
    close("waiting", waiting, erlang_c_queue(6, 4.2), 0.08);
    // Of what is lent nothing is lost: all wait less than with parts of their own.
    assert!(waiting < 0.6 * (erlang_c_queue(2, 1.2) + erlang_c_queue(4, 3.0)));
}

/// bob asks for more than there is: max-min fairness gives ann what she wants, and
/// proportions do not.
#[test]
fn water_filling_protects_who_asks_for_little() {
    let ann = |by| loads(&shared(&format!("places: 4, by: {by}")), "ann");
    let (used, waiting) = ann("max_min");
    close("ann uses", used, 1.2, 0.02);
    // All four are given by halves: M/M/2 again.
    close("ann waits", waiting, erlang_c_queue(2, 1.2), 0.06);
    assert!(ann("proportional").1 > 50.0);
}

/// A model with a part of 2 is a server that works on 2 at a time.
#[test]
fn a_model_s_part_is_its_concurrency() {
    let run = |server: &str, cost: &str| {
        let run = tables(&format!(
            "requests: 3000
workload:
  arrivals: {{ poisson: {{ rate: 3/s }} }}
models: {{ one: {{ server: {{ tokens: {{ ttft: {{ exponential: {{ mean: 600ms }} }}, tpot: 0ms }}{server} }} }} }}
{cost}"
        ));
        ["e2e_mean_s", "e2e_p99_s", "queue_mean_s", "queue_p99_s"]
            .map(|name| metric(&run, name).to_bits())
    };
    assert_eq!(
        run("", "cost: { allocate: { places: 2, among: models } }"),
        run(", concurrency: 2", "")
    );
}

/// A tenant whose turn comes when the server's queue is full gives up properly.
#[test]
fn a_full_server_behind_places_refuses() {
    let run = tables(
        "requests: 2000
workload: { arrivals: { poisson: { rate: 20/s } } }
models: { one: { server: { tokens: { ttft: 1s, tpot: 0ms }, concurrency: 2, queue_limit: 1 } } }
cost: { allocate: { places: 8, queue: 5 } }",
    );
    let (completed, rejected) = (metric(&run, "completed"), metric(&run, "rejected"));
    assert_eq!(completed + rejected, 2000.0);
    assert!((0.05..0.2).contains(&(completed / 2000.0)), "2 a second of 20: {completed}");
}
