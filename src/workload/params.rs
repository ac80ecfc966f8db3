//! What a client asks for beside the prompt.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

/// A number that remembers whether it was written with a point: Python prints
/// 1 and 1.0 differently, and cache keys are made of what it prints.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PyNumber {
    /// An integer, `1`.
    Int(i64),
    /// A real number, `1.0`.
    Float(f64),
}

impl PyNumber {
    /// The value.
    pub const fn get(self) -> f64 {
        match self {
            PyNumber::Int(value) => value as f64,
            PyNumber::Float(value) => value,
        }
    }

    /// Distinguishes all that print differently: 1 and 1.0, 0.0 and -0.0.
    pub(super) const fn identity(self) -> (bool, u64) {
        match self {
            PyNumber::Int(value) => (true, value as u64),
            PyNumber::Float(value) => (false, value.to_bits()),
        }
    }
}

impl<'de> Deserialize<'de> for PyNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = PyNumber;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a finite number")
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<PyNumber, E> {
                Ok(PyNumber::Int(value))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<PyNumber, E> {
                i64::try_from(value)
                    .map(PyNumber::Int)
                    .map_err(|_| E::custom(format!("{value} is too large: expected under 2^63")))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<PyNumber, E> {
                if value.is_finite() {
                    Ok(PyNumber::Float(value))
                } else {
                    Err(E::custom(format!("{value}: expected a finite number")))
                }
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// What a client asks for beside the prompt; `None` where it leaves the choice
/// to the pipeline's defaults. Requests that ask alike share one profile.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Profile {
    /// The longest answer wanted, in tokens.
    pub max_tokens: Option<u32>,
    /// Sampling temperature.
    pub temperature: Option<PyNumber>,
    /// Nucleus sampling's probability mass.
    pub top_p: Option<PyNumber>,
    /// The least quality wanted of a model, from 0 to 1.
    pub quality_threshold: Option<f64>,
    /// The client sent no prompt at all.
    pub missing_prompt: bool,
}

/// A [`Profile`] in a form that can be compared and hashed exactly.
pub(super) type ProfileKey =
    (Option<u32>, Option<(bool, u64)>, Option<(bool, u64)>, Option<u64>, bool);

impl Profile {
    /// Equal for profiles of which no part prints differently.
    pub(super) fn key(&self) -> ProfileKey {
        (
            self.max_tokens,
            self.temperature.map(PyNumber::identity),
            self.top_p.map(PyNumber::identity),
            self.quality_threshold.map(f64::to_bits),
            self.missing_prompt,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_whether_it_had_a_point() {
        let read = |text: &str| serde_yaml::from_str::<PyNumber>(text);
        assert_eq!(read("1").unwrap(), PyNumber::Int(1));
        assert_eq!(read("1.0").unwrap(), PyNumber::Float(1.0));
        assert_eq!(read("-2").unwrap(), PyNumber::Int(-2));
        assert_eq!(read("1e-5").unwrap(), PyNumber::Float(1e-5));
        assert!(read(".nan").unwrap_err().to_string().contains("finite number"));
        assert!(read("warm").unwrap_err().to_string().contains("expected a finite number"));
        assert_eq!(serde_yaml::to_string(&PyNumber::Float(1.0)).unwrap().trim(), "1.0");
        assert_eq!(serde_yaml::to_string(&PyNumber::Int(1)).unwrap().trim(), "1");
    }
}
