//! JSON objects, one a line, such as `{"time": 0, "key": "a", "size": 512}`.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use super::ReadOptions;
use super::builder::{Access, Builder, KeyOf};
use super::columns::{self, KEY_NAMES, SIZE_NAMES, TIME_NAMES, bad_size, bad_time, names, time};
use crate::workload::trace::formats::log::TimeUnit;
use crate::workload::trace::input::error::TraceError;
use crate::workload::trace::input::json;
use crate::workload::trace::input::lines::Lines;
use crate::workload::trace::input::number::whole_number;

/// The names of the fields.
struct Names<'a> {
    time: Vec<&'a str>,
    key: Vec<&'a str>,
    size: Vec<&'a str>,
    /// Whether time and size were asked for by name, so that they must be there.
    must: (bool, bool),
    unit: TimeUnit,
}

/// Reads all lines.
pub(super) fn read(
    input: &mut impl Read,
    path: &Path,
    options: &ReadOptions,
    builder: &mut Builder,
) -> Result<(), TraceError> {
    let columns = &options.columns;
    if columns.by_place() {
        return Err(builder.format(1, "fields of JSON objects have names, not numbers".into()));
    }
    let names = Names {
        time: names(columns.time.as_ref(), TIME_NAMES),
        key: names(columns.key.as_ref(), KEY_NAMES),
        size: names(columns.size.as_ref(), SIZE_NAMES),
        must: (columns.time.is_some(), columns.size.is_some()),
        unit: options.unit,
    };
    let mut lines = Lines::new(input, path);
    let mut first = true;
    while !builder.is_full() && lines.advance_to_text()? {
        if std::mem::take(&mut first) {
            note(&names, lines.line(), builder);
        }
        match parse(&names, lines.line()) {
            Ok((time, key, size)) => {
                let key = match key.as_bytes() {
                    text if key.is_empty() => KeyOf::Text(text),
                    text => whole_number(text).map_or(KeyOf::Text(text), KeyOf::Number),
                };
                builder.push(Access { time, key, size })?;
            }
            Err(why) => builder.bad_row(lines.position().line, why)?,
        }
    }
    Ok(())
}

/// Says what of the fields of an object is not used.
fn note(names: &Names<'_>, line: &[u8], builder: &mut Builder) {
    let mut fields = json::Fields::new();
    if json::read_object(line, &mut fields).is_ok() {
        let used = [&names.time, &names.key, &names.size];
        let others = fields.iter().map(|(name, _)| &**name);
        builder.note(others.filter(|name| !used.iter().any(|names| names.contains(name))));
    }
}

type Parsed<'l> = (Option<i128>, Cow<'l, str>, u32);

fn parse<'l>(names: &Names, line: &'l [u8]) -> Result<Parsed<'l>, String> {
    let mut fields = json::Fields::with_capacity(8);
    json::read_object(line, &mut fields).map_err(|why| {
        let help = "such as {\"time\": 0, \"key\": \"a\", \"size\": 512}";
        why.replacen("a JSON object:", &format!("an object {help}:"), 1)
    })?;
    let find = |wanted: &[&str]| {
        let known = |name: &Cow<str>| wanted.contains(&&**name);
        fields.iter().find(|(name, _)| known(name)).map(|(name, value)| (name, *value))
    };
    let lacks = |wanted: &[&str]| format!("no field `{}`", wanted.join("`, `"));
    let (_, key) = find(&names.key).ok_or_else(|| lacks(&names.key))?;
    let begins = key.get().as_bytes()[0];
    if !matches!(begins, b'"' | b'-' | b'0'..=b'9') {
        let shown: String = key.get().chars().take(40).collect();
        return Err(format!("the key is `{shown}`: expected a whole number or a text as the key"));
    }
    let (mut at, mut size) = (None, 1);
    match find(&names.time) {
        Some((name, value)) => {
            let read = time(value.get().as_bytes(), names.unit);
            at = Some(read.ok_or_else(|| bad_time(name, value.get()))?);
        }
        None if names.must.0 => return Err(lacks(&names.time)),
        None => {}
    }
    match find(&names.size) {
        Some((name, value)) => {
            let read = columns::size(value.get().as_bytes());
            size = read.ok_or_else(|| bad_size(name, value.get()))?;
        }
        None if names.must.1 => return Err(lacks(&names.size)),
        None => {}
    }
    Ok((at, json::text(key)?, size))
}
