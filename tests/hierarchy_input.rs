//! Mistakes in a `cache:` block are told once, at their place.

use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};

fn found(yaml: &str) -> Vec<String> {
    let document = Document::from_text("test.yaml", yaml).expect("YAML");
    match prepare(&document, &Overrides::default()) {
        Ok(prepared) => prepared.warnings.iter().map(ToString::to_string).collect(),
        Err(found) => found.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn each_mistake_is_told_once_and_where_it_is() {
    for (cache, place, message) in [
        ("{ mode: exclusiv }", "cache.mode", "did you mean `exclusive`?"),
        ("{ write: bakc }", "cache.write", "did you mean `back`?"),
        ("{ single_fligth: true }", "cache.single_fligth", "did you mean `single_flight`?"),
        (
            "{ levels: [{ latency: { lognorml: { mean: 1ms } } }] }",
            "cache.levels.0.latency.lognorml",
            "did you mean `lognormal`?",
        ),
        (
            "{ levels: [{ latency: { lognormal: { mean: 1ms, p9: 2ms, p99: 4ms } } }] }",
            "cache.levels.0.latency.lognormal.p9",
            "did you mean `p90`?",
        ),
        ("{ levels: [{ latency: fast }] }", "cache.levels.0.latency", "such as 10ms"),
        ("{ levels: [{ latency: {} }] }", "cache.levels.0.latency", "missing field `distribution`"),
        ("{ levels: [{ bandwidth: 5MB }] }", "cache.levels.0.bandwidth", "such as 500MB/s"),
        ("{ invalidation: { share: 0.5 } }", "cache.invalidation", "`every: 10m`"),
        ("{ ttl_by_class: { vpi: 1m } }", "cache.ttl_by_class.vpi", "did you mean `vip`?"),
        ("{ expiry: timer }", "cache.expiry", "nothing expires"),
    ] {
        let found = found(&format!(
            "workload: {{ users: {{ zipf: {{ classes: {{ vip: 0.5 }} }} }} }}\ncache: {cache}\n"
        ));
        let [one] = &found[..] else { panic!("{cache}: {found:?}") };
        assert!(one.contains(&format!("({place})")) && one.contains(message), "{cache}: {one}");
    }
}

#[test]
fn contents_without_a_cache_are_warned_of() {
    let found = found("record: { cache: true }\n");
    assert!(found[0].contains("there is no cache"), "{found:?}");
}
