//! Formulas over the rows of `replicas.csv`, and of `attempts.csv` where servers are stations.

use windtunnel::serving::ModelSpec;
use windtunnel::serving::step::StepSpec;
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
        Some(spec) if has_gpus(books, model) => f64::from(gpus(spec)) * on_s,
        _ => 0.0,
    };
    sum(each.map(of))
}

/// GPUs of each replica: as they are said, or those that an engine's steps run on.
fn gpus(spec: &ModelSpec) -> u32 {
    let of_step = match spec.server.engine.as_ref().map(|engine| &engine.step) {
        Some(StepSpec::Roofline(step)) => step.tensor_parallel_size * step.pipeline_parallel_size,
        _ => 1,
    };
    spec.server.gpus.unwrap_or(of_step)
}

fn total(table: &Table, name: &str) -> f64 {
    sum(column(table, name).into_iter().filter(|value| !value.is_nan()))
}

/// A column's mean by weights, of the rows that have it.
fn weighted(table: &Table, name: &str, weights: &[f64]) -> f64 {
    let parts = column(table, name).into_iter().zip(weights);
    let parts: Vec<(f64, f64)> = parts
        .map(|(value, weight)| (value, *weight))
        .filter(|(value, _)| !value.is_nan())
        .collect();
    let whole = sum(parts.iter().map(|(_, weight)| *weight).filter(|weight| !weight.is_nan()));
    sum(parts.iter().filter(|(_, weight)| *weight > 0.0).map(|(value, weight)| value * weight))
        / whole
}

/// What replicas did.
pub fn values(books: &Books, window: &Window) -> Vec<Value> {
    let replicas = &books.tables.replicas;
    if replicas.rows.is_empty() {
        return of_single(books);
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
        exact("server_cost_usd", total(replicas, "server_cost_usd")),
        exact("replica_hours", total(replicas, "on_s") / 3600.0),
    ];
    if engines {
        values.push(exact("preemptions", total(replicas, "preemptions")));
    }
    values.extend(of_work(books));
    values
}

/// Requests that a replica of a model works on at a time, an engine's steps being one; nothing
/// where that is not limited.
fn width(books: &Books, model: &str) -> Option<f64> {
    let server = &books.experiment.models.get(model)?.server;
    server.engine.as_ref().map(|_| 1.0).or_else(|| server.concurrency.map(f64::from))
}

/// Shares of what replicas could do, weighted by how long they served.
fn of_work(books: &Books) -> Vec<Value> {
    let replicas = &books.tables.replicas;
    let exact = |name, value| (name, value, Within::Rounding);
    let models = texts(replicas, "model");
    let weights: Vec<f64> = column(replicas, "served_s")
        .into_iter()
        .zip(&models)
        .map(|(served, model)| served * width(books, model).unwrap_or(0.0))
        .collect();
    let side = |side: &str| -> Vec<f64> {
        let names = texts(replicas, "replica").into_iter().zip(&weights);
        names.map(|(name, weight)| if name.starts_with(side) { *weight } else { 0.0 }).collect()
    };
    let mut values = vec![
        exact("utilization", weighted(replicas, "utilization", &weights)),
        exact("prefill_utilization", weighted(replicas, "utilization", &side("prefill"))),
        exact("decode_utilization", weighted(replicas, "utilization", &side("decode"))),
    ];
    if books.experiment.models.values().any(|model| model.server.engine.is_some()) {
        let busy = column(replicas, "utilization").into_iter().zip(&weights);
        let busy: Vec<f64> = busy.map(|(share, weight)| share * weight).collect();
        values.push(exact("kv_use_mean", weighted(replicas, "kv_use_mean", &weights)));
        values.push(exact("batch_size_mean", weighted(replicas, "batch_mean", &busy)));
    }
    let mut saturation = f64::NAN;
    for (name, model) in &books.experiment.models {
        let own = models.iter().zip(&weights);
        let own: Vec<f64> =
            own.map(|(model, weight)| if model == name { *weight } else { 0.0 }).collect();
        let mean = |column: &str| weighted(replicas, column, &own);
        let used = match &model.server.engine {
            Some(_) => mean("kv_use_mean").max(mean("seats_use_mean")),
            None => mean("utilization"),
        };
        saturation = used.max(saturation);
    }
    values.push(exact("saturation", saturation));
    values
}

/// The same of models that are one server each.
fn of_single(books: &Books) -> Vec<Value> {
    let table = &books.tables.models;
    let models = texts(table, "model");
    let weights: Vec<f64> =
        models.into_iter().map(|model| width(books, model).unwrap_or(0.0)).collect();
    let shares = column(table, "utilization");
    let most = shares.iter().copied().fold(f64::NAN, f64::max);
    vec![
        ("utilization", weighted(table, "utilization", &weights), Within::Rounding),
        ("saturation", most, Within::Rounding),
    ]
}
