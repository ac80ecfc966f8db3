//! One run of an experiment, and an optimizer without a system around it.

use windtunnel::cost::{Candidate, CostSpec, Money, Optimizer, Price};
use windtunnel::kernel::Streams;
use windtunnel::stats::{Cell, Table};

pub use crate::runs::{metric, simulate as tables};

/// The number in a column of the row whose first cell is `key`.
pub fn number(table: &Table, key: &str, column: &str) -> f64 {
    let column = table.column(column).unwrap_or_else(|| panic!("no column {column}"));
    let row = table.rows.iter().find(|row| row[0] == Cell::from(key)).expect("a row");
    match &row[column] {
        Cell::Num(value) => *value,
        Cell::Int(value) => *value as f64,
        other => panic!("no number: {other:?}"),
    }
}

/// An optimizer of a `cost` block among models of (name, dollars a token,
/// quality), for one user.
pub fn optimizer(cost: &str, models: &[(&str, f64, f64)]) -> Optimizer {
    let spec: CostSpec = serde_yaml::with::singleton_map_recursive::deserialize(
        serde_yaml::Deserializer::from_str(cost),
    )
    .expect("a cost block");
    let model = |(name, usd, quality): &(&str, f64, f64)| {
        let price = Price::per_token(Money::from_usd(*usd));
        ((*name).to_owned(), Candidate { price, quality: *quality })
    };
    let models: Vec<_> = models.iter().map(model).collect();
    let users = [("ann".to_owned(), None)];
    let start = "2026-01-01T00:00:00Z".parse().expect("a date");
    Optimizer::new(&spec, &models, &users, start, &Streams::new(7, 0))
}

/// Whether a share of `count` trials is within 3.3 standard deviations of its
/// expectation (99.9 %).
pub fn assert_share(name: &str, share: f64, expected: f64, count: f64) {
    let sd = libm::sqrt(expected * (1.0 - expected) / count);
    println!("{name}: expected {expected:.5}, found {share:.5}, of {count} trials");
    assert!(
        (share - expected).abs() < 3.3 * sd,
        "{name}: {share} is not {expected} +- {}",
        3.3 * sd
    );
}
