//! How long something takes, such as a lookup, a pause to think or a tool: always
//! the same time, or a distribution of times.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lengths::{Lognormal, LognormalSpec};
use crate::kernel::{Duration, Stream};
use crate::spec::{NonNegative, Positive, Problems, parse_duration};

/// A time, or a distribution of times: `10ms`, `{ exponential: { mean: 10ms } }`.
#[derive(Clone, Debug, PartialEq)]
pub enum SpanSpec {
    /// Always the same.
    Constant(Duration),
    /// Any time in a range is as likely as any other.
    Uniform(UniformSpanSpec),
    /// Many short times, few long ones; memoryless.
    Exponential(ExponentialSpanSpec),
    /// A long tail, as those of networks and disks are.
    Lognormal(LognormalSpanSpec),
}

impl Default for SpanSpec {
    fn default() -> Self {
        SpanSpec::Constant(Duration::ZERO)
    }
}

/// Times between two bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformSpanSpec {
    /// The shortest. Default: 0ms.
    #[serde(default)]
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

/// Exponential times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExponentialSpanSpec {
    /// The mean.
    pub mean: Duration,
}

/// Lognormal times: the mean, and one of a quantile or `sigma`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LognormalSpanSpec {
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

impl LognormalSpanSpec {
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

impl SpanSpec {
    /// Reports what is no distribution.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            SpanSpec::Constant(_) | SpanSpec::Exponential(_) => {}
            SpanSpec::Uniform(spec) => problems.at("uniform", |p| {
                if spec.min > spec.max {
                    p.error_help(
                        format!("nothing lies between {} and {}", spec.min, spec.max),
                        "expected min <= max",
                    );
                }
            }),
            SpanSpec::Lognormal(spec) => problems.at("lognormal", |p| match spec.in_millis() {
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
    ///
    /// # Panics
    /// If it has not.
    pub fn distribution(&self) -> Span {
        match self {
            SpanSpec::Constant(time) => Span::Constant(*time),
            SpanSpec::Uniform(spec) => {
                let (min, max) = (spec.min.as_secs_f64(), spec.max.as_secs_f64());
                Span::Uniform { min, width: max - min }
            }
            SpanSpec::Exponential(spec) => Span::Exponential(spec.mean.as_secs_f64()),
            SpanSpec::Lognormal(spec) => {
                let lognormal = spec.in_millis().and_then(|millis| millis.distribution());
                Span::Lognormal(lognormal.expect("a checked spec has a distribution"))
            }
        }
    }
}

/// A distribution of times, drawn by inversion.
#[derive(Clone, Copy, Debug)]
pub enum Span {
    /// Always the same.
    Constant(Duration),
    /// Any time of a range, in seconds.
    Uniform {
        /// The shortest.
        min: f64,
        /// The longest less the shortest.
        width: f64,
    },
    /// Exponential, of this mean in seconds.
    Exponential(f64),
    /// Lognormal, in milliseconds.
    Lognormal(Lognormal),
}

impl Span {
    /// The mean in seconds.
    pub fn mean_s(&self) -> f64 {
        match self {
            Span::Constant(time) => time.as_secs_f64(),
            Span::Uniform { min, width } => min + width / 2.0,
            Span::Exponential(mean) => *mean,
            Span::Lognormal(lognormal) => lognormal.mean() / 1e3,
        }
    }

    /// The next time; one word of the stream, none for a constant.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> Duration {
        match self {
            Span::Constant(time) => *time,
            _ => self.pick(stream.uniform()),
        }
    }

    /// The time that `u`, uniform on (0, 1), picks.
    #[inline]
    pub fn pick(&self, u: f64) -> Duration {
        Duration::from_secs_f64(match self {
            Span::Constant(time) => return *time,
            Span::Uniform { min, width } => min + width * u,
            Span::Exponential(mean) => -mean * libm::log(u),
            Span::Lognormal(lognormal) => lognormal.quantile(u) / 1e3,
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

impl<'de> Deserialize<'de> for SpanSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpanVisitor;

        impl<'de> Visitor<'de> for SpanVisitor {
            type Value = SpanSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 10ms, or one of constant, uniform, exponential and lognormal")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<SpanSpec, E> {
                let time = parse_duration(text.trim());
                time.map(SpanSpec::Constant).map_err(|why| {
                    E::custom(format!("{why}: expected a duration such as 10ms, or a distribution"))
                })
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<SpanSpec, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<SpanSpec, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<SpanSpec, E> {
                self.visit_str(&value.to_string())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SpanSpec, A::Error> {
                let Some(kind) = map.next_key()? else {
                    return Err(de::Error::missing_field("distribution"));
                };
                let spec = match kind {
                    Kind::Constant => SpanSpec::Constant(map.next_value()?),
                    Kind::Uniform => SpanSpec::Uniform(map.next_value()?),
                    Kind::Exponential => SpanSpec::Exponential(map.next_value()?),
                    Kind::Lognormal => SpanSpec::Lognormal(map.next_value()?),
                };
                match map.next_key::<String>()? {
                    None => Ok(spec),
                    Some(_) => Err(de::Error::custom("expected a single distribution")),
                }
            }
        }
        deserializer.deserialize_any(SpanVisitor)
    }
}

impl Serialize for SpanSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let SpanSpec::Constant(time) = self {
            return time.serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            SpanSpec::Constant(time) => map.serialize_entry("constant", time)?,
            SpanSpec::Uniform(spec) => map.serialize_entry("uniform", spec)?,
            SpanSpec::Exponential(spec) => map.serialize_entry("exponential", spec)?,
            SpanSpec::Lognormal(spec) => map.serialize_entry("lognormal", spec)?,
        }
        map.end()
    }
}

impl JsonSchema for SpanSpec {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Duration>();
        let uniform = generator.subschema_for::<UniformSpanSpec>();
        let exponential = generator.subschema_for::<ExponentialSpanSpec>();
        let lognormal = generator.subschema_for::<LognormalSpanSpec>();
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

    fn spec(yaml: &str) -> SpanSpec {
        serde_yaml::from_str(yaml).unwrap()
    }

    fn problems(yaml: &str) -> usize {
        let mut problems = Problems::default();
        spec(yaml).check(&mut problems);
        problems.list().len()
    }

    #[test]
    fn a_duration_is_a_span_that_never_varies() {
        assert_eq!(spec("10ms"), spec("{constant: 10ms}"));
        assert_eq!(spec("0"), SpanSpec::default());
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
            assert!(serde_yaml::from_str::<SpanSpec>(yaml).is_err(), "{yaml}");
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
            let span = spec(yaml).distribution();
            let mut stream = Streams::new(1, 0).stream("spans");
            let mut drawn: Vec<f64> =
                (0..200_000).map(|_| span.draw(&mut stream).as_secs_f64() * 1e3).collect();
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            drawn.sort_by(f64::total_cmp);
            let p99 = drawn[drawn.len() * 99 / 100];
            assert!((span.mean_s() * 1e3 / mean_ms - 1.0).abs() < 1e-9, "{yaml}");
            assert!((mean / mean_ms - 1.0).abs() < 0.01, "{yaml}: {mean}");
            assert!((p99 / p99_ms - 1.0).abs() < 0.02, "{yaml}: {p99}");
        }
    }
}
