//! Reading a config of `LiteLLM`, and noting what is not used of it.

use serde_yaml::{Mapping, Value};

use super::fields::{Field, find};
use crate::spec::{Path, Problem, Problems, suggestion};

/// Reads a config, and notes what is not used of it.
#[derive(Default)]
pub struct Reader {
    /// Mistakes, and what is not simulated.
    pub problems: Problems,
    /// Fields that would need something, and those that change nothing.
    pub needed: Vec<String>,
    /// See above.
    pub meaningless: Vec<String>,
}

impl Reader {
    /// Notes the fields of a block that are not among those `read`.
    pub fn rest(
        &mut self,
        place: &str,
        block: &Mapping,
        read: &[&str],
        known: &[Field],
        unknown: Unknown<'_>,
    ) {
        let place = Path::parse(place);
        for key in block.keys().filter_map(Value::as_str).filter(|key| !read.contains(key)) {
            self.note(&place, key, known, unknown);
        }
    }

    pub fn note(&mut self, place: &Path, key: &str, known: &[Field], unknown: Unknown<'_>) {
        let path = place.clone().join(key);
        match (find(known, key), unknown) {
            (Some(Field { needs: Some(what), .. }), _) => {
                self.needed.push(format!("{path}: it would need {what}"));
                let warning = format!("`{key}` is not simulated: it would need {what}");
                self.problems.add(Problem::warning(path, warning).at_key());
            }
            (Some(_), _) | (None, Unknown::Passed) => self.meaningless.push(path.to_string()),
            (None, Unknown::Refused(read)) => {
                let names = read.iter().copied().chain(known.iter().map(|field| field.name));
                let names: Vec<&str> = names.collect();
                let help = suggestion(key, &names);
                let problem = Problem::error(path, format!("unknown field `{key}`"));
                self.problems.add(problem.help(help).at_key());
            }
        }
    }

    /// The number in a field, if it is one.
    pub fn number(&mut self, place: &str, block: &Mapping, key: &str) -> Option<f64> {
        let value = block.get(key).filter(|value| !value.is_null())?;
        let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        if number.is_none() {
            let problem = Problem::error(
                Path::parse(place).join(key),
                format!("expected a number of 0 or more for `{key}`"),
            );
            self.problems.add(problem);
        }
        number
    }

    /// The same of a whole number.
    pub fn whole(&mut self, place: &str, block: &Mapping, key: &str) -> Option<u64> {
        let number = self.number(place, block, key)?;
        if number.fract() != 0.0 {
            let problem = Problem::error(
                Path::parse(place).join(key),
                format!("expected a whole number for `{key}`"),
            );
            self.problems.add(problem);
        }
        Some(number as u64)
    }
}

/// What becomes of fields that are on no list.
#[derive(Clone, Copy)]
pub enum Unknown<'u> {
    /// They are for somebody else.
    Passed,
    /// They are a mistake; these are the others.
    Refused(&'u [&'u str]),
}

/// A map of these keys and values.
pub fn map(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Mapping {
    pairs.into_iter().map(|(key, value)| (Value::from(key), value)).collect()
}

/// A time of so many seconds.
pub fn seconds(seconds: f64) -> Value {
    format!("{seconds}s").into()
}
