//! Dates and times, and digits, as traces write them.

use crate::kernel::time::NANOS_PER_SEC;

/// The number that `digits` write, unless there are none, too many, or others.
#[inline]
pub(super) fn parse_digits(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })
}

/// Nanoseconds since 1970 of `YYYY-MM-DD HH:MM:SS`, with up to nine decimals of
/// a second and, if the writer added it, the zone `+00:00` or `Z`.
#[inline]
pub(in crate::workload) fn parse_stamp(field: &[u8]) -> Option<u64> {
    let field = field.trim_ascii();
    let (whole, rest) = field.split_at_checked(19)?;
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if marks.iter().any(|&(at, mark)| whole[at] != mark) || !matches!(whole[10], b' ' | b'T') {
        return None;
    }
    let part = |from: usize, to: usize| parse_digits(&whole[from..to]);
    let days = days_since_1970(part(0, 4)?, part(5, 7)?, part(8, 10)?)?;
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * NANOS_PER_SEC + parse_decimals(rest)?)
}

/// Nanoseconds of `.6805900`, or of nothing.
#[inline]
fn parse_decimals(rest: &[u8]) -> Option<u64> {
    let rest = rest.strip_suffix(b"+00:00").or_else(|| rest.strip_suffix(b"Z")).unwrap_or(rest);
    if rest.is_empty() {
        return Some(0);
    }
    let decimals = rest.strip_prefix(b".")?;
    let missing = 9usize.checked_sub(decimals.len())?;
    Some(parse_digits(decimals)? * 10u64.pow(missing as u32))
}

/// Days from 1970-01-01 to a date from 1970 to 2500 of the Gregorian calendar
/// (Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`).
#[inline]
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=2500).contains(&year) || day == 0 || day > last {
        return None;
    }
    // Years begin in March, so that a leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_exact_to_the_nanosecond() {
        let stamp = |text: &str| parse_stamp(text.as_bytes());
        assert_eq!(stamp("1970-01-01 00:00:00"), Some(0));
        assert_eq!(stamp("2023-11-16 18:15:46.6805900"), Some(1_700_158_546_680_590_000));
        assert_eq!(stamp("2024-05-10 00:00:00.009930+00:00"), Some(1_715_299_200_009_930_000));
        assert_eq!(stamp("2000-02-29T23:59:59.999999999Z"), Some(951_868_799_999_999_999));
        assert_eq!(stamp("2100-03-01 00:00:00"), Some(4_107_542_400_000_000_000));
        for bad in [
            "",
            "2023-11-16",
            "2023-13-16 18:15:46",
            "2023-02-29 18:15:46",
            "2023-11-16 24:00:00",
            "2023-11-16 18:15:46.",
            "2023-11-16 18:15:46.1234567890",
            "2023/11/16 18:15:46",
            "1969-12-31 00:00:00",
            "2023-11-16 18:15:-1",
        ] {
            assert_eq!(stamp(bad), None, "{bad}");
        }
    }
}
