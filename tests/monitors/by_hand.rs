//! Scripted faults whose alerts can be computed by hand, to the nanosecond.

use crate::runs::{metric, simulate};
use crate::support::{alerts, every_second, number, text};

const OUTAGE: &str =
    "faults: { brown_outs: [{ from: 100.123456789s, until: 200.5s, error_rate: 1 }] }";

/// Requests of 101 s to 200 s fail, each at a tenth after its second. The windows of 10 s
/// that end at 105 s, 110 s ... hold ten requests.
#[test]
fn an_alert_fires_and_is_resolved_when_computed() {
    let monitors =
        "monitors: [{ metric: error_rate, above: 20%, window: 10s, every: 5s, for: 10s }]";
    let run = simulate(&every_second(300, OUTAGE, monitors));
    // At 105 s four of ten failed; at 205 s six, at 210 s one.
    assert_eq!(alerts(&run), [["error_rate", "105", "115", "210"]]);
    let alert = |column| text(&run.alerts, 0, column);
    assert_eq!(alert("fault"), "brown-out of m");
    assert_eq!(alert("onset_s"), "100.123456789");
    assert_eq!(alert("time_to_detect_s"), "14.876543211");
    assert_eq!([alert("value"), alert("peak"), alert("threshold")], ["1", "1", "0.2"]);
    assert_eq!(metric(&run, "alerts_fired"), 1.0);
    assert_eq!(metric(&run, "alert_firing_s"), 95.0);
    assert_eq!(metric(&run, "false_alarms"), 0.0);
    assert_eq!(metric(&run, "faults_missed"), 0.0);
    assert_eq!(metric(&run, "time_to_detect_mean_s"), 14.876_543_211);
}

#[test]
fn a_blip_shorter_than_for_does_not_fire_and_is_missed() {
    let blip = "faults: { brown_outs: [{ from: 100.5s, until: 103.5s, error_rate: 1 }] }";
    // Failures at 101.1, 102.1 and 103.1 s: three of ten from 105 s to 110 s.
    let rule = |hold: &str| {
        let monitors = format!(
            "monitors: [{{ metric: error_rate, above: 20%, window: 10s, every: 5s, for: {hold} }}]"
        );
        simulate(&every_second(200, blip, &monitors))
    };
    assert_eq!(alerts(&rule("0s")), [["error_rate", "105", "105", "115"]]);
    assert_eq!(alerts(&rule("5s")), [["error_rate", "105", "110", "115"]]);
    let missed = rule("10s");
    assert_eq!(alerts(&missed), [[""; 4]; 0]);
    assert_eq!(metric(&missed, "faults_missed"), 1.0);
    assert_eq!(number(&missed.monitors, 0, "faults"), 1.0);
    assert_eq!(number(&missed.monitors, 0, "missed"), 1.0);
    assert!(metric(&missed, "time_to_detect_mean_s").is_nan());
}

#[test]
fn an_alert_that_fires_at_the_end_is_not_resolved() {
    let monitors = "monitors: [{ metric: error_rate, above: 20%, window: 10s, every: 5s }]";
    let run = simulate(&every_second(150, OUTAGE, monitors));
    assert_eq!(alerts(&run), [["error_rate", "105", "105", ""]]);
    assert_eq!(number(&run.monitors, 0, "fired"), 1.0);
    assert_eq!(number(&run.monitors, 0, "resolved"), 0.0);
    assert_eq!(metric(&run, "alert_firing_s"), 45.0);
}

/// An objective of 90 % leaves a tenth; every second request is bad in the outage, which
/// burns five times too fast.
#[test]
fn a_burn_rate_is_computed_over_both_windows() {
    let faults = "faults: { brown_outs: [{ from: 100.5s, until: 200.5s, error_rate: 1 }] }";
    let monitors = "monitors: [{ name: page, slo: { objective: 90% }, burn_rate: 5, long: 60s, short: 20s, every: 10s }]";
    let run = simulate(&every_second(400, faults, monitors));
    // Failures from 101.1 s to 200.1 s. The long window has more than 30 of 60 first at
    // 140 s (39); the short one has 10 or fewer of 20 first at 220 s (1 of 20).
    assert_eq!(alerts(&run), [["page", "140", "140", "220"]]);
    // 39 / 60 / 0.1; the most that both had was all: 10 times.
    assert!((number(&run.alerts, 0, "value") - 6.5).abs() < 1e-9);
    assert!((number(&run.alerts, 0, "peak") - 10.0).abs() < 1e-9);
    assert_eq!(text(&run.alerts, 0, "metric"), "burn_rate");
}

#[test]
fn slow_answers_burn_the_budget_of_the_experiment_s_own_slo() {
    // Answers take 100 ms, and 400 ms in the brown-out: too slow for the class.
    let faults = "faults: { brown_outs: [{ from: 100.5s, until: 200.5s, factor: 4 }] }";
    let rule = |bad: &str| {
        format!(
            "slo: {{ e2e: 200ms }}\nmonitors: [{{ slo: {{ objective: 99%{bad} }}, burn_rate: 9, long: 40s, short: 10s, every: 10s }}]"
        )
    };
    let run = simulate(&every_second(300, faults, &rule("")));
    // Nine of 40 by 110 s; the short window has one of ten still at 210 s.
    assert_eq!(alerts(&run), [["slo-9x", "110", "110", "220"]]);
    let errors = simulate(&every_second(300, faults, &rule(", bad: errors")));
    assert_eq!(alerts(&errors), [[""; 4]; 0]);
}

#[test]
fn what_was_not_measured_does_not_fire_unless_asked() {
    // Nothing comes between 50 s and 150 s.
    let gap = |no_data: &str| {
        let mut yaml = every_second(
            200,
            "",
            &format!(
                "monitors: [{{ metric: e2e_mean_s, above: 1s, window: 10s, every: 10s, no_data: {no_data} }}]"
            ),
        );
        for second in 50..150 {
            yaml = yaml.replace(
                &format!("    - {{ at: {second}s, prompt: p{second}, max_tokens: 1 }}\n"),
                "",
            );
        }
        simulate(&yaml)
    };
    assert_eq!(alerts(&gap("ok")), [[""; 4]; 0]);
    // The answer of 49 s came at 49.1 s.
    let fired = gap("fire");
    assert_eq!(alerts(&fired), [["e2e_mean_s", "60", "60", "160"]]);
    assert_eq!(text(&fired.alerts, 0, "value"), "", "there was none");
    assert_eq!(text(&fired.alerts, 0, "fault"), "", "no faults are injected");
    assert!(metric(&fired, "false_alarms").is_nan());
}

#[test]
fn levels_rates_and_money_are_those_of_the_window() {
    // One request a second of 100 ms: a tenth is in the system on average, a fortieth of
    // the servers busy; of 1 token and an answer of 1 token at $0.001 each.
    for (rule, value) in [
        ("metric: in_flight, above: 0.05", 0.1),
        ("metric: utilization, above: 2%", 0.025),
        ("metric: replicas, below: 2", 1.0),
        // The first window has the request at its very beginning, too.
        ("metric: arrivals_rps, above: 59/m", 1.05),
        ("metric: throughput_rps, below: 2/s", 1.0),
        ("metric: queue, below: 1", 0.0),
        ("metric: e2e_max_s, above: 99ms", 0.1),
        ("metric: e2e_p50_s, above: 99ms", 0.1),
        ("metric: inference_mean_s, above: 99ms", 0.1),
        ("metric: errors_rps, below: 1", 0.0),
    ] {
        let yaml =
            every_second(100, "", &format!("monitors: [{{ {rule}, window: 20s, every: 20s }}]"));
        let run = simulate(&yaml);
        let found = number(&run.alerts, 0, "value");
        assert!((found - value).abs() <= 0.0005 * value, "{rule}: {found}");
        assert_eq!(text(&run.alerts, 0, "fired_s"), "20", "{rule}");
    }
    let spent = "monitors: [{ metric: cost_usd, above: $0, window: 20s }, { metric: cost_per_hour_usd, above: $0/h, window: 20s }, { metric: cost_per_request_usd, above: $0, window: 20s }]";
    let run = simulate(&every_second(100, "", spent));
    let value = |row| number(&run.alerts, row, "value");
    let each = metric(&run, "cost_per_request_usd");
    // The first 15 s.
    assert!((value(0) - 15.0 * each).abs() < 1e-9, "{} {each}", value(0));
    assert!((value(1) - 3600.0 * each).abs() < 1e-6);
    assert!((value(2) - each).abs() < 1e-12);
}

#[test]
fn a_monitor_of_a_class_sees_that_class_only() {
    let yaml = "
duration: 10m
workload:
  clients:
    - { id: chat, slo_class: chat, arrivals: { poisson: { rate: 5/s } } }
    - { id: batch, slo_class: batch, arrivals: { poisson: { rate: 1/s } } }
models: { m: { server: { tokens: { ttft: 100ms, tpot: 0s } } } }
monitors:
  - { name: all, metric: throughput_rps, above: 4.5/s, window: 5m, every: 5m }
  - { name: chats, metric: throughput_rps, above: 4/s, window: 5m, every: 5m, class: chat }
  - { name: batches, metric: throughput_rps, above: 1.5/s, window: 5m, every: 5m, class: batch }
";
    let run = simulate(yaml);
    let fired: Vec<String> = alerts(&run).into_iter().map(|[monitor, ..]| monitor).collect();
    assert_eq!(fired, ["all", "chats"]);
    assert!((number(&run.alerts, 0, "value") - 6.0).abs() < 0.6);
    assert!((number(&run.alerts, 1, "value") - 5.0).abs() < 0.6);
}
