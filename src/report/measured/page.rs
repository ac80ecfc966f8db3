//! The page of what was held against measured requests.

use std::fs;
use std::path::Path;

use maud::html;

use super::block::FITTED;
use super::manifest::MeasuredManifest;
use crate::report::error::ReportError;
use crate::report::html::components::{commands, folded, tables, warnings};
use crate::report::html::tables::{PointValues, grids};
use crate::report::html::{Page, Section};
use crate::report::number_format::{self, percent};

pub(super) fn page(
    dir: &Path,
    manifest: &MeasuredManifest,
    charts: Option<Section>,
) -> Result<Page, ReportError> {
    let facts = &manifest.measured;
    let fitted = fs::read_to_string(dir.join(FITTED)).ok();
    let held = manifest.held_out.map(|share| {
        if share > 0.0 {
            format!(
                "Of them {}, drawn by lot, were held out of the fit: their errors are those of a \
                 prediction under the same load.",
                percent(share)
            )
        } else {
            "All of them were fitted to: their errors say nothing of other requests.".to_owned()
        }
    });
    let summary = html! {
        p {
            "Held against " (facts.completed) " completed of " (facts.requests) " " (facts.rows()) " of "
            code { (facts.file) }
            @if let Some(date) = &facts.date { ", measured " (date) }
            "; SHA-256 " code { (facts.sha256) } "."
        }
        @if let Some(held) = &held { p { (held) } }
        @for note in &manifest.notes { p { (number_format::sentence(note)) "." } }
        (warnings(&manifest.beware))
        @if let Some(fitted) = &fitted {
            p { "What was fitted, to be put into an experiment:" }
            pre.scroll tabindex="0" role="region" aria-label="The fitted values as YAML" {
                code { (fitted) }
            }
        }
    };
    let mut sections = vec![Section::new("summary", "What was measured", summary)];
    sections.extend(charts);
    sections.extend(tables(&grids(dir, &PointValues::default(), &[])?));
    if let Some(experiment) = &manifest.experiment {
        let yaml = serde_yaml::to_string(experiment).unwrap_or_default();
        let folded = folded("Show the experiment", "The experiment as YAML", &yaml);
        sections.push(Section::new("experiment", "The experiment", folded));
    }
    let reproduce = html! {
        p { "With windtunnel " (manifest.version) " and the same files in this folder:" }
        (commands("Command that gives these results", std::slice::from_ref(&manifest.command)))
    };
    sections.push(Section::new("reproduce", "How to reproduce this", reproduce));
    Ok(Page {
        title: manifest.name.clone(),
        kind: if fitted.is_some() { "Calibration" } else { "Prediction and measurement" },
        lead: String::new(),
        facts: vec![
            (facts.rows(), facts.completed.to_string()),
            ("windtunnel", manifest.version.clone()),
        ],
        sections,
    })
}
