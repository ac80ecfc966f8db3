//! Sections that pages share.

use maud::{Markup, html};

use crate::experiment::charts::ThemeSpec;
use crate::report::error::ReportError;
use crate::report::figure::NamedFigure;
use crate::report::html::chart;
use crate::report::html::grid::Grid;
use crate::report::html::page::Section;
use crate::report::html::svg::Styles;

/// All charts, if there are any.
pub(crate) fn charts(
    figures: &[NamedFigure],
    theme: ThemeSpec,
    styles: &mut Styles,
) -> Result<Option<Section>, ReportError> {
    let mut drawn = Vec::new();
    for (index, named) in figures.iter().enumerate() {
        drawn.push(chart::chart(index + 1, named, theme, styles)?);
    }
    let entry = |(index, named): (usize, &NamedFigure)| {
        (chart::id(index + 1), format!("{}. {}", index + 1, named.figure.title))
    };
    let body = html! { div.charts { @for chart in &drawn { (chart) } } };
    let entries = figures.iter().enumerate().map(entry).collect();
    Ok((!drawn.is_empty()).then_some(Section { id: "charts", title: "Charts", body, entries }))
}

/// All tables, if there are any.
pub(crate) fn tables(grids: &[Grid]) -> Option<Section> {
    let title = |grid: &Grid| grid.file.clone().unwrap_or_default();
    let body = html! {
        p {
            "Columns are named as in the files of the results folder and sorted by their \
             headers; numbers have at most five digits, and half the width of a 95 % confidence \
             interval follows a ±."
        }
        @for grid in grids {
            h3 id={ (grid.id) "-heading" } { (title(grid)) }
            (grid.markup())
        }
    };
    let entries = grids.iter().map(|grid| (format!("{}-heading", grid.id), title(grid))).collect();
    (!grids.is_empty()).then_some(Section { id: "tables", title: "Tables", body, entries })
}

/// What to beware of.
pub(crate) fn warnings(warnings: &[String]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            div.warnings {
                h3 { "Beware" }
                ul { @for warning in warnings { li { (warning) } } }
            }
        }
    }
}

/// A text as it stands in a file, folded away.
pub(crate) fn folded(summary: &str, label: &str, text: &str) -> Markup {
    html! {
        details {
            summary { (summary) }
            pre.scroll tabindex="0" role="region" aria-label=(label) { code { (text) } }
        }
    }
}

/// Commands for a shell.
pub(crate) fn commands(label: &str, lines: &[String]) -> Markup {
    html! {
        pre.scroll tabindex="0" role="region" aria-label=(label) { code { (lines.join("\n")) } }
    }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:=,+%@".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_a_quoted_word_as_it_is() {
        assert_eq!(quoted("results/a-b:x=20/s"), "results/a-b:x=20/s");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
