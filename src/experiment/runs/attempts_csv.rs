//! `attempts.csv`: a row per try of a model, written as they end; and `trace-*.json`, which
//! is told the same.

use std::io::{self, Write};

use super::chrome_trace::TraceWriter;
use super::jobs_csv::JobWriter;
use crate::kernel::Time;
use crate::stats::Cell;
use crate::system::{Setup, TracedAttempt, TracedRequest, TracedWorkflow, Tracer};

/// The columns of `attempts.csv`.
pub const ATTEMPT_COLUMNS: [&str; 21] = [
    "point",
    "replication",
    "request_id",
    "measured",
    "model",
    "replica",
    "kind",
    "queued_s",
    "started_s",
    "end_s",
    "outcome",
    "queue_s",
    "first_token_s",
    "inference_s",
    "tpot_s",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "prefix_blocks",
    "prefix_blocks_found",
    "cost_usd",
];

/// Writes the rows of one run.
pub struct AttemptWriter<'s, W: Write> {
    rows: csv::Writer<W>,
    setup: &'s Setup,
    /// Of the point and the replication.
    numbers: [u64; 2],
    /// The first error; nothing is written after it.
    failure: Option<csv::Error>,
}

impl<'s, W: Write> AttemptWriter<'s, W> {
    /// Rows of replication `replication` of point `point` go to `out`, without a header.
    pub fn new(out: W, setup: &'s Setup, point: usize, replication: u64) -> Self {
        let rows = csv::WriterBuilder::new().has_headers(false).from_writer(out);
        AttemptWriter { rows, setup, numbers: [point as u64, replication], failure: None }
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

    fn row(&self, attempt: &TracedAttempt) -> [Cell; ATTEMPT_COLUMNS.len()] {
        let tokens = |decitokens: u64| Cell::Num(decitokens as f64 / 10.0);
        let TracedAttempt { service, prefix, .. } = attempt;
        let [point, replication] = self.numbers;
        [
            point.into(),
            replication.into(),
            attempt.request.into(),
            u64::from(attempt.measured).into(),
            self.setup.models[attempt.model as usize].0.as_str().into(),
            attempt.replica.map(u64::from).into(),
            attempt.kind.name().into(),
            attempt.queued.into(),
            attempt.started.into(),
            attempt.until.into(),
            attempt.outcome.name().into(),
            attempt.queue.into(),
            service.map(|(first_token, _)| first_token).into(),
            service.map(|(_, total)| total).into(),
            attempt.tpot().into(),
            tokens(attempt.input_decitokens),
            prefix.map_or(Cell::Empty, |_| tokens(attempt.cached_decitokens)),
            u64::from(attempt.output_tokens).into(),
            prefix.map(|prefix| u64::from(prefix.blocks)).into(),
            prefix.map(|prefix| u64::from(prefix.found)).into(),
            Cell::Num(attempt.cost.usd()),
        ]
    }
}

impl<W: Write> Tracer for AttemptWriter<'_, W> {
    fn attempt(&mut self, attempt: &TracedAttempt) {
        if self.failure.is_none() && attempt.after_warmup {
            let row = self.row(attempt).map(|cell| cell.to_string());
            self.failure = self.rows.write_record(row).err();
        }
    }
}

/// What a run writes of what it is told.
pub struct Writers<'s, W: Write> {
    /// `attempts.csv`, if that was asked for.
    pub attempts: Option<AttemptWriter<'s, W>>,
    /// `jobs.csv`, if that was.
    pub jobs: Option<JobWriter<'s, W>>,
    /// The trace events, if they were.
    pub trace: Option<TraceWriter<W>>,
}

impl<W: Write> Writers<'_, W> {
    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.attempts.is_none() && self.jobs.is_none() && self.trace.is_none()
    }

    /// Ends them.
    ///
    /// # Errors
    /// If anything could not be written.
    pub fn finish(self) -> io::Result<()> {
        self.attempts.map_or(Ok(()), AttemptWriter::finish)?;
        self.jobs.map_or(Ok(()), JobWriter::finish)?;
        self.trace.map_or(Ok(()), TraceWriter::finish)
    }
}

impl<W: Write> Tracer for Writers<'_, W> {
    fn request(&mut self, request: &TracedRequest) {
        if let Some(trace) = &mut self.trace {
            trace.request(request);
        }
    }

    fn attempt(&mut self, attempt: &TracedAttempt) {
        if let Some(rows) = &mut self.attempts {
            rows.attempt(attempt);
        }
        if let Some(trace) = &mut self.trace {
            trace.attempt(attempt);
        }
    }

    fn workflow(&mut self, workflow: &TracedWorkflow) {
        if let Some(rows) = &mut self.jobs {
            rows.workflow(workflow);
        }
    }

    fn phase(&mut self, model: u32, replica: u32, phase: &'static str, from: Time, until: Time) {
        if let Some(trace) = &mut self.trace {
            trace.phase(model, replica, phase, from, until);
        }
    }

    fn batch(&mut self, model: u32, replica: u32, at: Time, batch: [f64; 3]) {
        if let Some(trace) = &mut self.trace {
            trace.batch(model, replica, at, batch);
        }
    }
}
