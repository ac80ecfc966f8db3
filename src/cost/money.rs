//! Exact money.

use std::borrow::Cow;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::{from_text, split_unit};

/// An amount of money in whole pico-dollars (10^-12 US dollars), so that sums
/// are exact: the cheapest public price, $1.3e-10 a token, is 130 units, and a
/// tenth of it still 13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

const PICOS: f64 = 1e12;

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// From pico-dollars.
    pub const fn from_picos(picos: i128) -> Self {
        Money(picos)
    }

    /// From dollars, rounded to the nearest pico-dollar.
    pub fn from_usd(usd: f64) -> Self {
        Money(libm::round(usd * PICOS) as i128)
    }

    /// In pico-dollars.
    pub const fn picos(self) -> i128 {
        self.0
    }

    /// In dollars, to the nearest double.
    pub fn usd(self) -> f64 {
        self.0 as f64 / PICOS
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        self.0 += other.0;
    }
}

impl Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0 - other.0)
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        self.0 -= other.0;
    }
}

impl Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(-self.0)
    }
}

impl Mul<i128> for Money {
    type Output = Money;
    fn mul(self, count: i128) -> Money {
        Money(self.0 * count)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        Money(amounts.map(|amount| amount.0).sum())
    }
}

impl fmt::Display for Money {
    /// Dollars, exactly: `$0.00003`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, picos) =
            (self.0.unsigned_abs() / 1_000_000_000_000, self.0.unsigned_abs() % 1_000_000_000_000);
        let sign = if self.0 < 0 { "-" } else { "" };
        if picos == 0 {
            return write!(f, "{sign}${whole}");
        }
        let fraction = format!("{picos:012}");
        write!(f, "{sign}${whole}.{}", fraction.trim_end_matches('0'))
    }
}

const MONEY: &str = "an amount in US dollars of 0 or more such as $0.03 or 0.03";

fn parse_money(text: &str) -> Result<Money, String> {
    let (usd, unit) = split_unit(text.strip_prefix('$').unwrap_or(text))?;
    match unit {
        _ if usd < 0.0 => Err(format!("`{text}` is negative")),
        "" if usd < 1e15 => Ok(Money::from_usd(usd)),
        "" => Err(format!("`{text}` is too much")),
        _ => Err(format!("`{unit}` is not understood")),
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, MONEY, parse_money)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Money {
    fn schema_name() -> Cow<'static, str> {
        "Money".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "US dollars: $0.03 or 0.03.",
            "type": ["string", "number"],
            "examples": ["$0.03"],
        })
    }
}
