//! What the replicas did: `replicas.csv`, and their sums.

use super::measure::Replicas;
use super::model::System;
use super::setup::Setup;
use crate::cost::Money;
use crate::kernel::Time;
use crate::stats::{Cell, Table};

const HOUR_NS: i128 = 3_600_000_000_000;

/// What a replica costs that is on for so long, to the nearest pico-dollar.
fn rent(price: Money, on_ns: u128) -> Money {
    let nanos = i128::try_from(on_ns).unwrap_or(i128::MAX);
    Money::from_picos((price.picos().saturating_mul(nanos) + HOUR_NS / 2) / HOUR_NS)
}

/// The sums over all replicas until `over`.
pub(super) fn sums(system: &System<'_>, setup: &Setup, over: Time) -> Replicas {
    let mut sums = Replicas::default();
    for (fleet, (_, model)) in system.pool.fleets.iter().zip(&setup.models) {
        let price = model.server.price_per_hour.unwrap_or(Money::ZERO);
        for node in fleet.nodes() {
            sums.up_s += node.up_s(over);
            sums.down_s += node.down_s(over);
            sums.crashes += node.stats.crashes;
            sums.breaker_opened += node.breaker.as_ref().map_or(0, |it| it.opened());
            sums.on_s += node.on_ns(over) as f64 / 1e9;
            sums.cost += rent(price, node.on_ns(over));
        }
    }
    sums.mean = sums.up_s / over.since(system.measures.window_start).as_secs_f64();
    sums
}

/// A row for each replica.
pub(super) fn table(system: &System<'_>, setup: &Setup, over: Time) -> Table {
    let mut table = Table::new([
        "model",
        "replica",
        "requests",
        "completed",
        "failed",
        "crashes",
        "breaker_opened",
        "up_s",
        "down_s",
        "on_s",
        "utilization",
        "cost_usd",
    ]);
    for (fleet, (name, model)) in system.pool.fleets.iter().zip(&setup.models) {
        let price = model.server.price_per_hour.unwrap_or(Money::ZERO);
        for (replica, node) in fleet.nodes().iter().enumerate() {
            let up = node.up_s(over);
            let busy = |limit: u32| node.server.busy_s(over) / (up * f64::from(limit));
            let busy = node.server.limit().filter(|_| up > 0.0).map(busy);
            table.push(vec![
                name.as_str().into(),
                (replica as u64).into(),
                node.stats.requests.into(),
                node.stats.completed.into(),
                node.stats.failed.into(),
                node.stats.crashes.into(),
                node.breaker.as_ref().map(|it| it.opened()).into(),
                Cell::Num(up),
                Cell::Num(node.down_s(over)),
                Cell::Num(node.on_ns(over) as f64 / 1e9),
                busy.into(),
                Cell::Num(rent(price, node.on_ns(over)).usd()),
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_hour_costs_half_of_the_price_of_an_hour() {
        let price: Money = "$2.50".parse().unwrap();
        assert_eq!(rent(price, 1_800_000_000_000).to_string(), "$1.25");
        assert_eq!(rent(price, 1).to_string(), "$0.000000000001");
    }
}
