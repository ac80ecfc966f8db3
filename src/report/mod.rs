//! Results for people: tables as CSV files, charts, the terminal's summary.
//!
//! ```text
//! Table ─ csv ─► results folder ─► results/ ─► chart/ ─► figure/ ─► SVG ─► PNG
//!                                  (tables)    (a file   (axes, labels,
//!                                               a kind)   plotters)
//!                                                          └─► html/ ─► report.html
//! ```
//! Charts are always drawn from the files of a results folder, so that
//! `windtunnel plot` gives the same bytes as the run did.
//!
//! There are six kinds of results, and a room for each, which holds its manifest, tables,
//! summary, charts and page: `experiment` (of `windtunnel run`), `replay` (`cache`),
//! `search`, `compare`, `trace` (`trace info` and `trace fit`) and `measured` (`calibrate` and
//! `compare --measured`). [`redraw`] has the list.

mod chart;
mod compare;
pub mod csv;
mod display_names;
mod draw;
mod drawable;
mod error;
mod experiment;
mod figure;
mod files;
mod html;
mod manifest;
mod measured;
mod number_format;
mod redraw;
mod replay;
mod results;
mod search;
mod terminal;
mod trace;
mod unit;

pub use compare::{
    Cases, Comparison, ComparisonManifest, Selection, Verdict, compare, comparison_notes,
    comparison_summary, write_comparison,
};
pub use draw::Format;
pub use error::ReportError;
pub use experiment::{
    ResultsError, default_charts, draw_all, draw_in, summary, warnings, write_results,
};
pub use files::file_name as folder_name;
pub(crate) use html::quoted;
pub use manifest::FolderManifest;
pub use measured::{
    ErrorRow, MEASURED_WORKLOAD, MeasuredFacts, MeasuredManifest, Off, Pair, Part, Simulated,
    errors, measured_summary, pairs, simulated, write_measured, write_measured_workload,
};
pub use redraw::redraw;
pub use replay::{ReplayManifest, TraceFacts, replay_summary, write_replay};
pub use search::{SearchManifest, search_summary, search_warnings, write_search};
pub use terminal::Terminal;
pub use trace::{
    Surveyed, TraceManifest, fit_summary, sums_summary, sums_table, trace_summary, trace_table,
    write_fit, write_traces,
};
