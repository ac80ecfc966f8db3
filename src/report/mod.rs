//! Results for people: tables as CSV files, charts, the terminal's summary.
//!
//! ```text
//! Table ─ csv ─► results folder ─► results ─► chart/ ─► figure/ ─► SVG ─ png ─► PNG
//!                                  (tables)   (a file   (axes, labels,
//!                                              a kind)   plotters)
//!                                                          └─► html/ ─► report.html
//! ```
//! Charts are always drawn from the files of a results folder, so that
//! `windtunnel plot` gives the same bytes as the run did.

mod chart;
pub mod charts;
mod compare;
pub mod csv;
mod data;
mod defaults;
mod error;
mod figure;
mod folding;
mod html;
mod human;
mod looks;
mod manifest;
mod names;
mod png;
mod precision;
mod replay;
mod results;
mod search;
mod sensitivity;
mod steady;
mod summary;
mod tables;
mod trace;
mod unit;

pub use chart::file_name as folder_name;
pub use charts::{Format, draw_all, draw_in, redraw};
pub use compare::{
    Cases, Comparison, ComparisonManifest, Selection, Verdict, compare, comparison_summary,
    draw_comparison, write_comparison,
};
pub use defaults::default_charts;
pub use error::ReportError;
pub(crate) use html::quoted;
pub use manifest::FolderManifest;
pub use precision::precision_warnings;
pub use replay::{ReplayManifest, TraceFacts, draw_replay, replay_summary, write_replay};
pub use search::{SearchManifest, draw_search, search_summary, write_search};
pub use steady::warnings;
pub use summary::{Terminal, summary};
pub use tables::{ResultsError, write_results};
pub use trace::{
    Surveyed, TraceManifest, draw_fit, draw_traces, fit_summary, trace_summary, trace_table,
    write_fit, write_traces,
};
