//! What the fleet's tests share.

use windtunnel::stats::{Cell, Table};

pub use crate::runs::{metric, replicate, simulate};

/// The mean of a metric over replications, and the half width of its 99.9 % interval.
pub fn estimate(yaml: &str, replications: u64, name: &str) -> (f64, f64) {
    let values: Vec<f64> =
        (0..replications).map(|number| metric(&replicate(yaml, number), name)).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    // Student's t, 99.9 %, for 7 degrees of freedom and more.
    let half_width = 5.41 * (variance / count).sqrt();
    println!("{name}: {mean:.5} +- {half_width:.5}");
    (mean, half_width)
}

/// A cell as a number.
pub fn cell(table: &Table, row: usize, column: &str) -> f64 {
    match table.rows[row][table.column(column).expect("a column")] {
        Cell::Int(value) => value as f64,
        Cell::Num(value) => value,
        _ => f64::NAN,
    }
}

/// Requests by a Poisson process of `rate` whose service is exponential with a mean
/// of a second, drawn for each attempt, on a model with `server`.
pub fn markovian(rate: f64, server: &str, rest: &str) -> String {
    format!(
        "
duration: 2h
warmup: 5m
workload:
  arrivals: {{ poisson: {{ rate: {rate} }} }}
  prompts: {{ uniform: {{ count: 1000000 }} }}
  tokens: {{ input: {{ constant: 1 }}, output: {{ constant: 1001 }} }}
  max_tokens: 1001
models:
  m:
    price: {{ per_token: $0.000001 }}
    server: {{ tokens: {{ ttft: 0s, tpot: {{ exponential: {{ mean: 1ms }} }} }}, {server} }}
{rest}
"
    )
}

/// Fails unless `value` is `expected` within `tolerance` of it.
#[track_caller]
pub fn assert_near(what: &str, value: f64, expected: f64, tolerance: f64) {
    println!("{what}: expected {expected:.5}, simulated {value:.5}");
    assert!(
        (value - expected).abs() <= tolerance * expected.abs(),
        "{what}: {value}, not {expected}"
    );
}
