//! Small instances in every form of the format, and what is wrong with bad ones.

use super::*;

/// Four tasks, two of them side by side, as version 1.5 has them.
const DIAMOND: &str = r#"{
  "name": "diamond", "schemaVersion": "1.5",
  "workflow": {
    "specification": {
      "tasks": [
        { "name": "mProject", "id": "ID01", "parents": [], "children": ["ID02", "ID03"],
          "inputFiles": ["in"], "outputFiles": ["out"] },
        { "name": "mDiffFit", "id": "ID02", "parents": ["ID01"], "children": ["ID04"] },
        { "name": "mDiffFit", "id": "ID03", "parents": ["ID01"], "children": ["ID04"] },
        { "name": "mAdd", "id": "ID04", "parents": ["ID02", "ID03"], "children": [] }
      ],
      "files": [{ "id": "in", "sizeInBytes": 1024 }]
    },
    "execution": {
      "makespanInSeconds": 9.5, "executedAt": "2026-01-01T00:00:00Z",
      "tasks": [
        { "id": "ID01", "runtimeInSeconds": 4.5, "coreCount": 1, "machines": ["m"] },
        { "id": "ID02", "runtimeInSeconds": 1 },
        { "id": "ID03", "runtimeInSeconds": 2.25 },
        { "id": "ID04", "runtimeInSeconds": 0.0 }
      ],
      "machines": [{ "nodeName": "m", "cpu": { "coreCount": 48 } }]
    }
  }
}"#;

/// The same as version 1.3 has them: by name, with times beside them, children left out.
const OLD_DIAMOND: &str = r#"{
  "name": "diamond", "schemaVersion": "1.3",
  "workflow": {
    "makespan": 9.5,
    "tasks": [
      { "name": "mProject_ID01", "id": "ID01", "category": "mProject", "runtime": 4.5,
        "files": [{ "name": "in", "size": 1, "link": "input" }], "cores": 1 },
      { "name": "mDiffFit_ID02", "id": "ID02", "parents": ["mProject_ID01"], "runtime": 1 },
      { "name": "mDiffFit_ID03", "id": "ID03", "parents": ["mProject_ID01"], "runtime": 2.25 },
      { "name": "mAdd", "id": "ID04", "parents": ["mDiffFit_ID02", "ID03"], "runtime": 0 }
    ]
  }
}"#;

fn spec(yaml: &str) -> WfCommonsSpec {
    let value: serde_yaml::Value = serde_yaml::from_str(yaml).expect("YAML");
    serde_yaml::with::singleton_map_recursive::deserialize(value).expect("a spec")
}

fn plain() -> WfCommonsSpec {
    spec("file: w.json")
}

/// How long a step takes, in seconds.
fn seconds(step: &StepSpec) -> f64 {
    match &step.does {
        Does::Tool(UseToolSpec::Own(tool)) => tool.latency.distribution().mean_s(),
        _ => panic!("{step:?} is no tool of its own"),
    }
}

/// What is wrong with a file, without its name.
fn wrong(text: &str) -> String {
    let (path, message, _) = plain().steps_of(text).expect_err("a bad file");
    assert_eq!(path.to_string(), "file");
    let why = message.strip_prefix("`w.json`: ").or(message.strip_prefix("w.json"));
    why.expect("the file's name").to_owned()
}

#[test]
fn tasks_are_tools_after_their_parents() {
    let steps = plain().steps_of(DIAMOND).unwrap();
    let names: Vec<&String> = steps.keys().collect();
    assert_eq!(names, ["ID01", "ID02", "ID03", "ID04"]);
    assert_eq!(steps.values().map(seconds).collect::<Vec<_>>(), [4.5, 1.0, 2.25, 0.0]);
    assert!(steps["ID01"].after.is_empty());
    assert_eq!(steps["ID04"].after.0, ["ID02", "ID03"]);
}

#[test]
fn old_tasks_call_each_other_by_name() {
    let steps = plain().steps_of(OLD_DIAMOND).unwrap();
    let names: Vec<&String> = steps.keys().collect();
    assert_eq!(names, ["mProject_ID01", "mDiffFit_ID02", "mDiffFit_ID03", "mAdd_ID04"]);
    assert_eq!(steps.values().map(seconds).collect::<Vec<_>>(), [4.5, 1.0, 2.25, 0.0]);
    assert_eq!(steps["mDiffFit_ID03"].after.0, ["mProject_ID01"]);
    assert_eq!(steps["mAdd_ID04"].after.0, ["mDiffFit_ID02", "mDiffFit_ID03"]);
    // 1.4 has the runtime under its new name, 1.2 calls tasks jobs, 1.1 has no ids.
    let newer = OLD_DIAMOND.replace("\"runtime\"", "\"runtimeInSeconds\"");
    assert_eq!(plain().steps_of(&newer).unwrap(), steps);
    let older = OLD_DIAMOND.replace("\"tasks\"", "\"jobs\"");
    assert_eq!(plain().steps_of(&older).unwrap(), steps);
    let oldest = r#"{ "workflow": { "jobs": [
        { "name": "a", "runtime": 1 }, { "name": "b", "runtime": 1, "parents": ["a"] } ] } }"#;
    assert_eq!(plain().steps_of(oldest).unwrap()["b"].after.0, ["a"]);
}

#[test]
fn an_edge_may_be_said_at_either_end() {
    let parents = r#""parents": ["ID02", "ID03"]"#;
    let one_way = DIAMOND.replace(parents, r#""parents": []"#);
    assert_ne!(one_way, DIAMOND);
    assert_eq!(plain().steps_of(&one_way).unwrap(), plain().steps_of(DIAMOND).unwrap());
}

#[test]
fn speed_shortens_tasks_and_runtime_fills_gaps() {
    let spec = spec("{ file: w.json, speed: 2, runtime: 3s, output: { constant: 50 } }");
    let gap = DIAMOND.replace("{ \"id\": \"ID02\", \"runtimeInSeconds\": 1 },", "");
    let steps = spec.steps_of(&gap).unwrap();
    assert_eq!(steps.values().map(seconds).collect::<Vec<_>>(), [2.25, 1.5, 1.125, 0.0]);
    let Does::Tool(UseToolSpec::Own(tool)) = &steps["ID01"].does else { panic!("a tool") };
    assert_eq!(tool.output, Some(LengthsSpec::Constant(50)));
}

#[test]
fn kinds_make_agents_of_tasks() {
    let spec = spec(
        "file: w.json
kinds:
  mDiff: { llm: { model: no } }
  mDiffFit: { llm: { system: 7 } }
  mAdd: { agent: { voting: { samples: 3 } } }",
    );
    for text in [DIAMOND, OLD_DIAMOND] {
        let wrong = spec.steps_of(text).expect_err("mDiff is the beginning of a word");
        assert_eq!(
            (wrong.0.to_string().as_str(), &*wrong.1),
            ("kinds.mDiff", "no task is called `mDiff`")
        );
        assert_eq!(wrong.2.as_deref(), Some("did you mean `mDiffFit`?"));
        let mut spec = spec.clone();
        spec.kinds.shift_remove("mDiff");
        let steps = spec.steps_of(text).unwrap();
        let steps: Vec<&StepSpec> = steps.values().collect();
        assert!(matches!(steps[0].does, Does::Tool(_)), "no kind, so a tool");
        assert!(matches!(&steps[1].does, Does::Llm(llm) if llm.system == 7));
        assert!(matches!(steps[3].does, Does::Agent(_)));
        assert_eq!(steps[3].after.0.len(), 2, "the shape stays");
    }
}

#[test]
fn a_number_ends_the_name_of_a_kind() {
    let task = |name: &str| Task { name: name.to_owned(), ..Task::default() };
    for name in ["blast", "blast_ID0000001", "blast_00000007", "blast2"] {
        assert!(task(name).is_a("blast"), "{name}");
        assert_eq!(task(name).program(), "blast");
    }
    assert!(!task("blastall_0001").is_a("blast"));
}

#[test]
fn what_is_wrong_names_the_task() {
    let with = |from: &str, to: &str| {
        let text = DIAMOND.replacen(from, to, 1);
        assert_ne!(text, DIAMOND, "`{from}` is in the file");
        wrong(&text)
    };
    assert_eq!(
        with(r#""parents": ["ID01"]"#, r#""parents": ["ID09"]"#),
        "task `ID02` has the parent `ID09`, which is no task"
    );
    assert_eq!(
        with(r#""children": ["ID04"]"#, r#""children": ["mAdd"]"#),
        "task `ID02` has the child `mAdd`, which is no task"
    );
    assert_eq!(
        with(r#""parents": []"#, r#""parents": ["ID04"]"#),
        "tasks wait for each other: ID01 -> ID04 -> ID02 -> ID01"
    );
    assert_eq!(
        with(r#""parents": []"#, r#""parents": ["ID01"]"#),
        "tasks wait for each other: ID01 -> ID01"
    );
    assert_eq!(
        with(r#""id": "ID02", "parents""#, r#""id": "ID03", "parents""#),
        "there are two tasks `ID03`"
    );
    assert_eq!(
        with(r#"{ "id": "ID02", "runtimeInSeconds": 1 },"#, ""),
        "task `ID02` has no runtime"
    );
    assert_eq!(
        with(r#""runtimeInSeconds": 1 "#, r#""runtimeInSeconds": -1 "#),
        "task `ID02` took less than no time"
    );
    assert_eq!(
        with(r#"{ "id": "ID02", "runtimeInSeconds""#, r#"{ "id": "ID7", "runtimeInSeconds""#),
        "it ran a task `ID7`, which is no task of it"
    );
    assert_eq!(wrong(r#"{ "workflow": {} }"#), "its workflow has no tasks");
    assert_eq!(wrong(r#"{ "workflow": { "tasks": [] } }"#), "its workflow has no tasks");
    assert!(wrong("{ \n ?").starts_with(":2: "));
    assert!(wrong("{\r\"workflow\": {},\r\"workflow\": {}}").starts_with(":3: the field"));
    assert_eq!(
        with(r#"{ "id": "ID02", "runtimeInSeconds""#, r#"{ "id": "ID01", "runtimeInSeconds""#),
        "it ran the task `ID01` twice"
    );
    let twins = r#"{ "workflow": { "tasks": [
        { "name": "t", "id": "1", "runtime": 1 }, { "name": "t", "id": "2", "runtime": 1 },
        { "name": "u", "id": "3", "runtime": 1, "parents": ["t"] } ] } }"#;
    assert_eq!(wrong(twins), "task `u_3` has the parent `t`, as several are called");
}

#[test]
fn a_long_chain_is_no_trouble() {
    let tasks: Vec<String> = (0..50_000)
        .map(|at: i32| {
            let parent = if at == 0 { String::new() } else { format!("\"t{}\"", at - 1) };
            format!("{{ \"name\": \"t{at}\", \"runtime\": 1, \"parents\": [{parent}] }}")
        })
        .collect();
    let text = format!("{{ \"workflow\": {{ \"tasks\": [{}] }} }}", tasks.join(","));
    assert_eq!(plain().steps_of(&text).unwrap().len(), 50_000);
}

#[test]
fn the_file_is_found_as_traces_are() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("wfcommons");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("w.json"), DIAMOND).unwrap();
    let paths = DataPaths { folders: vec![root.path().to_path_buf()] };
    assert_eq!(plain().steps(&paths).unwrap().len(), 4);
    let missing = spec("file: x.json").steps(&paths).unwrap_err();
    assert_eq!(missing.path.to_string(), "file");
    assert_eq!(missing.message, "`x.json` was not found");
    assert!(missing.help.unwrap().starts_with("searched: "));
}
