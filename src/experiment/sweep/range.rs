//! A range of values of a path, ready to be drawn from.

use serde_yaml::Value;

use super::quantity::{Kind, quantity, split_quantity};
use super::range_spec::{RangeSpec, SpanSpec};
use crate::experiment::load::plain::plain;

/// Significant digits of a value drawn from a range: what stands in the results is
/// what was run, and reads well.
const DIGITS: usize = 6;

/// A range that values are drawn from by their place in (0, 1).
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    between: Between,
    log: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Between {
    /// Whole numbers, each as likely as any other.
    Whole(f64, f64, Affixes),
    Real(f64, f64, Affixes),
    Values(Vec<Value>),
}

/// What stands before and after the number; for a plain number `None`.
type Affixes = Option<(String, String)>;

impl Range {
    /// Reads a range.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn new(spec: &RangeSpec) -> Result<Self, String> {
        match spec {
            RangeSpec::Values(values) if values.is_empty() => {
                Err("expected at least one value to try".to_owned())
            }
            RangeSpec::Values(values) => {
                let twice = |(index, value): &(usize, &Value)| values[..*index].contains(value);
                if let Some((_, value)) = values.iter().enumerate().find(twice) {
                    return Err(format!("`{}` is listed twice", plain(value)));
                }
                Ok(Range { between: Between::Values(values.clone()), log: false })
            }
            RangeSpec::Span(span) => Self::span(span),
        }
    }

    fn span(span: &SpanSpec) -> Result<Self, String> {
        let (low, high, affixes) = ends(span)?;
        if low >= high {
            return Err("expected `from` to be below `to`".to_owned());
        }
        if span.log && low <= 0.0 {
            return Err("`log: true` needs a `from` above 0".to_owned());
        }
        let counted = match &affixes {
            None => span.from.is_i64() && span.to.is_i64(),
            Some((sign, unit)) => sign.is_empty() && counts(unit),
        };
        let whole = counted && low.fract() == 0.0 && high.fract() == 0.0;
        let between = if whole {
            Between::Whole(low, high, affixes)
        } else {
            Between::Real(low, high, affixes)
        };
        Ok(Range { between, log: span.log })
    }

    /// How many values there are; `None` if they are all numbers between two ends.
    pub fn count(&self) -> Option<usize> {
        match &self.between {
            Between::Values(values) => Some(values.len()),
            Between::Whole(low, high, _) => Some((high - low) as usize + 1),
            Between::Real(..) => None,
        }
    }

    /// The grid of a design that steps through the range: its levels in rising order, each
    /// with its place in [0, 1], where 0 and 1 are the ends. Values of a list, and whole
    /// numbers where there are no more than `levels`, are a level each. Otherwise there are
    /// `levels`, evenly apart as far as whole numbers can be.
    pub fn grid(&self, levels: usize) -> Vec<(f64, Value)> {
        let share = |index: usize, count: usize| index as f64 / (count.max(2) - 1) as f64;
        match &self.between {
            Between::Values(values) => {
                let level =
                    |(index, value): (usize, &Value)| (share(index, values.len()), value.clone());
                values.iter().enumerate().map(level).collect()
            }
            Between::Whole(low, high, affixes) => {
                let count = (high - low + 1.0).min(levels as f64) as usize;
                let all = count as f64 > high - low;
                let number = |index: usize| {
                    let even = blend(*low, *high, share(index, count), self.log);
                    if all { low + index as f64 } else { even.round().clamp(*low, *high) }
                };
                let mut numbers: Vec<f64> = (0..count).map(number).collect();
                // Equal ratios may be closer than whole numbers are.
                numbers.dedup();
                let level =
                    |number| (unblend(*low, *high, number, self.log), written(number, affixes));
                numbers.into_iter().map(level).collect()
            }
            Between::Real(..) => {
                let level = |index| (share(index, levels), self.at(share(index, levels)));
                (0..levels).map(level).collect()
            }
        }
    }

    /// The value at `place` in (0, 1): a uniform place gives each value of the range
    /// (by its logarithm where that was asked for) the same chance.
    pub fn at(&self, place: f64) -> Value {
        match &self.between {
            Between::Values(values) => {
                let index = (place * values.len() as f64) as usize;
                values[index.min(values.len() - 1)].clone()
            }
            Between::Whole(low, high, affixes) => {
                let number = if self.log {
                    blend(*low, *high, place, true).round()
                } else {
                    (low + place * (high - low + 1.0)).floor()
                };
                written(number.clamp(*low, *high), affixes)
            }
            Between::Real(low, high, affixes) => {
                let number = rounded(blend(*low, *high, place, self.log)).clamp(*low, *high);
                match affixes {
                    None => Value::from(number),
                    Some((sign, unit)) => Value::from(format!("{sign}{number}{unit}")),
                }
            }
        }
    }

    /// A place of a value, by its number among those that [`Range::count`] counts.
    pub fn place(&self, number: usize) -> f64 {
        match (&self.between, self.count()) {
            (Between::Whole(low, high, _), _) if self.log => {
                unblend(*low, *high, low + number as f64, true)
            }
            (_, Some(count)) => (number as f64 + 0.5) / count as f64,
            (_, None) => 0.5,
        }
    }

    /// The place a `share` of the range above `place` (below it if `way` is -1), and at
    /// least at the next value; outside 0 to 1 if there is none.
    pub fn moved(&self, place: f64, way: f64, share: f64) -> f64 {
        let next = match (&self.between, self.count()) {
            (Between::Whole(low, high, _), _) if self.log => {
                let next = blend(*low, *high, place, true).round() + way;
                if next < *low || next > *high {
                    return place + way;
                }
                (unblend(*low, *high, next, true) - place).abs()
            }
            (_, count) => count.map_or(0.0, |count| 1.0 / count as f64),
        };
        place + way * next.max(share)
    }
}

/// A whole number as the ends are written.
fn written(number: f64, affixes: &Affixes) -> Value {
    let number = number as i64;
    match affixes {
        None => Value::from(number),
        Some((sign, unit)) => Value::from(format!("{sign}{number}{unit}")),
    }
}

/// The ends as numbers, and what stands around them.
fn ends(span: &SpanSpec) -> Result<(f64, f64, Affixes), String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    let wrong = || "expected quantities of one kind, such as 1 and 10, or 250ms and 2s".to_owned();
    match (text(&span.from), text(&span.to)) {
        (None, None) => {
            let (from, to) = (span.from.as_f64(), span.to.as_f64());
            from.zip(to).map(|(from, to)| (from, to, None)).ok_or_else(wrong)
        }
        (Some(from), Some(to)) => {
            let (before, low, unit) = split_quantity(&from).ok_or_else(wrong)?;
            let (other, high, same) = split_quantity(&to).ok_or_else(wrong)?;
            if (before, unit) == (other, same) {
                return Ok((low, high, Some((before.to_owned(), unit.to_owned()))));
            }
            in_base_units(span).ok_or_else(wrong)
        }
        _ => in_base_units(span).ok_or_else(wrong),
    }
}

/// Ends of one kind in different units, in the unit that all of them share.
fn in_base_units(span: &SpanSpec) -> Option<(f64, f64, Affixes)> {
    let (kind, low) = quantity(&span.from)?;
    let (other, high) = quantity(&span.to)?;
    let kind = if low == 0.0 { other } else { kind };
    if kind != other {
        return None;
    }
    let (sign, unit) = match kind {
        Kind::Number => return Some((low, high, None)),
        Kind::Seconds => ("", "s"),
        Kind::Usd => ("$", ""),
        Kind::PerSecond => ("", "/s"),
        Kind::Bytes => ("", "B"),
        Kind::Tokens => ("", " tokens"),
    };
    Some((low, high, Some((sign.to_owned(), unit.to_owned()))))
}

/// Whether there is only a whole number of these.
fn counts(unit: &str) -> bool {
    matches!(unit.trim(), "" | "B" | "entry" | "entries" | "token" | "tokens")
        || unit.trim().ends_with('B')
}

fn blend(low: f64, high: f64, place: f64, log: bool) -> f64 {
    if log { low * libm::exp(place * libm::log(high / low)) } else { low + place * (high - low) }
}

/// Where a number is between two ends: the inverse of `blend`.
fn unblend(low: f64, high: f64, number: f64, log: bool) -> f64 {
    if log {
        libm::log(number / low) / libm::log(high / low)
    } else {
        (number - low) / (high - low)
    }
}

/// To six significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(yaml: &str) -> Result<Range, String> {
        Range::new(&serde_yaml::from_str(yaml).map_err(|error| error.to_string())?)
    }

    fn at(yaml: &str, place: f64) -> String {
        plain(&range(yaml).expect("a range").at(place))
    }

    #[test]
    fn values_keep_the_unit_that_the_ends_are_written_in() {
        assert_eq!(at("{ from: 10/s, to: 30/s }", 0.5), "20/s");
        assert_eq!(at("{ from: 500ms, to: 2s }", 0.5), "1.25s");
        assert_eq!(at("{ from: $0.01, to: $1, log: true }", 0.5), "$0.1");
        assert_eq!(at("{ from: 0.5, to: 1.5 }", 0.123_456_789), "0.623457");
        assert_eq!(at("{ from: 1MiB, to: 3MiB }", 0.5), "2MiB");
    }

    #[test]
    fn whole_ends_give_whole_numbers_each_as_often() {
        let seen: Vec<String> =
            (0..6).map(|i| at("{ from: 1, to: 3 }", f64::from(i) / 6.0 + 0.01)).collect();
        assert_eq!(seen, ["1", "1", "2", "2", "3", "3"]);
        assert_eq!(at("{ from: 10, to: 1000, log: true }", 0.5), "100");
        assert_eq!(at("[lru, sieve]", 0.99), "sieve");
    }

    #[test]
    fn every_value_that_is_counted_has_a_place() {
        for yaml in ["{ from: 1, to: 8, log: true }", "{ from: 1, to: 8 }", "[a, b, c]"] {
            let range = range(yaml).expect("a range");
            let count = range.count().expect("a number of values");
            let mut seen: Vec<Value> = (0..count).map(|it| range.at(range.place(it))).collect();
            seen.dedup();
            assert_eq!(seen.len(), count, "{yaml}");
            for number in 1..count {
                let up = range.moved(range.place(number - 1), 1.0, 0.0);
                assert_eq!(range.at(up), range.at(range.place(number)), "{yaml}");
                let down = range.moved(range.place(number), -1.0, 0.0);
                assert_eq!(range.at(down), range.at(range.place(number - 1)), "{yaml}");
            }
            assert!(range.moved(range.place(count - 1), 1.0, 0.0) > 1.0, "{yaml}");
        }
    }

    #[test]
    fn a_grid_has_the_ends_and_knows_where_its_levels_are() {
        let grid = |yaml: &str, levels: usize| -> Vec<(f64, String)> {
            let levels = range(yaml).expect("a range").grid(levels).into_iter();
            levels.map(|(place, value)| (place, plain(&value))).collect()
        };
        let is = |found: Vec<(f64, String)>, expected: &[(f64, &str)]| {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                let near = (found.0 - expected.0).abs() < 1e-9;
                assert!(near && found.1 == expected.1, "{found:?} {expected:?}");
            }
        };
        is(grid("[1, 2, 16]", 4), &[(0.0, "1"), (0.5, "2"), (1.0, "16")]);
        is(grid("{ from: 1, to: 3 }", 4), &[(0.0, "1"), (0.5, "2"), (1.0, "3")]);
        is(grid("{ from: 0, to: 10 }", 4), &[(0.0, "0"), (0.3, "3"), (0.7, "7"), (1.0, "10")]);
        is(
            grid("{ from: 1, to: 4, log: true }", 4),
            &[(0.0, "1"), (0.5, "2"), (libm::log(3.0) / libm::log(4.0), "3"), (1.0, "4")],
        );
        is(grid("{ from: 10ms, to: 40ms }", 2), &[(0.0, "10ms"), (1.0, "40ms")]);
    }

    #[test]
    fn ranges_that_are_none_are_refused() {
        for bad in [
            "[]",
            "{ from: 3, to: 1 }",
            "{ from: 0, to: 1, log: true }",
            "{ from: 1s, to: 3/s }",
            "{ from: lru, to: sieve }",
            "{ from: 1 }",
            "[3, 4, 3]",
            "7",
        ] {
            assert!(range(bad).is_err(), "{bad}");
        }
    }
}
