//! The scripts and manifests in `deploy/` say what the program understands.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_yaml::Value;

use crate::determinism::SWEEP;
use crate::support::{Bench, assert_same, root};

/// A manifest of one object.
fn manifest(file: &str) -> Value {
    let path = root().join("deploy/kubernetes").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn container(job: &Value) -> &Value {
    &job["spec"]["template"]["spec"]["containers"][0]
}

/// Runs a container's command as its node would, with its mounts in `bench`.
fn run_pod(job: &Value, bench: &Bench, env: &BTreeMap<String, String>) {
    let container = container(job);
    let words = |key: &str| -> Vec<String> {
        let list = container[key].as_sequence().expect("a list");
        list.iter().map(|word| word.as_str().expect("text").to_owned()).collect()
    };
    let mut command = [words("command"), words("args")].concat();
    for mount in container["volumeMounts"].as_sequence().expect("mounts") {
        let path = mount["mountPath"].as_str().expect("a path");
        let here = bench.path().join(path.trim_start_matches('/')).display().to_string();
        for word in &mut command {
            *word = word.replace(&format!(" {path}/"), &format!(" {here}/"));
        }
    }
    let programs =
        std::path::Path::new(env!("CARGO_BIN_EXE_windtunnel")).parent().expect("a folder");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").expect("a PATH"));
    let output = Command::new(&command[0])
        .args(&command[1..])
        .envs(env)
        .env("PATH", path)
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_indexed_job_and_its_merge_give_the_bytes_of_one_machine() {
    let bench = Bench::new(SWEEP);
    let whole = bench.run(&["--out", "whole"]);
    fs::create_dir(bench.path().join("experiment")).expect("a folder");
    fs::write(bench.path().join("experiment/sweep.yaml"), SWEEP).expect("the mounted file");
    let sweep = manifest("sweep.yaml");
    for index in 0..3 {
        let env = [("SHARDS", "3".to_owned()), ("JOB_COMPLETION_INDEX", index.to_string())];
        run_pod(&sweep, &bench, &env.map(|(name, value)| (name.to_owned(), value)).into());
    }
    run_pod(&manifest("merge.yaml"), &bench, &BTreeMap::new());
    assert_same(&whole, &bench.path().join("sweep/results/sweep"));
}

#[test]
fn the_manifests_agree_with_each_other() {
    let (sweep, merge, volume) =
        (manifest("sweep.yaml"), manifest("merge.yaml"), manifest("volume.yaml"));
    let spec = &sweep["spec"];
    assert_eq!(spec["completionMode"], Value::from("Indexed"));
    let completions = spec["completions"].as_u64().expect("a number");
    assert!(spec["parallelism"].as_u64().expect("a number") <= completions);
    let env = &container(&sweep)["env"][0];
    assert_eq!(env["name"], Value::from("SHARDS"));
    assert_eq!(env["value"], Value::from(completions.to_string()), "SHARDS is `completions`");
    // Per-index retries and failure policies are refused with any other.
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["restartPolicy"], Value::from("Never"));
    let version = format!("windtunnel:{}", env!("CARGO_PKG_VERSION"));
    for job in [&sweep, &merge] {
        assert_eq!(job["apiVersion"], Value::from("batch/v1"));
        assert_eq!(container(job)["image"], Value::from(version.clone()));
        let pod = &job["spec"]["template"]["spec"];
        let volumes = pod["volumes"].as_sequence().expect("volumes");
        let claim = volumes.iter().find(|volume| volume["name"] == *"sweep");
        let claim = &claim.expect("the volume of shards")["persistentVolumeClaim"]["claimName"];
        assert_eq!(*claim, volume["metadata"]["name"]);
    }
    assert_eq!(volume["spec"]["accessModes"][0], Value::from("ReadWriteMany"));
}
