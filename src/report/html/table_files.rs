//! The tables of a results folder, as far as a page shows them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use indexmap::IndexMap;

use crate::report::csv::{open, read_cell};
use crate::report::error::ReportError;
use crate::report::results::columns::number;
use crate::stats::{Cell, Table};

/// A row for every run, interval, quantile or request: charts show them, or nobody
/// reads them in a page.
const LONG: [&str; 15] = [
    "attempts.csv",
    "breakdown.csv",
    "cache.csv",
    "cdf.csv",
    "gantt.csv",
    "jobs.csv",
    "latency.csv",
    "lengths.csv",
    "log.csv",
    "measured.csv",
    "requests.csv",
    "residuals.csv",
    "runs.csv",
    "timeline.csv",
    "timing.csv",
];
/// Tables that are read first, in this order; any other follows by name.
const FIRST: [(&str, &str); 34] = [
    ("points.csv", "every metric of every point"),
    ("comparison.csv", "each metric of each pair"),
    ("parameters.csv", "what was fitted, and how sure it is"),
    ("errors.csv", "how far predictions are off"),
    ("search.csv", "every trial and what it showed"),
    ("miss_ratios.csv", "misses by policy and capacity"),
    ("info.csv", "what each trace holds"),
    ("alerts.csv", "alerts that fired"),
    ("monitors.csv", "what each rule found and missed"),
    ("faults.csv", "what failed, and for how long"),
    ("models.csv", "what each model did"),
    ("levels.csv", "what each cache level did"),
    ("prefix.csv", "prefix caches of model servers"),
    ("prompt_caches.csv", "prompt caches of models' providers"),
    ("stages.csv", "time in each stage of the pipeline"),
    ("workflows.csv", "what became of workflows"),
    ("steps.csv", "steps of workflows"),
    ("classes.csv", "service by SLO class"),
    ("replicas.csv", "replicas of model servers"),
    ("budgets.csv", "charges against budgets"),
    ("showback.csv", "who is to pay for what"),
    ("answers.csv", "what answers cost and saved"),
    ("savings.csv", "from the list price to the bill"),
    ("forecast.csv", "spend at the month's end"),
    ("allocation.csv", "what tenants were given and used"),
    ("gateway.csv", "who waited at the gateway, and how long"),
    ("sensitivity.csv", "which parameters matter"),
    ("users.csv", "what each user asked for"),
    ("curves.csv", "LRU's misses at every capacity"),
    ("samples.csv", "what samples of the trace hold"),
    ("fit.csv", "laws that were tried, and how far off they are"),
    ("arrivals.csv", "requests over the time of each trace"),
    ("popularity.csv", "how often prompts, blocks and users come, by rank"),
    ("reuse.csv", "what an LRU cache of each capacity would hit"),
];
/// Tables of events, which have no mean even where names happen to tell them apart.
const EVENTS: [&str; 2] = ["alerts.csv", "faults.csv"];
/// More rows of a file than this are counted only.
const READ: usize = 20_000;

/// A table of a folder.
pub(crate) struct TableFile {
    pub file: String,
    pub table: Table,
    /// Rows of the file that are not in `table`.
    pub more: usize,
    /// Whether rows are means over replications.
    pub averaged: bool,
}

/// What a file holds, in a few words, if it is one that we know.
pub(crate) fn known(file: &str) -> &'static str {
    FIRST.iter().find(|(name, _)| *name == file).map_or("", |(_, words)| words)
}

/// The files of a folder that a page shows as tables.
pub(crate) fn files(dir: &Path) -> Result<Vec<String>, ReportError> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(dir).map_err(ReportError::io(dir))? {
        let name = entry.map_err(ReportError::io(dir))?.file_name();
        let name = name.to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|it| it == "csv")
            && !LONG.contains(&name.as_str())
        {
            let place = FIRST.iter().position(|(first, _)| *first == name);
            found.insert((place.unwrap_or(FIRST.len()), name));
        }
    }
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// Reads a file, and takes the means over replications where its rows are things that
/// are told apart by names.
pub(crate) fn source(dir: &Path, file: String) -> Result<TableFile, ReportError> {
    let path = dir.join(&file);
    let mut reader = open(&path)?;
    let mut table =
        Table::new(reader.headers().map_err(ReportError::csv(&path))?.iter().map(str::to_owned));
    let mut row = csv::StringRecord::new();
    let mut more = 0;
    while reader.read_record(&mut row).map_err(ReportError::csv(&path))? {
        if table.rows.len() < READ {
            table.push(row.iter().map(read_cell).collect());
        } else {
            more += 1;
        }
    }
    let whole = more == 0 && !EVENTS.contains(&file.as_str());
    let means = if whole { means(&table) } else { None };
    let averaged = means.is_some();
    Ok(TableFile { file, table: means.unwrap_or(table), more, averaged })
}

/// The means over replications. `None` if there is no more than one, or rows of a
/// replication are not told apart by names.
fn means(table: &Table) -> Option<Table> {
    let replication = table.column("replication")?;
    let keys = keys(table, replication)?;
    let mut groups: IndexMap<Vec<String>, Vec<&Vec<Cell>>> = IndexMap::new();
    for row in &table.rows {
        groups.entry(key(row, &keys)).or_default().push(row);
    }
    let most = groups.values().map(Vec::len).max().filter(|most| *most > 1)?;
    let vary = groups.values().any(|rows| rows.len() < most);
    let kept: Vec<usize> = (0..table.columns.len()).filter(|it| *it != replication).collect();
    let columns = kept.iter().map(|column| table.columns[*column].clone());
    let mut means = Table::new(columns.chain(vary.then(|| "runs".to_owned())));
    for rows in groups.values() {
        let cell = |column: &usize| {
            if keys.contains(column) {
                return rows[0][*column].clone();
            }
            mean(rows.iter().filter_map(|row| number(&row[*column])))
        };
        let runs = vary.then(|| Cell::from(rows.len() as u64));
        means.push(kept.iter().map(cell).chain(runs).collect());
    }
    Some(means)
}

fn mean(values: impl Iterator<Item = f64>) -> Cell {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    Cell::from(sum / f64::from(count))
}

/// The columns that tell the rows of a replication apart: the point, names, and the
/// numbers of things that follow them.
fn keys(table: &Table, replication: usize) -> Option<Vec<usize>> {
    let is_name = |column: usize| {
        table.columns[column] == "point"
            || table.rows.iter().any(|row| matches!(row[column], Cell::Text(_)))
    };
    let columns = 0..table.columns.len();
    let mut keys: Vec<usize> = columns.filter(|it| *it != replication && is_name(*it)).collect();
    while !are_apart(table, &keys, replication) {
        let next = (0..table.columns.len()).find(|it| *it != replication && !keys.contains(it))?;
        let follows = keys.iter().any(|key| next == key + 1);
        let counts = table.rows.iter().all(|row| matches!(row[next], Cell::Int(_)));
        if !(follows && counts) {
            return None;
        }
        keys.push(next);
    }
    Some(keys)
}

fn are_apart(table: &Table, keys: &[usize], replication: usize) -> bool {
    let mut seen = BTreeSet::new();
    table.rows.iter().all(|row| seen.insert((key(row, keys), key(row, &[replication]))))
}

fn key(row: &[Cell], keys: &[usize]) -> Vec<String> {
    keys.iter().map(|column| row[*column].to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str], rows: &[&str]) -> Table {
        let mut table = Table::new(columns.iter().copied());
        for row in rows {
            table.push(row.split(' ').map(read_cell).collect());
        }
        table
    }

    #[test]
    fn rows_of_things_are_averaged_over_replications() {
        let columns = ["point", "replication", "model", "replica", "requests"];
        let rows = ["0 0 a 0 10", "0 0 a 1 20", "0 1 a 0 13", "0 1 a 1 20", "0 1 a 2 7"];
        let means = means(&table(&columns, &rows)).unwrap();
        assert_eq!(means.columns, ["point", "model", "replica", "requests", "runs"]);
        let shown = |row: &Vec<Cell>| row.iter().map(Cell::to_string).collect::<Vec<_>>().join(" ");
        let shown: Vec<String> = means.rows.iter().map(shown).collect();
        assert_eq!(shown, ["0 a 0 11.5 2", "0 a 1 20 2", "0 a 2 7 1"]);
    }

    #[test]
    fn rows_that_names_do_not_tell_apart_are_left_as_they_are() {
        let columns = ["point", "replication", "monitor", "fired_s"];
        let twice = ["0 0 slow 1.5", "0 0 slow 9.5", "0 1 slow 2.5"];
        assert_eq!(means(&table(&columns, &twice)), None);
        assert_eq!(means(&table(&columns, &["0 0 slow 1.5"])), None, "one replication");
        assert_eq!(means(&table(&["a", "b"], &["1 2", "1 2"])), None);
    }

    #[test]
    fn events_have_no_mean_even_where_names_tell_them_apart() {
        let dir = tempfile::tempdir().unwrap();
        let text = "point,replication,monitor,fired_s\n0,0,slow,120\n0,2,slow,240\n";
        for (file, averaged) in [("alerts.csv", false), ("faults.csv", false), ("x.csv", true)] {
            fs::write(dir.path().join(file), text).unwrap();
            let source = source(dir.path(), file.to_owned()).unwrap();
            assert_eq!(source.averaged, averaged, "{file}");
            assert_eq!(source.table.rows.len(), if averaged { 1 } else { 2 }, "{file}");
        }
    }
}
