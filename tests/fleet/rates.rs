//! Rates are those of the window, and what people quote of them, by hand.

use crate::support::{assert_near, cell, metric, simulate};
use windtunnel::stats::Table;

fn total(table: &Table, column: &str) -> f64 {
    (0..table.rows.len()).map(|row| cell(table, row, column)).filter(|it| !it.is_nan()).sum()
}

/// Two answers a second, each half a minute after its request.
fn slow_answers(rest: &str) -> String {
    format!(
        "
duration: 100s
warmup: 40s
workload: {{ arrivals: {{ constant: {{ rate: 2/s }} }}, prompts: unique,
  tokens: {{ input: {{ constant: 100 }}, output: {{ constant: 11 }} }} }}
{rest}
"
    )
}

#[test]
fn answers_to_requests_from_before_the_window_are_answers_of_the_window() {
    let model = "models: { m: { server: { tokens: { ttft: 30s, tpot: 0ms } } } }";
    for slo in ["", "slo: { e2e: 60s }", "slo: { e2e: 1s, classes: { standard: { e2e: 60s } } }"] {
        let run = simulate(&slow_answers(&format!("{slo}\n{model}")));
        assert_near("throughput", metric(&run, "throughput_rps"), 2.0, 1e-9);
        assert_near("goodput", metric(&run, "goodput_rps"), 2.0, 1e-9);
        assert_near("tokens", metric(&run, "output_tokens_per_s"), 22.0, 1e-9);
        assert_near("with prompts", metric(&run, "total_tokens_per_s"), 222.0, 1e-9);
        assert_near("good ones", metric(&run, "good_tokens_per_s"), 22.0, 1e-9);
        let rows = run.timeline.rows.len();
        let times = (0..rows).map(|row| cell(&run.timeline, row, "time_s"));
        let late: Vec<usize> = times
            .enumerate()
            .filter(|(_, at)| (42.0..=100.0).contains(at))
            .map(|it| it.0)
            .collect();
        let sum: f64 = late.iter().map(|row| cell(&run.timeline, *row, "completions_rps")).sum();
        assert_near("timeline", sum / late.len() as f64, 2.0, 0.02);
    }
}

#[test]
fn the_goodput_of_classes_adds_up_to_goodput() {
    let run = simulate(
        "
duration: 100s
slo: { e2e: 60s }
workload:
  aggregate_rate: 2/s
  tokens: { input: { constant: 100 }, output: { constant: 11 } }
  clients:
    - { id: chat, rate_fraction: 0.5, slo_class: interactive, arrivals: { poisson: { rate: 1/s } } }
    - { id: nightly, rate_fraction: 0.5, slo_class: batch, arrivals: { poisson: { rate: 1/s } } }
models: { m: { server: { tokens: { ttft: 30s, tpot: 10ms } } } }
",
    );
    let sum = total(&run.classes, "goodput_rps");
    assert_near("goodput", metric(&run, "goodput_rps"), sum, 1e-12);
    // All answers are good; those of the last half minute come after the window.
    assert_near("throughput", metric(&run, "throughput_rps"), sum, 1e-12);
    assert!(sum < 0.75 * metric(&run, "completed") / 100.0);
}

#[test]
fn attempts_are_what_replicas_got_and_the_rest_is_counted_apart() {
    let run = simulate(
        "
duration: 10m
workload: { arrivals: { constant: { rate: 1/s } }, prompts: unique }
models: { m: { server: { concurrency: 1, queue_limit: 0, rpm: 2, tokens: { ttft: 90s } } } }
",
    );
    let (attempts, throttled) = (metric(&run, "attempts"), metric(&run, "throttled"));
    assert_eq!(attempts + throttled, metric(&run, "requests"));
    assert!(attempts < 30.0, "{attempts}");
    assert_eq!(total(&run.replicas, "requests"), attempts);
    // What the provider lets through finds a server that is busy, most of the time.
    let refused = total(&run.replicas, "refused");
    assert!(refused > 0.0);
    assert_eq!(total(&run.replicas, "completed") + refused, attempts);
    assert_eq!(metric(&run, "unsent"), 0.0);
    let limited = simulate(
        "
duration: 10m
workload: { arrivals: { constant: { rate: 1/s } }, prompts: unique }
models: { m: { server: { tokens: { ttft: 1s } } } }
resilience: { rate_limit: { rpm: 6 } }
",
    );
    let refused = metric(&limited, "rate_limited");
    assert_eq!(refused, metric(&limited, "rejected"));
    assert_eq!(refused + metric(&limited, "attempts"), metric(&limited, "requests"));
}

#[test]
fn who_waits_before_all_replicas_in_vain_was_sent_to_none() {
    let run = simulate(
        "
requests: 10
workload: { requests: [{ at: 0s, prompt: a }, { at: 0s, prompt: b }, { at: 0s, prompt: c },
  { at: 0s, prompt: d }] }
models: { m: { server: { queue: shared, queue_limit: 2, concurrency: 1, tokens: { ttft: 10s } } } }
resilience: { timeout: 5s }
",
    );
    // One is served for five seconds, two wait as long, and the last finds no place to wait.
    assert_eq!(metric(&run, "attempts"), 1.0);
    assert_eq!(metric(&run, "unsent"), 3.0);
    assert_eq!(metric(&run, "timeouts"), 3.0);
    assert_eq!(total(&run.replicas, "requests"), 1.0);
}

#[test]
fn tokens_by_gpu_and_user_and_jobs_by_gpu_hour() {
    let run = simulate(&slow_answers(
        "
models: { m: { server: { gpus: 4, replicas: 2, tokens: { ttft: 30s, tpot: 10ms } } },
  api: { server: { tokens: { ttft: 1s } } } }
cost: { select: { fixed: m } }
orchestration: { workflows: { w: { steps: { answer: { llm: {} } } } } }
",
    ));
    assert_near("by GPU", metric(&run, "tokens_per_s_per_gpu"), 22.0 / 8.0, 1e-9);
    assert_near("by user", metric(&run, "tokens_per_s_per_user"), 100.0, 1e-3);
    assert_near("jobs", metric(&run, "jobs_per_gpu_hour"), 2.0 * 3600.0 / 8.0, 1e-9);
    let hosted = simulate(&slow_answers("models: { m: { server: { tokens: { ttft: 30s } } } }"));
    assert!(metric(&hosted, "tokens_per_s_per_gpu").is_nan(), "nobody says of any GPU");
    assert!(metric(&hosted, "jobs_per_gpu_hour").is_nan());
}

#[test]
fn what_failed_has_its_times_beside_what_was_answered() {
    let run = simulate(
        "
requests: 100
workload: { arrivals: { constant: { rate: 1/s } }, prompts: unique }
models: { m: { server: { tokens: { ttft: { uniform: { max: 4s } } } } } }
resilience: { timeout: 2s }
orchestration: { workflows: { w: { steps: { answer: { llm: {} } } } } }
",
    );
    assert!(metric(&run, "rejected") > 20.0);
    assert!(metric(&run, "e2e_max_s") <= 2.0 && metric(&run, "makespan_p99_s") <= 2.001);
    for name in ["failed_e2e_mean_s", "failed_e2e_p99_s", "failed_makespan_p99_s"] {
        assert_near(name, metric(&run, name), 2.0, 1e-3);
    }
}

#[test]
fn the_share_of_queues_and_how_full_a_server_is() {
    let run = simulate(
        "
workload: { requests: [{ at: 0s, prompt: a }, { at: 0s, prompt: b }, { at: 0s, prompt: c }] }
models: { m: { server: { concurrency: 2, tokens: { ttft: 4s, tpot: 0ms } } } }
",
    );
    // Two are served at once, the third after them: 4 + 4 + 8 s, 4 of them in the queue.
    assert_near("queues", metric(&run, "queue_share"), 4.0 / 16.0, 1e-9);
    assert_near("servers", metric(&run, "saturation"), 12.0 / 16.0, 1e-9);
    // An engine is at work with one sequence, and has seats for four.
    let engine = simulate(
        "
workload: { requests: [{ at: 0s, prompt: a, max_tokens: 400 }] }
models: { m: { server: { engine: { max_num_seqs: 4, num_gpu_blocks: 10000 } } } }
",
    );
    let busy = metric(&engine, "utilization");
    assert!(busy > 0.5, "{busy}");
    assert_near("seats", metric(&engine, "saturation"), busy / 4.0, 1e-6);
}

#[test]
fn gpus_are_those_that_an_engine_s_steps_run_on() {
    let hours = |step: &str, rest: &str| {
        let run = simulate(&format!(
            "
duration: 1h
workload: {{ arrivals: {{ constant: {{ rate: 1/m }} }} }}
models: {{ m: {{ price: {{ per_gpu_hour: $2 }}, server: {{ engine: {{ step: {step} }} {rest} }} }} }}
"
        ));
        metric(&run, "server_cost_usd") / 2.0
    };
    let roofline = "{ roofline: { model: llama-3.1-70b, tensor_parallel_size: 4 } }";
    assert_near("one", hours("{ linear: {} }", ""), 1.0, 1e-9);
    assert_near("four", hours(roofline, ""), 4.0, 1e-9);
    assert_near("a preset's", hours("{ linear: { preset: llama-3.3-70b-h100x8 } }", ""), 8.0, 1e-9);
    assert_near("as it is said", hours(roofline, ", gpus: 2"), 2.0, 1e-9);
}
