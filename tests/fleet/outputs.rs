//! What a run writes of fleets: classes and traces.

use std::process::Command;

use serde_json::Value;

use crate::support::{assert_near, cell, markovian, metric, simulate};

#[test]
fn goodput_counts_what_meets_the_slo_of_its_class() {
    // Service is exponential with a mean of a second: 1 - e^-2 end within two.
    let run = simulate(&markovian(10.0, "replicas: 2", "slo: { e2e: 2s, tpot: 1s }"));
    let within = 1.0 - (-2.0_f64).exp();
    assert_near("attained", metric(&run, "slo_attainment"), within, 0.01);
    let expected = within * metric(&run, "throughput_rps");
    assert_near("goodput", metric(&run, "goodput_rps"), expected, 0.01);
    assert_eq!(run.classes.rows.len(), 1);
    assert_near("of the class", cell(&run.classes, 0, "slo_attainment"), within, 0.01);
    assert!(metric(&run, "class_fairness") > 0.999);
    let own = "slo: { e2e: 2s, classes: { standard: { e2e: 1h } } }";
    let run = simulate(&markovian(10.0, "replicas: 2", own));
    assert_eq!(metric(&run, "slo_attainment"), 1.0);
}

/// Perfetto's rules for the JSON that it reads.
#[test]
fn a_trace_is_an_array_of_events_whose_spans_begin_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("traced.yaml");
    let yaml = "
requests: 300
replications: 1
workload:
  arrivals: { poisson: { rate: 20/s } }
  tokens: { input: { constant: 500 }, output: { constant: 50 } }
models:
  m:
    server: { engine: {}, replicas: 2, faults: { mtbf: 5s, mttr: 1s } }
resilience: { num_retries: 3, hedge: { after: 300ms } }
record: { timeline: true }
";
    std::fs::write(&file, yaml).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_windtunnel"))
        .args(["run", "--quiet", "--out"])
        .arg(folder.path())
        .arg(&file)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = std::fs::read_to_string(folder.path().join("traced/traces/0-0.json")).unwrap();
    let events: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut open = std::collections::BTreeMap::new();
    let mut kinds = std::collections::BTreeSet::new();
    let mut requests = 0;
    for event in &events {
        let phase = event["ph"].as_str().unwrap();
        kinds.insert(phase.to_owned());
        assert!(event["name"].is_string() && event["pid"].is_u64(), "{event}");
        assert!(phase == "M" || event["ts"].is_f64(), "{event}");
        let key = format!("{} {} {}", event["cat"], event["id"], event["name"]);
        match phase {
            "b" => {
                requests += u32::from(event["cat"] == "request");
                assert!(open.insert(key, event["ts"].as_f64()).is_none(), "{event}");
            }
            "e" => assert!(open.remove(&key).unwrap() <= event["ts"].as_f64(), "{event}"),
            "X" => assert!(event["dur"].as_f64().unwrap() >= 0.0, "{event}"),
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(requests, 300);
    assert_eq!(kinds.into_iter().collect::<String>(), "CMXbe");
    let replicas = std::fs::read_to_string(folder.path().join("traced/replicas.csv")).unwrap();
    assert_eq!(replicas.lines().count(), 3);
}
