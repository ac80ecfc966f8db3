//! Versions of engines, and which is newer.

use std::cmp::Ordering;

/// A version as Python's packages have it: numbers between dots, and perhaps `rc20`, `post2`
/// or `dev3` behind them (PEP 440).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    numbers: Vec<u64>,
    /// Below 0 before the release, above 0 after it, and which one.
    beside: (i8, u64),
}

impl Version {
    pub fn new(text: &str) -> Self {
        let end = text.find(|it: char| it.is_ascii_alphabetic()).unwrap_or(text.len());
        let (release, beside) = text.split_at(end);
        let mut numbers: Vec<u64> =
            release.split('.').filter_map(|number| number.parse().ok()).collect();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        let digits = beside.find(|it: char| it.is_ascii_digit()).unwrap_or(beside.len());
        let (kind, nth) = beside.split_at(digits);
        let kind = match kind.trim_matches('.') {
            "" => 0,
            "post" => 1,
            _ => -1,
        };
        Version { numbers, beside: (kind, nth.parse().unwrap_or(0)) }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.numbers, self.beside).cmp(&(&other.numbers, other.beside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_in_order() {
        let order = ["0.5.6", "0.5.6.post2", "0.5.14", "0.14", "1.3.0rc9", "1.3.0rc20", "1.3.0"];
        for pair in order.windows(2) {
            assert!(Version::new(pair[0]) < Version::new(pair[1]), "{pair:?}");
        }
        assert_eq!(Version::new("0.14"), Version::new("0.14.0"));
    }
}
