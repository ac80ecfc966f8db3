use serde_yaml::Value;

use super::points::Sweep;
use super::spec::SweepSpec;
use crate::experiment::load::plain::plain;
use crate::experiment::load::read::read;
use crate::experiment::spec::experiment::Experiment;
use crate::spec::{Path, Problem};

const BASE: &str = "{ a: 1, b: { c: 2, d: 3s }, e: lru, f: null }";

fn sweep(text: &str) -> Result<Sweep, Vec<Problem>> {
    let resolved: Value = serde_yaml::from_str(BASE).expect("YAML");
    let spec: SweepSpec = serde_yaml::from_str(text).expect("a sweep");
    let sweep = Sweep::new(&spec, &resolved, 42, 3);
    if let Ok(sweep) = &sweep {
        assert_eq!(sweep.columns(), spec.columns());
        assert!(sweep.points() as u128 <= spec.most_points());
    }
    sweep
}

/// The points of a sweep, a line of values each.
fn lines(text: &str) -> Vec<String> {
    let sweep = sweep(text).expect("a sweep");
    let shown = |value: Option<Value>| value.map_or_else(|| "-".to_owned(), |it| plain(&it));
    let line = |point| sweep.values(point).into_iter().map(shown).collect::<Vec<_>>().join(" ");
    (0..sweep.points()).map(line).collect()
}

fn refused(text: &str) -> String {
    let problem = &sweep(text).expect_err("refused")[0];
    format!("{}: {}", problem.path, problem.message)
}

#[test]
fn the_last_path_of_a_grid_varies_fastest() {
    let points = lines("{ grid: { a: [10, 20], b.c: [1, 2] } }");
    assert_eq!(points, ["10 1", "10 2", "20 1", "20 2"]);
}

#[test]
fn zipped_paths_go_together() {
    assert_eq!(lines("{ zip: { a: [10, 20], b.d: [1s, 2s] } }"), ["10 1s", "20 2s"]);
    assert!(refused("{ zip: { a: [10, 20], b.d: [1s] } }").contains("has 1 values"));
}

#[test]
fn a_list_names_its_points_and_leaves_the_rest_as_it_is() {
    let list = "{ list: [{ name: base }, { name: more, a: 5 }, { name: other, b.d: 1s, f: x }] }";
    assert_eq!(lines(list), ["base 1 3s -", "more 5 3s -", "other 1 1s x"]);
    assert_eq!(sweep(list).expect("a sweep").columns(), ["variant", "a", "b.d", "f"]);
    assert!(refused("{ list: [{ name: x }, { a: 1 }] }").contains("name every point"));
    assert!(refused("{ list: [{ name: x }, { name: x }] }").contains("`x` is used twice"));
    assert!(refused("{ list: [{ seed: 1 }] }").contains("sweep.list.0.seed: cannot vary `seed`"));
}

#[test]
fn a_variant_may_set_a_section_and_then_a_field_of_it() {
    let sweep = sweep("{ list: [{ b: { c: 9, d: 9s }, b.c: 5 }] }").expect("a sweep");
    let base: Value = serde_yaml::from_str(BASE).expect("YAML");
    let point = sweep.apply(&base, 0);
    assert_eq!(plain(&point["b"]), r#"{"c":5,"d":"9s"}"#);
    let origin = |path: &str| sweep.origin(0, &Path::parse(path)).map(ToString::to_string);
    assert_eq!(origin("b.c").as_deref(), Some("sweep.list.0.b.c"));
    assert_eq!(origin("b.d").as_deref(), Some("sweep.list.0.b"));
    assert_eq!(origin("a"), None);
}

#[test]
fn one_at_a_time_begins_with_the_experiment_as_it_is() {
    let points = lines("{ one_at_a_time: { a: [0, 1, 2], b.d: [3000ms, 4s] } }");
    assert_eq!(points, ["1 3s", "0 3s", "2 3s", "1 4s"]);
}

#[test]
fn one_at_a_time_leaves_out_only_what_is_the_same_experiment() {
    let points = |policy: &str, values: &str| {
        let text = format!(
            "{{ duration: 1m, workload: {{ arrivals: {{ poisson: {{ rate: 1/s }} }} }}, \
             models: {{ m: {{}} }}, \
             cache: {{ levels: [{{ name: l1, capacity: 10, policy: {policy} }}] }} }}"
        );
        let value: Value = serde_yaml::from_str(&text).expect("YAML");
        let reading = read::<Experiment>(&value);
        assert!(reading.problems.is_empty(), "{:?}", reading.problems);
        let resolved = reading.spec.expect("an experiment").to_value();
        let spec = format!("{{ one_at_a_time: {{ cache.levels.l1.policy: {values} }} }}");
        let spec: SweepSpec = serde_yaml::from_str(&spec).expect("a sweep");
        Sweep::new(&spec, &resolved, 42, 1).expect("a sweep").points()
    };
    assert_eq!(points("{ lru_k: { k: 5 } }", "[lru_k, lru]"), 3);
    assert_eq!(points("{ lru_k: { k: 5 } }", "[{ lru_k: { k: 5 } }, lru_k]"), 2);
    assert_eq!(points("{ lru_k: { k: 5 } }", "[{ lru_k: { k: 4 } }]"), 2);
    assert_eq!(points("lru_k", "[lru_k, { lru_k: {} }, lru]"), 2);
    assert_eq!(points("lru_k", "[lru-k]"), 2, "what cannot be read is refused, not left out");
}

#[test]
fn drawn_points_are_those_of_the_seed_whatever_else_is_varied() {
    let one = "{ random: { points: 4, ranges: { a: { from: 1, to: 100 } } } }";
    let two = "{ random: { points: 4, ranges: { b.c: [1, 2], a: { from: 1, to: 100 } } } }";
    let first: Vec<String> = lines(one);
    let second: Vec<String> = lines(two);
    assert_eq!(first, lines(one));
    for (one, two) in first.iter().zip(&second) {
        assert!(two.ends_with(&format!(" {one}")), "{first:?} {second:?}");
    }
    let hypercube = "{ latin_hypercube: { points: 10, ranges: { a: { from: 0, to: 9 } } } }";
    let mut met = lines(hypercube);
    met.sort_unstable();
    assert_eq!(met, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert!(refused("{ random: { points: 0, ranges: { a: [1] } } }").contains("at least 1 point"));
    assert!(refused("{ random: { points: 1, ranges: {} } }").contains("at least one path"));
}

#[test]
fn designs_together_are_combined() {
    let points = lines("{ list: [{ name: x, a: 5 }, { name: y }], grid: { b.c: [7, 8] } }");
    assert_eq!(points, ["x 5 7", "x 5 8", "y 1 7", "y 1 8"]);
    let message = refused("{ zip: { b.c: [1] }, grid: { b: [1] } }");
    assert!(message.contains("`b` and `b.c` set the same thing"), "{message}");
}

#[test]
fn conditions_leave_points_out() {
    let points = lines("{ grid: { a: [1, 2, 3], b.c: [1, 2, 3] }, when: { a: { below: b.c } } }");
    assert_eq!(points, ["1 2", "1 3", "2 3"]);
    assert!(refused("{ grid: { a: [1, 2] }, when: { a: 7 } }").contains("none of the 2 points"));
}

#[test]
fn a_billion_points_are_refused_with_their_count() {
    let thousand: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
    let list = thousand.join(",");
    let message = refused(&format!("{{ grid: {{ a: [{list}], b.c: [{list}], e: [{list}] }} }}"));
    assert!(message.contains("1000000000 points"));
    let many = "{ random: { points: 4000000000, ranges: { a: [1] } } }";
    assert!(refused(many).contains("4000000000 points"));
}

#[test]
fn what_would_change_nothing_is_refused() {
    assert!(refused("{ grid: { a: [1, 2, 1] } }").contains("`1` is listed twice"));
    assert!(refused("{ grid: { seed: [1, 2] } }").contains("all points share it"));
    assert!(refused("{ grid: { b: [1], b.c: [1] } }").contains("set the same thing"));
}

#[test]
fn too_many_replications_are_told_as_such() {
    let problems = Sweep::new(&SweepSpec::default(), &Value::Null, 42, u32::MAX);
    assert_eq!(problems.expect_err("refused")[0].path, Path::parse("replications"));
}
