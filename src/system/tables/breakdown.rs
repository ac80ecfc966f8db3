//! `breakdown.csv`: who gave the answers, and to whom, over virtual time.

use super::spend::level_name;
use crate::cache::SEMANTIC;
use crate::kernel::Time;
use crate::stats::Table;
use crate::system::model::System;
use crate::system::setup::Setup;

/// The table of a run's breakdown, if there is one, until `over`.
pub fn table(system: &mut System<'_>, setup: &Setup, over: Time) -> Table {
    let Some(mut breakdown) = system.observers.breakdown.take() else { return Table::default() };
    let rows = system.observers.timeline.rows(over);
    breakdown.join_until(system.observers.timeline.interval());
    let owned = |name: &str| name.to_owned();
    let mut models: Vec<String> = setup.models.iter().map(|(name, _)| name.clone()).collect();
    models.push(owned("caches"));
    let levels = breakdown.levels.len() - 3;
    let mut levels: Vec<String> =
        (0..levels).map(|level| owned(level_name(system, level as u8))).collect();
    levels.extend([SEMANTIC, "single flight", "models"].map(owned));
    let users = breakdown.users.len() - 1;
    let mut users: Vec<String> =
        system.clients.source.users()[..users].iter().map(|user| owned(&user.name)).collect();
    users.push(owned("others"));
    breakdown.table([models, levels, users], &rows)
}
