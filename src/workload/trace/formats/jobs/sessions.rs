//! Sessions of logs as jobs: rows with times, of which those of a session waited for each other.
//!
//! A row waits for those of its session that had ended when it came, as spans do; what lies
//! between is a pause. Where an end was not measured, the row that follows comes as long after the
//! beginning as it did. A row of no session is a job of its own.

use std::path::Path;

use super::spans::{JobSpan, SpansByJob};
use super::{ReadJobs, number};
use crate::workload::CallDraft;
use crate::workload::trace::formats::format::RowReader;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::measured::failures;
use crate::workload::trace::unused;

/// The sessions of a reader's rows.
///
/// # Errors
/// A row or a file that cannot be read.
pub(in crate::workload::trace) fn sessions(
    mut rows: Box<dyn RowReader>,
    path: &Path,
) -> Result<Box<dyn ReadJobs>, TraceError> {
    let mut jobs = SpansByJob::new(path);
    let (mut count, mut failed, mut of_sessions, mut unmeasured) = (0u64, 0, 0u64, 0);
    while let Some(row) = rows.next_row()? {
        count += 1;
        let line = rows.position().line;
        let measured = rows.measured();
        failed += u64::from(measured.is_some_and(|it| it.status.is_failed()));
        let model = measured.and_then(|it| it.model.clone());
        let session = rows.session(&row);
        let end = session.and_then(|session| session.end);
        of_sessions += u64::from(session.is_some());
        unmeasured += u64::from(session.is_some() && end.is_none());
        let span = JobSpan {
            line,
            id: count.to_string(),
            parent: None,
            begin: row.stamp,
            end: end.unwrap_or(row.stamp),
            call: Some(CallDraft {
                input_tokens: row.input_tokens,
                output_tokens: row.output_tokens,
                prompt: row.prompt,
                model: model.map(|name| number(&mut jobs.models, &name)),
                blocks: rows.blocks().to_vec(),
                ..CallDraft::default()
            }),
            is_tool: false,
            user: row.user,
        };
        match session {
            Some(session) => jobs.push(&format!("session {}", session.name), span),
            None => jobs.push(&format!("row {count}"), span),
        }
    }
    if of_sessions == 0 && count > 0 {
        let why = "no row says which session it is of: nothing waits for anything; write `replay: \
                   open` to go by times";
        return Err(jobs.refuse(0, why.to_owned()));
    }
    jobs.users = rows.users().cloned().unwrap_or_default();
    jobs.notes = rows.notes();
    jobs.notes.retain(|note| !unused::is_dependency(note));
    if unmeasured > 0 {
        jobs.notes.push(format!(
            "when the answer had ended was not measured of {unmeasured} of {of_sessions} requests of \
             sessions: what waits for it comes as long after the answer now as it came after the \
             request"
        ));
    }
    if failed > 0 {
        jobs.notes.push(failures(failed, count));
    }
    jobs.reader()
}
