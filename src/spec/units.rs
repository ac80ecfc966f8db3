//! Quantities as people write them: `250ms`, `20/s`, `64MiB`, `2M tokens`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decimal::Decimal;
use crate::kernel::Duration;

/// A whole number of things, such as `1000`, `1_000` or `1e3`.
pub(crate) fn parse_count(text: &str) -> Option<u64> {
    Decimal::parse(text)?.whole()
}

/// Reads text or a bare number with `parse`; used by every quantity here.
pub(crate) fn from_text<'de, D, T>(
    deserializer: D,
    expected: &'static str,
    parse: fn(&str) -> Result<T, String>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct TextVisitor<T>(&'static str, fn(&str) -> Result<T, String>);

    impl<T> Visitor<'_> for TextVisitor<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text.trim()).map_err(|why| E::custom(format!("{why}: expected {}", self.0)))
        }
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<T, E> {
            self.visit_str(&value.to_string())
        }
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<T, E> {
            self.visit_str(&value.to_string())
        }
        fn visit_f64<E: de::Error>(self, value: f64) -> Result<T, E> {
            self.visit_str(&value.to_string())
        }
    }
    deserializer.deserialize_any(TextVisitor(expected, parse))
}

/// A number as it is written, as a float, and the unit after it.
type Quantity<'t> = (&'t str, f64, &'t str);

/// Splits `1.5h` into the number and the unit after it. Underscores may group
/// digits.
fn split_unit(text: &str) -> Result<Quantity<'_>, String> {
    let end = text
        .char_indices()
        .find(|&(i, c)| {
            let exponent = matches!(c, 'e' | 'E')
                && text[i + 1..].starts_with(|n: char| n.is_ascii_digit() || n == '-' || n == '+');
            let sign = matches!(c, '-' | '+') && (i == 0 || text[..i].ends_with(['e', 'E']));
            !(c.is_ascii_digit() || c == '.' || c == '_' || exponent || sign)
        })
        .map_or(text.len(), |(i, _)| i);
    let number: f64 = text[..end]
        .replace('_', "")
        .parse()
        .map_err(|_| format!("`{text}` does not begin with a number"))?;
    if !number.is_finite() {
        return Err(format!("`{text}` is not finite"));
    }
    Ok((&text[..end], number, text[end..].trim()))
}

/// In nanoseconds.
const SECOND: u64 = 1_000_000_000;

const DURATION: &str = "a duration such as 250ms, 1.5s, 10m, 1h or 30d";

/// Reads a duration: a number and one of `ns`, `us`, `ms`, `s`, `m`, `h`, `d`,
/// `w`; several parts add up (`1h30m`). `0` needs no unit.
///
/// # Errors
/// Says what is wrong with the text.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let too_long = || format!("`{text}` is not a duration under 285 years");
    // In 1e-9 ns, so that parts of a nanosecond add up too.
    let mut all: u128 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (written, number, tail) = split_unit(rest)?;
        let end = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let scale = match &tail[..end] {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" | "min" => 60 * SECOND,
            "h" => 3600 * SECOND,
            "d" => 86_400 * SECOND,
            "w" => 604_800 * SECOND,
            "" => return Err(format!("`{text}` has no unit")),
            unit => return Err(format!("`{unit}` is not a unit of time")),
        };
        if number < 0.0 {
            return Err(format!("`{text}` is negative"));
        }
        let written = Decimal::parse(written.trim_start_matches(['+', '-']));
        let written = written.ok_or_else(|| format!("`{text}` does not begin with a number"))?;
        if number * scale as f64 >= 9e18 {
            return Err(too_long());
        }
        let (part, _) = written.shifted(9).times(scale).ok_or_else(too_long)?;
        all = all.checked_add(part).ok_or_else(too_long)?;
        rest = tail[end..].trim_start();
    }
    let nanos = (all + 500_000_000) / 1_000_000_000;
    if text.is_empty() || nanos >= 9_000_000_000_000_000_000 {
        return Err(too_long());
    }
    Ok(Duration(nanos as u64))
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, DURATION, parse_duration)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A span of time: 250ms, 1.5s, 10m, 1h30m, 30d.",
            "type": ["string", "number"],
            "examples": ["250ms", "1h"],
        })
    }
}

const RATE: &str = "a rate of 0 or more such as 20/s, 300/m or 5000/h";

/// Events per second: `20/s`, `300/m`, `5000/h`, `1e6/d`; a bare number is per
/// second.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// Events per second.
    pub const fn per_sec(self) -> f64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (_, number, unit) = split_unit(text)?;
        let per_sec = match unit.strip_prefix('/').map(str::trim) {
            _ if number < 0.0 => return Err(format!("`{text}` is negative")),
            None if unit.is_empty() => number,
            Some("s" | "sec") => number,
            Some("m" | "min") => number / 60.0,
            Some("h") => number / 3600.0,
            Some("d" | "day") => number / 86_400.0,
            _ => return Err(format!("`{unit}` is not a unit of rate")),
        };
        Ok(Rate(per_sec))
    }
}

/// The rate as [`Rate`] reads it.
pub fn format_rate(per_sec: f64) -> String {
    format!("{per_sec}/s")
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, RATE, str::parse)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_rate(self.0))
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Events per time: 20/s, 300/m, 5000/h.",
            "type": ["string", "number"],
            "examples": ["20/s"],
        })
    }
}

const CAPACITY: &str = "a capacity such as 1000 (entries), 64MiB, 2M tokens or unbounded";

/// How much a cache holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// A number of entries: `1000`, `10k entries`.
    Entries(u64),
    /// Bytes of answers: `64MiB`, `1GB`.
    Bytes(u64),
    /// Tokens of answers: `2M tokens`.
    Tokens(u64),
    /// No limit.
    Unbounded,
}

impl FromStr for Capacity {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unbounded" {
            return Ok(Capacity::Unbounded);
        }
        let (written, number, unit) = split_unit(text)?;
        let (scale, unit) = match unit.split_at_checked(1) {
            Some(("k" | "K", rest)) if !rest.starts_with(['B', 'i']) => (1_000, rest.trim()),
            Some(("M", rest)) if !rest.starts_with(['B', 'i']) => (1_000_000, rest.trim()),
            Some(("G", rest)) if !rest.starts_with(['B', 'i']) => (1_000_000_000, rest.trim()),
            _ => (1, unit),
        };
        let whole = |scale: u64| {
            if number * scale as f64 >= 9e18 {
                return Err(format!("`{text}` is too large"));
            }
            let value = Decimal::parse(written.trim_start_matches('+'));
            match value.and_then(|value| value.times(scale)) {
                Some((value, true)) => Ok(value as u64),
                _ => Err(format!("`{text}` is not a whole number of 0 or more")),
            }
        };
        Ok(match unit {
            "" | "entry" | "entries" => Capacity::Entries(whole(scale)?),
            "token" | "tokens" => Capacity::Tokens(whole(scale)?),
            "B" => Capacity::Bytes(whole(scale)?),
            "kB" | "KB" => Capacity::Bytes(whole(1_000)?),
            "MB" => Capacity::Bytes(whole(1_000_000)?),
            "GB" => Capacity::Bytes(whole(1_000_000_000)?),
            "TB" => Capacity::Bytes(whole(1_000_000_000_000)?),
            "KiB" => Capacity::Bytes(whole(1 << 10)?),
            "MiB" => Capacity::Bytes(whole(1 << 20)?),
            "GiB" => Capacity::Bytes(whole(1 << 30)?),
            "TiB" => Capacity::Bytes(whole(1 << 40)?),
            _ => return Err(format!("`{unit}` is not a unit of capacity")),
        })
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Capacity::Entries(entries) => write!(f, "{entries}"),
            Capacity::Bytes(bytes) => write!(f, "{bytes}B"),
            Capacity::Tokens(tokens) => write!(f, "{tokens} tokens"),
            Capacity::Unbounded => f.write_str("unbounded"),
        }
    }
}

impl<'de> Deserialize<'de> for Capacity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, CAPACITY, str::parse)
    }
}

impl Serialize for Capacity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Capacity::Entries(entries) => serializer.serialize_u64(*entries),
            other => serializer.collect_str(other),
        }
    }
}

impl JsonSchema for Capacity {
    fn schema_name() -> Cow<'static, str> {
        "Capacity".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How much a cache holds: 1000 (entries), 64MiB, 2M tokens or unbounded.",
            "type": ["string", "integer"],
            "examples": [1000, "64MiB", "2M tokens", "unbounded"],
        })
    }
}

const BANDWIDTH: &str = "a bandwidth of more than 0 such as 500MB/s, 2GiB/s or 10Gbit/s";

/// Bytes per second: `500MB/s`, `2GiB/s`, `10Gbit/s`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Bandwidth(f64);

impl Bandwidth {
    /// Bytes per second.
    pub const fn bytes_per_sec(self) -> f64 {
        self.0
    }

    /// How long `bytes` take.
    pub fn time_of(self, bytes: u64) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.0)
    }
}

impl FromStr for Bandwidth {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (_, number, unit) = split_unit(text)?;
        let unknown = || format!("`{unit}` is not a unit of bandwidth");
        let amount = unit.strip_suffix("/s").map(str::trim_end).ok_or_else(unknown)?;
        let (prefix, size) = match (amount.strip_suffix("bit"), amount.strip_suffix('B')) {
            (Some(prefix), _) => (prefix, 0.125),
            (None, Some(prefix)) => (prefix, 1.0),
            (None, None) => return Err(unknown()),
        };
        let scale = match prefix {
            "" => 1.0,
            "k" | "K" => 1e3,
            "M" => 1e6,
            "G" => 1e9,
            "T" => 1e12,
            "Ki" => 1024.0,
            "Mi" => 1024.0 * 1024.0,
            "Gi" => 1024.0 * 1024.0 * 1024.0,
            "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
            _ => return Err(unknown()),
        };
        let bandwidth = number * scale * size;
        if bandwidth > 0.0 && bandwidth.is_finite() {
            Ok(Bandwidth(bandwidth))
        } else {
            Err(format!("`{text}` moves nothing"))
        }
    }
}

impl<'de> Deserialize<'de> for Bandwidth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, BANDWIDTH, str::parse)
    }
}

impl Serialize for Bandwidth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}B/s", self.0))
    }
}

impl JsonSchema for Bandwidth {
    fn schema_name() -> Cow<'static, str> {
        "Bandwidth".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Bytes or bits per time: 500MB/s, 2GiB/s, 10Gbit/s.",
            "type": "string",
            "examples": ["500MB/s", "10Gbit/s"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("500MB/s", 5e8),
            ("2 GiB/s", 2.0 * 1024.0 * 1024.0 * 1024.0),
            ("10Gbit/s", 1.25e9),
            ("8bit/s", 1.0),
            ("1.5kB/s", 1500.0),
        ] {
            let read: Bandwidth = text.parse().unwrap();
            assert_eq!(read.bytes_per_sec(), bytes, "{text}");
            let again: Bandwidth =
                serde_yaml::from_str(&serde_yaml::to_string(&read).unwrap()).unwrap();
            assert_eq!(read, again, "{text}");
        }
        for text in ["500", "500MB", "5 MB/m", "0MB/s", "-1MB/s", "5XB/s", "MB/s", "5/s"] {
            assert!(text.parse::<Bandwidth>().is_err(), "{text}");
        }
        let tenth: Bandwidth = "10MB/s".parse().unwrap();
        assert_eq!(tenth.time_of(1_000_000), Duration::from_millis(100));
    }
}
