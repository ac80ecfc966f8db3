//! The format itself. From version 1.5 on, what is to be done (`specification`) and what
//! was done (`execution`) are apart, and tasks name each other by `id`; before that, a
//! task has all of it, and they name each other by `name`. Up to 1.2 tasks are `jobs`.
//! Unknown keys are of no concern, as the format says.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use crate::workload::{TracePosition, read_unique};

/// A task, whatever version it was written in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Task {
    /// Its name among tasks.
    pub id: String,
    /// The name of what it runs, which often ends with that of the task.
    pub name: String,
    /// Indices of the tasks before it.
    pub parents: Vec<usize>,
    pub runtime_s: Option<f64>,
}

impl Task {
    /// Whether it runs the program of this name: `mProject` and `mProject_ID0000001`
    /// run mProject, and mProjectPP does not.
    pub fn is_a(&self, program: &str) -> bool {
        let rest = self.name.strip_prefix(program);
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
    }

    /// The name without the number at its end.
    pub fn program(&self) -> &str {
        let bare = self.name.trim_end_matches(|c: char| c.is_ascii_digit());
        bare.strip_suffix("_ID").unwrap_or(bare).trim_end_matches('_')
    }
}

#[derive(Deserialize)]
struct Instance {
    workflow: Workflow,
}

#[derive(Deserialize)]
struct Workflow {
    specification: Option<Specification>,
    execution: Option<Execution>,
    #[serde(alias = "jobs")]
    tasks: Option<Vec<Written>>,
}

#[derive(Deserialize)]
struct Specification {
    tasks: Vec<Written>,
}

#[derive(Deserialize)]
struct Execution {
    #[serde(default)]
    tasks: Vec<Executed>,
}

/// A task as any version has it.
#[derive(Deserialize)]
struct Written {
    name: String,
    id: Option<String>,
    category: Option<String>,
    #[serde(default)]
    parents: Vec<String>,
    #[serde(default)]
    children: Vec<String>,
    #[serde(rename = "runtimeInSeconds")]
    runtime_in_seconds: Option<f64>,
    runtime: Option<f64>,
}

#[derive(Deserialize)]
struct Executed {
    id: String,
    #[serde(rename = "runtimeInSeconds")]
    runtime_in_seconds: Option<f64>,
}

/// The tasks of an instance, in their order.
///
/// # Errors
/// What is wrong with the text, in words that name the task.
pub(super) fn read(text: &str, file: &Path) -> Result<Vec<Task>, String> {
    let read = read_unique(text, &TracePosition::before(file));
    let instance: Instance = read.map_err(|error| error.to_string())?;
    tasks(instance).map_err(|why| format!("`{}`: {why}", file.display()))
}

fn tasks(instance: Instance) -> Result<Vec<Task>, String> {
    let Workflow { specification, execution, tasks } = instance.workflow;
    let (mut tasks, ran) = match (specification, tasks) {
        (Some(specification), _) => {
            let ids = specification.tasks.iter().map(Written::id).collect();
            (joined(&specification.tasks, ids, false)?, execution.map_or(Vec::new(), |it| it.tasks))
        }
        (None, Some(tasks)) => {
            let ids = tasks.iter().map(Written::full_id).collect();
            (joined(&tasks, ids, true)?, Vec::new())
        }
        (None, None) => return Err("its workflow has no tasks".to_owned()),
    };
    if tasks.is_empty() {
        return Err("its workflow has no tasks".to_owned());
    }
    take_runtimes(&mut tasks, &ran)?;
    match circle(&tasks) {
        Some(circle) => Err(format!("tasks wait for each other: {}", circle.join(" -> "))),
        None => Ok(tasks),
    }
}

/// The tasks, each with those before it, which may be said of either; `by_name`, if
/// they call each other by their names.
fn joined(written: &[Written], ids: Vec<String>, by_name: bool) -> Result<Vec<Task>, String> {
    let mut index = HashMap::with_capacity(2 * ids.len());
    for (at, id) in ids.iter().enumerate() {
        if index.insert(id.as_str(), Some(at)).is_some() {
            return Err(format!("there are two tasks `{id}`"));
        }
    }
    if by_name {
        // A name that several tasks have is none that could be meant.
        let mut names: HashMap<&str, Option<usize>> = HashMap::new();
        for (at, task) in written.iter().enumerate() {
            for name in task.id.iter().chain([&task.name]) {
                let meant = names.entry(name).or_insert(Some(at));
                *meant = meant.filter(|first| *first == at);
            }
        }
        for (name, at) in names {
            index.entry(name).or_insert(at);
        }
    }
    let find = |name: &str, of: &str, what: &str| match index.get(name) {
        Some(Some(at)) => Ok(*at),
        Some(None) => Err(format!("task `{of}` has the {what} `{name}`, as several are called")),
        None => Err(format!("task `{of}` has the {what} `{name}`, which is no task")),
    };
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); written.len()];
    for (at, task) in written.iter().enumerate() {
        for name in &task.parents {
            before[at].push(find(name, &ids[at], "parent")?);
        }
        for name in &task.children {
            before[find(name, &ids[at], "child")?].push(at);
        }
    }
    let rows = written.iter().zip(before).zip(ids);
    let task = |((task, mut parents), id): ((&Written, Vec<usize>), String)| {
        let mut seen = HashSet::new();
        parents.retain(|parent| seen.insert(*parent));
        let name = task.category.as_ref().unwrap_or(&task.name).clone();
        Task { id, name, parents, runtime_s: task.runtime_in_seconds.or(task.runtime) }
    };
    Ok(rows.map(task).collect())
}

impl Written {
    fn id(&self) -> String {
        self.id.as_ref().unwrap_or(&self.name).clone()
    }

    /// Its name and its id, as `WfCommons` calls old tasks anew.
    fn full_id(&self) -> String {
        match &self.id {
            Some(id) if !self.name.contains(id.as_str()) => format!("{}_{id}", self.name),
            _ => self.name.clone(),
        }
    }
}

/// Gives the tasks the times that were measured apart from them.
fn take_runtimes(tasks: &mut [Task], ran: &[Executed]) -> Result<(), String> {
    let index: HashMap<String, usize> =
        tasks.iter().enumerate().map(|(at, task)| (task.id.clone(), at)).collect();
    let mut seen = HashSet::new();
    for executed in ran {
        let Some(at) = index.get(&executed.id) else {
            return Err(format!("it ran a task `{}`, which is no task of it", executed.id));
        };
        if !seen.insert(*at) {
            return Err(format!("it ran the task `{}` twice", executed.id));
        }
        tasks[*at].runtime_s = executed.runtime_in_seconds;
    }
    Ok(())
}

/// A circle among tasks, each of which waits for the next.
fn circle(tasks: &[Task]) -> Option<Vec<&str>> {
    // What has only done parents is done; what is left at the end waits for a circle.
    let mut waits: Vec<usize> = tasks.iter().map(|task| task.parents.len()).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); tasks.len()];
    for (at, task) in tasks.iter().enumerate() {
        task.parents.iter().for_each(|parent| children[*parent].push(at));
    }
    let mut done: Vec<usize> = (0..tasks.len()).filter(|at| waits[*at] == 0).collect();
    while let Some(at) = done.pop() {
        for child in &children[at] {
            waits[*child] -= 1;
            if waits[*child] == 0 {
                done.push(*child);
            }
        }
    }
    let mut at = waits.iter().position(|left| *left > 0)?;
    let mut way = Vec::new();
    let mut seen = vec![None; tasks.len()];
    while seen[at].is_none() {
        seen[at] = Some(way.len());
        way.push(at);
        at = *tasks[at].parents.iter().find(|parent| waits[**parent] > 0)?;
    }
    let first = seen[at]?;
    way.push(at);
    Some(way[first..].iter().map(|at| tasks[*at].id.as_str()).collect())
}
