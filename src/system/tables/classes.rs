//! `classes.csv`.

use crate::stats::{Cell, Table};
use crate::system::measure::Measures;

/// A row for each class.
pub fn table(measures: &Measures, names: &[String]) -> Table {
    let mut table = Table::new([
        "class",
        "requests",
        "completed",
        "good",
        "slo_attainment",
        "goodput_rps",
        "rejected",
        "shed",
        "e2e_mean_s",
        "e2e_p50_s",
        "e2e_p99_s",
        "ttft_p50_s",
        "ttft_p99_s",
    ]);
    let Some(classes) = &measures.classes else { return table };
    let window = measures.window_s();
    for (name, share) in names.iter().zip(&classes.shares) {
        let attained = (share.requests > 0).then(|| share.good as f64 / share.requests as f64);
        table.push(vec![
            name.as_str().into(),
            share.requests.into(),
            share.completed.into(),
            share.good.into(),
            attained.into(),
            Cell::Num(share.good_in_window as f64 / window),
            share.rejected.into(),
            share.shed.into(),
            share.e2e.mean().into(),
            share.e2e.quantile(0.5).into(),
            share.e2e.quantile(0.99).into(),
            share.ttft.quantile(0.5).into(),
            share.ttft.quantile(0.99).into(),
        ]);
    }
    table
}
