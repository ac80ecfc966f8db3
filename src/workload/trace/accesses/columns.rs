//! Which columns of a CSV file, or fields of a JSON object, hold what.

use std::str::FromStr;

use crate::spec::nearest;

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

/// A whole number without leading zeros, so that `7` and `007` stay different
/// keys.
#[inline]
pub(in crate::workload::trace) fn number(text: &[u8]) -> Option<u64> {
    match text {
        [b'0'] => return Some(0),
        [b'0', ..] | [] => return None,
        _ if text.len() > 20 => return None,
        _ => {}
    }
    text.iter().try_fold(0u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        let digit = (digit < 10).then_some(u64::from(digit))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// A time: any finite number.
#[inline]
pub(super) fn time(text: &[u8]) -> Option<f64> {
    if let Some(whole) = number(text) {
        return Some(whole as f64);
    }
    let text = std::str::from_utf8(text).ok()?;
    text.parse().ok().filter(|time: &f64| time.is_finite())
}

/// Why a size cannot be read.
#[cold]
pub(super) fn bad_size(name: &str, found: &str) -> String {
    format!("{name} is `{found}`: expected a whole number of bytes from 0 to {}", u32::MAX)
}

/// Why a time cannot be read.
#[cold]
pub(super) fn bad_time(name: &str, found: &str) -> String {
    format!("{name} is `{found}`: expected a number")
}

/// A field's beginning, for an error.
pub(super) fn shown(field: &[u8]) -> String {
    String::from_utf8_lossy(field).chars().take(40).collect()
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
    fn numbers_have_one_spelling() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for text in ["18446744073709551616", "007", "", "-1", "1.0", "12a"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
        assert_eq!((time(b"1.5"), time(b"nan"), time(b"-3")), (Some(1.5), None, Some(-3.0)));
    }
}
