//! How long a look into a level takes: always the same time, or a distribution.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kernel::{Duration, Stream};
use crate::spec::{NonNegative, Positive, Problems, parse_duration};
use crate::workload::lengths::{Lognormal, LognormalSpec};

/// A time, or a distribution of times: `10ms`, `{ exponential: { mean: 10ms } }`.
#[derive(Clone, Debug, PartialEq)]
pub enum LatencySpec {
    /// Always the same.
    Constant(Duration),
    /// Any time in a range is as likely as any other.
    Uniform(UniformSpec),
    /// Many short times, few long ones; memoryless.
    Exponential(ExponentialSpec),
    /// A long tail, as those of networks and disks are.
    Lognormal(LognormalTimeSpec),
}

impl Default for LatencySpec {
    fn default() -> Self {
        LatencySpec::Constant(Duration::ZERO)
    }
}

/// Times between two bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformSpec {
    /// The shortest. Default: 0ms.
    #[serde(default)]
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

/// Exponential times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExponentialSpec {
    /// The mean.
    pub mean: Duration,
}

/// Lognormal times: the mean, and one of a quantile or `sigma`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LognormalTimeSpec {
    /// The mean.
    pub mean: Duration,
    /// Median. Give exactly one of `p50`, `p90`, `p95`, `p99`, `sigma`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<Duration>,
    /// The time that 90 % do not exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<Duration>,
    /// The time that 95 % do not exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<Duration>,
    /// The time that 99 % do not exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<Duration>,
    /// Standard deviation of the logarithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma: Option<NonNegative>,
}

impl LognormalTimeSpec {
    /// The same in milliseconds; `None` where a time is 0.
    fn in_millis(&self) -> Option<LognormalSpec> {
        let millis = |time: Duration| Positive::try_from(time.as_secs_f64() * 1e3).ok();
        let each = |time: Option<Duration>| time.map_or(Some(None), |time| millis(time).map(Some));
        Some(LognormalSpec {
            mean: millis(self.mean)?,
            p50: each(self.p50)?,
            p90: each(self.p90)?,
            p95: each(self.p95)?,
            p99: each(self.p99)?,
            sigma: self.sigma,
        })
    }
}

impl LatencySpec {
    /// Reports what is no distribution.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            LatencySpec::Constant(_) | LatencySpec::Exponential(_) => {}
            LatencySpec::Uniform(spec) => problems.at("uniform", |p| {
                if spec.min > spec.max {
                    p.error_help(
                        format!("nothing lies between {} and {}", spec.min, spec.max),
                        "expected min <= max",
                    );
                }
            }),
            LatencySpec::Lognormal(spec) => problems.at("lognormal", |p| match spec.in_millis() {
                // Its messages give times in milliseconds.
                Some(lognormal) => lognormal.check(p),
                None => p.error_help(
                    "a lognormal time is never 0",
                    "expected a mean and a quantile above 0; `0ms` alone for no time at all",
                ),
            }),
        }
    }

    /// The distribution. The spec must have passed its check.
    pub(super) fn distribution(&self) -> Latency {
        match self {
            LatencySpec::Constant(time) => Latency::Constant(*time),
            LatencySpec::Uniform(spec) => {
                let (min, max) = (spec.min.as_secs_f64(), spec.max.as_secs_f64());
                Latency::Uniform { min, width: max - min }
            }
            LatencySpec::Exponential(spec) => Latency::Exponential(spec.mean.as_secs_f64()),
            LatencySpec::Lognormal(spec) => {
                let lognormal = spec.in_millis().and_then(|millis| millis.distribution());
                Latency::Lognormal(lognormal.expect("a checked spec has a distribution"))
            }
        }
    }
}

/// A distribution of times, drawn by inversion.
#[derive(Clone, Copy, Debug)]
pub(super) enum Latency {
    Constant(Duration),
    /// In seconds.
    Uniform {
        min: f64,
        width: f64,
    },
    /// The mean in seconds.
    Exponential(f64),
    /// In milliseconds.
    Lognormal(Lognormal),
}

impl Latency {
    /// The next time; one word of the stream, none for a constant.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> Duration {
        Duration::from_secs_f64(match self {
            Latency::Constant(time) => return *time,
            Latency::Uniform { min, width } => min + width * stream.uniform(),
            Latency::Exponential(mean) => -mean * libm::log(stream.uniform()),
            Latency::Lognormal(lognormal) => lognormal.quantile(stream.uniform()) / 1e3,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Constant,
    Uniform,
    Exponential,
    Lognormal,
}

impl<'de> Deserialize<'de> for LatencySpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LatencyVisitor;

        impl<'de> Visitor<'de> for LatencyVisitor {
            type Value = LatencySpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 10ms, or one of constant, uniform, exponential and lognormal")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<LatencySpec, E> {
                let time = parse_duration(text.trim());
                time.map(LatencySpec::Constant).map_err(|why| {
                    E::custom(format!("{why}: expected a duration such as 10ms, or a distribution"))
                })
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<LatencySpec, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<LatencySpec, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<LatencySpec, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LatencySpec, A::Error> {
                let Some(kind) = map.next_key()? else {
                    return Err(de::Error::missing_field("distribution"));
                };
                let spec = match kind {
                    Kind::Constant => LatencySpec::Constant(map.next_value()?),
                    Kind::Uniform => LatencySpec::Uniform(map.next_value()?),
                    Kind::Exponential => LatencySpec::Exponential(map.next_value()?),
                    Kind::Lognormal => LatencySpec::Lognormal(map.next_value()?),
                };
                match map.next_key::<String>()? {
                    None => Ok(spec),
                    Some(_) => Err(de::Error::custom("expected a single distribution")),
                }
            }
        }
        deserializer.deserialize_any(LatencyVisitor)
    }
}

impl Serialize for LatencySpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let LatencySpec::Constant(time) = self {
            return time.serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            LatencySpec::Constant(time) => map.serialize_entry("constant", time)?,
            LatencySpec::Uniform(spec) => map.serialize_entry("uniform", spec)?,
            LatencySpec::Exponential(spec) => map.serialize_entry("exponential", spec)?,
            LatencySpec::Lognormal(spec) => map.serialize_entry("lognormal", spec)?,
        }
        map.end()
    }
}

impl JsonSchema for LatencySpec {
    fn schema_name() -> Cow<'static, str> {
        "Latency".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Duration>();
        let uniform = generator.subschema_for::<UniformSpec>();
        let exponential = generator.subschema_for::<ExponentialSpec>();
        let lognormal = generator.subschema_for::<LognormalTimeSpec>();
        json_schema!({
            "description": "A duration, or a distribution of durations.",
            "anyOf": [duration, {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
                "properties": {
                    "constant": duration,
                    "uniform": uniform,
                    "exponential": exponential,
                    "lognormal": lognormal,
                },
            }],
            "examples": ["10ms", { "lognormal": { "mean": "10ms", "p99": "40ms" } }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Streams;

    fn spec(yaml: &str) -> LatencySpec {
        serde_yaml::from_str(yaml).unwrap()
    }

    fn problems(yaml: &str) -> usize {
        let mut problems = Problems::default();
        spec(yaml).check(&mut problems);
        problems.list().len()
    }

    #[test]
    fn a_duration_is_a_latency_that_never_varies() {
        assert_eq!(spec("10ms"), spec("{constant: 10ms}"));
        assert_eq!(spec("0"), LatencySpec::default());
        assert_eq!(serde_yaml::to_string(&spec("{constant: 10ms}")).unwrap().trim(), "0.01s");
    }

    #[test]
    fn what_is_written_reads_back_and_nonsense_is_refused() {
        for yaml in [
            "7us",
            "{uniform: {min: 1ms, max: 2ms}}",
            "{exponential: {mean: 5ms}}",
            "{lognormal: {mean: 10ms, p99: 40ms}}",
            "{lognormal: {mean: 10ms, sigma: 0.5}}",
        ] {
            assert_eq!(spec(&serde_yaml::to_string(&spec(yaml)).unwrap()), spec(yaml), "{yaml}");
            assert_eq!(problems(yaml), 0, "{yaml}");
        }
        for yaml in ["{}", "fast", "{normal: {}}", "{constant: 1ms, uniform: {max: 1ms}}", "[1ms]"]
        {
            assert!(serde_yaml::from_str::<LatencySpec>(yaml).is_err(), "{yaml}");
        }
        for yaml in [
            "{uniform: {min: 3ms, max: 2ms}}",
            "{lognormal: {mean: 0ms, p99: 40ms}}",
            "{lognormal: {mean: 10ms}}",
            "{lognormal: {mean: 10ms, p99: 4s}}",
        ] {
            assert_eq!(problems(yaml), 1, "{yaml}");
        }
    }

    #[test]
    fn draws_have_the_mean_and_the_quantile_that_the_spec_names() {
        for (yaml, mean_ms, p99_ms) in [
            ("{uniform: {min: 5ms, max: 15ms}}", 10.0, 14.9),
            ("{exponential: {mean: 10ms}}", 10.0, 46.05),
            ("{lognormal: {mean: 10ms, p99: 40ms}}", 10.0, 40.0),
        ] {
            let latency = spec(yaml).distribution();
            let mut stream = Streams::new(1, 0).stream("latency");
            let mut drawn: Vec<f64> =
                (0..200_000).map(|_| latency.draw(&mut stream).as_secs_f64() * 1e3).collect();
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            drawn.sort_by(f64::total_cmp);
            let p99 = drawn[drawn.len() * 99 / 100];
            assert!((mean / mean_ms - 1.0).abs() < 0.01, "{yaml}: {mean}");
            assert!((p99 / p99_ms - 1.0).abs() < 0.02, "{yaml}: {p99}");
        }
    }
}
