//! The cost optimizer, from prices to the choice of a model, against ledgers
//! computed by hand and against theory.

mod bill;
#[path = "../support/data.rs"]
#[allow(dead_code, reason = "only the folder is wanted")]
mod data;
mod isolation;
mod places;
mod prices;
mod prompt_caches;
mod run;
#[path = "../support/runs.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod runs;
mod selectors;
mod system;
