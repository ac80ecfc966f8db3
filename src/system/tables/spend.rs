//! Where the money went: budgets, who is to be shown which bill, what was saved
//! and what the month will cost.

use std::collections::BTreeMap;

use super::bills::{self, Division};
use crate::cache::SEMANTIC;
use crate::cost::forecast::forecast;
use crate::cost::{Calendar, Money};
use crate::kernel::Time;
use crate::stats::{Cell, Table};
use crate::system::measure::{Bill, LevelHits};
use crate::system::model::System;
use crate::system::request::SIMILAR;
use crate::system::setup::Setup;

/// A row per budget that has a limit.
pub fn budgets(system: &System<'_>) -> Table {
    let mut table = Table::new([
        "kind",
        "budget",
        "daily_usd",
        "monthly_usd",
        "max_budget_usd",
        "charged_usd",
        "overshoot_usd",
        "exhausted_s",
        "alerts",
    ]);
    let users = system.clients.source.users();
    for (kind, name, limits, standing) in system.charge.optimizer.standings() {
        let name = name.unwrap_or_else(|user| users[user.0 as usize].name.as_str());
        let mut row: Vec<Cell> = vec![kind.into(), name.into()];
        row.extend(limits.map(|limit| Cell::from(limit.map(Money::usd))));
        row.extend([
            Cell::Num(standing.charged.usd()),
            Cell::Num(standing.overshoot.usd()),
            standing.exhausted.map(Time::as_secs_f64).into(),
            u64::from(standing.alerts).into(),
        ]);
        table.push(row);
    }
    table
}

/// What a payer is shown.
#[derive(Default)]
struct Shown {
    requests: u64,
    hits: u64,
    tokens: f64,
    bill: Bill,
    servers: f64,
    saved: Money,
    overshoot: Money,
    rejections: u64,
}

/// A row per class of users, then per user: their bill and its parts, and their share of
/// all bills.
pub fn showback(system: &System<'_>) -> Table {
    let mut table = Table::new(
        ["kind", "payer", "requests", "cache_hits", "tokens", "cost_usd", "cost_share"]
            .into_iter()
            .chain(bills::PARTS)
            .chain(["saved_usd", "overshoot_usd", "budget_rejections"]),
    );
    let measures = &system.observers.measures;
    let division = Division::among_users(measures);
    let accounts = system.charge.optimizer.ledger().users();
    let mut classes: BTreeMap<&str, Shown> = BTreeMap::new();
    let mut payers = Vec::new();
    let users = system.clients.source.users();
    for (index, (user, share)) in users.iter().zip(&measures.users).enumerate() {
        let account = accounts.get(index).copied().unwrap_or_default();
        let tokens = bills::tokens(share);
        let shown = Shown {
            requests: share.requests,
            hits: share.hits,
            tokens,
            bill: share.bill,
            servers: division.part(tokens, share.requests),
            saved: share.saved,
            overshoot: account.overshoot,
            rejections: share.budget_rejections,
        };
        classes.entry(&user.class).or_default().add(&shown);
        payers.push(("user", user.name.as_str(), shown));
    }
    let classes = classes.into_iter().map(|(class, shown)| ("class", class, shown));
    let all: f64 = payers.iter().map(|(_, _, shown)| shown.cost()).sum();
    for (kind, name, shown) in classes.chain(payers) {
        let mut row = vec![
            kind.into(),
            name.into(),
            shown.requests.into(),
            shown.hits.into(),
            Cell::Num(shown.tokens),
            Cell::Num(shown.cost()),
            Cell::from(shown.cost() / all),
        ];
        row.extend(bills::parts(&shown.bill, shown.servers));
        row.extend([
            Cell::Num(shown.saved.usd()),
            Cell::Num(shown.overshoot.usd()),
            shown.rejections.into(),
        ]);
        table.push(row);
    }
    table
}

impl Shown {
    fn cost(&self) -> f64 {
        bills::total(&self.bill, self.servers)
    }

    fn add(&mut self, other: &Shown) {
        self.requests += other.requests;
        self.hits += other.hits;
        self.tokens += other.tokens;
        self.bill.add(&other.bill);
        self.servers += other.servers;
        self.saved += other.saved;
        self.overshoot += other.overshoot;
        self.rejections += other.rejections;
    }
}

/// A row per tenant among whom an amount is divided; in dollars, tokens or
/// place-hours.
pub fn allocation(system: &System<'_>) -> Table {
    let mut table = Table::new(["tenant", "unit", "given", "used", "asked_for"]);
    let (parts, unit, scale) =
        match (system.upstream.places(), system.charge.optimizer.allocation()) {
            (Some(places), _) => (places.parts(), "place_hours", 3600.0),
            (None, Some(tokens)) if tokens.is_of_tokens() => (tokens.parts(), "tokens", 10.0),
            (None, Some(money)) => (money.parts(), "usd", 1e12),
            (None, None) => return table,
        };
    for part in parts {
        let mut row: Vec<Cell> = vec![part.name.as_str().into(), unit.into()];
        let amounts = [part.given_in_all, part.used_in_all, part.wanted_in_all];
        row.extend(amounts.map(|amount| Cell::Num(amount / scale)));
        table.push(row);
    }
    table
}

/// From the list price to the bill: a row for it, one for each cache level and lever, one
/// for each further part of the bill, and one for what is paid. The first less all between
/// is the last.
pub fn savings(system: &System<'_>) -> Table {
    let measures = &system.observers.measures;
    let mut steps: Vec<(String, Money)> = Vec::new();
    for (level, hits) in measures.hits_by_level() {
        steps.push((format!("cache {}", level_name(system, level)), hits.list));
    }
    let (savings, bill) = (&measures.savings, &measures.bill);
    steps.extend(
        [
            ("single flight", savings.coalesced),
            ("choice of models", savings.routing),
            ("compression", savings.compression),
            ("trimming", savings.trimming),
            ("batch", savings.batch),
            ("prefix cache", measures.prefix_saved),
            // Paid, and no part of what the answers would have cost.
            ("wasted work", -measures.wasted),
            ("tools", -bill.tools),
            ("own servers", -bill.servers),
            ("wrong answers", -bill.wrong_answers),
        ]
        .map(|(name, saved)| (name.to_owned(), saved)),
    );
    let saved: Money = steps.iter().map(|(_, saved)| *saved).sum();
    debug_assert_eq!(savings.list, bill.total() + saved, "savings add up");
    let mut table = Table::new(["step", "usd"]);
    table.push(vec!["list price".into(), Cell::Num(savings.list.usd())]);
    for (name, saved) in steps.iter().filter(|(_, saved)| *saved != Money::ZERO) {
        table.push(vec![name.as_str().into(), Cell::Num(saved.usd())]);
    }
    table.push(vec!["paid".into(), Cell::Num(bill.total().usd())]);
    table
}

pub fn level_name<'s>(system: &'s System<'_>, level: u8) -> &'s str {
    match (level, &system.caches.levels) {
        (SIMILAR, _) | (_, None) => SEMANTIC,
        (level, Some(caches)) => caches.name(usize::from(level)),
    }
}

/// Who answered: a row per cache level, one for requests that waited for another
/// one, and one per model; what that cost, and what it would have cost if each
/// answer had been made anew. Then what else was paid for. The costs of all rows are the
/// bill.
pub fn answers(system: &System<'_>, setup: &Setup) -> Table {
    let measures = &system.observers.measures;
    let mut table = Table::new(["kind", "source", "answers", "cost_usd", "saved_usd"]);
    let mut row = |kind: &str, source: &str, answers: u64, cost: Money, saved: Money| {
        let (cost, saved) = (Cell::Num(cost.usd()), Cell::Num(saved.usd()));
        table.push(vec![kind.into(), source.into(), answers.into(), cost, saved]);
    };
    for (level, LevelHits { hits, saved, .. }) in measures.hits_by_level() {
        row("cache", level_name(system, level), hits, Money::ZERO, saved);
    }
    if measures.coalesced > 0 {
        row("wait", "single flight", measures.coalesced, Money::ZERO, measures.coalesced_saved);
    }
    for ((name, _), share) in setup.models.iter().zip(&measures.models) {
        let own = share.completed.saturating_sub(share.hits + share.coalesced);
        row("model", name, own, share.bill.tokens, Money::ZERO);
    }
    let of_model = |(name, _): &'_ (String, _)| format!("{name} servers");
    let servers = setup.models.iter().map(of_model).zip(&measures.models);
    let bill = &measures.bill;
    let rest = [
        ("fee", "judge".to_owned(), bill.judges),
        ("fee", "tools".to_owned(), bill.tools),
        ("wrong", "wrong answers".to_owned(), bill.wrong_answers),
    ];
    let servers = servers.map(|(name, share)| ("servers", name, share.bill.servers));
    for (kind, source, cost) in servers.chain(rest).filter(|(_, _, cost)| *cost != Money::ZERO) {
        row(kind, &source, 0, cost, Money::ZERO);
    }
    table
}

/// What the month will have cost, by what was spent until `end`, of which the
/// timeline tells.
pub fn month_end(timeline: &Table, setup: &Setup, end: Time) -> Table {
    let mut table = Table::new([
        "spent_usd",
        "per_day_usd",
        "month_end_s",
        "month_end_usd",
        "month_end_low_usd",
        "month_end_high_usd",
    ]);
    let number = |row: &[Cell], name: &str| match timeline.column(name).map(|at| &row[at]) {
        Some(Cell::Num(value)) => *value,
        _ => 0.0,
    };
    let until = end.as_secs_f64();
    let mut spends: Vec<f64> = Vec::new();
    let mut times: Vec<f64> = Vec::new();
    for row in timeline.rows.iter().filter(|row| number(row, "time_s") <= until * (1.0 + 1e-9)) {
        spends.push(number(row, "spend_usd"));
        times.push(number(row, "time_s"));
    }
    let mut calendar = Calendar::new(setup.start);
    let last = Time(end.as_nanos().saturating_sub(1));
    let month_end = calendar.month_end(last).as_secs_f64();
    let month = calendar.month(last);
    let in_month =
        |time: &f64| calendar.month(Time::from_secs((*time - 1e-3).max(0.0) as u64)) == month;
    let before = times.iter().map(in_month).position(|it| it).unwrap_or(0);
    let spent: f64 = spends[before.min(spends.len())..].iter().sum();
    let length = times.first().copied().unwrap_or(1.0);
    let rest = (month_end - times.last().copied().unwrap_or(0.0)).max(0.0) / length;
    let Some(found) = forecast(spent, &spends, rest) else { return table };
    let per_day = spends.iter().sum::<f64>() / until * 86_400.0;
    table.push(
        [spent, per_day, month_end, found.mean, found.low, found.high].map(Cell::from).to_vec(),
    );
    table
}
