//! The CSV files of a results folder, made from the records of its runs.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use serde_yaml::Value;

use crate::experiment::{
    ATTEMPT_COLUMNS, JOB_COLUMNS, Manifest, REQUEST_COLUMNS, Record, Replications, Resolved,
    Standing, Store, WorkspaceError, plain,
};
use crate::report::csv::write_table;
use crate::report::error::ReportError;
use crate::report::experiment::sensitivity::write_sensitivity;
use crate::report::results::estimates::columns_of;
use crate::stats::{Cell, MeanCi, Moments, Table};
use crate::system::{BATCHED, METRICS, Metric, Part, RunTables, scale_of};

/// Why the results could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// A file could not be written.
    #[error("cannot write results: {0}")]
    Io(#[from] io::Error),
    /// A row could not be written.
    #[error("cannot write results: {0}")]
    Csv(#[from] csv::Error),
    /// A table could not be read again.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A record is gone, or the folder cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

/// Writes every CSV file and the manifest into `folder`, reading one record at a
/// time; `store` says where a run is kept. Returns the table of points.
///
/// # Errors
/// If a record is missing or a file cannot be written.
pub fn write_results<'s>(
    resolved: &Resolved,
    store: impl Fn(usize) -> &'s Store,
    folder: &Path,
) -> Result<Table, ResultsError> {
    let mut files = Files::new(resolved, folder)?;
    let replications = resolved.replications();
    let shown = shown(resolved);
    let mut points = points_table(resolved, &shown);
    let scales: Vec<_> = METRICS.iter().map(|metric| scale_of(metric.name)).collect();
    let finds_warmup = resolved.finds_warmup();
    let mut skipped = 0;
    for point in 0..resolved.points() {
        let first = point * replications.most();
        let count = finished(&replications, &store, first)?;
        let mut metrics = vec![Vec::with_capacity(count); METRICS.len()];
        let (mut warmup, mut alone) = (Moments::default(), [f64::NAN; BATCHED.len()]);
        for replication in 0..count {
            let run = first + replication;
            let record = store(run).recall(run).ok_or(WorkspaceError::Lost(run))?;
            for (values, value) in metrics.iter_mut().zip(&record.tables.metrics) {
                values.push(*value);
            }
            skipped = skipped.max(record.tables.skipped_rows);
            warmup.push(record.tables.window_start_s);
            alone = record.tables.half_widths;
            let prefix = [Cell::from(point as u64), Cell::from(replication as u64)];
            let swept = swept_cells(resolved, point);
            files.write_run(&prefix, &swept, &record.tables, record.wall_s)?;
            files.write_kept(run, (point, replication), store(run), &record)?;
        }
        let mut row = vec![Cell::from(point as u64)];
        row.extend(swept_cells(resolved, point));
        row.extend(replications.vary().then(|| Cell::from(count as u64)));
        row.extend(finds_warmup.then(|| Cell::from(warmup.mean())));
        for ((values, metric), scale) in metrics.iter().zip(METRICS).zip(&scales) {
            if !shown(metric) {
                continue;
            }
            let MeanCi { mean, half_width } = replications.estimate(values);
            // One long run has intervals by batch means.
            let batched = BATCHED.iter().position(|name| count == 1 && *name == metric.name);
            let half_width = batched.map_or(half_width, |index| alone[index]);
            let estimate = MeanCi { mean, half_width }.on(*scale);
            row.extend([estimate.mean, estimate.low, estimate.high].map(Cell::from));
        }
        points.push(row);
    }
    files.finish()?;
    write_table(&folder.join("points.csv"), &points)?;
    write_sensitivity(resolved, folder)?;
    let manifest = Manifest::new(resolved, skipped);
    fs::write(folder.join("manifest.yaml"), manifest.to_yaml())?;
    Ok(points)
}

/// Which metrics have columns: those of what few systems have, where there may be any.
fn shown(resolved: &Resolved) -> impl Fn(&Metric) -> bool + use<> {
    let rare = [Part::Prompts, Part::Gateway, Part::Copies, Part::Tenants];
    let missing: Vec<Part> = rare.into_iter().filter(|part| !resolved.may_have(*part)).collect();
    move |metric: &Metric| Part::of_metric(metric.name).is_none_or(|part| !missing.contains(&part))
}

fn points_table(resolved: &Resolved, shown: impl Fn(&Metric) -> bool) -> Table {
    let swept = resolved.sweep.columns();
    let metrics = METRICS.iter().filter(|it| shown(it)).flat_map(|it| columns_of(it.name));
    let count = resolved.replications().vary().then(|| REPLICATIONS.to_owned());
    let warmup = resolved.finds_warmup().then(|| WARMUP.to_owned());
    let first = ["point".to_owned()].into_iter().chain(swept);
    Table::new(first.chain(count).chain(warmup).chain(metrics))
}

/// The column of `points.csv` with the end of the warm-up, where that was found.
const WARMUP: &str = "warmup_s";

/// The column of `points.csv` with the number of replications, where that differs.
const REPLICATIONS: &str = "replications";

/// How many replications the point has whose first run is `first`.
fn finished<'s>(
    replications: &Replications,
    store: impl Fn(usize) -> &'s Store,
    first: usize,
) -> Result<usize, WorkspaceError> {
    let standing = replications.standing(|replication, metric| {
        let run = first + replication;
        Some(metric.of(&store(run).recall(run)?.tables.metrics))
    });
    match standing {
        Standing::Done(count) => Ok(count),
        Standing::Needs(count) => Err(WorkspaceError::Lost(first + count - 1)),
    }
}

fn swept_cells(resolved: &Resolved, point: usize) -> Vec<Cell> {
    let values = resolved.sweep.values(point);
    values.iter().map(|value| value.as_ref().map_or(Cell::Empty, swept_cell)).collect()
}

/// Numbers stay numbers, so that a chart can place them.
fn swept_cell(value: &Value) -> Cell {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Cell::Int(whole),
            (None, Some(real)) => Cell::from(real),
            (None, None) => Cell::Text(plain(value)),
        },
        _ => Cell::Text(plain(value)),
    }
}

/// A CSV file that rows are added to run by run.
struct TableFile {
    rows: csv::Writer<BufWriter<File>>,
    columns: usize,
}

impl TableFile {
    fn create(path: &Path, columns: &[String]) -> Result<Self, ResultsError> {
        let mut rows = csv::Writer::from_writer(BufWriter::new(File::create(path)?));
        rows.write_record(columns)?;
        Ok(TableFile { rows, columns: columns.len() })
    }

    fn row<'c>(&mut self, cells: impl Iterator<Item = &'c Cell>) -> Result<(), ResultsError> {
        let row: Vec<String> = cells.map(Cell::to_string).collect();
        debug_assert_eq!(row.len(), self.columns, "a cell for each column");
        Ok(self.rows.write_record(row)?)
    }
}

/// The files with rows of every run. Their headers come from the first run.
struct Files<'f> {
    folder: &'f Path,
    /// By metric: whether it has a column.
    metrics: Vec<bool>,
    runs: TableFile,
    timing: TableFile,
    tables: Vec<(&'static str, TableFile)>,
    /// `requests.csv`, `attempts.csv` and `jobs.csv`, if they were asked for.
    requests: Option<BufWriter<File>>,
    attempts: Option<BufWriter<File>>,
    jobs: Option<BufWriter<File>>,
    log: bool,
    cache: bool,
}

impl<'f> Files<'f> {
    fn new(resolved: &Resolved, folder: &'f Path) -> Result<Self, ResultsError> {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let mut columns = words(&["point", "replication"]);
        columns.extend(resolved.sweep.columns());
        let shown = shown(resolved);
        let names = METRICS.iter().filter(|metric| shown(metric));
        columns.extend(names.map(|metric| metric.name.to_owned()));
        let record = &resolved.experiment.record;
        let rows_file = |asked: bool, name: &str, columns: &[&str]| {
            asked.then(|| rows_file(&folder.join(name), columns)).transpose()
        };
        let requests = rows_file(record.requests, "requests.csv", &REQUEST_COLUMNS)?;
        let attempts = rows_file(record.attempts, "attempts.csv", &ATTEMPT_COLUMNS)?;
        let jobs = rows_file(record.jobs, "jobs.csv", &JOB_COLUMNS)?;
        if record.timeline {
            fs::create_dir(folder.join(TRACES))?;
        }
        let timing = words(&["point", "replication", "wall_s", "events_per_s"]);
        Ok(Files {
            folder,
            metrics: METRICS.iter().map(shown).collect(),
            runs: TableFile::create(&folder.join("runs.csv"), &columns)?,
            timing: TableFile::create(&folder.join("timing.csv"), &timing)?,
            tables: Vec::new(),
            requests,
            attempts,
            jobs,
            log: record.log,
            cache: record.cache,
        })
    }

    fn write_run(
        &mut self,
        prefix: &[Cell],
        swept: &[Cell],
        run: &RunTables,
        wall_s: f64,
    ) -> Result<(), ResultsError> {
        let metrics = run.metrics.iter().zip(&self.metrics).filter(|(_, shown)| **shown);
        let metrics: Vec<Cell> = metrics.map(|(value, _)| Cell::from(*value)).collect();
        self.runs.row(prefix.iter().chain(swept).chain(&metrics))?;
        let events = METRICS
            .iter()
            .position(|metric| metric.name == "events")
            .map_or(0.0, |at| run.metrics[at]);
        let timing = [Cell::from(wall_s), Cell::from(events / wall_s)];
        self.timing.row(prefix.iter().chain(&timing))?;
        let log = self.log.then_some(("log.csv", &run.log));
        let cache = self.cache.then_some(("cache.csv", &run.cache));
        let tables = [
            ("models.csv", &run.models),
            ("users.csv", &run.users),
            ("levels.csv", &run.levels),
            ("stages.csv", &run.stages),
            ("timeline.csv", &run.timeline),
            ("latency.csv", &run.latency),
        ];
        let some = [
            ("prefix.csv", &run.prefix),
            ("prompt_caches.csv", &run.prompts),
            ("replicas.csv", &run.replicas),
            ("classes.csv", &run.classes),
            ("monitors.csv", &run.monitors),
            ("faults.csv", &run.faults),
            ("budgets.csv", &run.budgets),
            ("showback.csv", &run.showback),
            ("answers.csv", &run.answers),
            ("savings.csv", &run.savings),
            ("forecast.csv", &run.forecast),
            ("allocation.csv", &run.allocation),
            ("gateway.csv", &run.gateway),
            ("workflows.csv", &run.workflows),
            ("steps.csv", &run.steps),
            ("gantt.csv", &run.gantt),
            ("breakdown.csv", &run.breakdown),
        ];
        let some = some.into_iter().filter(|(_, table)| !table.rows.is_empty());
        // Where nothing fired, that is told by a table without rows.
        let alerts = (!run.monitors.rows.is_empty()).then_some(("alerts.csv", &run.alerts));
        let asked = log.into_iter().chain(cache).chain(alerts);
        for (name, table) in tables.into_iter().chain(some).chain(asked) {
            let file = self.table(name, table)?;
            for row in &table.rows {
                file.row(prefix.iter().chain(row))?;
            }
        }
        Ok(())
    }

    /// Adds what the run wrote itself: its requests and attempts, and its trace as
    /// `traces/POINT-REPLICATION.json`.
    fn write_kept(
        &mut self,
        run: usize,
        (point, replication): (usize, usize),
        store: &Store,
        record: &Record,
    ) -> Result<(), ResultsError> {
        if let (Some(out), Some(sum)) = (&mut self.requests, record.requests) {
            Store::copy(&store.requests_path(run), sum, out)?;
        }
        if let (Some(out), Some(sum)) = (&mut self.attempts, record.attempts) {
            Store::copy(&store.attempts_path(run), sum, out)?;
        }
        if let (Some(out), Some(sum)) = (&mut self.jobs, record.jobs) {
            Store::copy(&store.jobs_path(run), sum, out)?;
        }
        if let Some(sum) = record.trace {
            let path = self.folder.join(TRACES).join(format!("{point}-{replication}.json"));
            Store::copy(&store.trace_path(run), sum, &mut File::create(path)?)?;
        }
        Ok(())
    }

    fn table(&mut self, name: &'static str, table: &Table) -> Result<&mut TableFile, ResultsError> {
        let known = self.tables.iter().position(|(known, _)| *known == name);
        let index = known.unwrap_or(self.tables.len());
        if known.is_none() {
            let mut columns = vec!["point".to_owned(), "replication".to_owned()];
            columns.extend(table.columns.iter().cloned());
            self.tables.push((name, TableFile::create(&self.folder.join(name), &columns)?));
        }
        Ok(&mut self.tables[index].1)
    }

    fn finish(self) -> Result<(), ResultsError> {
        for mut file in [self.runs, self.timing]
            .into_iter()
            .chain(self.tables.into_iter().map(|(_, file)| file))
        {
            file.rows.flush()?;
        }
        for mut rows in self.requests.into_iter().chain(self.attempts).chain(self.jobs) {
            io::Write::flush(&mut rows)?;
        }
        Ok(())
    }
}

const TRACES: &str = "traces";

/// A file with a row for each of many, with its header.
fn rows_file(path: &Path, columns: &[&str]) -> Result<BufWriter<File>, ResultsError> {
    let mut header = csv::Writer::from_writer(BufWriter::new(File::create(path)?));
    header.write_record(columns)?;
    Ok(header.into_inner().map_err(csv::IntoInnerError::into_error)?)
}
