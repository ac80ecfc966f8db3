//! The designs of sweeps, a file each:
//!
//! | design | points |
//! |---|---|
//! | [`grid`] | every combination of the paths' values |
//! | [`zip`] | the paths' values side by side |
//! | [`list`] | one by one, with names |
//! | [`one_at_a_time`] | the experiment as it is, then each path alone |
//! | [`latin_hypercube`] | spread evenly over ranges |
//! | [`random`] | drawn from ranges |
//! | [`sobol`], [`morris`] | made for telling which parameters matter |
//!
//! Designs that draw have a random stream of their own from the experiment's seed, so
//! that the same file gives the same points.

pub(super) mod grid;
pub(in crate::experiment) mod latin_hypercube;
pub(super) mod list;
pub(super) mod morris;
pub(super) mod one_at_a_time;
pub(super) mod random;
pub(super) mod sobol;
pub(super) mod zip;
