//! Ctrl-C and SIGTERM are heard within a second, whatever the program is at.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Bench, windtunnel};

/// A second, and what a busy machine may need on top to start and end a process.
const SOON: Duration = Duration::from_secs(4);

struct Ended {
    status: Option<i32>,
    after: Duration,
    told: String,
}

/// Runs the experiment, waits until `ready` with some time on top, and sends `signal`.
fn signalled(bench: &Bench, arguments: &[&str], signal: &str, ready: &dyn Fn() -> bool) -> Ended {
    let mut child = windtunnel(&[&["run", "experiment.yaml"], arguments].concat())
        .current_dir(bench.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    while !ready() {
        assert!(is_running(&mut child), "it was to run until it is ready");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(200));
    assert!(is_running(&mut child), "it was to run for longer");
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().expect("kill");
    assert!(sent.success(), "the program was still running");
    let began = Instant::now();
    while is_running(&mut child) {
        if began.elapsed() > 10 * SOON {
            child.kill().expect("killed");
            panic!("it is deaf");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let after = began.elapsed();
    let output = child.wait_with_output().expect("its output");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    Ended { status: output.status.code(), after, told }
}

fn is_running(child: &mut Child) -> bool {
    child.try_wait().expect("a status").is_none()
}

fn assert_heard(ended: &Ended) {
    let Ended { status, after, told } = ended;
    assert_eq!(*status, Some(130), "{told}");
    assert!(*after < SOON, "it took {after:?}: {told}");
    assert!(told.contains("interrupted"), "{told}");
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect()
}

#[test]
fn while_a_big_file_is_read() {
    let mut text = "name: big\nworkload:\n  requests:\n".to_owned();
    for i in 0..400_000 {
        let _ = writeln!(text, "    - {{ at: {i}ms, prompt: p{i}, temperature: 0.{i:06} }}");
    }
    let bench = Bench::new(&text);
    // By then it surely listens, and has not read the half.
    let began = Instant::now();
    let ended = signalled(&bench, &[], "-INT", &|| began.elapsed() > Duration::from_millis(500));
    assert_heard(&ended);
    assert!(names(&bench.path().join("results")).is_empty(), "nothing was begun");
}

/// The first arrival is after some 10^18 changes of state, all within one event.
const ENDLESS: &str = "
name: endless
requests: 5
replications: 1
workload:
  arrivals: { markov: { states: [ { rate: 0/s, mean: 1ns }, { rate: 0.000001/s, mean: 1ns } ] } }
";

#[test]
fn within_an_event_that_does_not_end() {
    for signal in ["-INT", "-TERM"] {
        let bench = Bench::new(ENDLESS);
        let results = bench.path().join("results");
        let ended = signalled(&bench, &[], signal, &|| results.join(".endless.partial").exists());
        assert_heard(&ended);
        assert!(ended.told.contains("0 of 1 runs of endless are kept"), "{}", ended.told);
        assert_eq!(names(&results), [".endless.partial"], "nothing else is there");
    }
}

#[test]
fn while_charts_are_drawn_and_the_finished_runs_are_kept() {
    let mut text = "
name: charts
duration: 1m
replications: 2
sweep: { grid: { workload.arrivals.poisson.rate: [1/s, 2/s, 3/s] } }
workload: { arrivals: { poisson: { rate: 1/s } } }
charts:
"
    .to_owned();
    for i in 0..150 {
        let chart = "x: workload.arrivals.poisson.rate, y: e2e_mean_s";
        let _ = writeln!(text, "  - line: {{ {chart}, file: chart-{i} }}");
    }
    let bench = Bench::new(&text);
    let results = bench.path().join("results");
    let partial = results.join(".charts.partial");
    let charts = partial.join("results/charts");
    let ended = signalled(&bench, &[], "-INT", &|| charts.exists());
    assert_heard(&ended);
    assert!(ended.told.contains("6 of 6 runs of charts are kept"), "{}", ended.told);
    assert_eq!(names(&results), [".charts.partial"], "nothing half-made is published");
    assert!(!partial.join("results").exists(), "nor does it stay");
    let before = fs::metadata(partial.join("runs.bin")).expect("the journal").len();
    assert!(before > 0, "the runs are there");
    bench.run(&["--resume", "--format", "csv"]);
    assert_eq!(names(&results), ["charts"]);
}
