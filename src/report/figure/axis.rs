//! Axes: ranges that people would choose.

use crate::experiment::charts::ScaleSpec;
use crate::report::figure::symlog::{linear_part, symexp, symlog};
use crate::report::figure::text::{Weight, shorten, width};
use crate::report::figure::theme::TICK;
use crate::report::figure::ticks::{self, Tick, outwards, step};
use crate::report::number_format;
use crate::report::unit::{Shown, Unit};

/// How values are spaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    Linear,
    Log,
    /// By logarithms, but linear around zero: within this distance of it. For values of which
    /// some are zero or less.
    SymLog {
        linear: f64,
    },
    /// Names side by side, at 0, 1, 2 ...
    Category,
}

/// One axis of a panel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    /// What it measures, with the unit; empty for none.
    pub label: String,
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
    pub ticks: Vec<Tick>,
    /// Fainter grid lines without labels.
    pub minor: Vec<f64>,
    /// Of a vertical axis: its length in px, if it is not that of all panels.
    pub length: Option<f64>,
}

/// Nothing beyond this is drawn: differences must not overflow.
const LARGEST: f64 = 1e290;

/// Whether a value can be drawn at all.
pub(crate) fn drawable(value: f64) -> bool {
    value.abs() <= LARGEST
}

impl Axis {
    /// The coordinate of a value: the value itself, its decimal logarithm, or what is as good
    /// as that away from zero.
    pub(crate) fn coordinate(&self, value: f64) -> f64 {
        match self.scale {
            // What is not positive lies below the axis' end.
            Scale::Log if value > 0.0 => libm::log10(value),
            Scale::Log => libm::log10(self.low),
            Scale::SymLog { linear } => symlog(value, linear),
            _ => value,
        }
    }

    /// The value at a coordinate.
    pub(crate) fn value(&self, coordinate: f64) -> f64 {
        match self.scale {
            Scale::Log => libm::pow(10.0, coordinate),
            Scale::SymLog { linear } => symexp(coordinate, linear),
            _ => coordinate,
        }
    }

    /// Names side by side.
    pub(crate) fn categories(label: &str, names: &[String]) -> Axis {
        let tick = |(i, name): (usize, &String)| Tick { at: i as f64, label: name.clone() };
        Axis {
            label: number_format::sentence(label),
            scale: Scale::Category,
            low: -0.5,
            high: names.len().max(1) as f64 - 0.5,
            ticks: names.iter().enumerate().map(tick).collect(),
            minor: Vec::new(),
            length: None,
        }
    }

    /// Names one above another, the first at the bottom; long ones are shortened.
    pub(crate) fn rows(label: &str, names: &[String]) -> Axis {
        const LONGEST: f64 = 150.0;
        let mut axis = Axis::categories(label, names);
        for tick in &mut axis.ticks {
            tick.label = shorten(&tick.label, TICK, Weight::Regular, LONGEST);
        }
        axis
    }

    /// Names one above another, the first at 1: a row at 0 would lie on the axis' base line.
    pub(crate) fn rows_from_one(names: &[String]) -> Axis {
        let mut axis = Axis::categories("", names);
        axis.low += 1.0;
        axis.high += 1.0;
        axis.ticks.iter_mut().for_each(|tick| tick.at += 1.0);
        axis
    }

    /// A vertical axis for these values: from 0 unless that would hide what
    /// differs, to the first tick above the largest.
    pub(crate) fn vertical(
        label: &str,
        unit: Unit,
        values: &[f64],
        scale: ScaleSpec,
        length: f64,
    ) -> Axis {
        let (low, high) = extent(values);
        let shown = unit.shown(low.abs().max(high.abs()));
        if let Some(linear) = linear_part(scale, values) {
            return symmetric(label, &shown, (low, high), linear, length / 34.0);
        }
        let label = with_unit(label, &shown);
        if wants_log(scale, values, 1000.0) {
            return logarithmic(label, &shown, outwards(low, -1), outwards(high, 1), length / 34.0);
        }
        let spread = high - low;
        let flat = spread <= 0.02 * high.abs().max(low.abs());
        let mut from = if low >= 0.0 && (low <= 0.75 * high || flat) { 0.0 } else { low };
        let mut to = if high <= 0.0 && (high >= 0.75 * low || flat) { 0.0 } else { high };
        if from >= to {
            to = if unit == Unit::Fraction { 1.0 } else { from + shown.factor };
        }
        let mut step = step(to - from, (length / 50.0).clamp(2.0, 6.0), &shown);
        if matches!(unit, Unit::Plain | Unit::Entries | Unit::Tokens)
            && values.iter().all(|value| value.fract() == 0.0)
        {
            // Whole things are counted in whole steps.
            step = step.max(1.0);
        }
        from = libm::floor(from / step + 1e-9) * step;
        to = libm::ceil(to / step - 1e-9) * step;
        linear(label, &shown, from, to, step)
    }

    /// A horizontal axis for values that were chosen, such as a sweep's: ticks
    /// at the values themselves, with their names, if these find room.
    pub(crate) fn horizontal(
        label: &str,
        unit: Unit,
        chosen: &[(f64, &str)],
        scale: ScaleSpec,
        length: f64,
    ) -> Axis {
        let values: Vec<f64> = chosen.iter().map(|(value, _)| *value).collect();
        let (low, high) = extent(&values);
        let shown = unit.shown(low.abs().max(high.abs()));
        let mut axis = if let Some(linear) = linear_part(scale, &values) {
            symmetric(label, &shown, (low, high), linear, length / 60.0)
        } else if wants_log(scale, &values, 30.0) {
            // The ratio of the ends may be too large a number.
            let decades = libm::log10(high) - libm::log10(low);
            let margin = libm::pow(10.0, 0.03 * decades).max(1.05);
            let label = with_unit(label, &shown);
            logarithmic(label, &shown, low / margin, high * margin, length / 60.0)
        } else {
            let spread = if high > low { high - low } else { high.abs().max(shown.factor) };
            let margin = spread * if high > low { 0.03 } else { 0.5 };
            let (from, to) = (low - margin, high + margin);
            let ticks = |most: f64| {
                linear(with_unit(label, &shown), &shown, from, to, step(to - from, most, &shown))
            };
            let most = (length / 70.0).clamp(2.0, 8.0);
            // One tick alone gives no scale.
            Some(ticks(most))
                .filter(|axis| axis.ticks.len() > 1)
                .unwrap_or_else(|| ticks(2.0 * most))
        };
        // Names such as `10m` and `64MiB` bring their unit along.
        let named = matches!(unit, Unit::Seconds | Unit::Bytes);
        let tick = |(at, name): &(f64, &str)| Tick {
            at: *at,
            label: if named {
                (*name).to_owned()
            } else {
                number_format::short(*at / shown.factor)
            },
        };
        if have_room(&axis, chosen.iter().map(tick), length) {
            axis.ticks = chosen.iter().map(tick).collect();
            if named && !matches!(axis.scale, Scale::SymLog { .. }) {
                axis.label = number_format::sentence(label);
            }
        }
        axis
    }

    /// A horizontal axis for measured values, from 0 to just past the largest.
    pub(crate) fn measured(
        label: &str,
        unit: Unit,
        values: &[f64],
        scale: ScaleSpec,
        length: f64,
    ) -> Axis {
        let (low, high) = extent(values);
        let shown = unit.shown(high);
        if let Some(linear) = linear_part(scale, values) {
            return symmetric(label, &shown, (low, high), linear, length / 60.0);
        }
        let label = with_unit(label, &shown);
        if wants_log(scale, values, 100.0) {
            return logarithmic(label, &shown, outwards(low, -1), outwards(high, 1), length / 60.0);
        }
        let from = low.min(0.0);
        let to = if high > from { high } else { from + shown.factor.max(from.abs()) };
        let step = step(to - from, (length / 75.0).clamp(2.0, 9.0), &shown);
        linear(label, &shown, from, to, step)
    }

    /// Virtual time since the start, in seconds.
    pub(crate) fn clock(values: &[f64], length: f64) -> Axis {
        let (low, high) = extent(values);
        let from = low.min(0.0);
        let to = if high > from { high } else { from + from.abs().max(1.0) };
        let shown = Unit::clock(to);
        let step = step(to - from, (length / 70.0).clamp(2.0, 9.0), &shown);
        linear(with_unit("virtual time", &shown), &shown, from, to, step)
    }

    /// Virtual time between two instants, in seconds since the start.
    pub(crate) fn clock_between(from: f64, until: f64, length: f64) -> Axis {
        let (from, until) = if until > from && drawable(from) && drawable(until) {
            (from, until)
        } else {
            (0.0, 1.0)
        };
        let shown = Unit::clock(until);
        let step = step(until - from, (length / 70.0).clamp(2.0, 9.0), &shown);
        linear(with_unit("virtual time", &shown), &shown, from, until, step)
    }

    /// From 0 to 100 per cent.
    pub(crate) fn share(label: &str) -> Axis {
        let shown = Unit::Fraction.shown(1.0);
        linear(with_unit(label, &shown), &shown, 0.0, 1.0, 0.2)
    }
}

fn linear(label: String, shown: &Shown, low: f64, high: f64, step: f64) -> Axis {
    let ticks = ticks::linear(shown, low, high, step);
    Axis { label, scale: Scale::Linear, low, high, ticks, minor: Vec::new(), length: None }
}

fn logarithmic(label: String, shown: &Shown, low: f64, high: f64, room: f64) -> Axis {
    let (ticks, minor) = ticks::logarithmic(shown, low, high, room);
    Axis { label, scale: Scale::Log, low, high, ticks, minor, length: None }
}

/// A logarithmic axis on which zero has a place; its label says how far it is linear.
fn symmetric(label: &str, shown: &Shown, (low, high): (f64, f64), linear: f64, room: f64) -> Axis {
    let end = |value: f64| match value {
        _ if value.abs() <= linear => libm::copysign(linear, value),
        _ => libm::copysign(outwards(value.abs(), 1), value),
    };
    let (low, high) =
        (if low < 0.0 { end(low) } else { 0.0 }, if high > 0.0 { end(high) } else { 0.0 });
    let unit = if shown.sign.is_empty() { String::new() } else { format!(" {}", shown.sign) };
    let until = number_format::short(linear / shown.factor);
    let label = format!("{}, linear below {until}{unit}", with_unit(label, shown));
    let (ticks, minor) = ticks::symmetric(shown, (low, high), linear, room);
    Axis { label, scale: Scale::SymLog { linear }, low, high, ticks, minor, length: None }
}

/// Whether ticks (in rising order) are few, short and apart.
fn have_room(axis: &Axis, ticks: impl Iterator<Item = Tick>, length: f64) -> bool {
    let span = axis.coordinate(axis.high) - axis.coordinate(axis.low);
    let (mut count, mut free) = (0, f64::NEG_INFINITY);
    for tick in ticks {
        let place = axis.coordinate(tick.at) / span * length;
        let half = width(&tick.label, TICK, Weight::Regular) / 2.0;
        if !drawable(tick.at) || tick.label.len() > 7 || place - half < free || count == 12 {
            return false;
        }
        count += 1;
        free = place + half + 8.0;
    }
    count > 0
}

fn with_unit(label: &str, shown: &Shown) -> String {
    match shown.sign {
        "" => number_format::sentence(label),
        // Names of rates may bring their unit along.
        sign if sign.contains('/') && label.contains(sign) => number_format::sentence(label),
        sign => format!("{} ({sign})", number_format::sentence(label)),
    }
}

/// Smallest and largest of what can be drawn; 0 and 0 if there is nothing.
fn extent(values: &[f64]) -> (f64, f64) {
    let mut drawable = values.iter().copied().filter(|v| drawable(*v));
    let first = drawable.next().unwrap_or(0.0);
    drawable.fold((first, first), |(low, high), v| (low.min(v), high.max(v)))
}

fn wants_log(scale: ScaleSpec, values: &[f64], ratio: f64) -> bool {
    let (low, high) = extent(values);
    // The smallest normal numbers leave no room for a margin below.
    let possible = low >= 1e-290;
    match scale {
        ScaleSpec::Linear => false,
        ScaleSpec::Log => possible,
        ScaleSpec::Auto => possible && high / low >= ratio,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    fn vertical(unit: Unit, values: &[f64]) -> Axis {
        Axis::vertical("m", unit, values, ScaleSpec::Auto, 300.0)
    }

    #[test]
    fn a_sweep_has_ticks_at_its_values() {
        let chosen = [(10.0, ""), (100.0, ""), (1000.0, ""), (10_000.0, "")];
        let axis = Axis::horizontal("L1 capacity", Unit::Entries, &chosen, ScaleSpec::Auto, 600.0);
        assert_eq!(axis.scale, Scale::Log);
        assert_eq!(labels(&axis), ["10", "100", "1k", "10k"]);
        assert_eq!(axis.label, "L1 capacity (entries)");
    }

    #[test]
    fn quantities_keep_the_unit_they_were_written_in() {
        let chosen = [(600.0, "10m"), (3600.0, "1h"), (86_400.0, "1d")];
        let axis = Axis::horizontal("TTL", Unit::Seconds, &chosen, ScaleSpec::Auto, 600.0);
        assert_eq!((axis.label.as_str(), labels(&axis)), ("TTL", vec!["10m", "1h", "1d"]));
        // Without room for them, round numbers of one unit.
        let many: Vec<_> = (1..60).map(|i| (f64::from(i) * 1024.0, "some KiB")).collect();
        let axis = Axis::horizontal("size", Unit::Bytes, &many, ScaleSpec::Linear, 600.0);
        assert_eq!((axis.label.as_str(), labels(&axis)[0]), ("Size (KiB)", "0"));
        assert_eq!(labels(&axis)[1], "10");
    }

    #[test]
    fn close_values_have_round_ticks_instead() {
        let chosen: Vec<_> = (0..40).map(|i| (100.0 + f64::from(i), "")).collect();
        let axis = Axis::horizontal("x", Unit::Plain, &chosen, ScaleSpec::Auto, 600.0);
        assert_eq!(labels(&axis), ["100", "110", "120", "130", "140"]);
    }

    #[test]
    fn the_vertical_axis_starts_at_zero_where_that_hides_nothing() {
        let range = |values: &[f64]| {
            let axis = vertical(Unit::Plain, values);
            (axis.low.round() as i32, axis.high.round() as i32)
        };
        assert_eq!(range(&[40.0, 90.0]), (0, 100));
        assert_eq!(range(&[80.0, 90.0]), (80, 90));
        // A difference of half a per cent should look like one.
        assert_eq!(range(&[90.0, 90.4]), (0, 100));
        assert_eq!(range(&[-15.0, -12.0]), (-15, -12));
        assert_eq!(range(&[-50.0, -10.0]), (-50, 0));
    }

    #[test]
    fn units_follow_the_size_of_the_values() {
        assert_eq!(vertical(Unit::Seconds, &[0.1, 0.4]).label, "M (ms)");
        assert_eq!(
            labels(&vertical(Unit::Seconds, &[0.1, 0.4])),
            ["0", "100", "200", "300", "400"]
        );
        assert_eq!(
            labels(&vertical(Unit::Fraction, &[0.1, 0.93])),
            ["0", "20", "40", "60", "80", "100"]
        );
        assert_eq!(
            labels(&vertical(Unit::Usd, &[0.0, 0.0004])),
            ["0", "0.0001", "0.0002", "0.0003", "0.0004"]
        );
        assert_eq!(vertical(Unit::Usd, &[2e-6]).label, "M (millionths of a US$)");
    }

    #[test]
    fn time_is_divided_as_on_a_clock() {
        let ticks = |end: f64| {
            let axis = Axis::clock(&[0.0, end], 600.0);
            (axis.label.clone(), axis.ticks.len(), axis.ticks[1].label.clone())
        };
        assert_eq!(ticks(120.0), ("Virtual time (s)".into(), 9, "15".into()));
        assert_eq!(ticks(3600.0), ("Virtual time (min)".into(), 7, "10".into()));
        assert_eq!(ticks(86_400.0), ("Virtual time (h)".into(), 9, "3".into()));
        assert_eq!(ticks(864_000.0), ("Virtual time (days)".into(), 6, "2".into()));
    }

    #[test]
    fn orders_of_magnitude_make_a_logarithmic_axis() {
        let axis = vertical(Unit::Seconds, &[0.02, 900.0]);
        assert_eq!(axis.scale, Scale::Log);
        assert_eq!(labels(&axis), ["0.01", "0.1", "1", "10", "100", "1k"]);
        let narrow = Axis::vertical("m", Unit::Plain, &[3.0, 4.0], ScaleSpec::Log, 300.0);
        assert_eq!(labels(&narrow), ["2", "5"]);
    }

    #[test]
    fn a_logarithmic_axis_with_zeros_says_how_far_it_is_linear() {
        let values = [0.0, 0.02, 3.0, 900.0];
        let axis = Axis::vertical("m", Unit::Seconds, &values, ScaleSpec::Log, 300.0);
        assert!(matches!(axis.scale, Scale::SymLog { .. }), "{:?}", axis.scale);
        assert!(axis.label.contains("linear below 0.02 s"), "{}", axis.label);
        assert_eq!(labels(&axis)[..3], ["0", "0.02", "0.1"]);
        let place = |value| axis.coordinate(value) / axis.coordinate(axis.high);
        assert!(place(0.0) == 0.0 && place(0.02) > 0.05, "small values can be told from zero");
        assert!(place(900.0) > 0.9 && place(3.0) < 0.7, "large ones by their ratios");
        for value in values {
            assert!((axis.value(axis.coordinate(value)) - value).abs() <= 1e-9 * value);
        }
        // Nobody asked for a logarithm, or all is zero: linear, and no word of it.
        for (values, scale) in [(values, ScaleSpec::Auto), ([0.0; 4], ScaleSpec::Log)] {
            let axis = Axis::vertical("m", Unit::Seconds, &values, scale, 300.0);
            assert_eq!(axis.scale, Scale::Linear);
        }
        let both = Axis::vertical("m", Unit::Plain, &[-50.0, 0.0, 2000.0], ScaleSpec::Log, 300.0);
        assert!(both.low <= -50.0 && both.high >= 2000.0, "{both:?}");
    }

    #[test]
    fn nothing_and_extremes_still_make_an_axis() {
        let cases: [&[f64]; 9] = [
            &[],
            &[f64::NAN, f64::INFINITY],
            &[0.0],
            &[-1.0],
            &[5e-324, 1e-300],
            &[1e300, -1e300],
            &[1e289, -1e289],
            &[1e-12, 1e12],
            &[-3e120],
        ];
        for values in cases {
            let chosen: Vec<(f64, &str)> = values.iter().map(|v| (*v, "")).collect();
            for scale in [ScaleSpec::Auto, ScaleSpec::Linear, ScaleSpec::Log] {
                for unit in [Unit::Plain, Unit::Seconds, Unit::Fraction, Unit::Usd, Unit::Bytes] {
                    for axis in [
                        Axis::vertical("m", unit, values, scale, 300.0),
                        Axis::horizontal("m", unit, &chosen, scale, 600.0),
                        Axis::measured("m", unit, values, scale, 600.0),
                        Axis::clock(values, 600.0),
                        Axis::measured("m", unit, &[values, &[-3e120]].concat(), scale, 600.0),
                    ] {
                        assert!(axis.low < axis.high, "{values:?} {scale:?} {axis:?}");
                        assert!(axis.ticks.len() <= 101 && !axis.ticks.is_empty(), "{axis:?}");
                    }
                }
            }
        }
    }
}
