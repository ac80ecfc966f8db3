//! One system, from its text to its books.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Once};
use std::thread;
use std::time::Duration;

use serde_yaml::Value;
use windtunnel::experiment::load::Document;
use windtunnel::experiment::{
    ATTEMPT_COLUMNS, AttemptWriter, Experiment, JOB_COLUMNS, JobWriter, Overrides, Prepared,
    REQUEST_COLUMNS, RequestWriter, prepare,
};
use windtunnel::kernel::Streams;
use windtunnel::system::{
    self, Finished, RunError, RunTables, TracedAttempt, TracedWorkflow, Tracer,
};

use crate::block;
use crate::hold;
use crate::recompute::Rows;

/// A thread of a run has so much stack: what ends within what began it would soon need more.
const STACK: usize = 768 << 10;

/// No run of a few hundred requests takes so long, even beside seven others.
const PATIENCE: Duration = Duration::from_secs(20);

/// The kernel looks at the stop flag every million events; these take so long at most.
const GRACE: Duration = Duration::from_secs(40);

/// What a request was when it had ended.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its number.
    pub id: u64,
    /// Whether it counts.
    pub measured: bool,
    /// How it ended.
    pub outcome: &'static str,
    /// From arrival to the end.
    pub e2e_s: f64,
    /// Until the first token, where it was answered.
    pub ttft_s: f64,
    /// What it was charged: nothing, if its answer was made for another.
    pub cost_usd: f64,
    /// What its answer costs by the list.
    pub list_usd: f64,
}

/// All that a run tells.
pub struct Books {
    /// The experiment of the point.
    pub experiment: Experiment,
    /// Its tables.
    pub tables: RunTables,
    /// Its requests, in order of finishing.
    pub rows: Vec<Row>,
    /// The rows of `requests.csv`, as they are written.
    pub requests: Rows,
    /// The rows of `attempts.csv`.
    pub attempts: Rows,
    /// The rows of `jobs.csv`.
    pub jobs: Rows,
    /// The ends of its workflows.
    pub ends: Vec<WorkflowEnd>,
}

/// How a workflow ended.
#[derive(Clone, Copy, Debug)]
pub struct WorkflowEnd {
    /// Whether it counts.
    pub measured: bool,
    /// Whether it ended after the warm-up.
    pub after_warmup: bool,
    /// When, in nanoseconds.
    pub until_ns: u64,
    /// From arrival to the end.
    pub makespan_s: f64,
    /// Whether it is a plain request.
    pub is_plain: bool,
    /// Whether its result was right; nothing if it failed.
    pub right: Option<bool>,
}

/// Whoever is told of what a run does, and keeps it.
struct Watch<'s> {
    attempts: AttemptWriter<'s, &'s mut Vec<u8>>,
    jobs: JobWriter<'s, &'s mut Vec<u8>>,
    ends: Vec<WorkflowEnd>,
}

impl Tracer for Watch<'_> {
    fn attempt(&mut self, attempt: &TracedAttempt) {
        self.attempts.attempt(attempt);
    }

    fn workflow(&mut self, end: &TracedWorkflow) {
        self.jobs.workflow(end);
        self.ends.push(WorkflowEnd {
            measured: end.measured,
            after_warmup: end.after_warmup,
            until_ns: end.until.as_nanos(),
            makespan_s: (end.until - end.from).as_secs_f64(),
            is_plain: end.is_plain,
            right: end.right,
        });
    }
}

/// What a system did that none may.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Where it panicked, or what did not hold.
    pub kind: String,
    /// With which values.
    pub detail: String,
}

/// What became of a system.
pub enum Verdict {
    /// It cannot be prepared, which a file may well have deserved.
    Invalid(String),
    /// It ran, and this did not hold.
    Ran(Vec<Failure>),
}

/// Prepares a system and runs each of its points, twice.
pub fn try_system(experiment: &Value, label: &str) -> Verdict {
    listen();
    let text = block::text(experiment);
    let prepared = catch(|| prepared(&text));
    let prepared = match prepared {
        Err(failure) => return Verdict::Ran(vec![failure]),
        Ok(Err(refusal)) if refusal.is_empty() => {
            return Verdict::Ran(vec![failure("what is refused has an error", "there is none")]);
        }
        Ok(Err(refusal)) => return Verdict::Invalid(refusal),
        Ok(Ok(prepared)) => Arc::new(prepared),
    };
    let mut failures = Vec::new();
    for point in 0..prepared.setups.len() {
        let first = match run(&prepared, point, (label, true), &text) {
            Ok(None) => continue,
            Ok(Some(books)) => books,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        failures.extend(hold::broken(&first));
        match run(&prepared, point, (label, false), &text) {
            Ok(Some(second)) if bytes(&second) == bytes(&first) => {}
            Ok(_) => failures.push(failure("the same bytes when run again", "they differ")),
            Err(failure) => failures.push(failure),
        }
    }
    Verdict::Ran(failures)
}

/// The one by its parts.
pub fn failure(kind: &str, detail: impl Into<String>) -> Failure {
    Failure { kind: kind.to_owned(), detail: detail.into() }
}

fn bytes(books: &Books) -> String {
    format!("{:?}{:?}", books.tables, books.rows)
}

fn prepared(text: &str) -> Result<Prepared, String> {
    let document =
        Document::from_text("system.yaml", text).map_err(|error| format!("{error:?}"))?;
    prepare(&document, &Overrides::default()).map_err(|found| {
        found.iter().filter(|it| it.is_error()).map(ToString::to_string).collect::<String>()
    })
}

/// One run in a thread of its own; nothing where clients and servers take no time, which a
/// run refuses.
fn run(
    prepared: &Arc<Prepared>,
    point: usize,
    (label, watched): (&str, bool),
    text: &str,
) -> Result<Option<Books>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let (send, receive) = channel();
    let (of_thread, heard) = (Arc::clone(prepared), Arc::clone(&stop));
    let work = move || {
        let _ = send.send(catch(|| simulate(&of_thread, point, &heard, watched)));
    };
    let builder = thread::Builder::new().name(label.to_owned()).stack_size(STACK);
    let thread = builder.spawn(work).expect("a thread");
    let told = match receive.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => {
            stop.store(true, Ordering::Relaxed);
            receive.recv_timeout(GRACE)
        }
        told => told,
    };
    let Ok(told) = told else {
        eprintln!("{label} hangs, deaf to its stop flag:\n{text}");
        std::process::exit(101);
    };
    let _ = thread.join();
    match told? {
        Ok(books) => Ok(Some(books)),
        Err(RunError::Standstill { .. }) => Ok(None),
        Err(RunError::Interrupted) => Err(failure("it ends", format!("not in {PATIENCE:?}"))),
        Err(error) => Err(failure("it runs", error.to_string())),
    }
}

/// Runs a point; what it writes is read where it is `watched`, which changes nothing.
fn simulate(
    prepared: &Prepared,
    point: usize,
    stop: &AtomicBool,
    watched: bool,
) -> Result<Books, RunError> {
    let outline = &prepared.resolved;
    let setup = &prepared.setups[point];
    let streams = Streams::new(outline.experiment.seed, 0);
    let (mut rows, mut requests, mut attempts) = (Vec::new(), Vec::new(), Vec::new());
    let mut jobs = Vec::new();
    let (tables, ends) = {
        let mut writer = RequestWriter::new(&mut requests, setup, 0, 0);
        let attempts = AttemptWriter::new(&mut attempts, setup, 0, 0);
        let jobs = JobWriter::new(&mut jobs, setup, 0, 0);
        let mut watch = Watch { attempts, jobs, ends: Vec::new() };
        let tables = {
            let mut write = watched.then(|| writer.recorder());
            let recorder = Box::new(|finished: &Finished<'_>| {
                rows.push(row(finished));
                if let Some(write) = &mut write {
                    write(finished);
                }
            });
            let tracer = watched.then_some(&mut watch as &mut dyn Tracer);
            system::run_traced(setup, &streams, stop, Some(recorder), tracer)?
        };
        writer.finish().expect("rows in memory");
        watch.attempts.finish().expect("rows in memory");
        watch.jobs.finish().expect("rows in memory");
        (tables, watch.ends)
    };
    Ok(Books {
        experiment: outline.experiment.clone(),
        tables,
        rows,
        requests: Rows::read(&REQUEST_COLUMNS, &requests),
        attempts: Rows::read(&ATTEMPT_COLUMNS, &attempts),
        jobs: Rows::read(&JOB_COLUMNS, &jobs),
        ends,
    })
}

fn row(finished: &Finished<'_>) -> Row {
    let Finished { request, outcome, at, .. } = finished;
    let answered = outcome.error().is_none();
    let made = request.answer.filter(|_| !request.cached);
    Row {
        id: request.id,
        measured: request.measured,
        outcome: outcome.name(),
        e2e_s: (*at - request.incoming.at).as_secs_f64(),
        ttft_s: if answered { finished.times().ttft.as_secs_f64() } else { f64::NAN },
        cost_usd: made.map_or(0.0, |answer| answer.cost.usd()),
        list_usd: finished.list.map_or(0.0, windtunnel::cost::Money::usd),
    }
}

/// The books of a file's first point, here and now.
pub fn books(yaml: &str) -> Result<Books, String> {
    let prepared = prepared(yaml)?;
    simulate(&prepared, 0, &AtomicBool::new(false), true).map_err(|error| error.to_string())
}

/// The tables of the first point.
pub fn tables(prepared: &Prepared) -> Result<RunTables, RunError> {
    Ok(simulate(prepared, 0, &AtomicBool::new(false), true)?.tables)
}

thread_local! {
    /// Whether this thread's panics are caught, and where the last was.
    static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the places of panics that are caught, and is silent about them.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let caught = CAUGHT.with_borrow_mut(|caught| {
                let listens = caught.is_some();
                if listens {
                    *caught = Some(place);
                }
                listens
            });
            if !caught {
                before(info);
            }
        }));
    });
}

fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    CAUGHT.set(Some(String::new()));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let place = CAUGHT.take().unwrap_or_default();
    outcome
        .map_err(|payload| Failure { kind: format!("panic at {place}"), detail: said(&*payload) })
}

fn said(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|it| (*it).to_owned()));
    text.unwrap_or_default()
}
