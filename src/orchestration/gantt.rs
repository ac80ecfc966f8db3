//! What single workflows did and when: the rows of a Gantt chart.

use super::plan::Step;
use crate::kernel::Time;
use crate::stats::{Cell, Table};

/// The jobs of the first workflows.
#[derive(Clone, Debug)]
pub struct Gantt {
    workflows: u64,
    table: Table,
    /// Of each row: the workflow, and when the job began.
    order: Vec<(u64, Time)>,
}

impl Gantt {
    /// Of the first `workflows`.
    pub fn new(workflows: u64) -> Self {
        let columns =
            ["workflow", "name", "lane", "label", "round", "item", "kind", "start_s", "end_s"];
        Gantt { workflows, table: Table::new(columns), order: Vec::new() }
    }

    /// Whether a workflow is one of them.
    pub(super) fn keeps(&self, number: u64) -> bool {
        number < self.workflows
    }

    /// A job has ended.
    pub(super) fn push(
        &mut self,
        number: u64,
        step: &Step,
        (round, item): (u32, u32),
        (began, ended): (Time, Time),
        kind: &'static str,
    ) {
        let number = number + 1;
        let mut lane = if step.map.is_some() {
            format!("{} {}", step.name, item + 1)
        } else {
            step.name.to_string()
        };
        if self.workflows > 1 {
            lane.insert_str(0, &format!("{number}: "));
        }
        self.order.push((number, began));
        self.table.push(vec![
            number.into(),
            (&*step.workflow).into(),
            lane.into(),
            (&*step.name).into(),
            u64::from(round + 1).into(),
            u64::from(item + 1).into(),
            kind.into(),
            Cell::Num(began.as_secs_f64()),
            Cell::Num(ended.as_secs_f64()),
        ]);
    }

    /// A row per job: workflow by workflow, in the order in which they began.
    pub fn table(&self) -> Table {
        let mut rows: Vec<_> = self.order.iter().zip(&self.table.rows).collect();
        rows.sort_by_key(|(order, _)| **order);
        let rows = rows.into_iter().map(|(_, row)| row.clone()).collect();
        Table { rows, columns: self.table.columns.clone() }
    }
}
