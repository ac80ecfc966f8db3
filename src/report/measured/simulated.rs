//! What a results folder says of measured requests: the rows of its `requests.csv`, matched
//! one by one.

use std::path::Path;

use crate::experiment::calibrate::Predicted;
use crate::report::compare::{Selection, point_of};
use crate::report::csv::read_table;
use crate::report::results::columns::number;
use crate::stats::{Cell, Table};
use crate::workload::measured::Measured;

const REQUESTS: &str = "requests.csv";
/// Arrivals that differ by more, in seconds, are those of other requests.
const APART: f64 = 1e-3;

/// What a results folder says of the completed requests of a measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// The experiment's name.
    pub experiment: String,
    /// In the order of the completed requests.
    pub predicted: Vec<Option<Predicted>>,
    /// What to beware of.
    pub beware: Vec<String>,
}

/// Finds the requests of `rows` that were completed in the results that `selection` names.
///
/// # Errors
/// If it names no point, its requests were not recorded, or they are not those that were
/// measured.
pub fn simulated(selection: &Selection, rows: &[Measured]) -> Result<Simulated, String> {
    if rows.iter().any(|row| row.concurrency.is_some()) {
        return Err(
            "its rows are means over many requests: `windtunnel calibrate` without `--fit` \
                    simulates each of them"
                .to_owned(),
        );
    }
    let (manifest, point) = point_of(selection)?;
    let path = selection.folder.join(REQUESTS);
    if !path.exists() {
        return Err(format!(
            "`{}` has no {REQUESTS}: run its experiment with `record: {{ requests: true }}`",
            selection.folder.display()
        ));
    }
    let table = read_table(&path).map_err(|error| error.to_string())?;
    let found = requests(&table, point, &path)?;
    let mut beware = Vec::new();
    if manifest.replications > 1 {
        beware.push(format!(
            "the results have {} replications; the first is compared, request by request",
            manifest.replications
        ));
    }
    let predicted = matched(&found, rows).map_err(|why| {
        format!(
            "`{}` did not simulate the measured requests: {why}; replay the measured file: \
             `workload.trace`, or `windtunnel calibrate` without `--fit`",
            selection.folder.display()
        )
    })?;
    let missing = predicted.iter().filter(|it| it.is_none()).count();
    if missing > 0 {
        beware.push(format!(
            "{missing} of {} measured requests were not answered in the simulation: they are in no \
             figure",
            predicted.len()
        ));
    }
    Ok(Simulated { experiment: manifest.name, predicted, beware })
}

/// A row of `requests.csv`.
struct Request {
    arrival_s: f64,
    input_tokens: f64,
    output_tokens: Option<f64>,
    predicted: Option<Predicted>,
}

/// The requests of a point's first replication, in the order in which they came.
fn requests(table: &Table, point: u64, path: &Path) -> Result<Vec<Request>, String> {
    let column = |name: &str| {
        let found = table.column(name);
        found.ok_or_else(|| format!("{}: there is no column `{name}`", path.display()))
    };
    let (of, replication, id) = (column("point")?, column("replication")?, column("request_id")?);
    let (arrival, input, output) =
        (column("arrival_s")?, column("input_tokens")?, column("output_tokens")?);
    let (ttft, tpot, e2e, error) =
        (column("ttft_s")?, column("tpot_s")?, column("e2e_s")?, column("error")?);
    let mut found = Vec::new();
    for row in &table.rows {
        let at = |column: usize| number(&row[column]);
        if at(of) != Some(point as f64) || at(replication) != Some(0.0) {
            continue;
        }
        let output_tokens = at(output);
        let answered = row[error] == Cell::Empty || row[error].to_string().is_empty();
        let predicted = || {
            let tpot = output_tokens.filter(|tokens| *tokens > 1.0).and(at(tpot));
            Some(Predicted { ttft_s: at(ttft)?, tpot_s: tpot, e2e_s: at(e2e)? })
        };
        let request = Request {
            arrival_s: at(arrival).unwrap_or(f64::NAN),
            input_tokens: at(input).unwrap_or(f64::NAN),
            output_tokens,
            predicted: if answered { predicted() } else { None },
        };
        found.push((at(id).unwrap_or(f64::NAN), request));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(found.into_iter().map(|(_, request)| request).collect())
}

/// What was predicted of each completed request: of the first the first, and so on.
fn matched(found: &[Request], rows: &[Measured]) -> Result<Vec<Option<Predicted>>, String> {
    let completed: Vec<&Measured> = rows.iter().filter(|row| row.completed).collect();
    let all = found.len() == rows.len();
    if !all && found.len() != completed.len() {
        return Err(format!(
            "there are {} after the warm-up, and {} were measured",
            found.len(),
            completed.len()
        ));
    }
    let wanted: Vec<&Measured> = if all { rows.iter().collect() } else { completed };
    let (Some(first), Some(start)) = (found.first(), wanted.first()) else { return Ok(vec![]) };
    let mut predicted = Vec::new();
    for (nth, (request, row)) in found.iter().zip(&wanted).enumerate() {
        if !row.completed {
            continue;
        }
        let came = request.arrival_s - first.arrival_s;
        let measured = row.arrival.as_secs_f64() - start.arrival.as_secs_f64();
        let told = |what: &str, was: f64, is: f64| {
            Err(format!("request {nth} was measured with {what} {was}, and has {is} there"))
        };
        if (came - measured).abs() > APART {
            return told("arrival", measured, came);
        }
        if request.input_tokens != f64::from(row.input_tokens) {
            return told("prompt tokens", f64::from(row.input_tokens), request.input_tokens);
        }
        if let Some(output) = request.output_tokens
            && output != f64::from(row.output_tokens)
        {
            return told("answer tokens", f64::from(row.output_tokens), output);
        }
        predicted.push(request.predicted);
    }
    Ok(predicted)
}
