//! The beginning and the end of runs: warm-ups, last arrivals, faults that outlast the run
//! or never come, and long spans in which nothing happens.

use windtunnel::system::RunTables;

use crate::runs::{metric, replicate, simulate};
use crate::support::{alerts, every_second, number, sum, text};

/// Every alert names a fault that is in the table, with its onset.
fn assert_names_fit(run: &RunTables) {
    let faults = &run.faults;
    let rows = 0..faults.rows.len();
    for row in 0..run.alerts.rows.len() {
        let of = |column| text(&run.alerts, row, column);
        if of("fault") == "none" {
            assert_eq!(of("onset_s"), of("pending_s"));
            continue;
        }
        let is_it = |fault: &usize| {
            text(faults, *fault, "fault") == of("fault")
                && text(faults, *fault, "from_s") == of("onset_s")
        };
        assert!(rows.clone().any(|fault| is_it(&fault)), "{:?}", run.alerts.rows[row]);
        assert!(number(&run.alerts, row, "onset_s") <= number(&run.alerts, row, "fired_s"));
    }
}

#[test]
fn alerts_name_their_crash_where_a_brown_out_never_comes() {
    let yaml = "
requests: 14
models: { b: { server: { faults: { mtbf: 1s, brown_outs: [{ from: 5s, until: 1m }, { from: 1h, until: 2h }] } } } }
monitors: [{ metric: cost_usd, below: $0.01, every: 500ms }]
";
    let mut fired = 0;
    for seed in 0..20 {
        let run = replicate(yaml, seed);
        assert_names_fit(&run);
        fired += run.alerts.rows.len();
    }
    assert!(fired > 10, "{fired}");
}

#[test]
fn alerts_of_flapping_replicas_name_what_was_there() {
    let yaml = "
duration: 10m
warmup: 1m
workload: { arrivals: { poisson: { rate: 20/s } } }
models:
  m:
    server:
      replicas: 4
      concurrency: 2
      tokens: { ttft: 100ms, tpot: 0s }
      faults: { mtbf: 1s, mttr: 500ms, brown_outs: [{ from: 3m, until: 4m, factor: 4 }, { from: 2m, until: 9h }] }
monitors:
  - { metric: error_rate, above: 20%, window: 2s, every: 1s }
  - { metric: replicas, below: 2.5, window: 1s, every: 500ms, for: 1s }
  - { metric: e2e_p99_s, above: 500ms, window: 5s, every: 5s }
";
    let run = simulate(yaml);
    assert!(run.alerts.rows.len() > 50 && run.faults.rows.len() > 1000);
    assert_names_fit(&run);
    let faults = &run.faults;
    let lasting: Vec<usize> = (0..faults.rows.len())
        .filter(|row| text(faults, *row, "fault").contains("brown-out"))
        .collect();
    let spans =
        lasting.iter().map(|row| [text(faults, *row, "from_s"), text(faults, *row, "until_s")]);
    assert_eq!(spans.collect::<Vec<_>>(), [["180", "240"], ["120", ""]], "one lasts still");
    assert!((0..faults.rows.len()).all(|row| {
        let until = number(faults, row, "until_s");
        until.is_nan() || (number(faults, row, "from_s") <= until && until <= 600.0)
    }));
}

#[test]
fn nobody_waits_for_a_crash_that_is_years_away() {
    // After the last answer there is a timer only.
    let yaml = "
requests: 20
models: { m: { server: { replicas: 2, faults: { mtbf: 3000d } } } }
monitors:
  - { metric: throughput_rps, below: 1000, window: 1s, every: 1ms }
  - { metric: e2e_p99_s, above: 1h, window: 100s, every: 1ms, no_data: fire, for: 100d }
  - { metric: in_flight, below: 2, window: 100s, every: 1ms, for: 1000d }
  - { slo: { objective: 99% }, every: 5s }
";
    let run = simulate(yaml);
    assert_eq!(run.alerts.rows.len(), 1, "{:?}", run.alerts.rows);
}

#[test]
fn years_between_two_requests_are_skipped() {
    let yaml = "
workload:
  requests: [{ at: 0s, prompt: a, max_tokens: 1 }, { at: 36500d, prompt: b, max_tokens: 1 }, { at: 36501d, prompt: c, max_tokens: 1 }]
models: { m: { server: { tokens: { ttft: 100ms, tpot: 0s }, concurrency: 4 } } }
monitors: [{ metric: arrivals_rps, below: 0.5, window: 1s, every: 1ms, for: 10s }]
";
    let run = simulate(yaml);
    // A request is in the windows that end at its instant or less than a second later; the
    // very first in that of the first second, too.
    let days = |days: u64| (days * 86_400).to_string();
    assert_eq!(
        alerts(&run),
        [
            ["arrivals_rps", "1.001", "11.001", &days(36_500)],
            ["arrivals_rps", "3153600001", "3153600011", &days(36_501)],
        ]
    );
}

#[test]
fn only_what_fires_after_the_warm_up_is_counted_and_an_empty_window_has_nothing() {
    let faults = "faults: { brown_outs: [{ from: 100s, until: 120s, error_rate: 1 }, { from: 200s, until: 220s, error_rate: 1 }] }";
    let rule = "monitors: [{ metric: error_rate, above: 20%, window: 10s, every: 5s }]";
    let after =
        |warmup: &str| simulate(&every_second(300, faults, &format!("warmup: {warmup}\n{rule}")));
    for warmup in ["none", "150s", "150 requests", "105s", "106s"] {
        let run = after(warmup);
        assert_eq!(run.alerts.rows.len(), 2, "all are in the table");
        let counted = if warmup == "none" || warmup == "105s" { 2.0 } else { 1.0 };
        assert_eq!(metric(&run, "alerts_fired"), counted, "{warmup}");
        assert_eq!(sum(&run.monitors, "fired"), counted, "{warmup}");
        assert_eq!(metric(&run, "faults_missed"), 0.0, "{warmup}");
        // The first fires from 105 s to 130 s, the second from 205 s to 230 s.
        let firing = match warmup {
            "106s" => 49.0,
            "150s" | "150 requests" => 25.0,
            _ => 50.0,
        };
        assert_eq!(metric(&run, "alert_firing_s"), firing, "{warmup}");
    }
}

#[test]
fn an_evaluation_at_the_very_end_counts_and_later_ones_do_not() {
    // Answers of the last request come after the end; its failures would, too.
    let faults = "faults: { brown_outs: [{ from: 95s, until: 200s, factor: 1000 }] }";
    let rule = |every: &str| {
        let monitors =
            format!("monitors: [{{ metric: in_flight, above: 1, window: 1s, every: {every} }}]");
        simulate(&every_second(100, faults, &monitors))
    };
    let run = rule("20s");
    assert_eq!(alerts(&run), [["in_flight", "100", "100", ""]]);
    assert_eq!(text(&run.faults, 0, "until_s"), "", "it outlasts the run");
    assert_eq!(metric(&run, "alert_firing_s"), 0.0);
    assert_eq!(alerts(&rule("101s")), [[""; 4]; 0]);
}
