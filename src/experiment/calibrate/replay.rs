//! The measured requests, simulated: an experiment whose workload is what was measured, run
//! with any values of its parameters.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rayon::prelude::*;
use serde_yaml::Value;

use super::error::CalibrateError;
use crate::experiment::load::diagnostic::Diagnostic;
use crate::experiment::load::document::Document;
use crate::experiment::load::path;
use crate::experiment::prepare::Prepared;
use crate::experiment::prepare::read_checked::read_checked;
use crate::experiment::prepare::workloads::Workloads;
use crate::experiment::runs::Progress;
use crate::kernel::Streams;
use crate::spec::{Path, Problem};
use crate::stats::{Cell, Table};
use crate::system::{self, Finished, Recorder, Setup};
use crate::workload::measured::Measured;

/// The columns of the table that [`trace`] makes of requests.
const COLUMNS: [&str; 3] = ["arrival_s", "input_tokens", "output_tokens"];
/// The same of loads.
const LOADS: [&str; 3] = ["concurrency", "input_tokens", "output_tokens"];
/// Of a load so many requests are simulated for each that is under way.
const ROUNDS: u64 = 10;
/// What a workload of its own begins with.
const OWN: [&str; 4] = ["arrivals", "clients", "requests", "trace"];

/// What the simulation says of a request, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// From its arrival to the first token.
    pub ttft_s: f64,
    /// For each token after the first; none if there is one only.
    pub tpot_s: Option<f64>,
    /// From its arrival to the last token.
    pub e2e_s: f64,
}

/// What a run says of each measured request; `None` for one that was not answered.
pub(super) type Outcome = Vec<Option<Predicted>>;

/// The requests as a trace that an experiment can replay; or the loads.
pub fn trace(rows: &[Measured]) -> Table {
    let loads = rows.iter().any(|row| row.concurrency.is_some());
    let mut table = Table::new(if loads { LOADS } else { COLUMNS });
    for row in rows.iter().filter(|row| row.completed) {
        let concurrency = row.concurrency.map(|it| Cell::from(u64::from(it)));
        table.push(vec![
            concurrency.unwrap_or_else(|| Cell::from(row.arrival)),
            Cell::from(u64::from(row.input_tokens)),
            Cell::from(u64::from(row.output_tokens)),
        ]);
    }
    table
}

/// An experiment that replays measured requests.
pub(super) struct Replay<'r> {
    document: &'r Document,
    progress: &'r Progress,
    /// The completed requests.
    rows: Vec<&'r Measured>,
    /// The experiment with them as its workload.
    pub value: Value,
    workloads: Workloads,
    seed: u64,
    pool: rayon::ThreadPool,
    /// Whether its workload is what was measured, rather than its own.
    pub replays: bool,
    /// Whether each row is a load, of which only means are known.
    pub loads: bool,
    /// How many requests of a load are simulated, if the experiment says so.
    load_requests: Option<u64>,
}

impl<'r> Replay<'r> {
    /// Of the completed `rows`, which the file `trace` holds.
    pub(super) fn new(
        document: &'r Document,
        prepared: &'r Prepared,
        rows: &'r [Measured],
        trace: &FilePath,
        threads: usize,
        progress: &'r Progress,
    ) -> Result<Self, CalibrateError> {
        let rows: Vec<&Measured> = rows.iter().filter(|row| row.completed).collect();
        let resolved = &prepared.resolved;
        if resolved.experiment.orchestration.is_some() {
            return Err(CalibrateError::Refused(
                "`orchestration` makes other requests of those that come: leave it out to hold \
                 requests against what was measured"
                    .to_owned(),
            ));
        }
        let own = document.value.get("workload");
        let loads = rows.iter().any(|row| row.concurrency.is_some());
        let own = OWN.iter().any(|key| own.is_some_and(|own| own.get(key).is_some()));
        if loads && own {
            return Err(CalibrateError::Refused(
                "the measured rows are means over many requests, each of a load: the experiment \
                 must leave its `workload` to them"
                    .to_owned(),
            ));
        }
        let replays = !loads && !own;
        let mut value = resolved.value.clone();
        path::put(&mut value, &Path::parse("sweep"), Value::Null);
        path::put(&mut value, &Path::parse("warmup"), Value::from("none"));
        if replays {
            put_trace(&mut value, trace);
            let longest = rows.iter().map(|row| row.output_tokens).max().unwrap_or(1);
            let asked = Path::parse("workload.max_tokens");
            if path::get(&value, &asked).is_none_or(Value::is_null) {
                path::put(&mut value, &asked, Value::from(longest));
            }
            // All of it is replayed.
            for length in ["duration", "requests"] {
                path::put(&mut value, &Path::parse(length), Value::Null);
            }
        }
        Ok(Replay {
            document,
            progress,
            rows,
            value,
            workloads: Workloads::new(document),
            seed: resolved.experiment.seed,
            pool: rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build()?,
            replays,
            loads,
            load_requests: resolved.experiment.requests,
        })
    }

    /// Whether the experiment's checks allow a value.
    pub(super) fn accepts(&self, at: &Path, new: Value) -> bool {
        let mut value = self.value.clone();
        path::put(&mut value, at, new);
        let mut found = Vec::new();
        let read = read_checked(&value, |problem| self.document.diagnose(problem), &mut found);
        read.is_some() && !found.iter().any(Diagnostic::is_error)
    }

    /// The systems to simulate with these values: one, or one for each load.
    fn setups(&mut self, values: &[(&Path, Value)]) -> Result<Vec<Setup>, CalibrateError> {
        if !self.loads {
            return Ok(vec![self.setup(values, None)?]);
        }
        let rows = self.rows.clone();
        rows.into_iter().map(|row| self.setup(values, Some(row))).collect()
    }

    fn setup(
        &mut self,
        values: &[(&Path, Value)],
        load: Option<&Measured>,
    ) -> Result<Setup, CalibrateError> {
        let mut value = self.value.clone();
        for (at, new) in values {
            path::put(&mut value, at, new.clone());
        }
        if let Some(row) = load {
            put_load(&mut value, row, self.load_requests);
        }
        let document = self.document;
        let diagnose = |problem: &Problem| {
            let owner = values.iter().find(|(at, _)| problem.path.0.starts_with(&at.0));
            match owner {
                None => document.diagnose(problem),
                Some((at, new)) => {
                    let text = serde_yaml::to_string(new).unwrap_or_default();
                    Diagnostic::of_place(problem, format!("--fit {at}, at {}", text.trim()))
                }
            }
        };
        let mut found = Vec::new();
        let experiment = read_checked(&value, diagnose, &mut found);
        found.retain(Diagnostic::is_error);
        let experiment = experiment.filter(|_| found.is_empty());
        let Some(experiment) = experiment else { return Err(CalibrateError::Input(found)) };
        let setup = self.workloads.setup(&experiment);
        setup.map_err(|problem| CalibrateError::Input(vec![diagnose(&problem)]))
    }

    /// Simulates with each of these sets of values, on several threads.
    pub(super) fn run(
        &mut self,
        sets: &[Vec<(&Path, Value)>],
    ) -> Result<Vec<Arc<Outcome>>, CalibrateError> {
        let mut setups = Vec::new();
        for values in sets {
            setups.append(&mut self.setups(values)?);
        }
        self.progress.runs.fetch_add(setups.len(), Ordering::Relaxed);
        let one = |setup: &Setup| {
            let found = if self.loads { self.run_load(setup) } else { self.run_one(setup) };
            self.progress.done.fetch_add(1, Ordering::Relaxed);
            found
        };
        let found: Result<Vec<Outcome>, CalibrateError> =
            self.pool.install(|| setups.par_iter().with_max_len(1).map(one).collect());
        let each = if self.loads { self.rows.len() } else { 1 };
        Ok(found?.chunks(each.max(1)).map(|runs| Arc::new(runs.concat())).collect())
    }

    /// The means over the requests of a load; none if one of them was not answered.
    fn run_load(&self, setup: &Setup) -> Result<Outcome, CalibrateError> {
        let (mut all, mut gaps, mut failed) = (0_u32, 0_u32, false);
        let mut sums = [0.0; 3];
        let record: Recorder<'_> = Box::new(|finished: &Finished<'_>| {
            failed |= finished.outcome.error().is_some();
            let tokens = finished.request.answer.map_or(0, |it| it.output_tokens);
            let times = predicted(finished, tokens);
            all += 1;
            gaps += u32::from(times.tpot_s.is_some());
            sums[0] += times.ttft_s;
            sums[1] += times.tpot_s.unwrap_or(0.0);
            sums[2] += times.e2e_s;
        });
        let streams = Streams::new(self.seed, 0);
        system::run(setup, &streams, &self.progress.stop, Some(record))?;
        let [ttft, tpot, e2e] = sums;
        let mean = Predicted {
            ttft_s: ttft / f64::from(all),
            tpot_s: (gaps > 0).then(|| tpot / f64::from(gaps)),
            e2e_s: e2e / f64::from(all),
        };
        Ok(vec![(!failed && all > 0).then_some(mean)])
    }

    fn run_one(&self, setup: &Setup) -> Result<Outcome, CalibrateError> {
        let mut found: Outcome = vec![None; self.rows.len()];
        let mut all = 0;
        let mut unlike: Option<(usize, u64, u32)> = None;
        let record: Recorder<'_> = Box::new(|finished: &Finished<'_>| {
            all += 1;
            let nth = usize::try_from(finished.request.id).unwrap_or(usize::MAX);
            let (Some(place), Some(row)) = (found.get_mut(nth), self.rows.get(nth)) else {
                return;
            };
            let Some(answer) = finished.request.answer else { return };
            if finished.outcome.error().is_some() {
                return;
            }
            let prompt = finished.request.incoming.input_decitokens.div_ceil(10);
            if (prompt, answer.output_tokens) != (u64::from(row.input_tokens), row.output_tokens)
                && unlike.is_none_or(|(first, ..)| nth < first)
            {
                unlike = Some((nth, prompt, answer.output_tokens));
            }
            *place = Some(predicted(finished, answer.output_tokens));
        });
        let streams = Streams::new(self.seed, 0);
        system::run(setup, &streams, &self.progress.stop, Some(record))?;
        if all != self.rows.len() {
            let rows = self.rows.len();
            return Err(CalibrateError::Refused(format!(
                "{rows} requests were measured, and the experiment's workload has {all}: give it \
                 the same requests, or no `workload` at all, and the measured ones are replayed"
            )));
        }
        if let Some((nth, input, output)) = unlike {
            let row = self.rows[nth];
            return Err(CalibrateError::Refused(format!(
                "request {nth} was measured with {} prompt and {} answer tokens, and has {input} \
                 and {output} in the experiment: give its workload the same requests, or no \
                 `workload` at all, and the measured ones are replayed",
                row.input_tokens, row.output_tokens
            )));
        }
        Ok(found)
    }
}

/// The times of a request with an answer of so many tokens.
fn predicted(finished: &Finished<'_>, output_tokens: u32) -> Predicted {
    let times = finished.times();
    let tpot = (output_tokens > 1).then(|| {
        let gaps = f64::from(output_tokens - 1);
        times.e2e.saturating_sub(times.ttft).as_secs_f64() / gaps
    });
    Predicted { ttft_s: times.ttft.as_secs_f64(), tpot_s: tpot, e2e_s: times.e2e.as_secs_f64() }
}

/// Makes a load the workload of an experiment: so many requests of these lengths are under
/// way from the beginning, and each that is answered makes room for another.
fn put_load(value: &mut Value, row: &Measured, requests: Option<u64>) {
    let concurrency = u64::from(row.concurrency.unwrap_or(1));
    let requests = requests.unwrap_or(ROUNDS * concurrency);
    for (at, number) in [
        ("requests", requests),
        ("workload.arrivals.concurrency.limit", concurrency),
        ("workload.tokens.input.constant", u64::from(row.input_tokens)),
        ("workload.tokens.output.constant", u64::from(row.output_tokens)),
        ("workload.max_tokens", u64::from(row.output_tokens)),
    ] {
        path::put(value, &Path::parse(at), Value::from(number));
    }
    path::put(value, &Path::parse("workload.prompts"), Value::from("unique"));
    path::put(value, &Path::parse("duration"), Value::Null);
}

/// Makes the file `trace` the workload of an experiment.
pub(super) fn put_trace(value: &mut Value, trace: &FilePath) {
    let [time, input, output] = COLUMNS;
    let columns = [
        ("file", trace.display().to_string()),
        ("time", time.to_owned()),
        ("input_tokens", input.to_owned()),
        ("output_tokens", output.to_owned()),
    ];
    let log: serde_yaml::Mapping =
        columns.into_iter().map(|(key, text)| (Value::from(key), Value::from(text))).collect();
    path::put(value, &Path::parse("workload.trace.csv"), Value::Mapping(log));
}
