//! Capacities as people ask for them: `1%`, `1000`, `64MiB`.

use std::fmt;
use std::str::FromStr;

use crate::spec::Capacity;
use crate::workload::trace::accesses::AccessTrace;

/// What a capacity counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Objects, whatever their size.
    Objects,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// As it stands in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Objects => "objects",
            Unit::Bytes => "bytes",
        }
    }

    /// What an object of `size` bytes counts for: at least 1, as in the caches.
    #[inline]
    pub fn weigh(self, size: u32) -> u32 {
        match self {
            Unit::Objects => 1,
            Unit::Bytes => size.max(1),
        }
    }

    /// The unit of a share: bytes where the trace has sizes.
    pub fn of(trace: &AccessTrace) -> Unit {
        if trace.sizes().is_some() { Unit::Bytes } else { Unit::Objects }
    }

    /// What all objects of a trace count for.
    pub fn footprint(self, trace: &AccessTrace) -> u64 {
        match self {
            Unit::Objects => trace.objects(),
            Unit::Bytes => trace.footprint().max(1),
        }
    }
}

/// A capacity as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// A share of the trace's footprint, from 0 to 1: `10%`.
    Of(f64),
    /// A number of entries or bytes.
    Exactly(Capacity),
}

/// A capacity on a certain trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Room {
    /// What it counts.
    pub unit: Unit,
    /// How much of it.
    pub amount: u64,
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXPECTED: &str =
            "expected a share such as 10%, entries such as 1000, or bytes such as 64MiB";
        let text = text.trim();
        if let Some(share) = text.strip_suffix('%') {
            let percent: f64 = share.trim().parse().map_err(|_| format!("`{text}`: {EXPECTED}"))?;
            if !(percent > 0.0 && percent <= 100.0) {
                return Err(format!("`{text}`: a share is more than 0% and at most 100%"));
            }
            return Ok(Share::Of(percent / 100.0));
        }
        match text.parse().map_err(|why| format!("{why}: {EXPECTED}"))? {
            Capacity::Entries(0) | Capacity::Bytes(0) => {
                Err(format!("`{text}`: a cache must hold something"))
            }
            Capacity::Tokens(_) => Err(format!("`{text}`: a trace has no tokens: {EXPECTED}")),
            Capacity::Unbounded => Ok(Share::Of(1.0)),
            exactly => Ok(Share::Exactly(exactly)),
        }
    }
}

impl Share {
    /// On a trace: shares are rounded to whole objects or bytes, and hold at
    /// least one.
    pub fn on(self, trace: &AccessTrace) -> Room {
        match self {
            Share::Of(share) => {
                let unit = Unit::of(trace);
                let amount = libm::round(unit.footprint(trace) as f64 * share) as u64;
                Room { unit, amount: amount.max(1) }
            }
            Share::Exactly(Capacity::Bytes(amount)) => Room { unit: Unit::Bytes, amount },
            Share::Exactly(Capacity::Entries(amount)) => Room { unit: Unit::Objects, amount },
            Share::Exactly(_) => Share::Of(1.0).on(trace),
        }
    }
}

impl Room {
    /// As the caches take it.
    pub const fn capacity(self) -> Capacity {
        match self.unit {
            Unit::Objects => Capacity::Entries(self.amount),
            Unit::Bytes => Capacity::Bytes(self.amount),
        }
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.unit.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacities_are_shares_entries_or_bytes() {
        let plain = AccessTrace::from_ids((0..50).chain(0..50).collect(), None);
        let sized = AccessTrace::from_ids(vec![0, 1, 0], Some(vec![300, 700, 300]));
        let on = |text: &str, trace| text.parse::<Share>().unwrap().on(trace);
        assert_eq!(on("10%", &plain), Room { unit: Unit::Objects, amount: 5 });
        assert_eq!(on("0.1%", &plain), Room { unit: Unit::Objects, amount: 1 });
        assert_eq!(on("10 %", &sized), Room { unit: Unit::Bytes, amount: 100 });
        assert_eq!(on("3", &sized), Room { unit: Unit::Objects, amount: 3 });
        assert_eq!(on("1KiB", &plain), Room { unit: Unit::Bytes, amount: 1024 });
        assert_eq!(on("unbounded", &sized), Room { unit: Unit::Bytes, amount: 1000 });
        for bad in ["0", "0%", "0B", "101%", "-5%", "ten", "5 tokens", "%"] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
    }
}
