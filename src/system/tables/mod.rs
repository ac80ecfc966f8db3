//! A run's results as tables.

mod bills;
mod breakdown;
mod classes;
mod columns;
mod gateway;
pub mod replicas;
mod spend;
mod workflows;

use serde::{Deserialize, Serialize};

use super::caches::contents_table;
use super::measure::{BATCHED, Bill, Share};
use super::model::System;
use super::monitors::{self, tables::Measured};
use super::setup::Setup;
use super::upstream::{prefix_table, prompt_table};
use crate::cache::{LevelStats, SEMANTIC};
use crate::kernel::Time;
use crate::pipeline::Stage;
use crate::stats::{Cell, Table};
use bills::Division;
pub use columns::of as entity_columns;

/// The results of one run. The tables lack `point` and `replication`, which the
/// run does not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunTables {
    /// The metrics, in the order of [`METRICS`](super::METRICS).
    pub metrics: Vec<f64>,
    /// When measuring began, in seconds.
    pub window_start_s: f64,
    /// Half widths of the intervals by batch means, in the order of
    /// [`BATCHED`]; NaN where the run is too short.
    pub half_widths: [f64; BATCHED.len()],
    /// A row per model.
    pub models: Table,
    /// A row per user.
    pub users: Table,
    /// A row per cache level.
    pub levels: Table,
    /// A row per tier of a model's prefix cache.
    pub prefix: Table,
    /// A row per prompt cache.
    pub prompts: Table,
    /// A row per replica.
    pub replicas: Table,
    /// A row per SLO class, where there is an SLO or more than one class.
    pub classes: Table,
    /// A row per alert.
    pub alerts: Table,
    /// A row per monitor.
    pub monitors: Table,
    /// A row per crash and brown-out, where there are monitors.
    pub faults: Table,
    /// A row per pipeline stage.
    pub stages: Table,
    /// A row per interval.
    pub timeline: Table,
    /// A row per interval and who gave or got answers, if that was asked for.
    pub breakdown: Table,
    /// A row per quantile.
    pub latency: Table,
    /// The kept log entries.
    pub log: Table,
    /// What the caches hold at the end, if that was asked for.
    pub cache: Table,
    /// A row per budget, if that was asked for.
    pub budgets: Table,
    /// A row per class and user, if that was asked for.
    pub showback: Table,
    /// A row per cache level and model that answered, if that was asked for.
    pub answers: Table,
    /// From the list price to the bill, if that was asked for.
    pub savings: Table,
    /// What the month will cost, if that was asked for.
    pub forecast: Table,
    /// A row per workflow, where there are any.
    pub workflows: Table,
    /// A row per step of a workflow.
    pub steps: Table,
    /// A row per call of the first workflows, if that was asked for.
    pub gantt: Table,
    /// A row per tenant, where an amount is divided.
    pub allocation: Table,
    /// A row per flow of the gateway's queue, where there is one.
    pub gateway: Table,
    /// Bad rows of the trace that were skipped.
    pub skipped_rows: u64,
}

pub fn collect(
    mut system: System<'_>,
    setup: &Setup,
    metrics: Vec<f64>,
    replicas: Table,
    over: Time,
) -> RunTables {
    let levels = levels(&system, over);
    let asked = |table: fn(&System<'_>) -> Table, system: &System<'_>| {
        if setup.record_spend { table(system) } else { Table::default() }
    };
    let (budgets, showback, savings) = (
        asked(spend::budgets, &system),
        asked(spend::showback, &system),
        asked(spend::savings, &system),
    );
    let allocation = asked(spend::allocation, &system);
    let answers = setup.record_spend.then(|| spend::answers(&system, setup));
    let end = system.observers.measures.window_end;
    let window = Measured { from: system.observers.measures.window_start, end };
    let breakdown = breakdown::table(&mut system, setup, over);
    let caches = system.caches.levels.take().filter(|_| setup.record_cache);
    let mut tables = RunTables {
        budgets,
        showback,
        answers: answers.unwrap_or_default(),
        savings,
        forecast: Table::default(),
        allocation,
        gateway: gateway::table(system.upstream.queue()),
        workflows: workflows::workflows(&system),
        steps: workflows::steps(&system),
        gantt: workflows::gantt(&system),
        metrics,
        window_start_s: system.observers.measures.window_start.as_secs_f64(),
        half_widths: system.observers.measures.series.half_widths(),
        models: models(&system, setup),
        users: users(&system),
        levels,
        cache: caches.map_or_else(Table::default, |caches| contents_table(caches, setup, over)),
        prefix: prefix_table(&system.upstream, setup),
        prompts: prompt_table(&system.upstream, &system.observers.measures.prompts, setup),
        replicas,
        classes: classes::table(&system.observers.measures, system.clients.source.slo_classes()),
        alerts: monitors::tables::alerts(system.observers.monitors.as_deref(), setup),
        monitors: monitors::tables::monitors(system.observers.monitors.as_deref(), window),
        faults: monitors::tables::faults_table(system.observers.monitors.as_deref(), setup),
        stages: stages(&system),
        latency: latency(&system),
        log: log(&system, setup),
        skipped_rows: system.clients.source.skipped_rows(),
        breakdown,
        timeline: system.observers.timeline.finish(over),
    };
    if setup.record_spend {
        tables.forecast = spend::month_end(&tables.timeline, setup, end);
    }
    tables
}

fn seconds(ns: u128, count: u64) -> Cell {
    if count == 0 { Cell::Empty } else { Cell::Num(ns as f64 / 1e9 / count as f64) }
}

/// The columns that models and users share.
const SHARE: [&str; 10] = [
    "requests",
    "completed",
    "rejected",
    "cache_hits",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "saved_usd",
    "e2e_mean_s",
    "inference_mean_s",
];

/// The columns of a share that costs so many dollars in all.
fn share(share: &Share, cost: f64) -> [Cell; SHARE.len()] {
    [
        share.requests.into(),
        share.completed.into(),
        share.rejected.into(),
        share.hits.into(),
        Cell::Num(share.input_decitokens as f64 / 10.0),
        share.output_tokens.into(),
        Cell::Num(cost),
        Cell::Num(share.saved.usd()),
        seconds(share.e2e_ns, share.completed),
        seconds(share.inference_ns, share.completed - share.hits - share.coalesced),
    ]
}

/// The mean quality of what was answered.
fn quality(share: &Share) -> Cell {
    let mean = share.quality_sum / share.completed as f64;
    Cell::from(mean)
}

fn models(system: &System<'_>, setup: &Setup) -> Table {
    let mut table = Table::new(columns::of("model"));
    for (index, ((name, spec), model)) in
        setup.models.iter().zip(&system.observers.measures.models).enumerate()
    {
        let mut row = vec![Cell::from(name.as_str())];
        row.extend(share(model, model.bill.total().usd()));
        row.push(seconds(model.queue_ns, model.completed - model.hits - model.coalesced));
        row.push(system.observers.measures.busy[index].map(|(busy, most)| busy / most).into());
        let (cached, all) = (model.cached_decitokens as f64, model.input_decitokens as f64);
        let keeps = spec.server.prefix_cache.is_some()
            || spec.server.engine.is_some()
            || spec.prompt_cache.is_some();
        row.push(keeps.then_some(cached / 10.0).into());
        row.push((keeps && all > 0.0).then(|| cached / all).into());
        row.push(quality(model));
        let Bill { tokens, servers, wrong_answers, .. } = model.bill;
        row.extend([tokens, servers, wrong_answers].map(|part| Cell::Num(part.usd())));
        table.push(row);
    }
    table
}

fn users(system: &System<'_>) -> Table {
    let mut table = Table::new(columns::of("user"));
    let division = Division::among_users(&system.observers.measures);
    for (user, measured) in
        system.clients.source.users().iter().zip(&system.observers.measures.users)
    {
        let mut row = vec![Cell::from(user.name.as_str()), Cell::from(&*user.class)];
        let servers = division.part(bills::tokens(measured), measured.requests);
        row.extend(share(measured, bills::total(&measured.bill, servers)));
        row.push(measured.errors.into());
        row.push(quality(measured));
        row.extend(bills::parts(&measured.bill, servers));
        table.push(row);
    }
    table
}

fn levels(system: &System<'_>, over: Time) -> Table {
    let mut table = Table::new(columns::of("level"));
    if let Some(caches) = &system.caches.levels {
        for level in 0..caches.levels() {
            let stats = caches.stats(level);
            let times = [
                caches.latency_mean_s(level).into(),
                caches.wait_mean_s(level).into(),
                caches.utilization(level, over).into(),
            ];
            let (name, stale) = (caches.name(level), stats.stale_hits.into());
            table.push(level_row(name, stats, caches.entries(level), stale, times));
        }
    }
    if let Some(row) = semantic_row(system) {
        table.push(row);
    }
    table
}

/// The row of the semantic cache.
fn semantic_row(system: &System<'_>) -> Option<Vec<Cell>> {
    let cache = &system.caches.semantic.as_ref()?.cache;
    let stats = cache.stats();
    let latency = (stats.lookups > 0).then(|| cache.latency().as_secs_f64());
    let times = [latency.into(), Cell::Empty, Cell::Empty];
    Some(level_row(SEMANTIC, stats, cache.len(), Cell::Empty, times))
}

/// A row of `levels.csv`; `times` are its last three columns.
fn level_row(
    name: &str,
    stats: &LevelStats,
    entries: usize,
    stale_hits: Cell,
    times: [Cell; 3],
) -> Vec<Cell> {
    let rate = (stats.lookups > 0).then(|| stats.hits as f64 / stats.lookups as f64);
    let mut row = vec![
        name.into(),
        stats.lookups.into(),
        stats.hits.into(),
        stats.misses.into(),
        rate.into(),
        stats.insertions.into(),
        stats.promotions.into(),
        stats.evictions.into(),
        stats.expirations.into(),
        stats.rejected.into(),
        (entries as u64).into(),
        stale_hits,
        stats.overwrites.into(),
        stats.demotions.into(),
        stats.write_backs.into(),
        stats.invalidations.into(),
        stats.moved.into(),
    ];
    row.extend(times);
    row
}

fn stages(system: &System<'_>) -> Table {
    let mut table = Table::new(columns::of("stage"));
    let absent = |stage| stage == Stage::Semantic && system.caches.semantic.is_none();
    for stage in Stage::ALL.into_iter().filter(|stage| !absent(*stage)) {
        let stats = &system.observers.measures.stages[stage as usize];
        table.push(vec![
            stage.name().into(),
            stats.count.into(),
            stats.errors.into(),
            seconds(stats.total_ns, stats.count),
            Cell::Num(stats.max.as_secs_f64()),
            Cell::Num(stats.total_ns as f64 / 1e9),
        ]);
    }
    table
}

fn latency(system: &System<'_>) -> Table {
    let mut table = Table::new(["quantile", "ttft_s", "e2e_s", "queue_s"]);
    let measures = &system.observers.measures;
    let percents = (0..100).map(|percent| f64::from(percent) / 100.0);
    for quantile in percents.chain([0.995, 0.999, 1.0]) {
        let at = |histogram: &crate::stats::Histogram| Cell::from(histogram.quantile(quantile));
        table.push(vec![
            Cell::Num(quantile),
            at(&measures.ttft),
            at(&measures.e2e),
            at(&measures.queue),
        ]);
    }
    table
}

fn log(system: &System<'_>, setup: &Setup) -> Table {
    let mut table =
        Table::new(["at_s", "request_id", "user", "outcome", "model", "e2e_s", "error"]);
    let users = system.clients.source.users();
    for entry in system.observers.log.entries() {
        let model = entry.model.map(|model| setup.models[model as usize].0.as_str());
        table.push(vec![
            Cell::Num(entry.at.as_secs_f64()),
            entry.request.into(),
            users[entry.user as usize].name.as_str().into(),
            entry.outcome.name().into(),
            model.into(),
            Cell::Num(entry.e2e.as_secs_f64()),
            entry.outcome.error().map(|error| error.to_string()).into(),
        ]);
    }
    table
}
