//! The page of a search.

use std::path::Path;

use maud::html;

use crate::report::error::ReportError;
use crate::report::html::components::{commands, folded, quoted, tables, warnings};
use crate::report::html::tables::{PointValues, grids};
use crate::report::html::{Page, Section};
use crate::report::number_format;
use crate::report::search::manifest::SearchManifest;

pub(super) fn page(
    dir: &Path,
    manifest: &SearchManifest,
    charts: Option<Section>,
) -> Result<Page, ReportError> {
    let name = &manifest.name;
    let experiment = name.strip_suffix("-search").unwrap_or(name);
    let number = |value: f64| number_format::significant(value, 6);
    let bounds: Vec<String> = (manifest.bounds.iter())
        .flat_map(|bound| {
            let below = bound.below.map(|it| format!("{} at most {}", bound.metric, number(it)));
            let above = bound.above.map(|it| format!("{} at least {}", bound.metric, number(it)));
            below.into_iter().chain(above)
        })
        .collect();
    let trial = |name: &str, trial: Option<usize>| {
        trial.map(|trial| format!("{name} is trial {trial} of search.csv."))
    };
    let evidence = [trial("The answer", manifest.best), trial("Just beyond it", manifest.beyond)];
    let summary = html! {
        p { (number_format::sentence(&manifest.found)) "." }
        (warnings(&manifest.beware))
        @for words in evidence.iter().flatten() { p { (words) } }
        p { "What was changed:" }
        ul { @for path in &manifest.changed { li { code { (path) } } } }
        @if !bounds.is_empty() {
            p { "What had to hold:" }
            ul { @for bound in &bounds { li { (bound) } } }
        }
        @if let Some(cost) = &manifest.cost { p { "What was made small: " code { (cost) } "." } }
    };
    let again = [
        format!("windtunnel search {} --out again", quoted(&format!("{experiment}.yaml"))),
        format!(
            "diff -r {} {}",
            quoted(&format!("results/{name}")),
            quoted(&format!("again/{name}"))
        ),
    ];
    let yaml = serde_yaml::to_string(&manifest.experiment).unwrap_or_default();
    let reproduce = html! {
        p {
            "Save the experiment above as " code { (experiment) ".yaml" }
            ", beside the files that it names, and search with windtunnel " (manifest.version)
            ". The same bytes come out."
        }
        (commands("Commands that search again", &again))
    };
    let mut sections = vec![Section::new("summary", "What was found", summary)];
    sections.extend(charts);
    sections.extend(tables(&grids(dir, &PointValues::default(), &manifest.changed)?));
    let folded = folded("Show the experiment", "The experiment as YAML", &yaml);
    sections.push(Section::new("experiment", "The experiment", folded));
    sections.push(Section::new("reproduce", "How to reproduce this", reproduce));
    Ok(Page {
        title: manifest.name.clone(),
        kind: "Search",
        lead: String::new(),
        facts: vec![
            ("seed", manifest.seed.to_string()),
            ("windtunnel", manifest.version.clone()),
            ("hash", manifest.hash.clone()),
        ],
        sections,
    })
}
