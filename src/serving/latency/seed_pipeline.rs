//! The seed's pipeline: time by characters of the stripped prompt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service_time::{Service, Work, scale};
use crate::kernel::Duration;
use crate::spec::Problems;

/// The seed's pipeline: `base` and `per_1000_chars` for each 1000 characters of
/// the prompt without the white space at its ends, at most `max`. The answer comes whole: its first token is its
/// last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeedPipelineSpec {
    /// What every answer takes. Default 100ms.
    pub base: Duration,
    /// What each 1000 characters of the prompt add. Default 1s.
    pub per_1000_chars: Duration,
    /// The longest that an answer takes. Default 2s.
    pub max: Duration,
}

impl Default for SeedPipelineSpec {
    fn default() -> Self {
        SeedPipelineSpec {
            base: Duration::from_millis(100),
            per_1000_chars: Duration::from_secs(1),
            max: Duration::from_secs(2),
        }
    }
}

impl SeedPipelineSpec {
    /// Warns of a maximum that leaves nothing of the rest.
    pub fn check(&self, problems: &mut Problems) {
        if self.max < self.base {
            problems.at("max", |p| {
                p.warn(format!("every answer takes {}, for `base` is {}", self.max, self.base));
            });
        }
    }

    #[inline]
    pub(super) fn service(&self, work: &Work) -> Service {
        let by_length = scale(self.per_1000_chars.as_nanos(), u64::from(work.chars), 1000);
        let total = (self.base + Duration(by_length)).min(self.max);
        Service { total, first_token: total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(chars: u32) -> f64 {
        let service = SeedPipelineSpec::default().service(&Work { chars, ..Work::default() });
        assert_eq!(service.first_token, service.total);
        service.total.as_nanos() as f64 / 1e6
    }

    #[test]
    fn an_answer_takes_a_tenth_of_a_second_and_a_millisecond_a_character() {
        for (chars, expected) in
            [(0, 100.0), (25, 125.0), (76, 176.0), (1900, 2000.0), (1901, 2000.0)]
        {
            assert!((millis(chars) - expected).abs() < 1e-9, "{chars}");
        }
        assert!((millis(u32::MAX) - 2000.0).abs() < 1e-9);
    }

    #[test]
    fn its_settings_are_those_of_the_file() {
        let spec: SeedPipelineSpec =
            serde_yaml::from_str("{ base: 1ms, per_1000_chars: 1us, max: 1ms }").unwrap();
        let nanos = |spec: &SeedPipelineSpec, chars| {
            spec.service(&Work { chars, ..Work::default() }).total.as_nanos()
        };
        assert_eq!(nanos(&spec, 500), 1_000_000);
        assert_eq!(nanos(&SeedPipelineSpec { max: Duration::MAX, ..spec }, 500), 1_000_500);
    }

    #[test]
    fn a_maximum_below_the_base_is_questioned() {
        let mut problems = Problems::default();
        SeedPipelineSpec { max: Duration::ZERO, ..SeedPipelineSpec::default() }
            .check(&mut problems);
        assert_eq!(problems.list()[0].message, "every answer takes 0s, for `base` is 0.1s");
    }
}
