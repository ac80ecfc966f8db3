//! Values in a metric's unit: `2s`, `20/s`, `5%`, `$3`, `$3/h`, or a bare number.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cost::Money;
use crate::spec::{Rate, from_text, parse_duration, per_cent};

/// What a metric, or a value that is held against it, measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::system) enum Unit {
    Seconds,
    PerSecond,
    Share,
    Usd,
    UsdPerHour,
    /// A bare number.
    Count,
}

impl Unit {
    /// An example of a value.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Unit::Seconds => "a duration such as 2s",
            Unit::PerSecond => "a rate such as 20/s",
            Unit::Share => "a share such as 5% or 0.05",
            Unit::Usd => "an amount such as $3",
            Unit::UsdPerHour => "an amount by the hour such as $3/h",
            Unit::Count => "a number",
        }
    }
}

/// A value that a metric is held against, in the metric's unit: `2s`, `20/s`, `5%`, `$3`,
/// `$3/h`, or a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    text: String,
    unit: Unit,
    value: f64,
}

const THRESHOLD: &str = "a value such as 2s, 20/s, 5%, $3, $3/h or 0.05";

impl Threshold {
    /// The value as a metric has it: seconds, per second, a share of one, dollars.
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// Whether it can be held against a metric of this unit; a bare number is in any.
    pub(super) fn fits(&self, unit: Unit) -> bool {
        let money = |unit| matches!(unit, Unit::Usd | Unit::UsdPerHour);
        self.unit == Unit::Count || self.unit == unit || (self.unit == Unit::Usd && money(unit))
    }
}

fn parse(text: &str) -> Result<Threshold, String> {
    let (unit, value) = quantity(text)?;
    if !value.is_finite() {
        return Err(format!("`{text}` is not finite"));
    }
    Ok(Threshold { text: text.to_owned(), unit, value })
}

fn quantity(text: &str) -> Result<(Unit, f64), String> {
    if let Some(percent) = text.strip_suffix('%') {
        return Ok((Unit::Share, share(percent)?));
    }
    if text.starts_with('$') {
        let (amount, unit) =
            text.strip_suffix("/h").map_or((text, Unit::Usd), |it| (it, Unit::UsdPerHour));
        return Ok((unit, amount.trim_end().parse::<Money>()?.usd()));
    }
    if let Ok(number) = text.replace('_', "").parse::<f64>() {
        return Ok((Unit::Count, number));
    }
    if text.contains('/') {
        return Ok((Unit::PerSecond, text.parse::<Rate>()?.per_sec()));
    }
    Ok((Unit::Seconds, parse_duration(text)?.as_secs_f64()))
}

fn share(percent: &str) -> Result<f64, String> {
    per_cent(percent).ok_or_else(|| format!("`{}%` is not a share", percent.trim_end()))
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, THRESHOLD, parse)
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.unit, self.text.parse::<i64>()) {
            (Unit::Count, Ok(whole)) => serializer.serialize_i64(whole),
            (Unit::Count, Err(_)) => serializer.serialize_f64(self.value),
            _ => serializer.serialize_str(&self.text),
        }
    }
}

impl JsonSchema for Threshold {
    fn schema_name() -> Cow<'static, str> {
        "Threshold".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A value in the metric's unit: 2s, 20/s, 5%, $3, $3/h, or a number.",
            "type": ["string", "number"],
            "examples": ["2s", "5%", 0.05],
        })
    }
}

/// The share of requests that are to be good: `99.9%` or 0.999.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective(f64);

const OBJECTIVE: &str = "a share of more than 0 and less than 1 such as 99.9% or 0.999";

impl Objective {
    /// The share of requests that may be bad.
    pub fn budget(self) -> f64 {
        // As people would write it: a tenth beside 0.9, and not 0.09999999999999998.
        const STEPS: f64 = 1e12;
        libm::round((1.0 - self.0) * STEPS) / STEPS
    }
}

fn parse_objective(text: &str) -> Result<Objective, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => share(percent)?,
        None => text.parse().map_err(|_| format!("`{text}` is not a share"))?,
    };
    if share > 0.0 && Objective(share).budget() > 0.0 {
        Ok(Objective(share))
    } else {
        Err(format!("`{text}` is out of range"))
    }
}

impl<'de> Deserialize<'de> for Objective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, OBJECTIVE, parse_objective)
    }
}

impl Serialize for Objective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl JsonSchema for Objective {
    fn schema_name() -> Cow<'static, str> {
        "Objective".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A share of more than 0 and less than 1: 99.9% or 0.999.",
            "type": ["string", "number"],
            "examples": ["99.9%", 0.999],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_the_units_that_people_write() {
        for (text, unit, value) in [
            ("2s", Unit::Seconds, 2.0),
            ("250ms", Unit::Seconds, 0.25),
            ("120/m", Unit::PerSecond, 2.0),
            ("5%", Unit::Share, 0.05),
            ("0.1 %", Unit::Share, 0.001),
            ("$3", Unit::Usd, 3.0),
            ("$2.50/h", Unit::UsdPerHour, 2.5),
            ("0.3", Unit::Count, 0.3),
            ("100", Unit::Count, 100.0),
        ] {
            let read: Threshold = serde_yaml::from_str(text).unwrap();
            assert_eq!((read.unit, read.value), (unit, value), "{text}");
            let again = serde_yaml::to_string(&read).unwrap();
            assert_eq!(serde_yaml::from_str::<Threshold>(&again).unwrap(), read, "{text}");
        }
        for text in ["many", "%", "5 parsecs", "$", "inf", ".nan", "1e999"] {
            assert!(serde_yaml::from_str::<Threshold>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_objective_is_a_share_that_can_be_missed() {
        let read = |text| serde_yaml::from_str::<Objective>(text).map(|it| it.0).ok();
        assert_eq!(read("99.9%"), Some(0.999));
        assert_eq!(read("0.999"), Some(0.999));
        for text in ["100%", "1", "0", "-5%", "most"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
