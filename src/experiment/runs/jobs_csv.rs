//! `jobs.csv`: a row per workflow, written as they end.

use std::io::{self, Write};

use crate::orchestration::{Kind, Plan};
use crate::stats::Cell;
use crate::system::{Setup, TracedWorkflow, Tracer};

/// The columns of `jobs.csv`.
pub const JOB_COLUMNS: [&str; 22] = [
    "point",
    "replication",
    "workflow_id",
    "workflow",
    "user",
    "measured",
    "arrival_s",
    "finish_s",
    "makespan_s",
    "outcome",
    "right",
    "calls",
    "input_tokens",
    "output_tokens",
    "charged_usd",
    "critical_llm_s",
    "critical_queue_s",
    "critical_tool_s",
    "critical_retrieval_s",
    "critical_human_s",
    "critical_blocked_s",
    "critical_backoff_s",
];

/// Writes the rows of one run.
pub struct JobWriter<'s, W: Write> {
    rows: csv::Writer<W>,
    /// The names of workflows and users.
    workflows: Vec<&'s str>,
    users: Vec<&'s str>,
    /// Of the point and the replication.
    numbers: [u64; 2],
    /// The first error; nothing is written after it.
    failure: Option<csv::Error>,
}

impl<'s, W: Write> JobWriter<'s, W> {
    /// Rows of replication `replication` of point `point` go to `out`, without a header.
    pub fn new(out: W, setup: &'s Setup, point: usize, replication: u64) -> Self {
        JobWriter {
            rows: csv::WriterBuilder::new().has_headers(false).from_writer(out),
            workflows: setup.workflows.iter().flat_map(Plan::names).collect(),
            users: setup.workload.users().iter().map(|user| user.name.as_str()).collect(),
            numbers: [point as u64, replication],
            failure: None,
        }
    }

    /// Flushes the rows.
    ///
    /// # Errors
    /// If any row could not be written.
    pub fn finish(mut self) -> io::Result<()> {
        match self.failure.take() {
            Some(error) => Err(error.into()),
            None => self.rows.flush(),
        }
    }

    fn row(&self, ended: &TracedWorkflow) -> [Cell; JOB_COLUMNS.len()] {
        let [point, replication] = self.numbers;
        let critical = |kind: Kind| Cell::from(ended.path.0[kind as usize]);
        [
            point.into(),
            replication.into(),
            ended.number.into(),
            self.workflows[ended.workflow as usize].into(),
            self.users[ended.user as usize].into(),
            u64::from(ended.measured).into(),
            ended.from.into(),
            ended.until.into(),
            ended.until.since(ended.from).into(),
            ended.failed.unwrap_or("completed").into(),
            ended.right.map(u64::from).into(),
            ended.spent.calls.into(),
            Cell::Num(ended.spent.input_decitokens as f64 / 10.0),
            ended.spent.output_tokens.into(),
            Cell::Num(ended.spent.cost.usd()),
            critical(Kind::Llm),
            critical(Kind::Queue),
            critical(Kind::Tool),
            critical(Kind::Retrieval),
            critical(Kind::Human),
            critical(Kind::Blocked),
            critical(Kind::Backoff),
        ]
    }
}

impl<W: Write> Tracer for JobWriter<'_, W> {
    fn workflow(&mut self, ended: &TracedWorkflow) {
        if self.failure.is_none() && ended.after_warmup && !ended.is_plain {
            let row = self.row(ended).map(|cell| cell.to_string());
            self.failure = self.rows.write_record(row).err();
        }
    }
}
