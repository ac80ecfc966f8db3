//! The tables of a folder.

use super::errors::{ErrorRow, Off};
use super::pair::{Pair, TIMES};
use crate::experiment::calibrate::Fitted;
use crate::stats::agreement::Both;
use crate::stats::{Cell, Table};

pub(super) const ERRORS: &str = "errors.csv";
pub(super) const PARAMETERS: &str = "parameters.csv";
pub(super) const RESIDUALS: &str = "residuals.csv";

/// `errors.csv`: errors and MAPE are shares, the bias is in the metric's own unit.
pub(super) fn errors(rows: &[ErrorRow]) -> Table {
    let statistics = ["mean", "p50", "p90", "p99"];
    let three =
        |it: &str| [format!("measured_{it}"), format!("predicted_{it}"), format!("error_{it}")];
    let mut columns = ["part", "metric", "requests"].map(str::to_owned).to_vec();
    columns.extend(statistics.iter().flat_map(|it| three(it)));
    columns.extend(["mape", "bias", "pearson_r"].map(str::to_owned));
    let mut table = Table::new(columns);
    let three = |both: &Both| [both.measured, both.predicted, both.error()].map(Cell::from);
    for ErrorRow { part, metric, found, .. } in rows {
        let mut row = vec![Cell::from(part.name()), Cell::from(*metric)];
        match found {
            Off::Times(found) => {
                row.push((found.count as u64).into());
                row.extend([found.mean, found.p50, found.p90, found.p99].iter().flat_map(three));
                row.extend([found.mape, found.bias, found.r].map(Cell::from));
            }
            Off::Whole(both) => {
                row.push(Cell::Empty);
                row.extend(three(both));
                row.resize(table.columns.len(), Cell::Empty);
            }
        }
        table.push(row);
    }
    table
}

/// `residuals.csv`: each request's times in seconds, measured and predicted.
pub(super) fn residuals(pairs: &[Pair]) -> Table {
    let loads = pairs.iter().any(|it| it.measured.concurrency.is_some());
    let when = if loads { "concurrency" } else { "arrival_s" };
    let mut columns =
        ["request", "part", when, "input_tokens", "output_tokens"].map(str::to_owned).to_vec();
    for times in &TIMES {
        columns.extend(["measured", "predicted"].map(|which| format!("{}_{which}_s", times.name)));
    }
    let mut table = Table::new(columns);
    for (number, pair) in pairs.iter().enumerate() {
        let it = &pair.measured;
        let mut row = vec![
            Cell::from(number as u64),
            Cell::from(pair.part.name()),
            it.concurrency.map_or_else(|| Cell::from(it.arrival), |it| u64::from(it).into()),
            Cell::from(u64::from(it.input_tokens)),
            Cell::from(u64::from(it.output_tokens)),
        ];
        for times in &TIMES {
            row.push(Cell::from((times.measured)(it)));
            row.push(Cell::from(pair.predicted.as_ref().and_then(times.predicted)));
        }
        table.push(row);
    }
    table
}

/// `parameters.csv`: figures in seconds, bytes per second, events per second, or plain.
pub(super) fn parameters(fitted: &[Fitted]) -> Table {
    let mut table = Table::new([
        "parameter",
        "kind",
        "start",
        "fitted",
        "low_95",
        "high_95",
        "least",
        "most",
        "beware",
    ]);
    for it in fitted {
        let (low, high) = it.interval.unzip();
        table.push(vec![
            Cell::from(it.name.as_str()),
            Cell::from(it.quantity.name()),
            Cell::from(it.start),
            Cell::from(it.figure),
            Cell::from(low),
            Cell::from(high),
            Cell::from(it.bounds.0),
            Cell::from(it.bounds.1),
            Cell::from(it.beware.as_deref()),
        ]);
    }
    table
}
