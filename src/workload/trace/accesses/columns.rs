//! Which columns of a CSV file, or fields of a JSON object, hold what.

use std::str::FromStr;

use crate::spec::nearest;
use crate::workload::trace::formats::log::TimeUnit;
use crate::workload::trace::input::number::{scaled_wide, whole};
use crate::workload::trace::input::stamp::parse_stamp;

/// Where a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Under this name in the header, or in this field of the object.
    Name(String),
    /// The `n`th from 0, in a file without a header.
    Place(usize),
}

/// Where time, key and size are; `None`: under one of the usual names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// When, in any unit. May be missing in the file.
    pub time: Option<Column>,
    /// What was asked for: a number or a text.
    pub key: Option<Column>,
    /// Its size in bytes. May be missing in the file: then all sizes are 1.
    pub size: Option<Column>,
}

pub(super) const TIME_NAMES: &[&str] = &["time", "timestamp", "clock_time", "ts"];
pub(super) const KEY_NAMES: &[&str] = &["key", "id", "obj_id", "object_id"];
pub(super) const SIZE_NAMES: &[&str] = &["size", "obj_size", "object_size", "bytes"];

impl FromStr for Columns {
    type Err = String;

    /// Reads `time=ts,key=obj,size=len`, or `time=1,key=3` with numbers from 1
    /// for a file without a header.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut columns = Columns::default();
        for part in text.split(',') {
            let Some((role, name)) = part.split_once('=') else {
                return Err(format!("`{part}` is not ROLE=COLUMN, such as key=obj_id"));
            };
            let column = match name.trim().parse::<usize>() {
                Ok(0) => return Err("columns are counted from 1".to_owned()),
                Ok(place) => Column::Place(place - 1),
                Err(_) => Column::Name(name.trim().to_owned()),
            };
            let place = match role.trim() {
                "time" => &mut columns.time,
                "key" => &mut columns.key,
                "size" => &mut columns.size,
                other => {
                    let near = nearest(other, ["time", "key", "size"]);
                    let near =
                        near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
                    return Err(format!("unknown role `{other}`: {near}there are time, key, size"));
                }
            };
            *place = Some(column);
        }
        let all = [&columns.time, &columns.key, &columns.size];
        let named = all.iter().filter(|column| column.is_some()).count();
        let by_place = all.iter().filter(|column| matches!(column, Some(Column::Place(_)))).count();
        if by_place > 0 && by_place < named {
            return Err("name all columns, or number all of them".to_owned());
        }
        if by_place > 0 && columns.key.is_none() {
            return Err("which column is the key? add key=NUMBER".to_owned());
        }
        Ok(columns)
    }
}

impl Columns {
    /// Whether columns are numbered, as in a file without a header.
    pub(super) fn by_place(&self) -> bool {
        matches!(self.key, Some(Column::Place(_)))
    }
}

/// The names that a column may have.
pub(super) fn names<'a>(column: Option<&'a Column>, usual: &[&'a str]) -> Vec<&'a str> {
    match column {
        Some(Column::Name(name)) => vec![name],
        Some(Column::Place(_)) => Vec::new(),
        None => usual.to_vec(),
    }
}

/// A size in bytes, however the number is written.
#[inline]
pub(in crate::workload::trace) fn size(text: &[u8]) -> Option<u32> {
    whole(text).and_then(|size| u32::try_from(size).ok())
}

/// Of columns that matter and are not used, what to say.
pub(super) fn notes<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let said = names.filter_map(|name| {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let why = match &*plain.to_ascii_lowercase() {
            "op" | "operation" | "cmd" | "command" | "method" | "opcode" => {
                "what is done: each row counts as a read; keep those that are"
            }
            "opcount" | "count" | "reqcount" => "how often: each row counts as one access",
            "ttl" | "expiry" | "exptime" => "times to live: `--ttl` gives one to all objects",
            "cost" | "latency" | "fetchcost" | "latencyms" => {
                "what a miss costs: all misses count alike"
            }
            _ => return None,
        };
        Some(format!("`{name}` is not used ({why})"))
    });
    said.collect()
}

/// A time: any finite number, exact to a nanosecond, or a date.
#[inline]
pub(super) fn time(text: &[u8], unit: TimeUnit) -> Option<i128> {
    if text.get(4) == Some(&b'-') && text[..4].iter().all(u8::is_ascii_digit) {
        return parse_stamp(text).map(i128::from);
    }
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        digits => (1, digits),
    };
    let (nanos, _) = scaled_wide(digits, unit.decimals())?;
    i128::try_from(nanos).ok().map(|nanos| sign * nanos)
}

/// Why a size cannot be read.
#[cold]
pub(super) fn bad_size(name: &str, found: &str) -> String {
    format!("{name} is `{found}`: expected a whole number of bytes from 0 to {}", u32::MAX)
}

/// Why a time cannot be read.
#[cold]
pub(super) fn bad_time(name: &str, found: &str) -> String {
    format!("{name} is `{found}`: expected a number, or a time such as 2026-01-31T12:00:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_or_numbered_but_not_both() {
        let columns: Columns = "time=ts,key=obj".parse().unwrap();
        assert_eq!(columns.key, Some(Column::Name("obj".into())));
        assert_eq!(columns.size, None);
        let columns: Columns = "key=2,size=3".parse().unwrap();
        assert!(columns.by_place() && columns.size == Some(Column::Place(2)));
        for (text, why) in [
            ("key", "not ROLE=COLUMN"),
            ("keys=1", "did you mean `key`?"),
            ("key=0", "counted from 1"),
            ("key=1,size=len", "name all columns"),
            ("time=1", "which column is the key"),
        ] {
            let error = text.parse::<Columns>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn times_are_exact_whatever_their_size() {
        let s = |text: &[u8]| time(text, TimeUnit::S);
        assert_eq!(
            (s(b"1.5"), s(b"nan"), s(b"-3")),
            (Some(1_500_000_000), None, Some(-3_000_000_000))
        );
        assert_eq!(s(b"1e-05"), Some(10_000));
        assert_eq!(s(b"1970-01-01T00:00:01.5Z"), Some(1_500_000_000));
        assert_eq!([size(b"512.0"), size(b"1e3"), size(b"007")], [Some(512), Some(1000), Some(7)]);
        assert_eq!([size(b"1.5"), size(b"4294967296"), size(b"-1")], [None; 3]);
        assert_eq!(s(b"1700158546680590017"), Some(1_700_158_546_680_590_017_000_000_000));
        assert_eq!(time(b"7", TimeUnit::Ms), Some(7_000_000));
    }
}
