//! The Azure trace reader: the published traces' figures, and broken files.

use std::path::{Path, PathBuf};

use windtunnel::kernel::{Duration, Streams};
use windtunnel::spec::Path as Place;
use windtunnel::workload::{DataPaths, Incoming, Plan, WorkloadError, WorkloadSpec};

fn spec(yaml: &str) -> WorkloadSpec {
    let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
    serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap()
}

/// Replays a published trace, if it is there.
fn published(name: &str) -> Option<Vec<Incoming>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("WINDTUNNEL_DATA").map_or(beside, PathBuf::from);
    let paths = DataPaths { folders: vec![folder] };
    match Plan::new(&spec(&format!("trace: {{azure: {name}}}")), &paths) {
        Ok(plan) => Some(plan.source(&Streams::new(1, 0)).unwrap().map(Result::unwrap).collect()),
        Err(WorkloadError::NoFile { missing, .. }) => {
            println!("skipped: {name} is not in {:?}; set WINDTUNNEL_DATA", missing.searched);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The quantile between order statistics, as numpy's default.
fn quantile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = p * (values.len() - 1) as f64;
    let (below, fraction) = (place as usize, place.fract());
    let above = (below + 1).min(values.len() - 1);
    values[below] + fraction * (values[above] - values[below])
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn assert_near(what: &str, got: f64, published: f64, half_digit: f64) {
    assert!((got - published).abs() <= half_digit, "{what}: {got}, published {published}");
}

/// Rows, span, rate and CV, to the digits that are published.
fn assert_times(all: &[Incoming], rows: usize, span: f64, rate: f64, cv: (f64, f64)) {
    assert_eq!(all.len(), rows);
    assert_eq!(all[0].at.0, 0);
    let last = all[rows - 1].at.as_secs_f64();
    assert_near("span", last, span, 0.0005);
    assert_near("rate", (rows - 1) as f64 / last, rate, 0.0005);
    let gaps: Vec<f64> =
        all.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64()).collect();
    let spread: Vec<f64> = gaps.iter().map(|gap| (gap - mean(&gaps)).powi(2)).collect();
    assert_near("CV", mean(&spread).sqrt() / mean(&gaps), cv.0, cv.1);
}

fn lengths(all: &[Incoming]) -> (Vec<f64>, Vec<f64>) {
    all.iter()
        .map(|r| (r.input_decitokens as f64 / 10.0, f64::from(r.output_tokens.unwrap())))
        .unzip()
}

#[test]
fn the_conversation_trace_has_its_published_figures() {
    let Some(all) = published("AzureLLMInferenceTrace_conv.csv") else { return };
    assert_times(&all, 19_366, 3501.722, 5.530, (1.094, 0.0005));
    let (mut input, mut output) = lengths(&all);
    assert_near("mean context", mean(&input), 1154.70, 0.005);
    assert_near("mean generated", mean(&output), 211.13, 0.005);
    for (p, context, generated) in
        [(0.5, 1020.0, 129.0), (0.9, 2734.5, 424.0), (0.99, 4142.0, 601.0)]
    {
        assert_near("context", quantile(&mut input, p), context, 0.05);
        assert_near("generated", quantile(&mut output, p), generated, 0.5);
    }
    // 100 ns stamps, exactly: the second row is 4.314579 s after the first.
    assert_eq!(all[1].at.0, 4_314_579_000);
    assert!(all.iter().zip(0..).all(|(request, row)| request.prompt.0 == row), "all unique");
}

#[test]
fn the_code_trace_has_its_published_figures() {
    let Some(all) = published("AzureLLMInferenceTrace_code.csv") else { return };
    assert_times(&all, 8_819, 3435.948, 2.566, (13.15, 0.005));
    let (input, output) = lengths(&all);
    assert_near("mean context", mean(&input), 2047.85, 0.005);
    assert_near("mean generated", mean(&output), 27.88, 0.005);
}

/// A folder with `trace.csv` of these rows.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(rows: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("TIMESTAMP,ContextTokens,GeneratedTokens\r\n{rows}");
        std::fs::write(folder.path().join("trace.csv"), text).unwrap();
        Folder(folder)
    }

    fn plan(&self, trace: &str) -> Result<Plan, WorkloadError> {
        let paths = DataPaths { folders: vec![self.0.path().to_path_buf()] };
        Plan::new(&spec(trace), &paths)
    }
}

const SECOND_BAD: &str = "2023-11-16 18:15:46.6805900,374,44\r\n\
                          2023-11-16 18:15:47.6805900,396,many\r\n\
                          2023-11-16 18:15:48.1805903,879,55\r\n\
                          2023-11-16 18:15:48.0000000,1,1\r\n\
                          2023-11-16 18:15:50.6805900,91,16";

#[test]
fn a_bad_row_fails_with_file_and_line() {
    let folder = Folder::with(SECOND_BAD);
    let error = folder.plan("trace: {azure: trace.csv}").unwrap_err();
    let message = error.to_string();
    assert!(message.contains("trace.csv:3: GeneratedTokens is `many`: expected"), "{message}");
    let problem = error.into_problem(&Place::parse("workload"));
    assert_eq!(problem.path.to_string(), "workload.trace.azure");
    assert!(problem.help.unwrap().contains("on_bad_row: skip"));
}

#[test]
fn skipped_rows_are_counted_and_the_rest_replayed() {
    let folder = Folder::with(SECOND_BAD);
    let plan = folder.plan("trace: {azure: trace.csv, on_bad_row: skip}").unwrap();
    let info = plan.trace().unwrap();
    let span = info.span.map(Duration::as_nanos);
    assert_eq!((info.rows, info.skipped, span), (Some(3), 2, Some(4_000_000_000)));
    assert!(info.first_bad.as_ref().unwrap().contains("trace.csv:3:"));
    let mut source = plan.source(&Streams::new(1, 0)).unwrap();
    let at: Vec<u64> = source.by_ref().map(|request| request.unwrap().at.0).collect();
    assert_eq!(at, [0, 1_500_000_300, 4_000_000_000]);
    assert_eq!(source.skipped_rows(), 2);
    assert_eq!(plan.count(), Some(3));
}

#[test]
fn speed_divides_times_and_prompts_can_be_drawn() {
    let folder = Folder::with(SECOND_BAD);
    let plan = folder
        .plan(
            "trace: {azure: trace.csv, on_bad_row: skip, speed: 2.0}\n\
             prompts: {zipf: {count: 2}}\nmax_tokens: 9",
        )
        .unwrap();
    let source = plan.source(&Streams::new(1, 0)).unwrap();
    assert_eq!(source.profiles()[0].max_tokens, Some(9));
    let all: Vec<Incoming> = source.map(Result::unwrap).collect();
    assert_eq!(all[1].at.0, 750_000_150);
    assert!(all.iter().all(|request| request.prompt.0 < 2));
    let sizes: Vec<_> =
        all.iter().map(|r| (r.input_decitokens, r.chars, r.output_tokens)).collect();
    assert_eq!(sizes, [(3740, 1496, Some(44)), (8790, 3516, Some(55)), (910, 364, Some(16))]);
}

#[test]
fn an_unusable_trace_is_explained() {
    let message = |rows: &str, trace: &str| {
        let problem = Folder::with(rows).plan(trace).unwrap_err().into_problem(&Place::default());
        format!("{}: {} ({})", problem.path, problem.message, problem.help.unwrap_or_default())
    };
    let absent = message("", "trace: {azure: absent.csv}");
    assert!(absent.starts_with("trace.azure: the trace `absent.csv` was not found"), "{absent}");
    assert!(absent.contains("searched: ") && absent.contains("WINDTUNNEL_DATA"), "{absent}");
    assert!(message("", "trace: {azure: trace.csv}").contains("no rows"));
    let all_bad = message("x,1,1\ny,1,1\n", "trace: {azure: trace.csv, on_bad_row: skip}");
    assert!(all_bad.contains("(2 bad ones are left out)"), "{all_bad}");
    assert!(message("", "trace: {azure: trace.csv, speed: 1e9}").starts_with("trace.speed: "));
}
