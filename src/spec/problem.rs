//! Problems in an experiment file: where, what, and the remedy.

use std::fmt;

use super::near::suggestion;

/// One step of a [`Path`]: a key of a map or an index of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A key of a map.
    Key(String),
    /// An index of a list, from 0.
    Index(usize),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Segment::Key(key.to_owned())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Segment::Index(index)
    }
}

/// A place in an experiment file: `cache.levels.0.capacity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub Vec<Segment>);

impl Path {
    /// The path with one more step.
    #[must_use]
    pub fn join(&self, segment: impl Into<Segment>) -> Path {
        let mut steps = self.0.clone();
        steps.push(segment.into());
        Path(steps)
    }

    /// The path of dotted words; numbers are list indices.
    pub fn parse(dotted: &str) -> Path {
        Path(
            dotted
                .split('.')
                .filter(|word| !word.is_empty())
                .map(|word| word.parse().map_or_else(|_| Segment::from(word), Segment::Index))
                .collect(),
        )
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            match segment {
                Segment::Key(key) => f.write_str(key)?,
                Segment::Index(index) => write!(f, "{index}")?,
            }
        }
        Ok(())
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The experiment cannot run.
    Error,
    /// It can, but perhaps not as meant.
    Warning,
}

/// One thing wrong with an experiment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the file.
    pub path: Path,
    /// Whether the key at `path` is meant, rather than its value.
    pub at_key: bool,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// An error at `path`.
    ///
    /// ```
    /// use windtunnel::spec::{Path, Problem};
    /// let problem = Problem::error(Path::parse("users"), "expected at least one").help("add one");
    /// assert_eq!(problem.help.as_deref(), Some("add one"));
    /// ```
    pub fn error(path: Path, message: impl Into<String>) -> Problem {
        let (severity, message) = (Severity::Error, message.into());
        Problem { path, at_key: false, severity, message, help: None }
    }

    /// A warning at `path`.
    pub fn warning(path: Path, message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(path, message) }
    }

    /// With what to do about it: text, or an `Option` of it where that is not always known.
    #[must_use]
    pub fn help(self, help: impl Into<Help>) -> Problem {
        Problem { help: help.into().0, ..self }
    }

    /// The same of the key at the path rather than of its value.
    #[must_use]
    pub fn at_key(self) -> Problem {
        Problem { at_key: true, ..self }
    }

    /// The same below `place`: where in the file the part stands that found it.
    #[must_use]
    pub fn within(self, place: &Path) -> Problem {
        let path = Path(place.0.iter().cloned().chain(self.path.0).collect());
        Problem { path, ..self }
    }
}

/// What to do about a problem, if that is known.
#[derive(Clone, Debug, Default)]
pub struct Help(Option<String>);

impl From<&str> for Help {
    fn from(text: &str) -> Self {
        Help(Some(text.to_owned()))
    }
}

impl From<String> for Help {
    fn from(text: String) -> Self {
        Help(Some(text))
    }
}

impl From<Option<String>> for Help {
    fn from(text: Option<String>) -> Self {
        Help(text)
    }
}

/// Collects problems while a spec is checked, keeping track of the place.
///
/// ```
/// use windtunnel::spec::Problems;
/// let mut problems = Problems::default();
/// problems.at("workload", |p| p.at("users", |p| p.error("there must be at least one user")));
/// assert_eq!(problems.list()[0].path.to_string(), "workload.users");
/// ```
#[derive(Debug, Default)]
pub struct Problems {
    here: Path,
    list: Vec<Problem>,
}

impl Problems {
    /// Runs `check` one step deeper in the file.
    pub fn at<R>(&mut self, step: impl Into<Segment>, check: impl FnOnce(&mut Self) -> R) -> R {
        self.here.0.push(step.into());
        let result = check(self);
        self.here.0.pop();
        result
    }

    /// Checks what is at the dotted path below the present place.
    pub fn within<R>(&mut self, dotted: &str, check: impl FnOnce(&mut Self) -> R) -> R {
        let steps = Path::parse(dotted).0;
        let depth = self.here.0.len();
        self.here.0.extend(steps);
        let result = check(self);
        self.here.0.truncate(depth);
        result
    }

    /// Reports an error at the present place.
    pub fn error(&mut self, message: impl Into<String>) {
        self.push(Severity::Error, message.into(), None);
    }

    /// Reports an error at the present place, with a remedy.
    pub fn error_help(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.push(Severity::Error, message.into(), Some(help.into()));
    }

    /// Reports something that is probably not meant.
    pub fn warn(&mut self, message: impl Into<String>) {
        self.push(Severity::Warning, message.into(), None);
    }

    /// Reports that `name` is not one of `known` (a `what`), with the nearest
    /// names that are.
    pub fn unknown<'a>(
        &mut self,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let help = if known.is_empty() {
            format!("there is no {what} in this file")
        } else {
            suggestion(name, &known)
        };
        self.error_help(format!("unknown {what} `{name}`"), help);
    }

    /// Adds a finished problem.
    pub fn add(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    /// What was found so far.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// All that was found.
    pub fn into_list(self) -> Vec<Problem> {
        self.list
    }

    fn push(&mut self, severity: Severity, message: String, help: Option<String>) {
        self.list
            .push(Problem { severity, ..Problem::error(self.here.clone(), message) }.help(help));
    }
}
