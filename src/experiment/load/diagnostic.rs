//! Problems as a person reads them: file, line, column, an excerpt with a
//! caret, and the remedy.

use std::fmt;

use super::locate::{Location, Source};
use crate::spec::{Problem, Severity};

/// A problem with its place, ready to be shown.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong and what was expected.
    pub message: String,
    /// The remedy.
    pub help: Option<String>,
    /// The dotted path in the experiment; empty for the whole file.
    pub path: String,
    /// `file:line:column`, or what else the value came from.
    pub place: String,
    excerpt: Option<Excerpt>,
}

#[derive(Clone, Debug)]
struct Excerpt {
    line: usize,
    column: usize,
    text: String,
}

/// Longer lines are cut around the place.
const WIDEST: usize = 100;

impl Diagnostic {
    /// A problem at a place in a text, if it has one.
    pub fn new(problem: &Problem, place: Option<(Source, Location)>) -> Self {
        let excerpt = place.as_ref().and_then(|(source, at)| {
            let text = source.text.lines().nth(at.line.checked_sub(1)?)?;
            Some(Excerpt { line: at.line, column: at.column, text: text.to_owned() })
        });
        Diagnostic {
            severity: problem.severity,
            message: printable(&problem.message),
            help: problem.help.clone(),
            path: problem.path.to_string(),
            place: place.map_or_else(String::new, |(source, at)| {
                format!("{}:{}:{}", source.name, at.line, at.column)
            }),
            excerpt,
        }
    }

    /// A problem with a whole file.
    pub fn of_file(name: &str, message: &str) -> Self {
        Diagnostic {
            severity: Severity::Error,
            message: printable(message),
            help: None,
            path: String::new(),
            place: name.to_owned(),
            excerpt: None,
        }
    }

    /// A problem with a value that came from elsewhere, such as `--set`.
    pub fn of_place(problem: &Problem, place: String) -> Self {
        Diagnostic { place, ..Diagnostic::new(problem, None) }
    }

    /// Whether the experiment cannot run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_error() { "error" } else { "warning" };
        write!(f, "{kind}: {}", self.message)?;
        let margin = self.excerpt.as_ref().map_or(1, |excerpt| excerpt.line.to_string().len());
        if !self.place.is_empty() {
            write!(f, "\n{:margin$}--> {}", "", self.place)?;
            if !self.path.is_empty() {
                write!(f, " ({})", self.path)?;
            }
        }
        if let Some(excerpt) = &self.excerpt {
            let (text, column) = cut(&excerpt.text, excerpt.column);
            write!(f, "\n{:margin$} |\n{} | {text}\n{:margin$} | ", "", excerpt.line, "")?;
            write!(f, "{:width$}^", "", width = column - 1)?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{:margin$} = help: {help}", "")?;
        }
        Ok(())
    }
}

/// The text without what a terminal would obey: a message may quote a file that
/// is not text at all.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{FFFD}' } else { c }).collect()
}

fn cut(line: &str, column: usize) -> (String, usize) {
    let chars: Vec<char> = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let column = column.clamp(1, chars.len() + 1);
    if chars.len() <= WIDEST {
        return (chars.iter().collect(), column);
    }
    let from = column.saturating_sub(WIDEST / 2).min(chars.len() - WIDEST);
    (chars[from..from + WIDEST].iter().collect(), column - from)
}
