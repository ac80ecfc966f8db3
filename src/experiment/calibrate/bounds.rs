//! Between which bounds a parameter is fitted: those that are asked for, or the widest that
//! the experiment's own checks allow.

use serde_yaml::Value;

use super::error::CalibrateError;
use super::quantity::Quantity;
use crate::spec::suggestion;

/// Bounds that were asked for: `PATH=LOW..HIGH`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// The path of a parameter.
    pub name: String,
    low: (Quantity, f64),
    high: (Quantity, f64),
}

impl Asked {
    pub(super) fn parse(text: &str) -> Result<Self, CalibrateError> {
        let refuse = |why: &str| CalibrateError::Refused(format!("--bounds {text}: {why}"));
        let shape = || refuse("expected PATH=LOW..HIGH, such as x.per_step=0s..1ms");
        let (name, range) = text.split_once('=').ok_or_else(shape)?;
        let (low, high) = range.split_once("..").ok_or_else(shape)?;
        let read = |text: &str| {
            let value: Value = serde_yaml::from_str(text.trim()).map_err(|_| shape())?;
            Quantity::read(&value).ok_or_else(|| refuse("expected numbers with their units"))
        };
        let (low, high) = (read(low)?, read(high)?);
        if low.1 >= high.1 {
            return Err(refuse("the lower bound is not below the upper one"));
        }
        Ok(Asked { name: name.trim().to_owned(), low, high })
    }

    /// The bounds of a parameter that is a `quantity`.
    pub(super) fn of(&self, quantity: Quantity) -> Result<(f64, f64), CalibrateError> {
        let figure = |(kind, figure): (Quantity, f64)| {
            // A bare 0 has no unit; whole numbers are numbers.
            let same = kind == quantity
                || figure == 0.0
                || (kind, quantity) == (Quantity::Whole, Quantity::Real);
            same.then_some(figure).ok_or_else(|| {
                CalibrateError::Refused(format!(
                    "--bounds {}: it is a {}, and a bound is a {}",
                    self.name,
                    quantity.name(),
                    kind.name()
                ))
            })
        };
        Ok((figure(self.low)?, figure(self.high)?))
    }
}

/// That every bound is of a parameter.
pub(super) fn check(asked: &[Asked], names: &[String]) -> Result<(), CalibrateError> {
    match asked.iter().find(|asked| !names.contains(&asked.name)) {
        None => Ok(()),
        Some(asked) => Err(CalibrateError::Refused(format!(
            "--bounds {}: it is not fitted; {}",
            asked.name,
            suggestion(&asked.name, names)
        ))),
    }
}

/// The widest bounds around `start` that `accepts` allows: 0, or a millionth of the start
/// where 0 is refused; up to a million times as much, or 1000 s for a span.
pub(super) fn widest(quantity: Quantity, start: f64, accepts: impl Fn(f64) -> bool) -> (f64, f64) {
    let size = if start == 0.0 { 1.0 } else { start.abs() };
    let low = match quantity {
        Quantity::Real if accepts(-1e3 * size) => -1e3 * size,
        Quantity::Whole => {
            if accepts(0.0) {
                0.0
            } else {
                1.0
            }
        }
        _ if accepts(0.0) => 0.0,
        _ => 1e-6 * size,
    };
    let mut tried: Vec<f64> = match quantity {
        Quantity::Span => (0..=12).map(|decade| libm::exp10(3.0 - f64::from(decade))).collect(),
        // A share ends at 1.
        Quantity::Real => vec![1.0],
        _ => vec![],
    };
    if quantity != Quantity::Span {
        tried.extend((0..=6).map(|decade| size * libm::exp10(f64::from(decade))));
    }
    tried.retain(|figure| *figure > start);
    tried.sort_by(|a, b| b.total_cmp(a));
    let high = tried.into_iter().find(|figure| accepts(*figure)).unwrap_or(start);
    (low.min(start), high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_that_the_checks_allow() {
        assert_eq!(widest(Quantity::Real, 0.9, |it| (0.0..=1.0).contains(&it)), (0.0, 1.0));
        assert_eq!(widest(Quantity::Span, 0.0, |it| it <= 18.0 * 60.0), (0.0, 1000.0));
        assert_eq!(widest(Quantity::Span, 0.0, |it| it < 5.0), (0.0, 1.0));
        assert_eq!(widest(Quantity::Bandwidth, 1e9, |it| it > 0.0), (1e3, 1e15));
        assert_eq!(widest(Quantity::Whole, 8.0, |it| it >= 1.0), (1.0, 8e6));
        assert_eq!(widest(Quantity::Real, 2.0, |_| true), (-2000.0, 2e6));
    }

    #[test]
    fn bounds_are_read_with_their_units() {
        let asked = Asked::parse("a.b=0..1ms").unwrap();
        assert_eq!(asked.of(Quantity::Span).unwrap(), (0.0, 1e-3));
        assert!(asked.of(Quantity::Bandwidth).is_err());
        for text in ["a.b", "a.b=1ms", "a.b=2ms..1ms", "a.b=x..y"] {
            assert!(Asked::parse(text).is_err(), "{text}");
        }
        assert!(check(&[asked], &["a.c".to_owned()]).is_err());
    }
}
