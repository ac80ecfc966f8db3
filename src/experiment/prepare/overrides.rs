//! What the command line changes in a file: `--quick`, `--set` and the flags.

use serde_yaml::Value;

use crate::experiment::load::diagnostic::Diagnostic;
use crate::experiment::load::document::Document;
use crate::experiment::load::path;
use crate::experiment::spec::experiment::Experiment;
use crate::experiment::sweep::points::Sweep;
use crate::spec::{Path, Problem};

/// What the command line changes in a file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `path=value`, in order.
    pub sets: Vec<String>,
    /// The seed.
    pub seed: Option<u64>,
    /// The number of replications.
    pub replications: Option<u32>,
    /// Whether the file's `quick:` block applies.
    pub quick: bool,
}

/// A value that did not come from the file's own place.
struct Override {
    path: Path,
    origin: Origin,
}

enum Origin {
    /// An argument as the user wrote it.
    CommandLine(String),
    /// Another place in the file.
    Elsewhere(Path),
}

/// The values that were put in the place of the file's.
pub(super) struct Placed(Vec<Override>);

impl Overrides {
    /// Applies `quick:`, then `--set`, then the flags.
    ///
    /// # Errors
    /// Every override that leads nowhere or cannot be read.
    pub(super) fn apply(
        &self,
        resolved: &mut Value,
        base: &Experiment,
        document: &Document,
    ) -> Result<Placed, Vec<Diagnostic>> {
        let (mut placed, mut refused) = (Vec::new(), Vec::new());
        let mut put = |name: &str, value: Value, origin: Origin| match path::resolve(resolved, name)
        {
            Ok(path) => {
                path::put(resolved, &path, value);
                placed.push(Override { path, origin });
            }
            Err(error) => refused.push(origin.refuse(document, error.to_string(), error.help)),
        };
        for (name, value) in base.quick.iter().filter(|_| self.quick) {
            put(name, value.clone(), Origin::Elsewhere(Path::parse("quick").join(name.as_str())));
        }
        let mut unread = Vec::new();
        for text in &self.sets {
            let origin = Origin::CommandLine(format!("--set {text}"));
            match parse(text) {
                Ok((name, value)) => put(name, value, origin),
                Err(message) => unread.push(origin.refuse(document, message, None)),
            }
        }
        if let Some(seed) = self.seed {
            put("seed", seed.into(), Origin::CommandLine(format!("--seed {seed}")));
        }
        if let Some(count) = self.replications {
            let origin = Origin::CommandLine(format!("--replications {count}"));
            put("replications", count.into(), origin);
        }
        refused.append(&mut unread);
        if refused.is_empty() { Ok(Placed(placed)) } else { Err(refused) }
    }
}

/// Takes `path=value` apart.
fn parse(text: &str) -> Result<(&str, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected path=value")?;
    let value =
        serde_yaml::from_str(value).map_err(|error| format!("`{value}` is not YAML: {error}"))?;
    Ok((name.trim(), value))
}

impl Origin {
    fn refuse(self, document: &Document, message: String, help: Option<String>) -> Diagnostic {
        let problem = Problem::error(Path::default(), message).help(help).at_key();
        match self {
            Origin::CommandLine(text) => Diagnostic::of_place(&problem, text),
            Origin::Elsewhere(path) => document.diagnose(&Problem { path, ..problem }),
        }
    }
}

impl Placed {
    /// The settings of the command line that change nothing, as every point of the sweep
    /// puts a value of its own in their place.
    pub(super) fn without_effect(&self, sweep: &Sweep, resolved: &Value) -> Vec<Diagnostic> {
        let columns = sweep.columns();
        let everywhere = columns.iter().enumerate().filter(|(nth, _)| {
            (0..sweep.points()).all(|point| sweep.values(point)[*nth].is_some())
        });
        let swept: Vec<(&String, Path)> = everywhere
            .filter_map(|(_, column)| Some((column, path::resolve(resolved, column).ok()?)))
            .collect();
        let mut found = Vec::new();
        for over in &self.0 {
            let Origin::CommandLine(text) = &over.origin else { continue };
            let of = |(_, path): &&(&String, Path)| over.path.0.starts_with(&path.0);
            if let Some((column, _)) = swept.iter().find(of) {
                let message = format!("it changes nothing: the file sweeps `{column}`");
                let help = format!(
                    "`--set sweep=null` runs one value, `--set 'sweep={{ grid: {{ {column}: [...] }} }}'` others"
                );
                let problem = Problem::warning(Path::default(), message).help(help).at_key();
                found.push(Diagnostic::of_place(&problem, text.clone()));
            }
        }
        found
    }

    /// A problem's place: the override that it came from, or the file.
    pub(super) fn diagnose(&self, document: &Document, problem: &Problem) -> Diagnostic {
        let of = |over: &&Override| problem.path.0.starts_with(&over.path.0);
        match self.0.iter().rev().find(of).map(|over| &over.origin) {
            None => document.diagnose(problem),
            Some(Origin::CommandLine(text)) => Diagnostic::of_place(problem, text.clone()),
            Some(Origin::Elsewhere(path)) => {
                document.diagnose(&Problem { path: path.clone(), at_key: false, ..problem.clone() })
            }
        }
    }
}
