//! The commands beside `run`.

use std::fs;

use crate::support::{Bench, assert_same, bytes, root, stderr, stdout, windtunnel};

#[test]
fn new_writes_a_starter_that_runs_and_is_never_overwritten() {
    let bench = Bench::new("");
    let output = bench.windtunnel(&["new", "mine"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).trim(), "./mine.yaml");
    let output = bench.windtunnel(&["run", "mine.yaml", "--quick"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(bench.path().join("results/mine/points.csv").exists());
    let again = bench.windtunnel(&["new", "mine"]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(bench.windtunnel(&["new", "../mine"]).status.code(), Some(2));
}

#[test]
fn new_makes_an_experiment_of_a_config_of_litellm() {
    let bench = Bench::new("");
    let config = "\
model_list:
  - model_name: chat
    litellm_params: { model: azure/gpt-4o, input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }
  - model_name: chat
    litellm_params: { model: openai/gpt-4o, input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }
router_settings: { routing_strategy: least-busy, redis_host: cache, model_group_alias: { gpt: chat } }
";
    fs::write(bench.path().join("config.yaml"), config).expect("a file");
    let output = bench.windtunnel(&["new", "proxy", "--from", "config.yaml"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("`model_group_alias` is not simulated"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("config.yaml:6:69"), "{}", stderr(&output));
    let output = bench.windtunnel(&["run", "proxy.yaml"]);
    assert!(output.status.success(), "{}", stderr(&output));
    fs::write(bench.path().join("config.yaml"), config.replace("least-busy", "least-bussy"))
        .expect("a file");
    let output = bench.windtunnel(&["new", "other", "--from", "config.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean `least-busy`?"), "{}", stderr(&output));
    assert!(!bench.path().join("other.yaml").exists());
    let output = bench.windtunnel(&["new", "other", "--from", "none.yaml"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn check_accepts_every_shipped_experiment_that_needs_no_data() {
    for entry in fs::read_dir(root().join("experiments")).expect("a folder") {
        let path = entry.expect("an entry").path();
        // A folder beside them has a trace.
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file");
        if text.contains("trace:") && crate::support::data().is_none() {
            continue;
        }
        let output = windtunnel(&["check"])
            .arg(&path)
            .current_dir(root())
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stdout(&output).contains("sound"), "{}", stdout(&output));
        assert_eq!(stderr(&output), "", "no warnings");
    }
}

#[test]
fn a_setting_of_what_the_file_sweeps_says_that_it_changes_nothing() {
    let bench = Bench::new(
        "name: x\ncache: { levels: [ { name: l1, capacity: 10 } ] }\n\
         sweep: { grid: { cache.levels.l1.capacity: [1, 2] } }\n",
    );
    let said = |set: &str| stderr(&bench.windtunnel(&["check", "experiment.yaml", "--set", set]));
    let warning = said("cache.levels.l1.capacity=5");
    assert!(warning.contains("the file sweeps `cache.levels.l1.capacity`"), "{warning}");
    assert!(warning.contains("--> --set cache.levels.l1.capacity=5"), "{warning}");
    assert_eq!(said("cache.levels.l1.policy=fifo"), "");
    assert_eq!(said("sweep={ grid: { cache.levels.l1.capacity: [5] } }"), "");
}

#[test]
fn plot_redraws_the_same_charts_from_the_csvs() {
    let bench = Bench::new(
        "name: x\nduration: 2m\nreplications: 3\ncache: { levels: [ { name: l1, capacity: 10 } ] }\n\
         sweep: { grid: { cache.levels.l1.capacity: [10, 100, 1000] } }\n",
    );
    let folder = bench.run(&[]);
    let before = bytes(&folder);
    assert!(before.keys().filter(|name| name.contains(".png")).count() >= 3, "{:?}", before.keys());
    fs::remove_dir_all(folder.join("charts")).expect("removed");
    let output = bench.windtunnel(&["plot", "results/x"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(before == bytes(&folder), "the charts are the same");
    assert_eq!(bench.windtunnel(&["plot", "."]).status.code(), Some(2));
}

#[test]
fn schema_describes_every_field() {
    let output = Bench::new("").windtunnel(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(schema["title"], "Experiment");
    let properties = schema["properties"].as_object().expect("properties");
    for (name, property) in properties {
        assert!(property.get("description").is_some(), "{name} has no description");
    }
    assert!(properties.contains_key("include"), "what a file may say besides its fields");
    assert!(schema["$defs"].as_object().expect("definitions").contains_key("WorkloadSpec"));
}

#[test]
fn the_readme_s_experiment_is_sound() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let block = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let bench = Bench::new(block.expect("an experiment"));
    let output = bench.windtunnel(&["check", "experiment.yaml"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "", "no warnings");
    for link in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(
            link.starts_with("http") || root().join(link).exists(),
            "README: {link} is not there"
        );
    }
}

#[test]
fn completions_and_help_are_there() {
    for shell in ["bash", "zsh", "fish"] {
        let output = Bench::new("").windtunnel(&["completions", shell]);
        assert!(stdout(&output).contains("windtunnel"), "{shell}");
    }
    let help = stdout(&Bench::new("").windtunnel(&["--help"]));
    assert!(
        help.contains("Examples:") && help.contains("windtunnel run my-experiment.yaml"),
        "{help}"
    );
    assert!(stdout(&Bench::new("").windtunnel(&["run", "--help"])).contains("--replications"));
}

#[test]
fn the_results_path_is_the_last_line_of_standard_output() {
    let bench = Bench::new("name: here\nduration: 10s\nreplications: 2\n");
    let output = bench.windtunnel(&["run", "experiment.yaml", "--out", "there"]);
    assert_eq!(stdout(&output), "there/here\n");
    assert!(stderr(&output).contains("e2e"), "the summary is on standard error");
    let quiet = bench.windtunnel(&["run", "experiment.yaml", "--out", "there", "--quiet"]);
    assert_eq!(stderr(&quiet), "");
}

#[test]
fn overrides_change_the_resolved_experiment() {
    let bench = Bench::new(
        "name: x\nduration: 1h\nreplications: 9\nmodels: { gpt-3.5: { price: { per_token: $1e-6 }, quality: 0.8 } }\n\
         quick: { duration: 5s, replications: 2 }\n",
    );
    let folder = bench.run(&["--quick", "--seed", "7", "--set", "models.gpt-3.5.quality=0.9"]);
    let manifest = fs::read_to_string(folder.join("manifest.yaml")).expect("a manifest");
    for line in ["seed: 7", "replications: 2", "  duration: 5s", "      quality: 0.9"] {
        assert!(manifest.lines().any(|known| known == line), "lacks `{line}`:\n{manifest}");
    }
}

#[test]
fn an_included_file_and_merges_give_the_same_as_writing_it_out() {
    let whole = Bench::new(
        "name: x\nduration: 30s\nreplications: 2\nworkload: { arrivals: { constant: { rate: 5/s } } }\n\
         cache: { levels: [ { name: a, capacity: 5, latency: 1ms }, { name: b, capacity: 5, latency: 1ms } ] }\n",
    );
    let parts = Bench::new(
        "include: base.yaml\nname: x\nworkload: { arrivals: { constant: { rate: 5/s } } }\n\
         cache: { levels: [ &a { name: a, capacity: 5, latency: 1ms }, { <<: *a, name: b } ] }\n",
    );
    fs::write(
        parts.path().join("base.yaml"),
        "duration: 30s\nreplications: 2\nworkload: { arrivals: { poisson: { rate: 9/s } } }\n",
    )
    .expect("a file");
    assert_same(&whole.run(&[]), &parts.run(&[]));
}
