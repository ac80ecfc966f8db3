//! Recorded workflows take as long as their longest way, or as their places allow.

use windtunnel::workload::DataPaths;

use super::bench::Runs;

/// Tasks `name`, seconds, parents, as version 1.5 of the format has them.
const TASKS: [(&str, f64, &[&str]); 8] = [
    ("split_01", 3.0, &[]),
    ("align_01", 10.0, &["split_01"]),
    ("align_02", 8.0, &["split_01"]),
    ("align_03", 6.0, &["split_01"]),
    ("sort_01", 1.0, &["align_01"]),
    ("sort_02", 2.0, &["align_02"]),
    ("sort_03", 9.0, &["align_03"]),
    ("merge_01", 4.0, &["sort_01", "sort_02", "sort_03"]),
];

/// Runs the instance above with more of its spec.
fn run(more: &str) -> Runs {
    let named = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
    run_tasks(&TASKS.map(|(name, s, parents)| (name.to_owned(), s, named(parents))), more)
}

/// Runs an instance; the folder must outlive the run.
fn run_tasks(tasks: &[(String, f64, Vec<String>)], more: &str) -> Runs {
    let folder = tempfile::tempdir().expect("a folder");
    let quoted = |names: &[String]| names.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
    let times = tasks
        .iter()
        .map(|(name, s, _)| format!(r#"{{ "id": "{name}", "runtimeInSeconds": {s} }}"#))
        .collect::<Vec<_>>();
    let tasks = tasks
        .iter()
        .map(|(name, _, parents)| {
            let parents = quoted(parents).join(", ");
            format!(
                r#"{{ "name": "{name}", "id": "{name}", "parents": [{parents}], "children": [] }}"#
            )
        })
        .collect::<Vec<_>>();
    let text = format!(
        r#"{{ "name": "w", "schemaVersion": "1.5", "workflow": {{
            "specification": {{ "tasks": [{}] }},
            "execution": {{ "makespanInSeconds": 22, "executedAt": "now", "tasks": [{}] }} }} }}"#,
        tasks.join(", "),
        times.join(", ")
    );
    std::fs::write(folder.path().join("w.json"), text).expect("a file");
    let paths = DataPaths { folders: vec![folder.path().to_path_buf()] };
    Runs::of_workflow(&format!("wfcommons: {{ file: w.json, {more} }}"), 1, &paths)
}

fn seconds(more: &str) -> f64 {
    run(more).ran[0].seconds
}

#[test]
fn with_enough_places_the_longest_way_counts() {
    assert_eq!(seconds(""), 3.0 + 6.0 + 9.0 + 4.0);
    assert_eq!(seconds("speed: 4"), 5.5);
    assert_eq!(run("").runs_of("sort_03"), 1.0);
}

/// Graphs at random: a task waits for any of those before it.
#[test]
fn with_enough_places_any_graph_takes_its_longest_way() {
    let mut state = 7u64;
    let mut below = |most: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    for _ in 0..30 {
        let mut tasks: Vec<(String, f64, Vec<String>)> = Vec::new();
        let mut ends: Vec<f64> = Vec::new();
        for number in 0..2 + below(30) as usize {
            let parents: Vec<usize> = (0..number).filter(|_| below(4) == 0).collect();
            let takes = below(40) as f64 / 4.0;
            ends.push(parents.iter().map(|it| ends[*it]).fold(0.0, f64::max) + takes);
            let name = |it: &usize| format!("task_{it:02}");
            tasks.push((name(&number), takes, parents.iter().map(name).collect()));
        }
        let longest = ends.iter().copied().fold(0.0, f64::max);
        assert_eq!(run_tasks(&tasks, "").ran[0].seconds, longest, "{tasks:?}");
    }
}

#[test]
fn with_one_place_all_work_counts() {
    assert_eq!(seconds("places: 1"), TASKS.iter().map(|task| task.1).sum::<f64>());
}

#[test]
fn with_two_places_tasks_wait_in_their_order() {
    // At 3 the first two are aligned, at 11 the third, which waits longest; at 13 the
    // second is sorted, at 15 the first, at 17 the third; at 26 they are merged.
    assert_eq!(seconds("places: 2"), 30.0);
}

#[test]
fn tasks_of_a_kind_are_calls_of_models_and_take_no_place() {
    let runs = run("places: 1, kinds: { align: { llm: {} }, sort: { agent: { chain: {} } } }");
    // Calls of models take a second each: 3 + 1 + 3 + 4.
    assert_eq!(runs.ran[0].seconds, 11.0);
    assert_eq!(runs.ran[0].calls(), 3.0 + 3.0 * 3.0);
}
