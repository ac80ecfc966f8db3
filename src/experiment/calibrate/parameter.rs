//! What is fitted: numbers of the experiment, from which value on, and between which bounds.

use serde_yaml::Value;

use super::error::CalibrateError;
use super::quantity::Quantity;
use crate::experiment::load::path;
use crate::spec::{Path, Segment};

/// A number of the experiment that is fitted.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its path with dots.
    pub name: String,
    /// Where it is.
    pub path: Path,
    /// What it is.
    pub quantity: Quantity,
    /// The experiment's own figure.
    pub start: f64,
    /// The least that it may be.
    pub low: f64,
    /// The most that it may be.
    pub high: f64,
    /// Figures below this are told apart by differences, above it by ratios.
    pub scale: f64,
}

impl Parameter {
    /// Its figure at a place on the fit's own scale, within its bounds.
    pub fn at(&self, place: f64) -> f64 {
        self.quantity.rounded(self.scale * libm::sinh(place)).clamp(self.low, self.high)
    }

    /// The place of a figure on the fit's own scale: its inverse hyperbolic sine, which is
    /// straight around 0 and a logarithm further out.
    pub fn place(&self, figure: f64) -> f64 {
        libm::asinh(figure / self.scale)
    }

    /// The bound that a figure is at.
    pub fn bound_at(&self, figure: f64) -> Option<&'static str> {
        let near = |bound: f64| {
            let apart = (figure - bound).abs();
            let size = if bound == 0.0 { 1e-4 * self.scale } else { bound.abs() };
            apart <= self.quantity.grain().max(1e-2 * size)
        };
        if near(self.low) {
            return Some("lowest");
        }
        near(self.high).then_some("highest")
    }
}

/// The numbers at a path of the `resolved` experiment, or below it.
///
/// # Errors
/// If it leads nowhere, or there is no number.
pub(super) fn find(
    name: &str,
    resolved: &Value,
) -> Result<Vec<(Path, Quantity, f64)>, CalibrateError> {
    let refuse = |why: String| CalibrateError::Refused(format!("--fit {name}: {why}"));
    let at = path::resolve(resolved, name).map_err(|error| {
        let help = error.help.as_ref().map_or(String::new(), |help| format!("; {help}"));
        refuse(format!("{error}{help}"))
    })?;
    let value = path::get(resolved, &at).unwrap_or(&Value::Null);
    let mut found = Vec::new();
    collect(value, &at, &mut found);
    if !found.is_empty() {
        return Ok(found);
    }
    let why = match value {
        Value::Null => {
            "the experiment says nothing there: write a value from which to begin, such as `1ms` \
             or `0.5`"
        }
        Value::Mapping(_) | Value::Sequence(_) => {
            "there is no number, duration, rate or bandwidth in it"
        }
        _ => "it is no number, duration, rate or bandwidth",
    };
    Err(refuse(why.to_owned()))
}

fn collect(value: &Value, at: &Path, found: &mut Vec<(Path, Quantity, f64)>) {
    match value {
        Value::Mapping(map) => {
            for (key, inner) in map {
                if let Some(key) = key.as_str() {
                    collect(inner, &at.join(Segment::Key(key.to_owned())), found);
                }
            }
        }
        Value::Sequence(items) => {
            for (index, inner) in items.iter().enumerate() {
                collect(inner, &at.join(index), found);
            }
        }
        leaf => found.extend(Quantity::read(leaf).map(|(kind, figure)| (at.clone(), kind, figure))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_all_its_numbers() {
        let tree: Value = serde_yaml::from_str(
            "models: { gpt-3.5: { overheads: { per_step: 300us, per_request: 0s }, name: x } }",
        )
        .unwrap();
        let found = find("models.gpt-3.5.overheads", &tree).unwrap();
        let names: Vec<String> = found.iter().map(|(path, ..)| path.to_string()).collect();
        assert_eq!(
            names,
            ["models.gpt-3.5.overheads.per_step", "models.gpt-3.5.overheads.per_request"]
        );
        for (name, said) in [
            ("models.gpt-3.5.overhead", "says nothing there"),
            ("models.gpt-3.5.name", "it is no number"),
            ("model.x.y", "did you mean `models`?"),
        ] {
            let why = find(name, &tree).unwrap_err().to_string();
            assert!(why.contains(said), "{name}: {why}");
        }
    }

    #[test]
    fn places_are_straight_near_zero_and_logarithms_far_out() {
        let parameter = Parameter {
            name: String::new(),
            path: Path::default(),
            quantity: Quantity::Span,
            start: 0.0,
            low: 0.0,
            high: 1.0,
            scale: 1e-3,
        };
        for figure in [0.0, 1e-6, 1e-3, 0.5] {
            assert!((parameter.at(parameter.place(figure)) - figure).abs() < 2e-9, "{figure}");
        }
        let step = parameter.place(0.5) - parameter.place(0.25);
        assert!((step - libm::log(2.0)).abs() < 1e-4);
        assert_eq!((parameter.at(-3.0), parameter.at(9.0)), (0.0, 1.0));
        assert_eq!(parameter.bound_at(0.0), Some("lowest"));
        assert_eq!((parameter.bound_at(1.0), parameter.bound_at(0.5)), (Some("highest"), None));
    }
}
