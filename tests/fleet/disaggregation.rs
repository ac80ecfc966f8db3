//! Prompts computed on some replicas, answers made on others.

use windtunnel::stats::Cell;

use crate::support::{assert_near, cell, metric, simulate};

/// Prompts of 1000 tokens; `step` is 5 ms, 10 us a token of a prompt, 100 us a sequence.
fn split(workload: &str, server: &str, rest: &str) -> String {
    format!(
        "
workload:
  {workload}
  prompts: {{ zipf: {{ count: 200, exponent: 0.5 }} }}
  max_tokens: 2000
models:
  m:
    server:
      engine:
        enable_prefix_caching: false
        step: {{ linear: {{ per_step: 5ms, per_prefill_token: 10us, per_decode_seq: 100us, per_request: 0s, per_input_token: 0s, per_output_token: 0s }} }}
      {server}
{rest}
"
    )
}

const LONE: &str = "arrivals: { poisson: { rate: 0.001 } }
  tokens: { input: { constant: 1000 }, output: { constant: 50 } }";

fn busy(rate: f64) -> String {
    format!(
        "arrivals: {{ poisson: {{ rate: {rate} }} }}
  tokens: {{ input: {{ constant: 1000 }}, output: {{ lognormal: {{ mean: 200, p90: 400 }} }} }}"
    )
}

#[test]
fn a_lone_request_takes_prefill_transfer_and_decode() {
    let server = "replicas: 2
      disaggregate: { prefill: 1, latency: 2ms, kv_bytes_per_token: 100000, bandwidth_gb_s: 10 }";
    let run = simulate(&split(LONE, server, "duration: 6h"));
    assert!(metric(&run, "completed") > 10.0);
    // A step of 1000 tokens.
    let ttft = 0.005 + 1000.0 * 10e-6;
    // 2 ms and 10^8 bytes at 10^10 a second, and 49 steps of one sequence.
    let decode = 0.002 + 0.01 + 49.0 * 0.0051;
    for (name, value) in [("ttft_mean_s", ttft), ("e2e_mean_s", ttft + decode)] {
        let found = metric(&run, name);
        assert!((found - value).abs() < 1e-9, "{name}: {found} and not {value}");
    }
    assert_near("time per token", metric(&run, "tpot_p50_s"), decode / 49.0, 0.01);
}

#[test]
fn each_request_is_at_one_replica_of_each_side() {
    let server = "replicas: 5
      disaggregate: { prefill: 2 }";
    let run = simulate(&split(&busy(20.0), server, "duration: 5m"));
    assert_eq!(metric(&run, "completed"), metric(&run, "requests"));
    let mut sides = [0.0, 0.0];
    for row in 0..5 {
        let name = run.replicas.rows[row][1].clone();
        let role = if row < 2 { "prefill" } else { "decode" };
        assert_eq!(name, Cell::from(format!("{role} {row}").as_str()));
        sides[usize::from(row >= 2)] += cell(&run.replicas, row, "completed");
    }
    assert_eq!(sides[0], sides[1], "all have answers of more than a token");
    assert!(sides[0] >= metric(&run, "completed"));
}

#[test]
fn the_first_token_is_that_of_replicas_that_only_compute_prompts() {
    let first = |workload: &str, server: &str| {
        metric(&simulate(&split(workload, server, "duration: 5m")), "ttft_p99_s")
    };
    let long = busy(40.0);
    let short = long.replace("lognormal: { mean: 200, p90: 400 }", "constant: 1");
    let apart = first(&long, "replicas: 6\n      disaggregate: { prefill: 2, latency: 0s }");
    assert_eq!(apart, first(&short, "replicas: 2"));
    let together = first(&long, "replicas: 2");
    assert!(together > 1.05 * apart, "tokens of others delay prompts: {together} {apart}");
}

#[test]
fn crashes_and_timeouts_on_either_side_leave_no_job_behind() {
    let rest = "duration: 10m
resilience: { timeout: 3s, num_retries: 2, backoff: { base: 50ms }, hedge: { after: 2s, max: 2 } }";
    for abort in [true, false] {
        let server = format!(
            "replicas: 4
      abort: {abort}
      disaggregate: {{ prefill: 2, latency: 100ms }}
      faults: {{ mtbf: 30s, mttr: 5s, error_rate: 0.05, slow: {{ factor: 3 }} }}"
        );
        // Little's law and the emptiness of all tables are asserted within.
        let run = simulate(&split(&busy(10.0), &server, rest));
        for name in ["timeouts", "crashed", "hedges", "hedges_won", "retries"] {
            assert!(metric(&run, name) > 0.0, "{name}");
        }
        let crashes = |row: usize| cell(&run.replicas, row, "crashes");
        assert!((0..4).all(|row| crashes(row) > 0.0), "both sides crash");
        let answered = metric(&run, "completed") / metric(&run, "requests");
        assert!(answered > 0.3, "{answered}");
    }
}

#[test]
fn either_side_errs_for_itself() {
    let server = "replicas: 4
      disaggregate: { prefill: 2 }
      faults: { error_rate: 0.2 }";
    let run = simulate(&split(&busy(10.0), server, "duration: 20m"));
    let side = |rows: std::ops::Range<usize>, column: &str| {
        rows.map(|row| cell(&run.replicas, row, column)).sum::<f64>()
    };
    for rows in [0..2, 2..4] {
        let share = side(rows.clone(), "failed") / side(rows.clone(), "requests");
        assert_near("of its requests a side fails", share, 0.2, 0.1);
    }
    let answered = metric(&run, "completed") / metric(&run, "requests");
    assert_near("answered by both", answered, 0.8 * 0.8, 0.05);
}

#[test]
fn a_side_that_decodes_may_refuse_what_was_prefilled() {
    let server = "replicas: 2
      disaggregate: { prefill: 1 }";
    let yaml = split(&busy(4.0), server, "duration: 10m");
    let narrow =
        yaml.replace("engine:\n", "engine:\n        max_num_seqs: 2\n        queue_limit: 2\n");
    let run = simulate(&narrow);
    // A prompt takes 15 ms, an answer 1 s: it is the others that are full.
    let refused = |row: usize| cell(&run.replicas, row, "refused");
    assert!(refused(1) > 0.3 * metric(&run, "requests"), "{}", refused(1));
    assert_eq!(refused(0) + refused(1), metric(&run, "rejected"));
    assert_eq!(metric(&run, "attempts"), cell(&run.replicas, 0, "requests"));
    assert_eq!(cell(&run.replicas, 0, "completed"), cell(&run.replicas, 1, "requests"));
    let patient = narrow.replace(
        "duration: 10m",
        "duration: 10m\nresilience: { num_retries: 5, backoff: { base: 2s, max: 4s } }",
    );
    let patient = metric(&simulate(&patient), "completed");
    assert!(patient > metric(&run, "completed"), "a retry computes the prompt again");
}

#[test]
fn each_side_has_its_utilization() {
    let server = "replicas: 5
      disaggregate: { prefill: 2 }";
    let run = simulate(&split(&busy(20.0), server, "duration: 5m"));
    let mean = |rows: std::ops::Range<usize>| {
        let count = rows.len() as f64;
        rows.map(|row| cell(&run.replicas, row, "utilization")).sum::<f64>() / count
    };
    assert_near("prefill", metric(&run, "prefill_utilization"), mean(0..2), 1e-9);
    assert_near("decode", metric(&run, "decode_utilization"), mean(2..5), 1e-9);
    // Steps of 15 ms, 20 a second over two.
    assert_near("of prompts", metric(&run, "prefill_utilization"), 0.15, 0.1);
    let both = simulate(&split(&busy(20.0), "replicas: 5", "duration: 1m"));
    assert!(metric(&both, "prefill_utilization").is_nan());
}
