//! Timeouts, retries, hedges, fallbacks and limits.

use crate::support::{assert_near, cell, estimate, markovian, metric, simulate};

#[test]
fn means_that_are_never_needed_change_nothing() {
    let plain = simulate(&markovian(0.8, "concurrency: 1", ""));
    let armed = simulate(&markovian(
        0.8,
        "concurrency: 1",
        "resilience: { timeout: 100h, num_retries: 3, allowed_fails: 3, hedge: { after: 50h },
          rate_limit: { rpm: 1000000000 }, admission: { max_outstanding: 1000000 } }",
    ));
    for name in ["completed", "e2e_mean_s", "e2e_p99_s", "queue_p99_s", "ttft_p90_s", "cost_usd"] {
        let (plain, armed) = (metric(&plain, name), metric(&armed, name));
        assert_eq!(plain.to_bits(), armed.to_bits(), "{name}: {plain} {armed}");
    }
    assert_eq!(plain.users, armed.users);
    assert_eq!(plain.models.rows[0][..11], armed.models.rows[0][..11]);
    assert_eq!(metric(&armed, "attempts"), metric(&armed, "requests"));
}

/// With service of mean 1 and a second attempt after d, the first answer takes longer
/// than t with probability e^-t before d and e^-t e^-(t - d) after.
#[test]
fn hedging_cuts_the_tail_as_two_exponentials_do() {
    let server = "replicas: 2, balance: random";
    let plain = markovian(20.0, server, "");
    let hedged = markovian(20.0, server, "resilience: { hedge: { after: 2s } }");
    let p99 = |yaml: &str| estimate(yaml, 8, "e2e_p99_s").0;
    assert_near("p99 of one", p99(&plain), 100_f64.ln(), 0.02);
    // 2 t - d = ln 100.
    assert_near("p99 of the first of two", p99(&hedged), f64::midpoint(100_f64.ln(), 2.0), 0.02);
    let run = simulate(&hedged);
    let share = metric(&run, "hedges") / metric(&run, "requests");
    assert_near("share hedged", share, (-2.0_f64).exp(), 0.02);
    let won = metric(&run, "hedges_won") / metric(&run, "hedges");
    assert_near("of these, share won", won, 0.5, 0.03);
    // By memorylessness each pair costs half a service more on both sides: what the
    // loser made in vain is what the winner saved.
    assert!(metric(&run, "wasted_cost_usd") > 0.0);
    assert!(metric(&run, "cost_usd") > metric(&run, "wasted_cost_usd"));
}

/// A hedge at the 95th percentile of what answers took is made for one in twenty, as
/// Dean and Barroso have it, whatever the model's times are.
#[test]
fn at_p95_one_request_in_twenty_gets_a_second_attempt() {
    for (percentile, share, mean) in [("p95", 0.05, "1ms"), ("p80", 0.2, "5ms")] {
        let rest = format!("resilience: {{ hedge: {{ after: {percentile}, initially: 1h }} }}");
        let yaml = markovian(20.0, "replicas: 2, balance: random", &rest)
            .replace("mean: 1ms", &format!("mean: {mean}"));
        let run = simulate(&yaml);
        let hedged = metric(&run, "hedges") / metric(&run, "requests");
        assert_near(percentile, hedged, share, 0.05);
    }
}

#[test]
fn a_timeout_cuts_service_and_retries_as_often_as_said() {
    let rest = "resilience: { timeout: 1s, num_retries: 2, backoff: { base: 10ms } }";
    let run = simulate(&markovian(20.0, "replicas: 1", rest));
    // e^-1 of the attempts take longer than their mean.
    let failed = (-1.0_f64).exp();
    let requests = metric(&run, "requests");
    assert_near(
        "attempts",
        metric(&run, "attempts") / requests,
        1.0 + failed + failed.powi(2),
        0.01,
    );
    assert_near("lost", metric(&run, "rejected") / requests, failed.powi(3), 0.05);
    assert_eq!(metric(&run, "timeouts"), metric(&run, "retries") + metric(&run, "rejected"));
    assert!(metric(&run, "wasted_cost_usd") > 0.0, "a second of work is paid for");
}

#[test]
fn a_server_that_does_not_abort_works_and_charges_to_the_end() {
    let rest = "resilience: { timeout: 1s }";
    let stops = simulate(&markovian(5.0, "replicas: 1", rest));
    let goes_on = simulate(&markovian(5.0, "replicas: 1, abort: false", rest));
    let sound = simulate(&markovian(5.0, "replicas: 1", ""));
    assert_eq!(metric(&stops, "timeouts"), metric(&goes_on, "timeouts"));
    assert!(metric(&stops, "cost_usd") < metric(&goes_on, "cost_usd"));
    let (all, whole) = (metric(&goes_on, "cost_usd"), metric(&sound, "cost_usd"));
    assert!((all - whole).abs() < 1e-9 * whole, "{all} {whole}");
}

#[test]
fn a_fallback_answers_where_the_first_cannot() {
    let yaml = "
duration: 10m
workload:
  arrivals: { poisson: { rate: 5/s } }
  tokens: { input: { constant: 100 }, output: { constant: 10 } }
models:
  big: { price: { per_token: $0.001 }, quality: 1.0, server: { tokens: { ttft: 100ms }, faults: { error_rate: 0.5, error_after: 10ms } } }
  small: { price: { per_token: $0.0001 }, quality: 0.5, server: { tokens: { ttft: 50ms } } }
cost: { select: { fixed: big } }
resilience: { num_retries: 1, backoff: { base: 1ms }, fallbacks: { big: [small] } }
";
    let run = simulate(yaml);
    let requests = metric(&run, "requests");
    assert_eq!(metric(&run, "completed"), requests);
    assert_near("fallbacks", metric(&run, "fallbacks") / requests, 0.25, 0.1);
    assert_eq!(cell(&run.models, 1, "completed"), metric(&run, "fallbacks"));
    // Failed attempts cost nothing.
    let expected = 0.11 * cell(&run.models, 0, "completed") + 0.011 * metric(&run, "fallbacks");
    assert_near("cost", metric(&run, "cost_usd"), expected, 1e-9);
}

#[test]
fn limits_let_through_what_they_say() {
    let limited = |server: &str, rest: &str| {
        let yaml = markovian(20.0, server, rest).replace("warmup: 5m", "warmup: none");
        let run = simulate(&yaml);
        (metric(&run, "completed"), metric(&run, "throttled"), metric(&run, "rejected"))
    };
    // Two hours, and the bucket's content at first.
    let (completed, throttled, rejected) = limited("rpm: 600", "");
    assert_near("of the provider", completed, 600.0 * 121.0, 0.001);
    assert_eq!(throttled, rejected);
    let (completed, throttled, _) =
        limited("replicas: 1", "resilience: { rate_limit: { rpm: 600 } }");
    assert_near("of the client", completed, 600.0 * 121.0, 0.001);
    assert_eq!(throttled, 0.0);
}

#[test]
fn the_less_urgent_are_shed_first() {
    let shed = |class: &str, share: f64| {
        let rest = format!(
            "resilience: {{ admission: {{ max_outstanding: 20, classes: {{ {class}: {share} }} }} }}"
        );
        let rest = rest.as_str();
        let yaml = markovian(1.5, "concurrency: 1", rest)
            .replace("  max_tokens", &format!("  slo_class: {class}\n  max_tokens"));
        let run = simulate(&yaml);
        assert_eq!(metric(&run, "shed"), metric(&run, "rejected"));
        (metric(&run, "shed") / metric(&run, "requests"), metric(&run, "e2e_mean_s"))
    };
    let (batch, urgent) = (shed("batch", 0.5), shed("interactive", 1.0));
    // M/M/1/K: at an overload of a half a third is lost, whatever K; the wait is K's.
    assert_near("batch", batch.0, 1.0 / 3.0, 0.05);
    assert_near("urgent", urgent.0, 1.0 / 3.0, 0.05);
    assert!(batch.1 < 10.0 && urgent.1 > 15.0, "{batch:?} {urgent:?}");
}
