//! Numbers of an experiment that can be fitted: what they are, and how they are written.

use serde_yaml::Value;

use crate::kernel::Duration;
use crate::spec::{Bandwidth, Rate, format_rate, parse_duration};

/// What a number of an experiment is. Its figure is in the unit named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A whole number.
    Whole,
    /// A real number.
    Real,
    /// A span of time, in seconds.
    Span,
    /// Bytes per second.
    Bandwidth,
    /// Events per second.
    Rate,
}

impl Quantity {
    /// What a value is, and its figure; `None` for what is no quantity that can be fitted.
    pub fn read(value: &Value) -> Option<(Self, f64)> {
        match value {
            Value::Number(number) if number.is_f64() => Some((Quantity::Real, number.as_f64()?)),
            Value::Number(number) => Some((Quantity::Whole, number.as_f64()?)),
            Value::String(text) => {
                if let Ok(span) = parse_duration(text) {
                    return Some((Quantity::Span, span.as_secs_f64()));
                }
                if let Ok(bandwidth) = text.parse::<Bandwidth>() {
                    return Some((Quantity::Bandwidth, bandwidth.bytes_per_sec()));
                }
                let rate = text.parse::<Rate>().ok()?;
                Some((Quantity::Rate, rate.per_sec()))
            }
            _ => None,
        }
    }

    /// A figure as it stands in a file.
    pub fn write(self, figure: f64) -> Value {
        match self {
            Quantity::Whole => Value::from(figure.round() as i64),
            Quantity::Real => Value::from(figure),
            Quantity::Span => Value::from(Duration::from_secs_f64(figure).to_string()),
            Quantity::Bandwidth => Value::from(format!("{figure}B/s")),
            Quantity::Rate => Value::from(format_rate(figure)),
        }
    }

    /// The figure that is simulated for `figure`: whole numbers and nanoseconds.
    pub fn rounded(self, figure: f64) -> f64 {
        match self {
            Quantity::Whole => figure.round(),
            Quantity::Span => Duration::from_secs_f64(figure).as_secs_f64(),
            Quantity::Real | Quantity::Bandwidth | Quantity::Rate => figure,
        }
    }

    /// The least difference between two figures.
    pub fn grain(self) -> f64 {
        match self {
            Quantity::Whole => 1.0,
            Quantity::Span => 1e-9,
            Quantity::Real | Quantity::Bandwidth | Quantity::Rate => 0.0,
        }
    }

    /// A figure for people: `305.2us`, `18.7GB/s`, `0.85`, with so many significant digits.
    pub fn show(self, figure: f64, digits: usize) -> String {
        let plain = |figure: f64, unit: &str| format!("{}{unit}", significant(figure, digits));
        let scaled = |units: &[(f64, &str)]| {
            let unit = units.iter().find(|(least, _)| figure.abs() >= *least);
            let (least, unit) = unit.or(units.last()).copied().unwrap_or((1.0, ""));
            plain(figure / least, unit)
        };
        match self {
            Quantity::Whole => format!("{}", figure.round()),
            Quantity::Real => plain(figure, ""),
            Quantity::Span if figure == 0.0 => "0s".to_owned(),
            Quantity::Span => scaled(&[(1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")]),
            Quantity::Bandwidth => {
                scaled(&[(1e12, "TB/s"), (1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")])
            }
            Quantity::Rate => plain(figure, "/s"),
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::Whole => "whole number",
            Quantity::Real => "number",
            Quantity::Span => "duration",
            Quantity::Bandwidth => "bandwidth",
            Quantity::Rate => "rate",
        }
    }
}

/// So many significant digits, without zeros at the end.
fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let scientific = format!("{value:.*e}", digits.max(1) - 1);
    scientific.parse::<f64>().map_or(scientific, |rounded| rounded.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (text, quantity, figure, shown) in [
            ("300us", Quantity::Span, 3e-4, "300us"),
            ("0s", Quantity::Span, 0.0, "0s"),
            ("19GB/s", Quantity::Bandwidth, 1.9e10, "19GB/s"),
            ("20/s", Quantity::Rate, 20.0, "20/s"),
            ("0.85", Quantity::Real, 0.85, "0.85"),
            ("128", Quantity::Whole, 128.0, "128"),
        ] {
            let value: Value = serde_yaml::from_str(text).unwrap();
            let (found, number) = Quantity::read(&value).unwrap();
            assert_eq!((found, number), (quantity, figure), "{text}");
            assert_eq!(Quantity::read(&quantity.write(figure)).unwrap(), (quantity, figure));
            assert_eq!(quantity.show(figure, 4), shown);
        }
        for text in ["fcfs", "null", "true", "[1]", "64MiB"] {
            let value: Value = serde_yaml::from_str(text).unwrap();
            assert_eq!(Quantity::read(&value), None, "{text}");
        }
        assert_eq!(Quantity::Span.rounded(1.4e-9), 1e-9);
        assert_eq!(Quantity::Span.show(0.000_123_456, 3), "123us");
    }
}
