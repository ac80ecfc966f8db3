//! Jobs made of spans with times, as logs and traces of running systems have them.

use std::collections::BTreeMap;
use std::path::Path;

use indexmap::IndexMap;

use super::causes::{Span, SpanKind, causes};
use super::{Models, ReadJob, ReadJobs};
use crate::workload::trace::formats::users::{Users, intern};
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
    /// Who asked, by the number in the file's order.
    pub user: Option<u32>,
}

/// The spans of a file by their jobs.
#[derive(Debug)]
pub(in crate::workload::trace) struct SpansByJob {
    jobs: IndexMap<String, Vec<JobSpan>>,
    /// Whether jobs begin as their first call does, which others may have begun with, too.
    pub begin_alike: bool,
    pub users: Users,
    pub models: Models,
    pub notes: Vec<String>,
    position: Position,
}

impl SpansByJob {
    /// Of a file.
    pub fn new(path: &Path) -> Self {
        SpansByJob {
            jobs: IndexMap::new(),
            begin_alike: false,
            users: Users::new(),
            models: Models::new(),
            notes: Vec::new(),
            position: Position::before(path),
        }
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
        let SpansByJob { jobs, begin_alike, users, models, notes, position } = self;
        let mut read = Vec::with_capacity(jobs.len());
        for (name, spans) in jobs {
            let line = spans[0].line;
            let begins = spans.iter().map(|span| span.begin).min().unwrap_or(0);
            let user = spans.iter().find_map(|span| span.user);
            let job = job(&name, spans, begin_alike);
            let job = job.map_err(|why| Position { line, ..position.clone() }.bad_row(why))?;
            if !job.is_empty() {
                read.push((line, Ok(ReadJob { begins, job, user })));
            }
        }
        Ok(Box::new(InOrder::new(read, &users, models, notes, position)))
    }
}

/// Jobs that were read at once.
#[derive(Debug)]
struct InOrder {
    jobs: std::vec::IntoIter<(u64, Result<ReadJob, String>)>,
    users: Users,
    models: Models,
    notes: Vec<String>,
    position: Position,
}

impl InOrder {
    /// Sorts them by when they began, those that cannot be read first; users are numbered by
    /// their first job.
    fn new(
        mut jobs: Vec<(u64, Result<ReadJob, String>)>,
        names: &Users,
        models: Models,
        notes: Vec<String>,
        position: Position,
    ) -> Self {
        jobs.sort_by_key(|(line, job)| (job.as_ref().ok().map(|job| job.begins), *line));
        let mut users = Users::new();
        for (_, job) in &mut jobs {
            if let Ok(ReadJob { user: Some(user), .. }) = job
                && let Some(name) = names.get_index(*user as usize)
            {
                *user = intern(&mut users, name.as_bytes());
            }
        }
        InOrder { jobs: jobs.into_iter(), users, models, notes, position }
    }
}

impl ReadJobs for InOrder {
    fn next_job(&mut self) -> Result<Option<ReadJob>, TraceError> {
        let Some((line, job)) = self.jobs.next() else { return Ok(None) };
        self.position.line = line;
        job.map(Some).map_err(|why| self.position.bad_row(why))
    }

    fn position(&self) -> &Position {
        &self.position
    }

    fn users(&self) -> Option<&Users> {
        Some(&self.users)
    }

    fn models(&self) -> Option<&Models> {
        Some(&self.models)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

/// All jobs of a reader, in the order in which they began.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn sorted(mut jobs: impl ReadJobs) -> Result<impl ReadJobs, TraceError> {
    let mut read = Vec::new();
    loop {
        match jobs.next_job() {
            Ok(Some(job)) => read.push((jobs.position().line, Ok(job))),
            Ok(None) => break,
            Err(TraceError::BadRow { line, why, .. }) => read.push((line, Err(why))),
            Err(error) => return Err(error),
        }
    }
    let users = jobs.users().cloned().unwrap_or_default();
    let models = jobs.models().cloned().unwrap_or_default();
    Ok(InOrder::new(read, &users, models, jobs.notes(), jobs.position().clone()))
}

/// Makes a job of the spans of that name.
///
/// # Errors
/// Spans that are parts of each other or have one id.
pub(super) fn job(
    name: &str,
    mut spans: Vec<JobSpan>,
    begin_alike: bool,
) -> Result<RecordedJob, String> {
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
        if let (0, true, Some(prompt)) = (place, begin_alike, call.prompt) {
            opening = Opening { name: prompt.0, tokens: call.input_tokens };
        }
        drafts.push(CallDraft {
            think: cause.think,
            tools: cause.tools,
            after: cause.after,
            thread,
            ..call
        });
    }
    let job =
        RecordedJob::new(drafts).map_err(|_| format!("the calls of {name} wait for each other"))?;
    Ok(job.opening(opening))
}
