//! Numbers in a page's tables: short, and each starts with what it is sorted by.

use super::super::human;
use crate::stats::Cell;

/// What stands where nothing was measured.
pub(super) const NOTHING: &str = "–";

/// A number with so many significant digits.
pub(super) fn rounded(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    Cell::from(scientific.parse().unwrap_or(value)).to_string()
}

/// A measurement and the half width of its interval, in some unit.
pub(super) fn measured(value: Option<f64>, half: Option<f64>, digits: usize) -> String {
    let Some(value) = value else { return NOTHING.to_owned() };
    let shown = if value.fract() == 0.0 && value.abs() < 1e15 {
        human::grouped(value, 0)
    } else if value.abs() >= 10_000.0 {
        human::grouped(value, 1)
    } else {
        rounded(value, digits)
    };
    match half.filter(|half| *half > 0.0) {
        Some(half) => format!("{shown} ± {}", rounded(half, 2)),
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
        assert_eq!(measured(Some(1.23456), Some(0.0456), 4), "1.235 ± 0.046");
        assert_eq!(measured(Some(19_366.0), Some(0.0), 4), "19,366");
        assert_eq!(measured(Some(19_366.04), None, 4), "19,366");
        assert_eq!(measured(None, Some(1.0), 4), "–");
    }
}
