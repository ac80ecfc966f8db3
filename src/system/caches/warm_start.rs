//! What the caches hold, as a file: one run's end is another's beginning.
//!
//! A row per entry, the next to be evicted first, so that writing the rows in
//! their order leaves the levels as they were (but for what a policy remembers
//! besides the order, such as counts of uses). Only `prompt` is needed.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::Path;

use super::scopes::{NOBODY, Scopes};
use crate::cache::{Hierarchy, Key};
use crate::cost::Money;
use crate::kernel::{Duration, Streams, Time};
use crate::pipeline::Params;
use crate::spec::{nearest, parse_duration};
use crate::stats::{Cell, Table};
use crate::system::request::Answer;
use crate::system::setup::Setup;
use crate::workload::{Plan, TraceError, TraceTable, trace};

/// The columns of `cache.csv` after `point` and `replication`.
const COLUMNS: [&str; 11] = [
    "level",
    "scope",
    "prompt",
    "max_tokens",
    "temperature",
    "top_p",
    "model",
    "output_tokens",
    "quality",
    "cost_usd",
    "age_s",
];

/// Entries to begin with.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    entries: Vec<Kept>,
    /// Prompts that the workload does not know. Their keys count down from the
    /// greatest.
    strangers: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    /// The level that has it; `None`: as if it were written.
    level: Option<usize>,
    key: Key,
    answer: Answer,
    age: Duration,
}

impl Contents {
    /// Reads a file for the system of `setup`, whose `warm_start` is not looked
    /// at. Where it has the contents of several runs, they are those of the first.
    ///
    /// # Errors
    /// If the file cannot be read, or the first row that makes no sense.
    pub fn read(file: &Path, setup: &Setup) -> Result<Self, TraceError> {
        let mut table = TraceTable::open(file, None)?;
        let columns = Columns::of(table.header()).map_err(|why| table.position().format(why))?;
        let mut rows = Rows::new(setup);
        let mut run = None;
        while table.advance()? {
            let text = |at: usize| std::str::from_utf8(table.field(at)).unwrap_or_default();
            let of = columns.run.map(|column| column.map(|at| text(at).to_owned()));
            if *run.get_or_insert_with(|| of.clone()) != of {
                break;
            }
            let get = |name: &str| columns.place(name).map(text).filter(|text| !text.is_empty());
            rows.take(&get).map_err(|why| table.position().format(why))?;
        }
        Ok(rows.contents)
    }

    /// Writes the entries into empty caches.
    pub fn warm(&self, caches: &mut Hierarchy<Answer>) {
        for Kept { level, key, answer, age } in &self.entries {
            caches.warm(*level, *key, answer.size(), *answer, *age);
        }
    }
}

/// Where the columns are.
struct Columns {
    at: [Option<usize>; COLUMNS.len()],
    run: [Option<usize>; 2],
}

impl Columns {
    fn of(header: &[String]) -> Result<Self, String> {
        let find = |name: &str| header.iter().position(|column| column == name);
        let run = ["point", "replication"];
        let known = |name: &str| COLUMNS.contains(&name) || run.contains(&name);
        if let Some(name) = header.iter().find(|name| !known(name)) {
            let near = nearest(name, COLUMNS);
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(format!("unknown column `{name}`: expected {}{near}", COLUMNS.join(", ")));
        }
        if find("prompt").is_none() {
            return Err("there is no column `prompt`".to_owned());
        }
        Ok(Columns { at: COLUMNS.map(find), run: run.map(find) })
    }

    /// Where a column is, if it is there.
    fn place(&self, name: &str) -> Option<usize> {
        self.at[COLUMNS.iter().position(|column| *column == name)?]
    }
}

/// Turns rows into entries.
struct Rows<'s> {
    setup: &'s Setup,
    plan: &'s Plan,
    scopes: Scopes,
    levels: Vec<String>,
    /// The first profile of the workload that asks with printed parameters, by which of
    /// the three are named; made when first asked for.
    profiles: [OnceCell<HashMap<[String; 3], u32>>; 8],
    contents: Contents,
}

impl<'s> Rows<'s> {
    fn new(setup: &'s Setup) -> Self {
        let plan = &setup.workload;
        let levels = setup.cache.iter().flat_map(|cache| cache.levels.iter().enumerate());
        Rows {
            setup,
            plan,
            scopes: Scopes::new(setup.cache.as_ref(), &setup.cost, plan.users(), &setup.models),
            levels: levels.map(|(place, level)| level.name_at(place)).collect(),
            profiles: Default::default(),
            contents: Contents::default(),
        }
    }

    fn take<'r>(&mut self, get: &dyn Fn(&str) -> Option<&'r str>) -> Result<(), String> {
        let profile = self.profile(get)?;
        let prompt = get("prompt").ok_or("the row has no prompt")?;
        let scope = self.scopes.named(get("scope")).map_err(|why| format!("scope: {why}"))?;
        let key = if let Some(prompt) = self.plan.prompt_named(prompt) {
            self.scopes.key(self.setup.keys.key(prompt, profile), scope)
        } else {
            self.contents.strangers.push(prompt.to_owned());
            Key(u64::MAX - (self.contents.strangers.len() as u64 - 1))
        };
        let level = get("level").map(|name| place("level", name, &self.levels)).transpose()?;
        let models: Vec<&str> = self.setup.models.iter().map(|(name, _)| name.as_str()).collect();
        let model = get("model").map_or(Ok(0), |name| place("model", name, &models))?;
        let quality = number(get, "quality", quality)?
            .unwrap_or_else(|| self.setup.models[model].1.quality.get());
        let output_tokens = number(get, "output_tokens", tokens)?
            .unwrap_or(self.setup.params[profile as usize].max_tokens);
        let answer = Answer {
            cost: number(get, "cost_usd", str::parse::<Money>)?.unwrap_or(Money::ZERO),
            quality,
            output_tokens,
            full_output: output_tokens,
            model: model as u32,
            made_for: NOBODY,
            wrong: self.setup.cost.quality.is_some() && quality < 0.5,
        };
        let age = number(get, "age_s", |text| parse_duration(&format!("{text}s")))?;
        let age = age.unwrap_or(Duration::ZERO);
        self.contents.entries.push(Kept { level, key, answer, age });
        Ok(())
    }

    /// The first profile of the workload by those of its printed parameters that are
    /// named.
    fn by_printed(&self, named: [bool; 3]) -> HashMap<[String; 3], u32> {
        let mut first = HashMap::new();
        for (params, profile) in self.setup.params[..self.plan.profiles().len()].iter().zip(0..) {
            let mut texts = printed(params);
            texts.iter_mut().zip(named).filter(|it| !it.1).for_each(|(text, _)| text.clear());
            first.entry(texts).or_insert(profile);
        }
        first
    }

    /// A profile of the workload that asks with the row's parameters; those that
    /// the row does not name are those of the first.
    fn profile<'r>(&self, get: &dyn Fn(&str) -> Option<&'r str>) -> Result<u32, String> {
        let wanted = ["max_tokens", "temperature", "top_p"].map(get);
        let named = wanted.map(|text| text.is_some());
        let place = named.iter().fold(0, |place, named| 2 * place + usize::from(*named));
        let by_printed = self.profiles[place].get_or_init(|| self.by_printed(named));
        let found = by_printed.get(&wanted.map(|text| text.unwrap_or_default().to_owned()));
        found.copied().ok_or_else(|| {
            let [max_tokens, temperature, top_p] = printed(&self.setup.params[0]);
            format!(
                "no request is made with these parameters, such as max_tokens {max_tokens}, \
                 temperature {temperature} and top_p {top_p}; without the columns they are those"
            )
        })
    }
}

/// The parameters that are part of a key, as they are printed there.
fn printed(params: &Params) -> [String; 3] {
    [params.max_tokens.to_string(), params.temperature.to_string(), params.top_p.to_string()]
}

fn place<N: AsRef<str>>(what: &str, name: &str, known: &[N]) -> Result<usize, String> {
    known.iter().position(|known| known.as_ref() == name).ok_or_else(|| {
        let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        format!("unknown {what} `{name}`: expected one of: {}", known.join(", "))
    })
}

fn number<'r, T, E: std::fmt::Display>(
    get: &dyn Fn(&str) -> Option<&'r str>,
    name: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, String> {
    let Some(text) = get(name) else { return Ok(None) };
    parse(text).map(Some).map_err(|why| format!("{name}: `{text}`: {why}"))
}

/// Tokens of an answer, however the number is written.
fn tokens(text: &str) -> Result<u32, String> {
    let expected = "expected a whole number from 0 to 1000000000";
    trace::count(text.as_bytes()).ok_or_else(|| expected.to_owned())
}

fn quality(text: &str) -> Result<f64, String> {
    let quality: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&quality) { Ok(quality) } else { Err("not from 0 to 1".to_owned()) }
}

/// The table of what `caches` hold at `now`.
pub fn table(caches: Hierarchy<Answer>, setup: &Setup, now: Time) -> Table {
    let rows = Rows::new(setup);
    let scoped = rows.scopes.count() > 1;
    let mut table = Table::new(COLUMNS.into_iter().filter(|name| scoped || *name != "scope"));
    // Names of prompts belong to a run's source; the seed does not matter.
    let Ok(source) = setup.workload.source(&Streams::new(0, 0)) else { return table };
    let strangers = setup.warm_start.as_ref().map_or(&[][..], |contents| &contents.strangers);
    for (level, held) in caches.into_contents(now).into_iter().enumerate() {
        for (key, answer, age) in held {
            let stranger = strangers.get((u64::MAX - key.0) as usize);
            let (key, scope) = rows.scopes.parts(key);
            // Nobody asks for what the workload does not know.
            let scope = scope.map(|name| if stranger.is_some() { "" } else { name });
            let (prompt, profile) = setup.keys.parts(key);
            let params = &setup.params[profile as usize];
            let exactly = |amount: String| Cell::Text(amount.trim_matches(['$', 's']).to_owned());
            let [max_tokens, temperature, top_p] = printed(params);
            let prompt = match stranger {
                Some(text) => text.clone(),
                None => source.prompt_text(prompt).into_owned(),
            };
            let mut row = vec![rows.levels[level].as_str().into()];
            row.extend(scope.map(Cell::from));
            row.extend([
                prompt.into(),
                max_tokens.into(),
                temperature.into(),
                top_p.into(),
                setup.models[answer.model as usize].0.as_str().into(),
                u64::from(answer.output_tokens).into(),
                Cell::Text(answer.quality.to_string()),
                exactly(answer.cost.to_string()),
                exactly(age.to_string()),
            ]);
            table.push(row);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_known_or_refused() {
        let of = |names: &[&str]| {
            Columns::of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert!(of(&["prompt"]).is_ok());
        assert!(of(&["point", "replication", "level", "prompt", "age_s"]).is_ok());
        assert!(of(&["level"]).is_err_and(|why| why.contains("no column `prompt`")));
        assert!(of(&["prompt", "size"]).is_err_and(|why| why.contains("unknown column `size`")));
    }
}
