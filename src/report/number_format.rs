//! Numbers as people write them in charts and tables.

/// Ten to the power of `n`, the nearest double on every machine.
pub(crate) fn pow10(n: i32) -> f64 {
    format!("1e{n}").parse().unwrap_or(f64::INFINITY)
}

/// The decimal exponent of a positive number: 3 for 1000 up to 9999.
pub(crate) fn exponent(value: f64) -> i32 {
    let guess = libm::floor(libm::log10(value)) as i32;
    // The logarithm may be a hair off at powers of ten.
    if pow10(guess + 1) <= value {
        guess + 1
    } else if pow10(guess) > value {
        guess - 1
    } else {
        guess
    }
}

/// A number with so many significant digits, without trailing zeros.
pub(crate) fn significant(value: f64, digits: i32) -> String {
    trim(&rounded(value, digits))
}

/// A number with so many significant digits, zeros included, so that numbers
/// below one another are alike.
pub(crate) fn rounded(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    let decimals = (digits - 1 - exponent(value.abs())).max(0);
    format!("{value:.0$}", decimals as usize)
}

/// A number with its thousands shortened: `950`, `1k`, `12.5k`, `3M`.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size == 0.0 => "0".to_owned(),
        _ if size >= pow10(15) || size < pow10(-6) => powers(value),
        _ if size >= pow10(12) => significant(value / pow10(12), 4) + "T",
        _ if size >= pow10(9) => significant(value / pow10(9), 4) + "G",
        _ if size >= pow10(6) => significant(value / pow10(6), 4) + "M",
        // Powers of two and the like stay what they are.
        _ if size < 100_000.0 && value.fract() == 0.0 && value % 100.0 != 0.0 => value.to_string(),
        _ if size >= 1000.0 => significant(value / 1000.0, 4) + "k",
        _ => significant(value, 4),
    }
}

/// A number with its power of ten: `2e-9` (the embedded font has no raised
/// minus).
pub(crate) fn powers(value: f64) -> String {
    let exponent = exponent(value.abs());
    format!("{}e{exponent}", significant(value / pow10(exponent), 3))
}

/// The labels of ticks a step apart, alike in their decimals.
pub(crate) fn ticks(values: &[f64], step: f64) -> Vec<String> {
    let largest = values.iter().fold(0.0_f64, |max, v| max.max(v.abs()));
    let tiny = step <= 0.0 || step < pow10(-6);
    if tiny || largest >= 10_000.0 {
        return values.iter().map(|v| short(*v)).collect();
    }
    let decimals = (0..7)
        .find(|n| {
            let scaled = step * pow10(*n);
            (scaled - libm::round(scaled)).abs() < 1e-6
        })
        .unwrap_or(7) as usize;
    values
        .iter()
        .map(|v| if *v == 0.0 { "0".to_owned() } else { format!("{v:.decimals$}") })
        .collect()
}

/// A duration in seconds with its unit: `820 µs`, `12.3 ms`, `1.25 s`.
pub(crate) fn seconds(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size == 0.0 => "0 s".to_owned(),
        _ if size < 1e-6 => format!("{} ns", rounded(value * 1e9, 3)),
        _ if size < 1e-3 => format!("{} µs", rounded(value * 1e6, 3)),
        _ if size < 1.0 => format!("{} ms", rounded(value * 1e3, 3)),
        _ if size < 10_000.0 => format!("{} s", rounded(value, 3)),
        _ => format!("{} h", grouped(value / 3600.0, 1)),
    }
}

/// US dollars: `$12.34`, `$0.00123`.
pub(crate) fn dollars(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size == 0.0 => "$0".to_owned(),
        _ if size >= 100.0 => format!("${}", grouped(value, 0)),
        _ if size >= 1.0 => format!("${value:.2}"),
        _ if size < pow10(-9) => format!("${}", powers(value)),
        _ => format!("${}", rounded(value, 3)),
    }
}

/// Bytes in powers of 1024: `512 B`, `64 MiB`, `1.5 GiB`.
pub(crate) fn bytes(value: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut shown = value;
    let mut unit = 0;
    // What would be rounded up to 1024 belongs to the next unit.
    while shown >= 1023.5 && unit + 1 < UNITS.len() {
        shown /= 1024.0;
        unit += 1;
    }
    let digits = if shown >= 1000.0 { 4 } else { 3 };
    format!("{} {}", significant(shown, digits), UNITS[unit])
}

/// A part of one in per cent: `37.6 %`.
pub(crate) fn percent(value: f64) -> String {
    format!("{:.1} %", value * 100.0)
}

/// A number with a comma between thousands: `19,366`.
pub(crate) fn grouped(value: f64, decimals: usize) -> String {
    if value.abs() >= pow10(15) {
        return powers(value);
    }
    let text = trim(&format!("{value:.decimals$}"));
    let (number, fraction) = text.split_once('.').map_or((text.as_str(), ""), |(n, f)| (n, f));
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("-", digits));
    let mut grouped = String::from(sign);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// `text` with its first letter in upper case, unless it is a name such as
/// `p99` or `gpt-4`.
pub(crate) fn sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or(text);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if !word.contains(|c: char| c.is_ascii_digit()) => {
            first.to_uppercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

fn trim(number: &str) -> String {
    let trimmed = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    };
    if trimmed == "-0" { "0".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!([0.0, 10.0, 1000.0, 12_500.0, 3e6].map(short), ["0", "10", "1k", "12.5k", "3M"]);
        assert_eq!([1024.0, 16_384.0, 131_072.0].map(short), ["1024", "16384", "131.1k"]);
        assert_eq!([0.25, 1e-4, 2e-9, 1e18].map(short), ["0.25", "0.0001", "2e-9", "1e18"]);
        assert_eq!([0.000_82, 0.0123, 1.25].map(seconds), ["820 µs", "12.3 ms", "1.25 s"]);
        assert_eq!(
            [0.0, 0.001_234, 12.345, 1234.5].map(dollars),
            ["$0", "$0.00123", "$12.35", "$1,234"]
        );
        assert_eq!([19_366.0, -1e6, 999.0].map(|v| grouped(v, 0)), ["19,366", "-1,000,000", "999"]);
        assert_eq!(percent(0.376), "37.6 %");
        assert_eq!(
            [0.0, 512.0, 65_536.0, 1_048_575.0, 1.5e9].map(bytes),
            ["0 B", "512 B", "64 KiB", "1 MiB", "1.4 GiB"]
        );
    }

    #[test]
    fn exponents_are_exact_at_powers_of_ten() {
        for n in -300..300 {
            assert_eq!(exponent(pow10(n)), n);
        }
    }

    #[test]
    fn ticks_of_one_axis_have_the_same_decimals() {
        assert_eq!(ticks(&[0.0, 0.5, 1.0], 0.5), ["0", "0.5", "1.0"]);
        assert_eq!(ticks(&[0.0, 0.00025], 0.00025), ["0", "0.00025"]);
        assert_eq!(ticks(&[0.0, 5e3, 1e4], 5e3), ["0", "5k", "10k"]);
        assert_eq!(ticks(&[1e-12], 1e-12), ["1e-12"]);
    }

    #[test]
    fn names_with_digits_keep_their_case() {
        assert_eq!(sentence("cost per request"), "Cost per request");
        assert_eq!(sentence("p99 latency"), "p99 latency");
    }
}
