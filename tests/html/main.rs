//! `report.html`: what is in the page, and how it behaves in a real browser.

mod browser;
mod escaping;
mod experiments;
mod page;
mod paper;
mod reach;
mod sorting;
#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod support;
