//! Decimal numbers as people write them, exact: no digit goes through a float.

/// A number of 0 or more: a whole number and the power of ten it is to be multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    mantissa: u128,
    exponent: i64,
    /// Whether digits other than 0 were left out.
    cut: bool,
}

/// Beyond this many digits a number keeps one more, and is no longer exact.
const DIGITS: u32 = 20;

impl Decimal {
    /// Reads `12`, `1_000`, `1.5`, `.5`, `2e3`, `1e-05`; `None` for anything else, signs among it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (mut mantissa, mut exponent) = (0_u128, i64::from(exponent));
        let (mut any, mut point, mut cut) = (false, false, false);
        for byte in digits.bytes() {
            match byte {
                b'0'..=b'9' => {
                    any = true;
                    let kept = mantissa < 10_u128.pow(DIGITS);
                    if kept {
                        mantissa = mantissa * 10 + u128::from(byte - b'0');
                    } else {
                        cut |= byte != b'0';
                    }
                    exponent += i64::from(!kept) - i64::from(point);
                }
                b'.' if !point => point = true,
                b'_' if any => {}
                _ => return None,
            }
        }
        any.then_some(Decimal { mantissa, exponent, cut })
    }

    /// So many times the number: what is whole of it, and whether that is all; `None` if it is
    /// too large.
    pub(crate) fn times(self, scale: u64) -> Option<(u128, bool)> {
        let product = self.mantissa.checked_mul(u128::from(scale))?;
        if product == 0 {
            return Some((0, true));
        }
        let power = u32::try_from(self.exponent.unsigned_abs()).ok()?;
        match 10_u128.checked_pow(power) {
            Some(power) if self.exponent >= 0 => Some((product.checked_mul(power)?, !self.cut)),
            Some(power) => Some((product / power, product.is_multiple_of(power) && !self.cut)),
            None if self.exponent >= 0 => None,
            None => Some((0, false)),
        }
    }

    /// The number with so many more zeros.
    pub(crate) fn shifted(self, places: i64) -> Self {
        Decimal { exponent: self.exponent + places, ..self }
    }

    /// The number, if it is whole and not too large.
    pub(crate) fn whole(self) -> Option<u64> {
        self.times(1).filter(|(_, exact)| *exact).and_then(|(whole, _)| u64::try_from(whole).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_every_digit() {
        let times = |text: &str, scale| Decimal::parse(text).and_then(|it| it.times(scale));
        for (text, scale, expected) in [
            ("9007199254740993", 1, (9_007_199_254_740_993, true)),
            ("18446744073709551615", 1, (u128::from(u64::MAX), true)),
            ("1_000.5", 1000, (1_000_500, true)),
            (".5", 1, (0, false)),
            ("5.", 1, (5, true)),
            ("1e-05", 1_000_000_000, (10_000, true)),
            ("2.5E3", 1, (2500, true)),
            ("100000000.000000001", 1_000_000_000, (100_000_000_000_000_001, true)),
            ("0e999", 7, (0, true)),
            ("1e-999", 7, (0, false)),
            ("123456789012345678901234567890", 1, (123_456_789_012_345_678_901_000_000_000, false)),
            ("100000000000000000000000000000", 1, (10_u128.pow(29), true)),
        ] {
            assert_eq!(times(text, scale), Some(expected), "{text}");
        }
        assert_eq!(times("1e400", 1), None);
        for text in ["", ".", "_1", "-1", "+1", "1e", "1.2.3", "1x", "e5", "inf"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse("1e3").unwrap().whole(), Some(1000));
        assert_eq!(Decimal::parse("1.5").unwrap().whole(), None);
    }
}
