//! Jobs made of spans with times, as logs and traces of running systems have them.

use std::collections::BTreeMap;
use std::path::Path;

use indexmap::IndexMap;

use super::ReadJobs;
use super::causes::{Span, SpanKind, causes};
use crate::workload::incoming::PromptId;
use crate::workload::trace::identity;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;
use crate::workload::{CallDraft, Opening, RecordedJob};

/// A span of a job.
#[derive(Clone, Debug)]
pub(in crate::workload::trace) struct JobSpan {
    /// Its line.
    pub line: u64,
    pub id: String,
    /// The id of the span that it is part of.
    pub parent: Option<String>,
    /// Nanoseconds of the file's own clock.
    pub begin: u64,
    pub end: u64,
    /// What was asked, if it is a call of a model.
    pub call: Option<CallDraft>,
    /// Whether it is a tool at work.
    pub is_tool: bool,
}

/// The spans of a file by their jobs.
#[derive(Debug)]
pub(in crate::workload::trace) struct SpansByJob {
    jobs: IndexMap<String, Vec<JobSpan>>,
    /// Whether jobs begin as their first call does, which others may have begun with, too.
    pub begin_alike: bool,
    position: Position,
}

impl SpansByJob {
    /// Of a file.
    pub fn new(path: &Path) -> Self {
        let position = Position::before(path);
        SpansByJob { jobs: IndexMap::new(), begin_alike: false, position }
    }

    /// Adds a span of a job.
    pub fn push(&mut self, job: &str, span: JobSpan) {
        match self.jobs.get_mut(job) {
            Some(spans) => spans.push(span),
            None => {
                self.jobs.insert(job.to_owned(), vec![span]);
            }
        }
    }

    /// A bad row ends the reading: what others waited for would be wrong without it.
    pub fn refuse(&self, line: u64, why: String) -> TraceError {
        Position { line, ..self.position.clone() }.bad_row(why)
    }

    /// The jobs in the order in which they began; those without a call are none.
    ///
    /// # Errors
    /// A job whose spans are parts of each other.
    pub fn reader(self) -> Result<Box<dyn ReadJobs>, TraceError> {
        let SpansByJob { jobs, begin_alike, position } = self;
        let mut read = Vec::with_capacity(jobs.len());
        for (name, spans) in jobs {
            let line = spans[0].line;
            let refused = |why: String| Position { line, ..position.clone() }.bad_row(why);
            let begins = spans.iter().map(|span| span.begin).min().unwrap_or(0);
            let job = job(&name, spans, begin_alike).map_err(refused)?;
            if !job.is_empty() {
                read.push((begins, line, job));
            }
        }
        read.sort_by_key(|(begins, line, _)| (*begins, *line));
        Ok(Box::new(InOrder { jobs: read.into_iter(), position }))
    }
}

/// Jobs that were read at once.
#[derive(Debug)]
struct InOrder {
    jobs: std::vec::IntoIter<(u64, u64, RecordedJob)>,
    position: Position,
}

impl ReadJobs for InOrder {
    fn next_job(&mut self) -> Result<Option<(u64, RecordedJob)>, TraceError> {
        let Some((begins, line, job)) = self.jobs.next() else { return Ok(None) };
        self.position.line = line;
        Ok(Some((begins, job)))
    }

    fn position(&self) -> &Position {
        &self.position
    }
}

fn job(name: &str, mut spans: Vec<JobSpan>, begin_alike: bool) -> Result<RecordedJob, String> {
    let places: BTreeMap<&str, usize> =
        spans.iter().enumerate().map(|(place, span)| (span.id.as_str(), place)).collect();
    if places.len() < spans.len() {
        return Err(format!("two spans of {name} have the same id"));
    }
    let measured: Vec<Span> = spans
        .iter()
        .map(|span| Span {
            begin: span.begin,
            end: span.end,
            // Of a parent that is not in the file it is no part.
            parent: span.parent.as_deref().and_then(|id| places.get(id).copied()),
            kind: match (&span.call, span.is_tool) {
                (Some(_), _) => SpanKind::Call,
                (None, true) => SpanKind::Tool,
                (None, false) => SpanKind::Other,
            },
        })
        .collect();
    let causes = causes(&measured)
        .map_err(|place| format!("span {} of {name} is part of itself", spans[place].id))?;
    let thread = identity::of_text(name.as_bytes());
    let mut opening = Opening::default();
    let mut drafts = Vec::with_capacity(causes.len());
    for (place, cause) in causes.into_iter().enumerate() {
        let Some(call) = spans[cause.span].call.take() else { continue };
        if place == 0 && begin_alike && call.prompt != PromptId::default() {
            opening = Opening { name: call.prompt.0, tokens: call.input_tokens };
        }
        let prompt = if call.prompt == PromptId::default() {
            identity::of_text(format!("{name}/{}", spans[cause.span].id).as_bytes())
        } else {
            call.prompt
        };
        drafts.push(CallDraft {
            think: cause.think,
            tools: cause.tools,
            after: cause.after,
            thread,
            prompt,
            ..call
        });
    }
    let job =
        RecordedJob::new(drafts).map_err(|_| format!("the calls of {name} wait for each other"))?;
    Ok(job.opening(opening))
}
