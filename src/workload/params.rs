//! What a client asks for beside the prompt.

use super::python::PyNumber;

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
pub(crate) type ProfileKey =
    (Option<u32>, Option<(bool, u64)>, Option<(bool, u64)>, Option<u64>, bool);

impl Profile {
    /// Equal for profiles of which no part prints differently.
    pub(crate) fn key(&self) -> ProfileKey {
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
