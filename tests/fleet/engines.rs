//! Batching engines as replicas.

use crate::support::{assert_near, cell, metric, simulate};

fn engines(rate: f64, server: &str, rest: &str) -> String {
    format!(
        "
duration: 10m
workload:
  arrivals: {{ poisson: {{ rate: {rate} }} }}
  prompts: {{ zipf: {{ count: 200, exponent: 0.5 }} }}
  tokens: {{ input: {{ constant: 1600 }}, output: {{ lognormal: {{ mean: 200, p90: 400 }} }} }}
  max_tokens: 2000
models:
  m:
    price: {{ input: $0.000001, output: $0.000002, cached_input: $0.0000001 }}
    server: {{ engine: {{ enable_prefix_caching: false }}, {server} }}
{rest}
"
    )
}

#[test]
fn a_lone_request_takes_the_time_of_its_steps() {
    let run = simulate(
        "
workload:
  requests: [{ prompt: hello, max_tokens: 100 }]
models:
  m: { quality: 1.0, server: { engine: { step: { linear: {} } } } }
",
    );
    let made = metric(&run, "output_tokens");
    // A step of one sequence, and what a token takes on its way.
    let gap = 0.005_758_7 + 0.003_357_4;
    assert_near("time per token", metric(&run, "itl_p99_s"), gap, 0.01);
    let streamed = metric(&run, "e2e_mean_s") - metric(&run, "ttft_mean_s");
    assert_near("after the first", streamed, gap * (made - 1.0), 0.01);
    assert_near("batch", metric(&run, "batch_size_mean"), 1.0, 1e-9);
}

#[test]
fn a_fleet_of_engines_answers_all_and_says_what_it_did() {
    let run = simulate(&engines(20.0, "replicas: 3, balance: least_outstanding", ""));
    assert_eq!(metric(&run, "completed"), metric(&run, "requests"));
    let tokens: f64 = metric(&run, "output_tokens");
    assert!(tokens > 150.0 * metric(&run, "requests"));
    assert!(metric(&run, "batch_size_mean") > 3.0);
    assert!((0.001..0.9).contains(&metric(&run, "kv_use_mean")));
    assert!((0.5..=1.0).contains(&metric(&run, "utilization")));
    assert!(metric(&run, "itl_p99_s") > metric(&run, "tpot_p50_s"), "prompts delay tokens");
    assert_eq!(run.replicas.rows.len(), 3);
    assert!((0..3).all(|row| cell(&run.replicas, row, "batch_mean") > 1.0));
}

#[test]
fn timeouts_crashes_and_hedges_leave_no_job_behind() {
    let rest = "resilience: { timeout: 6s, num_retries: 2, backoff: { base: 50ms }, hedge: { after: 3s, max: 2 } }";
    let faults =
        "faults: { mtbf: 1m, mttr: 10s, error_rate: 0.05, error_after: 100ms, slow: { factor: 3 },
        brown_outs: [{ from: 2m, until: 3m, factor: 4 }] }";
    for abort in [true, false] {
        let server =
            format!("replicas: 4, balance: {{ power_of_two: {{}} }}, abort: {abort}, {faults}");
        // Little's law and the emptiness of all tables are asserted within.
        let run = simulate(&engines(6.0, &server, rest));
        for name in ["timeouts", "crashed", "hedges", "hedges_won", "retries", "wasted_cost_usd"] {
            assert!(metric(&run, name) > 0.0, "{name}");
        }
        let answered = metric(&run, "completed") / metric(&run, "requests");
        assert!(answered > 0.5, "{answered}");
    }
}

#[test]
fn prefixes_are_shared_within_an_engine_and_affinity_finds_them() {
    let hits = |balance: &str| {
        let server = format!("replicas: 4, balance: {balance}");
        let yaml = engines(10.0, &server, "")
            .replace("enable_prefix_caching: false", "num_gpu_blocks: 8000");
        metric(&simulate(&yaml), "prefix_hit_rate")
    };
    let (turns, affine) = (hits("round_robin"), hits("{ prefix_affinity: { bound: 2 } }"));
    let scored = hits("{ scores: { prefix: 4 } }");
    assert!(turns > 0.01, "{turns}");
    assert!(affine > 1.5 * turns && scored > 1.5 * turns, "{turns} {affine} {scored}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let yaml = engines(1.0, "replicas: 1", "")
        .replace("enable_prefix_caching: false", "max_model_len: 1000");
    let run = simulate(&yaml);
    assert_eq!(metric(&run, "rejected"), metric(&run, "requests"));
}

#[test]
fn a_warm_up_may_end_in_the_middle_of_a_step() {
    for seconds in 1..20 {
        let rest = format!("warmup: {seconds}.0037s");
        let run = simulate(&engines(20.0, "replicas: 1", &rest).replace("10m", "1m"));
        assert!((0.0..=1.0).contains(&metric(&run, "kv_use_mean")));
    }
}
