//! The CSV files of a results folder, made from the records of its runs.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use serde_yaml::Value;

use super::ReportError;
use super::csv::write_table;
use super::sensitivity::write_sensitivity;
use crate::experiment::{
    Manifest, Prepared, REQUEST_COLUMNS, Replications, Standing, Workspace, WorkspaceError, plain,
};
use crate::stats::{Cell, Moments, Table};
use crate::system::{BATCHED, METRICS, RunTables, Setup, Warmup};

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
/// time. Returns the table of points.
///
/// # Errors
/// If a record is missing or a file cannot be written.
pub fn write_results(
    prepared: &Prepared,
    workspace: &Workspace,
    folder: &Path,
) -> Result<Table, ResultsError> {
    let mut files = Files::new(prepared, folder)?;
    let replications = prepared.replications();
    let mut points = points_table(prepared);
    let mut runs = Vec::new();
    let mut skipped = 0;
    for point in 0..prepared.setups.len() {
        let first = point * replications.most();
        let count = finished(&replications, workspace, first)?;
        let mut metrics = vec![Vec::with_capacity(count); METRICS.len()];
        let (mut warmup, mut alone) = (Moments::default(), [f64::NAN; BATCHED.len()]);
        for replication in 0..count {
            let run = first + replication;
            runs.push((run, point, replication));
            let record = workspace.recall(run).ok_or(WorkspaceError::Lost(run))?;
            for (values, value) in metrics.iter_mut().zip(&record.tables.metrics) {
                values.push(*value);
            }
            skipped = skipped.max(record.tables.skipped_rows);
            warmup.push(record.tables.window_start_s);
            alone = record.tables.half_widths;
            let prefix = [Cell::from(point as u64), Cell::from(replication as u64)];
            files.write_run(
                &prefix,
                &swept_cells(prepared, point),
                &record.tables,
                record.wall_s,
            )?;
        }
        let mut row = vec![Cell::from(point as u64)];
        row.extend(swept_cells(prepared, point));
        row.extend(replications.vary().then(|| Cell::from(count as u64)));
        row.extend(finds_warmup(prepared).then(|| Cell::from(warmup.mean())));
        for (values, metric) in metrics.iter().zip(METRICS) {
            let estimate = replications.estimate(values);
            // One long run has intervals by batch means.
            let batched = BATCHED.iter().position(|name| count == 1 && *name == metric.name);
            row.push(estimate.mean.into());
            row.push(batched.map_or(estimate.half_width, |index| alone[index]).into());
        }
        points.push(row);
    }
    files.finish()?;
    write_table(&folder.join("points.csv"), &points)?;
    write_sensitivity(prepared, folder)?;
    if prepared.experiment.record.requests {
        join_requests(workspace, &runs, &folder.join("requests.csv"))?;
    }
    if prepared.experiment.record.timeline {
        copy_traces(workspace, &runs, &folder.join("traces"))?;
    }
    let manifest = Manifest::new(prepared, skipped);
    fs::write(folder.join("manifest.yaml"), manifest.to_yaml())?;
    Ok(points)
}

fn points_table(prepared: &Prepared) -> Table {
    let swept = prepared.sweep.columns();
    let metrics =
        METRICS.iter().flat_map(|metric| [metric.name.to_owned(), format!("{}_ci95", metric.name)]);
    let count = prepared.replications().vary().then(|| REPLICATIONS.to_owned());
    let warmup = finds_warmup(prepared).then(|| WARMUP.to_owned());
    let first = ["point".to_owned()].into_iter().chain(swept);
    Table::new(first.chain(count).chain(warmup).chain(metrics))
}

/// The column of `points.csv` with the end of the warm-up, where that was found.
const WARMUP: &str = "warmup_s";

/// Whether the warm-up of some point is no given time.
fn finds_warmup(prepared: &Prepared) -> bool {
    let found = |setup: &Setup| matches!(setup.warmup, Warmup::Auto | Warmup::Requests(_));
    prepared.setups.iter().any(found)
}

/// The column of `points.csv` with the number of replications, where that differs.
const REPLICATIONS: &str = "replications";

/// How many replications the point has whose first run is `first`.
fn finished(
    replications: &Replications,
    workspace: &Workspace,
    first: usize,
) -> Result<usize, WorkspaceError> {
    let standing = replications.standing(|replication, metric| {
        let record = workspace.recall(first + replication)?;
        Some(record.tables.metrics[metric])
    });
    match standing {
        Standing::Done(count) => Ok(count),
        Standing::Needs(count) => Err(WorkspaceError::Lost(first + count - 1)),
    }
}

fn swept_cells(prepared: &Prepared, point: usize) -> Vec<Cell> {
    let values = prepared.sweep.values(point);
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
    runs: TableFile,
    timing: TableFile,
    tables: Vec<(&'static str, TableFile)>,
    log: bool,
    cache: bool,
}

impl<'f> Files<'f> {
    fn new(prepared: &Prepared, folder: &'f Path) -> Result<Self, ResultsError> {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let mut columns = words(&["point", "replication"]);
        columns.extend(prepared.sweep.columns());
        columns.extend(METRICS.iter().map(|metric| metric.name.to_owned()));
        let timing = words(&["point", "replication", "wall_s", "events_per_s"]);
        Ok(Files {
            folder,
            runs: TableFile::create(&folder.join("runs.csv"), &columns)?,
            timing: TableFile::create(&folder.join("timing.csv"), &timing)?,
            tables: Vec::new(),
            log: prepared.experiment.record.log,
            cache: prepared.experiment.record.cache,
        })
    }

    fn write_run(
        &mut self,
        prefix: &[Cell],
        swept: &[Cell],
        run: &RunTables,
        wall_s: f64,
    ) -> Result<(), ResultsError> {
        let metrics: Vec<Cell> = run.metrics.iter().map(|value| Cell::from(*value)).collect();
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
            ("replicas.csv", &run.replicas),
            ("classes.csv", &run.classes),
            ("budgets.csv", &run.budgets),
            ("showback.csv", &run.showback),
            ("savings.csv", &run.savings),
            ("forecast.csv", &run.forecast),
            ("allocation.csv", &run.allocation),
        ];
        let some = some.into_iter().filter(|(_, table)| !table.rows.is_empty());
        for (name, table) in tables.into_iter().chain(some).chain(log).chain(cache) {
            let file = self.table(name, table)?;
            for row in &table.rows {
                file.row(prefix.iter().chain(row))?;
            }
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
        Ok(())
    }
}

/// A run's number, point and replication.
type Numbered = (usize, usize, usize);

/// A trace for each run: `traces/POINT-REPLICATION.json`.
fn copy_traces(workspace: &Workspace, runs: &[Numbered], to: &Path) -> Result<(), ResultsError> {
    fs::create_dir(to)?;
    for (run, point, replication) in runs {
        let name = format!("{point}-{replication}.json");
        fs::copy(workspace.trace_path(*run), to.join(name))?;
    }
    Ok(())
}

fn join_requests(
    workspace: &Workspace,
    runs: &[Numbered],
    path: &Path,
) -> Result<(), ResultsError> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut header = csv::Writer::from_writer(Vec::new());
    header.write_record(REQUEST_COLUMNS)?;
    io::Write::write_all(&mut out, &header.into_inner().map_err(csv::IntoInnerError::into_error)?)?;
    for (run, ..) in runs {
        let part = workspace.requests_path(*run);
        io::copy(&mut File::open(&part)?, &mut out)?;
    }
    Ok(io::Write::flush(&mut out)?)
}
