//! Problems as a person reads them: file, line, column, an excerpt with a
//! caret, and the remedy.

use std::fmt;

use serde_yaml::Value;

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
            let text = line_of(&source.text, at.line)?;
            Some(Excerpt { line: at.line, column: at.column, text: text.to_owned() })
        });
        let message = match &excerpt {
            Some(excerpt) => as_written(&problem.message, &excerpt.text, excerpt.column),
            None => problem.message.clone(),
        };
        Diagnostic {
            severity: problem.severity,
            message: printable(&message),
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

/// A line of a text, from 1, whatever ends it.
fn line_of(text: &str, line: usize) -> Option<&str> {
    let mut rest = text;
    for _ in 1..line {
        let end = rest.find(['\n', '\r'])?;
        let length = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[end + length..];
    }
    rest.split(['\n', '\r']).next()
}

/// The message, which quotes the number at a place as the line has it: `4.10`, and not `4.1`.
fn as_written(message: &str, line: &str, column: usize) -> String {
    let from = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}');
    let written = line[from..].split(ends).next().unwrap_or_default();
    let Ok(Value::Number(number)) = serde_yaml::from_str::<Value>(written) else {
        return message.to_owned();
    };
    let float = number.as_f64().unwrap_or_default();
    let shown = [number.to_string(), float.to_string(), format!("{float:?}")];
    let quoted = shown.iter().map(|shown| format!("`{shown}`")).find(|it| message.contains(&**it));
    quoted.map_or(message.to_owned(), |it| message.replace(&it, &format!("`{written}`")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_quoted_as_the_file_has_them() {
        let line = "prompt: [4.10, 1e-20, 1.50}";
        for (message, column, said) in [
            ("found `4.1`", 10, "found `4.10`"),
            ("`0.00000000000000000001` is less than", 16, "`1e-20` is less than"),
            ("`1.5` is it", 23, "`1.50` is it"),
            ("`7` is it", 10, "`7` is it"),
            ("found `4.1`", 1, "found `4.1`"),
            ("found `4.1`", 99, "found `4.1`"),
        ] {
            assert_eq!(as_written(message, line, column), said);
        }
        for ends in ["\n", "\r\n", "\r"] {
            let text = ["a", "", "b"].join(ends);
            let lines = [1, 2, 3, 4].map(|line| line_of(&text, line));
            assert_eq!(lines, [Some("a"), Some(""), Some("b"), None], "{ends:?}");
        }
    }
}
