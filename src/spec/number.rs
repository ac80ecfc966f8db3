//! Real numbers with a range; a value outside it is refused while it is read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! ranged {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $accept:expr, $range:tt) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "f64")]
        #[schemars(extend $range)]
        pub struct $name(f64);

        impl $name {
            /// The value.
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = String;
            fn try_from(value: f64) -> Result<Self, String> {
                let accept: fn(f64) -> bool = $accept;
                if value.is_finite() && accept(value) {
                    Ok($name(value))
                } else {
                    Err(format!("{value} is out of range: expected {}", $expected))
                }
            }
        }
    };
}

ranged!(
    /// A number greater than 0.
    Positive, "a number greater than 0", |v| v > 0.0, ("exclusiveMinimum" = 0)
);
ranged!(
    /// A number of 0 or more.
    NonNegative, "a number of 0 or more", |v| v >= 0.0, ("minimum" = 0)
);
ranged!(
    /// A number from -1 to 1.
    Correlation, "a number from -1 to 1", |v| (-1.0..=1.0).contains(&v), ("minimum" = -1, "maximum" = 1)
);
ranged!(
    /// A number from 0 to 1.
    Fraction, "a number from 0 to 1", |v| (0.0..=1.0).contains(&v), ("minimum" = 0, "maximum" = 1)
);

impl Fraction {
    /// A share of so many percent.
    ///
    /// # Panics
    /// If it is more than the whole.
    pub const fn percent(percent: u8) -> Self {
        assert!(percent <= 100, "a share is at most the whole");
        Fraction(percent as f64 / 100.0)
    }
}

impl Positive {
    /// 1.
    pub const ONE: Self = Positive(1.0);
}

impl NonNegative {
    /// 1.
    pub const ONE: Self = NonNegative(1.0);

    /// 0.
    pub const ZERO: Self = NonNegative(0.0);
}

/// A hundredth of what stands before a `%`, read as a decimal number, so that `99.9%` is
/// the double next to 0.999.
pub(crate) fn per_cent(number: &str) -> Option<f64> {
    format!("{}e-2", number.trim_end()).parse().ok()
}
