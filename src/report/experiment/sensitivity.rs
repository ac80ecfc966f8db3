//! `sensitivity.csv`: which parameters matter, by the design that asks.
//!
//! | design | one row per | columns |
//! |---|---|---|
//! | `sobol` | metric x path | first-order and total index, with intervals |
//! | `morris` | metric x path | mean, mean size and deviation of the elementary effects |
//! | `one_at_a_time` | metric x path x value | what the value changes, with a paired interval |

use std::collections::BTreeMap;
use std::path::Path;

use crate::experiment::sweep::{MorrisSpec, SobolSpec};
use crate::experiment::{Resolved, pair_means, plain};
use crate::kernel::Streams;
use crate::report::csv::{read_table, write_table};
use crate::report::display_names::HEADLINES;
use crate::report::error::ReportError;
use crate::report::results::SENSITIVITY;
use crate::report::results::columns::number;
use crate::report::results::estimates::columns_of;
use crate::stats::{Cell, Estimate, Scale, Table, paired_difference, screening, sobol_indices};
use crate::system::scale_of;

/// Writes `sensitivity.csv` into `folder`, whose `points.csv` and `runs.csv` are written,
/// if the experiment's design is one for it.
///
/// # Errors
/// If a file cannot be read or written.
pub(super) fn write_sensitivity(resolved: &Resolved, folder: &Path) -> Result<(), ReportError> {
    let sweep = &resolved.experiment.sweep;
    let points = || read_table(&folder.join("points.csv"));
    let table = if let Some(spec) = &sweep.sobol {
        sobol(spec, &points()?, resolved.experiment.seed)
    } else if let Some(spec) = &sweep.morris {
        morris(spec, &points()?, resolved.experiment.seed)
    } else if sweep.is_one_at_a_time() {
        one_at_a_time(resolved, &read_table(&folder.join("runs.csv"))?)
    } else {
        return Ok(());
    };
    let path = folder.join(SENSITIVITY);
    write_table(&path, &table).map_err(ReportError::io(&path))
}

/// A table of some columns, then means with their intervals, then others.
fn table(first: &[&str], means: &[&str], last: &[&str]) -> Table {
    let plain = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let means = means.iter().flat_map(|mean| columns_of(mean));
    Table::new(plain(first).into_iter().chain(means).chain(plain(last)))
}

fn cells(estimate: &Estimate) -> [Cell; 3] {
    [estimate.mean, estimate.low, estimate.high].map(Cell::from)
}

/// The metrics to explain that were measured at every point, with their values.
fn measured(points: &Table, wanted: &[String]) -> Vec<(String, Vec<f64>)> {
    let names: Vec<&str> = match wanted {
        [] => HEADLINES.to_vec(),
        wanted => wanted.iter().map(String::as_str).collect(),
    };
    let values = |name: &str| {
        let column = points.column(name)?;
        points.rows.iter().map(|row| number(&row[column])).collect::<Option<Vec<f64>>>()
    };
    let varies = |values: &[f64]| values.windows(2).any(|pair| pair[0] != pair[1]);
    names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), values(name)?)))
        .filter(|(_, values)| varies(values))
        .collect()
}

fn sobol(spec: &SobolSpec, points: &Table, seed: u64) -> Table {
    let mut table = table(&["metric", "path"], &["first_order", "total"], &["samples"]);
    let size = spec.points_of_sample();
    for (metric, values) in measured(points, &spec.metrics) {
        let nth =
            |nth: usize| -> Vec<f64> { values.iter().skip(nth).step_by(size).copied().collect() };
        let mixed: Vec<Vec<f64>> = (1..size - 1).map(nth).collect();
        let mut stream = Streams::new(seed, 0).stream("sensitivity.bootstrap");
        let found = sobol_indices(&nth(0), &nth(size - 1), &mixed, &mut stream);
        for (path, index) in spec.ranges.keys().zip(found) {
            let mut row: Vec<Cell> = vec![metric.as_str().into(), path.as_str().into()];
            row.extend(cells(&index.first));
            row.extend(cells(&index.total));
            row.push(u64::from(spec.samples).into());
            table.push(row);
        }
    }
    table
}

fn morris(spec: &MorrisSpec, points: &Table, seed: u64) -> Table {
    let mut table = table(&["metric", "path", "mu"], &["mu_star"], &["sigma", "trajectories"]);
    let walks = spec.walks(seed);
    for (metric, values) in measured(points, &spec.metrics) {
        let mut effects = vec![Vec::new(); spec.ranges.len()];
        for (walk, outputs) in walks.iter().zip(values.chunks(spec.ranges.len() + 1)) {
            for (pair, step) in outputs.windows(2).zip(&walk.steps) {
                effects[step.parameter].push((pair[1] - pair[0]) / step.by);
            }
        }
        for (path, effects) in spec.ranges.keys().zip(&effects) {
            let found = screening(effects);
            let mut row: Vec<Cell> = vec![metric.as_str().into(), path.as_str().into()];
            row.push(found.mu.into());
            row.extend(cells(&found.mu_star.on(Scale::Amount)));
            row.push(found.sigma.into());
            row.push(u64::from(spec.trajectories).into());
            table.push(row);
        }
    }
    table
}

/// The runs of a metric by point, in the order of their replications; of antithetic
/// pairs, their means.
fn runs_of(runs: &Table, metric: &str, antithetic: bool) -> Option<BTreeMap<usize, Vec<f64>>> {
    let (point, value) = (runs.column("point")?, runs.column(metric)?);
    let mut all: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for row in &runs.rows {
        let value = number(&row[value]).unwrap_or(f64::NAN);
        all.entry(number(&row[point])? as usize).or_default().push(value);
    }
    if antithetic {
        for values in all.values_mut() {
            *values = pair_means(values);
        }
    }
    Some(all)
}

fn one_at_a_time(resolved: &Resolved, runs: &Table) -> Table {
    let first = ["metric", "path", "value", "base_value", "base_mean", "mean"];
    let mut table = table(&first, &["difference"], &["p"]);
    let sweep = &resolved.sweep;
    let base = sweep.values(0);
    let columns = sweep.columns();
    let text = |value: &Option<serde_yaml::Value>| value.as_ref().map(plain);
    for metric in HEADLINES {
        let Some(values) = runs_of(runs, metric, resolved.experiment.antithetic) else { continue };
        let Some(of_base) = values.get(&0).filter(|it| it.iter().any(|value| !value.is_nan()))
        else {
            continue;
        };
        let alike = values.values().flatten().all(|value| value.is_nan() || *value == of_base[0]);
        for point in (1..sweep.points()).filter(|_| !alike) {
            let here = sweep.values(point);
            let changed = here.iter().zip(&base).position(|(here, base)| here != base);
            let (Some(axis), Some(of_point)) = (changed, values.get(&point)) else { continue };
            let found = paired_difference(of_base, of_point, 0.95);
            let mut row: Vec<Cell> = vec![
                metric.into(),
                columns[axis].as_str().into(),
                text(&here[axis]).into(),
                text(&base[axis]).into(),
            ];
            row.extend([found.mean_a, found.mean_b].map(Cell::from));
            row.extend(cells(&found.ends(scale_of(metric))));
            row.push(found.p.into());
            table.push(row);
        }
    }
    table
}
