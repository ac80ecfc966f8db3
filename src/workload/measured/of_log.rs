//! Measured requests from logs of gateways and results of benchmarks, which traces are read
//! from too.

use std::path::Path;

use super::MeasuredError;
use super::row::Measured;
use crate::kernel::{Duration, Streams};
use crate::workload::trace::{Given, TraceSpec, beginning};

/// The formats that say how a request was served.
const FORMATS: [&str; 5] = ["litellm", "vllm_bench", "guidellm", "otel", "blis"];

/// Rows, and what of their file is not used.
type Noted = (Vec<Measured>, Vec<String>);

/// The rows of such a file, and what of it is not used; none if it is no such file.
///
/// # Errors
/// If the file cannot be read, or a row of it.
pub(super) fn read(path: &Path) -> Result<Option<Noted>, MeasuredError> {
    let begins = beginning(path)?;
    let Some(format) = TraceSpec::detect(&begins).filter(|it| FORMATS.contains(it)) else {
        return Ok(None);
    };
    let given = Given { file: path.to_path_buf(), ..Given::default() };
    let spec = TraceSpec::given(format, &given, &begins).unwrap_or_default();
    // All rows are kept: nothing is drawn.
    let mut rows = spec.open(path, Streams::new(0, 0).stream("workload.measured.keep"))?;
    let mut all = Vec::new();
    while let Some((at, row)) = rows.next_row()? {
        let Some(measured) = rows.measured() else { continue };
        // What a gateway's own cache answered says nothing of the server.
        if measured.cache_hit == Some(true) {
            continue;
        }
        let seconds = |time: Option<Duration>| time.map(Duration::as_secs_f64);
        let request = Measured {
            arrival: Duration(at.as_nanos()),
            model: measured.model.as_deref().map(str::to_owned),
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens.unwrap_or(0),
            ttft_s: seconds(measured.ttft),
            tpot_s: seconds(measured.tpot(row.output_tokens)),
            e2e_s: seconds(measured.e2e),
            completed: !measured.status.is_failed(),
            ..Measured::default()
        };
        all.push(request.with_what_follows());
    }
    Ok(Some((all, rows.notes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_benchmarks_requests_are_measured_requests() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        let (rows, _) = read(&folder.join("vllm_bench/vllm.json")).unwrap().unwrap();
        let found: Vec<_> =
            rows.iter().map(|it| (it.output_tokens, it.ttft_s, it.e2e_s, it.completed)).collect();
        assert_eq!(
            found,
            [
                (3, Some(0.25), Some(0.29), true),
                (11, Some(0.5), Some(0.7), true),
                (0, None, None, false)
            ]
        );
        assert_eq!(rows[1].arrival, Duration(250_000_000));
        // A hit of the gateway's cache is left out.
        let (rows, _) = read(&folder.join("litellm/spend.csv")).unwrap().unwrap();
        assert_eq!(rows.len(), 1);
        assert!(read(&folder.join("csv/log.csv")).unwrap().is_none());
    }
}
