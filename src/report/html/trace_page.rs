//! The page of results that have no experiment: replays, and what traces hold.

use std::fs;
use std::path::Path;

use maud::html;
use serde_yaml::Value;

use crate::report::error::ReportError;
use crate::report::html::components::{commands, folded, tables};
use crate::report::html::page::{Page, Section};
use crate::report::html::tables::{PointValues, grids};

pub(crate) fn page(
    dir: &Path,
    kind: &'static str,
    charts: Option<Section>,
) -> Result<Page, ReportError> {
    let read = |file: &str| {
        let path = dir.join(file);
        fs::read_to_string(&path).map_err(ReportError::io(&path))
    };
    let manifest = read("manifest.yaml")?;
    let value: Value = serde_yaml::from_str(&manifest)
        .map_err(|error| ReportError::Manifest(error.to_string()))?;
    let word = |key: &str| match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let workload = read("workload.yaml").ok();
    let what = html! {
        (folded("Show the manifest", "The manifest as YAML", &manifest))
        @if let Some(workload) = &workload {
            (folded("Show the workload that was fitted", "The workload as YAML", workload))
        }
    };
    let mut sections = Vec::new();
    sections.extend(charts);
    sections.extend(tables(&grids(dir, &PointValues::default(), &[])?));
    sections.push(Section::new("manifest", "What was read", what));
    let command = word("command");
    let reproduce = html! {
        p {
            "With windtunnel " (word("version")) " and the same traces in this folder, or where "
            code { "$WINDTUNNEL_DATA" } " says:"
        }
        (commands("Command that gives these results", &[command]))
    };
    sections.push(Section::new("reproduce", "How to reproduce this", reproduce));
    Ok(Page {
        title: word("name"),
        kind,
        lead: String::new(),
        facts: vec![("seed", word("seed")), ("windtunnel", word("version"))],
        sections,
    })
}
