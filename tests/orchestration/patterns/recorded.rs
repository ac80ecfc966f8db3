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

/// Runs the instance above with more of its spec; the folder must outlive the run.
fn run(more: &str) -> Runs {
    let folder = tempfile::tempdir().expect("a folder");
    let quoted = |names: &[&str]| names.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>();
    let tasks = TASKS.map(|(name, _, parents)| {
        let parents = quoted(parents).join(", ");
        format!(r#"{{ "name": "{name}", "id": "{name}", "parents": [{parents}], "children": [] }}"#)
    });
    let times =
        TASKS.map(|(name, s, _)| format!(r#"{{ "id": "{name}", "runtimeInSeconds": {s} }}"#));
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
