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
    let multiples = |of: &[f64]| -> Vec<f64> {
        (first..=last).flat_map(|n| of.iter().map(move |m| m * pow10(n))).filter(inside).collect()
    };
    let fine = multiples(&[1.0, 2.0, 5.0]);
    let mut at = fine.clone();
    if at.len() as f64 > room || last - first > 3 {
        // Only the powers that there are take room.
        let powers = multiples(&[1.0]);
        let every = libm::ceil(powers.len() as f64 / room.max(2.0)).max(1.0) as usize;
        at = powers.into_iter().step_by(every).collect();
    }
    if at.len() < 2 {
        at = match fine.as_slice() {
            [low, .., high] => vec![*low, *high],
            _ => vec![from, to],
        };
    }
    let tick = |at: f64| Tick { at: at * shown.factor, label: number_format::short(at) };
    let minor = match last - first {
        0..=5 => multiples(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]),
        _ => Vec::new(),
    };
    let minor = minor.into_iter().map(|at| at * shown.factor).collect();
    (at.into_iter().map(tick).collect(), minor)
}

/// Round numbers on a scale that is linear up to `linear` on either side of zero: zero, and
/// powers of ten beyond, `room` of them at most where that can be.
pub(super) fn symmetric(
    shown: &Shown,
    (low, high): (f64, f64),
    linear: f64,
    room: f64,
) -> (Vec<Tick>, Vec<f64>) {
    let sides = f64::from(u8::from(low < 0.0) + u8::from(high > 0.0)).max(1.0);
    let side = |end: f64| {
        if end.abs() < linear * (1.0 - 1e-9) {
            return (Vec::new(), Vec::new());
        }
        let (mut ticks, minor) =
            logarithmic(shown, linear, end.abs(), (room / sides - 1.0).max(2.0));
        if !ticks.iter().any(|tick| tick.at <= linear * (1.0 + 1e-9)) && linear * 3.0 < end.abs() {
            let label = number_format::short(linear / shown.factor);
            ticks.insert(0, Tick { at: linear, label });
        }
        (ticks, minor)
    };
    let turned = |tick: Tick| Tick { at: -tick.at, label: format!("-{}", tick.label) };
    let (below, faint_below) = if low < 0.0 { side(low) } else { (Vec::new(), Vec::new()) };
    let (above, faint_above) = if high > 0.0 { side(high) } else { (Vec::new(), Vec::new()) };
    let zero = Tick { at: 0.0, label: "0".to_owned() };
    let ticks = below.into_iter().rev().map(turned).chain([zero]).chain(above).collect();
    let minor = faint_below.into_iter().map(|at| -at).chain(faint_above).collect();
    (ticks, minor)
}
