//! A run as trace events, for Perfetto (<https://ui.perfetto.dev>) and
//! `chrome://tracing`: the JSON array format of "Trace Event Format" (Google, 2016).
//!
//! Process 0 is the requests; each model is a process of its own, with a thread for
//! each replica. Requests and attempts overlap, so that they are asynchronous events
//! (`b`, `e`); phases of replicas are complete events (`X`), batches counters (`C`).

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::kernel::Time;
use crate::system::{Setup, TracedAttempt, TracedRequest, Tracer};

/// Writes the events of one run.
pub struct TraceWriter<W: Write> {
    out: W,
    /// Attempts so far: their numbers.
    attempts: u64,
    failure: Option<io::Error>,
    first: bool,
}

fn micros(time: Time) -> f64 {
    time.as_nanos() as f64 / 1e3
}

impl<W: Write> TraceWriter<W> {
    /// Events go to `out`, the names of models and replicas first.
    pub fn new(out: W, setup: &Setup) -> Self {
        let mut writer = TraceWriter { out, attempts: 0, failure: None, first: true };
        writer.name("process_name", 0, 0, "requests");
        for (model, (name, spec)) in setup.models.iter().enumerate() {
            let pid = model as u32 + 1;
            writer.name("process_name", pid, 0, name);
            for replica in 0..spec.server.replica_bounds().1 {
                writer.name("thread_name", pid, replica + 1, &format!("replica {replica}"));
            }
        }
        writer
    }

    /// Ends the array.
    ///
    /// # Errors
    /// If any event could not be written.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.out.write_all(if self.first { b"[\n]\n" } else { b"\n]\n" })?;
        self.out.flush()
    }

    fn name(&mut self, what: &str, pid: u32, tid: u32, name: &str) {
        self.event(&json!({
            "name": what, "ph": "M", "pid": pid, "tid": tid, "args": { "name": name },
        }));
    }

    fn event(&mut self, event: &Value) {
        if self.failure.is_some() {
            return;
        }
        let before = if self.first { "[\n" } else { ",\n" };
        self.first = false;
        self.failure = write!(self.out, "{before}{event}").err();
    }

    /// A span of an asynchronous event.
    fn span(&mut self, name: &str, key: (&str, u64, u32), from: Time, until: Time, args: &Value) {
        let (category, id, pid) = key;
        self.event(&json!({
            "name": name, "cat": category, "ph": "b", "id": id, "pid": pid, "tid": 0,
            "ts": micros(from), "args": args,
        }));
        self.event(&json!({
            "name": name, "cat": category, "ph": "e", "id": id, "pid": pid, "tid": 0,
            "ts": micros(until),
        }));
    }
}

impl<W: Write> Tracer for TraceWriter<W> {
    fn request(&mut self, request: &TracedRequest) {
        let args = json!({
            "request": request.id, "user": request.user, "outcome": request.outcome.name(),
            "error": request.outcome.error().map(|error| error.to_string()),
        });
        let key = ("request", request.id, 0);
        self.span(request.outcome.name(), key, request.from, request.until, &args);
    }

    fn attempt(&mut self, attempt: &TracedAttempt) {
        let (id, pid) = (self.attempts, attempt.model + 1);
        self.attempts += 1;
        let args = json!({
            "replica": attempt.replica, "user": attempt.user, "kind": attempt.kind.name(),
            "outcome": attempt.outcome.name(), "output_tokens": attempt.output_tokens,
        });
        let began = attempt.started.unwrap_or(attempt.until);
        if began > attempt.queued {
            self.span("queue", ("attempt", id, pid), attempt.queued, began, &args);
        }
        if attempt.started.is_some() {
            self.span("work", ("attempt", id, pid), began, attempt.until, &args);
        }
    }

    fn phase(&mut self, model: u32, replica: u32, phase: &'static str, from: Time, until: Time) {
        self.event(&json!({
            "name": phase, "cat": "replica", "ph": "X", "pid": model + 1, "tid": replica + 1,
            "ts": micros(from), "dur": micros(until) - micros(from),
        }));
    }

    fn batch(&mut self, model: u32, replica: u32, at: Time, batch: [f64; 3]) {
        let [running, waiting, memory] = batch;
        self.event(&json!({
            "name": format!("batch of replica {replica}"), "ph": "C", "pid": model + 1, "tid": 0,
            "ts": micros(at), "args": { "running": running, "waiting": waiting },
        }));
        self.event(&json!({
            "name": format!("memory of replica {replica}"), "ph": "C", "pid": model + 1, "tid": 0,
            "ts": micros(at), "args": { "used": memory },
        }));
    }
}
