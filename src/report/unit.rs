//! What a number measures, and in which unit people read it.

use crate::report::number_format::pow10;
use crate::spec::{Capacity, Rate, parse_duration};
use crate::stats::{Cell, Scale};
use crate::system::scale_of;

/// What a number measures. Values are held in the unit named here and shown in
/// whichever unit of [`Unit::shown`] suits their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A number without a unit.
    Plain,
    /// Counts of something that the label names.
    Entries,
    /// Time in seconds.
    Seconds,
    /// US dollars.
    Usd,
    /// Requests per second.
    PerSecond,
    /// A part of one, shown in per cent.
    Fraction,
    /// Bytes, shown in powers of 1024.
    Bytes,
    /// Tokens.
    Tokens,
}

/// A unit for showing values: how many base units it is, and its sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shown {
    pub factor: f64,
    pub sign: &'static str,
    /// Steps between ticks that people choose, below ten.
    pub steps: &'static [f64],
}

const DECIMAL: &[f64] = &[1.0, 2.0, 5.0];
const SIXTIES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0];
const HOURS: &[f64] = &[1.0, 2.0, 3.0, 6.0, 12.0, 24.0];

/// Ends of the names of columns that are read in per cent, besides the metrics that are shares
/// ([`scale_of`]): of tables of one run, and of growth.
const ALSO_SHARES: [&str; 6] =
    ["_fraction", "_ratio", "utilization", "kv_use", "overloaded", "drift"];

impl Unit {
    /// The unit of a metric, from the end of its name.
    pub(crate) fn of_metric(name: &str) -> Unit {
        let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
        match name {
            _ if scale_of(name) == Scale::Share => Unit::Fraction,
            // Rates of tokens: the name in words has the unit.
            _ if ends(&["_per_s"]) => Unit::Plain,
            _ if ends(&["_s"]) => Unit::Seconds,
            _ if ends(&["_usd"]) => Unit::Usd,
            _ if ends(&["_rps"]) => Unit::PerSecond,
            _ if ends(&ALSO_SHARES) => Unit::Fraction,
            _ if ends(&["_tokens"]) => Unit::Tokens,
            _ if ends(&["_bytes"]) => Unit::Bytes,
            _ => Unit::Plain,
        }
    }

    /// The unit in which a value of this size (in base units) reads well.
    pub(crate) fn shown(self, largest: f64) -> Shown {
        let pick = |units: &[(f64, f64, &'static str)], steps| {
            let found = units.iter().find(|(below, ..)| largest < *below).or(units.last());
            let (factor, sign) = found.map_or((1.0, ""), |(_, factor, sign)| (*factor, *sign));
            Shown { factor, sign, steps }
        };
        match self {
            Unit::Plain => pick(&[(0.0, 1.0, "")], DECIMAL),
            Unit::Entries => pick(&[(0.0, 1.0, "entries")], DECIMAL),
            Unit::Tokens => pick(&[(0.0, 1.0, "tokens")], DECIMAL),
            Unit::PerSecond => pick(&[(0.0, 1.0, "requests/s")], DECIMAL),
            Unit::Fraction => pick(&[(0.0, 0.01, "%")], DECIMAL),
            Unit::Usd => pick(&[(1e-4, 1e-6, "millionths of a US$"), (0.0, 1.0, "US$")], DECIMAL),
            Unit::Seconds => pick(
                &[(1e-6, 1e-9, "ns"), (1e-3, 1e-6, "µs"), (1.0, 1e-3, "ms"), (0.0, 1.0, "s")],
                DECIMAL,
            ),
            Unit::Bytes => {
                let (k, m, g) = (1024.0, 1_048_576.0, 1_073_741_824.0);
                let units = [(k, 1.0, "B"), (m, k, "KiB"), (g, m, "MiB"), (0.0, g, "GiB")];
                pick(&units, DECIMAL)
            }
        }
    }

    /// The unit in which people read the time since a start.
    pub(crate) fn clock(largest: f64) -> Shown {
        let shown = |factor, sign, steps| Shown { factor, sign, steps };
        match largest {
            s if s < 1.0 => Unit::Seconds.shown(s),
            s if s <= 300.0 => shown(1.0, "s", SIXTIES),
            s if s <= 3.0 * 3600.0 => shown(60.0, "min", SIXTIES),
            s if s <= 3.0 * 86_400.0 => shown(3600.0, "h", HOURS),
            _ => shown(86_400.0, "days", DECIMAL),
        }
    }
}

/// Reads the value of a swept path as a quantity; `None` if it is a name.
pub(crate) fn quantity(cell: &Cell) -> Option<(Unit, f64)> {
    match cell {
        Cell::Int(value) => Some((Unit::Plain, *value as f64)),
        Cell::Num(value) => Some((Unit::Plain, *value)),
        Cell::Empty => None,
        Cell::Text(text) => {
            if let Some(usd) = text.strip_prefix('$') {
                return usd.parse().ok().map(|usd| (Unit::Usd, usd));
            }
            if let Ok(duration) = parse_duration(text) {
                return Some((Unit::Seconds, duration.0 as f64 / pow10(9)));
            }
            if text.contains('/') {
                return text.parse::<Rate>().ok().map(|rate| (Unit::PerSecond, rate.per_sec()));
            }
            match text.parse::<Capacity>().ok()? {
                Capacity::Entries(entries) => Some((Unit::Entries, entries as f64)),
                Capacity::Bytes(bytes) => Some((Unit::Bytes, bytes as f64)),
                Capacity::Tokens(tokens) => Some((Unit::Tokens, tokens as f64)),
                Capacity::Unbounded => None,
            }
        }
    }
    .filter(|(_, value)| value.is_finite())
}

/// The unit and values of cells that are all quantities of one kind (a bare 0
/// is of any kind).
pub(crate) fn quantities(cells: &[Cell]) -> Option<(Unit, Vec<f64>)> {
    let all: Vec<(Unit, f64)> = cells.iter().map(quantity).collect::<Option<_>>()?;
    let unit = all.iter().find(|(_, value)| *value != 0.0).or(all.first())?.0;
    let one_kind = all.iter().all(|(other, value)| *other == unit || *value == 0.0);
    one_kind.then(|| (unit, all.into_iter().map(|(_, value)| value).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<Cell> {
        texts.iter().map(|text| super::super::csv::read_cell(text)).collect()
    }

    #[test]
    fn values_of_one_kind_are_quantities() {
        assert_eq!(quantities(&texts(&["10", "0.5"])), Some((Unit::Plain, vec![10.0, 0.5])));
        assert_eq!(quantities(&texts(&["0", "250ms"])), Some((Unit::Seconds, vec![0.0, 0.25])));
        assert_eq!(quantities(&texts(&["1KiB"])), Some((Unit::Bytes, vec![1024.0])));
        assert_eq!(quantities(&texts(&["120/m"])), Some((Unit::PerSecond, vec![2.0])));
        assert_eq!(quantities(&texts(&["$0.5"])), Some((Unit::Usd, vec![0.5])));
    }

    #[test]
    fn what_a_metric_measures_follows_from_its_name() {
        for share in
            ["cache_hit_rate", "slo_attainment", "queue_share", "availability", "overloaded"]
        {
            assert_eq!(Unit::of_metric(share), Unit::Fraction, "{share}");
        }
        // What the terminal says in per cent, charts and comparisons do.
        for metric in crate::system::METRICS.iter().map(|metric| metric.name) {
            let share = scale_of(metric) == Scale::Share || metric == "drift";
            assert_eq!(Unit::of_metric(metric) == Unit::Fraction, share, "{metric}");
        }
        assert_eq!(Unit::of_metric("quality_mean"), Unit::Fraction);
        for plain in ["output_tokens_per_s", "tokens_per_s_per_gpu", "semantic_hits"] {
            assert_eq!(Unit::of_metric(plain), Unit::Plain, "{plain}");
        }
        assert_eq!(Unit::of_metric("e2e_p99_s"), Unit::Seconds);
    }

    #[test]
    fn names_and_mixtures_are_not_quantities() {
        assert_eq!(quantities(&texts(&["lru", "sieve"])), None);
        assert_eq!(quantities(&texts(&["100", "unbounded"])), None);
        assert_eq!(quantities(&texts(&["100", "64MiB"])), None);
        assert_eq!(quantities(&texts(&["1", ""])), None);
        assert_eq!(quantities(&[]), None);
    }
}
