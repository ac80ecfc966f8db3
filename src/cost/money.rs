//! Exact money.
//!
//! # One rule of arithmetic
//! Every operator on [`Money`] is exact within the range and saturates at its ends, in
//! every build alike: nothing wraps, nothing panics. The range is some $1.7e26 to either
//! side of zero; an amount that is read is at most $1e15, so that only sums and products
//! over very many can get there. What a run charges, saves and overshoots is never
//! negative, so that a total that saturated stays at [`Money::MAX`]: it is looked at once,
//! at the end of the run ([`Ledger::overflowed`](super::Ledger::overflowed)), which is
//! then an error, and nothing is checked on the way.

use std::borrow::Cow;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spec::from_text;

/// An amount of money in whole pico-dollars (10^-12 US dollars), so that sums
/// are exact: the cheapest public price, $1.3e-10 a token, is 130 units, and a
/// tenth of it still 13.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

/// Decimal places of a dollar.
const DIGITS: i64 = 12;
const PICOS: f64 = 1e12;

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The most there is: what overflows upwards.
    pub const MAX: Money = Money(i128::MAX);
    /// The least there is: what overflows downwards.
    pub const MIN: Money = Money(i128::MIN);

    /// From pico-dollars.
    pub const fn from_picos(picos: i128) -> Self {
        Money(picos)
    }

    /// From dollars, rounded to the nearest pico-dollar. NaN is nothing; what is out of
    /// range saturates.
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
    /// Saturates.
    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Money;
    /// Saturates; below nothing is a debt.
    fn sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        *self = *self - other;
    }
}

impl Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(self.0.saturating_neg())
    }
}

impl Mul<i128> for Money {
    type Output = Money;
    /// Saturates.
    fn mul(self, count: i128) -> Money {
        Money(self.0.saturating_mul(count))
    }
}

impl Sum for Money {
    /// Saturates.
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
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

/// More is not an amount that anyone has, and would near the end of the range.
const MOST: i128 = 10_i128.pow(15 + DIGITS as u32);

impl FromStr for Money {
    type Err = String;
    /// Reads what [`Display`](fmt::Display) writes, and any decimal number with
    /// or without `$`, `_` between digits and an exponent. Exact to the
    /// pico-dollar; what is finer is rounded to the nearest (half away from 0),
    /// but never to nothing.
    fn from_str(text: &str) -> Result<Self, String> {
        let (negative, amount) =
            text.strip_prefix('-').map_or((false, text), |amount| (true, amount));
        let (digits, exponent) =
            match amount.strip_prefix('$').unwrap_or(amount).split_once(['e', 'E']) {
                Some((digits, exponent)) => (
                    digits,
                    exponent.parse::<i32>().map_err(|_| format!("`{text}` is not a number"))?,
                ),
                None => (amount.strip_prefix('$').unwrap_or(amount), 0),
            };
        let (mantissa, scale) =
            mantissa(digits).ok_or_else(|| format!("`{text}` is not a number"))?;
        let picos = scaled(mantissa, i64::from(exponent) + DIGITS + scale)
            .filter(|&picos| picos <= MOST)
            .ok_or_else(|| format!("`{text}` is too much"))?;
        if picos == 0 && mantissa != 0 {
            return Err(format!("`{text}` is less than a pico-dollar (1e-12)"));
        }
        Ok(Money(if negative { -picos } else { picos }))
    }
}

/// The digits of a decimal number as an integer, and the power of ten by which
/// that is to be multiplied. Digits beyond the 30th cannot matter and are left.
fn mantissa(text: &str) -> Option<(i128, i64)> {
    let (mut mantissa, mut scale, mut digits, mut point) = (0_i128, 0_i64, 0, false);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                let full = mantissa >= 10_i128.pow(30);
                if !full {
                    mantissa = mantissa * 10 + i128::from(byte - b'0');
                }
                scale += i64::from(full) - i64::from(point);
            }
            b'.' if !point => point = true,
            b'_' if digits > 0 => {}
            _ => return None,
        }
    }
    (digits > 0).then_some((mantissa, scale))
}

/// `mantissa` x 10^`power`, rounded half up; nothing if it is out of range.
fn scaled(mantissa: i128, power: i64) -> Option<i128> {
    let ten_to = |power: i64| u32::try_from(power).ok().and_then(|p| 10_i128.checked_pow(p));
    if mantissa == 0 {
        return Some(0);
    }
    if power >= 0 {
        return mantissa.checked_mul(ten_to(power)?);
    }
    let Some(divisor) = ten_to(-power) else { return Some(0) };
    Some(mantissa / divisor + i128::from(mantissa % divisor >= divisor / 2))
}

fn parse_amount(text: &str) -> Result<Money, String> {
    match text.parse::<Money>()? {
        money if money < Money::ZERO => Err(format!("`{text}` is negative")),
        money => Ok(money),
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, MONEY, parse_amount)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn picos(text: &str) -> Result<i128, String> {
        text.parse().map(Money::picos)
    }

    #[test]
    fn decimals_are_read_exactly() {
        for (text, expected) in [
            ("0", 0),
            ("$1", 1_000_000_000_000),
            ("$0.00003", 30_000_000),
            ("0.0000001", 100_000),
            ("1.3e-10", 130),
            ("$1.3E-10", 130),
            ("0.00000000013", 130),
            ("15e-8", 150_000),
            ("1_000.5", 1_000_500_000_000_000),
            (".5", 500_000_000_000),
            ("1e3", 1_000_000_000_000_000),
            ("0e999999", 0),
            // 0.1 + 0.2 in doubles, and a double's 17 digits.
            ("0.30000000000000004", 300_000_000_000),
            ("123456789012345.123456789012", 123_456_789_012_345_123_456_789_012),
            ("-$0.5", -500_000_000_000),
        ] {
            assert_eq!(picos(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_finer_than_a_pico_dollar_is_rounded_but_never_lost() {
        assert_eq!(picos("1.5e-12"), Ok(2));
        assert_eq!(picos("1.4999999999999999999999999999999999999999e-12"), Ok(1));
        assert_eq!(picos("5e-13"), Ok(1));
        assert!(picos("4e-13").unwrap_err().contains("less than a pico-dollar"));
        assert!(picos("1e-999999999").unwrap_err().contains("less than a pico-dollar"));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in
            ["", "$", "-", ".", "1.2.3", "NaN", "inf", "1e", "1e1.5", "$ 1", "1 EUR", "--1", "_1"]
        {
            assert!(picos(text).unwrap_err().contains("is not a number"), "{text}");
        }
        for text in ["1e16", "1e999999999", "99999999999999999999999999999999999999999999"] {
            assert!(picos(text).unwrap_err().contains("too much"), "{text}");
        }
    }

    #[test]
    fn a_spec_takes_numbers_and_text_but_nothing_negative() {
        let read = |yaml: &str| serde_yaml::from_str::<Money>(yaml).map_err(|e| e.to_string());
        assert_eq!(read("0.0000001"), Ok(Money::from_picos(100_000)));
        assert_eq!(read("1.3e-10"), Ok(Money::from_picos(130)));
        assert_eq!(read("20"), Ok(Money::from_usd(20.0)));
        assert_eq!(read("$0.03"), Ok(Money::from_usd(0.03)));
        assert!(
            read("-1").unwrap_err().contains("`-1` is negative: expected an amount in US dollars")
        );
        assert!(read(".nan").unwrap_err().contains("is not a number"));
        assert!(read("[1]").unwrap_err().contains("expected an amount in US dollars"));
    }

    #[test]
    fn sums_and_products_saturate_and_never_wrap() {
        let cent = Money::from_usd(0.01);
        assert_eq!(Money::MAX + cent, Money::MAX);
        assert_eq!(Money::MIN - cent, Money::MIN);
        assert_eq!(-Money::MIN, Money::MAX);
        assert_eq!(Money::MAX * 2, Money::MAX);
        assert_eq!(Money::MAX * -2, Money::MIN);
        assert_eq!([Money::MAX, cent].into_iter().sum::<Money>(), Money::MAX);
        let (mut up, mut down) = (Money::MAX, Money::MIN);
        up += cent;
        down -= cent;
        assert_eq!((up, down), (Money::MAX, Money::MIN));
        assert_eq!(Money::from_usd(f64::NAN), Money::ZERO);
        assert_eq!(Money::from_usd(1e300), Money::MAX);
        assert_eq!(Money::MIN.to_string(), "-$170141183460469231731687303.715884105728");
    }

    #[test]
    fn money_is_written_exactly() {
        for (picos, text) in [
            (0, "$0"),
            (1, "$0.000000000001"),
            (30_000_000, "$0.00003"),
            (-1_500_000_000_000, "-$1.5"),
            (20_000_000_000_000, "$20"),
        ] {
            assert_eq!(Money::from_picos(picos).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(picos in -MOST..=MOST) {
            let money = Money::from_picos(picos);
            prop_assert_eq!(money.to_string().parse(), Ok(money));
        }

        #[test]
        fn a_double_is_read_as_its_shortest_decimal(billionths in 1_u64..1_000_000_000_000) {
            let usd = billionths as f64 / 1e9;
            let money: Money = usd.to_string().parse().unwrap();
            prop_assert_eq!(money.picos(), i128::from(billionths) * 1000);
        }
    }
}
