//! What holds for any monitors of any run.

use windtunnel::system::METRICS;

use crate::runs::{metric, replicate, simulate};
use crate::support::{number, sum, text};

/// A fleet that crashes under a load that jumps, watched by rules of every kind.
fn fleet(monitors: &str) -> String {
    format!(
        "
duration: 2h
warmup: 10m
workload:
  arrivals: {{ markov: {{ states: [{{ rate: 2/s, mean: 5m }}, {{ rate: 8/s, mean: 1m }}] }} }}
  prompts: {{ uniform: {{ count: 1000 }} }}
  tokens: {{ input: {{ constant: 100 }}, output: {{ constant: 200 }} }}
cache: {{ levels: [{{ name: l1, capacity: 100 }}] }}
models:
  m:
    price: {{ per_token: $0.00001 }}
    server:
      tokens: {{ ttft: 200ms, tpot: {{ exponential: {{ mean: 5ms }} }} }}
      concurrency: 2
      replicas: 3
      queue_limit: 30
      faults: {{ mtbf: 30m, mttr: 3m, error_rate: 0.01, brown_outs: [{{ from: 1h, until: 65m, factor: 3 }}] }}
slo: {{ e2e: 4s }}
{monitors}
"
    )
}

const RULES: &str = "
monitors:
  - { metric: error_rate, above: 3% }
  - { metric: e2e_p99_s, above: 5s, for: 1m, keep_firing_for: 2m }
  - { metric: queue, above: 3, window: 40s, every: 25s }
  - { metric: replicas, below: 2.9 }
  - { metric: utilization, above: 90%, for: 30s, no_data: fire }
  - { metric: cache_hit_rate, below: 5%, window: 5m }
  - { metric: cost_per_hour_usd, above: $40 }
  - { metric: slo_attainment, below: 80%, window: 2m }
  - { name: burn, slo: { objective: 99% } }
";

#[test]
fn monitors_see_and_change_nothing() {
    let (with, without) = (simulate(&fleet(RULES)), simulate(&fleet("")));
    assert!(metric(&with, "alerts_fired") > 10.0 && metric(&without, "alerts_fired").is_nan());
    for (index, known) in METRICS.iter().enumerate() {
        let (with, without) = (with.metrics[index], without.metrics[index]);
        let of_monitors = without.is_nan() && !with.is_nan();
        let alerts = known.name.contains("alarm")
            || known.name.contains("alert")
            || known.name.starts_with("time_to_detect")
            || known.name == "faults_missed";
        assert!(!of_monitors || alerts, "{}", known.name);
        assert!(of_monitors || with.to_bits() == without.to_bits(), "{}", known.name);
    }
    assert_eq!(with.timeline, without.timeline);
    assert_eq!(with.users, without.users);
    assert_eq!(with.replicas, without.replicas);
}

#[test]
fn every_alert_is_resolved_or_fires_still_and_times_are_in_order() {
    for seed in 0..6 {
        let run = replicate(&fleet(RULES), seed);
        let alerts = &run.alerts;
        let rows = 0..alerts.rows.len();
        let open = rows.clone().filter(|row| text(alerts, *row, "resolved_s").is_empty()).count();
        let late = rows.clone().filter(|row| number(alerts, *row, "fired_s") >= 600.0);
        assert_eq!(late.count() as f64, sum(&run.monitors, "fired"), "those after the warm-up");
        assert_eq!(metric(&run, "alerts_fired"), sum(&run.monitors, "fired"));
        let before = rows.clone().filter(|row| {
            number(alerts, *row, "fired_s") < 600.0 && !text(alerts, *row, "resolved_s").is_empty()
        });
        assert_eq!(
            sum(&run.monitors, "resolved"),
            (alerts.rows.len() - open - before.count()) as f64,
            "fired = resolved + still firing"
        );
        assert!((metric(&run, "alert_firing_s") - sum(&run.monitors, "firing_s")).abs() < 1e-6);
        for row in rows.clone() {
            let at = |column| number(alerts, row, column);
            assert!(at("pending_s") <= at("fired_s"));
            assert!(at("resolved_s").is_nan() || at("fired_s") < at("resolved_s"));
            assert!(at("onset_s") <= at("fired_s"));
            let beyond = match text(alerts, row, "condition").as_str() {
                "above" => at("value") > at("threshold") && at("peak") >= at("value"),
                _ => at("value") < at("threshold") && at("peak") <= at("value"),
            };
            assert!(beyond || at("value").is_nan(), "{:?}", alerts.rows[row]);
            if text(alerts, row, "fault") == "none" {
                assert_eq!(text(alerts, row, "onset_s"), text(alerts, row, "pending_s"));
            }
        }
        // One alert of a rule at a time.
        for monitor in 0..run.monitors.rows.len() {
            let name = text(&run.monitors, monitor, "monitor");
            let mine = rows.clone().filter(|row| text(alerts, *row, "monitor") == name);
            let spans: Vec<(f64, f64)> = mine
                .map(|row| (number(alerts, row, "fired_s"), number(alerts, row, "resolved_s")))
                .collect();
            assert!(spans.windows(2).all(|pair| pair[0].1 < pair[1].0), "{name}: {spans:?}");
        }
    }
}

#[test]
fn every_crash_is_a_fault_and_the_number_of_replicas_tells_of_those_that_last() {
    let run = simulate(&fleet(RULES));
    let faults = &run.faults;
    let crashes =
        (0..faults.rows.len()).filter(|row| text(faults, *row, "fault").contains("crash"));
    let within: Vec<usize> =
        crashes.clone().filter(|row| number(faults, *row, "from_s") >= 600.0).collect();
    assert_eq!(within.len() as f64, sum(&run.replicas, "crashes"));
    let watches = |row: &usize| text(&run.alerts, *row, "monitor") == "replicas";
    let told: Vec<(f64, f64)> = (0..run.alerts.rows.len())
        .filter(watches)
        .map(|row| (number(&run.alerts, row, "pending_s"), number(&run.alerts, row, "resolved_s")))
        .collect();
    // A tenth of a replica over a minute is away after some seconds; the rule looks every 15.
    for row in crashes {
        let (from, until) = (number(faults, row, "from_s"), number(faults, row, "until_s"));
        let lasts = until.is_nan() || until - from > 25.0;
        let early = from < 7200.0 - 60.0;
        let seen = told.iter().any(|(pending, resolved)| {
            *pending <= from + 30.0 && (resolved.is_nan() || *resolved >= from)
        });
        assert!(!lasts || !early || seen, "{from} {until} {told:?}");
    }
}
