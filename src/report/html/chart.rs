//! A chart in a page: the drawing, and a caption that says what is to be seen.

use maud::{Markup, PreEscaped, html};

use crate::experiment::charts::ThemeSpec;
use crate::report::error::ReportError;
use crate::report::figure::{Figure, Legend, NamedFigure};
use crate::report::html::svg::{Styles, inline};

/// More series than this are counted, not named.
const NAMED: usize = 8;

/// The chart with this number. In the light theme it has dark colours on dark screens;
/// a theme that was asked for is kept.
pub(crate) fn chart(
    number: usize,
    named: &NamedFigure,
    theme: ThemeSpec,
    styles: &mut Styles,
) -> Result<Markup, ReportError> {
    let failed = |reason| ReportError::Draw { chart: named.name.clone(), reason };
    let at_night = if theme == ThemeSpec::Light { ThemeSpec::Dark } else { theme };
    let light = named.figure.to_svg(theme).map_err(failed)?;
    let dark = named.figure.to_svg(at_night).map_err(failed)?;
    let id = id(number);
    let drawn = inline(&light, &dark, &id, styles).map_err(failed)?;
    Ok(html! {
        figure id=(id) {
            div.scroll.paper { (PreEscaped(drawn)) }
            figcaption { b { "Figure " (number) "." } " " (caption(&named.figure)) }
        }
    })
}

/// Where the chart with this number is in the page.
pub(crate) fn id(number: usize) -> String {
    format!("chart-{number}")
}

/// What is drawn along which axis, and what is told apart how.
fn caption(figure: &Figure) -> String {
    let mut parts = Vec::new();
    let labels = |all: Vec<&String>| {
        let mut distinct: Vec<&str> = Vec::new();
        for label in all {
            if !label.is_empty() && !distinct.contains(&label.as_str()) {
                distinct.push(label);
            }
        }
        listed(&distinct)
    };
    let across = labels(figure.panels.iter().map(|panel| &panel.x.label).collect());
    let up = labels(figure.panels.iter().map(|panel| &panel.y.label).collect());
    parts.extend((!across.is_empty()).then(|| format!("across: {across}")));
    parts.extend((!up.is_empty()).then(|| format!("up: {up}")));
    let own = figure.panels.iter().find_map(|panel| panel.legend.as_ref());
    parts.extend(figure.legend.as_ref().or(own).and_then(told_apart));
    let headings = labels(figure.panels.iter().map(|panel| &panel.heading).collect());
    if figure.panels.len() > 1 && !headings.is_empty() {
        parts.push(format!("panels: {headings}"));
    }
    parts.insert(0, figure.title.clone());
    format!("{}.", parts.join("; "))
}

fn told_apart(legend: &Legend) -> Option<String> {
    let names: Vec<&str> = legend.entries.iter().map(|entry| entry.name.as_str()).collect();
    let heading = match legend.heading.as_str() {
        "" => "colours",
        heading => heading,
    };
    (!names.is_empty()).then(|| format!("{heading}: {}", listed(&names)))
}

fn listed(names: &[&str]) -> String {
    match names.get(..NAMED) {
        Some(first) if names.len() > NAMED => {
            format!("{} and {} more", first.join(", "), names.len() - NAMED)
        }
        _ => names.join(", "),
    }
}
