//! The page of an experiment.

use std::path::Path;

use maud::{Markup, html};

use crate::experiment::{Experiment, Manifest};
use crate::report::csv::read_table;
use crate::report::error::ReportError;
use crate::report::experiment::key_numbers::key_numbers;
use crate::report::experiment::warnings::warnings as all_warnings;
use crate::report::html::components::{commands, folded, quoted, tables, warnings};
use crate::report::html::tables::{PointValues, grids};
use crate::report::html::{Page, Section};
use crate::report::results::columns::{number, show};
use crate::stats::Table;

/// More values of a swept path than this are counted, not named.
const VALUES: usize = 16;

pub(super) fn page(
    dir: &Path,
    manifest: &Manifest,
    experiment: &Experiment,
    charts: Option<Section>,
) -> Result<Page, ReportError> {
    let points = read_table(&dir.join("points.csv"))?;
    let swept = &manifest.swept;
    let mut beware = all_warnings(dir, &points, swept, experiment);
    let specs = experiment.charts.as_deref().unwrap_or_default();
    if manifest.skipped_trace_rows > 0 {
        let rows = manifest.skipped_trace_rows;
        beware.push(format!("bad rows of the trace that were left out of each run: {rows}"));
    }
    let summary = html! {
        (warnings(&beware))
        (varied(&points, swept))
        (key_numbers(&points, swept, specs, &experiment.columns).markup())
    };
    let grids = grids(dir, &PointValues::new(&points, swept), swept)?;
    let mut sections = vec![Section::new("summary", "Summary", summary)];
    sections.extend(charts);
    sections.extend(tables(&grids));
    sections.push(Section::new("experiment", "The experiment", resolved(manifest)));
    sections.push(Section::new("reproduce", "How to reproduce this", reproduce(manifest)));
    Ok(Page {
        title: manifest.name.clone(),
        kind: "Experiment",
        lead: experiment.description.trim().to_owned(),
        facts: facts(manifest, &points),
        sections,
    })
}

/// How many each point has: `9 to 18` where they differ.
fn replications(manifest: &Manifest, points: &Table) -> String {
    let column = points.column("replications");
    let counts = || {
        let cells = column.into_iter().flat_map(|it| points.rows.iter().map(move |row| &row[it]));
        cells.filter_map(number)
    };
    let (fewest, most) = (counts().reduce(f64::min), counts().reduce(f64::max));
    match fewest.zip(most) {
        Some((fewest, most)) if fewest < most => format!("{fewest} to {most}"),
        Some((fewest, _)) => fewest.to_string(),
        None => manifest.replications.to_string(),
    }
}

fn facts(manifest: &Manifest, points: &Table) -> Vec<(&'static str, String)> {
    vec![
        ("points", manifest.points.to_string()),
        ("replications", replications(manifest, points)),
        ("seed", manifest.seed.to_string()),
        ("windtunnel", manifest.version.clone()),
        ("hash", manifest.hash.clone()),
    ]
}

/// What was varied, and which values it had.
fn varied(points: &Table, swept: &[String]) -> Markup {
    let values = |path: &String| {
        let column = points.column(path);
        let mut values: Vec<String> = Vec::new();
        for row in &points.rows {
            let value = column.map_or_else(String::new, |column| show(&row[column]));
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let left = values.len().saturating_sub(VALUES);
        values.truncate(VALUES);
        let more = if left > 0 { format!(" and {left} more") } else { String::new() };
        values.join(", ") + &more
    };
    html! {
        @if swept.is_empty() {
            p { "Nothing was varied: this is one system." }
        } @else {
            p { "What was varied:" }
            dl.varied {
                @for path in swept { dt { code { (path) } } dd { (values(path)) } }
            }
        }
    }
}

/// The experiment as YAML.
fn yaml(manifest: &Manifest) -> String {
    serde_yaml::to_string(&manifest.experiment).unwrap_or_default()
}

fn resolved(manifest: &Manifest) -> Markup {
    html! {
        p {
            "With all defaults and overrides, as it was run: seed " (manifest.seed) ", hash "
            code { (manifest.hash) } ", windtunnel " (manifest.version) "."
        }
        (folded("Show the experiment", "The experiment as YAML", &yaml(manifest)))
    }
}

fn reproduce(manifest: &Manifest) -> Markup {
    let name = &manifest.name;
    let (file, results) = (quoted(&format!("{name}.yaml")), quoted(&format!("results/{name}")));
    let run = [
        format!("windtunnel run {file} --out again"),
        format!("diff -r --exclude=timing.csv {results} {}", quoted(&format!("again/{name}"))),
    ];
    let compare = [
        format!("windtunnel plot {results}"),
        format!("windtunnel compare {results} results/OTHER"),
    ];
    html! {
        p {
            "Save the experiment above as " code { (name) ".yaml" }
            ", beside the files that it names, and run it with windtunnel " (manifest.version)
            ". The same bytes come out, whatever the machine and the number of its cores; only "
            code { "timing.csv" } " differs."
        }
        (commands("Commands that run it again", &run))
        p { "To draw the charts and this page again, and to compare with other results:" }
        (commands("Commands that draw and compare", &compare))
        p {
            "To cite: windtunnel " (manifest.version) ", experiment " (name) ", seed "
            (manifest.seed) ", hash " code { (manifest.hash) } "."
        }
    }
}
