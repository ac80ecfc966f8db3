//! The tables of a replay.

use crate::cache::replay::{Cell as Replayed, Drawn};
use crate::stats::{Cell, Table};

/// A row for each policy and capacity.
pub(super) fn miss_ratios(cells: &[Replayed]) -> Table {
    let mut table = Table::new([
        "policy",
        "capacity",
        "unit",
        "requests",
        "object_misses",
        "object_miss_ratio",
        "byte_miss_ratio",
    ]);
    for cell in cells {
        table.push(vec![
            Cell::from(cell.policy.name()),
            Cell::from(cell.room.amount),
            Cell::from(cell.room.unit.name()),
            Cell::from(cell.counts.requests),
            Cell::from(cell.counts.misses),
            Cell::from(cell.counts.object_miss_ratio()),
            Cell::from(cell.counts.byte_miss_ratio()),
        ]);
    }
    table
}

/// A row for each curve and capacity.
pub(super) fn curves(curves: &[Drawn]) -> Table {
    let mut table =
        Table::new(["curve", "capacity", "unit", "object_miss_ratio", "byte_miss_ratio"]);
    for drawn in curves {
        let curve = &drawn.curve;
        for (at, capacity) in curve.capacities.iter().enumerate() {
            table.push(vec![
                Cell::from(drawn.method.to_string()),
                Cell::from(*capacity),
                Cell::from(curve.unit.name()),
                Cell::from(curve.object_miss_ratio[at]),
                Cell::from(curve.byte_miss_ratio[at]),
            ]);
        }
    }
    table
}

/// A row for each sampled curve.
pub(super) fn samples(curves: &[Drawn]) -> Table {
    let mut table = Table::new([
        "curve",
        "unit",
        "sampled_objects",
        "sampled_accesses",
        "resolution",
        "estimated_error",
        "mean_absolute_error",
    ]);
    for drawn in curves {
        if let Some(sample) = &drawn.sample {
            table.push(vec![
                Cell::from(drawn.method.to_string()),
                Cell::from(drawn.curve.unit.name()),
                Cell::from(sample.objects),
                Cell::from(sample.accesses),
                Cell::from(sample.resolution),
                Cell::from(sample.estimated_error),
                Cell::from(drawn.error),
            ]);
        }
    }
    table
}
