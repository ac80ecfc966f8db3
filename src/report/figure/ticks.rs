//! Ticks: the round numbers along an axis.

use crate::report::number_format::{self, pow10};
use crate::report::unit::Shown;

/// A labelled place on an axis, in the units of the data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub at: f64,
    pub label: String,
}

/// The step of 1, 2 or 5 (or the unit's own) times a power of ten that gives
/// at most `ticks` intervals.
pub(super) fn step(span: f64, ticks: f64, shown: &Shown) -> f64 {
    let wanted = span / shown.factor / ticks;
    let listed = shown.steps.iter().copied().find(|step| *step >= wanted);
    if let Some(step) = listed.filter(|_| shown.steps.len() > 3 && wanted > 1.0) {
        return step * shown.factor;
    }
    let base = pow10(number_format::exponent(wanted.max(1e-300)));
    let nice = [1.0, 2.0, 5.0, 10.0].into_iter().find(|n| n * base >= wanted * (1.0 - 1e-9));
    nice.unwrap_or(10.0) * base * shown.factor
}

/// The multiples of `step` from `low` to `high`.
pub(super) fn linear(shown: &Shown, low: f64, high: f64, step: f64) -> Vec<Tick> {
    let first = libm::ceil(low / step - 1e-6);
    let count = (libm::floor(high / step + 1e-6) - first).clamp(0.0, 100.0) as i64;
    let at: Vec<f64> = (0..=count).map(|i| (first + i as f64) * step).collect();
    let values: Vec<f64> = at.iter().map(|v| v / shown.factor).collect();
    let labels = number_format::ticks(&values, step / shown.factor);
    at.into_iter().zip(labels).map(|(at, label)| Tick { at, label }).collect()
}

/// The next of 1, 2, 5 times a power of ten below (-1) or above (1).
pub(super) fn outwards(value: f64, direction: i32) -> f64 {
    let base = pow10(number_format::exponent(value));
    let nice = [0.5, 1.0, 2.0, 5.0, 10.0].map(|n| n * base);
    let found = if direction < 0 {
        nice.into_iter().rev().find(|n| *n < value * (1.0 - 1e-9))
    } else {
        nice.into_iter().find(|n| *n > value * (1.0 + 1e-9))
    };
    found.unwrap_or(value)
}

/// Round numbers from `low` to `high`, `room` of them at most where that can be, and the
/// places of fainter lines between them.
pub(super) fn logarithmic(shown: &Shown, low: f64, high: f64, room: f64) -> (Vec<Tick>, Vec<f64>) {
    // Ticks are round in the unit that is shown.
    let (from, to) = (low / shown.factor, high / shown.factor);
    let (first, last) = (number_format::exponent(from), number_format::exponent(to));
    let inside = |v: &f64| *v >= from * (1.0 - 1e-9) && *v <= to * (1.0 + 1e-9);
    let multiples = |of: &[f64], every: i32| -> Vec<f64> {
        (first..=last)
            .filter(|n| n % every == 0)
            .flat_map(|n| of.iter().map(move |m| m * pow10(n)))
            .filter(inside)
            .collect()
    };
    let every = libm::ceil(f64::from(last - first + 1) / room.max(2.0)) as i32;
    let mut at = multiples(&[1.0, 2.0, 5.0], 1);
    if at.len() as f64 > room || last - first > 3 {
        at = multiples(&[1.0], every.max(1));
    }
    if at.len() < 2 {
        at = vec![from, to];
    }
    let tick = |at: f64| Tick { at: at * shown.factor, label: number_format::short(at) };
    let minor = match last - first {
        0..=5 => multiples(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], 1),
        _ => Vec::new(),
    };
    let minor = minor.into_iter().map(|at| at * shown.factor).collect();
    (at.into_iter().map(tick).collect(), minor)
}
