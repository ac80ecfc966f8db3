//! Setup is linear in what a file lists.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::{Bench, stderr};

/// How long a run of a file takes.
fn time(bench: &Bench) -> Duration {
    let began = Instant::now();
    let output = bench.windtunnel(&["run", "experiment.yaml", "--quiet", "--format", "csv"]);
    assert!(output.status.success(), "{}", stderr(&output));
    began.elapsed()
}

/// Twice as many of everything that is compared by its value: profiles, users, teams.
fn experiment(count: usize) -> String {
    let mut text = "
name: profiles
replications: 2
workload:
  requests:
"
    .to_owned();
    for i in 0..count {
        let temperature = i as f64 / count as f64;
        let _ = writeln!(
            text,
            "    - {{ at: {i}ms, prompt: p{i}, user: u{i}, temperature: {temperature:.6} }}"
        );
    }
    text += "cost:\n  teams:\n";
    for i in 0..count / 10 {
        let _ = writeln!(text, "    t{i}: {{ members: [u{i}], budget: {{ daily: $1 }} }}");
    }
    text
}

/// Where something is quadratic it is four times, in every try; a busy machine may be
/// slow in some.
#[test]
fn twice_as_much_takes_less_than_three_times_as_long() {
    let [half, whole] = [10_000, 20_000].map(|count| Bench::new(&experiment(count)));
    let tries = (0..6).map(|_| (time(&half), time(&whole)));
    let linear = |(half, whole): &(Duration, Duration)| *whole < *half * 3;
    let mut tries = tries.inspect(|pair| eprintln!("{pair:?}"));
    assert!(tries.any(|pair| linear(&pair)), "always three times as long or more");
}
