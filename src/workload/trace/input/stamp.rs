//! Dates and times as traces write them.

use super::number::parse_digits;
use crate::kernel::time::NANOS_PER_SEC;

/// Nanoseconds since 1970 of `YYYY-MM-DD HH:MM:SS`, with up to nine decimals of
/// a second and, if the writer added it, a zone: `Z`, or the hours and minutes that it
/// is before UTC, such as `+02:00`.
#[inline]
pub(in crate::workload) fn parse_stamp(field: &[u8]) -> Option<u64> {
    let field = field.trim_ascii();
    let (whole, rest) = field.split_first_chunk::<19>()?;
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if marks.iter().any(|&(at, mark)| whole[at] != mark) || !matches!(whole[10], b' ' | b'T') {
        return None;
    }
    let mut wrong = false;
    let mut pair = |at: usize| {
        let [tens, ones] = [at, at + 1].map(|at| whole[at].wrapping_sub(b'0'));
        wrong |= tens > 9 || ones > 9;
        u64::from(tens) * 10 + u64::from(ones)
    };
    let (year, month, day) = (pair(0) * 100 + pair(2), pair(5), pair(8));
    let (hour, minute, second) = (pair(11), pair(14), pair(17));
    if wrong {
        return None;
    }
    let (decimals, zone) = split_zone(rest)?;
    let days = days_since_1970(year, month, day)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let minutes = ((days * 24 + hour) * 60 + minute).checked_add_signed(-zone)?;
    Some((minutes * 60 + second) * NANOS_PER_SEC + parse_decimals(decimals)?)
}

/// What stands before the zone, and how many minutes that is before UTC.
#[inline]
fn split_zone(rest: &[u8]) -> Option<(&[u8], i64)> {
    match rest.last() {
        // Any other zone ends with a digit.
        None => return Some((rest, 0)),
        Some(b'Z') => return Some((&rest[..rest.len() - 1], 0)),
        Some(b'C') => return Some((rest.strip_suffix(b" UTC")?, 0)),
        Some(_) => {}
    }
    let Some(sign) = rest.iter().position(|byte| matches!(byte, b'+' | b'-')) else {
        return Some((rest, 0));
    };
    let (hours, minutes) = match &rest[sign + 1..] {
        [hours @ .., b':', m1, m2] if hours.len() == 2 => (hours, [*m1, *m2]),
        [h1, h2, m1, m2] if *h2 != b':' && *h1 != b':' => (&rest[sign + 1..sign + 3], [*m1, *m2]),
        hours if hours.len() == 2 => (hours, *b"00"),
        _ => return None,
    };
    let (hours, minutes) = (parse_digits(hours)?, parse_digits(&minutes)?);
    if hours > 14 || minutes > 59 {
        return None;
    }
    let minutes = (hours * 60 + minutes) as i64;
    Some((&rest[..sign], if rest[sign] == b'-' { -minutes } else { minutes }))
}

/// Nanoseconds of `.6805900`, or of nothing.
#[inline]
fn parse_decimals(rest: &[u8]) -> Option<u64> {
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
        for zone in ["+02:00", "+0200", "+02"] {
            let summer = format!("2024-05-10 02:00:00.5{zone}");
            assert_eq!(stamp(&summer), Some(1_715_299_200_500_000_000), "{zone}");
        }
        assert_eq!(stamp("2024-05-09T20:30:00-03:30"), Some(1_715_299_200_000_000_000));
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
            "2023-11-16 18:15:00+2",
            "2023-11-16 18:15:00+25:00",
            "2023-11-16 18:15:00Z+02:00",
        ] {
            assert_eq!(stamp(bad), None, "{bad}");
        }
    }
}
