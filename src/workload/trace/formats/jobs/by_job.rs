//! Jobs of a file of spans that is read twice: first to see when each job begins and how many
//! spans it has, then the spans themselves, of which only those are held whose job is under way,
//! or waits for one that began before it. Of each job its name, its beginning and a count are kept.

use std::path::Path;

use indexmap::{IndexMap, IndexSet};

use super::spans::{JobSpan, job};
use super::{Models, ReadJob, ReadJobs};
use crate::workload::trace::formats::users::{Users, intern};
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::position::Position;

/// What a first look at a span tells.
#[derive(Debug)]
pub(in crate::workload::trace) struct Outline {
    /// What it is a part of.
    pub job: String,
    /// Its place among the spans of its job.
    pub place: u64,
    pub line: u64,
    /// Nanoseconds of the file's own clock.
    pub begin: u64,
    /// What it is of besides its job, of which others may be, too: those are one job.
    pub session: Option<String>,
}

/// Who asked, and which models, by the order in the file.
#[derive(Debug, Default)]
pub(in crate::workload::trace) struct Names {
    pub users: Users,
    pub models: Models,
}

/// The spans of a file, one after another.
pub(in crate::workload::trace) trait Spans:
    std::fmt::Debug + Send
{
    /// What the next span is a part of.
    ///
    /// # Errors
    /// A span or a file that cannot be read.
    fn next_outline(&mut self) -> Result<Option<Outline>, TraceError>;

    /// The next span, with its job and its place there.
    ///
    /// # Errors
    /// A span or a file that cannot be read.
    fn next_span(
        &mut self,
        names: &mut Names,
    ) -> Result<Option<(String, u64, JobSpan)>, TraceError>;
}

/// What is known of a job.
#[derive(Debug)]
struct Job {
    begins: u64,
    /// The line of its first span.
    line: u64,
    /// Its name, as the number of one of `names`, or of a session.
    name: u32,
    is_session: bool,
    /// Spans that were not read yet.
    left: u32,
    /// Those that were, with the number of their name and their place.
    spans: Vec<(u32, u64, JobSpan)>,
}

/// The jobs of a file in the order in which they began.
#[derive(Debug)]
struct ByJob<S> {
    spans: S,
    jobs: Vec<Job>,
    /// The job of each name.
    names: IndexMap<String, u32>,
    sessions: IndexSet<String>,
    /// The jobs that are still to come, the next one last.
    coming: Vec<u32>,
    /// Whether jobs begin as their first call does, which others may have begun with, too.
    begin_alike: bool,
    read: Names,
    /// Users by their first job.
    users: Users,
    position: Position,
    /// Spans that are held, and the most that ever were.
    held: usize,
    most_held: usize,
}

/// What the spans of one name are.
struct Part {
    job: Job,
    first: u64,
    /// The session that all of them that say one are of.
    session: Option<usize>,
    sessions: u32,
}

/// Reads the jobs of the file that `open` opens.
///
/// # Errors
/// A span or a file that cannot be read.
pub(in crate::workload::trace) fn by_job<S: Spans + 'static>(
    path: &Path,
    open: impl Fn() -> Result<S, TraceError>,
    begin_alike: bool,
) -> Result<Box<dyn ReadJobs>, TraceError> {
    Ok(Box::new(ByJob::new(path, open, begin_alike)?))
}

impl<S: Spans> ByJob<S> {
    fn new(
        path: &Path,
        open: impl Fn() -> Result<S, TraceError>,
        begin_alike: bool,
    ) -> Result<Self, TraceError> {
        let mut parts: IndexMap<String, Part> = IndexMap::new();
        let mut sessions = IndexSet::new();
        let mut outlines = open()?;
        while let Some(outline) = outlines.next_outline()? {
            see(&mut parts, &mut sessions, outline);
        }
        let mut jobs_of = vec![0; sessions.len()];
        for session in parts.values().filter_map(Part::session) {
            jobs_of[session] += 1;
        }
        // Jobs of one session are one.
        let mut joined = vec![None; sessions.len()];
        let (mut jobs, mut names) = (Vec::<Job>::new(), IndexMap::with_capacity(parts.len()));
        for (name, part) in parts {
            let session = part.session().filter(|session| jobs_of[*session] > 1);
            let at = if let Some(at) = session.and_then(|session| joined[session]) {
                let known: &mut Job = &mut jobs[at as usize];
                known.begins = known.begins.min(part.job.begins);
                known.left += part.job.left;
                at
            } else {
                let at = jobs.len() as u32;
                let name = session.unwrap_or(names.len()) as u32;
                jobs.push(Job { name, is_session: session.is_some(), ..part.job });
                if let Some(session) = session {
                    joined[session] = Some(at);
                }
                at
            };
            names.insert(name, at);
        }
        let mut coming: Vec<u32> = (0..jobs.len() as u32).collect();
        coming.sort_unstable_by_key(|at| {
            let job = &jobs[*at as usize];
            std::cmp::Reverse((job.begins, job.line, *at))
        });
        Ok(ByJob {
            spans: open()?,
            jobs,
            names,
            sessions,
            coming,
            begin_alike,
            read: Names::default(),
            users: Users::new(),
            position: Position::before(path),
            held: 0,
            most_held: 0,
        })
    }

    /// Reads a span on.
    fn read_span(&mut self) -> Result<(), TraceError> {
        let span = self.spans.next_span(&mut self.read).map_err(|error| match error {
            // What others waited for would be wrong without it.
            TraceError::BadRow { file, line, why } => TraceError::Format { file, line, why },
            error => error,
        })?;
        let changed = || self.position.format("the file changed while it was read".to_owned());
        let (name, place, span) = span.ok_or_else(changed)?;
        let (number, _, at) = self.names.get_full(&name).ok_or_else(changed)?;
        let job = &mut self.jobs[*at as usize];
        job.left = job.left.checked_sub(1).ok_or_else(changed)?;
        job.spans.push((number as u32, place, span));
        self.held += 1;
        self.most_held = self.most_held.max(self.held);
        Ok(())
    }

    /// Makes a job of its spans.
    fn finish(&mut self, at: u32) -> Result<ReadJob, TraceError> {
        let Job { begins, line, name, is_session, .. } = self.jobs[at as usize];
        let mut spans = std::mem::take(&mut self.jobs[at as usize].spans);
        self.held -= spans.len();
        self.position.line = line;
        spans.sort_by_key(|(number, place, _)| (*number, *place));
        let name_of = |number: u32| {
            self.names.get_index(number as usize).map_or("", |(name, _)| name.as_str())
        };
        let name = if is_session {
            // Ids are those of their part of it.
            for (number, _, span) in &mut spans {
                let part = name_of(*number);
                span.id = format!("{part}/{}", span.id);
                span.parent = span.parent.take().map(|parent| format!("{part}/{parent}"));
            }
            format!("the session {}", self.sessions[name as usize])
        } else {
            name_of(name).to_owned()
        };
        let spans: Vec<JobSpan> = spans.into_iter().map(|(.., span)| span).collect();
        let user = spans.iter().find_map(|span| span.user);
        let job = job(&name, spans, self.begin_alike).map_err(|why| self.position.format(why))?;
        let user = user.filter(|_| !job.is_empty());
        let user = user.and_then(|user| self.read.users.get_index(user as usize));
        let user = user.map(|name| intern(&mut self.users, name.as_bytes()));
        Ok(ReadJob { begins, job, user })
    }
}

impl Part {
    fn session(&self) -> Option<usize> {
        self.session.filter(|_| self.sessions == 1)
    }
}

fn see(parts: &mut IndexMap<String, Part>, sessions: &mut IndexSet<String>, outline: Outline) {
    let Outline { job, place, line, begin, session } = outline;
    let part = parts.entry(job).or_insert_with(|| Part {
        job: Job { begins: begin, line, name: 0, is_session: false, left: 0, spans: Vec::new() },
        first: place,
        session: None,
        sessions: 0,
    });
    part.job.begins = part.job.begins.min(begin);
    part.job.left += 1;
    if place < part.first {
        (part.first, part.job.line) = (place, line);
    }
    if let Some(session) = session {
        let number = sessions.insert_full(session).0;
        part.sessions += u32::from(part.session != Some(number));
        part.session = Some(number);
    }
}

impl<S: Spans> ReadJobs for ByJob<S> {
    /// The next job; those without a call are none.
    fn next_job(&mut self) -> Result<Option<ReadJob>, TraceError> {
        while let Some(at) = self.coming.last().copied() {
            if self.jobs[at as usize].left > 0 {
                self.read_span()?;
                continue;
            }
            self.coming.pop();
            let job = self.finish(at)?;
            if !job.job.is_empty() {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    fn position(&self) -> &Position {
        &self.position
    }

    fn users(&self) -> Option<&Users> {
        Some(&self.users)
    }

    fn models(&self) -> Option<&Models> {
        Some(&self.read.models)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::CallDraft;

    /// Jobs one after another, each of three calls, of which so many are under way at once.
    #[derive(Debug)]
    struct Made {
        jobs: u64,
        at_once: u64,
        next: u64,
    }

    impl Made {
        fn next(&mut self) -> Option<(String, u64, JobSpan)> {
            // The calls of `at_once` jobs by turns.
            let (at, of_round) = (self.next, 3 * self.at_once);
            self.next += 1;
            let job = at / of_round * self.at_once + at % self.at_once;
            let call = CallDraft { input_tokens: 1, output_tokens: Some(1), ..Default::default() };
            let span = JobSpan {
                line: at + 1,
                id: at.to_string(),
                parent: None,
                begin: at,
                end: at,
                call: Some(call),
                is_tool: false,
                user: None,
            };
            (job < self.jobs).then(|| (format!("job {job}"), at, span))
        }
    }

    impl Spans for Made {
        fn next_outline(&mut self) -> Result<Option<Outline>, TraceError> {
            Ok(self.next().map(|(job, place, span)| Outline {
                job,
                place,
                line: span.line,
                begin: span.begin,
                session: None,
            }))
        }

        fn next_span(
            &mut self,
            _: &mut Names,
        ) -> Result<Option<(String, u64, JobSpan)>, TraceError> {
            Ok(Made::next(self))
        }
    }

    #[test]
    fn spans_of_jobs_under_way_are_held_and_no_others() {
        for (jobs, at_once) in [(600, 1), (600, 20), (6000, 20)] {
            let open = || Ok(Made { jobs, at_once, next: 0 });
            let mut reader = ByJob::new(Path::new("made"), open, false).unwrap();
            let (mut count, mut last) = (0, 0);
            while let Some(job) = reader.next_job().unwrap() {
                assert!(job.begins >= last && job.job.calls().len() == 3);
                (count, last) = (count + 1, job.begins);
            }
            assert_eq!(count, jobs);
            assert!(reader.most_held <= 3 * at_once as usize, "{}", reader.most_held);
        }
    }
}
