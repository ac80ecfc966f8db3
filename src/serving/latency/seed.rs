//! The seed's optimizer: time by tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service_time::{Service, Work, scale};
use crate::kernel::Duration;
use crate::spec::Positive;

/// The seed's optimizer: (input + output tokens) / 1000 / speed seconds, at most
/// `max`. Input that a prefix cache has does not count. The first token comes after the input's share and one token's; where
/// `max` cuts the whole short, that is shortened in proportion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeedSpec {
    /// How many thousand tokens it takes in, or puts out, a second. Default 1.
    pub speed: Positive,
    /// The longest that an answer takes. Default 1s.
    pub max: Duration,
}

impl Default for SeedSpec {
    fn default() -> Self {
        let speed = Positive::try_from(1.0).expect("1 is greater than 0");
        SeedSpec { speed, max: Duration::from_secs(1) }
    }
}

/// Nanoseconds for a tenth of a token at speed 1.
const NANOS_PER_DECITOKEN: u64 = 100_000;
/// Speeds are kept in billionths, which is exact for those people write.
const SPEED_UNITS: u64 = 1_000_000_000;

#[derive(Clone, Debug)]
pub(super) struct Seed {
    /// Billionths of the speed; at least 1.
    speed: u64,
    max: u64,
}

impl Seed {
    pub fn new(spec: &SeedSpec) -> Self {
        // The cast saturates.
        let speed = (spec.speed.get() * SPEED_UNITS as f64 + 0.5) as u64;
        Seed { speed: speed.max(1), max: spec.max.as_nanos() }
    }

    #[inline]
    pub fn service(&self, work: &Work) -> Service {
        let output = 10 * u64::from(work.output_tokens);
        let input = work.computed_decitokens();
        let all = input.saturating_add(output);
        let until_first = input.saturating_add(output.min(10));
        let total = self.nanos(all);
        let (total, first_token) = if total > self.max {
            (self.max, scale(self.max, until_first, all))
        } else {
            (total, self.nanos(until_first))
        };
        Service { total: Duration(total), first_token: Duration(first_token) }
    }

    /// How long a token of the prompt takes.
    pub fn per_input_token(&self) -> Duration {
        Duration(self.nanos(10))
    }

    #[inline]
    fn nanos(&self, decitokens: u64) -> u64 {
        scale(decitokens, NANOS_PER_DECITOKEN * SPEED_UNITS, self.speed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Total and first token in nanoseconds.
    fn service(speed: f64, max_ms: u64, input_decitokens: u64, output_tokens: u32) -> (u64, u64) {
        let speed = Positive::try_from(speed).unwrap();
        let spec = SeedSpec { speed, max: Duration::from_millis(max_ms) };
        let service =
            Seed::new(&spec).service(&Work { input_decitokens, output_tokens, ..Work::default() });
        (service.total.as_nanos(), service.first_token.as_nanos())
    }

    #[test]
    fn a_token_takes_a_millisecond_over_the_speed() {
        // 10 words are 13 tokens; 400 come back.
        assert_eq!(service(1.0, 1000, 130, 400), (413_000_000, 14_000_000));
        assert_eq!(service(2.0, 1000, 130, 400), (206_500_000, 7_000_000));
        assert_eq!(service(0.5, 1000, 39, 100), (207_800_000, 9_800_000));
        assert_eq!(service(3.0, 1000, 1, 0), (33_333, 33_333));
        assert_eq!(service(0.3, 1000, 3, 0), (1_000_000, 1_000_000));
    }

    #[test]
    fn no_answer_takes_longer_than_the_maximum() {
        assert_eq!(service(1.0, 1000, 0, 1000), (1_000_000_000, 1_000_000));
        // 2000 tokens in half their time: so the first 1001 too.
        assert_eq!(service(1.0, 1000, 10_000, 1000), (1_000_000_000, 500_500_000));
        assert_eq!(service(1.0, 3000, 10_000, 1000), (2_000_000_000, 1_001_000_000));
        assert_eq!(service(1.0, 0, 10, 10), (0, 0));
    }

    #[test]
    fn an_empty_answer_takes_the_time_of_its_input() {
        assert_eq!(service(1.0, 1000, 130, 0), (13_000_000, 13_000_000));
        assert_eq!(service(1.0, 1000, 0, 0), (0, 0));
    }

    #[test]
    fn extreme_speeds_and_lengths_neither_fail_nor_wrap() {
        assert_eq!(service(f64::MIN_POSITIVE, 1000, 1, 0), (1_000_000_000, 1_000_000_000));
        assert_eq!(service(f64::MAX, 1000, 10_000, 1000), (0, 0));
        assert_eq!(service(1.0, 1000, u64::MAX, u32::MAX), (1_000_000_000, 1_000_000_000));
    }
}
