//! Formulas over the rows of `replicas.csv`, and of `attempts.csv` where servers are stations.

use windtunnel::stats::Table;

use super::attempts::has_gpus;
use super::requests::Window;
use super::statistics::sum;
use super::{Value, Within};
use crate::hold::{column, texts};
use crate::run::Books;

/// Seconds of models' own GPUs in the window.
pub fn gpu_s(books: &Books, window: &Window) -> f64 {
    let replicas = &books.tables.replicas;
    if replicas.rows.is_empty() {
        let own = books.experiment.models.keys().filter(|name| has_gpus(books, name));
        return own.count() as f64 * window.length_s;
    }
    let each = texts(replicas, "model").into_iter().zip(column(replicas, "on_s"));
    let of = |(model, on_s): (&str, f64)| match books.experiment.models.get(model) {
        Some(spec) if has_gpus(books, model) => f64::from(spec.server.gpus.unwrap_or(1)) * on_s,
        _ => 0.0,
    };
    sum(each.map(of))
}

fn total(table: &Table, name: &str) -> f64 {
    sum(column(table, name).into_iter().filter(|value| !value.is_nan()))
}

/// A column's mean by the weights of others, of the rows that have it.
fn weighted(table: &Table, name: &str, weights: &[&str]) -> f64 {
    let values = column(table, name);
    let weight = |row: usize| weights.iter().map(|name| column(table, name)[row]).product::<f64>();
    let rows: Vec<usize> = (0..values.len()).filter(|row| !values[*row].is_nan()).collect();
    let whole = sum(rows.iter().map(|row| weight(*row)));
    sum(rows.iter().map(|row| values[*row] * weight(*row))) / whole
}

/// What replicas did.
pub fn values(books: &Books, window: &Window) -> Vec<Value> {
    let replicas = &books.tables.replicas;
    if replicas.rows.is_empty() {
        return Vec::new();
    }
    let exact = |name, value| (name, value, Within::Rounding);
    let (up, down) = (total(replicas, "up_s"), total(replicas, "down_s"));
    let engines = column(replicas, "preemptions").iter().any(|value| !value.is_nan());
    let first = texts(replicas, "replica").into_iter().zip(column(replicas, "requests"));
    // A replica that decodes gets what another has begun.
    let sent = sum(first.filter(|(name, _)| !name.starts_with("decode")).map(|(_, it)| it));
    let mut values = vec![
        exact("attempts", sent),
        exact("availability", up / (up + down)),
        exact("breaker_opened", total(replicas, "breaker_opened")),
        exact("replicas_mean", up / window.length_s),
        exact("server_cost_usd", total(replicas, "cost_usd")),
        exact("replica_hours", total(replicas, "on_s") / 3600.0),
    ];
    if engines {
        values.push(exact("preemptions", total(replicas, "preemptions")));
    }
    if always_up(books) {
        values.extend(of_lasting(books));
    }
    values
}

/// Whether all replicas are up all the time, so that each counts alike.
fn always_up(books: &Books) -> bool {
    books.experiment.models.values().all(|model| {
        let server = &model.server;
        let crashes = server.faults.as_ref().is_some_and(|faults| faults.mtbf.is_some());
        server.autoscale.is_none() && !crashes
    })
}

/// Shares of replicas that are all there for the same time.
fn of_lasting(books: &Books) -> Vec<Value> {
    let replicas = &books.tables.replicas;
    let exact = |name, value| (name, value, Within::Rounding);
    let models = &books.experiment.models;
    let mut values = Vec::new();
    if models.values().any(|model| model.server.engine.is_some()) {
        values.push(exact("kv_use_mean", weighted(replicas, "kv_use_mean", &[])));
        let busy = weighted_by_busy(books);
        values.push(exact("batch_size_mean", busy));
    }
    let limited = models.values().map(|model| match &model.server.engine {
        Some(_) => 1.0,
        None => f64::from(model.server.concurrency.unwrap_or(0)),
    });
    let limits: Vec<f64> = limited.collect();
    let (mut busy, mut most, mut saturation) = (0.0, 0.0, f64::NAN);
    for ((name, model), limit) in models.iter().zip(limits) {
        let of_model = |column_name: &str| -> Vec<f64> {
            let all = texts(replicas, "model").into_iter().zip(column(replicas, column_name));
            all.filter(|(model, _)| model == name).map(|(_, value)| value).collect()
        };
        let shares = of_model("utilization");
        let mean = |values: &[f64]| sum(values.iter().copied()) / values.len() as f64;
        if limit > 0.0 && shares.iter().all(|share| !share.is_nan()) {
            busy += sum(shares.iter().copied()) * limit;
            most += shares.len() as f64 * limit;
        }
        let used = match &model.server.engine {
            Some(_) => mean(&of_model("kv_use_mean")).max(mean(&of_model("seats_use_mean"))),
            None if limit > 0.0 => mean(&shares),
            None => f64::NAN,
        };
        saturation = used.max(saturation);
    }
    values.push(exact("utilization", busy / most));
    values.push(exact("saturation", saturation));
    for (name, side) in [("prefill_utilization", "prefill"), ("decode_utilization", "decode")] {
        let all = texts(replicas, "replica").into_iter().zip(column(replicas, "utilization"));
        let side: Vec<f64> =
            all.filter(|(name, _)| name.starts_with(side)).map(|(_, share)| share).collect();
        values.push(exact(name, sum(side.iter().copied()) / side.len() as f64));
    }
    values
}

/// Mean sequences of a step over the time of steps.
fn weighted_by_busy(books: &Books) -> f64 {
    weighted(&books.tables.replicas, "batch_mean", &["utilization"])
}
