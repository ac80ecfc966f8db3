//! Numbers in a page's tables: short, and each starts with what it is sorted by.

use crate::report::number_format;
use crate::report::results::estimates::even_half;
use crate::stats::{Cell, Estimate};

/// What stands where nothing was measured.
pub(crate) const NOTHING: &str = "–";

/// A number with so many significant digits.
pub(crate) fn rounded(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    Cell::from(scientific.parse().unwrap_or(value)).to_string()
}

/// The same with commas between thousands, where there are many.
pub(crate) fn grouped(value: f64, digits: usize) -> String {
    if value.abs() >= 10_000.0 { number_format::grouped(value, 0) } else { rounded(value, digits) }
}

/// A number and its interval: half its width, or its ends where these are not as far from
/// the number.
pub(crate) fn with_interval(shown: String, estimate: &Estimate) -> String {
    let Estimate { low, high, .. } = *estimate;
    match even_half(estimate) {
        Some(half) => format!("{shown} ± {}", rounded(half, 2)),
        None if high > low => format!("{shown} ({} to {})", rounded(low, 3), rounded(high, 3)),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_can_be_read_again() {
        let all = [1234.5678, 0.000_012_345_67, 2e-9, 0.1 + 0.2, 0.0, 1e300];
        let shown = ["1234.6", "0.000012346", "2e-09", "0.3", "0", "1e+300"];
        assert_eq!(all.map(|value| rounded(value, 5)), shown);
    }

    #[test]
    fn an_interval_follows_its_mean() {
        let even = |mean: f64, half: f64| Estimate { mean, low: mean - half, high: mean + half };
        assert_eq!(with_interval(rounded(1.23456, 4), &even(1.23456, 0.0456)), "1.235 ± 0.046");
        assert_eq!(with_interval(grouped(19_366.04, 4), &even(19_366.04, 0.0)), "19,366");
        assert_eq!(with_interval(grouped(8730.84, 4), &even(8730.84, 81.23)), "8731 ± 81");
        let share = Estimate { mean: 0.95, low: 0.7812, high: 0.9901 };
        assert_eq!(with_interval(rounded(0.95, 4), &share), "0.95 (0.781 to 0.99)");
    }
}
