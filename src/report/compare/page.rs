//! The page of a comparison.

use std::path::Path;

use maud::html;

use crate::report::compare::differences::Verdict;
use crate::report::compare::manifest::{ComparedCase, ComparisonManifest};
use crate::report::csv::read_table;
use crate::report::error::ReportError;
use crate::report::html::components::{commands, quoted, tables, warnings};
use crate::report::html::grid::{Grid, Head};
use crate::report::html::tables::{PointValues, grids};
use crate::report::html::{Page, Section};
use crate::stats::{Cell, Table};

pub(super) fn page(
    dir: &Path,
    manifest: &ComparisonManifest,
    charts: Option<Section>,
) -> Result<Page, ReportError> {
    let comparison = read_table(&dir.join("comparison.csv"))?;
    let summary = html! {
        p { (verdicts(&comparison)) }
        (warnings(&manifest.beware))
        (cases(manifest).markup())
    };
    let mut sections = vec![Section::new("summary", "What was compared", summary)];
    sections.extend(charts);
    sections.extend(tables(&grids(dir, &PointValues::default(), &[])?));
    let words: Vec<String> = (manifest.compared.iter())
        .map(|case| quoted(&format!("{}:{}", case.folder, case.point)))
        .collect();
    let command = format!("windtunnel compare {} --name {}", words.join(" "), manifest.name);
    let reproduce = html! {
        p {
            "With the results of the same experiments (the hashes tell) in the folders that are "
            "named and windtunnel " (manifest.version) ":"
        }
        (commands("Command that compares again", &[command]))
    };
    sections.push(Section::new("reproduce", "How to compare again", reproduce));
    Ok(Page {
        title: manifest.name.clone(),
        kind: "Comparison",
        lead: String::new(),
        facts: vec![
            ("cases", manifest.compared.len().to_string()),
            ("windtunnel", manifest.version.clone()),
        ],
        sections,
    })
}

/// How many differences are shown, in a sentence.
fn verdicts(comparison: &Table) -> String {
    let column = comparison.column("verdict");
    let count = |verdict: Verdict| {
        let is = |row: &&Vec<Cell>| {
            column.is_some_and(|column| row[column] == Cell::from(verdict.words()))
        };
        comparison.rows.iter().filter(is).count()
    };
    let (higher, lower) = (count(Verdict::Higher), count(Verdict::Lower));
    let few = match count(Verdict::TooFew) {
        0 => String::new(),
        few => format!(" {few} have too few runs to tell."),
    };
    format!(
        "Of {} differences, {} are shown ({higher} higher, {lower} lower) and {} are not; 95 % \
         intervals, p corrected by Holm.{few}",
        comparison.rows.len(),
        higher + lower,
        count(Verdict::NoneShown)
    )
}

fn cases(manifest: &ComparisonManifest) -> Grid {
    let head = |title: &str| Head { title: title.to_owned(), is_name: true };
    let row = |case: &ComparedCase| {
        let point = case.point.to_string();
        vec![case.case.clone(), case.experiment.clone(), point, case.hash.clone()]
    };
    Grid {
        id: "cases".to_owned(),
        file: None,
        caption: "The cases; the others are compared with the first".to_owned(),
        columns: ["case", "experiment", "point", "hash"].map(head).into(),
        rows: manifest.compared.iter().map(row).collect(),
        note: String::new(),
    }
}
