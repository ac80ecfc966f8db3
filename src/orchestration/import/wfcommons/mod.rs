//! `WfCommons`' format of workflow instances (T. Coleman et al.: `WfCommons`. FGCS
//! 128, 2022; <https://wfcommons.org/format>), in all its versions up to 1.6.

mod format;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kernel::Duration;
use crate::orchestration::patterns::{AgentSpec, MemberSpec, StepSpec, Steps};
use crate::orchestration::step::{Does, Names, ToolSpec, UseToolSpec};
use crate::spec::{Path, Positive, Problem, Problems, nearest};
use crate::workload::lengths::LengthsSpec;
use crate::workload::{DataPaths, NotFound, SpanSpec, read_text};
use format::Task;

/// The folder in which a collection of data keeps workflow instances.
const USUAL: &str = "wfcommons";

/// The most tasks: a step is told from the others of its workflow by 16 bits.
const MOST_TASKS: usize = 60_000;

/// A workflow instance in `WfFormat` JSON: each task is a call of a tool that takes as
/// long as the task did, after those of its parents. How much data tasks move, and how
/// many cores they use, is not read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WfCommonsSpec {
    /// The file, found as traces are.
    pub file: PathBuf,
    /// How much faster tasks are than they were. Default: 1.
    #[serde(default = "one")]
    pub speed: Positive,
    /// How many tasks that are tools run at a time, of all workflows of this name; others
    /// wait for a place. Cores of the machines that were used, perhaps. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<u32>,
    /// How long a task takes of which the file does not say it. Default: such a task is
    /// an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Duration>,
    /// Tokens of each task's result, which calls of models after it have to read.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<LengthsSpec>,
    /// Tasks that are no tools: calls of models, or agents, by the name of the task's
    /// program, such as `mProject: { llm: { system: 500 } }`. The shape of a recorded
    /// workflow becomes that of agents. Default: all are tools.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub kinds: IndexMap<String, MemberSpec<AgentSpec>>,
}

fn one() -> Positive {
    Positive::try_from(1.0).unwrap_or_else(|_| unreachable!("1 is positive"))
}

/// What is wrong, and at which of the spec's fields.
type Wrong = (Path, String, Option<String>);

/// Something wrong with the file.
fn bad_file(message: String) -> Wrong {
    (Path::default().join("file"), message, None)
}

impl WfCommonsSpec {
    /// Reports what is wrong with it before its file is read, apart from what its
    /// `kinds` do.
    pub fn check(&self, problems: &mut Problems) {
        if self.file.as_os_str().is_empty() {
            problems.at("file", |p| p.error("expected the name of a file"));
        }
        if self.places == Some(0) {
            problems.at("places", |p| {
                p.error_help("no task would ever begin", "leave it out for no limit");
            });
        }
    }

    /// What a task of each of its `kinds` does.
    pub fn kinds(&self) -> Steps {
        self.kinds.iter().map(|(name, kind)| (name.clone(), kind.step())).collect()
    }

    /// The steps of the file, called as its tasks are.
    ///
    /// # Errors
    /// A file that cannot be found or read, or that is no workflow; the problem's path
    /// is that within the spec.
    pub fn steps(&self, paths: &DataPaths) -> Result<Steps, Problem> {
        let steps = self.find(paths).and_then(|text| self.steps_of(&text));
        steps.map_err(|(path, message, help)| Problem::error(path, message).help(help))
    }

    /// The text of its file.
    fn find(&self, paths: &DataPaths) -> Result<String, Wrong> {
        let nowhere = |missing: NotFound| {
            (Path::default().join("file"), missing.to_string(), Some(missing.help()))
        };
        let file = paths.find(&self.file, USUAL).map_err(nowhere)?;
        read_text(&file).map(|(_, text)| text).map_err(|error| bad_file(error.to_string()))
    }

    /// The steps of a file with this text.
    fn steps_of(&self, text: &str) -> Result<Steps, Wrong> {
        let name = self.file.display();
        let tasks = format::read(text, &self.file).map_err(bad_file)?;
        if tasks.len() > MOST_TASKS {
            let count = tasks.len();
            return Err(bad_file(format!("`{name}` has {count} tasks, more than {MOST_TASKS}")));
        }
        self.check_kinds(&tasks)?;
        let mut steps = Steps::with_capacity(tasks.len());
        for task in &tasks {
            let parents = task.parents.iter().map(|parent| tasks[*parent].id.clone());
            let after = Names(parents.collect());
            steps.insert(task.id.clone(), StepSpec { after, ..self.step(task)? });
        }
        Ok(steps)
    }

    /// What a task does.
    fn step(&self, task: &Task) -> Result<StepSpec, Wrong> {
        if let Some(kind) = self.kind(task) {
            return Ok(self.kinds[kind].step());
        }
        let wrong = |what: &str, help: Option<&str>| {
            let message = format!("`{}`: task `{}` {what}", self.file.display(), task.id);
            Err((Path::default().join("file"), message, help.map(str::to_owned)))
        };
        let Some(seconds) = task.runtime_s.or(self.runtime.map(Duration::as_secs_f64)) else {
            let help = "say `runtime: 1s` for all such tasks, or what they do in `kinds`";
            return wrong("has no runtime", Some(help));
        };
        if seconds < 0.0 {
            return wrong("took less than no time", None);
        }
        let latency = Duration::from_secs_f64(seconds / self.speed.get());
        let tool = ToolSpec {
            latency: SpanSpec::Constant(latency),
            output: self.output.clone(),
            ..ToolSpec::default()
        };
        Ok(StepSpec::of(Does::Tool(UseToolSpec::Own(Box::new(tool)))))
    }

    /// Which of its kinds a task is of: the longest name that the task's begins with.
    fn kind(&self, task: &Task) -> Option<&str> {
        let names = self.kinds.keys().map(String::as_str);
        names.filter(|name| task.is_a(name)).max_by_key(|name| name.len())
    }

    /// A kind of which there is no task is a slip of the pen.
    fn check_kinds(&self, tasks: &[Task]) -> Result<(), Wrong> {
        let is_none = |name: &&String| !tasks.iter().any(|task| task.is_a(name));
        let Some(name) = self.kinds.keys().find(is_none) else { return Ok(()) };
        let help = match nearest(name, tasks.iter().map(Task::program)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the first is `{}`", tasks.first().map_or("", Task::program)),
        };
        let path = Path::default().join("kinds").join(name.as_str());
        Err((path, format!("no task is called `{name}`"), Some(help)))
    }
}
