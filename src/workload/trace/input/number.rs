//! Decimal numbers as traces write them, exact: no digit goes through a float.

/// The digits that `digits` write, unless there are none, or the number is too large.
#[inline]
pub(in crate::workload::trace) fn parse_digits(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    if digits.len() < 20 {
        // Nineteen digits fit.
        let (mut number, mut wrong) = (0u64, false);
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            wrong |= digit > 9;
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        }
        return (!wrong).then_some(number);
    }
    digits.iter().try_fold(0u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        let digit = (digit < 10).then_some(u64::from(digit))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// A whole number without leading zeros, so that `7` and `007` stay different
/// keys.
#[inline]
pub(in crate::workload::trace) fn whole_number(text: &[u8]) -> Option<u64> {
    match text {
        [b'0'] => Some(0),
        [b'0', ..] => None,
        _ => parse_digits(text),
    }
}

/// Digits with at most one point among them, and few enough to fit: all of them as one number,
/// and how many stand behind the point. Others are read as [`scaled`] reads them.
#[inline]
fn few_digits(text: &[u8]) -> Option<(u64, u32)> {
    if text.len() > 20 || !text.first()?.is_ascii_digit() {
        return None;
    }
    let (mut number, mut digits, mut point) = (0u64, 0, None);
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
            digits += 1;
        } else if *byte == b'.' && point.is_none() {
            point = Some(digits);
        } else {
            return None;
        }
    }
    (digits < 20).then_some((number, digits - point.unwrap_or(digits)))
}

/// 10 to the power of what `few_digits` can lack.
#[inline]
fn power(of: u32) -> Option<u64> {
    const POWERS: [u64; 10] = {
        let mut powers = [1; 10];
        let mut at = 1;
        while at < powers.len() {
            powers[at] = powers[at - 1] * 10;
            at += 1;
        }
        powers
    };
    POWERS.get(of as usize).copied()
}

macro_rules! scaled {
    ($(#[$doc:meta])* $name:ident, $number:ty) => {
        $(#[$doc])*
        #[inline]
        pub(in crate::workload::trace) fn $name(text: &[u8], places: u32) -> Option<($number, bool)> {
            if let Some((number, decimals)) = few_digits(text)
                && let Some(factor) = places.checked_sub(decimals).and_then(power)
            {
                return <$number>::from(number).checked_mul(factor.into()).map(|it| (it, true));
            }
            let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
                Some(at) => (&text[..at], exponent(&text[at + 1..])?),
                None => (text, 0),
            };
            let (whole, decimals) = match mantissa.iter().position(|byte| *byte == b'.') {
                Some(point) => (&mantissa[..point], &mantissa[point + 1..]),
                None => (mantissa, &[][..]),
            };
            if whole.is_empty() && decimals.is_empty() {
                return None;
            }
            // How many of the digits stand before the point, once it is moved.
            let kept = whole.len() as i64 + exponent + i64::from(places);
            let (mut number, mut exact, mut digits): ($number, bool, i64) = (0, true, 0);
            for byte in whole.iter().chain(decimals) {
                let digit = byte.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                if digits < kept {
                    number = number.checked_mul(10)?.checked_add(<$number>::from(digit))?;
                } else {
                    exact &= digit == 0;
                }
                digits += 1;
            }
            if number > 0 {
                for _ in digits..kept {
                    number = number.checked_mul(10)?;
                }
            }
            Some((number, exact))
        }
    };
}

scaled!(
    /// A number of 0 or more, such as `12`, `12.25` or `1.2e-5`, times 10^`places`, and whether
    /// that is all of it: digits behind are cut off.
    scaled,
    u64
);
scaled!(
    /// The same for larger numbers.
    scaled_wide,
    u128
);

/// The power of ten behind an `e`; far away all are alike.
fn exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let power = parse_digits(digits).unwrap_or(u64::MAX).min(10_000);
    Some(sign * power as i64)
}

/// A whole number, however it is written: `12`, `12.0`, `1.2e1`.
#[inline]
pub(in crate::workload::trace) fn whole(text: &[u8]) -> Option<u64> {
    parse_digits(text).or_else(|| scaled(text, 0).filter(|(_, exact)| *exact).map(|it| it.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_spelling() {
        assert_eq!(whole_number(b"18446744073709551615"), Some(u64::MAX));
        for text in ["18446744073709551616", "007", "", "-1", "1.0", "12a"] {
            assert_eq!(whole_number(text.as_bytes()), None, "{text}");
        }
        assert_eq!(whole_number(b"0"), Some(0));
    }

    #[test]
    fn numbers_are_exact_however_they_are_written() {
        for (text, places, wanted) in [
            ("0", 9, Some((0, true))),
            ("1e-05", 9, Some((10_000, true))),
            ("2.5E-05", 9, Some((25_000, true))),
            ("0.000001", 9, Some((1000, true))),
            ("1700158546.68059001", 9, Some((1_700_158_546_680_590_010, true))),
            ("1.70015854668059e9", 9, Some((1_700_158_546_680_590_000, true))),
            ("0.1234567899", 9, Some((123_456_789, false))),
            ("1e-10", 9, Some((0, false))),
            ("18446744073709551615", 0, Some((u64::MAX, true))),
            ("18446744073709551616", 0, None),
            ("1e19", 0, Some((10_000_000_000_000_000_000, true))),
            ("1e20", 0, None),
            ("0e99999999999", 0, Some((0, true))),
            ("1e-99999999999", 0, Some((0, false))),
            ("1e99999999999", 0, None),
            ("00012", 0, Some((12, true))),
            ("-1", 0, None),
            (".5", 9, Some((500_000_000, true))),
            (".", 9, None),
            ("1e", 9, None),
            ("1e+", 9, None),
            ("1e1.5", 9, None),
            ("1.x", 9, None),
            ("", 9, None),
        ] {
            assert_eq!(scaled(text.as_bytes(), places), wanted, "{text}");
        }
        assert_eq!([whole(b"12.0"), whole(b"1.2e1"), whole(b"12.5")], [Some(12), Some(12), None]);
    }
}
