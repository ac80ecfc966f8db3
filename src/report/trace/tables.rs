//! The tables of `windtunnel trace info`.

use crate::report::trace::Surveyed;
use crate::stats::fit::Zipf;
use crate::stats::{Cell, Counts, Popularity, Table};

/// The quantiles of lengths in `info.csv`.
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)];

/// No more windows than this in `arrivals.csv`.
const WINDOWS: usize = 200;

/// Things whose popularity a trace may know.
pub(super) const THINGS: [&str; 3] = ["prompts", "blocks", "users"];

/// What was counted of each of [`THINGS`].
fn things(trace: &Surveyed) -> [(&'static str, &Popularity, Option<Zipf>); 3] {
    let profile = &trace.profile;
    let [prompts, blocks, users] = trace.laws;
    [
        (THINGS[0], &profile.prompts, prompts),
        (THINGS[1], &profile.blocks, blocks),
        (THINGS[2], &profile.users, users),
    ]
}

/// A row for each trace.
pub(super) fn info(traces: &[Surveyed]) -> Table {
    let mut table = Table::default();
    for trace in traces {
        let row = figures(trace);
        if table.columns.is_empty() {
            table.columns = row.iter().map(|(name, _)| name.clone()).collect();
        }
        table.push(row.into_iter().map(|(_, cell)| cell).collect());
    }
    table
}

/// The figures of a trace by name.
fn figures(trace: &Surveyed) -> Vec<(String, Cell)> {
    let profile = &trace.profile;
    let mut row: Vec<(String, Cell)> = vec![
        ("trace".into(), Cell::from(trace.name.as_str())),
        ("format".into(), Cell::from(trace.format.as_str())),
        ("requests".into(), Cell::from(profile.rows())),
        ("skipped_rows".into(), Cell::from(profile.skipped)),
        ("unanswered".into(), Cell::from(profile.unanswered())),
        ("span_s".into(), Cell::from(profile.span().as_secs_f64())),
        ("requests_rps".into(), Cell::from(profile.rate())),
        ("gap_cv".into(), Cell::from(profile.gaps.cv())),
        ("gap_zero_share".into(), Cell::from(profile.gaps.zero_share())),
    ];
    for (name, counts) in [("input", &profile.input), ("output", &profile.output)] {
        row.push((format!("{name}_mean_tokens"), Cell::from(counts.mean())));
        row.push((format!("{name}_sd_tokens"), Cell::from(counts.std_dev())));
        for (quantile, p) in QUANTILES {
            row.push((format!("{name}_{quantile}_tokens"), Cell::from(counts.quantile(p))));
        }
    }
    row.push(("length_correlation".into(), Cell::from(profile.lengths.correlation())));
    row.push(("length_rank_correlation".into(), Cell::from(trace.rank_correlation)));
    for (name, popularity, law) in things(trace) {
        let known = popularity.total() > 0;
        let count = |count: u64| Cell::from(known.then_some(count));
        row.push((format!("{name}_asked"), count(popularity.total())));
        row.push((format!("{name}_distinct"), count(popularity.distinct())));
        row.push((format!("{name}_repeated_share"), Cell::from(popularity.repeated())));
        row.push((format!("{name}_zipf_exponent"), Cell::from(law.map(|law| law.exponent))));
        row.push((format!("{name}_zipf_count"), Cell::from(law.map(|law| law.count))));
    }
    row
}

/// A row for each trace and window of time.
pub(super) fn arrivals(traces: &[Surveyed]) -> Table {
    let mut table = Table::new(["trace", "from_s", "to_s", "requests", "requests_rps"]);
    for trace in traces {
        let windows = trace.profile.windows.at_most(WINDOWS);
        let width = windows.width().as_secs_f64();
        let end = trace.profile.span().as_secs_f64();
        let mut counts = windows.counts().to_vec();
        // A short rest belongs to the window before it.
        if counts.len() > 1 && end - (counts.len() - 1) as f64 * width < width / 2.0 {
            let rest = counts.pop().unwrap_or(0);
            counts.last_mut().into_iter().for_each(|last| *last += rest);
        }
        for (i, count) in counts.iter().enumerate() {
            let from = i as f64 * width;
            let to = if i + 1 == counts.len() && end > from { end } else { from + width };
            table.push(vec![
                Cell::from(trace.name.as_str()),
                Cell::from(from),
                Cell::from(to),
                Cell::from(*count),
                Cell::from(*count as f64 / (to - from)),
            ]);
        }
    }
    table
}

/// A row for each trace, side and quantile: every half per cent, and the ends.
pub(super) fn lengths(traces: &[Surveyed]) -> Table {
    let mut table = Table::new(["trace", "side", "quantile", "tokens"]);
    for trace in traces {
        for (side, counts) in [("input", &trace.profile.input), ("output", &trace.profile.output)] {
            for (p, tokens) in curve(counts) {
                table.push(vec![
                    Cell::from(trace.name.as_str()),
                    Cell::from(side),
                    Cell::from(p),
                    Cell::from(tokens),
                ]);
            }
        }
    }
    table
}

fn curve(counts: &Counts) -> impl Iterator<Item = (f64, f64)> + '_ {
    let shares = (0..200).map(|i| f64::from(i) / 200.0).chain([0.999, 1.0]);
    shares.map(|p| (p, counts.quantile(p)))
}

/// A row for each trace, kind of thing and rank: all up to ten, then thirty in every
/// power of ten.
pub(super) fn popularity(traces: &[Surveyed]) -> Table {
    let mut table = Table::new(["trace", "things", "rank", "requests", "zipf_requests"]);
    for trace in traces {
        for (name, popularity, law) in things(trace) {
            let ranked = popularity.ranked();
            for rank in ranks(ranked.len() as u64) {
                let fitted = law.map(|law| law.expected(rank, popularity.total()));
                table.push(vec![
                    Cell::from(trace.name.as_str()),
                    Cell::from(name),
                    Cell::from(rank),
                    Cell::from(ranked[rank as usize - 1]),
                    Cell::from(fitted),
                ]);
            }
        }
    }
    table
}

fn ranks(last: u64) -> Vec<u64> {
    let mut ranks: Vec<u64> = (1..=last.min(10)).collect();
    let mut rank = 10.0;
    while rank < last as f64 {
        rank = libm::ceil(rank * 1.08);
        ranks.push((rank as u64).min(last));
    }
    ranks.dedup();
    ranks
}

/// A row for each trace and capacity: 1, 2, 3, 5, 10, ... and all that there is.
pub(super) fn reuse(traces: &[Surveyed]) -> Table {
    let mut table = Table::new(["trace", "things", "capacity", "lru_hit_ratio"]);
    for trace in traces {
        let Some((things, reuse)) = &trace.reuse else { continue };
        let steps = (0..10).flat_map(|power| [1, 2, 3, 5].map(|step| step * 10_u64.pow(power)));
        let mut capacities: Vec<u64> =
            steps.take_while(|capacity| *capacity < reuse.distinct()).collect();
        capacities.push(reuse.distinct());
        for (capacity, ratio) in capacities.iter().zip(reuse.hit_ratios(&capacities)) {
            table.push(vec![
                Cell::from(trace.name.as_str()),
                Cell::from(*things),
                Cell::from(*capacity),
                Cell::from(ratio),
            ]);
        }
    }
    table
}
